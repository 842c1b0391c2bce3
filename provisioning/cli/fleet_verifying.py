"""`verify` of many tenants: each one's sign-in checks, side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

from provisioning.cli import compose, fleet_crew, fleet_session, inputs
from provisioning.cli.compose import Way
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.fleet_session import Conductor
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import Surface
from provisioning.core.guards import Allowed
from provisioning.tenants import rollout
from provisioning.tenants.spool import Spool


def verify(
    surface: Surface,
    choice: Choice,
    given: Path | None,
    way: Way,
    *,
    variables: tuple[str, ...] = (),
    reports: tuple[ReportFile, ...] = (),
) -> int:
    """Exit 0 when every check of every tenant passed, 1 otherwise."""
    fleet_session.check_formats(surface, reports)
    values = inputs.variables(variables)
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
        desk = Desk(way, shared, Allowed(), given, values, identity, prompt=surface.say)
        crew = runner.run(fleet_crew.of(choice, desk, known.path, stack))
        run = Conductor(surface, runner, shared, choice.parallel).run(
            "verify",
            identity,
            spool,
            rollout.side_by_side(entries),
            crew.verify,
        )
        fleet_session.show(surface, run, spool, reports)
        return fleet_session.code(run)
