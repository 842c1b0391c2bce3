"""The README's first screen is true: its manifest is planned, its commands exist."""

from __future__ import annotations

import os
import re

from world import ROOT, World

from provisioning.core import guards
from provisioning.render import text
from provisioning.tenants import inventory

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    found = [
        body
        for name, body in re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
        if name == language and containing in body
    ]
    assert len(found) == 1, (language, containing)
    return str(found[0])


async def test_the_plan_in_the_readme_is_the_plan_of_its_manifest(world: World) -> None:
    wanted = world.load(world.write(block("yaml", "contoso-signin")))
    drafted = await world.plan(wanted)
    shown = text.plan(drafted.plan, color=False, width=100)
    assert block("text", "Plan: ").rstrip() in shown


def test_the_inventory_in_the_readme_is_one(world: World) -> None:
    world.write("version: 1\nname: signin\n", "manifests/signin/manifest.yaml")
    loaded = inventory.load(world.write(block("yaml", "tenants:"), "tenants.yaml"))
    assert loaded.findings == ()
    assert loaded.inventory is not None
    assert [entry.ring for entry in loaded.inventory.tenants] == ["canary", "broad"]


def test_the_commands_of_the_first_screen_are_there() -> None:
    for line in block("sh", "scripts/apply").splitlines():
        command = ROOT / line.split()[0]
        assert os.access(command, os.X_OK), command


def test_every_shipped_manifest_is_named() -> None:
    for folder in sorted((ROOT / "manifests").iterdir()):
        assert f"](manifests/{folder.name})" in README
        assert (folder / "README.md").is_file()


def test_every_guard_is_named() -> None:
    assert all(f"`{name}`" in README for name in guards.GUARDS)
