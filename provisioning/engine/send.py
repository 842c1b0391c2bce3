"""Send one request of a step: references replaced, merges made, known failures turned around.

Raises GraphError or SecretError when a request can't be turned into progress, Unknown when a
reference never became known. Decides nothing about order; `apply` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from provisioning.core import paths, refs
from provisioning.core.diff import canonical
from provisioning.core.errors import GraphError, ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.model import Address, Desired, Json, Ref, Secret, Value
from provisioning.core.plan import Action
from provisioning.core.refs import MISSING, Missing
from provisioning.core.report import Event
from provisioning.core.request import Alternative, Answer, Append, Call, Read, Request, Wait
from provisioning.engine.run import LAG_WINDOW_SECONDS, Run
from provisioning.graph.errors import match

FIRST_DELAY = 0.02
LONGEST_DELAY = 10.0


class UnknownReferenceError(ProvisioningError):
    """A reference that nothing in the tenant or the manifest answers."""


@dataclass(slots=True)
class Knowledge:
    """What the run has learned so far; grows while steps are carried out."""

    works: Mapping[Address, Work]
    wanted: Mapping[Address, Desired]
    live: Mapping[Address, Mapping[str, Json]]
    captured: dict[Address, dict[str, Json]] = field(default_factory=dict)
    locks: dict[Address, asyncio.Lock] = field(default_factory=dict)
    merged: dict[tuple[str, str], tuple[list[Value], list[Value]]] = field(default_factory=dict)
    """(path, field) -> entries added and dropped in this run, for reads that lag behind."""

    def known(self, ref: Ref) -> Json | Missing:
        """Answer a reference from captures, the live object, or plain desired values."""
        for body in (self.captured.get(ref.address), self.live.get(ref.address)):
            found = MISSING if body is None else paths.select(body, ref.path)
            if not isinstance(found, Missing) and found is not None:
                return found  # type: ignore[return-value]
        desired = self.wanted.get(ref.address)
        found = MISSING if desired is None else paths.select(desired.body, ref.path)
        if isinstance(found, Missing) or next(refs.find(found), None) is not None:
            return MISSING
        return found  # type: ignore[return-value]

    def lock(self, address: Address | None) -> asyncio.Lock:
        """One lock per object whose writes must not overlap; a fresh one for None."""
        return asyncio.Lock() if address is None else self.locks.setdefault(address, asyncio.Lock())


async def send(run: Run, knowledge: Knowledge, work: Work, request: Request) -> None:
    """Carry out one request, its waiting included; captures and secrets go where they belong."""
    try:
        async with knowledge.lock(request.lock):
            if request.append is not None:
                await _append(run, knowledge, work, request, request.append)
                answer = None
            else:
                answer = await run.graph.send(await _call(run, knowledge, work, request))
                await _keep(run, knowledge, work, request, answer)
    except GraphError as problem:
        if any(match(problem, known) for known in request.tolerate):
            return
        way = next((a for a in request.alternatives if match(problem, a.when)), None)
        if way is None:
            raise
        await _alternative(run, knowledge, work, way, problem)
    else:
        for more in request.then(answer) if request.then is not None and answer else ():
            await send(run, knowledge, work, more)
    if request.wait is not None:
        await _wait(run, knowledge, request.wait)


def _text(knowledge: Knowledge, value: Value) -> str:
    resolved = refs.resolve(value, knowledge.known)
    if isinstance(resolved, str):
        return resolved
    message = f"{resolved} is not known, so the request can't be written"
    raise UnknownReferenceError(message, remedy="run plan again; report this if it comes back")


def _body(knowledge: Knowledge, value: Value) -> Json:
    return _plain(knowledge, value)  # type: ignore[return-value]


def _plain(knowledge: Knowledge, value: Value) -> Value:
    """Replace the references of a value; secrets stay closed."""
    resolved = refs.resolve(value, knowledge.known)
    left = next(refs.find(resolved), None)
    if left is not None:
        message = f"{left} is not known, so the request can't be written"
        raise UnknownReferenceError(message, remedy="run plan again; report this if it comes back")
    return resolved


async def _revealed(run: Run, value: Value) -> Json:
    """Put secret values in, at the last moment: the result goes to Graph and nowhere else."""
    match value:
        case Secret():
            return await run.read_secret(value)
        case dict():
            return {name: await _revealed(run, item) for name, item in value.items()}
        case list():
            return [await _revealed(run, item) for item in value]
        case _:
            return value  # type: ignore[return-value]


async def _call(run: Run, knowledge: Knowledge, work: Work, request: Request) -> Call:
    content = request.content
    if content is not None and not isinstance(content, bytes):
        content = _text(knowledge, content).encode()
    return Call(
        method=request.method,
        path=_text(knowledge, request.path),
        version=request.version,
        body=await _revealed(run, _plain(knowledge, request.body)),
        content=content,
        content_type=request.content_type,
        headers=request.headers,
        repeatable=request.repeatable,
        transient=(*request.transient, *run.kind(work.step.address.kind).transient),
        young=_young(run, knowledge, work, request),
        paced=request.paced,
    )


def _young(run: Run, knowledge: Knowledge, work: Work, request: Request) -> bool:
    """Whether an object that the request touches may still be replicating."""
    involved = {work.step.address, *request.touches}
    involved |= {ref.address for ref in refs.find([request.path, request.body])}
    involved |= {d.parent for a in involved if (d := knowledge.wanted.get(a)) and d.parent}
    return any(_fresh(run, knowledge, address) for address in involved)


def _fresh(run: Run, knowledge: Knowledge, address: Address) -> bool:
    if address in knowledge.captured:
        return True
    done = knowledge.works.get(address)
    if done is not None and done.step.action in {Action.CREATE, Action.RESTORE}:
        return True
    created = knowledge.live.get(address, {}).get("createdDateTime")
    if not isinstance(created, str):
        return False
    try:
        born = datetime.fromisoformat(created)
    except ValueError:
        return False
    born = born if born.tzinfo else born.replace(tzinfo=UTC)
    return run.clock.now() - born < timedelta(seconds=LAG_WINDOW_SECONDS)


async def _keep(
    run: Run, knowledge: Knowledge, work: Work, request: Request, answer: Answer
) -> None:
    """Put a made secret into its sink before anything else, then remember the object's ids."""
    body = dict(answer.object)
    if request.stores:
        value, key_id = body.pop("secretText", None), body.get("keyId")
        if not isinstance(value, str) or not isinstance(key_id, str) or work.desired is None:
            message = "Graph's answer holds no secretText and keyId"
            raise GraphError(message, remedy="run apply again: the undelivered secret is replaced")
        await run.sinks.store(work.step.address, work.desired.settings["store"], key_id, value)
    if request.captures and body:
        knowledge.captured[work.step.address] = {
            **knowledge.captured.get(work.step.address, {}),
            **body,
        }


