"""Many small connection pools in place of one large one. Must not look into what it carries.

httpcore asks every idle connection of a pool whether it still lives each time it hands one out.
With 32 connections that was a quarter of a run's CPU; pools of four ask an eighth as often.
"""

from __future__ import annotations

import math
from typing import Final
from urllib.request import getproxies

import httpx

POOL: Final = 4
"""Connections in one pool."""


def transport(width: int) -> httpx.AsyncBaseTransport | None:
    """Make the transport for `width` connections; None where the environment names a proxy.

    httpx honours proxies only in the transport that it makes itself.
    """
    return None if getproxies() else Spread(width)


class Spread(httpx.AsyncBaseTransport):
    """Sends each request through the pool that has the fewest under way."""

    def __init__(self, width: int) -> None:
        context = httpx.create_ssl_context()
        limits = httpx.Limits(max_connections=POOL, max_keepalive_connections=POOL)
        self._pools = tuple(
            httpx.AsyncHTTPTransport(verify=context, limits=limits)
            for _ in range(math.ceil(width / POOL))
        )
        self._busy = [0] * len(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; a connection stays in its pool."""
        chosen = min(range(len(self._pools)), key=self._busy.__getitem__)
        self._busy[chosen] += 1
        try:
            return await self._pools[chosen].handle_async_request(request)
        finally:
            self._busy[chosen] -= 1

    async def aclose(self) -> None:
        """Close every pool."""
        for pool in self._pools:
            await pool.aclose()


class Lent(httpx.AsyncBaseTransport):
    """A transport that several clients use at a time; closing one of them leaves it open."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on."""
        return await self._inner.handle_async_request(request)
