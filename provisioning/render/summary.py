"""The sentences that all formats share: counts, identity, the way to open a guard.

Must not format: no colour, no Markdown.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.plan import Plan, Step
from provisioning.core.report import Report, Result, Stats

MANIFEST: Final = "the manifest"
"""What a tenant is to match, but for a rollback."""
WAY_BACK: Final = "To put back the policies that this run replaced"


def plan(plan: Plan, goal: str = MANIFEST) -> str:
    """Return `Plan: 3 to create, 1 to update, 0 to delete; 1 held`."""
    if not plan.steps:
        return f"No changes. The tenant matches {goal}."
    count = plan.summary()
    always = [f"{count['create']} to create", f"{count['update']} to update"]
    some = [f"{count[name]} to {name}" for name in ("replace", "restore") if count[name]]
    waiting = [f"{count[name]} {name}" for name in ("held", "manual") if count[name]]
    sentence = ", ".join([*always, *some, f"{count['delete']} to delete"])
    return "; ".join([f"Plan: {sentence}", *([", ".join(waiting)] if waiting else [])])


def report(report: Report) -> str:
    """Return `Apply: 3 done, 1 failed, 1 blocked` and what that means."""
    results = [outcome.result for outcome in report.outcomes]
    counted = [f"{results.count(item)} {item.value}" for item in Result if item in results]
    return f"Apply: {', '.join(counted) or 'nothing to do'}"


def after(report: Report, goal: str = MANIFEST) -> str:
    """Say what a new plan finds: the proof that the tenant is as it should be."""
    if report.after is None:
        return ""
    if not report.after.steps:
        return f"Second plan: no changes. The tenant matches {goal}."
    if report.after.pending:
        return f"Second plan: {_counts(report.after)} still to do."
    return f"Second plan: nothing to apply; {_counts(report.after)}."


def stats(stats: Stats) -> str:
    """Return what the run cost."""
    parts = (
        (stats.http_calls, "HTTP call"),
        (stats.requests, "request"),
        (stats.retries, "retry", "retries"),
        (stats.rounds, "round"),
    )
    counted = (f"{count} {_noun(count, *nouns)}" for count, *nouns in parts)
    return f"{', '.join(counted)}, {stats.seconds:.1f} s"


def opening(step: Step) -> str:
    """Return the flag that lets a held step pass, "" when the reason says it already."""
    if step.held is None or "--" in step.held.reason or step.held.reason.startswith("waits for "):
        return ""
    if step.held.guard == "prune":
        return "--prune"
    return f"--allow {step.held.guard}={step.address}"


def _counts(plan: Plan) -> str:
    counted = {**plan.summary(), "unmanaged": 0}
    return ", ".join(
        f"{count} to {name}" if name not in {"held", "manual"} else f"{count} {name}"
        for name, count in counted.items()
        if count
    )


def _noun(count: int, one: str, many: str = "") -> str:
    return one if count == 1 else many or f"{one}s"
