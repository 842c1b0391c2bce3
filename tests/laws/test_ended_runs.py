"""A run may end at any request, before or after the server's commit; the next one converges."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest
from world import ROOT, World

from provisioning.sandbox import Options

MANIFESTS = sorted(path.parent for path in (ROOT / "manifests").glob("*/manifest.yaml"))
LAG = 2


class ProcessEndedError(BaseException):
    """What a test raises where a real process would be gone."""


class Ending(httpx.AsyncBaseTransport):
    """Passes `requests` requests on and ends the run at the next one."""

    def __init__(self, inner: httpx.AsyncBaseTransport, requests: int, *, commits: bool) -> None:
        self.inner = inner
        self.left = requests
        self.commits = commits
        self.ended = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.ended:
            raise ProcessEndedError
        if self.left == 0:
            self.ended = True
            if self.commits:
                await (await self.inner.handle_async_request(request)).aread()
            raise ProcessEndedError
        self.left -= 1
        return await self.inner.handle_async_request(request)


@pytest.fixture
def options() -> Options:
    return Options(read_lag=LAG)


async def requests_of_a_whole_run(folder: Path, shipped: Path) -> int:
    world = World.fresh(folder, Options(read_lag=LAG))
    transport = Ending(world.box.transport(), 10**6, commits=False)
    await world.apply(world.load(shipped / "manifest.yaml"), transport=transport)
    return 10**6 - transport.left


@pytest.mark.parametrize("commits", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("shipped", MANIFESTS, ids=lambda path: path.name)
async def test_a_run_that_ended_at_any_request_is_finished_by_the_next(
    tmp_path: Path, shipped: Path, commits: bool
) -> None:
    total = await requests_of_a_whole_run(tmp_path / "whole", shipped)
    assert total > 10
    for requests in range(total):
        world = World.fresh(tmp_path / f"at{requests}", Options(read_lag=LAG))
        wanted = world.load(shipped / "manifest.yaml")
        transport = Ending(world.box.transport(), requests, commits=commits)
        with pytest.raises((ProcessEndedError, BaseExceptionGroup)):
            await world.apply(wanted, transport=transport)
        report = await world.apply(wanted)
        context = (requests, [(str(o.address), o.result, o.fault) for o in report.outcomes])
        assert not report.failed, context
        assert all(step.manual for step in (await world.plan(wanted)).plan.steps), context
        assert_no_twins(world, wanted)
        declared = sum(d.address.kind == "application_password" for d in wanted.desired)
        assert len(assert_every_secret_is_delivered(world)) == declared
        world.box.close()


def assert_no_twins(world: World, wanted: object) -> None:
    dump = world.dump(wanted)  # type: ignore[arg-type]
    names = Counter(str(app["uniqueName"]) for app in dump["applications"] if app.get("uniqueName"))
    assert set(names.values()) == {1}
    assert dump["deletedItems"] == []
    apps = Counter(str(item["appId"]) for item in dump["servicePrincipals"])
    assert set(apps.values()) == {1}
    grants = Counter(str(item["id"]) for item in dump["oauth2PermissionGrants"])
    assert all(count == 1 for count in grants.values())


def assert_every_secret_is_delivered(world: World) -> set[str]:
    """Exactly the stored key ids are live: no secret lost, none left behind; returns them."""
    (tenant,) = world.box.tenants()
    live = {
        str(credential["keyId"])
        for app in world.box.dump(tenant.id)["applications"]
        for credential in app["passwordCredentials"]
    }
    stored = {
        line.partition("=")[2].strip().strip("\"'")
        for path in world.folder.rglob("*.env")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "_KEY_ID=" in line
    }
    assert live == stored
    return live
