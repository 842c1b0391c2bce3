"""`rollback`: show what would be put back, ask, put it back. Must not write before that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from provisioning import render
from provisioning.cli import applying, approval, compose, progress, whole_policies
from provisioning.cli.compose import Directory, Way
from provisioning.cli.options import CloudName
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Address
from provisioning.core.report import Report
from provisioning.engine import recording, rollback
from provisioning.engine.rollback import Draft, Session
from provisioning.kinds import granted
from provisioning.render.whole import Whole


def roll_back(
    surface: Surface, run: str, way: Way, *, cloud: CloudName, yes: bool, full_xml: bool = False
) -> int:
    """Exit 0 when all is as the run found it, 1 for any failure."""
    told = recording.read(_file(way, run))
    tell = progress.Teller(surface)
    goal = f"what run {told.run} found"
    # As for apply: the question is asked between two runs of the loop.
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        opened = _session(surface, told.tenant_id, way, cloud, tell)
        try:
            session = runner.run(stack.enter_async_context(opened))
            with tell.live():
                draft = runner.run(rollback.draft(session, told))
            wholes = _wholes(draft) if full_xml else {}
            surface.beside(
                render.text.plan(
                    draft.plan,
                    draft.stats,
                    color=surface.color,
                    width=surface.width,
                    wholes=wholes,
                    goal=goal,
                )
            )
            if not approval.agreed(surface, draft.plan, yes=yes):
                return 1
            with tell.live():
                report = runner.run(_carried_out(surface, session, draft))
            applying.show(surface, report, goal=goal)
            return INTERRUPTED if session.stop.is_set() else applying.code(report)
        finally:
            runner.run(stack.aclose())


def _file(way: Way, run: str) -> Path:
    if "/" in run or "\\" in run or run in {"", ".", ".."}:
        raise ProvisioningError(
            f"{run!r} is no id of a run",
            remedy="copy it from apply's last line; --journal names the folder",
        )
    return way.journal / f"{run}.jsonl"


@contextlib.asynccontextmanager
async def _session(
    surface: Surface, tenant_id: str, way: Way, cloud: CloudName, tell: progress.Teller
) -> AsyncIterator[Session]:
    now = compose.clock()
    journal = compose.new_journal(way, now)
    place = Directory(cloud.value, tenant_id)
    async with compose.graph(place, way, now, journal, progress=tell, prompt=surface.say) as (
        client,
        _,
    ):
        yield Session(
            graph=client,
            clock=now,
            journal=journal,
            needs=(granted.WRITE_POLICIES,),
            progress=tell,
        )


async def _carried_out(surface: Surface, session: Session, draft: Draft) -> Report:
    if not draft.plan.pending:
        return Report(draft.plan, (), None, True, session.journal.run, draft.stats)
    with approval.interruptible(surface, session.stop):
        return await rollback.carry_out(session, draft)


def _wholes(draft: Draft) -> dict[Address, Whole]:
    return {
        address: Whole(
            None if work.now is None else whole_policies.laid_out(work.now),
            whole_policies.laid_out(work.kept.document),
        )
        for address, work in draft.works.items()
    }
