"""A manifest on a sandbox that is applied once; a leaf is broken, proven, and put back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from world import ROOT, World

from provisioning import manifest
from provisioning.cli import verifying
from provisioning.cli.compose import Way
from provisioning.core.errors import SecretError
from provisioning.core.guards import GUARDS
from provisioning.core.model import Secret
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest
from provisioning.signin.checks import Result

WAY = Way(sandbox=":memory:", auth=None, graph_endpoint=None, journal=Path("journal"))
USER, PASSWORD = "ada@example.com", "Correct-Horse-9"
GRAPH = "https://graph.microsoft.com/beta/trustFramework/policies"


@dataclass(slots=True)
class Stage:
    """A shipped manifest, applied."""

    world: World
    folder: Path
    wanted: Manifest
    image: bytes = b""

    @property
    def text(self) -> str:
        return (self.folder / "manifest.yaml").read_text("utf-8")

    def broken(self, text: str) -> tuple[Manifest | None, tuple[str, ...]]:
        """Load a broken copy; None with the rules of its faults where it is refused."""
        path = self.folder / "broken.yaml"
        path.write_text(text, encoding="utf-8")
        loaded = manifest.load(path, kinds=KINDS)
        rules = tuple(f.rule for f in loaded.findings if f.severity.value == "error")
        return loaded.manifest, rules

    async def apply(self, wanted: Manifest) -> tuple[str, ...]:
        """Make the tenant what a manifest says; returns the rules of a plan that is refused."""
        async with self._run(wanted) as run:
            draft = await reconcile.draft(run)
            if draft.plan.errors:
                return tuple(finding.rule for finding in draft.plan.errors)
            report = await reconcile.carry_out(run, draft)
            assert not report.failed, [str(outcome.fault) for outcome in report.outcomes]
            return ()

    async def verify(self, wanted: Manifest, patience: float = 0.0) -> tuple[Result, ...]:
        """Make the manifest's checks, as `verify` does; `apply --verify` is patient, in seconds."""
        async with self._run(wanted) as run:
            box = self.world.box
            proof = await verifying.results(run, wanted, WAY, box, patience=patience)
            return proof.checks

    async def edited(self, *edits: tuple[str, str]) -> Manifest:
        """Replace text in the files, apply, and return the manifest."""
        edit(self.folder, *edits)
        wanted = self.world.load(self.folder / "manifest.yaml")
        assert await self.apply(wanted) == ()
        return wanted

    def put_back(self) -> None:
        """Bring the tenant and the sinks to where they were after the first apply."""
        self.world.box.restore(self.image)
        shutil.rmtree(self.folder / ".secrets", ignore_errors=True)
        if (self.folder / "kept").exists():
            shutil.copytree(self.folder / "kept", self.folder / ".secrets")

    async def policy(self, policy_id: str) -> str:
        """Download a policy."""
        async with self.graph() as graph:
            return (await graph.get(f"{GRAPH}/{policy_id}/$value")).text

    async def upload(self, policy_id: str, xml: str) -> int:
        """Replace a policy behind the manifest's back; returns the HTTP status."""
        async with self.graph() as graph:
            answer = await graph.put(
                f"{GRAPH}/{policy_id}/$value",
                content=xml.encode(),
                headers={"Content-Type": "application/xml"},
            )
        return answer.status_code

    def graph(self) -> httpx.AsyncClient:
        """Graph, as somebody else uses it."""
        box = self.world.box
        token = box.issue_token(box.tenants()[0].id)
        return httpx.AsyncClient(
            transport=box.transport(), headers={"Authorization": f"Bearer {token}"}
        )

    @asynccontextmanager
    async def _run(self, wanted: Manifest) -> AsyncIterator[Run]:
        allow = [guard for guard in GUARDS if guard != "prune"]
        async with self.world.run(wanted, allow=allow, prune=True, sinks=self.folder) as run:
            yield replace(run, read_secret=read_secret)


async def read_secret(secret: Secret) -> str:
    values = {"TEST_USER": USER, "TEST_PASSWORD": PASSWORD}
    kind, name = secret.source
    if kind != "fromEnv" or name not in values:
        raise SecretError(f"no {kind} {name}")
    return values[name]


def edit(folder: Path, *edits: tuple[str, str]) -> None:
    """Replace text in whichever file holds it."""
    for old, new in edits:
        files = [path for path in folder.rglob("*.*ml") if old in path.read_text("utf-8")]
        assert files, old
        for path in files:
            path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")


def enrolled(world: World) -> str:
    """Add the account that the checks sign in with, in full; returns its object id."""
    tenant = world.box.add_tenant("contoso.onmicrosoft.com", "b2c")
    names = {"givenName": "Ada", "surname": "Lovelace"}
    return world.box.add_user(tenant.id, USER, "ada", password=PASSWORD, properties=names)


async def staged(world: World, name: str, *edits: tuple[str, str]) -> Stage:
    """Copy a shipped manifest into the world, apply it, and keep the tenant's image.

    `edits` are replacements in its files; `USER-ID` in them becomes the account's object id.
    """
    folder = world.folder / name
    shutil.copytree(ROOT / "manifests" / name, folder)
    user = enrolled(world) if edits else ""
    edit(folder, *((old, new.replace("USER-ID", user)) for old, new in edits))
    loaded = world.load(folder / "manifest.yaml")
    stage = Stage(world, folder, loaded)
    assert await stage.apply(loaded) == ()
    if (folder / ".secrets").exists():
        shutil.copytree(folder / ".secrets", folder / "kept")
    assert all(result.passed for result in await stage.verify(loaded, patience=300.0))
    stage.image = world.box.image()
    return stage


def line_of(file: Path, words: str) -> int:
    """The first line of a file that begins with these words."""
    lines = file.read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.strip().startswith(words))
