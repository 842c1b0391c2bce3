"""A command over many tenants: inventory and selection in, report and exit code out.

Must not know what is done in a tenant.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioning import render
from provisioning.cli import approval, failures, fleet_progress, report_files
from provisioning.cli.compose import Shared
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.options import Format
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.fleet import FleetRun, Problem, Status, TenantResult
from provisioning.core.model import Finding
from provisioning.render import findings
from provisioning.tenants import fleet, inventory, selection
from provisioning.tenants.fleet import Work
from provisioning.tenants.model import Entry, Inventory
from provisioning.tenants.rollout import Wave
from provisioning.tenants.spool import Spool

CHANGES, WAITING = 2, 3
RESULTS = "_results.jsonl"
"""Name of the spool in the folder of a run; no tenant is called so."""


def load(surface: Surface, path: Path) -> Inventory:
    """Read an inventory; warnings go to stderr. Raises InputError with every fault."""
    loaded = inventory.load(path)
    if loaded.inventory is None:
        raise InputError(loaded.findings)
    if loaded.findings:
        surface.say(findings.text(loaded.findings).removesuffix("\n"))
    return loaded.inventory


def chosen(known: Inventory, choice: Choice, given: Path | None) -> tuple[Entry, ...]:
    """Return the tenants of a command. Raises InputError for a choice that can't be met."""
    entries = selection.select(known, names=choice.names, rings=choice.rings, every=choice.every)
    faults = [
        Finding(
            "no-manifest",
            f"{entry.name} has no manifest",
            "add manifests: to it or to the defaults, or name a MANIFEST on the command line",
            place=entry.place,
        )
        for entry in entries
        if given is None and not entry.manifests
    ]
    if faults:
        raise InputError(tuple(faults))
    return entries


@dataclass(frozen=True, slots=True)
class Conductor:
    """Runs the same work in every tenant, interruptible, with its progress on stderr."""

    surface: Surface
    runner: asyncio.Runner
    shared: Shared
    parallel: int

    def run(
        self, command: str, identity: str, spool: Spool, waves: Iterable[Wave], work: Work
    ) -> FleetRun:
        """Return how the run ended; the results are in the spool."""
        with fleet_progress.Teller(self.surface).live() as tell:
            made = fleet.Fleet(
                command=command,
                run=identity,
                clock=self.shared.clock,
                spool=spool,
                stop=self.shared.stop,
                parallel=self.parallel,
                describe=describe,
                progress=tell,
            )

            async def conducted() -> FleetRun:
                with approval.interruptible(self.surface, self.shared.stop):
                    return await fleet.run(made, waves, work)

            return self.runner.run(conducted())


def describe(problem: BaseException) -> Problem:
    """Word an error of one tenant, with everything secret taken out."""
    if isinstance(problem, ProvisioningError):
        request = failures.request(problem)
        message = failures.scrub(problem.message)
        return Problem(
            f"{message} ({request})" if request else message, failures.scrub(problem.remedy)
        )
    message = failures.scrub(f"unexpected {type(problem).__name__}: {problem}".partition("\n")[0])
    return Problem(message, "please report it")


def stream(form: str) -> Callable[[FleetRun, Iterable[TenantResult]], Iterator[str]]:
    """Return what writes the document of many tenants; ProvisioningError for a format without."""
    found: Callable[[FleetRun, Iterable[TenantResult]], Iterator[str]] | None = getattr(
        render.fleet, form, None
    )
    if found is None:
        raise ProvisioningError(
            f"{form} is no format for many tenants", remedy="choose text, json or markdown"
        )
    return found


def check_formats(surface: Surface, reports: Iterable[ReportFile]) -> None:
    """Raise ProvisioningError, before anything is done, for formats without such a document."""
    for form in (surface.form.value, *(each.form for each in reports)):
        stream(form)


def show(
    surface: Surface,
    run: FleetRun,
    tenants: Iterable[TenantResult],
    reports: Iterable[ReportFile] = (),
) -> None:
    """Print the command's document, one tenant after the other, and write the reports.

    `tenants` is iterated once for each of them.
    """
    for chunk in _shown(surface, run, tenants):
        surface.document(chunk)
    report_files.write(reports, lambda form: stream(form)(run, tenants))


def _shown(surface: Surface, run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    if surface.form is Format.TEXT:
        return render.fleet.text(run, tenants, color=surface.color, width=surface.width)
    return stream(surface.form.value)(run, tenants)


def show_beside(surface: Surface, run: FleetRun, tenants: Iterable[TenantResult]) -> None:
    """Print as text what goes before the document."""
    if surface.form is Format.TEXT:
        for chunk in _shown(surface, run, tenants):
            surface.document(chunk)
        return
    for chunk in render.fleet.text(run, tenants):
        surface.say(chunk.removesuffix("\n"))


def code(run: FleetRun, *, detailed: bool = False) -> int:
    """Return the exit code: the gravest of the tenants'."""
    count = run.counts
    if run.stopped == fleet.INTERRUPTED or count[Status.INTERRUPTED]:
        return INTERRUPTED
    if run.stopped or count[Status.FAILED] or count[Status.SKIPPED]:
        return 1
    if run.command == "plan" and not detailed:
        return 0
    if count[Status.CHANGES]:
        return CHANGES
    return WAITING if count[Status.WAITING] else 0


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder for what is needed until the command ends. Raises ProvisioningError."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="provisioning-", ignore_cleanup_errors=True)
    except OSError as problem:
        raise ProvisioningError(
            f"there is no folder for temporary files: {problem.strerror}",
            remedy="make room, or name a writable folder in TMPDIR",
        ) from problem
    with folder as name:
        yield Path(name)


@contextlib.contextmanager
def runner() -> Iterator[tuple[asyncio.Runner, contextlib.AsyncExitStack]]:
    """Yield a loop that outlives a question, and a stack that is unwound in it."""
    with asyncio.Runner() as made:
        stack = contextlib.AsyncExitStack()
        try:
            yield made, stack
        finally:
            made.run(stack.aclose())
