"""A fleet run as one HTML page: nothing is loaded from elsewhere, and it reads without scripts too.

Must not let a tenant's string become markup: everything passes `escape.page`, and the page's policy
(https://www.w3.org/TR/CSP3/) lets only the two texts written here run or style.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import provisioning
from provisioning.core.fleet import GRAVITY, FleetRun, Status, TenantResult
from provisioning.render import summary
from provisioning.render.escape import page as _e
from provisioning.render.fleet import details, rows
from provisioning.render.fleet.details import Document, Line
from provisioning.render.fleet.rows import Row
from provisioning.render.fleet.script import JS
from provisioning.render.fleet.style import CSS

_COLUMNS: Final = {"+": "plus", "~": "tilde", "-": "minus", "not yet": "held", "failed": "minus"}
_HEADS: Final = {"+": "to create", "~": "to update", "-": "to delete"}
_TONES: Final = {"+": "a", "<": "a", "-": "d", " ": ""}
"""Class of a line by its symbol; whatever else is drawn, `m`."""


def html(run: FleetRun, tenants: Iterable[TenantResult]) -> Iterator[str]:
    """Yield the page: numbers, rings, filters, and a table with each tenant's plan in its row."""
    listed = rows.rows(run, tenants)
    yield _opening(run)
    yield _summary(run, listed)
    yield _rings(listed)
    yield _filters(listed)
    yield _table_head(run)
    for row, result in zip(listed, tenants, strict=True):
        yield _tenant(run, row, result, open_=len(listed) == 1)
    yield "</table>\n<p id=empty class=empty hidden>No tenant matches these filters.</p>\n"
    yield f"<footer>provisioning {_e(provisioning.__version__)}</footer>\n"
    yield f"</main>\n<script>{JS}</script>\n</body>\n</html>\n"


def _opening(run: FleetRun) -> str:
    policy = (
        f"default-src 'none'; script-src {_source(JS)}; style-src {_source(CSS)}; "
        "base-uri 'none'; form-action 'none'"
    )
    facts = (f"run {run.run}", run.started, f"{run.seconds:,.1f} s")
    shown = "".join(f"<span>{_e(fact)}</span>" for fact in facts)
    stopped = f"<p class=stopped><b>Stopped.</b> {_e(run.stopped)}</p>\n" if run.stopped else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_e(rows.headline(run))}</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
        '<a class=skip href="#tenants">Skip to the tenants</a>\n<main>\n'
        f"<header><h1>{_e(rows.title(run))}</h1>\n<p class=facts>{shown}</p>\n{stopped}</header>\n"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _summary(run: FleetRun, listed: Sequence[Row]) -> str:
    counted = rows.tally(run)
    buttons = "".join(
        f'<li><button type=button class="{status.value}" data-status="{status.value}"'
        f" aria-pressed=false><b>{count:,}</b> {_e(rows.told(status))}</button></li>"
        for status, count in counted
    )
    work = rows.work(run, rows.totals(run, listed))
    return (
        f'<section class=card aria-label="Summary">\n{_bar(dict(counted))}\n'
        f"<ul class=tally>{buttons}</ul>\n<p class=work>{_e(work)}</p>\n</section>\n"
    )


