"""Ownership marks: the tags that say which applications and secrets are ours. Must not read.

| Tag                               | Meaning                                                |
|-----------------------------------|--------------------------------------------------------|
| `provisioning:NAME`               | made by the manifest NAME (lists everything of it)     |
| `provisioning:NAME/KEY`           | made by the manifest NAME under the key KEY            |
| `provisioning-adopted:NAME/KEY`   | taken over by the manifest NAME (`adopt` + `backfill`) |
| `provisioning-stored:KEYID`       | the value of this secret has reached its sink          |
| `provisioning-assignments`        | who has its roles was declared: the list is exact      |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioning.core.model import Owner

CREATED = "provisioning:"
ADOPTED = "provisioning-adopted:"
STORED = "provisioning-stored:"
ASSIGNMENTS = "provisioning-assignments"
"""On an application that we made. An assignment itself has no place for a mark."""


def owner(name: str) -> str:
    """Spell the tag on everything that the manifest `name` made."""
    return f"{CREATED}{name}"


def created(name: str, key: str) -> str:
    """Spell the tag of the object that the manifest `name` made under `key`."""
    return f"{CREATED}{name}/{key}"


def adopted(name: str, key: str) -> str:
    """Spell the tag of the object that the manifest `name` took over under `key`."""
    return f"{ADOPTED}{name}/{key}"


def stored(key_id: str) -> str:
    """Spell the tag of a secret whose value was stored."""
    return f"{STORED}{key_id}"


def is_mark(tag: str) -> bool:
    """Whether a tag is one of ours, of whichever manifest."""
    return tag.startswith((CREATED, ADOPTED, STORED)) or tag == ASSIGNMENTS


def tags(body: Mapping[str, object]) -> tuple[str, ...]:
    """Return the tags of a live object."""
    found = body.get("tags")
    return tuple(str(tag) for tag in found) if isinstance(found, list) else ()


def created_key(body: Mapping[str, object], names: Owner) -> str | None:
    """Return the key under which this manifest made the object; None when it did not."""
    return _key(CREATED, body, names)


def adopted_key(body: Mapping[str, object], names: Owner) -> str | None:
    """Return the key under which this manifest took the object over; None when it did not."""
    return _key(ADOPTED, body, names)


def _key(prefix: str, body: Mapping[str, object], names: Owner) -> str | None:
    for name in names.names:
        for tag in tags(body):
            head, slash, key = tag.partition("/")
            if slash and key and head == f"{prefix}{name}":
                return key
    return None


def stranger(body: Mapping[str, object], names: Owner) -> str | None:
    """Return the name of another manifest that made the object; None when there is none."""
    for tag in tags(body):
        head, slash, _key = tag.partition("/")
        if slash and head.startswith(CREATED):
            name = head.removeprefix(CREATED)
            if name not in names.names:
                return name
    return None


def stored_key_ids(body: Mapping[str, object]) -> frozenset[str]:
    """Return the ids of the secrets whose value was stored."""
    return frozenset(t.removeprefix(STORED) for t in tags(body) if t.startswith(STORED))


def stale(body: Mapping[str, object]) -> tuple[str, ...]:
    """Return the marks of secrets that live no more, such as one that was deleted by hand."""
    found = body.get("passwordCredentials")
    items = found if isinstance(found, list) else []
    living = {item.get("keyId") for item in items if isinstance(item, dict)}
    return tuple(stored(key_id) for key_id in sorted(stored_key_ids(body)) if key_id not in living)


def foreign_tags(found: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that are no marks of any manifest."""
    return tuple(tag for tag in found if not is_mark(tag))
