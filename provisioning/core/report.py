"""What became of a plan. Frozen data with a JSON form; holds no secret and no exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioning.core.model import Address, Value
from provisioning.core.plan import Action, Plan, to_json


class Result(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not tried: something it depends on failed or was held."""
    HELD = "held"
    MANUAL = "manual"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Fault:
    """A Graph error as a user needs it: no body, no secret."""

    message: str
    remedy: str = ""
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step's end."""

    address: Address
    action: Action
    result: Result
    reason: str = ""
    """Why it was held or blocked (names the step it waited for)."""
    fault: Fault | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stats:
    """What a run cost: a `$batch` is 1 HTTP call and n requests."""

    http_calls: int = 0
    requests: int = 0
    retries: int = 0
    rounds: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """An apply: the plan that was carried out, its outcomes, and what a new plan says now."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    after: Plan | None
    """The plan made after settling; None when nothing was applied. Empty = converged."""
    settled: bool
    run: str
    """Id of the run: names its journal file."""
    stats: Stats = Stats()

    @property
    def failed(self) -> bool:
        """Whether anything failed, was blocked by a failure, or did not settle."""
        bad = {Result.FAILED, Result.BLOCKED, Result.INTERRUPTED}
        return not self.settled or any(outcome.result in bad for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Event:
    """Progress of a long run, for a terminal: `topic` is observe, step, retry, settle or check."""

    topic: str
    text: str
    address: Address | None = None
    result: Result | None = None
    """Set when a step ended."""
    done: int = 0
    total: int = 0


def stats_to_json(stats: Stats) -> dict[str, Value]:
    """Encode as `{httpCalls, requests, retries, rounds, seconds}`."""
    return {
        "httpCalls": stats.http_calls,
        "requests": stats.requests,
        "retries": stats.retries,
        "rounds": stats.rounds,
        "seconds": round(stats.seconds, 3),
    }


def report_to_json(report: Report) -> dict[str, Value]:
    """Encode a report: the plan's document with `outcomes`, `settled`, `run` and `stats`."""
    return {
        **to_json(report.plan),
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
        "settled": report.settled,
        "run": report.run,
        "stats": stats_to_json(report.stats),
    }


def _outcome(outcome: Outcome) -> dict[str, Value]:
    fault = outcome.fault
    return {
        "address": str(outcome.address),
        "action": outcome.action.value,
        "result": outcome.result.value,
        "reason": outcome.reason or None,
        "error": None
        if fault is None
        else {
            "message": fault.message,
            "remedy": fault.remedy,
            "status": fault.status,
            "code": fault.code,
            "requestId": fault.request_id,
            "method": fault.method,
            "path": fault.path,
        },
        "seconds": round(outcome.seconds, 3),
    }
