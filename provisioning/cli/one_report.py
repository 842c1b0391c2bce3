"""Reports of a command for one tenant: its own document, or a fleet's of one for a page.

Must not decide how the command ended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from provisioning.cli import fleet_session, report_files
from provisioning.cli.options import Format
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import Surface
from provisioning.core.fleet import FleetRun, Part, Problem, Status, TenantResult
from provisioning.engine.run import Run
from provisioning.manifest import Manifest

OWN = frozenset({Format.JSON.value, Format.MARKDOWN.value})
"""Formats in which every command has a document of its own."""


def check(reports: Iterable[ReportFile], own: Iterable[str] = OWN) -> None:
    """Raise ProvisioningError, before anything is done, for a format that can't be written."""
    known = frozenset(own)
    for each in reports:
        if each.form not in known:
            fleet_session.stream(each.form)


def write(
    surface: Surface,
    reports: Iterable[ReportFile],
    shown: Callable[[Surface], str],
    of_one: Callable[[], tuple[FleetRun, TenantResult]],
    *,
    own: Iterable[str] = OWN,
) -> None:
    """Write the files: `shown` is the command's document on a surface of another format."""
    known = frozenset(own)

    def text(form: str) -> Iterable[str]:
        if form in known:
            return [shown(dataclasses.replace(surface, form=Format(form), color=False))]
        run, result = of_one()
        return fleet_session.stream(form)(run, [result])

    report_files.write(reports, text)


def of_one(
    command: str,
    run: Run,
    wanted: Manifest,
    document: Mapping[str, object],
    ended: tuple[Status, Problem | None],
    *,
    seconds: float,
) -> tuple[FleetRun, TenantResult]:
    """Return a command for one tenant as a run over many; the tenant is named by its domain."""
    status, problem = ended
    tenant = document.get("tenant")
    told = tenant.get("id") if isinstance(tenant, Mapping) else wanted.tenant.id
    result = TenantResult(
        name=wanted.tenant.domain,
        domain=wanted.tenant.domain,
        tenant_id=str(told or ""),
        ring="all",
        status=status,
        parts=(Part(wanted.path.as_posix(), wanted.owner.name, dict(document)),),
        problem=problem,
        seconds=seconds,
    )
    counts = {each.value: int(each is status) for each in Status}
    started = run.clock.now().isoformat(timespec="seconds")
    return FleetRun(command, run.journal.run, started, seconds, counts), result
