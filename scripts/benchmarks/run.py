"""Measures the published budgets and says which hold. Counts and ratios, not absolute times.

Exit code 1 when a budget is broken. Every line tells what was measured, the value, the budget and,
where that helps, the raw figures.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import checks
import fleets
import grown_policies
import triples

HERE = Path(__file__).parent
LATENCY = 0.1
WIDTH = 32
COLUMN = 76
"""Characters for the name of a measurement."""
PER_OBJECT_KINDS = 4
"""Kinds that are read object by object: service principals, grants, role assignments, FICs."""
MORE_REQUESTS = 3
"""On the chain of a policy tree: a key set is made, read and filled, a policy is read back."""


@dataclass(slots=True)
class Table:
    """Lines of the result, and whether a budget was broken."""

    broken: int = 0
    lines: list[str] = field(default_factory=list)

    def check(self, what: str, value: float, budget: float, note: str = "") -> None:
        """Add a line; `value` may not exceed `budget`."""
        held = value <= budget
        self.broken += not held
        mark = "ok  " if held else "OVER"
        print(f"{mark} {what:<{COLUMN}} {value:>9.2f} <= {budget:<9.2f} {note}", flush=True)

    def tell(self, what: str, note: str) -> None:
        """Add a line that has no budget."""
        print(f"     {what:<{COLUMN}} {note}", flush=True)


@dataclass(slots=True)
class Served:
    """A sandbox in a process of its own."""

    url: str
    token: str
    process: subprocess.Popen[str]

    def log(self) -> tuple[int, int, float]:
        """HTTP calls and writes that the server has seen, and the CPU seconds it took."""
        if self.process.stdin is None or self.process.stdout is None:
            raise SystemExit("no pipes to the sandbox")
        self.process.stdin.write("log\n")
        self.process.stdin.flush()
        calls, writes, cpu = self.process.stdout.readline().split()
        return int(calls), int(writes), float(cpu)

    def measure(self, manifest: Path, action: str) -> dict[str, Any]:
        """Plan or apply in another process; adds what the server's log says of it."""
        calls, writes, cpu = self.log()
        command = [sys.executable, str(HERE / "measure.py"), self.url, self.token]
        done = subprocess.run(
            [*command, str(manifest), action], check=True, capture_output=True, text=True
        )
        found: dict[str, Any] = json.loads(done.stdout)
        after = self.log()
        seen = {"calls": after[0] - calls, "writes": after[1] - writes, "server": after[2] - cpu}
        return {**found, **seen}


