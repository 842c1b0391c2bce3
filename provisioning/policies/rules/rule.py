"""A rule as a row of a table, and what it finds. Must not hold any rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from provisioning.core.model import Severity
from provisioning.policies.document import Element
from provisioning.policies.rules.scope import Scope


class Hit(NamedTuple):
    """One place where a rule does not hold."""

    element: Element
    message: str
    remedy: str = ""
    """Instead of the rule's own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a policy has to fulfil."""

    id: str
    severity: Severity
    check: Callable[[Scope], Iterable[Hit]]
    doc: str
    """One line: what is checked, with its source."""
    remedy: str
    inherited: bool = False
    """Depends on ancestors, so it is checked again for the tenant's descendants of a change."""
