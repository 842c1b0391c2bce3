"""User flow attributes, built in and custom; must not know user flows.

Sources: G:v1/api/identityuserflowattribute-{post,get,list,update,delete}.md,
G:v1/resources/identityuserflowattribute.md; TF docs for the form of custom ids.
"""

from __future__ import annotations

import uuid

from provisioning.sandbox import cpim
from provisioning.sandbox.call import Answer, Call, Json
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record

STORED = "userFlowAttributes"
_PLACE = "identity/userFlowAttributes"
_FIELD = "userFlowAttribute"
_DATA_TYPES = ("string", "boolean", "int64", "stringCollection", "dateTime")
_BUILT_IN = {
    "city": "City",
    "country": "Country/Region",
    "displayName": "Display Name",
    "email": "Email Address",
    "givenName": "Given Name",
    "jobTitle": "Job Title",
    "postalCode": "Postal Code",
    "state": "State/Province",
    "streetAddress": "Street Address",
    "surname": "Surname",
}
"""Ids and names of what every tenant has (G:v1/api/identitycontainer-list-userflowattributes)."""


def built_in() -> list[Json]:
    """The attributes of a new tenant."""
    return [
        {
            "id": identity,
            "displayName": name,
            "description": f"{name} of the user.",
            "userFlowAttributeType": "builtIn",
            "dataType": "string",
        }
        for identity, name in _BUILT_IN.items()
    ]


def list_all(call: Call) -> Answer:
    """GET /identity/userFlowAttributes."""
    return cpim.listing(call, _PLACE, [each.body for each in cpim.view(call).select(STORED)])


def get(call: Call, key: str) -> Answer:
    """GET /identity/userFlowAttributes/{id}."""
    return cpim.entity(call, _PLACE, visible(call, key).body)


def create(call: Call) -> Answer:
    """POST /identity/userFlowAttributes: 201; the id names the extensions application."""
    sent = cpim.sent(call, ("displayName", "description", "dataType"), _FIELD)
    name, kind = sent.get("displayName"), sent.get("dataType")
    if not isinstance(name, str) or not name or kind not in _DATA_TYPES:
        raise cpim.invalid_field(_FIELD)
    identity = custom_id(call, name)
    if cpim.view(call).truth(STORED, identity.casefold()) is not None:
        raise cpim.refused(
            f"User attribute with id: '{identity}' already exists in directory '{call.tenant.id}'.",
            code="AADB2C90074",
        )
    body = {
        "id": identity,
        "displayName": name,
        "description": sent.get("description"),
        "userFlowAttributeType": "custom",
        "dataType": kind,
    }
    cpim.view(call).put(STORED, identity.casefold(), body)
    return cpim.entity(call, _PLACE, body, status=201, location=f"/{_PLACE}('{identity}')")


def update(call: Call, key: str) -> Answer:
    """PATCH /identity/userFlowAttributes/{id}: 204; only the description may change."""
    stored = visible(call, key).body
    sent = cpim.sent(call, ("displayName", "description", "dataType"), _FIELD)
    for name in ("displayName", "dataType"):
        if sent.get(name, stored[name]) != stored[name]:
            raise read_only(name)
    body = {**stored, "description": sent.get("description", stored["description"])}
    cpim.view(call).put(STORED, stored["id"].casefold(), body)
    return Answer(204)


def delete(call: Call, key: str) -> Answer:
    """DELETE /identity/userFlowAttributes/{id}: 204, custom ones only."""
    record = visible(call, key)
    if record.body["userFlowAttributeType"] != "custom":
        raise read_only("userFlowAttributeType")
    cpim.view(call).remove(STORED, record.id)
    return Answer(204)


def visible(call: Call, key: str) -> Record:
    """The attribute that a read sees.

    Raises:
        GraphError: 404 AADB2C90073 (status unverified).
    """
    return cpim.visible(call, STORED, key, "User attribute")


def read_only(name: str) -> Exception:
    """AADB2C99014 (B2CERR)."""
    return cpim.refused(
        f"The property '{name}' can not be modified. It's a read only property. ",
        code="AADB2C99014",
    )


def custom_id(call: Call, name: str) -> str:
    """`extension_{appId of the extensions application}_{name}`, without dashes and spaces.

    Raises:
        GraphError: 400 AADB2C99006 when a B2C tenant has lost that application (B2CERR).
    """
    app_id = str(uuid.uuid5(uuid.UUID(call.tenant.id), "extensions"))
    if call.tenant.kind == "b2c":
        seqs = call.store.lookup_prefix(
            call.tenant.id, "applications", "displayName", "b2c-extensions-app"
        )
        live = [each for each in call.store.fetch(seqs) if each.state == LIVE]
        if not live:
            raise cpim.refused(
                f"Azure AD B2C cannot find the extensions app with app id '{app_id}'. Please "
                "visit https://go.microsoft.com/fwlink/?linkid=851224 for more information.",
                code="AADB2C99006",
            )
        app_id = live[0].body["appId"]
    return f"extension_{app_id.replace('-', '')}_{name.replace(' ', '')}"
