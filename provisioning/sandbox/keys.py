"""From the key in a path to the object it names; must not decide what happens to it."""

from __future__ import annotations

import re

from provisioning.sandbox import entity_sets, errors, filters, schema
from provisioning.sandbox.call import Call
from provisioning.sandbox.store import Record

_ALTERNATE = re.compile(r"(\w+)='((?:[^']|'')*)'")
_ALLOWED = {
    "applications": {"appId", "uniqueName"},
    "servicePrincipals": {"appId"},
    "federatedIdentityCredentials": {"name"},
    "users": {"userPrincipalName"},
}


def alternate(collection: entity_sets.Collection, key: str) -> tuple[str, str] | None:
    """Name and value of an alternate key such as `appId='…'`; None for a plain id.

    The CSDL declares appId and uniqueName for applications, appId for service principals, name
    for federated credentials.

    Raises:
        GraphError: 400 for a name that is no alternate key.
    """
    if "=" not in key:
        return None
    found = _ALTERNATE.fullmatch(key)
    if found is None or found[1] not in _ALLOWED.get(collection.stored, ()):
        raise errors.malformed("The key in the request URI is not valid for the resource.")
    return found[1], found[2].replace("''", "'")


def visible(call: Call, collection: entity_sets.Collection, key: str) -> Record:
    """The object a read sees under this key.

    Raises:
        GraphError: 404 when it is not there or not visible yet, 400 for a malformed id.
    """
    pair = alternate(collection, key)
    if pair is not None:
        if pair[0] == "uniqueName" and call.options.unique_name_key == "refuse":
            raise errors.malformed("The key in the request URI is not valid for the resource.")
        record = call.view.find(collection.stored, *pair)
        shown = pair[1]
    else:
        shown = key.strip("'")
        if not schema.is_guid(shown):
            raise errors.invalid_identifier(shown)
        record = call.view.get(collection.stored, shown.lower())
    if record is None:
        raise errors.not_found(shown)
    return record


def target(call: Call, collection: entity_sets.Collection, key: str) -> Record:
    """The object a write means: it must be visible here, and is then taken as it really is.

    Raises:
        GraphError: as `visible`.
    """
    seen = visible(call, collection, key)
    record = call.view.truth(collection.stored, seen.id)
    if record is None:
        raise errors.not_found(seen.id)
    return record


def child_of(parent: str, name: str | None = None) -> filters.Filter:
    """The condition for children of an object, optionally by name."""
    mine: filters.Filter = filters.Compare("eq", "_parent", parent)
    return mine if name is None else filters.Both(mine, filters.Compare("eq", "name", name))
