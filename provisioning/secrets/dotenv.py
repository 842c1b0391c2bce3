"""Edits dotenv text: some names get values, every other line stays as it is. Pure text.

Must not touch a file. Follows what shells, Docker Compose and the dotenv libraries agree on:
NAME=VALUE, an optional `export`, single quotes literal, double quotes with escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provisioning.core.errors import SecretError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_QUOTED = {"'": re.compile(r"'([^']*)'"), '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)}
_BARE = re.compile(r"(?!~)[A-Za-z0-9_.~+/=@%,:-]+")


def values(text: str) -> dict[str, str]:
    """Return what every name is set to; the last assignment counts, as in a shell."""
    return {name: _value(chunk) for name, chunk in _chunks(text) if name}


def merge(text: str, settings: Mapping[str, str | None]) -> str:
    """Set names to values, or remove them (None); comments, order and other names are kept.

    A name that is assigned twice keeps its last place. Raises SecretError for a value that cannot
    stand on one line.
    """
    chunks = list(_chunks(text))
    last = {name: index for index, (name, _) in enumerate(chunks)}
    kept: list[str] = []
    for index, (name, chunk) in enumerate(chunks):
        if name not in settings:
            kept.append(chunk if chunk.endswith("\n") else f"{chunk}\n")
        elif index == last[name] and (value := settings[name]) is not None:
            kept.append(f"{name}={_quote(value)}\n")
    added = (
        f"{name}={_quote(value)}\n"
        for name, value in settings.items()
        if value is not None and name not in last
    )
    return "".join((*kept, *added))


def _chunks(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name or "", the lines it takes); a quoted value may take several."""
    position = 0
    while position < len(text):
        assignment = _ASSIGNMENT.match(text, position)
        end = position
        if assignment:
            quoted = _quotation(text, assignment.end())
            end = quoted.end() if quoted else assignment.end()
        newline = text.find("\n", end)
        end = len(text) if newline < 0 else newline + 1
        yield (assignment["name"] if assignment else "", text[position:end])
        position = end


def _quotation(text: str, position: int) -> re.Match[str] | None:
    pattern = _QUOTED.get(text[position : position + 1])
    return pattern.match(text, position) if pattern else None


def _value(chunk: str) -> str:
    assignment = _ASSIGNMENT.match(chunk)
    start = assignment.end() if assignment else 0
    quoted = _quotation(chunk, start)
    if quoted is None:
        return re.split(r"\s#", chunk[start:])[0].strip()
    return re.sub(r"\\(.)", r"\1", quoted[1]) if chunk[start] == '"' else quoted[1]


def _quote(value: str) -> str:
    if _BARE.fullmatch(value) or not value:
        return value
    if not value.isprintable():
        raise SecretError(
            "the value holds control characters, which a dotenv line cannot",
            remedy="store it with file: instead of dotenv:",
        )
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'
