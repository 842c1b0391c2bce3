"""The `$filter` subset as a tree: tree to lookups, tree against an object.

Must not read the store. Operators and what they need: G:concepts/aad-advanced-queries.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_RANK = {"id": 0, "appid": 0, "uniquename": 0, "_parent": 0, "name": 1, "identifieruris": 1}
_RANK |= {"displayname": 1, "userprincipalname": 1, "mail": 1, "clientid": 2, "principalid": 2}
_RANK |= {"tags": 2, "serviceprincipalnames": 2, "resourceid": 3}
_WEAK = 9


@dataclass(frozen=True, slots=True)
class Compare:
    """`path op value`; op is an OData operator or startswith/endswith."""

    op: str
    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Each:
    """`path/any(x: inner)`; inside, the path of a comparison is the variable."""

    path: str
    inner: Filter


@dataclass(frozen=True, slots=True)
class Both:
    """Conjunction."""

    left: Filter
    right: Filter


@dataclass(frozen=True, slots=True)
class Either:
    """Disjunction."""

    left: Filter
    right: Filter


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`."""

    inner: Filter


Filter = Compare | Each | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to the index; `prefix` asks for values that start so."""

    name: str
    value: str
    prefix: bool = False


def leaves(tree: Filter) -> Iterator[Compare | Each | Negation]:
    """Every comparison, with the path of the collection inside any()."""
    match tree:
        case Both(left, right) | Either(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Negation(inner):
            yield tree
            yield from leaves(inner)
        case Each(path, inner):
            yield tree
            for leaf in leaves(inner):
                if isinstance(leaf, Compare):
                    yield Compare(leaf.op, path, leaf.value)
        case Compare():
            yield tree


def alternatives(tree: Filter) -> int:
    """How many expressions are joined by `or` (an `in` list counts each value)."""
    match tree:
        case Either(left, right):
            return alternatives(left) + alternatives(right)
        case Both(left, right):
            return max(alternatives(left), alternatives(right))
        case Each(_, inner) | Negation(inner):
            return alternatives(inner)
        case Compare():
            return 1


def plan(tree: Filter) -> tuple[int, tuple[Lookup, ...]] | None:
    """Index questions whose united answers hold every match; None when only a scan would do.

    The first item ranks them: the lower, the fewer objects are to be expected.
    """
    match tree:
        case Both(left, right):
            options = [found for found in (plan(left), plan(right)) if found is not None]
            return min(options, key=lambda found: found[0]) if options else None
        case Either(left, right):
            first, second = plan(left), plan(right)
            if first is None or second is None:
                return None
            return max(first[0], second[0]), first[1] + second[1]
        case Each(path, inner):
            return plan(_renamed(inner, path))
        case Compare("eq", path, str() as value):
            return _RANK.get(path.casefold(), _WEAK), (Lookup(path, value),)
        case Compare("startswith", path, str() as value):
            return _RANK.get(path.casefold(), _WEAK), (Lookup(path, value, prefix=True),)
        case _:
            return None


def matches(tree: Filter, body: Mapping[str, Any], *, case_sensitive: bool = False) -> bool:
    """Whether an object satisfies the filter."""
    match tree:
        case Both(left, right):
            return matches(left, body, case_sensitive=case_sensitive) and matches(
                right, body, case_sensitive=case_sensitive
            )
        case Either(left, right):
            return matches(left, body, case_sensitive=case_sensitive) or matches(
                right, body, case_sensitive=case_sensitive
            )
        case Negation(inner):
            return not matches(inner, body, case_sensitive=case_sensitive)
        case Each(path, inner):
            item = _renamed(inner, "$it")
            return any(
                matches(item, {"$it": each}, case_sensitive=case_sensitive)
                for each in value_at(body, path) or ()
            )
        case Compare(op, path, value):
            return _compare(op, value_at(body, path), value, case_sensitive=case_sensitive)


def value_at(body: Mapping[str, Any], path: str) -> Any:
    """The value under a path like `web/homePageUrl`."""
    value: Any = body
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _compare(op: str, left: Any, right: Any, *, case_sensitive: bool) -> bool:
    if isinstance(left, str) and isinstance(right, str) and not case_sensitive:
        left, right = left.casefold(), right.casefold()
    if op == "eq":
        return bool(left == right)
    if op == "ne":
        return bool(left != right)
    if left is None or right is None or type(left) is not type(right):
        return False
    verdicts = {
        "ge": lambda: left >= right,
        "le": lambda: left <= right,
        "gt": lambda: left > right,
        "lt": lambda: left < right,
        "startswith": lambda: left.startswith(right),
        "endswith": lambda: left.endswith(right),
    }
    return bool(verdicts[op]())


def _renamed(tree: Filter, path: str) -> Filter:
    match tree:
        case Both(left, right):
            return Both(_renamed(left, path), _renamed(right, path))
        case Either(left, right):
            return Either(_renamed(left, path), _renamed(right, path))
        case Negation(inner):
            return Negation(_renamed(inner, path))
        case Each(_, inner):
            return Each(path, inner)
        case Compare(op, _, value):
            return Compare(op, path, value)
