"""`apply` to many tenants: plan all, show, ask once, then ring by ring exactly what was shown.

Must not write to a tenant before the approval, nor to one whose plan is another by then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provisioning.cli import (
    approval,
    compose,
    fleet_crew,
    fleet_plan_file,
    fleet_record,
    fleet_session,
    fleet_tenant,
    inputs,
)
from provisioning.cli.compose import Way
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.fleet_crew import Crew
from provisioning.cli.fleet_record import Record
from provisioning.cli.fleet_session import Conductor
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.fleet import FleetRun, Problem, Status, TenantResult
from provisioning.core.model import Finding
from provisioning.tenants import rollout
from provisioning.tenants.model import Entry, Inventory
from provisioning.tenants.spool import Spool

_DONE = frozenset({Status.APPLIED, Status.IN_SYNC, Status.WAITING})


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be applied where, and which digests somebody has reviewed."""

    choice: Choice
    given: Path | None = None
    variables: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    prune: bool = False
    verify: bool = False
    reports: tuple[ReportFile, ...] = ()
    approved: Mapping[str, str] | None = None
    """By tenant; None when nobody has reviewed any plan."""
    done: frozenset[str] = frozenset()
    """Tenants that an earlier run brought to its end: they come last in their ring."""


def task(asked: Task, way: Way, *, approved: tuple[str, ...], resume: str | None) -> Task | None:
    """Return what to apply to many tenants; None for a command for one.

    Raises ProvisioningError for a saved plan or an earlier run that can't be used, and for
    options that contradict it.
    """
    if resume is not None:
        digests = _approvals(approved) if approved else None
        return replace(_resumed(asked, resume, way), approved=digests)
    if asked.choice.made and (asked.given is None or fleet_plan_file.read(asked.given) is None):
        return replace(asked, approved=_approvals(approved) if approved else None)
    found = None if asked.given is None else fleet_plan_file.read(asked.given)
    if found is None:
        return None
    if asked.variables or asked.choice.made or approved:
        raise ProvisioningError(
            f"{asked.given} brings its own tenants, variables and digests",
            remedy="leave --tenant, --ring, --all-tenants, --var and --approved out, "
            "or make a new plan",
        )
    return replace(
        asked,
        choice=replace(asked.choice, inventory=found.origin.inventory, names=tuple(found.digests)),
        given=found.origin.manifest,
        variables=tuple(f"{name}={value}" for name, value in found.origin.variables.items()),
        approved=found.digests,
    )


def _resumed(task: Task, run: str, way: Way) -> Task:
    if task.given is not None or task.variables or task.choice.made or task.allow or task.prune:
        raise ProvisioningError(
            "--resume brings manifest, tenants, variables, --allow and --prune of its run",
            remedy="leave them out, or apply without --resume",
        )
    record, ended = fleet_record.read(way.journal / fleet_record.checked(run))
    return replace(
        task,
        choice=replace(task.choice, inventory=record.inventory, names=record.tenants),
        given=record.manifest,
        variables=record.variables,
        allow=record.allow,
        prune=record.prune,
        verify=task.verify or record.verify,
        done=frozenset(name for name, status in ended.items() if status in _DONE),
    )


def _approvals(written: Iterable[str]) -> dict[str, str]:
    """Read `--approved NAME=DIGEST`. Raises InputError for another form."""
    found: dict[str, str] = {}
    faults = []
    for text in written:
        name, equals, digest = text.partition("=")
        if not (name and equals and digest) or name in found:
            message = f"--approved {text} names no tenant's plan"
            faults.append(Finding("option", message, "write --approved NAME=DIGEST, once a tenant"))
        found[name] = digest
    if faults:
        raise InputError(tuple(faults))
    return found


