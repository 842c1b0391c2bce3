"""`${…}` inside text: find it, and keep literal text apart from it.

After substitution a literal `${` (from `$${` or from a variable's value) is held as a NUL and a
brace, which no manifest text can contain, so that nothing is ever expanded twice. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.core.model import Address, Ref, Template, Value

_HELD: Final = "\x00{"
_TOKEN: Final = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<name>[^${}]*)\}|(?P<open>\$\{)")
_SUBSTITUTED: Final = re.compile(r"(?P<literal>(?!))|\$\{(?P<name>[^${}]*)\}|(?P<open>\$\{)")
"""After substitution `$${` means nothing special: the first `$` came out of a variable."""

_REFERENCE: Final = re.compile(
    r"(?P<kind>[A-Za-z_]+)\.(?P<key>[A-Za-z0-9_-]+)"
    r"\.(?P<path>[A-Za-z_][^.\[\]]*(?:\[[^\]=]+=[^\]]*\])?"
    r"(?:\.[^.\[\]]+(?:\[[^\]=]+=[^\]]*\])?)*)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """`${name}`."""

    name: str


@dataclass(frozen=True, slots=True)
class Unclosed:
    """`${` without its brace."""


def split(text: str) -> Iterator[str | Name | Unclosed]:
    """Yield literal text (held) and the names between, in order."""
    yield from _split(text, _TOKEN)


def _split(text: str, pattern: re.Pattern[str]) -> Iterator[str | Name | Unclosed]:
    position = 0
    for token in pattern.finditer(text):
        if token.start() > position:
            yield text[position : token.start()]
        position = token.end()
        if token["literal"]:
            yield _HELD
        elif token["open"]:
            yield Unclosed()
        else:
            yield Name(token["name"].strip())
    if position < len(text):
        yield text[position:]


def hold(text: str) -> str:
    """Mark every `${` as literal."""
    return text.replace("${", _HELD)


def join(before: str, after: str) -> str:
    """Append literal text; a `$` and a `{` that only meet here stay literal."""
    if before.endswith("$") and after.startswith("{"):
        return before[:-1] + _HELD + after[1:]
    return before + after


def release(text: str) -> str:
    """Turn held text back into what the user meant."""
    return text.replace(_HELD, "${")


def reference(name: str) -> Ref | None:
    """Read `application.api.appId`; None when it has another form."""
    found = _REFERENCE.fullmatch(name)
    if found is None:
        return None
    return Ref(Address(found["kind"], found["key"]), found["path"])


def to_value(text: str) -> Value:
    """Turn substituted text into a reference, a template or plain text."""
    if "${" not in text:
        return release(text)
    parts: list[str | Ref] = []
    for part in _split(text, _SUBSTITUTED):
        match part:
            case Name(name) if (found := reference(name)) is not None:
                parts.append(found)
            case Name(name):
                parts.append(f"${{{name}}}")
            case Unclosed():
                parts.append("${")
            case _:
                parts.append(release(part))
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(part, Ref) for part in parts):
        return Template(tuple(parts))
    return "".join(str(part) for part in parts)
