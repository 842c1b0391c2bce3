"""The one diff: plan, apply, settle and export's self-check all call `compare`. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioning.core import paths, refs
from provisioning.core.kind import UNSET, Compare, Field
from provisioning.core.model import Desired, LiveObject, Ownership, Value
from provisioning.core.plan import Change, Unmanaged
from provisioning.core.refs import Missing

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a live object is from the desired one."""

    patch: Mapping[str, Value]
    """Field path -> the whole value to send, for the fields that differ."""
    changes: tuple[Change, ...]
    replace: bool = False
    """An immutable field differs: only a new object would do."""


def compare(fields: Iterable[Field], desired: Desired, live: LiveObject | None) -> Difference:
    """Hold a desired object against the live one; `live` None asks for everything.

    | desired    | live object    | outcome                                    |
    |------------|----------------|--------------------------------------------|
    | absent     | any            | not managed                                |
    | absent     | created by us  | the field's secure default, if it has one  |
    | null/empty | any            | cleared                                    |
    | value      | any            | exactly that; additive under `include`     |
    """
    patch: dict[str, Value] = {}
    changes: list[Change] = []
    replace = False
    for field in fields:
        if _ignored(field.path, desired) and live is not None:
            continue
        target = _target(field, desired, live)
        if isinstance(target, Missing):
            continue
        if live is None:
            patch[field.path] = target
            changes += _created(field, target)
            continue
        if field.write_only:
            continue
        current = _plain(paths.select(live.body, field.path))
        value, differences = _field(field, target, current, _additive(field.path, desired))
        if differences:
            patch[field.path] = value
            changes += differences
            replace = replace or field.immutable
    return Difference(patch, tuple(changes), replace)


def unmanaged(fields: Iterable[Field], desired: Desired, live: LiveObject) -> tuple[Unmanaged, ...]:
    """List the settings that a secure default would close if this object were ours."""
    found = []
    for field in fields:
        if isinstance(field.secure, type(UNSET)) or live.ownership is not Ownership.ADOPTED:
            continue
        if not isinstance(paths.select(desired.body, field.path), Missing):
            continue
        current = _plain(paths.select(live.body, field.path))
        if not same(_or_null(field, current), _or_null(field, field.secure)):
            found.append(Unmanaged(desired.address, field.path, current))
    return tuple(found)


def same(desired: Value, live: Value) -> bool:
    """Whether a live value is what was asked for; extra empty members of objects do not count."""
    match desired, live:
        case dict(), dict():
            asked = all(same(value, live.get(key)) for key, value in desired.items())
            return asked and all(_empty(live[key]) for key in live.keys() - desired.keys())
        case list(), list():
            return len(desired) == len(live) and all(map(same, desired, live))
        case (bool(), _) | (_, bool()):
            return desired is live
        case _:
            return desired == live


def _empty(value: Value) -> bool:
    return value is None or value is False or value in ("", [], {})


def _ignored(path: str, desired: Desired) -> bool:
    return any(
        path == ignored or path.startswith(f"{ignored}.") for ignored in desired.lifecycle.ignore
    )


def _additive(path: str, desired: Desired) -> bool:
    return path in desired.lifecycle.include


def _target(field: Field, desired: Desired, live: LiveObject | None) -> Value | Missing:
    value = paths.select(desired.body, field.path)
    if not isinstance(value, Missing):
        return _or_null(field, _plain(value))
    owned = live is not None and live.ownership is Ownership.CREATED
    if owned and not isinstance(field.secure, type(UNSET)) and not _additive(field.path, desired):
        return _or_null(field, field.secure)
    return value


def _plain(value: object) -> Value:
    return None if isinstance(value, Missing) else value  # type: ignore[return-value]


def _or_null(field: Field, value: object) -> Value:
    plain = _plain(value)
    if plain is not None:
        return plain
    if field.compare in {Compare.SET, Compare.KEYED} and field.null is None:
        return []
    return field.null


