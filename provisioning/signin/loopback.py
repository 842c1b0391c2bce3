"""Receives an authorization response on loopback from a person's browser (RFC 8252, 7.3).

Must not read more of a request than its target, nor answer with anything it was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from provisioning.graph.clouds import LOOPBACK
from provisioning.signin import causes
from provisioning.signin.refusal import Refused

_PAGE: Final = b"<!doctype html><title>Signed in</title><p>Done. You may close this window.</p>"
_LIMIT: Final = 32 * 1024
"""Longest request target; codes of B2C have a few thousand characters."""


@dataclass(frozen=True, slots=True)
class Listening:
    """An open door: where the browser must be sent back to, and what it brings."""

    redirect_uri: str
    """With the port that is really listened on."""
    redirected: asyncio.Future[str]
    """The whole URL that the browser came back with."""


@asynccontextmanager
async def listen(redirect_uri: str) -> AsyncIterator[Listening]:
    """Listen at a loopback redirect URI while the block runs; without a port, at a free one.

    Raises Refused when the URI is not loopback or its port is taken.
    """
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in LOOPBACK:
        raise Refused(causes.NOT_LOOPBACK, redirect_uri)
    redirected: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    open_writers: set[asyncio.StreamWriter] = set()
    own = ""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            target = await _target(reader)
            url = urljoin(own, target)
            wanted = target.startswith("/") and urlsplit(url).path == (parts.path or "/")
            if wanted and urlsplit(url).query and not redirected.done():
                redirected.set_result(url)
            writer.write(
                _response(_PAGE if wanted else b"", "200 OK" if wanted else "404 Not Found")
            )
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # A browser that goes away, or one that is none: the next may do better.
        finally:
            open_writers.discard(writer)
            writer.close()

    bind = "::1" if host == "::1" else "127.0.0.1"
    try:
        server = await asyncio.start_server(answer, bind, parts.port or 0, limit=_LIMIT)
    except OSError:
        raise Refused(causes.NOT_LOOPBACK, f"port {parts.port} is taken") from None
    port = server.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    own = parts._replace(netloc=f"{shown}:{port}").geturl()
    async with server:
        try:
            yield Listening(own, redirected)
        finally:
            redirected.cancel()
            # Browsers open connections ahead of need; they would outlive the server.
            for writer in tuple(open_writers):
                writer.close()


async def _target(reader: asyncio.StreamReader) -> str:
    first = (await reader.readuntil(b"\n")).decode("ascii")
    method, target, _version = first.split()
    if method != "GET":
        raise ValueError
    while (await reader.readuntil(b"\n")).strip():
        pass  # Unread headers would reset the connection before the page is seen.
    return target


def _response(body: bytes, status: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
