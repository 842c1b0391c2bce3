"""Findings for code scanning, with what the lint's own table says of its rules.

Must not know a rule: the table does.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioning import render
from provisioning.core.model import Finding
from provisioning.policies.rules import RULES
from provisioning.render.sarif import RuleText


def findings(listed: Iterable[Finding]) -> str:
    """Return the SARIF document of findings."""
    return render.sarif.findings(
        listed, {rule.id: RuleText(rule.doc, rule.remedy) for rule in RULES}
    )
