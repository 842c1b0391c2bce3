"""Ready objects with the server's defaults, for whoever fills a sandbox; must not check them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox import (
    application_bodies,
    assignments,
    b2c_seeds,
    directory,
    grants,
    mirror,
)
from provisioning.sandbox.store import Store, Tenant

Json = dict[str, Any]


def completed(
    store: Store,
    tenant: Tenant,
    collection: str,
    objects: Iterable[Mapping[str, Any] | str],
    now: str,
) -> list[Json]:
    """Ready objects with the server's defaults, for seeding; nothing is checked."""
    if collection in b2c_seeds.COLLECTIONS:
        return [b2c_seeds.completed(collection, each) for each in objects]
    complete = _COMPLETE.get(collection)
    if complete is None:
        known = ", ".join(sorted([*_COMPLETE, *b2c_seeds.COLLECTIONS]))
        message = f"cannot seed {collection}; known: {known}"
        raise ValueError(message)
    ground = _Ground(store, tenant, now)
    return [complete(ground, dict(each)) for each in objects if not isinstance(each, str)]


def identity(collection: str, body: Mapping[str, Any]) -> str:
    """Under which id an object is kept: those of the B2C service ignore case."""
    name = str(body["id"])
    return name.casefold() if collection in b2c_seeds.COLLECTIONS else name


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where and when objects are seeded."""

    store: Store
    tenant: Tenant
    now: str


def _seed_application(ground: _Ground, sent: Json) -> Json:
    audience = sent.get("signInAudience") or "AzureADMyOrg"
    body = application_bodies.skeleton(
        str(uuid.uuid4()), ground.tenant.domain, ground.now, audience
    )
    return application_bodies.completed(application_bodies.merged(body, sent), sent)


def _seed_principal(ground: _Ground, sent: Json) -> Json:
    app_id = sent.get("appId") or str(uuid.uuid4())
    body = mirror.skeleton(app_id, ground.tenant.id, ground.now)
    for _, record in ground.store.find_anywhere("applications", "appId", app_id):
        body = mirror.mirrored(body, record.body)
    body |= sent
    return {**body, "_ownTags": sent.get("tags", [])}


def _seed_grant(_: _Ground, sent: Json) -> Json:
    principal = sent.get("principalId")
    return {
        "id": grants.grant_id(sent["clientId"], sent["resourceId"], principal),
        "consentType": "AllPrincipals" if principal is None else "Principal",
        "principalId": principal,
        "scope": "",
        **sent,
    }


def _seed_assignment(ground: _Ground, sent: Json) -> Json:
    resource = ground.store.get(ground.tenant.id, "servicePrincipals", sent["resourceId"])
    principal, kind = None, "ServicePrincipal"
    for collection, name in (("servicePrincipals", kind), ("users", "User"), ("groups", "Group")):
        found = ground.store.get(ground.tenant.id, collection, sent["principalId"])
        if found is not None:
            principal, kind = found, name
    body = assignments.complete(
        sent, principal.body if principal else {}, kind, resource.body if resource else {}
    )
    return {**body, "createdDateTime": ground.now, **sent}


def _seed_user(ground: _Ground, sent: Json) -> Json:
    name = str(sent.get("userPrincipalName", ""))
    names = [each["issuerAssignedId"] for each in sent.get("identities", ())]
    body = directory.new_user(name, sent.get("displayName", name), ground.now)
    return body | {"_signInNames": names} | sent


def _seed_group(ground: _Ground, sent: Json) -> Json:
    return directory.new_group(sent.get("displayName", ""), ground.now) | sent


_COMPLETE = {
    "applications": _seed_application,
    "servicePrincipals": _seed_principal,
    "oauth2PermissionGrants": _seed_grant,
    "appRoleAssignments": _seed_assignment,
    "users": _seed_user,
    "groups": _seed_group,
}
