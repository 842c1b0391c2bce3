"""`plan`: observe, plan, show, perhaps save. Must not write to a tenant."""

from __future__ import annotations

import asyncio
from pathlib import Path

from provisioning import render
from provisioning.cli import (
    compose,
    inputs,
    one_report,
    plan_file,
    progress,
    sarif,
    verdict,
    whole_policies,
)
from provisioning.cli.compose import Way, Wish
from provisioning.cli.options import Format
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import Surface
from provisioning.core.plan import Plan
from provisioning.core.report import Stats
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.render import summary, whole
from provisioning.render.whole import Wholes

CHANGES, WAITING = 2, 3
_OWN = (*one_report.OWN, Format.SARIF.value)


def plan(
    surface: Surface,
    wish: Wish,
    way: Way,
    *,
    out: Path | None = None,
    detailed: bool = False,
    full_xml: bool = False,
    reports: tuple[ReportFile, ...] = (),
) -> int:
    """Show the plan; exit 1 when it has errors, else by `--detailed-exitcode`."""
    one_report.check(reports, _OWN)
    variables = inputs.variables(wish.variables)
    opened = inputs.allowed(wish.allow, prune=wish.prune)
    wanted = inputs.load(surface, wish.manifest, variables)
    tell = progress.Teller(surface)

    async def drafted() -> tuple[Run, reconcile.Draft]:
        async with compose.run(wanted, way, opened, progress=tell, prompt=surface.say) as run:
            return run, await reconcile.draft(run)

    with tell.live():
        run, draft = asyncio.run(drafted())
    if out is not None:
        origin = inputs.located(wish.manifest)
        plan_file.write(out, draft.plan, draft.stats, manifest=origin, variables=variables)
        surface.say(f"Saved to {out}: `apply {out}` plans anew and refuses any other plan.")
    wholes = whole_policies.of(draft, wanted=full_xml)
    surface.document(shown(surface, draft.plan, draft.stats, wholes))
    one_report.write(
        surface,
        reports,
        lambda other: shown(other, draft.plan, draft.stats, wholes),
        lambda: one_report.of_one(
            "plan",
            run,
            wanted,
            render.json.content(draft.plan, draft.stats, wholes),
            verdict.planned([draft.plan]),
            seconds=draft.stats.seconds,
        ),
        own=_OWN,
    )
    return _code(draft.plan, detailed=detailed)


def shown(
    surface: Surface,
    plan: Plan,
    stats: Stats,
    wholes: Wholes = whole.NONE,
    *,
    goal: str = summary.MANIFEST,
) -> str:
    """Return the document of a plan in the format that was asked for."""
    match surface.form:
        case Format.JSON:
            return render.json.plan(plan, stats, wholes=wholes)
        case Format.MARKDOWN:
            return render.markdown.plan(plan, stats, wholes=wholes, goal=goal)
        case Format.SARIF:
            return sarif.findings(plan.findings)
        case Format.TEXT:
            return render.text.plan(
                plan, stats, color=surface.color, width=surface.width, wholes=wholes, goal=goal
            )


def _code(plan: Plan, *, detailed: bool) -> int:
    if plan.errors:
        return 1
    if not detailed:
        return 0
    if plan.pending:
        return CHANGES
    return WAITING if plan.steps else 0
