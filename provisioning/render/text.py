"""A plan or report for a terminal, in the manner of Terraform.

Must not print or compute: what is not in the plan is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from provisioning.core.plan import Plan, Step
from provisioning.core.report import Outcome, Report, Result, Stats
from provisioning.render import escape, findings, paint, summary, values, whole
from provisioning.render.whole import Wholes

_WORTH_TELLING = 0.05
"""Seconds."""

_RESULTS = {
    Result.DONE: "green",
    Result.FAILED: "bold red",
    Result.BLOCKED: "red",
    Result.HELD: "yellow",
    Result.MANUAL: "cyan",
    Result.INTERRUPTED: "red",
}


def plan(
    plan: Plan,
    stats: Stats | None = None,
    *,
    color: bool = False,
    width: int = 100,
    wholes: Wholes = whole.NONE,
    goal: str = summary.MANIFEST,
) -> str:
    """Return the plan: who looks at what, every step with its changes, findings, the counts.

    Steps in `wholes` show that instead of their changes; `goal` is what the tenant is to match.
    """
    return paint.join(_plan(plan, stats, wholes, goal), color=color, width=width)


def report(
    report: Report,
    *,
    color: bool = False,
    width: int = 100,
    goal: str = summary.MANIFEST,
    way_back: str = "",
) -> str:
    """Return what became of every step, how to go on where one failed, and the second plan.

    `way_back` is the command that undoes a part of it, "" when there is none.
    """
    return paint.join(_report(report, goal, way_back), color=color, width=width)


def _plan(plan: Plan, stats: Stats | None, wholes: Wholes, goal: str) -> Iterator[Text]:
    yield from _header(plan)
    for step in plan.steps:
        yield Text()
        yield from _step(step, wholes)
    if plan.unmanaged:
        yield Text()
        yield Text("Live, not managed (adopted objects; the manifest is silent on these):")
        for item in plan.unmanaged:
            where = escape.plain(f"{item.address}: {item.path}")
            yield Text(f"    {where} = {values.show(item.value)}", "dim")
    if plan.findings:
        yield Text()
        yield from map(findings.line, plan.findings)
    yield Text()
    yield Text(summary.plan(plan, goal), "bold")
    if stats is not None:
        yield Text(summary.stats(stats), "dim")


def _header(plan: Plan) -> Iterator[Text]:
    for label, value in (
        ("Tenant", f"{plan.tenant_name}, {plan.tenant_id}"),
        ("Principal", plan.principal),
        ("Client", plan.client),
        ("Digest", plan.digest),
    ):
        yield Text.assemble((f"{label:<11}", "bold"), escape.plain(value))


def _step(step: Step, wholes: Wholes) -> Iterator[Text]:
    symbol = values.symbol(step)
    style = paint.STYLES[symbol]
    verb = step.action.value if symbol in {values.HELD, values.MANUAL} else ""
    head = Text.assemble(
        (f"{symbol:>3} ", style), (escape.plain(str(step.address)), "bold"), f"  {verb}".rstrip()
    )
    yield head.append(f"  # {escape.plain(step.reason)}" if step.reason else "", "dim")
    shown = wholes.get(step.address)
    for line in values.changed(step) if shown is None else whole.lines(shown):
        yield _change(line)
    if step.held is not None:
        held = f"held by the guard {step.held.guard}: {step.held.reason}"
        yield Text(f"      {escape.plain(held)}", "yellow")
        if opening := summary.opening(step):
            yield Text(f"      to carry it out: {escape.plain(opening)}", "yellow")
    if step.manual:
        yield from (Text(f"      {escape.plain(row)}", "cyan") for row in step.manual.split("\n"))


def _change(line: values.Line) -> Text:
    indent = " " * (6 + 4 * line.depth)
    text = Text.assemble(indent, (f"{line.symbol} {line.text}", paint.STYLES[line.symbol]))
    return text.append(f"  # {line.note}" if line.note else "", "dim")


def _report(report: Report, goal: str, way_back: str) -> Iterator[Text]:
    for outcome in report.outcomes:
        yield from _outcome(outcome)
    if report.outcomes:
        yield Text()
    yield Text(summary.report(report), "bold red" if report.failed else "bold green")
    if not report.settled:
        yield Text("The tenant does not show every change yet; run plan again later.", "yellow")
    if after := summary.after(report, goal):
        yield Text(after)
    yield Text(f"Run {escape.plain(report.run)}: {summary.stats(report.stats)}", "dim")
    if way_back:
        yield Text()
        yield Text(f"{summary.WAY_BACK}:", "yellow")
        yield Text(f"  {escape.plain(way_back)}", "bold")


def _outcome(outcome: Outcome) -> Iterator[Text]:
    head = f"{outcome.action.value} {escape.plain(str(outcome.address))}"
    line = Text.assemble((f"{outcome.result.value:>11} ", _RESULTS[outcome.result]), head)
    if outcome.reason and outcome.result is not Result.DONE:
        line.append(f"  # {escape.plain(outcome.reason)}", "dim")
    if outcome.seconds >= _WORTH_TELLING:
        line.append(f"  {outcome.seconds:.1f} s", "dim")
    yield line
    if outcome.fault is None:
        return
    fault = outcome.fault
    known = filter(None, (str(fault.status or ""), fault.code, fault.message))
    yield Text(f"            {escape.plain(' '.join(known))}", "red")
    if fault.method and fault.path:
        yield Text(f"            {fault.method} {escape.plain(fault.path)}")
    if fault.request_id:
        yield Text(f"            request-id {escape.plain(fault.request_id)}")
    if fault.remedy:
        yield Text(f"            {escape.plain(fault.remedy)}", "yellow")
