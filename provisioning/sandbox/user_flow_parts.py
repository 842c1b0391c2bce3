"""What belongs to a user flow: attributes, languages, providers; must not change the flow itself.

Sources: G:b/api/b2cidentityuserflow-{list,post}-userattributeassignments.md,
G:b/api/identityuserflowattributeassignment-{get,update,delete,getorder,setorder}.md,
G:b/api/b2cidentityuserflow-{put,list,get,delete}-languages.md,
G:b/api/b2cidentityuserflow-{list,post,delete}-userflowidentityproviders.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import cpim, identity_providers, user_attributes, user_flows
from provisioning.sandbox.call import Answer, Call, Json

_ASSIGNMENT = (
    "displayName",
    "isOptional",
    "requiresVerification",
    "userInputType",
    "userAttributeValues",
    "userAttribute",
)
_INPUT_TYPES = {
    each.lower(): each
    for each in (
        "textBox",
        "dateTimeDropdown",
        "radioSingleSelect",
        "dropdownSingleSelect",
        "emailBox",
        "checkboxMultiSelect",
    )
}
_FIELD = "userAttributeAssignment"


def assignments(call: Call, flow: str) -> Answer:
    """GET …/userAttributeAssignments, with `$expand=userAttribute`."""
    body = user_flows.visible(call, flow).body
    shown = [_assignment(call, each) for each in body["_attributes"]]
    return cpim.listing(call, _place(body, "userAttributeAssignments"), shown)


def assignment(call: Call, flow: str, key: str) -> Answer:
    """GET …/userAttributeAssignments/{id}."""
    body = user_flows.visible(call, flow).body
    found = _assignment(call, body["_attributes"][_position(call, body, key)])
    return cpim.entity(call, _place(body, "userAttributeAssignments"), found)


def assign(call: Call, flow: str) -> Answer:
    """POST …/userAttributeAssignments: 201; the id is the attribute's."""
    body = user_flows.visible(call, flow).body
    sent = cpim.sent(call, _ASSIGNMENT, _FIELD)
    attribute = _member(sent.get("userAttribute"), "id")
    if not isinstance(attribute, str):
        raise cpim.invalid_field(_FIELD)
    known = user_attributes.visible(call, attribute).body
    if any(each["id"] == known["id"] for each in body["_attributes"]):
        # Refusing is plausible, the wording unverified.
        raise cpim.refused(
            f"User attribute with id: '{known['id']}' is already assigned to '{body['id']}'.",
            status=409,
        )
    made = _checked(
        {
            "id": known["id"],
            "isOptional": False,
            "requiresVerification": False,
            "userInputType": "textBox",
            "displayName": known["displayName"],
            "userAttributeValues": [],
        },
        sent,
    )
    body["_attributes"].append(made)
    user_flows.save(call, body)
    place = _place(body, "userAttributeAssignments")
    return cpim.entity(call, place, made, status=201, location=f"/{place}('{made['id']}')")


def change(call: Call, flow: str, key: str) -> Answer:
    """PATCH …/userAttributeAssignments/{id}: 204; the attribute itself stays."""
    body = user_flows.visible(call, flow).body
    position = _position(call, body, key)
    sent = cpim.sent(call, _ASSIGNMENT, _FIELD)
    if _member(sent.get("userAttribute") or {"id": key}, "id") != key:
        raise user_attributes.read_only("userAttribute")
    body["_attributes"][position] = _checked(body["_attributes"][position], sent)
    user_flows.save(call, body)
    return Answer(204)


def unassign(call: Call, flow: str, key: str) -> Answer:
    """DELETE …/userAttributeAssignments/{id}: 204."""
    body = user_flows.visible(call, flow).body
    del body["_attributes"][_position(call, body, key)]
    user_flows.save(call, body)
    return Answer(204)


def order(call: Call, flow: str) -> Answer:
    """GET …/userAttributeAssignments/getOrder."""
    body = user_flows.visible(call, flow).body
    return Answer(200, {"order": [each["id"] for each in body["_attributes"]]})


def set_order(call: Call, flow: str) -> Answer:
    """POST …/userAttributeAssignments/setOrder {"newAssignmentOrder": {"order"}}: 204."""
    body = user_flows.visible(call, flow).body
    sent = cpim.sent(call, ("newAssignmentOrder",), "newAssignmentOrder")
    wanted = _member(sent.get("newAssignmentOrder"), "order")
    known = {each["id"]: each for each in body["_attributes"]}
    if not isinstance(wanted, list) or sorted(map(str, wanted)) != sorted(known):
        raise cpim.invalid_field("newAssignmentOrder")
    user_flows.save(call, {**body, "_attributes": [known[each] for each in wanted]})
    return Answer(204)


