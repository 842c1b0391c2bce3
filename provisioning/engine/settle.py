"""After an apply: plan anew until what was done no longer shows as pending, or a deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.core import build, refs
from provisioning.core.diff import canonical
from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Address, Live, LiveObject, Ownership
from provisioning.core.plan import Step
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
    follow_ups: tuple[Address, ...] = ()
    """Finished steps whose object needs something else now, which lag can't explain."""


async def settle(run: Run, applied: Applied, live: Live) -> Settled | None:
    """Re-observe and re-plan until every step that was done stays done.

    What a lagging replica shows is a part of what was sent; anything else is a follow-up, such as
    a password that an earlier run made and could not deliver, seen only now. None when the tenant
    can't be read any more.
    """
    done = {o.address for o in applied.outcomes if o.result is Result.DONE}
    deadline = run.clock.monotonic() + run.settle_seconds
    seed = _seed(applied, live)
    delay, rounds = FIRST_DELAY, 0
    while True:
        try:
            observation = await observe(run, seed)
        except ProvisioningError as problem:
            # What was written must be reported even when it can't be read back.
            run.progress(Event("settle", f"can't be read back: {problem.message}"))
            return None
        rounds += observation.rounds
        draft = plan(run, observation)
        left = [step for step in draft.plan.pending if step.address in done]
        more = tuple(step.address for step in left if not _echo(applied, step))
        late = run.clock.monotonic() >= deadline or run.stop.is_set()
        if len(more) == len(left) or late:
            return Settled(draft, observation.live, rounds, not left, more)
        run.progress(Event("settle", f"waiting for {_names(left)} to show in the tenant"))
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


def _echo(applied: Applied, now: Step) -> bool:
    """Whether a pending step is what was done already, as a stale replica shows it."""
    work = applied.knowledge.works[now.address]
    if not now.changes:
        return (now.action, now.reason) == (work.step.action, work.step.reason)
    known = applied.knowledge.known
    sent = {(c.path, canonical(refs.resolve(c.after, known))) for c in work.step.changes}
    return all((c.path, canonical(refs.resolve(c.after, known))) in sent for c in now.changes)


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


def _names(steps: Iterable[Step]) -> str:
    first, *rest = [str(step.address) for step in steps]
    return f"{first} and {len(rest)} more" if rest else first
