"""`apply`: plan anew, ask, carry out, report. Must not write before the approval."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from provisioning import render
from provisioning.cli import (
    approval,
    check_report,
    compose,
    discharging,
    inputs,
    one_report,
    plan_file,
    planning,
    progress,
    verdict,
    verifying,
    way_back,
    whole_policies,
)
from provisioning.cli.compose import Way, Wish
from provisioning.cli.options import MEMORY, Format
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import INTERRUPTED, Surface
from provisioning.core import report as documents
from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.fleet import FleetRun, Status, TenantResult
from provisioning.core.model import Value
from provisioning.core.report import Report, Result
from provisioning.engine import apply as applications
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.manifest import Manifest
from provisioning.render import summary
from provisioning.signin import checks as signin
from provisioning.signin.checks import Result as CheckResult
from provisioning.signin.run import AFTER_APPLY_SECONDS


def apply(
    surface: Surface,
    wish: Wish,
    way: Way,
    *,
    approved: str | None,
    yes: bool,
    full_xml: bool = False,
    verify: bool = False,
    reports: tuple[ReportFile, ...] = (),
) -> int:
    """Exit 0 when all is done, 3 when something is held or manual, 1 for any failure.

    With `verify` the manifest's sign-in checks follow; one that fails is a failure.
    """
    one_report.check(reports)
    wish, digests = _target(wish, approved)
    opened = inputs.allowed(wish.allow, prune=wish.prune)
    wanted = inputs.load(surface, wish.manifest, inputs.variables(wish.variables))
    tell = progress.Teller(surface)
    # The question is asked between two runs of the loop: inside one, Ctrl-C could not end it.
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        box = stack.enter_context(compose.embedded(way))
        session = compose.run(wanted, way, opened, progress=tell, prompt=surface.say, box=box)
        try:
            run = runner.run(stack.enter_async_context(session))
            with tell.live():
                draft = runner.run(reconcile.draft(run))
            _check(surface, draft, digests, full_xml=full_xml)
            if not approval.agreed(surface, draft.plan, yes=yes):
                return 1
            with tell.live():
                report = runner.run(_carried_out(surface, run, draft))
            back = way_back.after(report, run.journal.path, way, wanted.cloud)
            ended = INTERRUPTED if run.stop.is_set() else code(report)
            checks = None
            if verify and ended in {0, planning.WAITING}:
                with tell.live():
                    proof = verifying.results(run, wanted, way, box, patience=AFTER_APPLY_SECONDS)
                    found = runner.run(proof)
                checks = found.checks
                report = discharging.settled(report, found.discharged)
                ended = verifying.code(checks) or code(report)
            show(surface, report, back=back, checks=checks)
            _say_what_is_left(surface, report, way)
            one_report.write(
                surface,
                reports,
                lambda other: shown(other, report, back=back, checks=checks),
                lambda: _of_one(run, wanted, report, checks),
            )
            return ended
        finally:
            runner.run(stack.aclose())


def _say_what_is_left(surface: Surface, report: Report, way: Way) -> None:
    """Name what stands in for the portal, where there is a sandbox that outlives the run."""
    if way.sandbox in {None, MEMORY}:
        return
    for command in discharging.in_place_of_the_portal(report, way.sandbox):
        surface.say(f"The sandbox's portal: {command}")


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


def _check(
    surface: Surface, draft: reconcile.Draft, digests: tuple[str, ...], *, full_xml: bool
) -> None:
    """Show the plan; refuse one with errors, and one that nobody approved."""
    wholes = whole_policies.of(draft, wanted=full_xml)
    surface.beside(
        render.text.plan(
            draft.plan, draft.stats, color=surface.color, width=surface.width, wholes=wholes
        )
    )
    approval.check(draft.plan)
    if other := [digest for digest in digests if digest != draft.plan.digest]:
        raise RefusedError(
            f"the plan's digest is {draft.plan.digest}, approved was {other[0]}",
            remedy="tenant or manifest changed since; nothing was written: review a new plan",
        )


async def _carried_out(surface: Surface, run: Run, draft: reconcile.Draft) -> Report:
    if not draft.plan.pending:
        waiting = tuple(applications.unsent(step) for step in draft.plan.steps)
        return Report(draft.plan, waiting, None, True, run.journal.run, draft.stats)
    with approval.interruptible(surface, run.stop):
        return await reconcile.carry_out(run, draft)


def show(
    surface: Surface,
    report: Report,
    *,
    goal: str = summary.MANIFEST,
    back: str = "",
    checks: tuple[CheckResult, ...] | None = None,
) -> None:
    """Print a report; `back` is the command that undoes a part of it.

    `checks` are the sign-ins that followed, None when nobody asked for them.
    """
    surface.document(shown(surface, report, goal=goal, back=back, checks=checks))
    if back and surface.form is Format.JSON:
        surface.say(f"{summary.WAY_BACK}: {back}")


def shown(
    surface: Surface,
    report: Report,
    *,
    goal: str = summary.MANIFEST,
    back: str = "",
    checks: tuple[CheckResult, ...] | None = None,
) -> str:
    """Return the document of a report in the format that was asked for."""
    match surface.form:
        case Format.JSON:
            return render.json.document(_document(report, checks))
        case Format.MARKDOWN:
            text = render.markdown.report(report, goal=goal, way_back=back)
        case _:
            text = render.text.report(
                report, color=surface.color, width=surface.width, goal=goal, way_back=back
            )
    return text if checks is None else f"{text}\n{check_report.shown(surface, checks)}"


def _document(report: Report, checks: tuple[CheckResult, ...] | None) -> dict[str, Value]:
    document = documents.report_to_json(report)
    if checks is not None:
        document["checks"] = [signin.to_json(check) for check in checks]
    return document


def _of_one(
    run: Run, wanted: Manifest, report: Report, checks: tuple[CheckResult, ...] | None
) -> tuple[FleetRun, TenantResult]:
    ended = verdict.carried_out(report, stopped=run.stop.is_set())
    if (refused := verdict.refused(checks or ())) is not None:
        ended = Status.FAILED, refused
    return one_report.of_one(
        "apply", run, wanted, _document(report, checks), ended, seconds=report.stats.seconds
    )


def code(report: Report) -> int:
    """Return the exit code of a report."""
    if report.failed:
        return 1
    waiting = any(item.result in {Result.HELD, Result.MANUAL} for item in report.outcomes)
    if report.after is not None:
        waiting = waiting or bool(report.after.steps)
    return planning.WAITING if waiting else 0
