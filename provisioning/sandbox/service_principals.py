"""Service principals: read, create, update, upsert, delete; must not know applications' rules.

Sources: G:v1/api/serviceprincipal-{post-serviceprincipals,update,delete}.md, CSDL;
reliable-web-app-pattern-java#185 for duplicates, TF for the race after an application's creation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import (
    application_bodies,
    credentials,
    deletion,
    entity_sets,
    errors,
    keys,
    mirror,
    odata,
    owners,
    schema,
)
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.layout import LIVE

_SET = entity_sets.SERVICE_PRINCIPALS


def list_all(call: Call) -> Answer:
    """GET /servicePrincipals."""
    return odata.page(call, _SET, expand=owners.expansion(call))


def get(call: Call, key: str) -> Answer:
    """GET /servicePrincipals/{id} or (appId='…')."""
    return odata.one(call, _SET, keys.visible(call, _SET, key), expand=owners.expansion(call))


def create(call: Call) -> Answer:
    """POST /servicePrincipals {"appId"}: 201."""
    schema.check(call.body, "servicePrincipal")
    return odata.created(call, _SET, _insert(call, call.body))


def update(call: Call, key: str) -> Answer:
    """PATCH /servicePrincipals/{key}: 204; with Prefer: create-if-missing on appId, an upsert."""
    schema.check(call.body, "servicePrincipal")
    pair = keys.alternate(_SET, key)
    try:
        record = keys.target(call, _SET, key)
    except errors.GraphError as error:
        if error.status != 404 or not call.creates_if_missing or not pair:
            raise
        return odata.created(call, _SET, _insert(call, {**call.body, "appId": pair[1]}))
    call.require_owner(record.id)
    if (call.body.get("appId") or record.body["appId"]).lower() != record.body["appId"].lower():
        raise errors.bad_request("Property 'appId' is read-only and cannot be set.")
    body = _changed(call, record.body, call.body)
    call.view.put(_SET.stored, record.id, body)
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /servicePrincipals/{key}: 204, soft."""
    record = keys.target(call, _SET, key)
    call.require_owner(record.id)
    deletion.delete_principal(call, record)
    return Answer(204)


def _insert(call: Call, sent: Mapping[str, Any]) -> Json:
    app_id = (sent.get("appId") or "").lower()
    if not app_id:
        raise errors.invalid_value("appId", "ServicePrincipal")
    owner_tenant, application = _application(call, app_id)
    taken = call.store.find(call.tenant.id, _SET.stored, "servicePrincipalNames", app_id)
    for uri in application["identifierUris"]:
        taken += call.store.find(call.tenant.id, _SET.stored, "servicePrincipalNames", uri)
    if any(each.state == LIVE for each in taken):
        raise errors.same_key(
            "The service principal cannot be created, updated, or restored because the service "
            f"principal name {app_id} is already in use."
        )
    body = mirror.skeleton(application["appId"], owner_tenant, call.timestamp())
    body["createdByAppId"] = call.caller.app_id
    body = mirror.mirrored(body, application, tags=call.options.mirror_tags)
    body = _changed(call, body, {name: value for name, value in sent.items() if name != "appId"})
    call.view.put(_SET.stored, body["id"], body)
    call.own(body["id"])
    return body


def _application(call: Call, app_id: str) -> tuple[str, Json]:
    """The application behind an appId: of this tenant, or another tenant's that is open to it."""
    here = call.view.find("applications", "appId", app_id)
    if here is not None:
        return call.tenant.id, here.body
    for tenant, record in call.store.find_anywhere("applications", "appId", app_id):
        foreign = tenant != call.tenant.id and record.state == LIVE
        if foreign and record.body["signInAudience"] != "AzureADMyOrg" and not call.owned_only:
            return tenant, record.body
    if call.owned_only or call.options.service_principal_race == "forbidden":
        raise errors.GraphError(
            403,
            "Authorization_RequestDenied",
            "When using this permission, the backing application of the service principal being "
            "created must in the local tenant",
        )
    message = (
        f"The appId '{app_id}' of the service principal does not reference a valid application "
        "object."
    )
    raise errors.bad_request(message, errors.Detail("NoBackingApplicationObject", message, "appId"))


def _changed(call: Call, body: Json, sent: Mapping[str, Any]) -> Json:
    if "passwordCredentials" in sent:
        raise errors.invalid_value("passwordCredentials", "ServicePrincipal")
    result = application_bodies.merged(body, sent)
    if sent.get("keyCredentials") is not None:
        credentials.hold_back(call, body["id"], {})
        result["keyCredentials"] = credentials.merged_keys(
            call, body["keyCredentials"], sent["keyCredentials"]
        )
    if "tags" in sent:
        shared = [tag for tag in body["tags"] if tag not in body["_ownTags"]]
        result["_ownTags"] = sent["tags"]
        result["tags"] = [*sent["tags"], *(tag for tag in shared if tag not in sent["tags"])]
    return result
