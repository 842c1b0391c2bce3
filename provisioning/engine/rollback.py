"""Put back the policies that a run replaced, from that run's journal: plan, then carry out.

Leaves alone what the run created, and every other kind of object. Parents go first: the service
checks an upload against its ancestors, which are then as they were when it was valid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.model import Address, Finding, Principal, Severity
from provisioning.core.plan import Action, Change, Plan, Step
from provisioning.core.report import Event, Outcome, Report, Result, Stats
from provisioning.core.request import Answer, Call, ErrorMatch, Permission, Read
from provisioning.engine import apply, journal, observe, permissions, send
from provisioning.engine.journal import Journal
from provisioning.engine.recording import Kept, Recording
from provisioning.graph.client import Graph
from provisioning.graph.clock import Clock
from provisioning.policies import canonical, difference, document
from provisioning.policies.document import Document

FIRST_DELAY = 0.02
LONGEST_DELAY = 15.0
NOT_THERE = ErrorMatch(status=(400,), code="AADB2C90073")
"""Azure AD B2C's other way of saying 404."""
_XML = "application/xml; charset=utf-8"


def _silent(_event: Event) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Session:
    """What a rollback works with."""

    graph: Graph
    clock: Clock
    journal: Journal
    """Of the rollback itself: it can be rolled back in its turn."""
    needs: tuple[Permission, ...] = ()
    """To write policies."""
    progress: Callable[[Event], None] = _silent
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    settle_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Work:
    """One policy to put back, and what is in its place now."""

    step: Step
    kept: Kept
    now: Document | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rollback would do, ready to be carried out."""

    plan: Plan
    works: Mapping[Address, Work]
    recording: Recording
    principal: Principal
    stats: Stats


async def draft(session: Session, recording: Recording) -> Draft:
    """Compare the tenant with what the run found; writes nothing.

    Raises RefusedError for another tenant than the journal's, GraphError.
    """
    started = session.clock.monotonic()
    principal = await session.graph.principal()
    name = await _tenant(session, recording, principal)
    policies = (*recording.kept, *recording.created)
    session.progress(Event("observe", f"round 2: {len(policies)} reads"))
    answers = dict(
        zip(policies, await session.graph.read([*map(_read, policies)]), strict=True)
        if policies
        else ()
    )
    works = {
        work.step.address: work
        for kept in recording.kept
        if (work := _work(recording, kept, answers[kept])) is not None
    }
    left = [kept.address for kept in recording.created if answers[kept].found]
    plan = Plan(
        tenant_id=recording.tenant_id,
        tenant_name=name,
        principal=principal.name or principal.object_id or "unknown",
        client=principal.app_id or "unknown",
        steps=tuple(work.step for work in works.values()),
        findings=(*recording.findings, *(_left(recording, address) for address in left)),
    )
    return Draft(plan, works, recording, principal, _stats(session, started))


async def carry_out(session: Session, agreed: Draft) -> Report:
    """Put the policies back, one after the other; a failure does not keep the others from it.

    Raises RefusedError before any write when a permission is missing or the journal can't be
    written.
    """
    started = session.clock.monotonic()
    _check_permissions(session, agreed)
    session.journal.open(agreed.plan.tenant_id)
    try:
        outcomes = [await _put_back(session, work) for work in agreed.works.values()]
    finally:
        session.journal.close()
    done = {outcome.address for outcome in outcomes if outcome.result is Result.DONE}
    after, settled = await _settle(session, agreed, done)
    return Report(
        plan=agreed.plan,
        outcomes=tuple(outcomes),
        after=after.plan,
        settled=settled,
        run=session.journal.run,
        stats=_stats(session, started - agreed.stats.seconds),
    )


async def _tenant(session: Session, recording: Recording, principal: Principal) -> str:
    """Refuse another tenant than the one that the run wrote to; there is no override."""
    session.progress(Event("observe", "round 1: 1 read"))
    (answer,) = await session.graph.read((observe.ORGANIZATION,))
    organization = answer.items[0] if answer.items else {}
    told = {str(organization.get("id")), principal.tenant_id or recording.tenant_id}
    if other := sorted(told - {recording.tenant_id}):
        message = f"signed in to tenant {other[0]}, run {recording.run} wrote to "
        raise RefusedError(
            f"{message}{recording.tenant_id}", remedy="sign in to the tenant of the run"
        )
    return str(organization.get("displayName") or recording.tenant_id)


def _read(kept: Kept) -> Read:
    return Read(kept.path, kept.path, version=kept.version, raw=True, tolerate=(NOT_THERE,))


def _work(recording: Recording, kept: Kept, answer: Answer) -> Work | None:
    """Return what has to be done for one policy; None when it is as the run found it."""
    reason = f"as run {recording.run} found it"
    if not answer.found:
        gone = (Change("PolicyId", None, kept.document.policy_id or kept.address.key),)
        return Work(Step(kept.address, Action.CREATE, reason, gone), kept, None, b"")
    now = document.parse(answer.raw, f"tenant:{kept.address.key}")
    if now.sound and kept.document.sound:
        changes = difference.compare(now, kept.document)
    elif answer.raw == kept.content:
        changes = ()
    else:
        # One of them can't be read as a policy: it is replaced as a whole.
        changes = (Change("content", _name(now), _name(kept.document)),)
    if not changes:
        return None
    return Work(Step(kept.address, Action.UPDATE, reason, changes), kept, now, answer.raw)


def _name(policy: Document) -> str:
    return f"sha256:{canonical.digest(policy)}" if policy.sound else "unreadable"


def _left(recording: Recording, address: Address) -> Finding:
    return Finding(
        "created-by-the-run",
        f"run {recording.run} created it, so there is nothing to put back; it stays",
        "delete it where it is not wanted: take it out of the manifest and apply with --prune",
        Severity.INFO,
        address=address,
    )


def _check_permissions(session: Session, agreed: Draft) -> None:
    needs = ((need, "write", "custom_policy") for need in session.needs)
    permissions.demand(agreed.principal, needs)


async def _put_back(session: Session, work: Work) -> Outcome:
    step, kept = work.step, work.kept
    if session.stop.is_set():
        return Outcome(step.address, step.action, Result.INTERRUPTED, "stopped before it was sent")
    journal.CURRENT.set(step.address)
    if work.raw:
        session.journal.replaced(kept.path, kept.version, work.raw)
    started = session.clock.monotonic()
    problem: ProvisioningError | None = None
    try:
        await session.graph.send(_call(kept))
    except ProvisioningError as caught:
        problem = caught
    result = Result.DONE if problem is None else Result.FAILED
    fault = None if problem is None else apply.fault(problem)
    seconds = session.clock.monotonic() - started
    session.progress(Event("step", f"{step.action} {result}", step.address, result))
    return Outcome(step.address, step.action, result, step.reason, fault, seconds)


def _call(kept: Kept) -> Call:
    return Call(
        "PUT",
        kept.path,
        kept.version,
        content=kept.content,
        content_type=_XML,
        # Somebody else's upload at the same time is waited for.
        transient=(send.CONCURRENT_WRITES,),
        young=True,
    )


async def _settle(session: Session, agreed: Draft, done: set[Address]) -> tuple[Draft, bool]:
    """Look again until nothing that was put back shows what was there before, or a deadline."""
    deadline = session.clock.monotonic() + session.settle_seconds
    delay = FIRST_DELAY
    while True:
        after = await draft(session, agreed.recording)
        stale = [*_stale(agreed, after, done)]
        if not stale or session.clock.monotonic() >= deadline or session.stop.is_set():
            return after, not stale
        session.progress(Event("settle", f"waiting for {stale[0]} to show in the tenant"))
        await session.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


def _stale(agreed: Draft, after: Draft, done: set[Address]) -> Iterator[Address]:
    """Yield policies that a read still shows as they were before they were put back."""
    for address in done & after.works.keys():
        if after.works[address].raw == agreed.works[address].raw:
            yield address


def _stats(session: Session, started: float) -> Stats:
    counted = session.graph.stats
    return Stats(
        http_calls=counted.http_calls,
        requests=counted.requests,
        retries=counted.retries,
        rounds=2,
        seconds=session.clock.monotonic() - started,
    )
