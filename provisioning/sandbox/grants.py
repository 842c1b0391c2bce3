"""Delegated permission grants; must not know application permissions.

Sources: G:v1/api/oauth2permissiongrant-{post,update}.md, CSDL; azure-cli#20974 and
terraform-provider-azuread#690 for duplicates.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import entity_sets, errors, filters, keys, odata, schema
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record

_SET = entity_sets.GRANTS
_LONGEST_SCOPE = 3850


def list_all(call: Call) -> Answer:
    """GET /oauth2PermissionGrants, filtered by eq only."""
    return odata.page(call, _SET)


def list_of_client(call: Call, key: str) -> Answer:
    """GET /servicePrincipals/{key}/oauth2PermissionGrants."""
    client = keys.visible(call, entity_sets.SERVICE_PRINCIPALS, key)
    return odata.page(call, _SET, within=filters.Compare("eq", "clientId", client.id))


def get(call: Call, key: str) -> Answer:
    """GET /oauth2PermissionGrants/{id}."""
    return odata.one(call, _SET, _visible(call, key))


def create(call: Call) -> Answer:
    """POST /oauth2PermissionGrants: 201; a second one for the same pair is a 409."""
    sent: Any = dict(call.body) if isinstance(call.body, dict) else call.body
    if call.version == "beta" and isinstance(sent, dict):
        # The values are ignored, their absence is refused (microsoft-graph-docs#5695).
        sent.pop("startTime", None)
        if "expiryTime" not in sent:
            raise errors.bad_request("Missing property: expiryTime")
        sent.pop("expiryTime")
    schema.check(sent, "oAuth2PermissionGrant")
    body = _checked(call, sent)
    body["id"] = grant_id(body["clientId"], body["resourceId"], body["principalId"])
    existing = call.store.get(call.tenant.id, _SET.stored, body["id"])
    if existing is not None and existing.state == LIVE:
        raise errors.same_key("Permission entry already exists.")
    call.view.put(_SET.stored, body["id"], body)
    return odata.created(call, _SET, body)


def update(call: Call, key: str) -> Answer:
    """PATCH /oauth2PermissionGrants/{id} {"scope"}: 204, overwrites."""
    record = _visible(call, key)
    schema.check(call.body, "oAuth2PermissionGrant")
    truth = call.view.truth(_SET.stored, record.id)
    if truth is None:
        raise errors.not_found(key)
    for name, value in call.body.items():
        if name != "scope" and value != truth.body[name]:
            raise errors.bad_request(f"Property '{name}' is read-only and cannot be set.")
    scope = _scope(call, call.body.get("scope", truth.body["scope"]), truth.body["resourceId"])
    call.view.put(_SET.stored, record.id, {**truth.body, "scope": scope})
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /oauth2PermissionGrants/{id}: 204, for good."""
    record = _visible(call, key)
    if call.view.truth(_SET.stored, record.id) is None:
        raise errors.not_found(key)
    call.view.remove(_SET.stored, record.id)
    return Answer(204)


def grant_id(client_id: str, resource_id: str, principal_id: str | None) -> str:
    """Base64url of the little-endian GUID bytes of client, resource and, if any, principal.

    Computed from the published samples of G:b/api/oauth2permissiongrant-post.md.
    """
    parts = [client_id, resource_id] + ([principal_id] if principal_id else [])
    data = b"".join(uuid.UUID(part).bytes_le for part in parts)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _visible(call: Call, key: str) -> Record:
    record = call.view.get(_SET.stored, key)
    if record is None:
        raise errors.not_found(key)
    return record


def _checked(call: Call, sent: Mapping[str, Any]) -> Json:
    for name in ("clientId", "resourceId"):
        if not schema.is_guid(sent.get(name) or ""):
            raise errors.bad_request(
                f"Invalid value specified for property '{name}' of resource "
                "'OAuth2PermissionGrant'."
            )
    consent, principal = sent.get("consentType"), sent.get("principalId")
    if consent not in {"AllPrincipals", "Principal"}:
        raise errors.invalid_value("consentType", "OAuth2PermissionGrant")
    if (consent == "Principal") != (principal is not None):
        raise errors.invalid_value("principalId", "OAuth2PermissionGrant")
    for end in (sent["clientId"], sent["resourceId"]):
        if call.view.get("servicePrincipals", end.lower()) is None:
            if call.options.grant_race == "object_not_found":
                raise errors.object_not_found()
            raise errors.not_found(end)
    if principal is not None and (
        not schema.is_guid(principal) or call.view.get("users", principal.lower()) is None
    ):
        raise errors.not_found(principal)
    return {
        "clientId": sent["clientId"].lower(),
        "consentType": consent,
        "id": "",
        "principalId": principal.lower() if principal else None,
        "resourceId": sent["resourceId"].lower(),
        "scope": _scope(call, sent.get("scope"), sent["resourceId"].lower()),
    }


def _scope(call: Call, scope: str | None, resource_id: str) -> str:
    text = scope or ""
    if len(text) > _LONGEST_SCOPE:
        raise errors.invalid_value("scope", "OAuth2PermissionGrant")
    if call.options.scope_validation:
        resource = call.view.get("servicePrincipals", resource_id)
        published = {
            each["value"] for each in (resource.body["oauth2PermissionScopes"] if resource else ())
        }
        if not set(text.split()) <= published:
            raise errors.invalid_value("scope", "OAuth2PermissionGrant")
    # Compare as a set: some stored scopes come back so.
    return f" {text.lstrip()}" if call.options.grant_leading_space else text
