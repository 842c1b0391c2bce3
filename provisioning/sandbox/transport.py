"""The sandbox as an httpx transport; must not answer anything itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from provisioning.sandbox.wire import DROPPED

if TYPE_CHECKING:
    from starlette.applications import Starlette


class SandboxTransport(httpx.AsyncBaseTransport):
    """Answers any host from the application in this process.

    Raises:
        httpx.ConnectError: a scripted drop before the work.
        httpx.ReadError: a scripted drop after it.
    """

    def __init__(self, app: Starlette) -> None:
        self._inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand one request to the application."""
        response = await self._inner.handle_async_request(request)
        dropped = response.headers.get(DROPPED)
        if dropped is None:
            return response
        await response.aclose()
        if dropped == "after":
            raise httpx.ReadError("connection lost", request=request)
        raise httpx.ConnectError("connection refused", request=request)
