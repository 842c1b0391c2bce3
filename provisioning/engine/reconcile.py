"""One tenant from manifest to proof: observe -> plan -> approve -> apply -> settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioning.core import build
from provisioning.core.errors import RefusedError, SecretError
from provisioning.core.model import Address, Live, Secret
from provisioning.core.plan import Action, Plan
from provisioning.core.report import Outcome, Report, Result, Stats
from provisioning.engine import permissions
from provisioning.engine.apply import apply, unsent
from provisioning.engine.observe import observe
from provisioning.engine.run import Run
from provisioning.engine.settle import Settled, plan, settle

FOLLOW_UPS = 3
"""Passes after the first: each repairs what lag had hidden from the plan."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan for a tenant as it was observed, ready to be carried out."""

    build: build.Draft
    live: Live
    stats: Stats

    @property
    def plan(self) -> Plan:
        """The plan itself: data that may be shown, saved, compared."""
        return self.build.plan


async def draft(run: Run) -> Draft:
    """Observe the tenant and plan; writes nothing.

    Raises RefusedError for another tenant than the manifest's, GraphError.
    """
    started = run.clock.monotonic()
    observation = await observe(run)
    return Draft(plan(run, observation), observation.live, _stats(run, observation.rounds, started))


async def carry_out(run: Run, agreed: Draft) -> Report:
    """Apply a draft and settle. Whoever calls this has the approval for `agreed.plan.digest`.

    Raises RefusedError before any write when the plan has errors, a permission is missing or the
    journal can't be written; after the last one when the journal's last lines can't.
    """
    started = run.clock.monotonic()
    if agreed.plan.errors:
        message = f"the plan has {len(agreed.plan.errors)} error(s)"
        raise RefusedError(message, remedy="mend them; nothing was written")
    if not agreed.plan.pending:
        return _nothing_to_do(run, agreed)
    _check_permissions(run, agreed)
    _check_sinks(run, agreed)
    await _check_sources(run, agreed)
    run.journal.open(agreed.plan.tenant_id)
    try:
        outcomes, after, rounds = await _passes(run, agreed)
    finally:
        run.journal.close()
    if run.journal.problem is not None and all(o.result is Result.DONE for o in outcomes):
        # Every step was sent before it showed: done, but not all of it is on record.
        raise run.journal.problem
    return Report(
        plan=agreed.plan,
        outcomes=outcomes,
        after=after.draft.plan if after else None,
        settled=after.settled if after else False,
        run=run.journal.run,
        stats=_stats(run, agreed.stats.rounds + rounds, started - agreed.stats.seconds),
    )


def _nothing_to_do(run: Run, agreed: Draft) -> Report:
    """Report a plan without a pending step: no journal, no further read."""
    outcomes = tuple(unsent(step) for step in agreed.plan.steps)
    return Report(agreed.plan, outcomes, agreed.plan, True, run.journal.run, agreed.stats)


async def _passes(run: Run, agreed: Draft) -> tuple[tuple[Outcome, ...], Settled | None, int]:
    """Apply and settle; what only shows after that, at the same addresses, is applied too."""
    applied = await apply(run, agreed.build, agreed.live)
    after = await settle(run, applied, agreed.live)
    outcomes = {outcome.address: outcome for outcome in applied.outcomes}
    rounds = after.rounds if after else 0
    for _ in range(FOLLOW_UPS):
        if after is None or not after.follow_ups or run.stop.is_set():
            break
        steps = tuple(s for s in after.draft.plan.steps if s.address in after.follow_ups)
        rest = replace(after.draft, plan=replace(after.draft.plan, steps=steps))
        applied = await apply(run, rest, after.live)
        outcomes |= {o.address: o for o in applied.outcomes if o.result is not Result.DONE}
        after = await settle(run, applied, after.live)
        rounds += after.rounds if after else 0
    left = after.draft.plan.manual if after else ()
    manual = {step.address: step.manual for step in left}
    return tuple(_left_to_a_person(o, manual) for o in outcomes.values()), after, rounds


def _left_to_a_person(outcome: Outcome, manual: Mapping[Address, str]) -> Outcome:
    """A step that the service refused for good, and that its kind now hands to the portal."""
    if outcome.result is not Result.DONE or outcome.address not in manual:
        return outcome
    return replace(outcome, result=Result.MANUAL, reason=manual[outcome.address])


def _check_permissions(run: Run, agreed: Draft) -> None:
    """Refuse before the first write what Graph would refuse in the middle."""
    pending = agreed.plan.pending
    made = [step.address for step in pending if step.action is Action.CREATE]
    written = {step.address.kind for step in pending}
    needs = [
        *permissions.writing(run.kinds, written),
        *permissions.reading(run, agreed.live, agreed.build.wanted, made),
    ]
    permissions.demand(agreed.live.principal, needs)


def _check_sinks(run: Run, agreed: Draft) -> None:
    """Refuse before the first write a secret that would have nowhere to go."""
    for step in agreed.plan.pending:
        desired = agreed.build.wanted.get(step.address)
        if desired is None or "store" not in desired.settings:
            continue
        problem = run.sinks.check(desired.settings["store"])
        if problem is not None:
            raise RefusedError(f"{step.address}: {problem.message}", remedy=problem.remedy)


async def _check_sources(run: Run, agreed: Draft) -> None:
    """Refuse before the first write a secret that can't be read; the value is not kept."""
    for step in agreed.plan.pending:
        desired = agreed.build.wanted.get(step.address)
        for secret in _secrets([desired.body, desired.settings]) if desired else ():
            try:
                await run.read_secret(secret)
            except SecretError as problem:
                message = f"{step.address}: {problem.message}"
                raise RefusedError(message, remedy=problem.remedy) from None


def _secrets(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case Mapping():
            yield from _secrets(list(value.values()))
        case list() | tuple():
            for item in value:
                yield from _secrets(item)


def _stats(run: Run, rounds: int, started: float) -> Stats:
    counted = run.graph.stats
    return Stats(
        http_calls=counted.http_calls,
        requests=counted.requests,
        retries=counted.retries,
        rounds=rounds,
        seconds=run.clock.monotonic() - started,
    )
