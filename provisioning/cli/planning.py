"""`plan`: observe, plan, show, perhaps save. Must not write to a tenant."""

from __future__ import annotations

import asyncio
from pathlib import Path

from provisioning import render
from provisioning.cli import compose, inputs, plan_file, progress
from provisioning.cli.compose import Way, Wish
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.plan import Plan
from provisioning.core.report import Stats
from provisioning.engine import reconcile

CHANGES, WAITING = 2, 3


def plan(surface: Surface, wish: Wish, way: Way, *, out: Path | None, detailed: bool) -> int:
    """Show the plan; exit 1 when it has errors, else by `--detailed-exitcode`."""
    variables = inputs.variables(wish.variables)
    opened = inputs.allowed(wish.allow, prune=wish.prune)
    wanted = inputs.load(surface, wish.manifest, variables)
    tell = progress.Teller(surface)

    async def drafted() -> reconcile.Draft:
        async with compose.run(wanted, way, opened, progress=tell, prompt=surface.say) as run:
            return await reconcile.draft(run)

    with tell.live():
        draft = asyncio.run(drafted())
    if out is not None:
        origin = inputs.located(wish.manifest)
        plan_file.write(out, draft.plan, draft.stats, manifest=origin, variables=variables)
        surface.say(f"Saved to {out}: `apply {out}` plans anew and refuses any other plan.")
    surface.document(_shown(surface, draft.plan, draft.stats))
    return _code(draft.plan, detailed=detailed)


def _shown(surface: Surface, plan: Plan, stats: Stats) -> str:
    match surface.form:
        case Format.JSON:
            return render.json.plan(plan, stats)
        case Format.MARKDOWN:
            return render.markdown.plan(plan, stats)
        case Format.TEXT:
            return render.text.plan(plan, stats, color=surface.color, width=surface.width)


def _code(plan: Plan, *, detailed: bool) -> int:
    if plan.errors:
        return 1
    if not detailed:
        return 0
    if plan.pending:
        return CHANGES
    return WAITING if plan.steps else 0
