"""Creates .venv from the pinned requirements. Standard library only: it runs before anything is.

Must not need the network's indexes to be named here: pip's own configuration says where to look.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "scripts" / "requirements.txt"
STAMP = VENV / ".setup"
INPUTS = (REQUIREMENTS, ROOT / "pyproject.toml")


def main() -> int:
    """Set up once, however many scripts start at the same time; return the exit code."""
    with REQUIREMENTS.open("rb") as lock:
        # The lock is on a file that is there anyway and falls with the process that holds it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_current():
            return 0
        print("Setting up .venv from scripts/requirements.txt ...", file=sys.stderr)
        try:
            install()
        except subprocess.CalledProcessError as problem:
            print(f"Set-up failed: pip ended with {problem.returncode}.", file=sys.stderr)
            print("Its message is above; run the script again to resume.", file=sys.stderr)
            return 1
    return 0


def is_current() -> bool:
    """Whether the stamp holds today's inputs for this very folder."""
    try:
        return (
            os.access(PYTHON, os.X_OK)
            and all((STAMP / path.name).read_bytes() == path.read_bytes() for path in INPUTS)
            and (STAMP / "root").read_text().strip() == str(ROOT)
        )
    except OSError:
        return False


def install() -> None:
    """Make or repair the environment; the stamp goes first and comes back last."""
    shutil.rmtree(STAMP, ignore_errors=True)
    if not is_usable():
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    pip("install", "--require-hashes", "--requirement", str(REQUIREMENTS))
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    STAMP.mkdir()
    for path in INPUTS:
        shutil.copyfile(path, STAMP / path.name)
    (STAMP / "root").write_text(f"{ROOT}\n")


def is_usable() -> bool:
    """Whether .venv has a working interpreter, new enough, with pip and its own prefix."""
    probe = f"import sys, pip\nsys.exit(sys.version_info < (3, 11) or sys.prefix != {str(VENV)!r})"
    try:
        done = subprocess.run([str(PYTHON), "-c", probe], check=False, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def pip(*arguments: str) -> None:
    """Run the environment's pip; its words go to stderr, for stdout belongs to the script."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
