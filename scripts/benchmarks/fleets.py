"""Runs over many tenants: memory, CPU and wall of `plan --all-tenants`, all of them in sync.

Each run is a process of its own against a served sandbox; what Linux says of the process counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import triples

HERE = Path(__file__).parent
HEADER = "tenant: {domain: bench.onmicrosoft.com, type: workforce}\n"
APPLICATIONS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took; seconds and MB."""

    wall: float
    cpu: float
    rss: float
    calls: int
    server: float
    """CPU of the sandbox meanwhile."""


@dataclass(slots=True)
class Fleet:
    """A served sandbox of many tenants, and the inventory that names them."""

    folder: Path
    url: str
    process: subprocess.Popen[str]

    def tell(self, line: str = "log") -> tuple[int, float]:
        """Send a command; returns HTTP calls since the last one and CPU seconds so far."""
        if self.process.stdin is None or self.process.stdout is None:
            raise SystemExit("no pipes to the sandbox")
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        calls, cpu = self.process.stdout.readline().split()
        return int(calls), float(cpu)

    def run(self, *arguments: str) -> Cost:
        """Run a command in the folder to its end; SystemExit unless it exits with 0."""
        _, before = self.tell()
        command = [sys.executable, "-m", "provisioning", *arguments, "--graph-endpoint", self.url]
        output = self.folder / "output"
        started = time.monotonic()
        with output.open("wb") as file:
            made = subprocess.Popen(command, cwd=self.folder, stdout=file, stderr=file)
            _, status, usage = os.wait4(made.pid, 0)
        wall = time.monotonic() - started
        made.returncode = os.waitstatus_to_exitcode(status)
        if made.returncode:
            raise SystemExit(f"{arguments}: {output.read_text('utf-8')[-2000:]}")
        calls, after = self.tell()
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(wall, cpu, usage.ru_maxrss / 1024, calls, after - before)


@contextmanager
def served(folder: Path, count: int, latency: float) -> Iterator[Fleet]:
    """Serve a sandbox in which every one of `count` tenants is as its manifest says."""
    folder.mkdir(parents=True, exist_ok=True)
    text = triples.write(folder, APPLICATIONS).read_text("utf-8").replace(HEADER, "")
    (folder / "manifest.yaml").write_text(text, "utf-8")
    command = [sys.executable, str(HERE / "tenants.py"), str(folder), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as box:
        if box.stdin is None or box.stdout is None:
            raise SystemExit("no pipes to the sandbox")
        try:
            fleet = Fleet(folder, box.stdout.readline().strip(), box)
            fleet.run("apply", "--tenant", "t0000", "--yes")
            fleet.tell("copy")
            fleet.tell(f"latency {latency}")
            yield fleet
        finally:
            box.stdin.close()
            box.terminate()


def plan(fleet: Fleet, *options: str) -> Cost:
    """Plan, and insist on everything being in sync."""
    return fleet.run("plan", *(options or ("--all-tenants",)), "--detailed-exitcode")
