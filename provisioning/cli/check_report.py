"""Results of sign-in checks as text, Markdown or JSON. Must not print or ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.plan import FORMAT_VERSION
from provisioning.render import escape, paint
from provisioning.render import json as documents
from provisioning.signin import checks
from provisioning.signin.checks import Outcome, Result

NONE = "The manifest declares no checks.\n"
_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.NOT_YET: "yellow"}


def shown(surface: Surface, results: Sequence[Result]) -> str:
    """Return the document of `verify` in the format that was asked for."""
    match surface.form:
        case Format.JSON:
            return documents.document(
                {
                    "formatVersion": FORMAT_VERSION,
                    "checks": [checks.to_json(result) for result in results],
                    "summary": counts(results),
                }
            )
        case Format.MARKDOWN:
            return markdown(results) if results else NONE
        case _:
            return text(surface, results) if results else NONE


def counts(results: Iterable[Result]) -> dict[str, int]:
    """Return `{passed, failed, not-yet}`."""
    found = [result.outcome for result in results]
    return {outcome.value: found.count(outcome) for outcome in Outcome}


def text(surface: Surface, results: Sequence[Result]) -> str:
    """Return what was asked, what came back and how to mend it, then a table of the checks."""
    table = Table("Check", "Flow", "Result", "What came back")
    for result in results:
        outcome = Text(result.outcome.value, style=_STYLES[result.outcome])
        table.add_row(
            escape.plain(result.check), result.flow.value, outcome, escape.plain(result.summary)
        )
    table_text = paint.table(table, color=surface.color, width=surface.width)
    details = (line for result in results for line in _details(result))
    tally = ", ".join(f"{count} {name}" for name, count in counts(results).items() if count)
    above = "".join(f"{escape.plain(line)}\n" for line in details)
    return f"{above}\n{table_text}Checks: {tally}.\n"


def markdown(results: Iterable[Result]) -> str:
    """Return a table for a comment on a change, and the lines that would mend what failed."""
    shown = tuple(results)
    lines = ["| Check | Flow | Result | What came back |", "| --- | --- | --- | --- |"]
    for result in shown:
        told = escape.markdown(result.summary)
        cells = (escape.markdown(result.check), result.flow.value, result.outcome.value, told)
        lines.append(f"| {' | '.join(cells)} |")
    found = [(result, finding) for result in shown for finding in result.findings]
    if found:
        lines.append("")
    for result, finding in found:
        told = escape.markdown("; ".join(filter(None, (finding.message, finding.remedy))))
        place = escape.code(str(finding.place))
        lines.append(f"- {escape.markdown(result.check)}: {place}: {told}")
    return "\n".join(lines) + "\n"


def _details(result: Result) -> Iterator[str]:
    yield f"{result.check}:"
    for asked in result.asked:
        fields = "&".join(f"{name}={value}" for name, value in asked.fields)
        yield f"  asked {asked.method} {asked.url}" + (f" {fields}" if fields else "")
    for claims in result.claims:
        said = ", ".join(f"{name}={_short(value)}" for name, value in claims.claims.items())
        yield f"  {claims.token}: {said}"
    for note in result.notes:
        yield f"  {note}"
    problem = result.diagnosis
    if problem is not None:
        code = f" ({problem.code})" if problem.code else ""
        yield f"  {problem.cause}{code}: {problem.message}"
    for finding in result.findings:
        place = f"{finding.place}: " if finding.place else ""
        known = problem is not None and finding.message == problem.message
        told = ("" if known else finding.message, finding.remedy)
        yield f"  {place}{'; '.join(filter(None, told)) or 'look here'}"
    if problem is not None and result.place:
        yield f"  checked at {result.place}"


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
