"""A sample of the law with a real process: killed while it writes, run again, converged."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from world import ROOT

from provisioning.sandbox import Options, Sandbox, serve

POINTS = {
    "first application": r"^/v1\.0/applications$",
    "grant": r"^/v1\.0/oauth2PermissionGrants$",
    "secret": r"/addPassword$",
}


@pytest.fixture
def served() -> tuple[Sandbox, str, str]:
    box = Sandbox(None, options=Options(read_lag=1), latency=0.02)
    tenant = box.add_tenant("contoso.onmicrosoft.com", "b2c")
    ready = threading.Event()
    urls: list[str] = []

    def started(url: str) -> None:
        urls.append(url)
        ready.set()

    threading.Thread(target=lambda: serve(box, port=0, ready=started), daemon=True).start()
    assert ready.wait(10)
    return box, urls[0], tenant.id


async def apply(url: str, token: str, folder: Path) -> asyncio.subprocess.Process:
    environment = {k: v for k, v in os.environ.items() if k != "CI"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "provisioning", "apply", "manifest.yaml", "--yes"),
        *("--auth", "token", "--graph-endpoint", url),
        cwd=folder,
        env={**environment, "PROVISIONING_ACCESS_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_process_is_finished_by_the_next(
    served: tuple[Sandbox, str, str], tmp_path: Path, point: str
) -> None:
    box, url, tenant = served
    text = (ROOT / "manifests" / "access-token" / "manifest.yaml").read_text(encoding="utf-8")
    (tmp_path / "manifest.yaml").write_text(text, encoding="utf-8")
    token = box.issue_token(tenant, lifetime=86400)
    victim = await apply(url, token, tmp_path)
    # The other side is a process: nothing here could be awaited instead of looking again.
    while victim.returncode is None and not any(  # noqa: ASYNC110
        seen.method != "GET" and re.search(POINTS[point], seen.path) for seen in list(box.log)
    ):
        await asyncio.sleep(0.001)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    next_run = await apply(url, token, tmp_path)
    output, errors = await next_run.communicate()
    assert next_run.returncode == 0, (output.decode(), errors.decode())
    dump = box.dump(tenant)
    names = Counter(str(app["displayName"]) for app in dump["applications"])
    assert names["webapi1"] == names["webapp1"] == 1
    (web,) = (app for app in dump["applications"] if app["displayName"] == "webapp1")
    stored = (tmp_path / ".secrets" / "web.env").read_text(encoding="utf-8")
    (credential,) = web["passwordCredentials"]
    assert str(credential["keyId"]) in stored
