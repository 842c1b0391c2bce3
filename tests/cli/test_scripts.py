"""The scripts that set the project up and run it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ENTRIES = ("apply", "onboard", "plan", "test", "check", "bench")


@pytest.mark.parametrize("name", [*(f"scripts/{name}" for name in ENTRIES), ".ci/run"])
def test_an_entry_is_executable_shell(name: str) -> None:
    path = ROOT / name
    assert os.access(path, os.X_OK)
    done = subprocess.run(["sh", "-n", path], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def copied(folder: Path) -> Path:
    """Copy the scripts into a folder whose path has a space in it."""
    root = folder / "a project"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_without_a_python_the_message_says_which_one_is_needed(tmp_path: Path) -> None:
    root = copied(tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "cmp"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [root / "scripts/plan"],
        env={"PATH": str(tools)},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_finished_set_up_is_not_repeated(tmp_path: Path) -> None:
    root = copied(tmp_path)
    stamp = root / ".venv" / ".setup"
    stamp.mkdir(parents=True)
    (stamp / "root").write_text(f"{root.resolve()}\n")
    shutil.copy(root / "scripts/requirements.txt", stamp)
    shutil.copy(root / "pyproject.toml", stamp)
    python = root / ".venv/bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$*"\n')
    python.chmod(0o755)
    done = subprocess.run(
        [root / "scripts/plan", "m.yaml", "--var", "a=b c"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "-m provisioning plan m.yaml --var a=b c\n"
