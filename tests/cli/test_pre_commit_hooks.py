"""The hooks for users' repositories, run as pre-commit runs them: entry, arguments, file names.

https://pre-commit.com/#new-hooks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cli_shell import Shell, opened
from world import ROOT

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
SHIPPED = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("manifests/*/manifest.yaml"))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        yield made


def arguments(hook: str, *changed: str) -> list[str]:
    """The command line, after the program's own name; pre-commit passes the files that match."""
    program, *rest = HOOKS[hook]["entry"].split()
    assert (program, HOOKS[hook]["language"]) == ("provisioning", "python")
    return [*rest, *(name for name in changed if re.search(HOOKS[hook]["files"], name))]


def test_the_hooks_are_these() -> None:
    assert sorted(HOOKS) == ["provisioning-policies-lint", "provisioning-validate"]


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_the_shipped_manifests_pass_every_hook(hook: str) -> None:
    line = arguments(hook, *SHIPPED, "README.md", "manifests/x/policies/a.xml", "tenants.yaml")
    assert line[-len(SHIPPED) :] == SHIPPED
    told = Shell(ROOT).run(*line)
    assert told.code == 0, told.stderr


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_fault_in_one_of_several_manifests_stops_the_commit(shell: Shell, hook: str) -> None:
    shell.write("good/manifest.yaml", (shell.folder / "manifest.yaml").read_text())
    shell.write("bad/manifest.yaml", "version: 1\nname: Bad Name\n")
    told = shell.run(*arguments(hook, "good/manifest.yaml", "bad/manifest.yaml"))
    assert told.code == 1
    assert "bad/manifest.yaml:2:7" in told.stdout + told.stderr
