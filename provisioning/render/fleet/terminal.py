"""A fleet run for a terminal: a table, then what there is to read, then the total.

Must not compute: numbers and sentences come from `rows`, plans are drawn as for one tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text

from provisioning.core.fleet import FleetRun, Status, TenantResult
from provisioning.render import escape, findings, paint
from provisioning.render import text as single
from provisioning.render.fleet import details, rows
from provisioning.render.fleet.details import Line
from provisioning.render.fleet.rows import Row

_STYLES: Final = {
    Status.IN_SYNC: "green",
    Status.PASSED: "green",
    Status.APPLIED: "green",
    Status.CHANGES: "yellow",
    Status.WAITING: "bold yellow",
    Status.SKIPPED: "dim",
    Status.INTERRUPTED: "red",
    Status.FAILED: "bold red",
}
_NUMBERS: Final = {**paint.STYLES, "passed": "green", "failed": "bold red"}
_GAP: Final = "  "
_SPARED: Final = ("Digest", "Seconds", "Ring", "manual", "held")
"""Columns that a narrow terminal does without, the first one first."""


def text(
    run: FleetRun, tenants: Iterable[TenantResult], *, color: bool = False, width: int = 100
) -> Iterator[str]:
    """Yield the table, what there is to read of each tenant that is not in sync, and the total.

    Without colour nothing is narrowed: files and pipes get every column. What an earlier
    tenant shows too is not repeated.
    """

    def draw(lines: Iterable[Text]) -> str:
        return paint.join(lines, color=color, width=width)

    listed = rows.rows(run, tenants)
    if listed:
        yield draw(_table(run, listed, width if color else None))
    first: dict[str, str] = {}
    for row, result in zip(listed, tenants, strict=True):
        if row.calm or row.silent:
            continue
        shown = first.setdefault(row.alike, row.name) if row.alike else row.name
        yield draw(_heading(run, row))
        if shown == row.name:
            yield from _details(result, color=color, width=width)
        else:
            noun = "error" if row.status in rows.BROKEN else "plan"
            yield draw([Text(f"The same {noun} as {escape.plain(shown)}.", "dim")])
    yield draw(_total(run, listed))


def _table(run: FleetRun, listed: Sequence[Row], width: int | None) -> Iterator[Text]:
    named = rows.columns(run)
    heads = ("Tenant", "Ring", "Status", *named, "Digest", "Seconds")
    cells = [dict(zip(heads, _cells(row), strict=True)) for row in listed]
    wide = {head: max(len(head), *(len(line[head]) for line in cells)) for head in heads}
    for spared in _SPARED:
        if width is None or sum(wide.values()) + len(_GAP) * (len(wide) - 1) <= width:
            break
        wide.pop(spared, None)
    wide |= {head: -wide[head] for head in (*named, "Seconds") if head in wide}
    yield _line({head: head for head in heads}, wide, dict.fromkeys(heads, "bold"))
    for row, line in zip(listed, cells, strict=True):
        styles = {"Status": _STYLES[row.status], "Digest": "dim", "Seconds": "dim"}
        for name, number in zip(named, row.numbers, strict=True):
            styles[name] = _NUMBERS.get(name, "bold yellow") if number else "dim"
        yield _line(line, wide, styles)


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (f"{number:,}" for number in row.numbers)
    digest = row.digest[: rows.DIGITS] or "-"
    names = (escape.plain(row.name), escape.plain(row.ring), row.status.value)
    return (*names, *numbers, digest, f"{row.seconds:.1f}")


def _line(cells: Mapping[str, str], wide: Mapping[str, int], styles: Mapping[str, str]) -> Text:
    """Lay out the columns of `wide`; a negative width aligns to the right."""
    drawn = Text()
    for head, width in wide.items():
        drawn.append(_GAP if drawn else "")
        cell = cells[head].rjust(-width) if width < 0 else cells[head].ljust(width)
        drawn.append(cell, styles.get(head, ""))
    drawn.rstrip()
    return drawn


def _heading(run: FleetRun, row: Row) -> Iterator[Text]:
    where = ", ".join(filter(None, (row.domain, row.ring and f"ring {row.ring}")))
    yield Text()
    yield Text.assemble(
        (escape.plain(row.name), "bold"),
        f" ({escape.plain(where)})" if where else "",
        ": ",
        (row.status.value, _STYLES[row.status]),
    )
    if row.digest and run.command == "plan":
        # A tenant's digest stands for the plans of all its manifests.
        yield Text(f"Approval   --approved {escape.plain(row.name)}={row.digest}")


def _details(result: TenantResult, *, color: bool, width: int) -> Iterator[str]:
    def draw(lines: Iterable[Text]) -> str:
        return paint.join(lines, color=color, width=width)

    if result.problem is not None:
        lines = details.problem(result.problem.message, result.problem.remedy)
        words = ("Error: ", "       ")
        yield draw(
            Text(f"{word}{line.text}", "red" if line.head else "yellow")
            for word, line in zip(words, lines, strict=False)
        )
    if result.findings:
        yield findings.text(details.found(result), color=color, width=width)
    for part in result.parts:
        document = details.read(part)
        if len(result.parts) > 1:
            yield draw([Text(), Text(f"{escape.plain(part.manifest)}:", "bold")])
        if document.report is not None:
            yield single.report(document.report, color=color, width=width)
        elif document.plan is not None:
            yield single.plan(
                document.plan, document.stats, color=color, width=width, wholes=document.wholes
            )
        else:
            yield draw(map(_plain, _rest(document)))
            continue
        yield draw(map(_plain, _rest(details.Document(checks=document.checks))))


def _rest(document: details.Document) -> Iterator[Line]:
    for block in details.blocks(document):
        yield from block


def _plain(line: Line) -> Text:
    style = paint.STYLES.get(line.symbol, "")
    drawn = Text.assemble("  " * (line.depth + 1), (line.text, style))
    return drawn.append(f"  # {line.note}" if line.note else "", "dim")


def _total(run: FleetRun, listed: Sequence[Row]) -> Iterator[Text]:
    yield Text()
    broken = any(row.status in rows.BROKEN for row in listed)
    yield Text(f"{rows.headline(run)}.", "bold red" if broken else "bold")
    if work := rows.work(run, rows.totals(run, listed)):
        yield Text(f"{work[0].upper()}{work[1:]}.")
    if run.stopped:
        yield Text(f"Stopped: {escape.plain(run.stopped)}", "yellow")
    yield Text(f"Run {escape.plain(run.run)}: {run.seconds:.1f} s", "dim")
