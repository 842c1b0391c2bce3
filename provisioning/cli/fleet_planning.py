"""`plan` of many tenants: side by side, shown one after the other. Must not write to a tenant."""

from __future__ import annotations

import asyncio
from pathlib import Path

from provisioning.cli import compose, fleet_crew, fleet_plan_file, fleet_session, inputs
from provisioning.cli.compose import Way
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.fleet_plan_file import Origin
from provisioning.cli.fleet_session import Conductor
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import Surface
from provisioning.tenants import rollout
from provisioning.tenants.spool import Spool


def plan(
    surface: Surface,
    choice: Choice,
    given: Path | None,
    way: Way,
    *,
    variables: tuple[str, ...] = (),
    allow: tuple[str, ...] = (),
    prune: bool = False,
    out: Path | None = None,
    detailed: bool = False,
    full_xml: bool = False,
    reports: tuple[ReportFile, ...] = (),
) -> int:
    """Show every plan; exit 1 when one failed, else by `--detailed-exitcode`."""
    fleet_session.check_formats(surface, reports)
    values = inputs.variables(variables)
    opened = inputs.allowed(allow, prune=prune)
    known = fleet_session.load(surface, choice.inventory)
    entries = fleet_session.chosen(known, choice, given)
    now, stop = compose.clock(), asyncio.Event()
    identity = compose.new_run(now)
    with (
        fleet_session.scratch() as folder,
        Spool(folder / fleet_session.RESULTS) as spool,
        compose.embedded(compose.checked(way)) as box,
        fleet_session.runner() as (runner, stack),
    ):
        shared = runner.run(stack.enter_async_context(compose.side_by_side(now, stop, box)))
        desk = Desk(way, shared, opened, given, values, identity, full_xml, surface.say)
        crew = runner.run(fleet_crew.of(choice, desk, known.path, stack, allow=allow, prune=prune))
        conductor = Conductor(surface, runner, shared, choice.parallel)
        run = conductor.run(
            "plan",
            identity,
            spool,
            rollout.side_by_side(entries),
            crew.plan,
        )
        if out is not None:
            origin = Origin(choice.inventory, given, values)
            fleet_plan_file.write(out, run, spool, origin)
            surface.say(f"Saved to {out}: `apply {out}` plans anew and refuses any other plan.")
        fleet_session.show(surface, run, spool, reports)
        return fleet_session.code(run, detailed=detailed)
