"""What an application may hold, by who signs in to it. A table of facts and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provisioning.core.model import Value

ACCOUNTS: Final = "learn.microsoft.com/entra/identity-platform/supported-accounts-validation"
"""The page that this table is from."""


@dataclass(frozen=True, slots=True)
class Audience:
    """What an application may hold, given who signs in to it; None = no fixed limit."""

    personal: bool
    display_name: int
    identifier_uri: int
    identifier_uris: int | None
    redirect_uris: int
    scope_name: int
    scopes: int | None
    permissions: int
    permissions_per_api: int | None
    pre_authorized: int | None
    pre_authorized_clients: int | None
    pre_authorized_scopes: int | None
    secrets: int | None
    apis: int = 50
    """Of which no more than 10 of other tenants, which only the tenant tells."""


WORK: Final = Audience(
    personal=False,
    display_name=120,
    identifier_uri=255,
    identifier_uris=None,
    redirect_uris=256,
    scope_name=120,
    scopes=None,
    permissions=400,
    permissions_per_api=None,
    pre_authorized=None,
    pre_authorized_clients=None,
    pre_authorized_scopes=None,
    secrets=None,
)
PERSONAL: Final = Audience(
    personal=True,
    display_name=90,
    identifier_uri=120,
    identifier_uris=50,
    redirect_uris=100,
    scope_name=40,
    scopes=100,
    permissions=200,
    permissions_per_api=30,
    pre_authorized=500,
    pre_authorized_clients=100,
    pre_authorized_scopes=30,
    secrets=2,
)


def of(sign_in_audience: Value) -> Audience:
    """Return the limits of a signInAudience; those of work accounts when it is not known."""
    personal = sign_in_audience in {
        "AzureADandPersonalMicrosoftAccount",
        "PersonalMicrosoftAccount",
    }
    return PERSONAL if personal else WORK