def _created(field: Field, target: Value) -> list[Change]:
    if _empty(target):
        return []
    if field.compare is Compare.KEYED:
        return [
            Change(f"{field.path}[{_label(field, item)}]", None, item) for item in _items(target)
        ]
    if field.compare is Compare.SET and isinstance(target, list):
        return [Change(field.path, None, _sorted(target))]
    return [Change(field.path, None, target)]


def _field(
    field: Field,
    target: Value,
    current: Value,
    additive: bool,  # noqa: FBT001 - one rule, two modes
) -> tuple[Value, list[Change]]:
    now = _or_null(field, current)
    match field.compare:
        case Compare.SET:
            return _set(field.path, _list(target), _list(now), additive)
        case Compare.KEYED:
            return _keyed(field, _items(target), _items(now), additive)
        case Compare.IGNORE_CASE:
            equal = str(target).casefold() == str(now).casefold()
        case Compare.EXACT:
            equal = same(target, now)
    return target, [] if equal else [Change(field.path, current, target)]


def _set(
    path: str,
    target: list[Value],
    current: list[Value],
    additive: bool,  # noqa: FBT001
) -> tuple[Value, list[Change]]:
    wanted, has = {_element(v): v for v in target}, {_element(v): v for v in current}
    if additive:
        wanted = {**has, **wanted}
    if wanted.keys() == has.keys():
        return current, []
    after = [
        *(v for k, v in has.items() if k in wanted),
        *(v for k, v in wanted.items() if k not in has),
    ]
    return after, [Change(path, _sorted(current), _sorted(after))]


def _keyed(
    field: Field,
    target: list[dict[str, Value]],
    current: list[dict[str, Value]],
    additive: bool,  # noqa: FBT001
) -> tuple[Value, list[Change]]:
    wanted = {_element(item.get(field.key)): item for item in target}
    has = {_element(item.get(field.key)): item for item in current}
    changes: list[Change] = []
    after: list[Value] = []
    for key, item in has.items():
        kept = {name: value for name, value in item.items() if name not in field.ignores}
        if key in wanted:
            changes += _entry(field, wanted[key], item)
            after.append({**kept, **wanted[key]})
        elif additive:
            after.append(kept)
        else:
            changes.append(Change(f"{field.path}[{_label(field, item)}]", kept, None))
    for key, item in wanted.items():
        if key not in has:
            after.append(item)
            changes.append(Change(f"{field.path}[{_label(field, item)}]", None, item))
    return after, changes


def _entry(field: Field, target: dict[str, Value], current: dict[str, Value]) -> list[Change]:
    changes: list[Change] = []
    for name, value in target.items():
        path, now = f"{field.path}[{_label(field, target)}].{name}", current.get(name)
        if name in field.sets:
            changes += _set(path, _list(value), _list(now), additive=False)[1]
        elif not _equal(value, now) and not (_empty(value) and _empty(now)):
            changes.append(Change(path, now, value))
    return changes


def _equal(target: Value, current: Value) -> bool:
    return same(_folded(target), _folded(current))


def _element(value: Value) -> str:
    return canonical(_folded(value))


def _folded(value: Value) -> Value:
    """Write ids in lower case: some hold them as text, in whichever case they were written."""
    match value:
        case str() if _GUID.fullmatch(value):
            return value.lower()
        case dict():
            return {name: _folded(item) for name, item in value.items()}
        case list():
            return [_folded(item) for item in value]
        case _:
            return value


def _label(field: Field, item: Mapping[str, Value]) -> str:
    value = item.get(field.label or field.key)
    return str(value if value is not None else item.get(field.key))


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _items(value: Value) -> list[dict[str, Value]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def canonical(value: Value) -> str:
    """Spell a value so that equal values, references included, have equal spellings."""
    return json.dumps(refs.to_json(value), sort_keys=True, separators=(",", ":"))


def digest(value: Value) -> str:
    """SHA-256 (hex) of a value's canonical spelling."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _sorted(values: list[Value]) -> list[Value]:
    return sorted(values, key=canonical)
