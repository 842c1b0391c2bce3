"""A Graph client over a scripted transport and a clock that moves only when somebody sleeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Self

import httpx
from azure.core.credentials import AccessToken
from virtual_time import VirtualTime

from provisioning.graph import clouds
from provisioning.graph.client import Graph, connect
from provisioning.graph.exchange import Exchange

TOKEN = "first-access-token"  # what every text is searched for

Answer = httpx.Response | Exception
Responder = Callable[[httpx.Request], Answer]


class Tokens:
    """A credential that hands out its tokens in turn and then repeats the last."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens or (TOKEN,))
        self.asked: list[dict[str, Any]] = []
        self.scopes: tuple[str, ...] = ()
        self.closed = False

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        await asyncio.sleep(0)
        self.scopes = scopes
        self.asked.append(options)
        text = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return AccessToken(text, 2**31)

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


class Wire(httpx.AsyncBaseTransport):
    """Answers by a function, or by a list in order; keeps every request."""

    def __init__(self, script: Responder | Iterable[Answer]) -> None:
        self.requests: list[httpx.Request] = []
        self.in_flight = 0
        self.most_in_flight = 0
        if callable(script):
            self._answer: Responder = script
        else:
            answers = iter(script)
            self._answer = lambda _request: next(answers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await request.aread()
        for _ in range(10):  # long enough for others to be under way as well
            await asyncio.sleep(0)
        self.in_flight -= 1
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.url.raw_path.decode()}" for one in self.requests]


@dataclass(slots=True)
class Line:
    """A client and everything that a test looks at."""

    graph: Graph
    wire: Wire
    time: VirtualTime
    tokens: Tokens
    exchanges: list[Exchange]
    notices: list[str]


def line(
    script: Responder | Iterable[Answer], *, tokens: Tokens | None = None, **options: Any
) -> Line:
    wire, time, held = Wire(script), VirtualTime(), tokens or Tokens()
    exchanges: list[Exchange] = []
    notices: list[str] = []
    options.setdefault("cloud", clouds.named("global"))
    graph = connect(
        credential=held,
        clock=time.clock(),
        transport=wire,
        observer=exchanges.append,
        on_retry=notices.append,
        random=Random(7),
        **options,
    )
    return Line(graph, wire, time, held, exchanges, notices)


def refusal(
    status: int, code: str = "", message: str = "", *, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"error": {"code": code, "message": message, "innerError": {"request-id": "inner"}}}
    return httpx.Response(status, json=body, headers=headers)


def batched(request: httpx.Request) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(request.content)["requests"]
    return listed


def batch_of(
    request: httpx.Request, answer: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> httpx.Response:
    """Answer every item by a function, last first; None leaves the item out."""
    found = [(item["id"], answer(item)) for item in reversed(batched(request))]
    return httpx.Response(
        200, json={"responses": [{"id": key, **one} for key, one in found if one is not None]}
    )
