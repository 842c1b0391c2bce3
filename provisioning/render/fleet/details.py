"""What there is to read about one tenant, as lines that every format colours in its own way.

Must not format: texts come out harmless for a terminal, each format adds its own escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioning.core import plan as plans
from provisioning.core import report as reports
from provisioning.core.fleet import Part, TenantResult
from provisioning.core.model import Address, Finding, Severity
from provisioning.core.plan import Plan, Step
from provisioning.core.report import Outcome, Report, Result, Stats
from provisioning.render import escape, summary, values, whole
from provisioning.render.whole import Whole, Wholes

_RESULTS: Final = {
    Result.DONE: "+",
    Result.FAILED: "-",
    Result.BLOCKED: "-",
    Result.HELD: values.HELD,
    Result.MANUAL: values.MANUAL,
    Result.INTERRUPTED: "-",
}
_SEVERITIES: Final = {Severity.ERROR: "-", Severity.WARNING: "!", Severity.INFO: " "}
_CHECKS: Final = {"passed": "+", "failed": "-"}


@dataclass(frozen=True, slots=True)
class Line:
    """`symbol` is one of values.SYMBOLS, HELD or MANUAL; `note` follows as a comment."""

    symbol: str
    text: str
    note: str = ""
    depth: int = 0
    head: bool = False
    """Whether it names an object; the lines below it are its own."""


Block = tuple[Line, ...]
"""Lines that belong together: a step, an outcome, a finding."""


@dataclass(frozen=True, slots=True)
class Document:
    """A part's document, read."""

    plan: Plan | None = None
    report: Report | None = None
    stats: Stats | None = None
    wholes: Wholes = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()
    fault: str = ""
    """Why it cannot be shown; "" when it can."""


def read(part: Part) -> Document:
    """Read a document; one that is something else is told, so that the other tenants are shown."""
    document = part.document
    checks = tuple(document.get("checks", ()))
    if "steps" not in document:
        return Document(checks=checks)
    try:
        if "outcomes" in document:
            report = reports.report_from_json(document)
            return Document(report.plan, report, report.stats, checks=checks)
        plan = plans.from_json(document)
        stats = reports.stats_from_json(document["stats"]) if "stats" in document else None
        return Document(plan, None, stats, _wholes(document["steps"]), checks)
    except (ValueError, KeyError, TypeError) as problem:
        return Document(fault=f"this document cannot be read: {problem}")


def found(result: TenantResult) -> Iterator[Finding]:
    """Yield the findings that stopped a tenant before there was a plan."""
    yield from map(plans.finding_from_json, result.findings)


def problem(message: str, remedy: str) -> Iterator[Line]:
    """Yield an error and the way out."""
    yield Line("-", escape.plain(message), head=True)
    if remedy:
        yield Line(" ", escape.plain(remedy), depth=1)


def blocks(document: Document) -> Iterator[Block]:
    """Yield everything that a document says of its tenant, step by step."""
    if document.fault:
        yield (Line("-", escape.plain(document.fault), head=True),)
    if document.report is not None:
        yield from (tuple(_outcome(outcome)) for outcome in document.report.outcomes)
        if not document.report.settled:
            words = "The tenant does not show every change yet; run plan again later."
            yield (Line("!", words),)
    elif document.plan is not None:
        yield from (tuple(_step(step, document.wholes)) for step in document.plan.steps)
        yield from _unmanaged(document.plan)
        yield from ((finding(item),) for item in document.plan.findings)
    yield from map(_check, document.checks)


def _wholes(steps: Iterable[Mapping[str, Any]]) -> Wholes:
    return {
        Address.parse(step["address"]): Whole(step["xml"]["before"], step["xml"]["after"])
        for step in steps
        if "xml" in step
    }


def _step(step: Step, wholes: Wholes) -> Iterator[Line]:
    symbol = values.symbol(step)
    verb = f"  {step.action.value}" if symbol in {values.HELD, values.MANUAL} else ""
    name = escape.plain(str(step.address))
    yield Line(symbol, f"{name}{verb}", escape.plain(step.reason), head=True)
    shown = wholes.get(step.address)
    for line in values.changed(step) if shown is None else whole.lines(shown):
        yield Line(line.symbol, line.text, line.note, line.depth + 1)
    if step.held is not None:
        held = f"held by the guard {step.held.guard}: {step.held.reason}"
        yield Line(values.HELD, escape.plain(held), depth=1)
        if opening := summary.opening(step):
            yield Line(values.HELD, escape.plain(f"to carry it out: {opening}"), depth=1)
    for row in step.manual.split("\n") if step.manual else ():
        yield Line(values.MANUAL, escape.plain(row), depth=1)


def _unmanaged(plan: Plan) -> Iterator[Block]:
    if not plan.unmanaged:
        return
    rows = (
        f"{escape.plain(f'{item.address}: {item.path}')} = {values.show(item.value)}"
        for item in plan.unmanaged
    )
    yield (
        Line(" ", "Live, not managed", head=True),
        *(Line(" ", row, depth=1) for row in rows),
    )


def finding(item: Finding) -> Line:
    """Return a finding as one line; without a place its address leads."""
    where = item.place or item.address
    words = "; ".join(filter(None, (item.message, item.remedy)))
    at = f"{where}: " if where else ""
    text = escape.plain(f"{at}{item.severity.value}: {words}")
    return Line(_SEVERITIES[item.severity], text, escape.plain(item.rule))


def _outcome(outcome: Outcome) -> Iterator[Line]:
    text = f"{outcome.result.value} {outcome.action.value} {outcome.address}"
    note = "" if outcome.result is Result.DONE else outcome.reason
    yield Line(_RESULTS[outcome.result], escape.plain(text), escape.plain(note), head=True)
    fault = outcome.fault
    if fault is None:
        return
    known = " ".join(filter(None, (str(fault.status or ""), fault.code, fault.message)))
    yield Line("-", escape.plain(known), depth=1)
    if fault.method and fault.path:
        yield Line(" ", escape.plain(f"{fault.method} {fault.path}"), depth=1)
    if fault.request_id:
        yield Line(" ", escape.plain(f"request-id {fault.request_id}"), depth=1)
    if fault.remedy:
        yield Line(" ", escape.plain(fault.remedy), depth=1)


def _check(check: Mapping[str, Any]) -> Block:
    outcome = str(check.get("outcome", ""))
    name = f"{outcome} {check.get('check', '')} ({check.get('flow', '')})"
    head = Line(
        _CHECKS.get(outcome, "!"),
        escape.plain(name),
        escape.plain(str(check.get("summary", ""))),
        head=True,
    )
    error = check.get("error")
    if not isinstance(error, Mapping):
        return (head,)
    code = f" ({error['code']})" if error.get("code") else ""
    told = f"{error.get('cause', 'error')}{code}: {error.get('message', '')}"
    remedy = [Line(" ", escape.plain(str(error["remedy"])), depth=1)] if error.get("remedy") else []
    return (head, Line("-", escape.plain(told), depth=1), *remedy)
