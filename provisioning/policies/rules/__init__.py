"""The rules of lint, a table by subject. Must not hold more than the table."""

from typing import Final

from provisioning.policies.rules import (
    journeys,
    password_grant,
    references,
    structure,
    tenant,
)
from provisioning.policies.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *structure.RULES,
    *tenant.RULES,
    *references.RULES,
    *journeys.RULES,
    *password_grant.RULES,
)
