"""`preAuthorized:` and `knownClients:`: clients that an API trusts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.core.kind import Source
from provisioning.core.model import Value
from provisioning.kinds.sections import exposed, permission_limits, references
from provisioning.kinds.sections.references import Target


def read(source: Source, key: str, entry: Any) -> Iterator[tuple[str, str, Value]]:
    """Yield (Graph path, spelling, value); names that mean nothing are left out."""
    if "pre_authorized" in entry.model_fields_set:
        own, scopes = Target("application", key), exposed.scopes(entry) or {}
        listed: list[Value] = []
        for client in entry.pre_authorized:
            target = references.resolve(source, client.application)
            if target is not None and target.sort in references.CLIENTS:
                names = (_value(scopes, name) for name in client.scopes)
                ids: list[Value] = [own.scope_id(name) for name in names]
                listed.append({"appId": target.app_id, "delegatedPermissionIds": ids})
        yield "api.preAuthorizedApplications", "preAuthorized", listed
    if "known_clients" in entry.model_fields_set:
        targets = (references.resolve(source, name) for name in entry.known_clients)
        yield (
            "api.knownClientApplications",
            "knownClients",
            [one.app_id for one in targets if one is not None and one.sort in references.CLIENTS],
        )


def check(source: Source, key: str, entry: Any) -> None:
    """Report clients that are unknown or named twice, and scopes that the API lacks."""
    root = ("applications", key)
    own = Target("application", key)
    seen: set[object] = set()
    for index, client in enumerate(entry.pre_authorized or ()):
        path = (*root, "preAuthorized", index)
        target = references.require(
            source, client.application, references.CLIENTS, *path, "application"
        )
        _once(source, seen, target, client.application, *path, "application")
        for at, name in enumerate(client.scopes):
            permission_limits.check_offered(source, own, "delegated", name, *path, "scopes", at)
    seen = set()
    for index, name in enumerate(entry.known_clients or ()):
        path = (*root, "knownClients", index)
        target = references.require(source, name, references.CLIENTS, *path)
        _once(source, seen, target, name, *path)


def _once(
    source: Source, seen: set[object], target: Target | None, name: str, *path: str | int
) -> None:
    if target is None:
        return
    if target.address in seen:
        source.fault("said-twice", f"client {name} is there twice", "delete one of them", *path)
    seen.add(target.address)


def _value(scopes: dict[str, exposed.Scope], name: str) -> str:
    key = exposed.find(scopes, name)
    return name if key is None else exposed.value_of(scopes, key)
