"""A manifest of our own, carried out like any other: shown, asked, applied, reported.

Must not decide what is in the manifest; onboarding and its undoing do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from provisioning import render
from provisioning.cli import applying, approval, compose, planning, progress
from provisioning.cli.compose import Way
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core.guards import Allowed
from provisioning.core.model import Live
from provisioning.core.report import Report
from provisioning.engine import apply as applications
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.manifest import Manifest
from provisioning.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How it ended."""

    code: int
    """As of `apply`."""
    report: Report | None = None
    """None when nobody agreed."""
    live: Live | None = None
    """The tenant afterwards; None when it did not end well."""


def carried_out(
    surface: Surface,
    wanted: Manifest,
    way: Way,
    opened: Allowed,
    box: Sandbox | None,
    *,
    yes: bool,
    before: Callable[[Run], Coroutine[Any, Any, Run]],
) -> Reconciled:
    """Plan, show, ask, apply.

    `before` looks at the sign-in first: it may refuse, and returns the run to go on with.
    """
    tell = progress.Teller(surface)
    # The question is asked between two runs of the loop: inside one, Ctrl-C could not end it.
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        session = compose.run(wanted, way, opened, progress=tell, prompt=surface.say, box=box)
        try:
            run = runner.run(stack.enter_async_context(session))
            run = runner.run(before(run))
            with tell.live():
                draft = runner.run(reconcile.draft(run))
            surface.beside(
                render.text.plan(draft.plan, draft.stats, color=surface.color, width=surface.width)
            )
            approval.check(draft.plan)
            if not approval.agreed(surface, draft.plan, yes=yes):
                return Reconciled(1)
            with tell.live():
                return runner.run(_applied(surface, run, draft))
        finally:
            runner.run(stack.aclose())


async def _applied(surface: Surface, run: Run, draft: reconcile.Draft) -> Reconciled:
    if draft.plan.pending:
        with approval.interruptible(surface, run.stop):
            report = await reconcile.carry_out(run, draft)
    else:
        waiting = tuple(applications.unsent(step) for step in draft.plan.steps)
        report = Report(draft.plan, waiting, None, True, run.journal.run, draft.stats)
    code = INTERRUPTED if run.stop.is_set() else applying.code(report)
    if code not in {0, planning.WAITING}:
        return Reconciled(code, report)
    live = (await reconcile.draft(run)).live if draft.plan.pending else draft.live
    return Reconciled(code, report, live)
