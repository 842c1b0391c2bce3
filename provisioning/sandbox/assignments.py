"""App role assignments, seen from both of their ends; must not know delegated grants.

Sources: G:v1/api/serviceprincipal-post-approleassignments.md, G:v1/resources/approleassignment.md;
terraform-provider-azuread#1759 and msgraph-bicep-types#161 for the refusals.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping

from provisioning.sandbox import entity_sets, errors, filters, keys, odata, schema
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record

_SET = entity_sets.ASSIGNMENTS
_NO_ROLE = "00000000-0000-0000-0000-000000000000"
_MOST_PER_PRINCIPAL = 1500
_PRINCIPALS = {"users": "User", "groups": "Group", "servicePrincipals": "ServicePrincipal"}


def list_assigned_to(call: Call, key: str) -> Answer:
    """GET /servicePrincipals/{resource}/appRoleAssignedTo."""
    return _page(call, entity_sets.SERVICE_PRINCIPALS, key, "resourceId")


def list_assignments(call: Call, collection: entity_sets.Collection, key: str) -> Answer:
    """GET /{servicePrincipals|users|groups}/{principal}/appRoleAssignments."""
    return _page(call, collection, key, "principalId")


def get(call: Call, end: str, key: str, identity: str) -> Answer:
    """GET one assignment under either end; `end` is resourceId or principalId."""
    return odata.one(call, _SET, _visible(call, end, key, identity))


def create(call: Call, end: str, key: str) -> Answer:
    """POST under either end: 201."""
    holder = keys.visible(call, entity_sets.SERVICE_PRINCIPALS, key)
    schema.check(call.body, "appRoleAssignment")
    sent = {name: (call.body.get(name) or "").lower() for name in _NEEDED}
    for name, value in sent.items():
        if not value:
            raise errors.invalid_value(name, "AppRoleAssignment")
    if sent[end] != holder.id:
        raise _invalid_reference(call)
    body = _body(call, sent)
    if call.view.truth(_SET.stored, body["id"]) is not None:
        raise _duplicate(call)
    held = call.store.lookup(call.tenant.id, _SET.stored, "principalId", sent["principalId"])
    if len(held) >= _MOST_PER_PRINCIPAL:
        raise errors.GraphError(
            403, "Directory_QuotaExceeded", "The directory object quota limit has been exceeded."
        )
    call.view.put(_SET.stored, body["id"], body)
    return odata.created(call, _SET, body)


_NEEDED = ("principalId", "resourceId", "appRoleId")


def delete(call: Call, end: str, key: str, identity: str) -> Answer:
    """DELETE under either end: 204."""
    record = _visible(call, end, key, identity)
    if call.view.truth(_SET.stored, record.id) is None:
        raise errors.not_found(identity)
    call.view.remove(_SET.stored, record.id)
    return Answer(204)


def assignment_id(principal_id: str, resource_id: str, role_id: str) -> str:
    """43 characters of base64url whose first 16 bytes are the principal (rest unverified)."""
    digest = hashlib.sha256(f"{principal_id}/{resource_id}/{role_id}".encode()).digest()[:16]
    data = uuid.UUID(principal_id).bytes_le + digest
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def complete(sent: Mapping[str, str], principal: Json, kind: str, resource: Json) -> Json:
    """An assignment with the properties that Graph computes, save its time."""
    return {
        "id": assignment_id(sent["principalId"], sent["resourceId"], sent["appRoleId"]),
        "deletedDateTime": None,
        "appRoleId": sent["appRoleId"],
        "principalDisplayName": principal.get("displayName"),
        "principalId": sent["principalId"],
        "principalType": kind,
        "resourceDisplayName": resource.get("displayName"),
        "resourceId": sent["resourceId"],
    }


def _page(call: Call, collection: entity_sets.Collection, key: str, end: str) -> Answer:
    holder = keys.visible(call, collection, key)
    return odata.page(call, _SET, within=filters.Compare("eq", end, holder.id))


def _visible(call: Call, end: str, key: str, identity: str) -> Record:
    holder = keys.visible(call, entity_sets.SERVICE_PRINCIPALS, key)
    record = call.view.get(_SET.stored, identity)
    if record is None or record.body[end] != holder.id:
        raise errors.not_found(identity)
    return record


def _body(call: Call, sent: Mapping[str, str]) -> Json:
    resource = call.view.get("servicePrincipals", sent["resourceId"])
    found = _principal(call, sent["principalId"])
    if resource is None or found is None:
        raise _invalid_reference(call)
    kind, principal = found
    roles = {role["id"]: role for role in resource.body["appRoles"]}
    role = roles.get(sent["appRoleId"])
    default = sent["appRoleId"] == _NO_ROLE and not roles
    if role is None and not default:
        raise errors.bad_request("Permission being assigned was not found on application")
    member = "Application" if kind == "ServicePrincipal" else "User"
    if role is not None and (member not in role["allowedMemberTypes"] or not role["isEnabled"]):
        raise errors.bad_request("Permission being assigned was not found on application")
    body = complete(sent, principal.body, kind, resource.body)
    return {**body, "createdDateTime": call.timestamp()}


def _principal(call: Call, identity: str) -> tuple[str, Record] | None:
    for collection, kind in _PRINCIPALS.items():
        record = call.view.get(collection, identity)
        if record is not None:
            return kind, record
    return None


def _invalid_reference(call: Call) -> errors.GraphError:
    if call.options.assignment_race == "not_found":
        return errors.not_found(str(call.body.get("principalId")))
    return errors.bad_request("Not a valid reference update.")


def _duplicate(call: Call) -> errors.GraphError:
    if call.options.assignment_duplicate == "same_key":
        return errors.same_key("EntitlementGrant entry already exists.", status=400)
    message = "Permission being assigned already exists on the object"
    return errors.bad_request(message, errors.Detail("InvalidUpdate", message, None))
