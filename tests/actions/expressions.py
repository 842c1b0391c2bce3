"""GitHub's expressions, as far as the workflows use them; anything else is an error.

https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>==|!=|&&|\|\||[!().,]))"
)
_TEMPLATE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
STATUS = {"always", "cancelled", "failure", "success"}
Contexts = Mapping[str, Any]


class Missing(dict[str, Any]):
    """A context whose absent properties are null, as in GitHub; others raise KeyError."""

    def __missing__(self, key: str) -> Any:
        return None


def value(template: Any, contexts: Contexts) -> Any:
    """Resolve a scalar of a workflow: one expression keeps its type, others become text."""
    if not isinstance(template, str):
        return template
    whole = _TEMPLATE.fullmatch(template.strip())
    if whole:
        return evaluate(whole[1], contexts)
    return _TEMPLATE.sub(lambda found: text(evaluate(found[1], contexts)), template)


def text(found: Any) -> str:
    """How GitHub writes a value into a string."""
    match found:
        case None:
            return ""
        case bool():
            return str(found).lower()
        case dict() | list():
            return json.dumps(found)
        case _:
            return str(found)


def condition(written: Any, contexts: Contexts) -> bool:
    """Evaluate an `if:`; without a status function it asks for success() as well."""
    if written is None:
        return bool(contexts["success"])
    found = _TEMPLATE.fullmatch(str(written).strip())
    source = found[1] if found else str(written)
    asks = any(re.search(rf"\b{name}\(", source) for name in STATUS)
    return (asks or bool(contexts["success"])) and bool(evaluate(source, contexts))


def evaluate(source: str, contexts: Contexts) -> Any:
    """Evaluate one expression. Raises ValueError for what is not known here."""
    parser = _Parser(source, contexts)
    found = parser.either()
    if parser.tokens:
        raise ValueError(f"cannot read {source!r} from {parser.tokens}")
    return found


class _Parser:
    def __init__(self, source: str, contexts: Contexts) -> None:
        self.contexts = contexts
        self.tokens: list[tuple[str, str]] = []
        position, source = 0, source.strip()
        while position < len(source):
            found = _TOKEN.match(source, position)
            if found is None:
                raise ValueError(f"cannot read {source[position:]!r}")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()

    def _next(self, *signs: str) -> str | None:
        if self.tokens and self.tokens[0][0] == "sign" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return None

    def _require(self, sign: str) -> None:
        if self._next(sign) is None:
            raise ValueError(f"{sign} expected before {self.tokens}")

    def either(self) -> Any:
        found = self._both()
        while self._next("||"):
            other = self._both()
            found = found or other
        return found

    def _both(self) -> Any:
        found = self._compared()
        while self._next("&&"):
            other = self._compared()
            found = found and other
        return found

    def _compared(self) -> Any:
        found = self._single()
        if sign := self._next("==", "!="):
            other = self._single()
            return _same(found, other) is (sign == "==")
        return found

    def _single(self) -> Any:
        if self._next("!"):
            return not self._single()
        if self._next("("):
            found = self.either()
            self._require(")")
            return found
        kind, word = self.tokens.pop(0)
        match kind:
            case "text":
                return word[1:-1].replace("''", "'")
            case "number":
                return int(word)
            case "name":
                return self._named(word)
            case _:
                raise ValueError(f"unexpected {word}")

    def _named(self, name: str) -> Any:
        if name in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[name]
        found: Any = self._called(name) if self._next("(") else self.contexts[name]
        while self._next("."):
            _, key = self.tokens.pop(0)
            found = None if found is None else found[key]
        return found

    def _called(self, name: str) -> Any:
        arguments = []
        while not self._next(")"):
            arguments.append(self.either())
            self._next(",")
        match name, arguments:
            case "fromJSON", [str(written)]:
                return json.loads(written)
            case "format", [str(pattern), *rest]:
                return pattern.format(*map(text, rest))
            case ("always", []):
                return True
            case ("success" | "failure" | "cancelled", []):
                return bool(self.contexts[name])
            case _:
                raise ValueError(f"unknown function {name}")


def _same(left: Any, right: Any) -> bool:
    """Equality as GitHub has it: text ignores case, other pairs of types become numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(found: Any) -> float:
    match found:
        case None | "":
            return 0.0
        case bool() | int():
            return float(found)
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", found):
            return float(found)
        case _:
            return math.nan
