"""directory/deletedItems: list by type, get, restore, purge; must not delete anything itself.

Source: G:v1/api/directory-deleteditems-list.md; the success codes of
get, restore and purge are unverified. The list takes the query options of its cast, `$expand`
among them (same page).
"""

from __future__ import annotations

from provisioning.sandbox import access, deletion, entity_sets, errors, odata, owners, schema
from provisioning.sandbox.call import Answer, Call
from provisioning.sandbox.layout import DELETED
from provisioning.sandbox.store import Record

_CASTS = {
    "microsoft.graph.application": entity_sets.APPLICATIONS,
    "microsoft.graph.serviceprincipal": entity_sets.SERVICE_PRINCIPALS,
    "microsoft.graph.user": entity_sets.USERS,
    "microsoft.graph.group": entity_sets.GROUPS,
}


def list_cast(call: Call, cast: str) -> Answer:
    """GET /directory/deletedItems/microsoft.graph.application and the other types.

    Also GET /directory/deletedItems/{id}, which has the same shape of path.
    """
    collection = _CASTS.get(cast.lower())
    if collection is None:
        return _get(call, cast)
    access.authorize(call, access.READ_BY_CAST.get(collection.name, access.APPLICATION_READ))
    expand = owners.expansion(call)
    return odata.page(call, collection, state=DELETED, place=collection.name, expand=expand)


def restore(call: Call, key: str) -> Answer:
    """POST …/{id}/restore: 200 with the object, its id unchanged."""
    collection, record = _find(call, key)
    call.require_owner(record.id)
    restored = deletion.restore(call, collection.stored, record)
    body = {"@odata.context": odata.context(call, "directoryObjects", entity=True)}
    body["@odata.type"] = f"#microsoft.graph.{collection.type}"
    return Answer(200, body | odata.shown(restored.body, ()))


def purge(call: Call, key: str) -> Answer:
    """DELETE …/{id}: 204; unique names and identifier URIs are free again."""
    collection, record = _find(call, key)
    call.require_owner(record.id)
    deletion.purge(call, collection.stored, record)
    return Answer(204)


def _get(call: Call, key: str) -> Answer:
    collection, record = _find(call, key)
    names = odata.selected(call, collection.type)
    body = {"@odata.context": odata.context(call, "directoryObjects", names, entity=True)}
    body["@odata.type"] = f"#microsoft.graph.{collection.type}"
    return Answer(200, body | odata.shown(record.body, names))


def _find(call: Call, key: str) -> tuple[entity_sets.Collection, Record]:
    if not schema.is_guid(key):
        raise errors.invalid_identifier(key)
    for collection in _CASTS.values():
        record = call.view.get(collection.stored, key.lower(), DELETED)
        if record is not None:
            return collection, record
    raise errors.not_found(key)
