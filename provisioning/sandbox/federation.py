"""Federated identity credentials of applications; must not check any token.

Source: G:v1/resources/federatedidentitycredential.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import credentials, entity_sets, errors, filters, keys, odata, schema
from provisioning.sandbox.call import Answer, Call
from provisioning.sandbox.store import Record

_SET = entity_sets.FEDERATED
_NAME = re.compile(r"[A-Za-z0-9_-]{1,120}")
_LONGEST = 600


def list_all(call: Call, key: str) -> Answer:
    """GET …/federatedIdentityCredentials."""
    parent = keys.visible(call, entity_sets.APPLICATIONS, key)
    return odata.page(call, _SET, within=keys.child_of(parent.id), place=_place(parent))


def get(call: Call, key: str, name: str) -> Answer:
    """GET …/federatedIdentityCredentials/{id or name} or (name='…')."""
    parent = keys.visible(call, entity_sets.APPLICATIONS, key)
    return odata.one(call, _SET, _find(call, parent, name), place=_place(parent))


def create(call: Call, key: str) -> Answer:
    """POST …/federatedIdentityCredentials: 201."""
    parent = keys.target(call, entity_sets.APPLICATIONS, key)
    call.require_owner(parent.id)
    credentials.throttle(call, parent.body)
    return _insert(call, parent, call.body)


def update(call: Call, key: str, name: str) -> Answer:
    """PATCH …/{id or name}: 204; (name='…') with Prefer: create-if-missing is an upsert."""
    parent = keys.target(call, entity_sets.APPLICATIONS, key)
    call.require_owner(parent.id)
    credentials.throttle(call, parent.body)
    schema.check(call.body, "federatedIdentityCredential")
    pair = keys.alternate(_SET, name)
    try:
        record = _find(call, parent, name)
    except errors.GraphError as error:
        if error.status != 404 or not call.creates_if_missing or pair is None:
            raise
        return _insert(call, parent, {**call.body, "name": pair[1]})
    if call.body.get("name", record.body["name"]) != record.body["name"]:
        raise errors.bad_request("Property 'name' is read-only and cannot be set.")
    truth = call.view.truth(_SET.stored, record.id)
    if truth is None:
        raise _missing(name)
    body = {**truth.body, **call.body}
    _check(call, parent, body)
    call.view.put(_SET.stored, record.id, body)
    return Answer(204)


def delete(call: Call, key: str, name: str) -> Answer:
    """DELETE …/{id or name}: 204, for good."""
    parent = keys.target(call, entity_sets.APPLICATIONS, key)
    call.require_owner(parent.id)
    credentials.throttle(call, parent.body)
    record = _find(call, parent, name)
    if call.view.truth(_SET.stored, record.id) is None:
        raise _missing(name)
    call.view.remove(_SET.stored, record.id)
    return Answer(204)


def _insert(call: Call, parent: Record, sent: Any) -> Answer:
    schema.check(sent, "federatedIdentityCredential")
    name = sent.get("name") or ""
    if not _NAME.fullmatch(name):
        raise errors.invalid_value("name", "FederatedIdentityCredential")
    body = {
        "id": schema.new_id(),
        "name": name,
        "issuer": sent.get("issuer"),
        "subject": sent.get("subject"),
        "description": sent.get("description"),
        "audiences": sent.get("audiences", []),
        "_parent": parent.id,
    }
    siblings = _siblings(call, parent)
    if any(each.body["name"] == name for each in siblings):
        raise errors.same_key(f"FederatedIdentityCredential with name {name} already exists.")
    if len(siblings) >= call.options.max_federated_credentials:
        raise errors.bad_request(
            "The number of federated identity credentials has exceeded the limit of "
            f"{call.options.max_federated_credentials}."
        )
    _check(call, parent, body)
    call.view.put(_SET.stored, body["id"], body)
    shown = odata.created(call, _SET, body)
    context = odata.context(call, _place(parent), entity=True)
    return Answer(201, {**shown.body, "@odata.context": context}, shown.headers)


def _check(call: Call, parent: Record, body: Mapping[str, Any]) -> None:
    for name in ("issuer", "subject"):
        if not body[name] or len(body[name]) > _LONGEST:
            raise errors.invalid_value(name, "FederatedIdentityCredential")
    if len(body["audiences"]) != 1 or not 1 <= len(body["audiences"][0]) <= _LONGEST:
        raise errors.invalid_value("audiences", "FederatedIdentityCredential")
    if len(body["description"] or "") > _LONGEST:
        raise errors.invalid_value("description", "FederatedIdentityCredential")
    for other in _siblings(call, parent):
        same = (other.body["issuer"], other.body["subject"]) == (body["issuer"], body["subject"])
        if same and other.id != body["id"]:
            raise errors.same_key(
                "FederatedIdentityCredential with the same issuer and subject already exists."
            )


def _siblings(call: Call, parent: Record) -> list[Record]:
    return call.store.find(call.tenant.id, _SET.stored, "_parent", parent.id)


def _find(call: Call, parent: Record, name: str) -> Record:
    pair = keys.alternate(_SET, name)
    text = pair[1] if pair else name.strip("'")
    if pair is None and schema.is_guid(text):
        record = call.view.get(_SET.stored, text.lower())
        if record is not None and record.body["_parent"] == parent.id:
            return record
    wanted: filters.Filter = keys.child_of(parent.id, text)
    found = next(call.view.select(_SET.stored, wanted), None)
    if found is None:
        raise _missing(text)
    return found


def _missing(name: str) -> errors.GraphError:
    return errors.GraphError(
        404,
        "Request_ResourceNotFound",
        f"FederatedIdentityCredential with name {name} not found.",
    )


def _place(parent: Record) -> str:
    return f"applications('{parent.id}')/federatedIdentityCredentials"
