"""The world of a test: a sandbox, a virtual clock, and runs that are as real as the product's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

import httpx
from azure.core.credentials import AccessToken
from virtual_time import VirtualTime

from provisioning import manifest
from provisioning.core.guards import Allowed
from provisioning.core.report import Report
from provisioning.engine import reconcile
from provisioning.engine.journal import Journal
from provisioning.engine.run import Run
from provisioning.graph import clouds
from provisioning.graph.client import connect
from provisioning.kinds import KINDS
from provisioning.sandbox import Options, Sandbox
from provisioning.secrets.sinks import Sinks

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class SandboxCredential:
    """A credential whose tokens come from the sandbox; roles None = every permission."""

    box: Sandbox
    tenant_id: str
    roles: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    """Delegated permissions: an administrator signs in."""

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        text = self.box.issue_token(self.tenant_id, roles=self.roles, scopes=self.scopes)
        return AccessToken(text, 2**31)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


@dataclass(slots=True)
class World:
    """One tenant on a sandbox, and the product run against it as often as a test likes."""

    folder: Path
    box: Sandbox
    time: VirtualTime = field(default_factory=VirtualTime)
    runs: int = 0

    @classmethod
    def fresh(cls, folder: Path, options: Options) -> World:
        """An empty tenant; whoever makes it closes its sandbox."""
        folder.mkdir(parents=True, exist_ok=True)
        time = VirtualTime()
        return cls(folder, Sandbox(None, options=options, clock=time.now), time)

    def write(self, text: str, name: str = "manifest.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, path: Path, variables: Mapping[str, str] | None = None) -> manifest.Manifest:
        loaded = manifest.load(path, kinds=KINDS, variables=variables or {})
        assert loaded.manifest is not None, loaded.findings
        return loaded.manifest

    @asynccontextmanager
    async def run(
        self,
        wanted: manifest.Manifest,
        *,
        allow: Iterable[str] = (),
        prune: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        roles: tuple[str, ...] | None = None,
        scopes: tuple[str, ...] | None = None,
        sinks: Path | None = None,
    ) -> AsyncIterator[Run]:
        tenant = self.box.add_tenant(
            wanted.tenant.domain, wanted.tenant.type.value, tenant_id=wanted.tenant.id
        )
        self.runs += 1
        journal = Journal(self.folder / "journal", self.time.clock(), f"run-{self.runs}")
        graph = connect(
            cloud=clouds.named("global"),
            credential=SandboxCredential(self.box, tenant.id, roles, scopes),
            clock=self.time.clock(),
            transport=transport or self.box.transport(),
            observer=journal.exchange,
            random=Random(0),
        )
        async with graph:
            yield Run(
                graph=graph,
                kinds=KINDS,
                manifest=wanted,
                clock=self.time.clock(),
                sinks=Sinks(sinks or self.folder),
                journal=journal,
                allowed=Allowed(frozenset(allow), prune),
            )

    async def plan(self, wanted: manifest.Manifest, **options: object) -> reconcile.Draft:
        async with self.run(wanted, **options) as run:  # type: ignore[arg-type]
            return await reconcile.draft(run)

    async def apply(self, wanted: manifest.Manifest, **options: object) -> Report:
        async with self.run(wanted, **options) as run:  # type: ignore[arg-type]
            return await reconcile.carry_out(run, await reconcile.draft(run))

    def dump(self, wanted: manifest.Manifest) -> dict[str, list[dict[str, object]]]:
        tenant = self.box.add_tenant(wanted.tenant.domain, wanted.tenant.type.value)
        return self.box.dump(tenant.id)
