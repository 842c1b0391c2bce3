"""Send one request of a step: references replaced, merges made, known failures turned around.

Raises GraphError or SecretError when a request can't be turned into progress, Unknown when a
reference never became known. Decides nothing about order; `apply` does.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.core import paths
from provisioning.core.errors import GraphError
from provisioning.core.kind import Work
from provisioning.core.model import Json, Secret, Value
from provisioning.core.request import Alternative, Answer, Append, Call, ErrorMatch, Request
from provisioning.engine import merge, patience
from provisioning.engine.knowledge import Knowledge, Lane, young
from provisioning.engine.run import Run
from provisioning.graph.errors import match

CONCURRENT_WRITES = ErrorMatch(code="AADB2C95053")
"""Azure AD B2C's refusal of overlapping writes."""
LANE_SECONDS = 120.0


async def send(run: Run, knowledge: Knowledge, work: Work, request: Request) -> None:
    """Carry out one request, its waiting included; captures and secrets go where they belong."""
    answer: Answer | None = None
    try:
        async with knowledge.lock(request.lock):
            if request.append is not None:
                await _appended(run, knowledge, work, request, request.append)
            else:
                answer = await _sent(run, knowledge, work, request)
                knowledge.written.add(work.step.address)
                await _keep(run, knowledge, work, request, answer)
    except GraphError as problem:
        if any(match(problem, known) for known in request.tolerate):
            return
        way = next((a for a in request.alternatives if match(problem, a.when)), None)
        if way is None:
            if request.explain is not None:
                problem.message = request.explain(problem.message)
            raise
        await _alternative(run, knowledge, work, way, problem)
    else:
        for more in request.then(answer) if request.then is not None and answer else ():
            await send(run, knowledge, work, more)
    if request.wait is not None:
        await patience.settled(run, knowledge, request.wait)


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
        content = knowledge.text(content).encode()
    return Call(
        method=request.method,
        path=knowledge.text(request.path),
        version=request.version,
        body=await _revealed(run, knowledge.filled(request.body)),
        content=content,
        content_type=request.content_type,
        headers=request.headers,
        repeatable=request.repeatable,
        transient=(*request.transient, *run.kind(work.step.address.kind).transient),
        turned=tuple(way.when for way in request.alternatives if way.absent or not way.lookup),
        young=young(run, knowledge, work, request),
        paced=request.paced,
    )


async def _sent(run: Run, knowledge: Knowledge, work: Work, request: Request) -> Answer:
    call = await _call(run, knowledge, work, request)
    if request.replaces is not None:
        run.journal.replaced(call.path, call.version, request.replaces)
    if not request.lane:
        return await run.graph.send(call)
    return await _in_lane(run, knowledge.lane(request.lane), call)


async def _in_lane(run: Run, lane: Lane, call: Call) -> Answer:
    """Side by side while the service allows it; one by one once it has refused."""
    if not lane.serial:
        try:
            return await run.graph.send(call)
        except GraphError as problem:
            if not match(problem, CONCURRENT_WRITES):
                raise
            lane.serial = True
    async with lane.lock:
        async for _ in patience.tries(run, LANE_SECONDS, "for the writes of others to end"):
            try:
                return await run.graph.send(call)
            except GraphError as problem:
                if not match(problem, CONCURRENT_WRITES):
                    raise
                refusal = problem
        raise refusal


async def _appended(
    run: Run, knowledge: Knowledge, work: Work, request: Request, append: Append
) -> None:
    whole = await merge.merged(run, knowledge, request, append)
    if whole is not None:
        body: Value = paths.nest({append.field: whole})  # type: ignore[assignment]
        patch = replace(request, method="PATCH", body=body, append=None)
        await run.graph.send(await _call(run, knowledge, work, patch))


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


async def _alternative(
    run: Run, knowledge: Knowledge, work: Work, way: Alternative, problem: GraphError
) -> None:
    """Turn a known failure around: find what is there already, prove it ours, go on from it."""
    following = way.then
    if way.lookup:
        body = await patience.look_up(run, knowledge, way)
        if body is None and not way.absent:
            raise problem
        if body is None:
            following = way.absent
        elif not patience.proven(knowledge, body, way):
            raise _explained(problem, way.otherwise)
        else:
            knowledge.captured[work.step.address] = body
    for request in following:
        await send(run, knowledge, work, request)


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
