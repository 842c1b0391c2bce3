"""Everything in a tenant as it really is, for whoever looks inside; must not tell secrets.

Values that Graph never shows stay out: private keys, secrets, client secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import policies, side
from provisioning.sandbox.layout import INDEXED, LIVE
from provisioning.sandbox.store import Store, Tenant

Json = dict[str, Any]


def of(store: Store, tenant: Tenant) -> dict[str, list[Json]]:
    """Bodies by collection, and what is soft-deleted under `deletedItems`; owners as ids."""
    result: dict[str, list[Json]] = {}
    for collection in INDEXED:
        records = store.scan(tenant.id, collection, LIVE, 0)
        result[collection] = [_shown(store, tenant, collection, each.body) for each in records]
    result["deletedItems"] = [
        _shown(store, tenant, collection, record.body)
        for collection in INDEXED
        for record in store.scan(tenant.id, collection, 1, 0)
    ]
    return result


def _shown(store: Store, tenant: Tenant, collection: str, body: Mapping[str, Any]) -> Json:
    visible = {name: value for name, value in body.items() if not name.startswith("_")}
    if collection == "policies":
        return visible | {"xml": policies.content(dict(body)).decode("utf-8-sig", "replace")}
    if collection == "b2cUserFlows":
        return visible | {
            "userAttributeAssignments": body["_attributes"],
            "languages": list(body["_languages"].values()),
            "identityProviders": body["_providers"],
            "applicationClaims": body["_claims"],
        }
    if "_parent" in body:
        visible["applicationId"] = body["_parent"]
    owners = side.owners(store, tenant.id, body["id"])
    return visible | ({"owners": owners} if owners else {})