def _bar(counts: Mapping[Status, int]) -> str:
    """Draw shares of a whole; a picture of numbers that stand beside it."""
    total = sum(counts.values()) or 1
    drawn, at = [], 0.0
    for status in reversed(GRAVITY):
        wide = 100 * counts.get(status, 0) / total
        if wide:
            box = f'x="{at:.3f}" width="{wide:.3f}" height="1"'
            drawn.append(f'<rect class="{status.value}" {box}/>')
        at += wide
    return (
        '<svg class=bar viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


def _rings(listed: Sequence[Row]) -> str:
    rings = {row.ring: Counter[Status]() for row in listed}
    if len(rings) < 2:
        return ""
    for row in listed:
        rings[row.ring][row.status] += 1
    shown = "".join(
        f"<dt>{_e(ring)}</dt><dd class=share>{_bar(counts)}</dd><dd>{_told(counts)}</dd>\n"
        for ring, counts in rings.items()
    )
    return (
        "<section class=card aria-labelledby=rings>\n<h2 id=rings>Rings</h2>\n"
        f"<dl class=rings>\n{shown}</dl>\n</section>\n"
    )


def _told(counts: Mapping[Status, int]) -> str:
    return _e(
        ", ".join(
            f"{counts[status]:,} {rows.told(status)}"
            for status in reversed(GRAVITY)
            if counts.get(status)
        )
    )


def _filters(listed: Sequence[Row]) -> str:
    rings = dict.fromkeys(row.ring for row in listed)
    tags = sorted({tag for row in listed for tag in row.tags})
    return (
        '<form id=filters class=filters role=search aria-label="Filter tenants">\n'
        "<label class=find><span class=sr>Find</span><input type=search name=q"
        ' placeholder="Find in names, errors and plans   ( / )" autocomplete=off></label>\n'
        f"<label>Ring <select name=ring>{_choices(rings)}</select></label>\n"
        f"<label>Tag <select name=tag>{_choices(tags)}</select></label>\n"
        "<button type=button id=unfold>Open or close all</button>\n"
        "<button type=button id=clear>Clear filters</button>\n"
        "<output id=shown aria-live=polite></output>\n</form>\n"
    )


def _choices(names: Iterable[str]) -> str:
    listed = "".join(f'<option value="{_e(name)}">{_e(name)}</option>' for name in names if name)
    return f'<option value="">any</option>{listed}'


def _table_head(run: FleetRun) -> str:
    heads = [("tenant", "Tenant"), ("ring", "Ring"), ("status", "Status")]
    heads += [(_class(name), name) for name in rows.columns(run)]
    heads += [("digest", "Digest"), ("seconds", "Seconds")]
    cells = "".join(
        f'<th scope=col class="c-{kind}{_right(kind)}"><button type=button class=sort'
        f"{_label(run, name)}>{_e(name)}</button></th>"
        for kind, name in heads
    )
    return (
        f"<table id=tenants>\n<caption class=sr>{_e(rows.headline(run))}</caption>\n"
        f"<thead><tr>{cells}</tr></thead>\n"
    )


def _class(name: str) -> str:
    return _COLUMNS.get(name, name)


def _right(kind: str) -> str:
    return "" if kind in {"tenant", "ring", "status", "digest"} else " n"


def _label(run: FleetRun, name: str) -> str:
    if name not in _HEADS:
        return ""
    words = _HEADS[name] if run.command == "plan" else _HEADS[name].removeprefix("to ") + "d"
    return f' title="{words}" aria-label="{words}"'


def _tenant(run: FleetRun, row: Row, result: TenantResult, *, open_: bool) -> str:
    status = row.status
    numbers = "".join(
        f'<td class="n c-{_class(name)} {_class(name) if number else "zero"}" data-v={number}>'
        f"{number:,}</td>"
        for name, number in zip(rows.columns(run), row.numbers, strict=True)
    )
    tags = "".join(f" <span class=tag>{_e(tag)}</span>" for tag in row.tags)
    domain = f" <span class=domain>{_e(row.domain)}</span>" if row.domain else ""
    digest = f'<code title="{_e(row.digest)}">{_e(row.digest[: rows.DIGITS])}</code>'
    body = "" if row.silent else _body(row, result)
    more = ""
    if body:
        columns = 5 + len(row.numbers)
        more = (
            f"<tr class=detail><td colspan={columns}><details{' open' if open_ else ''}>"
            f"<summary>{_e(_gist(row))}</summary>\n<div class=body>{body}</div>"
            "</details></td></tr>\n"
        )
    return (
        f'<tbody class="{status.value}{" more" if body else ""}" data-status="{status.value}"'
        f' data-ring="{_e(row.ring)}">\n<tr><th scope=row>{_e(row.name)}{domain}{tags}</th>'
        f"<td class=c-ring>{_e(row.ring)}</td>"
        f"<td class=c-status data-v={GRAVITY.index(status)}>"
        f'<span class="status {status.value}">{_e(status.value)}</span></td>{numbers}'
        f"<td class=c-digest>{digest if row.digest else ''}</td>"
        f'<td class="n c-seconds" data-v={row.seconds:.3f}>{row.seconds:,.1f}</td></tr>\n'
        f"{more}</tbody>\n"
    )


def _gist(row: Row) -> str:
    """Return what stands below a tenant's name: the error, else what a plan is about."""
    return (row.story if row.status in rows.BROKEN else row.objects) or row.story or "Details"


def _body(row: Row, result: TenantResult) -> str:
    shown = []
    if result.problem is not None:
        remedy = f"<p>What to do: {_e(result.problem.remedy)}</p>" if result.problem.remedy else ""
        message = f"<p class=message>{_e(result.problem.message)}</p>"
        shown.append(f"<div class=problem>{message}{remedy}</div>")
    if result.findings:
        shown.append(_diff([(details.finding(item),) for item in details.found(result)]))
    documents = [(part, details.read(part)) for part in result.parts]
    identity = next((_identity(row, document) for _, document in documents if document.plan), "")
    for part, document in documents:
        blocks = [*details.blocks(document)]
        if blocks and len(documents) > 1:
            shown.append(f"<h3>{_e(part.manifest)}</h3>")
        if blocks:
            shown.append(_diff(blocks))
        if document.stats is not None and blocks:
            shown.append(f"<p class=work>{_e(summary.stats(document.stats))}</p>")
    return identity + "".join(shown) if shown else ""


def _identity(row: Row, document: Document) -> str:
    assert document.plan is not None
    facts = {
        "Tenant": f"{document.plan.tenant_name}, {document.plan.tenant_id}",
        "Principal": document.plan.principal,
        "Client": document.plan.client,
    }
    shown = "".join(f"<dt>{name}</dt><dd>{_e(fact)}</dd>" for name, fact in facts.items() if fact)
    if document.report is None and row.digest:
        # One click selects it.
        shown += (
            f"<dt>Approval</dt><dd><code>{_e(f'--approved {row.name}={row.digest}')}</code></dd>"
        )
    return f"<dl class=identity>{shown}</dl>"


def _diff(blocks: Iterable[Sequence[Line]]) -> str:
    """Draw lines; neighbours of one colour share an element, so that big plans stay light."""
    shown = []
    for block in blocks:
        for (tone, head), lines in groupby(block, _tone):
            text = "\n".join(map(_line, lines))
            shown.append(f'<span class="{tone}{" step" if head else ""}">{text}</span>')
    return f"<div class=diff>{''.join(shown)}</div>"


def _tone(line: Line) -> tuple[str, bool]:
    return _TONES.get(line.symbol, "m"), line.head


def _line(line: Line) -> str:
    note = f"  <i># {_e(line.note)}</i>" if line.note else ""
    return f"{_e(line.symbol):<2}{'    ' * line.depth}{_e(line.text)}{note}"
