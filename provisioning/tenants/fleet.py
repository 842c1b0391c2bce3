"""Tenants side by side in one process: width, waves, stops, isolation, spooling.

How one tenant is planned or applied is passed in. A failure stays in its tenant; what is under
way when the run stops is finished, what has not begun is skipped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.fleet import FleetRun, Part, Problem, Status, TenantResult
from provisioning.core.plan import finding_to_json
from provisioning.graph.clock import Clock
from provisioning.tenants.model import Entry
from provisioning.tenants.rollout import Brake, Wave
from provisioning.tenants.spool import Spool

INTERRUPTED: Final = "interrupted"

Work = Callable[[Entry], Awaitable[TenantResult]]
Describe = Callable[[BaseException], Problem]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a fleet run stands; `ended` is the tenant that this tells of, None at a start."""

    total: int
    done: int
    in_flight: int
    failed: int
    ended: TenantResult | None = None


def _silent(_progress: Progress) -> None:
    return None


def _plainly(problem: BaseException) -> Problem:
    if isinstance(problem, ProvisioningError):
        return Problem(problem.message, problem.remedy)
    return Problem(f"unexpected {type(problem).__name__}", "please report it")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a run over many tenants works with."""

    command: str
    run: str
    clock: Clock
    spool: Spool
    stop: asyncio.Event
    """Set by the first Ctrl-C: nothing is begun any more. A cancelled run ends what is left."""
    parallel: int
    """Tenants at once."""
    describe: Describe = _plainly
    """Turns an error into words without secrets."""
    progress: Callable[[Progress], None] = _silent


@dataclass(slots=True)
class _State:
    fleet: Fleet
    total: int
    began: float
    started: datetime
    brake: Brake = field(default_factory=Brake)
    in_flight: int = 0
    failed: int = 0
    stopped: str = ""

    def why(self) -> str:
        """Say why nothing more may begin; "" while it may."""
        if not self.stopped and self.fleet.stop.is_set():
            self.stopped = INTERRUPTED
        self.stopped = self.stopped or self.brake.stopped()
        return self.stopped

    def tell(self, ended: TenantResult | None = None) -> None:
        done = len(self.fleet.spool)
        self.fleet.progress(Progress(self.total, done, self.in_flight, self.failed, ended))

    def note(self, result: TenantResult) -> None:
        """Keep a result; a full disk stops the run, for nobody could read what came of it."""
        self.failed += result.status is Status.FAILED
        self.brake.ended(result.status)
        try:
            self.fleet.spool.add(result)
        except ProvisioningError as problem:
            self.stopped = self.stopped or problem.message
        self.tell(result)


async def run(fleet: Fleet, waves: Iterable[Wave], work: Work) -> FleetRun:
    """Do `work` for every tenant, wave by wave; every result is in the spool afterwards.

    Raises nothing of a tenant's. Cancelled once, it ends what is under way and returns.
    """
    listed = tuple(waves)
    state = _State(
        fleet, sum(len(wave.entries) for wave in listed), fleet.clock.monotonic(), fleet.clock.now()
    )
    for wave in listed:
        state.stopped = state.why() or state.brake.enter(wave)
        if not state.why():
            await _wave(state, wave, work)
    entries = [entry for wave in listed for entry in wave.entries]
    for entry in entries:
        if entry.name not in fleet.spool.noted:
            _skip(state, entry)
    fleet.spool.arrange(entry.name for entry in entries)
    noted = [each.status for each in fleet.spool.noted.values()]
    return FleetRun(
        command=fleet.command,
        run=fleet.run,
        started=state.started.isoformat(timespec="seconds"),
        seconds=fleet.clock.monotonic() - state.began,
        counts={status.value: noted.count(status) for status in Status},
        stopped=state.stopped,
    )


def _skip(state: _State, entry: Entry) -> None:
    result = ended(entry, Status.SKIPPED, problem=Problem(f"not begun: {state.stopped}"))
    try:
        state.fleet.spool.add(result)
    except ProvisioningError as problem:
        state.stopped = state.stopped or problem.message


async def _wave(state: _State, wave: Wave, work: Work) -> None:
    """Begin tenants as slots become free, and wait for all of them."""
    waiting = iter(wave.entries)
    running: set[asyncio.Task[None]] = set()
    more = True
    while more or running:
        while more and len(running) < state.fleet.parallel:
            entry = None if state.why() else next(waiting, None)
            if entry is None:
                more = False
                break
            state.in_flight += 1
            running.add(asyncio.create_task(_tenant(state, entry, work), name=entry.name))
        if not running:
            return
        try:
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _cut(state, running)


def _cut(state: _State, running: Iterable[asyncio.Task[None]]) -> None:
    """End what is under way, so that the report can still be written."""
    current = asyncio.current_task()
    if current is not None:
        current.uncancel()
    state.stopped = INTERRUPTED
    state.fleet.stop.set()
    for task in running:
        task.cancel()


async def _tenant(state: _State, entry: Entry, work: Work) -> None:
    """Do one tenant's work; whatever is wrong there becomes its result."""
    began = state.fleet.clock.monotonic()
    state.tell()
    try:
        result = await work(entry)
    except asyncio.CancelledError:
        message = "cut off; what it had sent may have been carried out"
        result = ended(entry, Status.INTERRUPTED, problem=Problem(message, "run it again"))
    except InputError as problem:
        faults = tuple(finding_to_json(finding) for finding in problem.findings)
        result = ended(entry, Status.FAILED, problem=_faults(problem), findings=faults)
    except Exception as problem:  # noqa: BLE001 - one tenant's surprise must not end the others
        result = ended(entry, Status.FAILED, problem=state.fleet.describe(problem))
    state.in_flight -= 1
    seconds = state.fleet.clock.monotonic() - began
    state.note(replace(result, seconds=seconds))


def ended(
    entry: Entry,
    status: Status,
    *,
    tenant_id: str = "",
    parts: tuple[Part, ...] = (),
    problem: Problem | None = None,
    findings: tuple[dict[str, Any], ...] = (),
) -> TenantResult:
    """Return how a tenant ended; the run adds the seconds."""
    return TenantResult(
        name=entry.name,
        domain=entry.tenant.domain,
        tenant_id=tenant_id,
        ring=entry.ring,
        status=status,
        tags=entry.tags,
        parts=parts,
        problem=problem,
        findings=findings,
    )


def _faults(problem: InputError) -> Problem:
    count = len(problem.findings)
    what = "1 fault" if count == 1 else f"{count} faults"
    return Problem(f"{what} in its manifest", "mend what the findings say; nothing was written")
