"""Spelling of Graph's URLs: alternate keys, filters, selections. Must not know any kind.

https://learn.microsoft.com/graph/query-parameters; only plain `$filter` and `$select`, since
`$count` and `$search` are not available in Azure AD B2C tenants.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from provisioning.core.model import Ref, Template, Value


def literal(value: str) -> str:
    """Spell an OData string literal for a URL: quotes doubled, then percent-encoded."""
    return f"'{quote(value.replace(chr(39), chr(39) * 2), safe='')}'"


def by_key(collection: str, key: str, value: str, select: Iterable[str]) -> str:
    """Spell the path of one object by an alternate key: `/applications(appId='…')?$select=…`."""
    return f"/{collection}({key}={literal(value)})?$select={','.join(select)}"


def by_id(collection: str, value: str, select: Iterable[str]) -> str:
    """Spell the path of one object by its id: `/users/…?$select=…`."""
    return f"/{collection}/{quote(value, safe='@')}?$select={','.join(select)}"


def equal(collection: str, name: str, value: str, select: Iterable[str]) -> str:
    """Spell the list of the objects whose property `name` equals `value`."""
    return f"/{collection}?$filter={name}%20eq%20{literal(value)}&$select={','.join(select)}"


def containing(collection: str, name: str, value: str, select: Iterable[str]) -> str:
    """Spell the list of the objects whose collection property `name` contains `value`."""
    condition = f"{name}/any(x:x%20eq%20{literal(value)})"
    return f"/{collection}?$filter={condition}&$select={','.join(select)}"


def starting(collection: str, name: str, value: str, select: Iterable[str]) -> str:
    """Spell the list of the objects whose property `name` starts with `value`."""
    condition = f"startswith({name},{literal(value)})"
    return f"/{collection}?$filter={condition}&$select={','.join(select)}"


def below(collection: str, identity: Value, rest: str) -> str | Template:
    """Spell a path below an object whose id is known, or is a reference: `/c/ID/rest`."""
    if isinstance(identity, Ref):
        return Template((collection, identity, rest) if rest else (collection, identity))
    return f"{collection}{identity}{rest}"


def joined(start: str | Template, *rest: str | Ref) -> str | Template:
    """Continue a path; text as long as no reference is in it."""
    parts = (*(start.parts if isinstance(start, Template) else (start,)), *rest)
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return Template(parts)
