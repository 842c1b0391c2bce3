"""A run over many tenants as text, JSON or Markdown, one tenant at a time.

Every format takes the run and an iterable of its tenants and yields text, so that memory does not
grow with the fleet. Must not print, read or decide.
"""

from __future__ import annotations

import json as documents
from collections.abc import Iterable, Iterator
from typing import Any

from provisioning.core import fleet
from provisioning.core import plan as plans
from provisioning.core.fleet import FleetRun, Status, TenantResult
from provisioning.render import escape
from provisioning.render import text as texts

__all__ = ["json", "markdown", "text"]


def text(run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    """Yield each tenant with what is worth telling of it, then the counts."""
    for tenant in tenants:
        yield _head(tenant)
        yield from _body(tenant)
    yield f"\n{summary(run)}\n"
    if run.stopped:
        yield f"Stopped: {escape.plain(run.stopped)}.\n"


def markdown(run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    """Yield a table of the tenants."""
    yield f"## {run.command} of {sum(run.counts.values())} tenants\n\n"
    yield "| Tenant | Ring | Status | Digest | |\n| --- | --- | --- | --- | --- |\n"
    for tenant in tenants:
        told = tenant.problem.message if tenant.problem is not None else ""
        cells = (tenant.name, tenant.ring, tenant.status.value, tenant.digest[:12], told)
        yield f"| {' | '.join(map(escape.markdown, cells))} |\n"
    yield f"\n{summary(run)}\n"


def json(run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    """Yield the fleet's document: the run with `tenants`."""
    head = documents.dumps(fleet.run_to_json(run), indent=2)
    yield head.removesuffix("\n}") + ',\n  "tenants": ['
    comma = ""
    for tenant in tenants:
        yield f"{comma}\n{documents.dumps(fleet.tenant_to_json(tenant))}"
        comma = ","
    yield "\n  ]\n}\n"


def summary(run: FleetRun) -> str:
    """Return `plan: 3 tenants: 2 changes, 1 failed`."""
    counted = [f"{run.counts[status]} {status}" for status in Status if run.counts.get(status)]
    total = sum(run.counts.values())
    listed = ", ".join(counted) or "none"
    return f"{run.command}: {total} tenants: {listed} ({run.seconds:.1f} s, run {run.run})"


def _head(tenant: TenantResult) -> str:
    where = f"{tenant.domain}, ring {tenant.ring}"
    digest = f"  digest {tenant.digest}" if tenant.digest else ""
    line = f"{tenant.name} ({where}): {tenant.status}{digest}"
    return f"{escape.plain(line)}\n"


def _body(tenant: TenantResult) -> Iterator[str]:
    if tenant.problem is not None:
        for told in filter(None, (tenant.problem.message, tenant.problem.remedy)):
            yield f"    {escape.plain(told)}\n"
    for finding in tenant.findings:
        yield f"    {escape.plain(_finding(finding))}\n"
    for part in tenant.parts:
        yield from _part(part.document)


def _finding(finding: dict[str, Any]) -> str:
    where = ":".join(str(finding[key]) for key in ("file", "line", "column") if finding.get(key))
    parts = (where, finding.get("severity"), finding.get("message"), finding.get("remedy"))
    return ": ".join(str(part) for part in parts if part)


def _part(document: dict[str, Any]) -> Iterator[str]:
    if document.get("outcomes") is not None:
        for outcome in document["outcomes"]:
            line = f"{outcome['result']:>11} {outcome['action']} {outcome['address']}"
            yield f"    {escape.plain(line)}\n"
    elif document.get("steps"):
        shown = texts.plan(plans.from_json(document))
        yield "".join(f"    {line}".rstrip() + "\n" for line in shown.splitlines())
    for check in document.get("checks", ()):
        line = f"check {check.get('check')}: {check.get('outcome')}: {check.get('summary', '')}"
        yield f"    {escape.plain(line)}\n"
