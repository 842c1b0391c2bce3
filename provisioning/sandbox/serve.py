"""The sandbox on a loopback port, for other processes; must not answer anything itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from provisioning.sandbox import tls as certificates
from provisioning.sandbox.box import Sandbox
from provisioning.sandbox.wire import DROPPED

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def serve(
    box: Sandbox,
    *,
    port: int,
    host: str = "127.0.0.1",
    ready: Callable[[str], None] | None = None,
    tls: Path | None = None,
) -> None:
    """Answer until interrupted; port 0 takes a free one, `ready` is told the address.

    Args:
        box: what answers.
        port: 0 takes a free one.
        host: loopback.
        ready: told the address once it is there.
        tls: a folder for the authority's `ca.pem` and the server's certificate, made when
            missing; the address is then an https one.

    Raises:
        ValueError: a host that is not loopback.
    """
    asyncio.run(serve_async(box, host=host, port=port, ready=ready, tls=tls))


async def serve_async(
    box: Sandbox,
    *,
    port: int,
    host: str = "127.0.0.1",
    ready: Callable[[str], None] | None = None,
    tls: Path | None = None,
) -> None:
    """As `serve`, inside a running event loop; ends when its task is cancelled."""
    if host not in _LOOPBACK:
        raise ValueError(f"the sandbox answers on loopback only, not on {host}")
    connections: dict[Any, asyncio.Transport] = {}
    files = None if tls is None else certificates.files(tls)
    config = uvicorn.Config(
        _Severing(box.app, connections),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        http=_protocol(connections),
        ssl_certfile=None if files is None else files.certificate,
        ssl_keyfile=None if files is None else files.key,
    )
    server = _Server(config, ready)
    try:
        await server.serve()
    except asyncio.CancelledError:
        await server.shutdown()
        raise
    finally:
        for each in tuple(connections.values()):
            each.abort()
        # A transport lets go of its socket in the loop's next round, TLS in the one after.
        for _ in range(3):
            await asyncio.sleep(0)


class _Server(uvicorn.Server):
    """Tells the address once it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._ready is not None and self.servers:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            scheme = "https" if self.config.is_ssl else "http"
            self._ready(f"{scheme}://{host}:{port}")


def _protocol(connections: dict[Any, asyncio.Transport]) -> type[asyncio.Protocol]:
    class Protocol(H11Protocol):
        """Remembers its transport, so that a scripted drop can cut it."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            # Kept: a TLS transport forgets it before connection_lost.
            self._peer = transport.get_extra_info("peername")[:2]
            connections[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self._peer, None)
            super().connection_lost(exc)

    return Protocol


class _Severing:
    """Cuts the connection of an answer that is marked as dropped."""

    def __init__(self, app: ASGIApp, connections: dict[Any, asyncio.Transport]) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass messages on until one is marked."""
        cut = False

        async def sever(message: Message) -> None:
            nonlocal cut
            names = {name.lower() for name, _ in message.get("headers", ())}
            if DROPPED.encode() in names:
                cut = True
                self._connections[tuple(scope["client"])].abort()
            if not cut:
                await send(message)

        await self._app(scope, receive, sever)
