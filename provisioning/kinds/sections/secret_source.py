"""Where a secret value comes from: named in the manifest, read only at apply. Never a value."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from provisioning.core.model import Value
from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.shapes import Shape, Text

_IDENTIFIER = r"^https://[A-Za-z0-9.-]+(:\d+)?/secrets/[0-9A-Za-z-]+(/[0-9A-Za-z]+)?$"


class SecretSource(Shape):
    """Exactly one of `fromEnv`, `fromFile`, `fromKeyVault`."""

    from_env: Text | None = Field(
        default=None, description="Name of the environment variable that holds the value."
    )
    from_file: Text | None = Field(
        default=None, description="File that holds the value; relative to the manifest."
    )
    from_key_vault: str | None = Field(
        default=None,
        pattern=_IDENTIFIER,
        description="Key Vault secret identifier: https://VAULT.vault.azure.net/secrets/NAME, "
        "with /VERSION for one version.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        shapes.one_of(self, "fromEnv", "fromFile", "fromKeyVault")
        return self

    def setting(self) -> dict[str, Value]:
        """Return `{"fromEnv": NAME}` and the like, as `Desired.settings` carries it."""
        return dict([shapes.one_of(self, "fromEnv", "fromFile", "fromKeyVault")])
