"""User flows: list, get, create, change, delete; must not know their attributes or languages.

Sources: G:b/api/identitycontainer-{list,post}-b2cuserflows.md,
G:b/api/b2cidentityuserflow-{get,update,delete}.md, G:b/resources/b2cidentityuserflow.md.
Application claims, token lifetimes and page layouts are in no API (azure-cli#28593): the portal
alone sets them, here `Sandbox.portal_set_claims`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import cpim, identity_providers, policies, user_attributes
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.store import Record

STORED = "b2cUserFlows"
PLACE = "identity/b2cUserFlows"
FIELD = "identityUserFlow"
PREFIX = "B2C_1_"
TYPES = (
    "signUp",
    "signIn",
    "signUpOrSignIn",
    "passwordReset",
    "profileUpdate",
    "resourceOwner",
)
_CHANGEABLE = ("isLanguageCustomizationEnabled", "defaultLanguageTag")
_FIXED = ("id", "userFlowType", "userFlowTypeVersion")
_OTHERS = ("apiConnectorConfiguration", "identityProviders")


def list_all(call: Call) -> Answer:
    """GET /identity/b2cUserFlows."""
    return cpim.listing(
        call, PLACE, [_shown(call, each) for each in cpim.view(call).select(STORED)]
    )


def get(call: Call, key: str) -> Answer:
    """GET /identity/b2cUserFlows/{id}."""
    return cpim.entity(call, PLACE, _shown(call, visible(call, key)))


def create(call: Call) -> Answer:
    """POST /identity/b2cUserFlows: 201 with a Location; the id gets its prefix."""
    sent = cpim.sent(call, (*_FIXED, *_CHANGEABLE, *_OTHERS), FIELD)
    body = completed(sent)
    if body["userFlowType"] == "resourceOwner" and call.options.resource_owner_creation == "fails":
        raise cpim.service_problem()
    view = cpim.view(call)
    if view.truth(STORED, body["id"].casefold()) is not None:
        # Refusing is plausible, the wording unverified.
        raise cpim.refused(
            f"User flow with id: '{body['id']}' already exists in directory '{call.tenant.id}'.",
            status=409,
        )
    for provider in body["_providers"]:
        identity_providers.visible(call, provider)
    policies.check_room(call)
    view.put(STORED, body["id"].casefold(), body)
    return cpim.entity(call, PLACE, public(body), status=201, location=f"/{PLACE}('{body['id']}')")


def update(call: Call, key: str) -> Answer:
    """PATCH /identity/b2cUserFlows/{id}: 204, or 200 with the flow; two properties only."""
    stored = visible(call, key).body
    sent = cpim.sent(call, (*_FIXED, *_CHANGEABLE, *_OTHERS), FIELD)
    for name in (*_FIXED, *_OTHERS):
        if name in sent and sent[name] != stored.get(name):
            raise user_attributes.read_only(name)
    body = {**stored, **{name: sent[name] for name in _CHANGEABLE if name in sent}}
    _check_changeable(body)
    save(call, body)
    if call.options.user_flow_patch_status == 200:
        return cpim.entity(call, PLACE, public(body))
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /identity/b2cUserFlows/{id}: 204."""
    cpim.view(call).remove(STORED, visible(call, key).id)
    return Answer(204)


def visible(call: Call, key: str) -> Record:
    """The flow that a read sees.

    Raises:
        GraphError: 404 AADB2C90073 (status unverified).
    """
    return cpim.visible(call, STORED, key, "UserFlow")


def save(call: Call, body: Mapping[str, Any]) -> None:
    """Write a flow that is there."""
    cpim.view(call).put(STORED, body["id"].casefold(), body)


def public(body: Mapping[str, Any]) -> Json:
    """What a read shows without $expand."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def completed(sent: Mapping[str, Any]) -> Json:
    """A flow as the database keeps it, from a create body.

    Raises:
        GraphError: 400 for a bad id, type or version (microsoft-graph-docs#10820).
    """
    name, version = sent.get("id"), sent.get("userFlowTypeVersion")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise cpim.invalid_field(FIELD)
    if sent.get("userFlowType") not in TYPES:
        raise cpim.invalid_field(FIELD)
    if isinstance(version, bool) or not isinstance(version, int | float) or version <= 0:
        raise cpim.invalid_field(FIELD)
    providers = sent.get("identityProviders") or []
    if not all(isinstance(each, dict) and each.get("id") for each in providers):
        raise cpim.invalid_field(FIELD)
    body = {
        "id": name if name.upper().startswith(PREFIX) else PREFIX + name,
        "userFlowType": sent["userFlowType"],
        "userFlowTypeVersion": float(version),
        "isLanguageCustomizationEnabled": sent.get("isLanguageCustomizationEnabled", False),
        "defaultLanguageTag": sent.get("defaultLanguageTag", "en"),
        "apiConnectorConfiguration": {},
        "_providers": [each["id"] for each in providers],
        "_attributes": [],
        "_languages": {},
        "_claims": [],
    }
    _check_changeable(body)
    return body


def _check_changeable(body: Mapping[str, Any]) -> None:
    tag = body["defaultLanguageTag"]
    if not isinstance(body["isLanguageCustomizationEnabled"], bool):
        raise cpim.invalid_field(FIELD)
    if tag is not None and not (isinstance(tag, str) and re.fullmatch(r"[A-Za-z0-9-]+", tag)):
        raise cpim.invalid_field(FIELD)


def _shown(call: Call, record: Record) -> Json:
    """The flow, with the providers that `$expand` asks for."""
    wanted = call.query.get("$expand", "").split("(")[0]
    shown = public(record.body)
    if wanted in {"identityProviders", "userFlowIdentityProviders"}:
        view = cpim.view(call)
        found = [
            view.get(identity_providers.STORED, each.casefold())
            for each in record.body["_providers"]
        ]
        shown[wanted] = [each.body for each in found if each is not None]
    elif wanted:
        raise cpim.invalid_field("$expand")
    return shown
