"""The findings of all tenants for code scanning; a fault that several share is told once.

Must not hold a plan: what is kept grows with the number of distinct findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from provisioning.core.fleet import FleetRun, TenantResult
from provisioning.core.model import Finding, Severity
from provisioning.core.plan import finding_from_json
from provisioning.render import sarif as findings
from provisioning.render.fleet import details
from provisioning.render.sarif import RuleText


def sarif(
    _run: FleetRun,
    tenants: Iterable[TenantResult],
    *,
    rules: Mapping[str, RuleText] | None = None,
) -> Iterator[str]:
    """Yield one log with one run; every message ends with the tenants that it is about."""
    where: dict[Finding, list[str]] = {}
    for result in tenants:
        for finding in dict.fromkeys(_findings(result)):
            names = where.setdefault(finding, [result.name])
            if names[-1] != result.name:
                names.append(result.name)
    told = (
        replace(finding, message=f"{finding.message} ({_among(names)})")
        for finding, names in where.items()
    )
    yield findings.findings(told, rules)


def _findings(result: TenantResult) -> Iterator[Finding]:
    found = [*details.found(result)]
    for part in result.parts:
        found += map(finding_from_json, part.document.get("findings", ()))
    yield from found
    # An error that is a finding itself is told by its place.
    if result.problem and not any(each.severity is Severity.ERROR for each in found):
        yield Finding("tenant-failed", result.problem.message, result.problem.remedy)


def _among(names: list[str]) -> str:
    if len(names) == 1:
        return f"tenant {names[0]}"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"tenants {', '.join(names[:3])}{more}"
