"""A B2C tenant to play policies, keys and user flows against. Asserts only convergence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import DOMAIN, holds, rules, steps
from world import ROOT, World

from provisioning.core.model import Finding, Secret
from provisioning.core.plan import Plan
from provisioning.core.report import Report
from provisioning.core.request import Call
from provisioning.engine import reconcile
from provisioning.kinds import KINDS
from provisioning.manifest import load
from provisioning.sandbox import Options

__all__ = ["DOMAIN", "POLICIES", "SHIPPED", "B2c", "holds", "rules", "steps"]

SHIPPED = ROOT / "manifests" / "ropc-custom-policy" / "policies"
KEYS = """
policyKeys:
  TokenSigningKeyContainer: {generate: {kty: RSA, use: sig}}
  TokenEncryptionKeyContainer: {generate: {kty: RSA, use: enc}}
"""
IDS = """
    IdentityExperienceFrameworkAppId: 11111111-1111-4111-8111-111111111111
    ProxyIdentityExperienceFrameworkAppId: 22222222-2222-4222-8222-222222222222
"""
POLICIES = f"""
{KEYS}
customPolicies:
  files: [policies/*.xml]
  settings: {IDS}
"""


@dataclass(frozen=True, slots=True)
class B2c:
    """One tenant; texts are what stands below `tenant:`, in YAML."""

    world: World
    secrets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, folder: Path, secrets: Mapping[str, str] | None = None, **options: Any) -> B2c:
        return cls(World.fresh(folder, Options(**options)), secrets or {})

    @property
    def tenant(self) -> str:
        return self.world.box.add_tenant(DOMAIN, "b2c").id

    def write(self, text: str, name: str = "demo") -> Path:
        head = f"version: 1\nname: {name}\ntenant: {{domain: {DOMAIN}, type: b2c}}\n"
        return self.world.write(head + text)

    def policies(self, **files: str) -> None:
        """Put the shipped policies into the folder, and others beside or over them."""
        folder = self.world.folder / "policies"
        folder.mkdir(exist_ok=True)
        for shipped in SHIPPED.glob("*.xml"):
            (folder / shipped.name).write_bytes(shipped.read_bytes())
        for name, content in files.items():
            (folder / f"{name}.xml").write_text(content, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one of the policies in the folder."""
        path = self.world.folder / "policies" / f"{file}.xml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def findings(self, text: str) -> tuple[Finding, ...]:
        return load(self.write(text), kinds=KINDS).findings

    async def draft(self, text: str, *, name: str = "demo", **run: Any) -> reconcile.Draft:
        return await self.world.plan(self.world.load(self.write(text, name)), **run)

    async def plan(self, text: str, **run: Any) -> Plan:
        return (await self.draft(text, **run)).plan

    async def apply(self, text: str, *, name: str = "demo", **options: Any) -> Report:
        wanted = self.world.load(self.write(text, name))
        async with self.world.run(wanted, **options) as run:
            reading = dataclasses.replace(run, read_secret=self._reveal)
            return await reconcile.carry_out(reading, await reconcile.draft(reading))

    async def settle(self, text: str, **options: Any) -> list[str]:
        """Apply, see that the next plan is empty, and return the writes that were accepted."""
        before = len(self.world.box.log)
        report = await self.apply(text, **options)
        faults = [(str(o.address), o.result, o.reason, o.fault) for o in report.outcomes]
        assert not report.failed, faults
        assert report.after is not None
        assert report.after.steps == (), report.after.steps
        return self.writes(before)

    async def elsewhere(self, method: str, path: str, content: str = "") -> None:
        """Let somebody else change a policy."""
        call = Call(
            method,
            path,
            version="beta",
            content=content.encode() if content else None,
            content_type="application/xml",
        )
        async with self.world.run(self.world.load(self.write("applications: {}\n"))) as run:
            await run.graph.send(call)

    async def _reveal(self, secret: Secret) -> str:
        return self.secrets[secret.source[1]]

    def writes(self, start: int = 0) -> list[str]:
        return [
            f"{entry.method} {entry.path.removeprefix('/v1.0').removeprefix('/beta')}"
            for entry in self.world.box.log[start:]
            if entry.method != "GET" and "$batch" not in entry.path and entry.status < 300
        ]

    def kept(self, collection: str) -> list[dict[str, Any]]:
        return list(self.world.box.dump(self.tenant)[collection])

    def ledger(self, name: str = "demo") -> list[str]:
        """What the ledger says, its marker aside."""
        (found,) = (
            app["tags"]
            for app in self.kept("applications")
            if f"provisioning-ledger:{name}" in app["tags"]
        )
        return sorted(tag for tag in found if not tag.startswith("provisioning-ledger:"))

    def keys(self, key_set: str) -> list[dict[str, Any]]:
        (found,) = (one["keys"] for one in self.kept("keySets") if one["id"] == key_set)
        return list(found)

    def policy(self, policy_id: str) -> str:
        (found,) = (one["xml"] for one in self.kept("policies") if one["id"] == policy_id)
        return str(found)
