"""Many reads in the fewest calls: batches per version, pages followed, failed items alone.

Must not write and must not decide when to retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from provisioning.core.model import Json
from provisioning.core.request import Answer, Read
from provisioning.graph import answers, batch, errors, refusal, retry
from provisioning.graph.batch import Item, Reply
from provisioning.graph.clouds import Cloud
from provisioning.graph.errors import AnswerError
from provisioning.graph.exchange import Exchange, Observer, Outgoing
from provisioning.graph.pipeline import Pipeline
from provisioning.graph.retry import Retry

Result = TypeVar("Result")

_JSON = (("accept", "application/json"), ("content-type", "application/json"))


@dataclass(slots=True, eq=False)
class _Pending:
    """A read on its way: its next page and what its earlier pages held."""

    read: Read
    path: str
    entries: list[Json] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    answer: Answer | None = None

    @property
    def request(self) -> Outgoing:
        return Outgoing("GET", self.path, headers=self.read.headers)

    def accepts(self, error: AnswerError) -> bool:
        return error.status == 404 or any(errors.match(error, rule) for rule in self.read.tolerate)


class Reader:
    """Reads through one pipeline; `requests` counts every read, in a batch or plain."""

    def __init__(
        self, pipeline: Pipeline, patience: Retry, cloud: Cloud, observer: Observer
    ) -> None:
        self.requests = 0
        self._pipeline = pipeline
        self._retry = patience
        self._cloud = cloud
        self._observer = observer

    async def read(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer every read, in order; equal keys are read once. Raises GraphError."""
        pending: dict[str, _Pending] = {}
        for read in reads:
            if read.key not in pending:
                assert isinstance(read.path, str), f"{read.key} still holds a reference"
                target = self._pipeline.target(read.version, read.path)
                pending[read.key] = _Pending(read, target)
        await _together(self._jobs(pending.values()))
        found = {key: one.answer for key, one in pending.items()}
        return [answer for read in reads if (answer := found[read.key]) is not None]

    def _jobs(self, pending: Iterable[_Pending]) -> list[Coroutine[Any, Any, None]]:
        jobs = [self._raw(one) for one in pending if one.read.raw]
        for version in ("v1.0", "beta"):
            group = [one for one in pending if not one.read.raw and one.read.version == version]
            jobs.extend(
                self._pages(version, group[start : start + batch.LIMIT])
                for start in range(0, len(group), batch.LIMIT)
            )
        return jobs

    async def _raw(self, one: _Pending) -> None:
        async def attempt() -> Answer:
            self.requests += 1
            try:
                return answers.raw(one.request, await self._pipeline.ask(one.request))
            except AnswerError as error:
                if not one.accepts(error):
                    raise
                return Answer(status=error.status or 0, body=error.body)

        one.answer = await self._retry.run(attempt)

    async def _pages(self, version: str, group: Sequence[_Pending]) -> None:
        while group:
            replies = await self._round(version, group)
            group = [
                one for one, reply in zip(group, replies, strict=True) if self._more(one, reply)
            ]

    def _more(self, one: _Pending, reply: Reply) -> bool:
        """Take one page; True when another follows."""
        headers = dict(reply.headers)
        if reply.status >= 300 or not one.read.many:
            one.answer = Answer(status=reply.status, body=reply.body, headers=headers)
            return False
        one.entries.extend(answers.page(one.request, reply.body))
        following = answers.following(one.request, reply.body, self._cloud)
        if following is None:
            one.answer = Answer(status=reply.status, body={"value": one.entries}, headers=headers)
            return False
        one.visited.add(one.path)
        if following in one.visited:
            raise refusal.malformed(one.request, "the pages of the answer go round in circles")
        one.path = following
        return True

    async def _round(self, version: str, group: Sequence[_Pending]) -> Sequence[Reply]:
        """Ask for one page of each read; every reply is a success or accepted."""
        if len(group) == 1:
            return [await self._alone(group[0])]
        replies = await self._retry.run(lambda: self._batch(version, group))
        return await _together(
            [self._settled(one, reply) for one, reply in zip(group, replies, strict=True)]
        )

    async def _batch(self, version: str, group: Sequence[_Pending]) -> Sequence[Reply | None]:
        traces = [str(uuid4()) for _ in group]
        items = [
            Item(one.path, (*one.read.headers, ("client-request-id", trace)))
            for one, trace in zip(group, traces, strict=True)
        ]
        request = Outgoing(
            "POST", f"/{version}/$batch", content=batch.body(version, items), headers=_JSON
        )
        self.requests += len(group)
        response = await self._pipeline.ask(request)
        replies = batch.replies(answers.parsed(request, response), len(group))
        if replies is None:
            reason = "the answer to a batch holds no responses"
            raise refusal.malformed(request, reason, response=response)
        for one, trace, reply in zip(group, traces, replies, strict=True):
            status = None if reply is None else reply.status
            request_id = None if reply is None else reply.headers.get("request-id")
            self._observer(Exchange("GET", one.path, status, request_id, trace))
        return replies

    async def _settled(self, one: _Pending, reply: Reply | None) -> Reply:
        """Return a batch's reply, or ask again alone when its failure may pass."""
        if reply is None:
            failure = refusal.malformed(one.request, "the batch came back without its answer")
        elif reply.status < 300:
            if one.read.many or isinstance(reply.body, dict):
                return reply
            failure = refusal.malformed(one.request, "the answer in the batch is not JSON")
        else:
            failure = refusal.item(
                one.request, reply.status, reply.headers, errors.read_body(reply.body)
            )
            if one.accepts(failure):
                return reply
        if retry.cause(failure, retry.READING) is None:
            raise failure
        return await self._alone(one, failure)

    async def _alone(self, one: _Pending, failure: AnswerError | None = None) -> Reply:
        """Ask plain; a failure met in a batch counts as the first attempt, its wait included."""
        met = [] if failure is None else [failure]

        async def attempt() -> Reply:
            if met:
                raise met.pop()
            self.requests += 1
            try:
                response = await self._pipeline.ask(one.request)
            except AnswerError as error:
                if not one.accepts(error) or error.status is None:
                    raise
                return Reply(error.status, error.body)
            return Reply(
                response.status_code, answers.parsed(one.request, response), response.headers
            )

        return await self._retry.run(attempt)


async def _together(jobs: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Await all; the first failure cancels the rest and is raised as itself."""
    if len(jobs) == 1:
        return [await jobs[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