async def _append(
    run: Run, knowledge: Knowledge, work: Work, request: Request, append: Append
) -> None:
    """Read, merge and send a whole collection; a read that lags is helped by what we sent."""
    path = _text(knowledge, request.path)
    add: list[Value] = [refs.resolve(value, knowledge.known) for value in append.add]
    drop: list[Value] = [refs.resolve(value, knowledge.known) for value in append.drop]
    sent = knowledge.merged.setdefault((path, append.field), ([], []))
    sent[0].extend(add)
    sent[1].extend(drop)
    read = Read(f"{path}#{append.field}", f"{path}?$select={append.field}", request.version)
    answer = await _visible(run, read)
    now = paths.select(answer.object, append.field)
    current = list(now) if isinstance(now, list) else []
    merged = _merge(current, sent[0], sent[1], append.key)
    if [canonical(v) for v in merged] == [canonical(v) for v in current]:
        return
    body = paths.nest({append.field: merged})
    whole = replace(request, method="PATCH", body=body, append=None)  # type: ignore[arg-type]
    await run.graph.send(await _call(run, knowledge, work, whole))


def _merge(current: list[Value], add: list[Value], drop: list[Value], key: str) -> list[Value]:
    def name(value: Value) -> str:
        return canonical(value.get(key) if key and isinstance(value, dict) else value)

    gone = {name(value) for value in drop}
    kept = [value for value in current if name(value) not in gone]
    there = {name(value) for value in kept}
    for value in add:
        if name(value) not in there and name(value) not in gone:
            kept.append(value)
            there.add(name(value))
    return kept


