"""A run may end at any request, before or after the server's commit; the next one converges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from world import ROOT, World

from provisioning.manifest import Manifest
from provisioning.sandbox import Options

MANIFESTS = sorted(path.parent for path in (ROOT / "manifests").glob("*/manifest.yaml"))


@dataclass(frozen=True, slots=True)
class Left:
    """What a process that ends at this moment leaves: the tenant, and what stands on its disk."""

    tenant: bytes
    files: tuple[tuple[str, str], ...]
    elapsed: float = field(compare=False)

    @classmethod
    def by(cls, world: World) -> Left:
        files = ((str(path.relative_to(world.folder)), path) for path in stored(world))
        texts = tuple((name, path.read_text(encoding="utf-8")) for name, path in files)
        return cls(world.box.image(), texts, world.time.elapsed)

    def put_back(self, world: World) -> None:
        world.box.restore(self.tenant)
        world.time.elapsed = self.elapsed
        for path in [*stored(world)]:
            path.unlink()
        for name, text in self.files:
            world.write(text, name)


class Watched(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps what an end before and after each of them would leave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.inner = world.box.transport()
        self.requests: list[str] = []
        self.left: dict[Left, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        self.requests.append(name)
        self.left.setdefault(Left.by(self.world), f"before {name}")
        answer = await self.inner.handle_async_request(request)
        await answer.aread()
        self.left.setdefault(Left.by(self.world), f"after {name}")
        return answer


@pytest.fixture
def options() -> Options:
    return Options(read_lag=2)


@pytest.mark.parametrize("shipped", MANIFESTS, ids=lambda path: path.name)
async def test_a_run_that_ended_at_any_request_is_finished_by_the_next(
    world: World, shipped: Path
) -> None:
    wanted = world.load(shipped / "manifest.yaml")
    watched = Watched(world)
    assert not (await world.apply(wanted, transport=watched)).failed
    writes = [name for name in watched.requests if is_write(name)]
    assert len(writes) > 5
    assert len(watched.left) > len(writes)
    for left, when in watched.left.items():
        left.put_back(world)
        await assert_the_next_run_converges(world, wanted, when)


def is_write(request: str) -> bool:
    return not request.startswith("GET") and not request.endswith("/$batch")


async def assert_the_next_run_converges(world: World, wanted: Manifest, when: str) -> None:
    report = await world.apply(wanted)
    context = (when, [(str(o.address), o.result, o.fault) for o in report.outcomes])
    assert not report.failed, context
    assert all(step.manual for step in (await world.plan(wanted)).plan.steps), context
    assert_no_twins(world, wanted)
    declared = sum(d.address.kind == "application_password" for d in wanted.desired)
    assert len(assert_every_secret_is_delivered(world)) == declared, context


def assert_no_twins(world: World, wanted: Manifest) -> None:
    dump = world.dump(wanted)
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
    kept = {
        line.partition("=")[2].strip().strip("\"'")
        for path in stored(world)
        for line in path.read_text(encoding="utf-8").splitlines()
        if "_KEY_ID=" in line
    }
    assert live == kept
    return live


def stored(world: World) -> Iterator[Path]:
    """The files of the sinks."""
    return world.folder.rglob("*.env")
