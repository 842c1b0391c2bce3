"""References inside values: find them, replace them, write them as JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from provisioning.core.model import Address, Json, Ref, Secret, Template, Value

_BY_NAME: Final = re.compile(r"\[value=(?P<name>[^\]]+)\]\.id$")


class Missing:
    """The answer of a lookup that does not know a value; None is a value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()

Lookup = Callable[[Ref], "Json | Missing"]


def find(value: object) -> Iterator[Ref]:
    """Yield every reference inside, in document order."""
    match value:
        case Ref():
            yield value
        case Template():
            yield from (part for part in value.parts if isinstance(part, Ref))
        case Mapping():
            for item in value.values():
                yield from find(item)
        case list() | tuple():
            for item in value:
                yield from find(item)


def resolve(value: Value, lookup: Lookup) -> Value:
    """Replace the references that `lookup` knows; the others stay."""
    match value:
        case Ref():
            found = lookup(value)
            return value if isinstance(found, Missing) else found  # type: ignore[return-value]
        case Template():
            return _fill(value, lookup)
        case dict():
            return {key: resolve(item, lookup) for key, item in value.items()}
        case list():
            return [resolve(item, lookup) for item in value]
        case _:
            return value


def _fill(template: Template, lookup: Lookup) -> str | Template:
    parts: list[str | Ref] = []
    for part in template.parts:
        found = lookup(part) if isinstance(part, Ref) else part
        text = part if isinstance(found, Missing) else str(found)
        if isinstance(text, str) and parts and isinstance(parts[-1], str):
            parts[-1] += text
        else:
            parts.append(text)
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return Template(tuple(parts))


def names(written: object, filled: object) -> Iterator[tuple[str, str]]:
    """Yield (id, name) where a reference names what it stands for: `appRoles[value=reader].id`.

    `filled` is `written` after `resolve`.
    """
    match written, filled:
        case Ref(path=path), str(identity) if found := _BY_NAME.search(path):
            yield identity, found["name"]
        case dict(), dict():
            for key, value in written.items():
                yield from names(value, filled.get(key))
        case list(), list():
            for value, result in zip(written, filled, strict=False):
                yield from names(value, result)


def known(value: Value) -> bool:
    """Whether no reference is left inside."""
    return next(find(value), None) is None


def to_json(value: Value) -> Value:
    """Write references as `{"$ref": ADDRESS, "path": …}`, templates as `{"$template": […]}`.

    A secret is written by its source, `{"$secret": "fromEnv", "of": NAME}`.
    """
    match value:
        case Secret():
            return {"$secret": value.source[0], "of": value.source[1], "base64": value.base64}
        case Ref():
            return {"$ref": str(value.address), "path": value.path}
        case Template():
            return {"$template": [to_json(p) if isinstance(p, Ref) else p for p in value.parts]}
        case Mapping():
            return {key: to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item) for item in value]
        case _:
            return value


def from_json(value: Value) -> Value:
    """Read what `to_json` wrote."""
    match value:
        case {"$ref": str(address), "path": str(path), **rest} if not rest:
            return Ref(Address.parse(address), path)
        case {"$secret": str(source), "of": str(name), "base64": bool(base64), **rest} if not rest:
            return Secret((source, name), base64=base64)
        case {"$template": list(parts), **rest} if not rest:
            read = (from_json(part) for part in parts)
            return Template(tuple(p if isinstance(p, str | Ref) else str(p) for p in read))
        case dict():
            return {key: from_json(item) for key, item in value.items()}
        case list():
            return [from_json(item) for item in value]
        case _:
            return value
