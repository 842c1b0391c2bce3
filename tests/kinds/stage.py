"""A tenant to play a manifest against, and a hand of somebody else in it. Asserts nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from world import World

from provisioning.core.plan import Action, Plan
from provisioning.core.report import Report
from provisioning.engine.reconcile import Draft
from provisioning.sandbox import Options

DOMAIN = "contoso.onmicrosoft.com"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """One tenant; `apps` are the entries of `applications:`, in YAML."""

    world: World
    type: str = "b2c"

    @classmethod
    def fresh(cls, folder: Path, *, type: str = "b2c", **options: Any) -> Stage:  # noqa: A002
        return cls(World.fresh(folder, Options(**options)), type)

    def text(self, apps: str, *, name: str = "demo", head: str = "") -> str:
        lines = apps.strip("\n").splitlines()
        return "\n".join(
            [
                "version: 1",
                f"name: {name}",
                f"tenant: {{domain: {DOMAIN}, type: {self.type}}}",
                *head.strip("\n").splitlines(),
                "applications:",
                *(f"  {line}" for line in lines),
                "",
            ]
        )

    async def draft(self, apps: str, *, name: str = "demo", head: str = "", **run: Any) -> Draft:
        path = self.world.write(self.text(apps, name=name, head=head))
        return await self.world.plan(self.world.load(path), **run)

    async def plan(self, apps: str, **options: Any) -> Plan:
        return (await self.draft(apps, **options)).plan

    async def apply(self, apps: str, *, name: str = "demo", head: str = "", **run: Any) -> Report:
        path = self.world.write(self.text(apps, name=name, head=head))
        return await self.world.apply(self.world.load(path), **run)

    async def settle(self, apps: str, **options: Any) -> list[str]:
        """Apply, see that the next plan is empty, and return the writes that were accepted."""
        before = len(self.world.box.log)
        report = await self.apply(apps, **options)
        faults = [(str(o.address), o.result, o.reason, o.fault) for o in report.outcomes]
        assert not report.failed, faults
        assert report.after is not None
        assert report.after.steps == (), report.after.steps
        return self.writes(before)

    def writes(self, start: int = 0) -> list[str]:
        return [
            f"{entry.method} {entry.path.removeprefix('/v1.0')}"
            for entry in self.world.box.log[start:]
            if entry.method != "GET" and "$batch" not in entry.path and entry.status < 300
        ]

    @asynccontextmanager
    async def somebody(self) -> AsyncIterator[httpx.AsyncClient]:
        """An administrator with a client of their own."""
        tenant = self.world.box.add_tenant(DOMAIN, self.type)
        token = self.world.box.issue_token(tenant.id)
        async with httpx.AsyncClient(
            transport=self.world.box.transport(),
            base_url="https://graph.microsoft.com/v1.0",
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client

    async def make(self, collection: str, **properties: Any) -> Json:
        """Let somebody else create an object."""
        async with self.somebody() as graph:
            answer = await graph.post(f"/{collection}", json=properties)
        assert answer.status_code < 300, answer.text
        return dict(answer.json()) if answer.content else {}

    async def change(self, path: str, **properties: Any) -> None:
        """Let somebody else change an object."""
        async with self.somebody() as graph:
            answer = await graph.patch(path, json=properties)
        assert answer.status_code < 300, answer.text

    def kept(self, collection: str) -> list[Json]:
        """What the tenant holds, the seeded objects aside."""
        (tenant,) = self.world.box.tenants()
        return list(self.world.box.dump(tenant.id)[collection])

    def app(self, name: str) -> Json:
        """The application of a display name."""
        (found,) = (one for one in self.kept("applications") if one["displayName"] == name)
        return found


def steps(plan: Plan) -> dict[str, Action]:
    """Address -> action, for the steps that nothing holds."""
    return {str(step.address): step.action for step in plan.pending}


def holds(plan: Plan) -> dict[str, str]:
    """Address -> the guard that holds it."""
    return {str(step.address): step.held.guard for step in plan.steps if step.held}


def rules(plan: Plan) -> list[str]:
    """Rules of the findings."""
    return [finding.rule for finding in plan.findings]