def languages(call: Call, flow: str) -> Answer:
    """GET …/languages."""
    body = user_flows.visible(call, flow).body
    return cpim.listing(call, _place(body, "languages"), body["_languages"].values())


def language(call: Call, flow: str, tag: str) -> Answer:
    """GET …/languages/{tag}."""
    body = user_flows.visible(call, flow).body
    return cpim.entity(call, _place(body, "languages"), _language(call, body, tag))


def put_language(call: Call, flow: str, tag: str) -> Answer:
    """PUT …/languages/{tag}: 201 when new, else 204; needs language customization."""
    body = user_flows.visible(call, flow).body
    sent = cpim.sent(call, ("id", "isEnabled", "displayName"), "languages")
    name = cpim.plain(tag)
    if not body["isLanguageCustomizationEnabled"]:
        # That it must be on is documented, the wording is not.
        raise cpim.refused(
            f"Language customization is not enabled for the user flow '{body['id']}'."
        )
    if sent.get("id", name) != name or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise cpim.invalid_field("languages")
    if not isinstance(sent.get("isEnabled", True), bool):
        raise cpim.invalid_field("languages")
    old = body["_languages"].get(name)
    made = (old or {"id": name, "isEnabled": True, "displayName": None}) | {
        each: sent[each] for each in ("isEnabled", "displayName") if each in sent
    }
    body["_languages"][name] = made
    user_flows.save(call, body)
    if old is not None:
        return Answer(204)
    return cpim.entity(call, _place(body, "languages"), made, status=201)


def delete_language(call: Call, flow: str, tag: str) -> Answer:
    """DELETE …/languages/{tag}: 204."""
    body = user_flows.visible(call, flow).body
    del body["_languages"][_language(call, body, tag)["id"]]
    user_flows.save(call, body)
    return Answer(204)


def providers(call: Call, flow: str) -> Answer:
    """GET …/userFlowIdentityProviders."""
    return identity_providers.references(call, user_flows.visible(call, flow).body["_providers"])


def add_provider(call: Call, flow: str) -> Answer:
    """POST …/userFlowIdentityProviders/$ref {"@odata.id"}: 204."""
    body = user_flows.visible(call, flow).body
    address = _member(call.body, "@odata.id")
    found = re.search(r"identityProviders(?:/|\(')([^/')]+)", str(address))
    if found is None:
        raise cpim.invalid_field("@odata.id")
    identity = identity_providers.visible(call, found[1]).body["id"]
    if identity in body["_providers"]:
        # Refusing is plausible, the wording unverified.
        raise cpim.refused(
            f"Identity provider with id: '{identity}' is already in '{body['id']}'.", status=409
        )
    user_flows.save(call, {**body, "_providers": [*body["_providers"], identity]})
    return Answer(204)


def remove_provider(call: Call, flow: str, key: str) -> Answer:
    """DELETE …/userFlowIdentityProviders/{id}/$ref: 204."""
    body = user_flows.visible(call, flow).body
    left = [each for each in body["_providers"] if each.casefold() != cpim.plain(key).casefold()]
    if len(left) == len(body["_providers"]):
        raise cpim.not_found(call, "IdentityProvider", cpim.plain(key), status=404)
    user_flows.save(call, {**body, "_providers": left})
    return Answer(204)


def _place(body: Mapping[str, Any], part: str) -> str:
    return f"{user_flows.PLACE}('{body['id']}')/{part}"


def _position(call: Call, body: Mapping[str, Any], key: str) -> int:
    name = cpim.plain(key).casefold()
    for position, each in enumerate(body["_attributes"]):
        if each["id"].casefold() == name:
            return position
    raise cpim.not_found(call, "UserAttributeAssignment", cpim.plain(key), status=404)


def _language(call: Call, body: Mapping[str, Any], tag: str) -> Json:
    found = body["_languages"].get(cpim.plain(tag))
    if found is None:
        raise cpim.not_found(call, "Language", cpim.plain(tag), status=404)
    return dict(found)


def _assignment(call: Call, body: Json) -> Json:
    if call.query.get("$expand", "").split("(")[0] != "userAttribute":
        return body
    return {**body, "userAttribute": user_attributes.visible(call, body["id"]).body}


def _checked(stored: Json, sent: Mapping[str, Any]) -> Json:
    body = stored | {name: sent[name] for name in _ASSIGNMENT[:-1] if name in sent}
    kind = _INPUT_TYPES.get(str(body["userInputType"]).lower())
    values = body["userAttributeValues"] or []
    if kind is None or not all(isinstance(body[name], bool) for name in _ASSIGNMENT[1:3]):
        raise cpim.invalid_field(_FIELD)
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise cpim.invalid_field(_FIELD)
    return {**body, "userInputType": kind, "userAttributeValues": values}


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
