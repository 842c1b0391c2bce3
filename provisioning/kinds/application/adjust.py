"""Bring a desired application into the server's shape: marks, ids of living scopes. Pure.

Must not drop what the manifest says; it only fills in what the tenant decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from provisioning.core import paths
from provisioning.core.kind import Compare, Field, View
from provisioning.core.model import Desired, Json, LiveObject, Ownership, Value
from provisioning.kinds import known, marks, role_members
from provisioning.kinds.application import fields, identifier_uris

_CLAIM: Mapping[str, Value] = {"source": None, "essential": False, "additionalProperties": []}


def adjust(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Return the entry as Graph would show it once applied to `live`."""
    if desired.address in view.purged:
        live = None
    body = _spelled_out(desired.body)
    body = _undefaulted(desired, live, body)
    body = _unique_name(desired, live, body)
    tags = _tags(desired, live, view)
    body.pop("tags", None)
    if tags is not None:
        body["tags"] = list(tags)
    for path in (fields.SCOPES, fields.ROLES):
        body = _at(body, path, partial(_living_ids, desired, live, path))
    for path in fields.CLAIMS:
        body = _at(body, path, _claims)
    for field in fields.FIELDS:
        if field.sets and field.path in desired.lifecycle.include and live is not None:
            body = _at(body, field.path, partial(_with_living, field, live, view))
    return identifier_uris.after(replace(desired, body=body), live, view)


def _spelled_out(body: Mapping[str, Value]) -> dict[str, Value]:
    """Replace a complex property that is null by the null of each of its parts.

    Graph refuses null for most complex types, and a comparison needs the parts.
    """
    result = dict(body)
    for field in fields.FIELDS:
        top, dot, _rest = field.path.partition(".")
        if dot and top in body and body[top] is None:
            parts = {
                part.path: [] if part.compare in {Compare.SET, Compare.KEYED} else part.null
                for part in fields.FIELDS
                if part.path.startswith(f"{top}.")
            }
            result[top] = paths.nest(parts)[top]  # type: ignore[assignment]
    return result


def _undefaulted(
    desired: Desired, live: LiveObject | None, body: dict[str, Value]
) -> dict[str, Value]:
    """Leave out defaults that the manifest does not name on what lived before us."""
    defaulted = desired.settings.get("defaulted")
    adopted = live is not None and not live.deleted and live.ownership is Ownership.ADOPTED
    if not adopted or not isinstance(defaulted, list):
        return body
    return {
        top: {part: item for part, item in value.items() if f"{top}.{part}" not in defaulted}
        if isinstance(value, dict)
        else value
        for top, value in body.items()
        if top not in defaulted
    }


def _unique_name(
    desired: Desired, live: LiveObject | None, body: dict[str, Value]
) -> dict[str, Value]:
    """Leave uniqueName out where it can't or must not be written: Graph takes it once.

    Our tag identifies what we made, so one without a uniqueName (a tenant that refuses it) is
    not asked for it again.
    """
    if live is None:
        return body
    current = live.body.get("uniqueName")
    backfills = live.ownership is Ownership.ADOPTED and bool(desired.settings.get("backfill"))
    writes = current is None and (live.deleted or backfills)
    if writes or current == body.get("uniqueName"):
        return body
    return {name: value for name, value in body.items() if name != "uniqueName"}


def _tags(desired: Desired, live: LiveObject | None, view: View) -> tuple[str, ...] | None:
    """Return all tags the application should carry; None leaves them alone."""
    now = marks.tags(live.body) if live is not None else ()
    written = desired.body.get("tags")
    others = (
        tuple(str(tag) for tag in written) if isinstance(written, list) else marks.foreign_tags(now)
    )
    if "tags" in desired.body and written is None:
        others = ()
    stale = marks.stale(live.body) if live is not None else ()
    stored = tuple(t for t in now if t.startswith(marks.STORED) and t not in stale)
    name, key = view.owner.name, desired.address.key
    if live is None or live.deleted or live.ownership is Ownership.CREATED:
        own: tuple[str, ...] = (marks.owner(name), marks.created(name, key))
        own += (marks.ASSIGNMENTS,) if role_members.needs_mark(view, desired.address) else ()
    elif desired.settings.get("backfill"):
        own = (marks.adopted(name, key),)
    elif "tags" in desired.body:
        own = tuple(tag for tag in now if marks.is_mark(tag))
    else:
        return None
    tags = dict.fromkeys((*own, *others, *stored))
    # Marks of secrets that are gone leave with the next change; they are not worth one.
    return now if {*tags, *stale} == {*now} else tuple(tags)


def _living_ids(
    desired: Desired, live: LiveObject | None, path: str, items: list[Value]
) -> list[Value]:
    """Keep the id that a scope or role of the same value has in the tenant.

    Assignments and consents hang on the id; ours is derived only for entries that are new.
    """
    if live is None:
        return items
    ids: dict[Json, Json] = {
        item["value"]: item["id"]
        for item in known.items(live.body, path)
        if item.get("value") is not None and "id" in item
    }
    taken = set(ids.values())
    derived = desired.settings.get("derived")

    def living(item: Value) -> Value:
        if not isinstance(item, dict) or not isinstance(derived, Mapping):
            return item
        value, own = item.get("value"), item.get("id")
        if own not in derived or own in taken or not isinstance(value, str) or value not in ids:
            return item
        return {**item, "id": ids[value]}  # type: ignore[dict-item]

    return [living(item) for item in items]


def _with_living(field: Field, live: LiveObject, view: View, items: list[Value]) -> list[Value]:
    """Add to each entry what its living counterpart lists, where the collection is additive."""

    def plain(value: Value) -> str:
        match value:
            case dict():
                return repr([(name, plain(item)) for name, item in sorted(value.items())])
            case _:
                return known.value(view, value) or str(value)

    now = {item.get(field.key): item for item in known.items(live.body, field.path)}
    result: list[Value] = []
    for item in items:
        merged: dict[str, Value] = dict(item) if isinstance(item, dict) else {}
        living = now.get(known.value(view, merged.get(field.key)), {})
        for name in field.sets:
            listed, more = merged.get(name), known.plain(living, name)
            wanted = listed if isinstance(listed, list) else []
            names = {plain(value) for value in wanted}
            others = [v for v in (more if isinstance(more, list) else []) if plain(v) not in names]
            merged[name] = [*wanted, *others]
        result.append(merged)
    return result


def _claims(items: list[Value]) -> list[Value]:
    return [{**_CLAIM, **item} if isinstance(item, dict) else item for item in items]


def _at(
    body: dict[str, Value], path: str, change: Callable[[list[Value]], list[Value]]
) -> dict[str, Value]:
    """Return the body with the list at `path` changed, if there is one."""
    top, _, rest = path.partition(".")
    here = body.get(top)
    if isinstance(here, list) and not rest:
        return {**body, top: change(here)}
    if isinstance(here, dict) and rest:
        return {**body, top: _at(here, rest, change)}
    return body
