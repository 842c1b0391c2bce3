"""Ready objects of the B2C service, for seeding and for new tenants; must not answer requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import (
    identity_providers,
    key_material,
    key_sets,
    policies,
    user_attributes,
    user_flows,
)
from provisioning.sandbox.store import Store, Tenant
from provisioning.sandbox.trustframework import reader

Json = dict[str, Any]
COLLECTIONS = (
    policies.STORED,
    key_sets.STORED,
    user_flows.STORED,
    user_attributes.STORED,
    identity_providers.STORED,
)


def plant(store: Store, tenant: Tenant) -> None:
    """Put the built-in user flow attributes into a new tenant."""
    for each in user_attributes.built_in():
        store.put(tenant.id, user_attributes.STORED, each["id"].casefold(), each)


def completed(collection: str, sent: Mapping[str, Any] | str) -> Json:
    """A ready object with the server's defaults.

    A policy is its XML, a text or under `xml`; it need not be valid, only well-formed.
    """
    if collection == policies.STORED:
        text = sent if isinstance(sent, str) else sent["xml"]
        return policies.stored(reader.read(text.encode()), text.encode())
    assert not isinstance(sent, str)
    if collection == key_sets.STORED:
        keys = [_key(each) for each in sent.get("keys") or ()]
        return key_sets.body(key_sets.prefixed(sent["id"]), keys)
    if collection == user_flows.STORED:
        return user_flows.completed(sent)
    if collection == identity_providers.STORED:
        made = identity_providers.completed({n: v for n, v in sent.items() if n != "id"})
        return made | ({"id": sent["id"]} if "id" in sent else {})
    return {"description": None, "userFlowAttributeType": "custom", "dataType": "string", **sent}


def _key(sent: Mapping[str, Any]) -> key_material.Key:
    made = key_material.generated(sent)
    if sent.get("k"):
        return key_material.Key(made.public, {"k": sent["k"]})
    return made
