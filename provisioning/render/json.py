"""The one document that `--format json` prints. Its shape is frozen: `formatVersion` counts.

Must not leave a reference as Python text: `{"$ref": ADDRESS, "path": …}` stands for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.core import plan as plans
from provisioning.core import report as reports
from provisioning.core.model import Address, Finding, Severity
from provisioning.core.plan import Plan
from provisioning.core.report import Report, Stats
from provisioning.render import whole
from provisioning.render.whole import Wholes


def plan(
    plan: Plan,
    stats: Stats,
    *,
    extra: Mapping[str, object] | None = None,
    wholes: Wholes = whole.NONE,
) -> str:
    """Return a plan's document; `extra` keys are added at its top (a plan file's origin).

    Steps in `wholes` get `xml: {before, after}`.
    """
    return document({**content(plan, stats, wholes), **(extra or {})})


def content(plan: Plan, stats: Stats, wholes: Wholes = whole.NONE) -> dict[str, Any]:
    """Return what stands in a plan's document."""
    content: dict[str, Any] = {**plans.to_json(plan), "stats": reports.stats_to_json(stats)}
    steps = content["steps"]
    for step in steps if isinstance(steps, list) else []:
        shown = wholes.get(Address.parse(step["address"]))
        if shown is not None:
            step["xml"] = {"before": shown.before, "after": shown.after}
    return content


def report(report: Report) -> str:
    """Return a report's document: the plan's, with outcomes."""
    return document(reports.report_to_json(report))


def findings(findings: Iterable[Finding]) -> str:
    """Return a document for a run that got no further than its input."""
    listed = tuple(findings)
    counted = {
        severity.value: sum(item.severity is severity for item in listed) for severity in Severity
    }
    return document(
        {
            "formatVersion": plans.FORMAT_VERSION,
            "findings": [plans.finding_to_json(item) for item in listed],
            "summary": dict(counted),
        }
    )


def document(content: Mapping[str, object]) -> str:
    """Return indented JSON that ends in a newline and is ASCII, whatever a tenant's names hold."""
    return json.dumps(content, indent=2) + "\n"
