"""What became of a plan. Frozen data with a JSON form; holds no secret and no exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioning.core.model import Address, Value
from provisioning.core.plan import Action, Plan, from_json, to_json


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


def report_from_json(document: object) -> Report:
    """Read what `report_to_json` wrote; the plan made after settling is not in it.

    Raises ValueError with the reason when it is something else.
    """
    plan = from_json(document)
    try:
        assert isinstance(document, dict)
        return Report(
            plan=plan,
            outcomes=tuple(_read_outcome(item) for item in document["outcomes"]),
            after=None,
            settled=bool(document["settled"]),
            run=str(document["run"]),
            stats=stats_from_json(document["stats"]),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        message = f"the report lacks {problem}"
        raise ValueError(message) from problem


def stats_from_json(document: Mapping[str, Any]) -> Stats:
    """Read what `stats_to_json` wrote. Raises KeyError and TypeError for anything else."""
    return Stats(
        http_calls=document["httpCalls"],
        requests=document["requests"],
        retries=document["retries"],
        rounds=document["rounds"],
        seconds=document["seconds"],
    )


def _read_outcome(item: Mapping[str, Any]) -> Outcome:
    error = item["error"]
    return Outcome(
        address=Address.parse(item["address"]),
        action=Action(item["action"]),
        result=Result(item["result"]),
        reason=item["reason"] or "",
        fault=None
        if error is None
        else Fault(
            message=error["message"],
            remedy=error["remedy"],
            status=error["status"],
            code=error["code"],
            request_id=error["requestId"],
            method=error["method"],
            path=error["path"],
        ),
        seconds=item["seconds"],
    )


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