async def _alternative(
    run: Run, knowledge: Knowledge, work: Work, way: Alternative, problem: GraphError
) -> None:
    """Turn a known failure around: find what is there already, prove it ours, go on from it."""
    if way.lookup:
        body = await _look_up(run, knowledge, way)
        if body is None:
            raise problem
        for path, value in way.proof:
            if not _proves(paths.select(body, path), _body(knowledge, value)):
                raise _explained(problem, way.otherwise)
        knowledge.captured[work.step.address] = body
    for request in way.then:
        await send(run, knowledge, work, request)


async def _look_up(run: Run, knowledge: Knowledge, way: Alternative) -> dict[str, Json] | None:
    deadline = run.clock.monotonic() + way.patience
    delay = FIRST_DELAY
    while True:
        for lookup in way.lookup:
            read = replace(lookup, path=_text(knowledge, lookup.path))
            (answer,) = await run.graph.read((read,))
            found = answer.items if read.many else ((answer.object,) if answer.found else ())
            proven = [body for body in found if _all_proven(knowledge, body, way)]
            if proven or found:
                return (proven or list(found))[0]
        if run.clock.monotonic() >= deadline or run.stop.is_set():
            return None
        run.progress(Event("retry", "waiting for an object that exists to become visible"))
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


def _all_proven(knowledge: Knowledge, body: Mapping[str, Json], way: Alternative) -> bool:
    return all(
        _proves(paths.select(body, path), _body(knowledge, value)) for path, value in way.proof
    )


def _proves(found: object, value: Json) -> bool:
    return value in found if isinstance(found, list) else found == value


def _explained(problem: GraphError, otherwise: str) -> GraphError:
    return GraphError(
        f"{problem.message} {otherwise}".strip(),
        remedy=otherwise or problem.remedy,
        status=problem.status,
        code=problem.code,
        details=problem.details,
        request_id=problem.request_id,
        method=problem.method,
        path=problem.path,
    )


async def _visible(run: Run, read: Read) -> Answer:
    """Read an object that must exist; an absent answer is replication, for a while."""
    deadline = run.clock.monotonic() + LAG_WINDOW_SECONDS
    delay = FIRST_DELAY
    while True:
        (answer,) = await run.graph.read((read,))
        if answer.found:
            return answer
        if run.clock.monotonic() >= deadline or run.stop.is_set():
            message = f"GET {read.path} answers {answer.status} although the object exists"
            raise GraphError(
                message,
                status=answer.status,
                method="GET",
                path=str(read.path),
                remedy="wait for replication and run apply again",
            )
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


async def _wait(run: Run, knowledge: Knowledge, wait: Wait) -> None:
    """Poll until a change shows; a later request would be refused before that."""
    read = Read("wait", _text(knowledge, wait.path), wait.version)
    deadline = run.clock.monotonic() + LAG_WINDOW_SECONDS
    delay = FIRST_DELAY
    while True:
        answer = await _visible(run, read)
        if all(_meets(answer.object, path, value) for path, value in wait.expect):
            return
        if run.clock.monotonic() >= deadline or run.stop.is_set():
            message = f"{read.path} does not show the last change"
            raise GraphError(message, method="GET", path=str(read.path), remedy="run apply again")
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


def _meets(body: Mapping[str, Json], path: str, value: Json) -> bool:
    found = paths.select(body, path)
    return (None if isinstance(found, Missing) else found) == value
