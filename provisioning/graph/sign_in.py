"""What a credential is made of: chosen in `auth`, used in `credentials`. Imports neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioning.graph.clock import Clock

_SECRETS: Final = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "PROVISIONING_ACCESS_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Everything that a credential is made of; variables are as azure-identity documents them."""

    name: str
    authority: str
    known_authority: bool
    """False for a host of the user's own, which no instance discovery knows."""
    tenant_id: str | None
    variables: Mapping[str, str] = field(repr=False)
    clock: Clock
    prompt: Callable[[str], None]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any text."""
        return tuple(self.variables[name] for name in _SECRETS if name in self.variables)
