"""From the text of a `$filter` to its tree; must not evaluate it.

The subset: eq, ne, ge, le, gt, lt, in, startswith(), endswith(), any(), and, or, not.
"""

from __future__ import annotations

import re
from typing import Any

from provisioning.sandbox import errors, filters

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<punctuation>[(),:])|(?P<word>[^\s(),:']+))"
)
_OPERATORS = {"eq", "ne", "ge", "le", "gt", "lt"}
_FUNCTIONS = {"startswith", "endswith"}


def parse(text: str) -> filters.Filter:
    """Read a filter expression.

    Raises:
        GraphError: 400 BadRequest for anything outside the subset.
    """
    tokens = _Tokens(text)
    tree = _disjunction(tokens)
    if tokens.peek() is not None:
        raise tokens.fault()
    return tree


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self._items: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise self.fault()
            self._items.append((found.lastgroup or "", found.group(found.lastgroup or 0)))
            position = found.end()
        self._next = 0

    def fault(self) -> errors.GraphError:
        return errors.malformed(f"Invalid filter clause: Syntax error in '{self.text}'.")

    def peek(self) -> str | None:
        return self._items[self._next][1] if self._next < len(self._items) else None

    def peek_word(self) -> str:
        return (self.peek() or "").lower()

    def take(self) -> tuple[str, str]:
        if self._next >= len(self._items):
            raise self.fault()
        self._next += 1
        return self._items[self._next - 1]

    def expect(self, text: str) -> None:
        if self.take()[1].lower() != text:
            raise self.fault()


def _disjunction(tokens: _Tokens) -> filters.Filter:
    tree = _conjunction(tokens)
    while tokens.peek_word() == "or":
        tokens.take()
        tree = filters.Either(tree, _conjunction(tokens))
    return tree


def _conjunction(tokens: _Tokens) -> filters.Filter:
    tree = _term(tokens)
    while tokens.peek_word() == "and":
        tokens.take()
        tree = filters.Both(tree, _term(tokens))
    return tree


def _term(tokens: _Tokens) -> filters.Filter:
    word = tokens.peek_word()
    if word == "not":
        tokens.take()
        return filters.Negation(_term(tokens))
    if word == "(":
        tokens.take()
        tree = _disjunction(tokens)
        tokens.expect(")")
        return tree
    kind, path = tokens.take()
    if kind != "word":
        raise tokens.fault()
    if path.lower() in _FUNCTIONS and tokens.peek() == "(":
        tokens.take()
        target = tokens.take()[1]
        tokens.expect(",")
        value = _value(tokens)
        tokens.expect(")")
        return filters.Compare(path.lower(), target, value)
    if path.lower().endswith("/any") and tokens.peek() == "(":
        return _any(tokens, path[: -len("/any")])
    return _comparison(tokens, path)


def _any(tokens: _Tokens, path: str) -> filters.Filter:
    tokens.take()
    variable = tokens.take()[1]
    tokens.expect(":")
    inner = _disjunction(tokens)
    tokens.expect(")")
    if any(
        isinstance(leaf, filters.Compare) and leaf.path != variable
        for leaf in filters.leaves(inner)
    ):
        raise tokens.fault()
    return filters.Each(path, inner)


def _comparison(tokens: _Tokens, path: str) -> filters.Filter:
    operator = tokens.take()[1].lower()
    if operator == "in":
        tokens.expect("(")
        tree: filters.Filter = filters.Compare("eq", path, _value(tokens))
        while tokens.peek() == ",":
            tokens.take()
            tree = filters.Either(tree, filters.Compare("eq", path, _value(tokens)))
        tokens.expect(")")
        return tree
    if operator not in _OPERATORS:
        raise tokens.fault()
    return filters.Compare(operator, path, _value(tokens))


def _value(tokens: _Tokens) -> Any:
    kind, text = tokens.take()
    if kind == "string":
        return text[1:-1].replace("''", "'")
    constants = {"null": None, "true": True, "false": False}
    if kind != "word":
        raise tokens.fault()
    if text.lower() in constants:
        return constants[text.lower()]
    return int(text) if re.fullmatch(r"-?\d+", text) else text
