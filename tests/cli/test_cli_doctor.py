"""`doctor` of a sign-in that lacks rights: all of it is told, with what each is for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

from provisioning.sandbox import Sandbox
from provisioning.sandbox.serve import serve_async


@contextlib.contextmanager
def served(box: Sandbox) -> Iterator[str]:
    """The box on a free port, in a thread of its own."""
    started: list[str] = []
    listening = threading.Event()

    def ready(url: str) -> None:
        started.append(url)
        listening.set()

    loop = asyncio.new_event_loop()
    task = loop.create_task(serve_async(box, port=0, ready=ready))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run)
    thread.start()
    assert listening.wait(10), "not listening"
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        yield made


def test_a_sign_in_without_any_right_is_told_all_that_it_lacks(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(Sandbox(None)) as box:
        tenant = box.add_tenant("contoso.onmicrosoft.com", "b2c")
        monkeypatch.setenv("PROVISIONING_ACCESS_TOKEN", box.issue_token(tenant.id, roles=()))
        with served(box) as url:
            told = shell(f"doctor . --auth token --graph-endpoint {url} --format json")
    checks = {check["name"]: check for check in told.document["checks"]}
    assert told.code == 1
    assert {name: check["status"] for name, check in checks.items()} == {
        "sign-in": "ok",
        "graph": "ok",
        "tenant": "failed",
        "permissions to plan": "failed",
        "permissions to apply": "warning",
    }
    reads = checks["permissions to plan"]["message"]
    assert "Organization.Read.All (to read organization)" in reads
    assert "Directory.Read.All (to read delegated_permission_grant)" in reads
