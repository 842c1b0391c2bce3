"""Values of a plan on one line: JSON with `(known after apply)` where a reference stands.

Must not wrap or colour; that is for the formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from provisioning.core import refs
from provisioning.core.model import Ref, Template, Value
from provisioning.core.plan import Action, Change, Step
from provisioning.render import escape

UNKNOWN: Final = "(known after apply)"
SYMBOLS: Final = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.RESTORE: "<",
    Action.NOOP: " ",
}
HELD: Final = "!"
MANUAL: Final = "?"


@dataclass(frozen=True, slots=True)
class Line:
    """One line below a step: `symbol` is +, - or ~; `note` follows as a comment."""

    symbol: str
    text: str
    note: str = ""
    depth: int = 0


def symbol(step: Step) -> str:
    """Return what stands before a step's address; held and manual win over the action."""
    if step.held is not None:
        return HELD
    return MANUAL if step.manual else SYMBOLS[step.action]


def show(value: Value) -> str:
    """Write a value as compact JSON, harmless for a terminal."""
    match value:
        case Ref():
            return UNKNOWN
        case Template():
            text = "".join(UNKNOWN if isinstance(part, Ref) else part for part in value.parts)
            return _quote(text)
        case dict():
            inside = ", ".join(f"{escape.plain(key)}: {show(item)}" for key, item in value.items())
            return f"{{{inside}}}"
        case list():
            return f"[{', '.join(map(show, value))}]"
        case str():
            return _quote(value)
        case _:
            return json.dumps(value)


def origin(value: Value) -> str:
    """Name what an unknown value will come from, "" when all of it is known."""
    found = dict.fromkeys(f"{ref.address}.{ref.path}" for ref in refs.find(value))
    return escape.plain(", ".join(found))


def changed(step: Step) -> Iterator[Line]:
    """Yield the lines of a step's changes; lists show only the elements that differ."""
    for change in step.changes:
        for line, value in _change(change):
            yield replace(line, note=line.note or _named(value, step.names))


def _named(value: Value, names: Mapping[str, str]) -> str:
    """Name the ids in a value, "" when none of them has a name."""
    found = dict.fromkeys(names[text] for text in _texts(value) if text in names)
    return escape.plain(", ".join(found))


def _texts(value: Value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from _texts([*value.values()])
        case list():
            for item in value:
                yield from _texts(item)


def _change(change: Change) -> Iterator[tuple[Line, Value]]:
    """Yield each line with the value that stands on it."""
    path = escape.plain(change.path)
    match change.before, change.after:
        case list(before), list(after):
            yield Line("~", f"{path}:"), None
            yield from _elements(before, after)
        case None, list(after) if after:
            yield Line("+", f"{path}:"), None
            yield from _elements([], after)
        case list(before), None if before:
            yield Line("-", f"{path}:"), None
            yield from _elements(before, [])
        case None, dict(after) if after:
            yield Line("+", f"{path}:"), None
            yield from _members("+", after)
        case dict(before), None if before:
            yield Line("-", f"{path}:"), None
            yield from _members("-", before)
        case None, after:
            yield Line("+", f"{path}: {show(after)}", origin(after)), after
        case before, None:
            yield Line("-", f"{path}: {show(before)}", origin(before)), before
        case before, after:
            text = f"{path}: {show(before)} -> {show(after)}"
            yield Line("~", text, origin(after)), after


def _members(sign: str, value: dict[str, Value]) -> Iterator[tuple[Line, Value]]:
    for name, item in value.items():
        if item is None:
            continue
        text = f"{escape.plain(name)}: {show(item)}"
        yield Line(sign, text, origin(item), depth=1), item


def _elements(before: list[Value], after: list[Value]) -> Iterator[tuple[Line, Value]]:
    for item in before:
        if item not in after:
            yield Line("-", show(item), origin(item), depth=1), item
    for item in after:
        if item not in before:
            yield Line("+", show(item), origin(item), depth=1), item
    same = sum(item in after for item in before)
    if same:
        noun = "element" if same == 1 else "elements"
        yield Line(" ", f"({same} unchanged {noun})", depth=1), None


def _quote(text: str) -> str:
    # JSON's own escapes would double the backslashes of what `plain` spells out.
    return '"' + escape.plain(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
