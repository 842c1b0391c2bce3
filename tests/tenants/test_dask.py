"""Tenants on a real cluster: worker processes, a scheduler, Graph over loopback, and a SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import threading
from collections import Counter
from collections.abc import AsyncIterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from provisioning.cli import compose, fleet_job
from provisioning.cli.compose import Way
from provisioning.cli.fleet_job import Order
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import FleetRun, Status
from provisioning.sandbox import Fault, Sandbox, serve
from provisioning.tenants import fleet, inventory, rollout
from provisioning.tenants.executors import Job, dask
from provisioning.tenants.fleet import Fleet
from provisioning.tenants.inventory import Entry
from provisioning.tenants.spool import Spool

distributed: Any = pytest.importorskip("distributed", reason="the extra dask is not installed")

MANIFEST = """\
version: 1
name: demo
applications:
  api:
    displayName: api
    identifierUris: ["https://${tenant.domain}/api"]
    scopes: {read: {adminConsentDisplayName: Read, adminConsentDescription: Read}}
  app:
    displayName: app
    allowPublicClient: true
    publicClient: {redirectUris: ["myapp://auth"]}
    permissions: [{resource: api, delegated: [read], adminConsent: true}]
"""
NAMES = tuple(f"tenant-{number}" for number in range(4))
KINDS = ("applications", "servicePrincipals")
WORKERS = 3


class Site:
    """A served sandbox with tenants, and an inventory that names a token file for each."""

    def __init__(self, folder: Path, box: Sandbox, url: str) -> None:
        self.folder, self.box, self.url = folder, box, url
        self.ids = {name: box.add_tenant(f"{name}.onmicrosoft.com", "b2c").id for name in NAMES}
        lines = ["version: 1", "defaults: {type: b2c, manifests: [manifest.yaml]}", "tenants:"]
        (folder / "keys").mkdir()
        for name, identity in self.ids.items():
            token = box.issue_token(identity, lifetime=86_400)
            (folder / "keys" / name).write_text(token, encoding="utf-8")
            auth = f"{{method: token, accessToken: {{fromFile: keys/{name}}}}}"
            lines.append(f"  {name}: {{domain: {name}.onmicrosoft.com, auth: {auth}}}")
        (folder / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
        self.inventory = folder / "tenants.yaml"
        self.inventory.write_text("\n".join(lines) + "\n", encoding="utf-8")
        loaded = inventory.load(self.inventory).inventory
        assert loaded is not None
        self.entries = loaded.tenants

    def order(self, command: str) -> Order:
        way = Way(None, None, self.url, self.folder / "journal")
        return Order(command, "r1", self.inventory, way, writes=True)

    def throttled(self) -> str | None:
        """Name the tenant that was told to wait, which it does between two writes."""
        names = {identity: name for name, identity in self.ids.items()}
        waiting = (seen.tenant_id for seen in [*self.box.log] if seen.status == 429)
        return next((names[identity] for identity in waiting if identity), None)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    box = Sandbox(None)
    # The first service principal is made, but whoever asked for it is told to wait.
    box.faults.add(
        Fault(
            path="/servicePrincipals$",
            method="POST",
            status=429,
            headers={"Retry-After": "5"},
            after_commit=True,
        )
    )
    ready = threading.Event()
    urls: list[str] = []

    def started(url: str) -> None:
        urls.append(url)
        ready.set()

    threading.Thread(target=lambda: serve(box, port=0, ready=started), daemon=True).start()
    assert ready.wait(10)
    return Site(tmp_path, box, urls[0])


def serve_tasks(address: str, name: str) -> None:
    """Be a worker until killed."""

    async def served() -> None:
        worker = distributed.Worker(address, name=name, nthreads=1, dashboard=False)
        await worker
        await worker.finished()

    asyncio.run(served())


@contextlib.asynccontextmanager
async def cluster() -> AsyncIterator[tuple[Any, dict[str, BaseProcess]]]:
    """Yield a scheduler in this process and workers in others, none of which a nanny revives.

    They are forked from one process that has imported everything, which is what takes long.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["distributed", "provisioning.cli.fleet_job"])
    async with distributed.Scheduler(
        host="127.0.0.1", port=0, dashboard=False, dashboard_address=":0"
    ) as scheduler:
        workers: dict[str, BaseProcess] = {
            name: forks.Process(target=serve_tasks, args=(scheduler.address, name), daemon=True)
            for name in map(str, range(WORKERS))
        }
        try:
            for worker in workers.values():
                worker.start()
            while len(scheduler.workers) < WORKERS:  # noqa: ASYNC110 - they are other processes
                await asyncio.sleep(0.01)
            yield scheduler, workers
        finally:
            for worker in workers.values():
                worker.kill()
                worker.join(10)


