"""The README is true: its manifest is planned, its commands and options exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup
from world import ROOT, World

from provisioning.cli.app import app
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


def commands(under: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Every command by its words, with the options that it takes."""
    if isinstance(under, TyperGroup):
        for name, below in under.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield " ".join(path), {name for each in under.params for name in each.opts}


COMMANDS = dict(commands(typer.main.get_command(app)))
TEXTS = [ROOT / "README.md", *sorted((ROOT / "manifests").glob("*/README.md"))]


def test_the_table_names_every_command() -> None:
    first = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `")]
    spans = [span for row in first for span in re.findall("`(.*?)`", row)]
    assert {re.split(r" (?![a-z])", span)[0] for span in spans} == set(COMMANDS)


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_has_only_options_that_its_command_takes(text: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", text.read_text(encoding="utf-8"), re.DOTALL)
    shell = re.sub(r"\\\n\s*|  +#.*", " ", "\n".join(blocks))
    lines = re.findall(
        r"^(?:\S*/)?(?:provisioning |scripts/(?=plan|apply|onboard))(.*)$", shell, re.MULTILINE
    )
    assert lines
    for line in lines:
        name = max((n for n in COMMANDS if f"{line} ".startswith(f"{n} ")), key=len)
        assert set(re.findall(r"--[a-z-]+", line)) <= COMMANDS[name], line


def test_every_option_that_is_named_exists() -> None:
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    named = {name for span in spans for name in re.findall(r"--[a-z][a-z-]*", span)}
    assert len(named) > 20
    assert named <= set().union(*COMMANDS.values())


def test_every_shipped_manifest_is_named() -> None:
    for folder in sorted((ROOT / "manifests").iterdir()):
        assert f"](manifests/{folder.name})" in README
        assert (folder / "README.md").is_file()


def test_every_guard_is_named() -> None:
    assert all(f"`{name}`" in README for name in guards.GUARDS)