@contextmanager
def served(
    latency: float = 0.0, lag: int = 0, crowd: int = 0, kind: str = "workforce"
) -> Iterator[Served]:
    """Run a sandbox in a process of its own."""
    command = [sys.executable, str(HERE / "server.py"), str(latency), str(lag), str(crowd), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as box:
        if box.stdin is None or box.stdout is None:
            raise SystemExit("no pipes to the sandbox")
        url, token = box.stdout.readline().split()
        try:
            yield Served(url, token, box)
        finally:
            box.stdin.close()
            box.terminate()


def counts(table: Table, folder: Path, sizes: list[int], crowd: int) -> None:
    """Calls and rounds of plans and applies, in a crowded tenant; growth of time and memory."""
    for size in sizes:
        manifest = triples.write(folder, size)
        with served(crowd=crowd) as box:
            apply = box.measure(manifest, "apply")
            again = box.measure(manifest, "plan")
            rerun = box.measure(manifest, "apply")
        budget = 6 + PER_OBJECT_KINDS * math.ceil(size / 20)
        where = f"{size} triples among {crowd} applications"
        table.check(f"plan in sync, {where}: HTTP calls", again["calls"], budget)
        table.check(f"plan in sync, {where}: rounds", again["rounds"], 4)
        table.check(f"fresh apply, {where}: writes a triple", apply["writes"] / size, 4)
        table.check(f"apply again, {where}: writes", rerun["writes"], 0)
        table.check(f"plan in sync, {where}: peak memory, MB", again["rss"], 250)
        table.tell(
            f"growth, {where}",
            f"plan {again['cpu'] / size * 1000:.2f} ms CPU a triple, "
            f"apply {apply['cpu'] / size * 1000:.2f}, rss {apply['rss']:.0f} MB",
        )


def walls(table: Table, folder: Path, size: int) -> None:
    """Wall time at 100 ms latency against the longest chain and the width.

    The sandbox answers from one thread: what it computes itself is added to the floor.
    """
    manifest = triples.write(folder, size)
    for lag in (0, 3):
        with served(LATENCY, lag) as box:
            apply = box.measure(manifest, "apply")
            plans = [box.measure(manifest, "plan") for _ in range(3)]
            again = min(plans, key=lambda found: found["seconds"])
        for name, found, chain in (
            ("plan and apply", apply, apply["rounds"] + apply["chain"] * (1 + lag)),
            ("plan in sync", again, again["rounds"]),
        ):
            links = max(chain, math.ceil(found["calls"] / WIDTH))
            table.check(
                f"wall of {name}, {size} triples, lag {lag}: ratio to floor",
                found["seconds"] / (links * LATENCY + found["server"]),
                1.3,
                f"{found['seconds']:.2f} s; {links} links, {found['calls']} calls, "
                f"CPU {found['cpu']:.2f} s here, {found['server']:.2f} s in the sandbox",
            )


def policies(table: Table, folder: Path, size: int) -> None:
    """Compiling policies, planning them in sync, uploading a tree."""
    figures = {}
    for count in (size // 2, size):
        manifest = grown_policies.write(folder / f"compile-{count}", count - 2, 60)
        command = [sys.executable, str(HERE / "compile.py"), str(manifest)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures[count] = json.loads(done.stdout)
    whole, half = figures[size], figures[size // 2]
    what = f"compile, lint, canonicalise {size} policies of 60 KB"
    table.check(f"{what}: CPU seconds", whole["cpu"], 2.0)
    table.check(f"{what}: peak memory, MB", whole["rss"], 300)
    table.check(f"{what}: growth from half of them", whole["cpu"] / half["cpu"], 2.4)
    manifest = grown_policies.write(folder / "sync", size - 2, 4)
    with served(kind="b2c") as box:
        box.measure(manifest, "apply")
        again = box.measure(manifest, "plan")
    table.check(f"plan in sync, {size} policies: rounds", again["rounds"], 3)
    manifest = grown_policies.write(folder / "tree", 30, 4)
    with served(LATENCY, kind="b2c") as box:
        tree = box.measure(manifest, "apply")
    chain = tree["rounds"] + tree["chain"] + MORE_REQUESTS
    links = max(chain, math.ceil(tree["calls"] / WIDTH))
    table.check(
        "wall of a tree of 32 policies: ratio to floor",
        tree["seconds"] / (links * LATENCY + tree["server"]),
        1.3,
        f"{tree['seconds']:.2f} s; {links} links, {tree['calls']} calls, "
        f"{tree['server']:.2f} s in the sandbox",
    )


def sign_ins(table: Table, folder: Path, more: int) -> None:
    """Wall time of `verify` of the shipped ROPC manifest, alone and with more checks beside it.

    Its chain: the rounds of a plan, then the requests of one check; checks wait for none other.
    """
    os.environ |= {"TEST_USER": "alice@example.com", "TEST_PASSWORD": secrets.token_urlsafe(16)}
    for count in (1, 1 + more):
        manifest = checks.write(folder / f"checks-{count}", count)
        with served(LATENCY, kind="b2c") as box:
            box.measure(manifest, "apply")
            rounds = box.measure(manifest, "plan")["rounds"]
            runs = [box.measure(manifest, "verify") for _ in range(5)]
        if any(run["failed"] for run in runs):
            raise SystemExit("a check failed")
        found = min(runs, key=lambda run: run["seconds"])
        links = max(rounds + found["chain"], math.ceil(found["calls"] / WIDTH))
        table.check(
            f"wall of verify, {count} check(s): ratio to its chain",
            found["seconds"] / (links * LATENCY + found["server"]),
            1.3,
            f"{found['seconds']:.2f} s; {rounds} rounds and {found['chain']} requests, "
            f"{found['calls']} calls, "
            f"CPU {found['cpu']:.2f} s here, {found['server']:.2f} s in the sandbox",
        )


def many_tenants(table: Table, folder: Path, sizes: list[int]) -> None:
    """Plans of many tenants in sync: memory flat, cost linear, far below a process for each."""
    costs: dict[int, fleets.Cost] = {}
    alone: fleets.Cost | None = None
    for size in sizes:
        with fleets.served(folder / f"fleet-{size}", size, LATENCY) as fleet:
            # The better of two: a machine with other work to do makes CPU dearer too.
            plans = [fleets.plan(fleet) for _ in range(2)]
            costs[size] = min(plans, key=lambda cost: cost.cpu)
            alone = alone or fleets.plan(fleet, "--tenant", "t0001")
    if alone is None:
        raise SystemExit("no size of a fleet")
    few, most = sizes[0], sizes[-1]
    each = (costs[most].cpu - costs[few].cpu) / (most - few)
    what = f"{most} tenants of {fleets.APPLICATIONS} applications in sync"
    table.check(
        f"{what}: peak memory, ratio to {few}",
        costs[most].rss / costs[few].rss,
        1.2,
        ", ".join(f"{size}: {cost.rss:.0f} MB" for size, cost in costs.items()),
    )
    table.check(f"{what}: HTTP calls a tenant", costs[most].calls / most, 3)
    table.check(
        f"{what}: CPU a tenant, ratio to a process each",
        each / alone.cpu,
        0.05,
        f"{each * 1000:.1f} ms against {alone.cpu * 1000:.0f} ms",
    )
    if len(sizes) > 2:
        middle = sizes[1]
        first = (costs[middle].cpu - costs[few].cpu) / (middle - few)
        later = (costs[most].cpu - costs[middle].cpu) / (most - middle)
        table.check(f"{what}: CPU a tenant, ratio to the first {middle}", later / first, 1.3)
    wall = costs[most].wall
    table.tell(
        f"{what}: at 100 ms latency",
        f"{wall:.1f} s, {most / wall:.0f} tenants a second; CPU {costs[most].cpu:.1f} s here, "
        f"{costs[most].server:.1f} s in the sandbox",
    )


def startup(table: Table, folder: Path) -> None:
    """Start-up of the command line, best of five."""
    manifest = triples.write(folder, 50, scopes=True)
    command = [sys.executable, "-m", "provisioning"]
    for name, arguments, budget in (
        ("--help", ["--help"], 0.25),
        ("validate, 50 applications", ["validate", str(manifest)], 1.0),
    ):
        best = math.inf
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run([*command, *arguments], check=True, capture_output=True)
            best = min(best, time.perf_counter() - started)
        table.check(f"{name}: seconds, best of five", best, budget)


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller tenants and fewer of them")
    quick = parser.parse_args().quick
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        startup(table, folder)
        counts(table, folder, [1, 20] if quick else [1, 20, 100, 500], 800 if quick else 8000)
        walls(table, folder, 20 if quick else 100)
        policies(table, folder, 10 if quick else 50)
        sign_ins(table, folder, 7)
        many_tenants(table, folder, [10, 50] if quick else [10, 100, 1000])
    print("all budgets hold" if not table.broken else f"{table.broken} budget(s) broken")
    return 1 if table.broken else 0


if __name__ == "__main__":
    sys.exit(main())