async def conducted(site: Site, spool: Spool, command: str, work: fleet.Work) -> FleetRun:
    now = compose.clock()
    made = Fleet(command, "r1", now, spool, asyncio.Event(), parallel=len(NAMES))
    return await fleet.run(made, rollout.side_by_side(site.entries), work)


async def killed_half_way(site: Site, scheduler: Any, workers: dict[str, BaseProcess]) -> str:
    """Kill the worker that waits between two writes; returns the tenant it is busy with."""
    while (name := site.throttled()) is None:  # noqa: ASYNC110 - they are other processes
        await asyncio.sleep(0.005)
    for state in scheduler.workers.values():
        if name in {task.key.rpartition("-")[0] for task in state.processing}:
            workers[state.name].kill()
    return name


async def test_a_killed_workers_tenants_are_finished_by_the_others_and_nothing_is_made_twice(
    site: Site, tmp_path: Path
) -> None:
    planning, applying = site.order("plan"), site.order("apply")
    async with (
        cluster() as (scheduler, workers),
        dask.connect(scheduler.address, fleet_job.CALL) as executor,
    ):
        with Spool(tmp_path / "plans") as plans, Spool(tmp_path / "results") as results:
            planned = await conducted(
                site, plans, "plan", lambda entry: planning.send(executor, entry)
            )
            assert planned.counts[Status.CHANGES] == len(NAMES), [*plans]

            async def applied(entry: Entry) -> Any:
                return await applying.send(executor, entry, plans.read(entry.name))

            killer = asyncio.create_task(
                asyncio.wait_for(killed_half_way(site, scheduler, workers), 60)
            )
            run = await conducted(site, results, "apply", applied)
            victim = await killer
            assert len(scheduler.workers) == WORKERS - 1
            told = {each.name: (each.status, each.problem) for each in results}
            assert run.counts[Status.APPLIED] == len(NAMES), told
            # Applications were there already: the second worker made what was left.
            (part,) = results.read(victim).parts
            assert 1 <= len(part.document["outcomes"]) <= 3
            with Spool(tmp_path / "again") as seen:
                again = await conducted(
                    site, seen, "plan", lambda entry: planning.send(executor, entry)
                )
    assert again.counts[Status.IN_SYNC] == len(NAMES)
    for identity in site.ids.values():
        dump = site.box.dump(identity)
        for kind in KINDS:
            names = Counter(str(each["displayName"]) for each in dump[kind])
            assert (names["api"], names["app"]) == (1, 1)
        assert len(dump["oauth2PermissionGrants"]) == 1


@contextlib.asynccontextmanager
async def one_worker() -> AsyncIterator[str]:
    """Yield the address of a cluster in this process, for what needs no kill."""
    async with (
        distributed.Scheduler(host="127.0.0.1", port=0, dashboard_address=":0") as scheduler,
        distributed.Worker(scheduler.address, nthreads=1, dashboard=False),
    ):
        yield str(scheduler.address)


async def test_a_job_that_a_worker_cannot_do_says_what_every_worker_needs() -> None:
    call = "provisioning.nowhere:run"
    async with one_worker() as address, dask.connect(address, call) as there:
        with pytest.raises(ProvisioningError) as caught:
            await there.result(Job("contoso", {}))
    assert caught.value.message == (
        "the job could not be carried out: "
        "ModuleNotFoundError: No module named 'provisioning.nowhere'"
    )
    assert "every worker needs this version of provisioning" in caught.value.remedy


async def test_a_scheduler_that_does_not_answer_is_an_error_with_its_address() -> None:
    with pytest.raises(
        ProvisioningError, match=r"^no Dask scheduler answers at tcp://127\.0\.0\.1:9$"
    ):
        async with dask.connect("tcp://127.0.0.1:9", fleet_job.CALL, seconds=0.1):
            pytest.fail("nobody is there")


def test_a_worker_of_another_version_does_nothing() -> None:
    with pytest.raises(RuntimeError, match=r"^provisioning \S+ here, 0\.0\.1 there$"):
        dask.carry_out(fleet_job.CALL, "0.0.1", "{}")


def test_a_job_is_plain_json_without_a_secret(site: Site) -> None:
    text = json.dumps(site.order("apply").job(site.entries[0]).document)
    assert json.loads(text)["tenant"] == NAMES[0]
    assert (site.folder / "keys" / NAMES[0]).read_text(encoding="utf-8") not in text


def test_an_embedded_sandbox_is_no_place_for_workers(tmp_path: Path) -> None:
    way = Way(":memory:", None, None, tmp_path)
    with pytest.raises(ProvisioningError, match="no worker can reach it"):
        Order("plan", "r1", tmp_path / "tenants.yaml", way)
