"""Many tenants on one sandbox, with an inventory, for runs as real as the command line's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt
from virtual_time import VirtualTime

from provisioning.cli import fleet_session, fleet_tenant
from provisioning.cli.compose import Shared, Way
from provisioning.cli.fleet_tenant import Desk
from provisioning.core.fleet import FleetRun, TenantResult
from provisioning.core.guards import Allowed
from provisioning.graph.spread import Lent
from provisioning.sandbox import Options, Sandbox
from provisioning.tenants import fleet, inventory, rollout
from provisioning.tenants.model import Entry, Inventory
from provisioning.tenants.spool import Spool

MANIFEST = """\
version: 1
name: demo
variables: {redirectUri: {default: "myapp://auth"}}
applications:
  app:
    displayName: App
    signInAudience: AzureADMyOrg
    publicClient: {redirectUris: ["${var.redirectUri}"]}
"""

Answerer = Callable[[httpx.Request], Awaitable[httpx.Response | None] | httpx.Response | None]


class PerTenant(httpx.AsyncBaseTransport):
    """Lets a test answer for some tenants, told apart by their tokens; None passes on."""

    def __init__(self, inner: httpx.AsyncBaseTransport, odd: Mapping[str, Answerer]) -> None:
        self.inner = inner
        self.odd = odd

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        tenant = jwt.decode(token, options={"verify_signature": False})["tid"]
        if (answerer := self.odd.get(tenant)) is not None:
            answer = answerer(request)
            found = await answer if isinstance(answer, Awaitable) else answer
            if found is not None:
                found.request = request
                return found
        return await self.inner.handle_async_request(request)


@dataclass(slots=True)
class Stage:
    """A folder with an inventory, its tenants on a sandbox, each signed in by a token file."""

    folder: Path
    names: tuple[str, ...]
    box: Sandbox
    time: VirtualTime = field(default_factory=VirtualTime)
    odd: dict[str, Answerer] = field(default_factory=dict)
    """By tenant id."""

    @classmethod
    def made(cls, folder: Path, names: Iterable[str], text: str = MANIFEST) -> Stage:
        time = VirtualTime()
        box = Sandbox(None, options=Options(), clock=time.now)
        stage = cls(folder, tuple(names), box, time)
        (folder / "manifest.yaml").write_text(text, encoding="utf-8")
        for name in stage.names:
            box.add_tenant(f"{name}.example", "workforce")
            (folder / name).write_text(stage.token(name), encoding="utf-8")
        stage.write()
        return stage

    def write(
        self, *, rings: str = "", ring: str = "", own: Mapping[str, str] | None = None
    ) -> None:
        """Write the inventory; `own` has more keys of tenants by name."""
        lines = ["version: 1", "defaults:", "  type: workforce", "  manifests: [manifest.yaml]"]
        lines += [f"  ring: {ring}"] if ring else []
        lines += [f"rings: {rings}"] if rings else []
        lines.append("tenants:")
        for name in self.names:
            more = f", {own[name]}" if own and name in own else ""
            auth = f"{{method: token, accessToken: {{fromFile: {name}}}}}"
            lines.append(f"  {name}: {{domain: {name}.example, auth: {auth}{more}}}")
        (self.folder / "tenants.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def token(self, name: str, *, lifetime: int = 2**30) -> str:
        return self.box.issue_token(self.id(name), lifetime=lifetime)

    def id(self, name: str) -> str:
        (found,) = (t.id for t in self.box.tenants() if t.domain == f"{name}.example")
        return found

    def known(self) -> Inventory:
        loaded = inventory.load(self.folder / "tenants.yaml")
        assert loaded.inventory is not None, loaded.findings
        return loaded.inventory

    def desk(self, *, run: str = "run", allow: Allowed | None = None) -> Desk:
        transport = Lent(PerTenant(self.box.transport(), self.odd))
        shared = Shared(self.time.clock(), asyncio.Event(), None, transport)
        way = Way(None, None, None, self.folder / "journal")
        return Desk(way, shared, allow or Allowed(), run=run)

    async def plan(self, desk: Desk | None = None, *, parallel: int = 4) -> Ended:
        desk = desk or self.desk()
        waves = rollout.side_by_side(self.known().tenants)
        return await self.run(
            "plan", desk, waves, lambda e: fleet_tenant.plan(desk, e), parallel=parallel
        )

    async def apply(
        self, desk: Desk | None = None, *, parallel: int = 4, spool: Path | None = None
    ) -> Ended:
        """Plan every tenant, then carry out what the plans show."""
        desk, known = desk or self.desk(), self.known()
        shown = await self.plan(desk)

        async def work(entry: Entry) -> TenantResult:
            return await fleet_tenant.apply(desk, entry, shown[entry.name])

        waves = rollout.waves(known.rings, known.tenants)
        return await self.run("apply", desk, waves, work, parallel=parallel, spool=spool)

    async def run(
        self,
        command: str,
        desk: Desk,
        waves: Iterable[rollout.Wave],
        work: fleet.Work,
        *,
        parallel: int = 4,
        spool: Path | None = None,
    ) -> Ended:
        with Spool(spool or self.folder / f"{command}.jsonl") as kept:
            made = fleet.Fleet(
                command=command,
                run=desk.run,
                clock=self.time.clock(),
                spool=kept,
                stop=desk.shared.stop,
                parallel=parallel,
                describe=fleet_session.describe,
            )
            run = await fleet.run(made, waves, work)
            return Ended(run, {result.name: result for result in kept})


@dataclass(frozen=True, slots=True)
class Ended:
    """A run and its tenants by name."""

    run: FleetRun
    tenants: dict[str, TenantResult]

    def __getitem__(self, name: str) -> TenantResult:
        return self.tenants[name]

    @property
    def statuses(self) -> dict[str, str]:
        return {name: result.status.value for name, result in self.tenants.items()}

    def told(self, name: str) -> str:
        """The problem of a tenant, with its way out."""
        problem = self.tenants[name].problem
        assert problem is not None
        return f"{problem.message}; {problem.remedy}"