def apply(surface: Surface, task: Task, way: Way, *, yes: bool, full_xml: bool = False) -> int:
    """Exit 0 when all is done, 3 when something is held or manual, 1 for any failure or stop."""
    fleet_session.check_formats(surface, task.reports)
    values = inputs.variables(task.variables)
    opened = inputs.allowed(task.allow, prune=task.prune)
    known = fleet_session.load(surface, task.choice.inventory)
    entries = fleet_session.chosen(known, task.choice, task.given)
    _check_names(task, entries)
    ordered = tuple(sorted(entries, key=lambda entry: entry.name in task.done))
    now, stop = compose.clock(), asyncio.Event()
    identity = compose.new_run(now)
    with (
        fleet_session.scratch() as folder,
        Spool(folder / fleet_session.RESULTS) as plans,
        compose.embedded(compose.checked(way)) as box,
        fleet_session.runner() as (runner, stack),
    ):
        shared = runner.run(stack.enter_async_context(compose.side_by_side(now, stop, box)))
        desk = Desk(way, shared, opened, task.given, values, identity, full_xml, surface.say)
        crew = runner.run(
            fleet_crew.of(task.choice, desk, known.path, stack, allow=task.allow, prune=task.prune)
        )
        conductor = Conductor(surface, runner, shared, task.choice.parallel)
        steps = _Rollout(conductor, crew, identity, task, known, ordered)
        planned = steps.plan(plans)
        if fleet_session.code(planned) == INTERRUPTED:
            fleet_session.show(surface, planned, plans, task.reports)
            return INTERRUPTED
        fleet_session.show_beside(surface, planned, plans)
        changing = sum(noted.status is Status.CHANGES for noted in plans.noted.values())
        if not approval.agreed_many(surface, changing, yes=yes):
            return 1
        with _spool(way, identity, folder, writes=bool(changing) or task.verify) as spool:
            if changing or task.verify:
                fleet_record.write(way.journal / identity, _record(task, entries))
            run = steps.carry_out(plans, spool)
            fleet_session.show(surface, run, spool, task.reports)
            code = fleet_session.code(run)
            if code not in {0, fleet_session.WAITING} and (changing or task.verify):
                surface.say(f"To go on: provisioning apply --resume {identity}")
            return code


def _check_names(task: Task, entries: Iterable[Entry]) -> None:
    known = {entry.name for entry in entries}
    faults = [
        Finding("option", f"--approved {name}=…: the tenant is not chosen", "leave it out")
        for name in task.approved or ()
        if name not in known
    ]
    if faults:
        raise InputError(tuple(faults))


@dataclass(frozen=True, slots=True)
class _Rollout:
    """The two runs of an apply: one that plans, and one that carries out."""

    conductor: Conductor
    crew: Crew
    run: str
    task: Task
    known: Inventory
    entries: tuple[Entry, ...]

    def plan(self, spool: Spool) -> FleetRun:
        approved = self.task.approved

        async def planned(entry: Entry) -> TenantResult:
            result = await self.crew.plan(entry, writes=True)
            return result if approved is None else _reviewed(result, approved)

        waves = rollout.side_by_side(self.entries)
        return self.conductor.run("plan", self.run, spool, waves, planned)

    def carry_out(self, plans: Spool, spool: Spool) -> FleetRun:
        verify = self.task.verify

        async def applied(entry: Entry) -> TenantResult:
            shown = plans.read(entry.name)
            if shown.status is Status.FAILED or (shown.status in _DONE and not verify):
                return shown
            return await self.crew.apply(entry, shown, verify=verify)

        waves = rollout.waves(self.known.rings, self.entries)
        return self.conductor.run("apply", self.run, spool, waves, applied)


def _reviewed(result: TenantResult, approved: Mapping[str, str]) -> TenantResult:
    """Fail a tenant whose plan would change it and is not the one that was approved."""
    digest = approved.get(result.name, "")
    if result.status is not Status.CHANGES or digest == result.digest:
        return result
    told = f"approved was {digest}" if digest else "which nobody has approved"
    problem = Problem(f"the plan's digest is {result.digest}, {told}", fleet_tenant.AGAIN)
    return replace(result, status=Status.FAILED, problem=problem)


def _spool(
    way: Way, identity: str, folder: Path, *, writes: bool
) -> contextlib.AbstractContextManager[Spool]:
    """Keep the results beside the journals; of a run that writes nothing, only until shown."""
    place = way.journal / identity if writes else folder / "applied"
    return Spool(place / fleet_session.RESULTS)


def _record(task: Task, entries: Iterable[Entry]) -> Record:
    return Record(
        inventory=task.choice.inventory.resolve(),
        manifest=None if task.given is None else task.given.resolve(),
        tenants=tuple(entry.name for entry in entries),
        variables=task.variables,
        allow=task.allow,
        prune=task.prune,
        verify=task.verify,
    )
