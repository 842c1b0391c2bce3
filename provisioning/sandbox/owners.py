"""Owners of applications and service principals; must not know other relations.

Source: G:v1/api/application-{list,post,delete}-owners.md; the wording and status of a repeated or
absent owner are as reported, unverified.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioning.sandbox import credentials, entity_sets, errors, keys, odata, schema, side
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record

_MOST, _MOST_AT_CREATE = 100, 20
_KINDS = {
    "users": "#microsoft.graph.user",
    "servicePrincipals": "#microsoft.graph.servicePrincipal",
    "groups": "#microsoft.graph.group",
    "applications": "#microsoft.graph.application",
}


def list_all(call: Call, collection: entity_sets.Collection, key: str) -> Answer:
    """GET …/owners: directory objects with their type."""
    record = keys.visible(call, collection, key)
    return odata.plain_list(call, "directoryObjects", _owner_bodies(call, record.id))


def add(call: Call, collection: entity_sets.Collection, key: str) -> Answer:
    """POST …/owners/$ref: 204; a repeated owner is refused, by default with 400."""
    record = keys.target(call, collection, key)
    call.require_owner(record.id)
    credentials.throttle(call, record.body)
    (owner,) = bound(call, [(call.body or {}).get("@odata.id")])
    present = side.owners(call.store, call.tenant.id, record.id)
    if owner in present:
        raise errors.GraphError(
            call.options.owner_duplicate_status,
            "Request_BadRequest",
            "One or more added object references already exist for the following modified "
            "properties: 'owners'.",
        )
    if len(present) >= _MOST:
        raise errors.GraphError(
            403, "Directory_QuotaExceeded", "The directory object quota limit has been exceeded."
        )
    side.add_owner(call.store, call.tenant.id, record.id, owner)
    return Answer(204)


def remove(call: Call, collection: entity_sets.Collection, key: str, owner: str) -> Answer:
    """DELETE …/owners/{id}/$ref: 204."""
    record = keys.target(call, collection, key)
    call.require_owner(record.id)
    credentials.throttle(call, record.body)
    if owner.lower() not in side.owners(call.store, call.tenant.id, record.id):
        raise errors.bad_request(
            "One or more removed object references do not exist for the following modified "
            "properties: 'owners'."
        )
    side.remove_owner(call.store, call.tenant.id, record.id, owner.lower())
    return Answer(204)


def bound(call: Call, references: Iterable[Any]) -> list[str]:
    """Object ids behind `@odata.id` references; at most 20 at once.

    Raises:
        GraphError: 400 for a malformed reference, 404 for an unknown object.
    """
    found = []
    for reference in references:
        parts = str(reference or "").rstrip("/").split("/")
        identity = parts[-1].lower()
        if len(parts) < 2 or not schema.is_guid(identity):
            raise errors.bad_request("Invalid URL format specified in @odata.id.")
        if find_object(call, identity) is None:
            raise errors.not_found(identity)
        found.append(identity)
    if len(found) > _MOST_AT_CREATE:
        raise errors.invalid_value("owners", "Application")
    return found


def find_object(call: Call, identity: str) -> tuple[str, Record] | None:
    """The visible directory object with this id and its `@odata.type`."""
    for collection, kind in _KINDS.items():
        record = call.view.get(collection, identity)
        if record is not None:
            return kind, record
    return None


def expansion(call: Call) -> odata.Expansion | None:
    """What `$expand=owners` adds; other expansions are not offered."""
    wanted = call.query.get("$expand")
    if wanted is None:
        return None
    if wanted.strip() != "owners":
        raise errors.not_offered(call.method, f"$expand={wanted}")
    return lambda inner, record: {"owners": _owner_bodies(inner, record.id)}


def _owner_bodies(call: Call, source: str) -> list[Json]:
    bodies = []
    for identity in side.owners(call.store, call.tenant.id, source):
        found = find_object(call, identity)
        if found is not None:
            bodies.append({"@odata.type": found[0], **odata.shown(found[1].body, ())})
    return bodies
