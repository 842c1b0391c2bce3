"""A fleet run as a comment on a pull request or a job's summary: GitHub's Markdown.

Must not let a tenant's string link, mention, or break out of its place; must not exceed the limit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from provisioning.core.fleet import GRAVITY, FleetRun, TenantResult
from provisioning.render import escape
from provisioning.render.fleet import details, rows
from provisioning.render.fleet.details import Block, Line
from provisioning.render.fleet.rows import Row
from provisioning.render.markdown import LIMIT

__all__ = ["LIMIT", "markdown"]

_SIGNS: Final = {"+": "+", "<": "+", "-": "-", " ": " "}
"""What starts a line of a `diff` block; everything else that changes gets `!`."""
_RESERVE: Final = 512
_LEAST: Final = 1_500
"""Characters below which a tenant's block would say next to nothing."""
_NAMES: Final = 20
_NAME: Final = 70
"""Characters of a name at the most, and what stands between two."""
_WORDS: Final = 200
"""Characters of a sentence where it stands in a line."""
_PROSE: Final = 2_000
"""Characters of an error or its remedy."""
_NOTE: Final = 80
"""Characters that tell of steps left out."""
_ALL: Final = "the JSON report has all of it"


def markdown(
    run: FleetRun, tenants: Iterable[TenantResult], *, limit: int | None = LIMIT
) -> Iterator[str]:
    """Yield the total, a table, and one foldable block per tenant that is not in sync.

    The text never has more than `limit` characters (None for all of it): the gravest tenants get
    their place first, long plans are cut between steps, and what is left out is counted. Tenants
    with the very same plan or error share a block.
    """
    listed = rows.rows(run, tenants)
    loud = sorted((row for row in listed if not row.calm), key=_rank)
    told = [row for row in loud if not row.silent]
    calm = [row.name for row in listed if row.calm]
    silent = [row.name for row in loud if row.silent]
    head, foot = _head(run, listed), _foot(run)
    room = None if limit is None else max(limit - len(head) - len(foot) - _RESERVE, 0)
    head += _table(run, told, room and room // 3)
    head += _names("with nothing to do", calm, room and room // 12)
    head += _names("not begun", silent, room and room // 12)
    yield head
    room = None if limit is None else max(limit - len(head) - len(foot) - _RESERVE, 0)
    yield from _blocks(tenants, told, room)
    yield foot


def _blocks(
    tenants: Iterable[TenantResult], told: Sequence[Row], room: int | None
) -> Iterator[str]:
    """Yield the blocks that fit into `room`, the broken tenants first, and how many do not."""
    known = {row.name: row for row in told}
    groups = _groups(told)
    rooms: Mapping[str, int | None] = dict.fromkeys(groups)
    if room is not None:
        needs = {
            result.name: len(_tenant(result, known[result.name], groups[result.name], None))
            for result in tenants
            if result.name in groups
        }
        rooms = _rooms(groups, needs, room)
    left = len(groups) - len(rooms)
    for broken in (True, False):
        for result in tenants:
            name = result.name
            if name not in rooms or (result.status in rows.BROKEN) is not broken:
                continue
            block = _tenant(result, known[name], groups[name], rooms[name])
            if room is None or len(block) <= room:
                room = None if room is None else room - len(block)
                yield block
            else:
                left += 1
    if left:
        yield f"{left:,} more {'plan or error' if left == 1 else 'plans and errors'}: {_ALL}.\n\n"


def _rank(row: Row) -> int:
    return -GRAVITY.index(row.status)


def _groups(told: Iterable[Row]) -> dict[str, list[str]]:
    """Return who has something of its own to show, and the names of those that show the same."""
    owners: dict[str, str] = {}
    groups: dict[str, list[str]] = {}
    for row in told:
        owner = owners.setdefault(row.alike, row.name) if row.alike else row.name
        if owner == row.name:
            groups[owner] = []
        else:
            groups[owner].append(row.name)
    return groups


def _rooms(order: Iterable[str], needs: Mapping[str, int], room: int) -> dict[str, int | None]:
    """Divide the room among the first in `order`: a fair share, what one spares goes to others."""
    names = list(order)[: room // _LEAST]
    rooms: dict[str, int | None] = {}
    for index, name in enumerate(sorted(names, key=needs.__getitem__)):
        share = min(needs[name], room // (len(names) - index))
        rooms[name] = share
        room -= share
    return rooms


def _head(run: FleetRun, listed: Sequence[Row]) -> str:
    lines = [f"### {escape.markdown(rows.headline(run))}"]
    if work := rows.work(run, rows.totals(run, listed)):
        lines.append(f"{escape.markdown(work[0].upper() + work[1:])}.")
    if run.stopped:
        lines.append(f"**Stopped:** {escape.markdown(_cut(run.stopped, _PROSE))}")
    return "\n\n".join(lines) + "\n\n"


def _foot(run: FleetRun) -> str:
    return f"<sub>Run {escape.markdown(run.run)}, {run.seconds:.1f} s</sub>\n"


def _table(run: FleetRun, loud: Sequence[Row], room: int | None) -> str:
    if not loud:
        return ""
    named = [name.capitalize() for name in rows.columns(run)]
    heads = ("Tenant", "Ring", "Status", *map(escape.markdown, named), "Digest", "Seconds")
    left, right = "---", "--:"
    rule = (left, left, left, *(right for _ in named), left, right)
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(rule)}|"]
    used = sum(map(len, lines))
    for index, row in enumerate(loud):
        line = _row(row)
        used += len(line) + 1
        if room is not None and used > room:
            lines += ["", f"{len(loud) - index:,} more rows: {_ALL}."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n\n"


def _row(row: Row) -> str:
    digest = escape.markdown(row.digest[: rows.DIGITS])
    numbers = (f"{number:,}" for number in row.numbers)
    texts = (row.name, row.ring, row.status.value)
    cells = (*map(escape.markdown, texts), *numbers, digest, f"{row.seconds:.1f}")
    return f"| {' | '.join(cells)} |"


def _names(what: str, names: Sequence[str], room: int | None) -> str:
    if not names:
        return ""
    most = len(names) if room is None else max(room // _NAME, 1)
    noun = "tenant" if len(names) == 1 else "tenants"
    return _details(f"{len(names):,} {noun} {what}", _joined(names, most))


def _tenant(result: TenantResult, row: Row, others: Sequence[str], room: int | None) -> str:
    """Return one foldable block of at most `room` characters, as far as cutting steps can do it."""
    named = f"<code>{escape.html(row.name)}</code>"
    more = f" and {len(others):,} more" if others else ""
    title = f"{named}{more} {rows.told(row.status)}: {escape.html(_cut(row.story, _WORDS))}"
    opening = [_problem(result)] if result.problem is not None else []
    if others:
        opening.append(f"The same in {_joined(others, _NAMES)}")
    if result.digest:
        opening.append(f"{escape.markdown(result.domain)}, digest {escape.code(result.digest)}")
    listed = [*_documents(result)]
    whole = _details(title, "\n\n".join([*opening, *_shown(listed, None)]))
    if room is None or len(whole) <= room:
        return whole
    bare = len(_details(title, "\n\n".join(opening)))
    return _details(title, "\n\n".join([*opening, *_shown(listed, room - bare)]))


def _problem(result: TenantResult) -> str:
    assert result.problem is not None
    message, remedy = (
        escape.markdown(_cut(text, _PROSE))
        for text in (result.problem.message, result.problem.remedy)
    )
    return f"**Error:** {message}" + (f"\n\nWhat to do: {remedy}" if remedy else "")


def _documents(result: TenantResult) -> Iterator[tuple[str, list[Block]]]:
    """Yield a title and the blocks of everything that a tenant has to show."""
    found: list[Block] = [(details.finding(item),) for item in details.found(result)]
    if found:
        yield "", found
    for part in result.parts:
        title = part.manifest if len(result.parts) > 1 else ""
        yield title, [*details.blocks(details.read(part))]


def _shown(listed: Iterable[tuple[str, list[Block]]], room: int | None) -> Iterator[str]:
    """Yield `diff` blocks; with `room` the last steps lose their changes, then go altogether."""
    short = left = 0
    for title, blocks in listed:
        texts, kept = [*map(_text, blocks)], len(blocks)
        shown = _diff(title, texts) if texts else ""
        if room is not None and len(shown) > room - _NOTE:
            texts, kept = _shortened(blocks, texts, room - _NOTE)
            shown = _diff(title, texts) if texts else ""
            while texts and len(shown) > room - _NOTE:
                texts.pop()
                shown = _diff(title, texts)
        if texts:
            room = None if room is None else room - len(shown) - 2
            yield shown
        short += max(len(texts) - kept, 0)
        left += len(blocks) - len(texts)
    if short or left:
        counted = [(short, "by name only"), (left, "left out")]
        words = ", ".join(f"{count:,} {what}" for count, what in counted if count)
        yield f"Of the steps {words}: {_ALL}."


def _shortened(blocks: Sequence[Block], texts: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return about as many texts as fit, and how many of them are whole; the others are heads."""
    heads = [_text(block[:1]) for block in blocks]
    used, kept = sum(len(head) + 1 for head in heads), 0
    for text, head in zip(texts, heads, strict=True):
        used += len(text) - len(head)
        if used > room:
            break
        kept += 1
    sums = itertools.accumulate(len(head) + 1 for head in heads)
    fitting = sum(used <= room for used in sums)
    return [*texts[:kept], *heads[kept : max(fitting, kept)]], kept


def _diff(title: str, texts: Sequence[str]) -> str:
    heading = f"**{escape.markdown(title)}**\n\n" if title else ""
    return heading + escape.block("\n".join(texts), "diff")


def _text(block: Block) -> str:
    return "\n".join(map(_line, block))


def _line(line: Line) -> str:
    note = f"  # {line.note}" if line.note else ""
    return f"{_SIGNS.get(line.symbol, '!')} {'    ' * line.depth}{line.text}{note}"


def _joined(names: Sequence[str], most: int) -> str:
    shown = ", ".join(map(escape.markdown, names[:most]))
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _details(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>\n\n"
