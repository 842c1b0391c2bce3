"""Sections whose objects can carry no mark, so that a ledger has to list them. Names only."""

from __future__ import annotations

from typing import Final

from provisioning.core.kind import Source
from provisioning.core.model import Address, Place

SECTIONS: Final = (
    "identityExperienceFramework",
    "policyKeys",
    "customPolicies",
    "userAttributes",
    "identityProviders",
    "userFlows",
)


def first(source: Source) -> Place | None:
    """Return where the first of them stands; None when the manifest has none."""
    return next((source.place(name) for name in SECTIONS if source.entries(name)), None)


def ledger(source: Source) -> Address:
    """Return the address of the ledger: what these objects wait for."""
    return Address("ledger", source.owner.name)
