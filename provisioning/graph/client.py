"""Microsoft Graph for the rooms above: reads in, answers out; writes one by one.

Must not know what it carries: paths and bodies are the kinds', order is the engine's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from types import TracebackType
from typing import Final, Self

import httpx
from azure.core.credentials_async import AsyncTokenCredential

from provisioning.core.model import Json, Principal
from provisioning.core.report import Stats
from provisioning.core.request import Answer, Call, Read
from provisioning.graph import answers, clouds, exchange, retry, tokens
from provisioning.graph.clock import Clock
from provisioning.graph.clouds import Cloud
from provisioning.graph.errors import AnswerError
from provisioning.graph.exchange import Observer, Outgoing
from provisioning.graph.pace import Pace
from provisioning.graph.pipeline import Pipeline
from provisioning.graph.reading import Reader
from provisioning.graph.retry import Retry
from provisioning.graph.tokens import Tokens

RETRY_BUDGET: Final = 500
"""Retries of one run for throttling and outages together."""

_GLOBAL: Final = clouds.CLOUDS["global"].resource

_SECRET_PROPERTIES: Final = frozenset(
    {"k", "key", "password", "secretText", "clientSecret", "certificateData", "d"}
)


def connect(
    *,
    cloud: Cloud,
    credential: AsyncTokenCredential,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None = None,
    graph_endpoint: str | None = None,
    width: int = 32,
    observer: Observer | None = None,
    on_retry: Callable[[str], None] | None = None,
    random: Random | None = None,
    retry_budget: int = RETRY_BUDGET,
) -> Graph:
    """Build a client; nothing is sent before the first read.

    `graph_endpoint` replaces scheme and authority of Graph; `width` bounds the HTTP calls in
    flight; `random` is the source of jitter. Raises ProvisioningError for a bad endpoint.
    """
    at = cloud if graph_endpoint is None else clouds.at_endpoint(cloud, graph_endpoint)
    watch = observer or exchange.ignore
    held = Tokens(credential, clock)
    return Graph(
        at,
        held,
        pipeline=Pipeline(at, held, transport=transport, width=width, observer=watch),
        patience=Retry(
            clock,
            random or Random(),  # noqa: S311 - jitter needs no cryptography
            budget=retry_budget,
            notice=on_retry,
        ),
        pace=Pace(clock, notice=on_retry),
        observer=watch,
    )


class Graph:
    """One tenant's Graph for one run; an async context manager that closes its connections."""

    def __init__(
        self,
        cloud: Cloud,
        held: Tokens,
        *,
        pipeline: Pipeline,
        patience: Retry,
        pace: Pace,
        observer: Observer,
    ) -> None:
        self._cloud = cloud
        self._tokens = held
        self._pipeline = pipeline
        self._retry = patience
        self._pace = pace
        self._reader = Reader(pipeline, patience, cloud, observer)
        self._writes = 0

    async def read(self, reads: Sequence[Read]) -> list[Answer]:
        """Answer every read, in order; equal keys are read once, pages are followed.

        404 and what a read tolerates are answers; raises GraphError for all else.
        """
        return await self._reader.read(reads)

    async def send(self, call: Call) -> Answer:
        """Carry out one write and return its answer.

        Raises GraphError; its `ambiguous` tells that a write which may not be repeated may have
        been carried out. A DELETE sent again after a lost answer takes 404 for its success.
        """
        request = self._outgoing(call)
        uncertain = False

        async def attempt() -> Answer:
            nonlocal uncertain
            if call.paced:
                await self._pace.turn()
            self._writes += 1
            try:
                return answers.written(request, await self._pipeline.ask(request))
            except AnswerError as error:
                if uncertain and call.method == "DELETE" and error.status == 404:
                    # The attempt before, whose answer was lost, has removed it.
                    return Answer(status=404, body=error.body)
                uncertain = uncertain or retry.unknown_outcome(error)
                raise

        try:
            return await self._retry.run(attempt, retry.allowance(call))
        except AnswerError as error:
            error.ambiguous = not call.repeatable and retry.unknown_outcome(error)
            raise

    async def principal(self) -> Principal:
        """Tell who signed in, from the access token's payload; all None for an opaque one."""
        token = await self._tokens.get_token(self._cloud.scope, enable_cae=True)
        return tokens.principal(token.token)

    @property
    def stats(self) -> Stats:
        """What the run cost so far: HTTP calls, requests (a batch of n is n) and retries."""
        return Stats(
            http_calls=self._pipeline.http_calls,
            requests=self._writes + self._reader.requests,
            retries=self._retry.retries,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pipeline.aclose()
        await self._tokens.close()

    def _outgoing(self, call: Call) -> Outgoing:
        content = call.content
        if call.body is not None:
            body = _at_home(call.body, self._cloud.resource)
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        typed = () if content is None else (("content-type", call.content_type),)
        return Outgoing(
            method=call.method,
            path=self._pipeline.target(call.version, call.path),
            content=content,
            headers=(*call.headers, *typed),
            secrets=tuple(_secrets(call.body)),
        )


def _at_home(body: Json, resource: str) -> Json:
    """Let a reference by URL name this cloud's Graph; kinds know the global one only."""
    url = body.get("@odata.id") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(url, str) or not url.startswith(_GLOBAL):
        return body
    return {**body, "@odata.id": resource + url.removeprefix(_GLOBAL)}


def _secrets(body: Json) -> Iterator[str]:
    if isinstance(body, dict):
        for name, value in body.items():
            if name in _SECRET_PROPERTIES and isinstance(value, str):
                yield value
            else:
                yield from _secrets(value)
    elif isinstance(body, list):
        for value in body:
            yield from _secrets(value)
