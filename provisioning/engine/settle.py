"""After an apply: plan anew until what was done no longer shows as pending, or a deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.core import build
from provisioning.core.model import Address, Live, LiveObject, Ownership
from provisioning.core.report import Event, Result
from provisioning.engine.apply import Applied
from provisioning.engine.observe import Observation, observe
from provisioning.engine.run import Run

FIRST_DELAY = 0.02
LONGEST_DELAY = 15.0


@dataclass(frozen=True, slots=True)
class Settled:
    """The plan that the tenant answers with now."""

    draft: build.Draft
    live: Live
    rounds: int
    settled: bool
    """False when a finished step still shows as pending at the deadline."""


async def settle(run: Run, applied: Applied, live: Live) -> Settled:
    """Re-observe and re-plan until every step that was done stays done."""
    done = {o.address for o in applied.outcomes if o.result is Result.DONE}
    deadline = run.clock.monotonic() + run.settle_seconds
    seed = _seed(applied, live)
    delay, rounds = FIRST_DELAY, 0
    while True:
        observation = await observe(run, seed)
        rounds += observation.rounds
        draft = plan(run, observation)
        left = [step.address for step in draft.plan.pending if step.address in done]
        late = run.clock.monotonic() >= deadline or run.stop.is_set()
        if not left or late:
            return Settled(draft, observation.live, rounds, settled=not left)
        run.progress(Event("settle", f"waiting for {_names(left)} to show in the tenant"))
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


def plan(run: Run, observation: Observation) -> build.Draft:
    """Plan from an observation: the one place where engine calls the planner."""
    return build.plan(
        kinds=run.kinds,
        owner=run.manifest.owner,
        tenant=run.manifest.tenant,
        desired=run.manifest.desired,
        live=observation.live,
        allowed=run.allowed,
        answers=observation.answers,
    )


def _seed(applied: Applied, live: Live) -> dict[Address, LiveObject]:
    """Ids that are known already, so that children are read in the first round."""
    seed = {a: thing for a, thing in live.objects.items() if not thing.deleted}
    for address, body in applied.knowledge.captured.items():
        seed[address] = LiveObject(address, body, Ownership.CREATED)
    return seed


def _names(addresses: Iterable[Address]) -> str:
    first, *rest = [str(address) for address in addresses]
    return f"{first} and {len(rest)} more" if rest else first
