"""Tenants on a real cluster: worker processes, a scheduler, Graph over loopback, and a SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from cli_shell import opened

from provisioning.cli import fleet_job
from provisioning.cli.compose import Way
from provisioning.cli.fleet_job import Order
from provisioning.core.errors import ProvisioningError
from provisioning.sandbox import Fault, Sandbox, serve
from provisioning.tenants import inventory
from provisioning.tenants.executors import Job, dask

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
        lines = ["version: 1", "defaults: {type: b2c, manifests: [demo.yaml]}", "tenants:"]
        (folder / "keys").mkdir()
        for name, identity in self.ids.items():
            token = box.issue_token(identity, lifetime=86_400)
            (folder / "keys" / name).write_text(token, encoding="utf-8")
            auth = f"{{method: token, accessToken: {{fromFile: keys/{name}}}}}"
            lines.append(f"  {name}: {{domain: {name}.onmicrosoft.com, auth: {auth}}}")
        (folder / "demo.yaml").write_text(MANIFEST, encoding="utf-8")
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


@contextlib.contextmanager
def killing(site: Site) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield a cluster's address, and what returns the tenant whose worker was killed half-way."""
    started: Future[str] = Future()
    killed: Future[str] = Future()
    over = threading.Event()

    async def conducted() -> None:
        async with cluster() as (scheduler, workers):
            started.set_result(scheduler.address)
            while not over.is_set():
                if not killed.done() and (name := site.throttled()) is not None:
                    for state in scheduler.workers.values():
                        if name in {task.key.rpartition("-")[0] for task in state.processing}:
                            workers[state.name].kill()
                    killed.set_result(name)
                await asyncio.sleep(0.005)

    thread = threading.Thread(target=lambda: asyncio.run(conducted()))
    thread.start()
    try:
        yield started.result(60), lambda: killed.result(60)
    finally:
        over.set()
        thread.join()


def test_a_killed_workers_tenants_are_finished_by_the_others_and_nothing_is_made_twice(
    site: Site, tmp_path: Path
) -> None:
    with opened(tmp_path) as shell, killing(site) as (scheduler, victim):
        there = f"--all-tenants --graph-endpoint {site.url} --executor dask --scheduler {scheduler}"
        applied = shell(f"apply {there} --yes --format json")
        assert applied.code == 0, applied.stderr
        told = {each["name"]: each for each in applied.document["tenants"]}
        assert {each["status"] for each in told.values()} == {"applied"}, applied.stdout
        # Applications were there already: the second worker made what was left.
        (part,) = told[victim()]["parts"]
        assert 1 <= len(part["document"]["outcomes"]) <= 3
        again = shell(f"plan {there} --detailed-exitcode --format json")
        assert (again.code, again.document["summary"]["in-sync"]) == (0, len(NAMES))
        # The digest is the same wherever a tenant is planned.
        here = shell(f"plan --all-tenants --graph-endpoint {site.url} --format json").document
        assert [t["digest"] for t in again.document["tenants"]] == [
            t["digest"] for t in here["tenants"]
        ]
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


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Yield the address of such a cluster on a loop of its own, for the command line."""
    started: Future[str] = Future()

    async def ran(over: asyncio.Event) -> None:
        async with one_worker() as address:
            started.set_result(address)
            await over.wait()

    over, loop = asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(ran(over)))
    thread.start()
    try:
        yield started.result(60)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


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


async def test_a_cluster_that_is_gone_is_an_error_of_every_tenant_left() -> None:
    call = "provisioning.nowhere:run"
    async with one_worker() as address, dask.connect(address, call) as there:
        await there.client.close()
        with pytest.raises(ProvisioningError, match=r"^the connection to the Dask scheduler is"):
            await asyncio.wait_for(there.result(Job("contoso", {})), 5)


def test_a_worker_of_another_version_does_nothing() -> None:
    with pytest.raises(RuntimeError, match=r"^provisioning \S+ here, 0\.0\.1 there$"):
        dask.carry_out(fleet_job.CALL, "0.0.1", "{}", "key")


def test_a_job_is_plain_json_without_a_secret(site: Site) -> None:
    text = json.dumps(site.order("apply").job(site.entries[0]).document)
    assert json.loads(text)["tenant"] == NAMES[0]
    assert (site.folder / "keys" / NAMES[0]).read_text(encoding="utf-8") not in text


def test_an_embedded_sandbox_is_no_place_for_workers(tmp_path: Path) -> None:
    way = Way(":memory:", None, None, tmp_path)
    with pytest.raises(ProvisioningError, match="no worker can reach it"):
        Order("plan", "r1", tmp_path / "tenants.yaml", way)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("plan --all-tenants --executor dask", "--executor dask has no scheduler"),
        ("plan --all-tenants --scheduler tcp://x:1", "--scheduler is for a Dask cluster"),
        ("verify demo.yaml --scheduler tcp://x:1", "--scheduler is for a Dask cluster"),
        (
            "apply demo.yaml --executor dask --scheduler tcp://x:1",
            "--executor is for tenants of the inventory",
        ),
        ("plan --all-tenants --executor spark", "'spark' is not one of 'local', 'dask'"),
    ],
)
def test_options_of_a_cluster_that_contradict_each_other_are_told(
    site: Site, line: str, told: str
) -> None:
    with opened(site.folder) as shell:
        ended = shell(line)
    assert ended.code == 1
    assert told in " ".join(ended.stderr.replace("│", " ").split())


def test_two_tenants_that_store_in_one_place_and_people_who_sign_in_are_told_before_any_job(
    site: Site,
) -> None:
    """No worker sees both tenants, and nobody sits there."""
    secret = "    secrets: {main: {store: {dotenv: s, name: A}}}\n    publicClient:"
    stored = MANIFEST.replace("    publicClient:", secret)
    (site.folder / "stored.yaml").write_text(stored, encoding="utf-8")
    with opened(site.folder) as shell, running() as address:
        there = f"--executor dask --scheduler {address} --graph-endpoint {site.url} --format json"
        twice = shell(f"plan stored.yaml --tenant tenant-0,tenant-1 --parallel 1 {there}")
        asked = shell(f"plan --tenant tenant-0 --auth device-code {there}")
    first, second = twice.document["tenants"]
    assert (first["status"], second["status"]) == ("changes", "failed")
    assert second["findings"][0]["rule"] == "store-of-two-tenants"
    assert asked.document["tenants"][0]["error"]["message"] == (
        "device-code asks a person, and nobody sits at a worker"
    )
