"""A sandbox on loopback over TLS, for clients that bring their own transport."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from provisioning.sandbox import Sandbox
from provisioning.sandbox.serve import serve_async


@contextlib.contextmanager
def served(box: Sandbox, folder: Path, *, port: int = 0) -> Iterator[str]:
    """The box on a port, a free one by default, over TLS, in a thread of its own."""
    started: list[str] = []
    listening = threading.Event()

    def ready(url: str) -> None:
        started.append(url)
        listening.set()

    loop = asyncio.new_event_loop()
    task = loop.create_task(serve_async(box, port=port, ready=ready, tls=folder))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run)
    thread.start()
    if not listening.wait(10):
        raise AssertionError("not listening")
    try:
        yield started[0].replace("127.0.0.1", "localhost")
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
