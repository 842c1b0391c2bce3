"""A plan or report as a comment on a pull request: GitHub's Markdown, never too long.

Must not let a tenant's string link, mention, or break out of its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from provisioning.core.model import Finding
from provisioning.core.plan import Plan, Step
from provisioning.core.report import Outcome, Report, Result, Stats
from provisioning.render import escape, summary, values, whole
from provisioning.render.whole import Wholes

LIMIT: Final = 65_536
"""Characters that GitHub accepts in one comment."""
_RESERVE: Final = 512
_PORTAL: Final = re.compile(
    r"https://(?:portal\.azure|entra\.microsoft)\.(?:com|us|cn)/[\w./#?=&%~+-]*[\w/]"
)
_DIFF: Final = {"+": "+", "-": "-", "~": "!", " ": " "}


def plan(
    plan: Plan,
    stats: Stats | None = None,
    *,
    wholes: Wholes = whole.NONE,
    goal: str = summary.MANIFEST,
) -> str:
    """Return the plan with one foldable block per step; steps that do not fit are counted.

    Steps in `wholes` show that instead of their changes; `goal` is what the tenant is to match.
    """
    head = [
        f"### {escape.markdown(summary.plan(plan, goal))}",
        _identity(plan),
        *(_step(step, wholes) for step in plan.steps),
    ]
    if plan.unmanaged:
        rows = (
            f"{item.address}: {item.path} = {values.show(item.value)}" for item in plan.unmanaged
        )
        head.append(_details("Live, not managed", escape.block("\n".join(map(escape.plain, rows)))))
    tail = [*_findings(plan.findings), f"Digest {escape.code(plan.digest)}"]
    if stats is not None:
        tail.append(f"<sub>{escape.markdown(summary.stats(stats))}</sub>")
    return _join(head, tail)


def report(report: Report, *, goal: str = summary.MANIFEST, way_back: str = "") -> str:
    """Return what became of every step; failures are unfolded, `way_back` is a command."""
    rows = [
        "| Result | Step | Note |",
        "|---|---|---|",
        *(_row(outcome) for outcome in report.outcomes),
    ]
    head = [f"### {escape.markdown(summary.report(report))}"]
    failed = [_fault(outcome) for outcome in report.outcomes if outcome.fault is not None]
    settled = [] if report.settled else ["The tenant does not show every change yet."]
    after = [escape.markdown(summary.after(report, goal))] if report.after is not None else []
    back = [f"{summary.WAY_BACK}:\n\n{escape.block(way_back)}"] if way_back else []
    tail = [*settled, *after, *back, f"<sub>{escape.markdown(summary.stats(report.stats))}</sub>"]
    table = ["\n".join(_fit(rows, LIMIT // 2))] if report.outcomes else []
    return _join([*head, *table, *failed], tail)


def findings(findings: Iterable[Finding]) -> str:
    """Return findings as a list, for a run that got no further than its input."""
    listed = tuple(findings)
    return _join(_findings(listed) or ["No findings."], [])


def _identity(plan: Plan) -> str:
    tenant = f"{escape.code(plan.tenant_name)} ({escape.code(plan.tenant_id)})"
    return f"{tenant}, as {escape.code(plan.principal)} with client {escape.code(plan.client)}"


def _step(step: Step, wholes: Wholes) -> str:
    title = f"{values.symbol(step)} {step.action.value} {step.address}"
    body = [f"{escape.markdown(step.reason)}"] if step.reason else []
    shown = wholes.get(step.address)
    changes = [
        f"{_DIFF[line.symbol]} {'    ' * line.depth}{line.text}"
        + (f"  # {line.note}" if line.note else "")
        for line in (values.changed(step) if shown is None else whole.lines(shown))
    ]
    if changes:
        body.append(escape.block("\n".join(changes), "diff"))
    if step.held is not None:
        held = f"Held by the guard {step.held.guard}: {step.held.reason}"
        opening = summary.opening(step)
        body.append(escape.markdown(held) + (f" {escape.code(opening)}" if opening else ""))
    if step.manual:
        body.append(_instruction(step.manual))
    return _details(title, "\n\n".join(body))


def _instruction(text: str) -> str:
    """Return what a person has to do; only links to the portals can be followed."""
    words, links = _PORTAL.split(text), _PORTAL.findall(text)
    shown = [escape.markdown(part.rstrip()) for part in words]
    linked = [f" <{link}>" for link in links]
    return "".join(part for pair in zip(shown, [*linked, ""], strict=True) for part in pair)


def _details(title: str, body: str) -> str:
    return f"<details><summary>{_html(title)}</summary>\n\n{body}\n\n</details>"


def _html(text: str) -> str:
    return f"<code>{escape.html(text)}</code>"


def _row(outcome: Outcome) -> str:
    name = f"{outcome.action.value} {outcome.address}"
    note = "" if outcome.result is Result.DONE else outcome.reason
    # In a table even a code span ends at a pipe, so text is escaped instead.
    shown = _instruction(note) if outcome.result is Result.MANUAL else escape.markdown(note)
    cells = (outcome.result.value, escape.markdown(name), shown)
    return f"| {' | '.join(cells)} |"


def _fault(outcome: Outcome) -> str:
    fault = outcome.fault
    if fault is None:
        return ""
    facts = (
        ("error", " ".join(filter(None, (str(fault.status or ""), fault.code, fault.message)))),
        ("request", f"{fault.method or ''} {fault.path or ''}".strip()),
        ("request-id", fault.request_id or ""),
        ("remedy", fault.remedy),
    )
    text = "\n".join(f"{name}: {escape.plain(value)}" for name, value in facts if value)
    return f"**{escape.markdown(str(outcome.address))}**\n\n{escape.block(text)}"


def _findings(findings: Sequence[Finding]) -> list[str]:
    rows = []
    for finding in findings:
        where = finding.place or finding.address
        at = f"{escape.code(str(where))}: " if where else ""
        message = "; ".join(filter(None, (finding.message, finding.remedy)))
        rows.append(f"- **{finding.severity.value}** {at}{escape.markdown(message)}")
    return ["\n".join(_fit(rows, LIMIT // 4))] if rows else []


def _join(head: list[str], tail: list[str]) -> str:
    ending = "\n\n".join(tail)
    return "\n\n".join([*_fit(head, LIMIT - _RESERVE - len(ending), "\n\n"), *tail]) + "\n"


def _fit(parts: list[str], room: int, between: str = "\n") -> list[str]:
    """Keep whole parts while there is room, then say how many are left out."""
    kept: list[str] = []
    for index, part in enumerate(parts):
        room -= len(part) + len(between)
        if room < 0:
            left = len(parts) - index
            return [*kept, f"{left} more left out; `--format json` shows all of them."]
        kept.append(part)
    return kept
