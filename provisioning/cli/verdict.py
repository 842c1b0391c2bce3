"""What plans, reports and sign-in checks come to in one tenant: a status, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.core.fleet import Problem, Status, gravest
from provisioning.core.plan import Plan
from provisioning.core.report import Report, Result
from provisioning.render import summary
from provisioning.signin.checks import Result as CheckResult


def planned(plans: Iterable[Plan]) -> tuple[Status, Problem | None]:
    """Say what plans come to, together."""
    listed = tuple(plans)
    if errors := sum(len(each.errors) for each in listed):
        return Status.FAILED, Problem(f"the plan has {errors} error(s)", "mend them")
    return gravest(map(_planned, listed)), None


def _planned(plan: Plan) -> Status:
    if plan.pending:
        return Status.CHANGES
    return Status.WAITING if plan.steps else Status.IN_SYNC


def carried_out(report: Report, *, stopped: bool) -> tuple[Status, Problem | None]:
    """Say how an apply ended; `stopped` when it was interrupted."""
    broken = next((o for o in report.outcomes if o.result is Result.FAILED), None)
    if broken is not None:
        fault = broken.fault
        told = f"{summary.report(report)}; {broken.action} {broken.address}"
        message = f"{told}: {fault.message}" if fault is not None else told
        return Status.FAILED, Problem(message, fault.remedy if fault is not None else "")
    if report.failed and stopped:
        return Status.INTERRUPTED, Problem(summary.report(report), "run it again, or --resume")
    if report.failed:
        told = "" if report.settled else "; the tenant does not show every change yet"
        return Status.FAILED, Problem(f"{summary.report(report)}{told}", "run it again later")
    waiting = any(o.result in {Result.HELD, Result.MANUAL} for o in report.outcomes)
    left = report.after is not None and bool(report.after.steps)
    if waiting or left:
        return Status.WAITING, None
    return (Status.APPLIED if report.plan.pending else Status.IN_SYNC), None


def refused(found: Iterable[CheckResult]) -> Problem | None:
    """Say which sign-in checks failed; None when all passed."""
    failed = [result for result in found if not result.passed]
    if not failed:
        return None
    names = ", ".join(result.check for result in failed)
    first = failed[0].diagnosis
    told = f": {first.message}" if first is not None else ""
    what = "sign-in check failed" if len(failed) == 1 else "sign-in checks failed"
    return Problem(f"{len(failed)} {what} ({names}){told}", first.remedy if first else "")
