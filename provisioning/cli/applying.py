"""`apply`: plan anew, ask, carry out, report. Must not write before the approval."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace

from rich.prompt import Prompt
from rich.text import Text

from provisioning import render
from provisioning.cli import compose, inputs, plan_file, planning, progress
from provisioning.cli.compose import Way, Wish
from provisioning.cli.options import Format
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.plan import Plan
from provisioning.core.report import Outcome, Report, Result
from provisioning.engine import reconcile
from provisioning.engine.run import Run


def apply(surface: Surface, wish: Wish, way: Way, *, approved: str | None, yes: bool) -> int:
    """Exit 0 when all is done, 3 when something is held or manual, 1 for any failure."""
    wish, digests = _target(wish, approved)
    opened = inputs.allowed(wish.allow, prune=wish.prune)
    wanted = inputs.load(surface, wish.manifest, inputs.variables(wish.variables))
    tell = progress.Teller(surface)
    # The question is asked between two runs of the loop: inside one, Ctrl-C could not end it.
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        session = compose.run(wanted, way, opened, progress=tell, prompt=surface.say)
        try:
            run = runner.run(stack.enter_async_context(session))
            with tell.live():
                draft = runner.run(reconcile.draft(run))
            _check(surface, draft, digests)
            if not _agreed(surface, draft, yes=yes):
                return 1
            with tell.live():
                report = runner.run(_carried_out(surface, run, draft))
            surface.document(_shown(surface, report))
            return INTERRUPTED if run.stop.is_set() else _code(report)
        finally:
            runner.run(stack.aclose())


def _target(wish: Wish, approved: str | None) -> tuple[Wish, tuple[str, ...]]:
    """Replace a saved plan by the manifest and variables that it names."""
    saved = plan_file.read(wish.manifest)
    digests = (approved,) if approved else ()
    if saved is None:
        return wish, digests
    if wish.variables:
        raise ProvisioningError(
            f"{wish.manifest} brings its own variables, so --var says nothing",
            remedy="leave --var out, or make a new plan with it",
        )
    variables = tuple(f"{name}={value}" for name, value in saved.variables.items())
    named = replace(wish, manifest=saved.manifest, variables=variables)
    return named, (*digests, saved.digest)


def _check(surface: Surface, draft: reconcile.Draft, digests: tuple[str, ...]) -> None:
    """Show the plan; refuse one with errors, and one that nobody approved."""
    shown = render.text.plan(draft.plan, draft.stats, color=surface.color, width=surface.width)
    if surface.form is Format.TEXT:
        surface.document(f"{shown}\n")
    else:
        surface.say(shown)
    if draft.plan.errors:
        raise RefusedError(
            f"the plan has {len(draft.plan.errors)} error(s)", remedy="nothing was written"
        )
    if other := [digest for digest in digests if digest != draft.plan.digest]:
        raise RefusedError(
            f"the plan's digest is {draft.plan.digest}, approved was {other[0]}",
            remedy="tenant or manifest changed since; nothing was written: review a new plan",
        )


def _agreed(surface: Surface, draft: reconcile.Draft, *, yes: bool) -> bool:
    if yes or not draft.plan.pending:
        return True
    if not surface.interactive:
        raise RefusedError(
            "nothing was written: there is no terminal to ask on",
            remedy="pass --yes to apply without asking",
        )
    name = render.escape.plain(draft.plan.tenant_name)
    question = f'Carry this out in {name}? Only "yes" is accepted'
    # As Text: a tenant's name is no markup.
    if Prompt.ask(Text(question), console=surface.console()).strip() == "yes":
        return True
    surface.say("Nothing was written.")
    return False


async def _carried_out(surface: Surface, run: Run, draft: reconcile.Draft) -> Report:
    if not draft.plan.pending:
        return Report(draft.plan, _waiting(draft.plan), None, True, run.journal.run, draft.stats)
    with _interruptible(surface, run):
        return await reconcile.carry_out(run, draft)


def _waiting(plan: Plan) -> tuple[Outcome, ...]:
    held = (
        Outcome(step.address, step.action, Result.HELD, step.held.reason)
        for step in plan.held
        if step.held is not None
    )
    manual = (
        Outcome(step.address, step.action, Result.MANUAL, step.manual) for step in plan.manual
    )
    return (*held, *manual)


@contextlib.contextmanager
def _interruptible(surface: Surface, run: Run) -> Iterator[None]:
    """First Ctrl-C: send nothing new and finish what is in flight; the second cuts it off."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if run.stop.is_set() and task is not None:
            task.cancel()
        else:
            run.stop.set()
            surface.say("Stopping: requests in flight are finished. Ctrl-C again cuts them off.")

    if sys.platform == "win32":
        yield
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _shown(surface: Surface, report: Report) -> str:
    match surface.form:
        case Format.JSON:
            return render.json.report(report)
        case Format.MARKDOWN:
            return render.markdown.report(report)
        case Format.TEXT:
            return render.text.report(report, color=surface.color, width=surface.width)


def _code(report: Report) -> int:
    if report.failed:
        return 1
    waiting = any(item.result in {Result.HELD, Result.MANUAL} for item in report.outcomes)
    return planning.WAITING if waiting else 0
