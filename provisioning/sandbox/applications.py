"""Applications: read, create, update, upsert, delete; must not check what rules modules check.

Sources: G:v1/api/application-{list,post-applications,update,upsert,delete}.md; TF
application_resource.go for what happens right after a create.
"""

from __future__ import annotations

from provisioning.sandbox import (
    application_bodies,
    application_rules,
    credentials,
    deletion,
    entitlements,
    entity_sets,
    errors,
    identifier_uris,
    keys,
    mirror,
    odata,
    owners,
    schema,
    side,
)
from provisioning.sandbox.call import Answer, Call, Json

_SET = entity_sets.APPLICATIONS


def list_all(call: Call) -> Answer:
    """GET /applications."""
    return odata.page(call, _SET, expand=owners.expansion(call))


def get(call: Call, key: str) -> Answer:
    """GET /applications/{id}, (appId='…') or (uniqueName='…')."""
    return odata.one(call, _SET, keys.visible(call, _SET, key), expand=owners.expansion(call))


def create(call: Call) -> Answer:
    """POST /applications: 201, not idempotent."""
    sent = dict(call.body) if isinstance(call.body, dict) else call.body
    schema.check(sent, "application")
    if sent.get("uniqueName") is not None and call.options.unique_name_on_post == "refuse":
        raise _unique_name_refused()
    body = _insert(call, sent)
    return odata.created(call, _SET, body)


def update(call: Call, key: str) -> Answer:
    """PATCH /applications/{key}: 204; with Prefer: create-if-missing on uniqueName, an upsert."""
    schema.check(call.body, "application")
    pair = keys.alternate(_SET, key)
    try:
        record = keys.target(call, _SET, key)
    except errors.GraphError as error:
        if error.status != 404 or not call.creates_if_missing or not pair or pair[0] == "appId":
            raise
        if call.options.unique_name_upsert == "refuse":
            raise _unique_name_refused() from None
        return odata.created(call, _SET, _insert(call, {**call.body, "uniqueName": pair[1]}))
    call.require_owner(record.id)
    credentials.throttle(call, record.body)
    if call.count_down(f"msa:{record.id}"):
        raise errors.GraphError(
            409, "Error_MsaAppDoesNotExist", "The corresponding MSA application does not exist."
        )
    if "keyCredentials" in call.body:
        credentials.hold_back(call, record.id, {})
    _modify(call, record.id, record.body)
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /applications/{key}: 204, soft, together with its service principal here."""
    record = keys.target(call, _SET, key)
    call.require_owner(record.id)
    credentials.throttle(call, record.body)
    deletion.delete_application(call, record)
    return Answer(204)


def _insert(call: Call, sent: Json) -> Json:
    owners_sent = sent.pop("owners@odata.bind", [])
    audience = sent.get("signInAudience") or call.options.default_audience
    body = application_bodies.skeleton(
        schema.new_id(), call.tenant.domain, call.timestamp(), audience
    )
    body["createdByAppId"] = call.caller.app_id
    if not sent.get("displayName"):
        raise errors.invalid_value("displayName", "Application")
    if call.owned_only and (sent.get("api") or {}).get("acceptMappedClaims") is not None:
        raise errors.denied()
    body = application_bodies.completed(application_bodies.merged(body, sent), sent)
    credentials.throttle(call, body)
    body["keyCredentials"] = credentials.merged_keys(call, [], sent.get("keyCredentials") or [])
    _check(call, {}, {}, body, sent)
    owner_ids = owners.bound(call, owners_sent)
    call.view.put(_SET.stored, body["id"], body)
    for owner in owner_ids:
        side.add_owner(call.store, call.tenant.id, body["id"], owner)
    call.own(body["id"])
    if application_rules.is_personal(body):
        side.set_counter(call.store, call.tenant.id, f"msa:{body['id']}", call.options.msa_lag)
    return body


def _modify(call: Call, identity: str, stored: Json) -> None:
    sent = call.body
    seen = call.view.get(_SET.stored, identity)
    body = application_bodies.completed(
        application_bodies.merged(stored, sent, api=call.options.api_patch), sent
    )
    if sent.get("keyCredentials") is not None:
        body["keyCredentials"] = credentials.merged_keys(
            call, stored["keyCredentials"], sent["keyCredentials"]
        )
    if body["uniqueName"] != stored["uniqueName"] and (
        stored["uniqueName"] is not None or call.options.unique_name_on_patch == "refuse"
    ):
        raise _unique_name_refused()
    _check(call, stored, seen.body if seen else stored, body, sent)
    call.view.put(_SET.stored, identity, body)
    if "keyCredentials" in sent:
        side.set_counter(
            call.store,
            call.tenant.id,
            f"credential:{identity}",
            call.options.concurrency_violation,
        )
    mirror.refresh(call.view, call.tenant.id, body, tags=call.options.mirror_tags)


def _check(call: Call, stored: Json, seen: Json, body: Json, sent: Json) -> None:
    if "passwordCredentials" in sent:
        # Documented as impossible (application-update.md); the wording is unverified.
        raise errors.invalid_value("passwordCredentials", "Application")
    application_rules.check(body, call.options)
    entitlements.check(seen, body, call.options)
    entitlements.check_pre_authorized(seen, body)
    identifier_uris.check(call, stored, body)
    name = body["uniqueName"]
    if name is None or name == stored.get("uniqueName"):
        return
    # Deleted holders count too: the name stays reserved for 30 days (msgraph-bicep-types#137).
    if call.store.find(call.tenant.id, _SET.stored, "uniqueName", name):
        raise errors.property_conflict("uniqueName")


def _unique_name_refused() -> errors.GraphError:
    message = "Property 'uniqueName' is read-only and cannot be set."
    return errors.bad_request(message, errors.Detail("PropertyReadOnly", message, "uniqueName"))
