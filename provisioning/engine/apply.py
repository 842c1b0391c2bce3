"""Carry out a plan: each step as soon as what it needs is there; deletions last.

A failed step blocks only what depends on it. No exception of one step ends another's request:
a cancelled write would be one whose result nobody knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from provisioning.core import build, refs
from provisioning.core.diff import digest
from provisioning.core.errors import GraphError, ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.model import Address, Live
from provisioning.core.plan import Action, Step
from provisioning.core.report import Event, Fault, Outcome, Result
from provisioning.core.request import Request
from provisioning.engine import journal, patience
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.run import Run
from provisioning.engine.send import send

_SIDES = ("before", "after")


@dataclass(slots=True)
class _Gate:
    """Tells dependents when a step's object is there (`ready`) and how it ended."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = False
    outcome: Outcome | None = None


@dataclass(slots=True)
class _Apply:
    run: Run
    knowledge: Knowledge
    gates: dict[Address, _Gate]
    total: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """How every step of a plan ended, in the plan's order, and the ids learned."""

    outcomes: tuple[Outcome, ...]
    knowledge: Knowledge


async def apply(run: Run, draft: build.Draft, live: Live) -> Applied:
    """Carry out the pending steps of a plan; never raises for an answer of Graph."""
    bodies = {
        address: thing.body
        for address, thing in live.objects.items()
        if not thing.deleted or _restores(draft, address)
    }
    knowledge = Knowledge(draft.works, draft.wanted, bodies)
    gates = {step.address: _Gate() for step in draft.plan.steps}
    state = _Apply(run, knowledge, gates, len(draft.plan.pending))
    forward = [step for step in draft.plan.steps if step.action is not Action.DELETE]
    await _together(_step(state, draft.works[step.address]) for step in forward)
    backward = [step for step in draft.plan.steps if step.action is Action.DELETE]
    for _, group in groupby(backward, key=lambda step: step.address.kind):
        await _together(_step(state, draft.works[step.address]) for step in group)
    outcomes = (gates[step.address].outcome for step in draft.plan.steps)
    return Applied(tuple(outcome for outcome in outcomes if outcome is not None), knowledge)


def _restores(draft: build.Draft, address: Address) -> bool:
    work = draft.works.get(address)
    return work is not None and work.step.action is Action.RESTORE


async def _together(steps: Iterable[Awaitable[None]]) -> None:
    """Run all to their end; only then raise what was no step's failure."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _step(state: _Apply, work: Work) -> None:
    journal.CURRENT.set(work.step.address)
    gate = state.gates[work.step.address]
    started = state.run.clock.monotonic()
    outcome = Outcome(work.step.address, work.step.action, Result.INTERRUPTED)
    try:
        outcome = await _outcome(state, work)
    finally:
        seconds = state.run.clock.monotonic() - started
        gate.outcome = Outcome(
            outcome.address, outcome.action, outcome.result, outcome.reason, outcome.fault, seconds
        )
        gate.opened.set()
    if work.step.held is None and not work.step.manual:
        _record(state.run, work.step, outcome)
        state.done += 1
        text = f"{work.step.action} {outcome.result}"
        event = Event("step", text, work.step.address, outcome.result, state.done, state.total)
        state.run.progress(event)


def _record(run: Run, step: Step, outcome: Outcome) -> None:
    """Note a step's end with digests of what it changed: evidence without values."""
    before, after = ({c.path: getattr(c, side) for c in step.changes} for side in _SIDES)
    run.journal.note(
        action=step.action,
        result=outcome.result,
        before=digest(before),
        after=digest(after),
    )


async def _outcome(state: _Apply, work: Work) -> Outcome:
    step = work.step
    if step.held is not None or step.manual:
        return unsent(step)
    blocker = await _blocker(state, step.address, step.depends_on)
    if blocker is not None:
        return _ended(step, Result.BLOCKED, f"waits for {blocker}")
    requests = state.run.kind(step.address.kind).requests(work)
    finishing = False
    for request in requests:
        if not finishing and (ended := _cut_short(state.run, step)) is not None:
            return ended
        needs = _needs(request)
        if work.circular.intersection(needs):
            # All that is left closes a circle: whoever waits for this step goes first.
            _open(state.gates[step.address])
        blocker = await _blocker(state, step.address, needs)
        if blocker is not None:
            return _ended(step, Result.BLOCKED, f"waits for {blocker}")
        try:
            unless = request.unless
            if unless and await patience.needless(state.run, state.knowledge, unless):
                return _ended(step, Result.DONE, "needless: what was missing has shown up")
            await send(state.run, state.knowledge, work, request)
        except ProvisioningError as problem:
            return _ended(step, Result.FAILED, "", fault(problem))
        finishing = request.stores
        if step.action in {Action.CREATE, Action.RESTORE, Action.REPLACE}:
            # The object is there; an update is of use to others only when all of it is done.
            _open(state.gates[step.address])
    return _ended(step, Result.DONE, step.reason)


def _cut_short(run: Run, step: Step) -> Outcome | None:
    """The end of a step whose next request must not be sent; None when it may be."""
    if run.stop.is_set():
        return _ended(step, Result.INTERRUPTED, "stopped before it was finished")
    if run.journal.problem is not None:
        return _ended(step, Result.FAILED, "", fault(run.journal.problem))
    return None


def unsent(step: Step) -> Outcome:
    """The end of a step that no apply carries out: held by a guard, or a person's to do."""
    if step.held is not None:
        return _ended(step, Result.HELD, f"{step.held.guard}: {step.held.reason}")
    return _ended(step, Result.MANUAL, step.manual)


def _open(gate: _Gate) -> None:
    gate.ready = True
    gate.opened.set()


async def _blocker(state: _Apply, address: Address, needs: Iterable[Address]) -> Address | None:
    """Wait for the objects that are needed; return the first that did not come."""
    for need in needs:
        gate = state.gates.get(need)
        if gate is None or need == address:
            continue
        await gate.opened.wait()
        ended = gate.outcome is not None and gate.outcome.result is not Result.DONE
        if not gate.ready and ended:
            return need
    return None


def _needs(request: Request) -> tuple[Address, ...]:
    parts = [request.path, request.body, request.content]
    if request.append is not None:
        parts += [*request.append.add, *request.append.drop]
    return tuple(sorted({ref.address for ref in refs.find(parts)}))


def _ended(step: Step, result: Result, reason: str, problem: Fault | None = None) -> Outcome:
    return Outcome(step.address, step.action, result, reason, problem)


def fault(problem: ProvisioningError) -> Fault:
    """Turn an error into what a report may show."""
    if isinstance(problem, GraphError):
        return Fault(
            message=problem.message,
            remedy=problem.remedy,
            status=problem.status,
            code=problem.code or None,
            request_id=problem.request_id,
            method=problem.method or None,
            path=problem.path or None,
        )
    return Fault(message=problem.message, remedy=problem.remedy)
