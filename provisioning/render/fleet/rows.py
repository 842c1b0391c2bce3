"""One tenant on one line, and the sentences about all of them.

Must not keep a plan: a row is what tables need, whatever the size of the plan behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provisioning.core.fleet import GRAVITY, FleetRun, Part, Status, TenantResult

STEPS: Final = ("+", "~", "-", "held", "manual")
"""Columns of plan and apply. A replacement is one more and one less; a restored object is one more.
Of an apply they count what was done."""
CHECKS: Final = ("passed", "failed", "not yet")
"""Columns of verify."""
DIGITS: Final = 12
"""Of a digest, where it only helps to tell plans apart."""
CALM: Final = frozenset({Status.IN_SYNC, Status.PASSED})
"""Nothing to read about these but that it is so."""
BROKEN: Final = frozenset({Status.FAILED, Status.INTERRUPTED})

_FIRST: Final = 3
_WORDS: Final = {
    Status.IN_SYNC: "in sync",
    Status.CHANGES: "with changes",
    Status.SKIPPED: "not begun",
}
_SIGNS: Final = {
    "create": ("+",),
    "restore": ("+",),
    "update": ("~",),
    "replace": ("+", "-"),
    "delete": ("-",),
    "held": ("held",),
    "manual": ("manual",),
}
_OUTCOMES: Final = {"passed": "passed", "failed": "failed", "not-yet": "not yet"}


@dataclass(frozen=True, slots=True)
class Row:
    """What a table shows of a tenant."""

    name: str
    domain: str
    tenant_id: str
    ring: str
    tags: tuple[str, ...]
    status: Status
    numbers: tuple[int, ...]
    """In the order of `columns`."""
    digest: str
    seconds: float
    story: str
    """One sentence: the error, or what its documents come to."""
    objects: str
    """The first few addresses of its steps; "" without any."""
    alike: str
    """Equal where two tenants have the very same plan or error to show; "" for neither."""

    @property
    def calm(self) -> bool:
        """Whether there is nothing to read about it."""
        return self.status in CALM

    @property
    def silent(self) -> bool:
        """Whether all there is to say of it, that it was not begun, is said for the whole run."""
        return self.status is Status.SKIPPED


def columns(run: FleetRun) -> tuple[str, ...]:
    """Name the numbers that a row of this run has."""
    return CHECKS if run.command == "verify" else STEPS


def rows(run: FleetRun, tenants: Iterable[TenantResult]) -> list[Row]:
    """Pass over all tenants once.

    Raises TypeError for an iterator: it would be used up before the plans are shown.
    """
    if iter(tenants) is tenants:
        raise TypeError("tenants are passed over more than once: give a list or a spool")
    return [_row(run, result) for result in tenants]


def totals(run: FleetRun, listed: Iterable[Row]) -> tuple[int, ...]:
    """Add up the numbers, in the order of `columns`."""
    width = len(columns(run))
    return tuple(sum(row.numbers[index] for row in listed) for index in range(width))


def told(status: Status) -> str:
    """Say a status after a number of tenants."""
    return _WORDS.get(status, status.value)


def tally(run: FleetRun) -> list[tuple[Status, int]]:
    """Return the statuses that occurred, the gravest first."""
    counted = [(status, run.counts.get(status.value, 0)) for status in reversed(GRAVITY)]
    return [(status, count) for status, count in counted if count]


def headline(run: FleetRun) -> str:
    """Return `Plan of 50 tenants: 3 failed, 7 with changes, 40 in sync`."""
    counted = tally(run)
    listed = ", ".join(f"{count:,} {told(status)}" for status, count in counted)
    return f"{title(run)}: {listed}" if counted else title(run)


def title(run: FleetRun) -> str:
    """Return `Plan of 50 tenants`."""
    count = sum(run.counts.values())
    noun = "tenant" if count == 1 else "tenants"
    return f"{run.command.capitalize()} of {count:,} {noun}"


def work(run: FleetRun, numbers: Sequence[int]) -> str:
    """Return `3 to create, 1 to update, 0 to delete; 2 held`, or what was done or checked.

    "" when there was nothing.
    """
    if not any(numbers):
        return ""
    count = dict(zip(columns(run), numbers, strict=True))
    if run.command == "verify":
        return ", ".join(f"{number:,} {name}" for name, number in count.items() if number)
    words = ("to create", "to update", "to delete")
    if run.command == "apply":
        words = ("created", "updated", "deleted")
    sentence = ", ".join(f"{count[sign]:,} {word}" for sign, word in zip("+~-", words, strict=True))
    waiting = ", ".join(f"{count[name]:,} {name}" for name in ("held", "manual") if count[name])
    return "; ".join(filter(None, (sentence, waiting)))


def _row(run: FleetRun, result: TenantResult) -> Row:
    counted: Counter[str] = Counter()
    for part in result.parts:
        counted.update(_counts(part.document))
    numbers = tuple(counted[name] for name in columns(run))
    return Row(
        name=result.name,
        domain=result.domain,
        tenant_id=result.tenant_id,
        ring=result.ring,
        tags=result.tags,
        status=result.status,
        numbers=numbers,
        digest=result.digest,
        seconds=result.seconds,
        story=_story(run, result, numbers),
        objects=_objects(result),
        alike=_alike(result),
    )


def _story(run: FleetRun, result: TenantResult, numbers: Sequence[int]) -> str:
    documents = [part.document for part in result.parts]
    errors = [
        str(item.get("message", ""))
        for source in (result.findings, *(each.get("findings", ()) for each in documents))
        for item in source
        if item.get("severity") == "error"
    ]
    if errors:
        return errors[0] + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
    if result.problem is not None:
        return result.problem.message
    if not documents:
        return told(result.status)
    failed = sum(
        outcome.get("result") in {"failed", "blocked", "interrupted"}
        for document in documents
        for outcome in document.get("outcomes", ())
    )
    facts = (work(run, numbers), f"{failed} not done" if failed else "")
    return "; ".join(filter(None, facts)) or "nothing to do"


def _objects(result: TenantResult) -> str:
    steps = [step for part in result.parts for step in part.document.get("steps", ())]
    first = ", ".join(str(step.get("address", "")) for step in steps[:_FIRST])
    return first + (f" and {len(steps) - _FIRST} more" if len(steps) > _FIRST else "")


def _counts(document: Mapping[str, Any]) -> Counter[str]:
    """Count a plan's steps, a report's outcomes or the results of checks."""
    counted: Counter[str] = Counter()
    for check in document.get("checks", ()):
        counted[_OUTCOMES.get(check.get("outcome"), "")] += 1
    if "outcomes" in document:
        for outcome in document["outcomes"]:
            result = outcome.get("result")
            names = _SIGNS.get(outcome.get("action") if result == "done" else result, ())
            counted.update(names)
        return counted
    for action, count in document.get("summary", {}).items():
        for name in _SIGNS.get(action, ()):
            counted[name] += count
    return counted


def _alike(result: TenantResult) -> str:
    documents = [part.document for part in result.parts]
    if any({"outcomes", "checks"} & document.keys() for document in documents):
        return ""
    problem = result.problem
    stopped = [problem.message, problem.remedy] if problem else []
    if not (stopped or documents or result.findings):
        return ""
    shown = [result.status, stopped, result.findings, [_content(part) for part in result.parts]]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _content(part: Part) -> list[Any]:
    keys = ("steps", "findings", "unmanaged")
    return [part.manifest, part.name, *(part.document.get(key) for key in keys)]
