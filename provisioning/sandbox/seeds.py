"""What every new tenant holds before anybody provisions; must not answer requests.

Permission ids: DEVX permissions-descriptions.json.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioning.sandbox import (
    application_bodies,
    b2c_seeds,
    entitlements,
    mirror,
    side,
)
from provisioning.sandbox.store import Store, Tenant
from provisioning.sandbox.tokens import GRAPH_APP_ID

Json = dict[str, Any]

EXTENSIONS_NAME = "b2c-extensions-app. Do not modify. Used by AADB2C for storing user data."
AUTOMATION_NAME = "Sandbox automation"
PERMISSIONS: Mapping[str, tuple[str | None, str | None]] = {
    "openid": ("37f7f235-527c-4136-accd-4a02d197296e", None),
    "profile": ("14dad69e-099b-42c9-810b-d002981feec1", None),
    "email": ("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", None),
    "offline_access": ("7427e0e9-2fba-42fe-b0c0-848c9e6a8182", None),
    "User.Read": ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", None),
    "Directory.AccessAsUser.All": ("0e263e50-5827-48a4-b97c-d940288653c7", None),
    "Directory.Read.All": (
        "06da0dbc-49e2-44d2-8312-53f166ab848a",
        "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    ),
    "Directory.ReadWrite.All": (
        "c5366453-9fb0-48a5-a156-24f0c49a4b84",
        "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    ),
    "Application.Read.All": (
        "c79f8feb-a9db-4090-85f9-90d820caa0eb",
        "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    ),
    "Application.ReadWrite.All": (
        "bdfbf15f-ee85-4955-8675-146e8e5296b5",
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    ),
    "Application.ReadWrite.OwnedBy": (None, "18a4783c-866b-4cc7-a460-3d5e5662c884"),
    "AppRoleAssignment.ReadWrite.All": (
        "84bccea3-f856-4a8a-967b-dbe0a3d53a64",
        "06b708a9-e830-4db3-a914-8e69da51d44f",
    ),
    "DelegatedPermissionGrant.ReadWrite.All": (
        "41ce6ca6-6826-4807-84f1-1c82854f7ee5",
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    ),
    "Policy.Read.All": (
        "572fea84-0151-49b2-9301-11cb16974376",
        "246dd0d5-5bd0-4def-940b-0421030a5b68",
    ),
    "Policy.ReadWrite.TrustFramework": (
        "cefba324-1a70-4a6e-9c1d-fd670b7ae392",
        "79a677f7-b79d-40d0-a36a-3e6f8688dd7a",
    ),
    "TrustFrameworkKeySet.Read.All": (
        "7ad34336-f5b1-44ce-8682-31d7dfcd9ab9",
        "fff194f1-7dce-4428-8301-1badb5518201",
    ),
    "TrustFrameworkKeySet.ReadWrite.All": (
        "39244520-1e7d-4b4a-aee0-57c65826e427",
        "4a771c9a-1cf2-4609-b88e-3d3e02d539cd",
    ),
    "IdentityUserFlow.Read.All": (
        "2903d63d-4611-4d43-99ce-a33f3f52e343",
        "1b0c317f-dd31-4305-9932-259a8b6e8099",
    ),
    "IdentityUserFlow.ReadWrite.All": (
        "281892cc-4dbf-4e3a-b6cc-b21029bb4e82",
        "65319a09-a2be-469d-8782-f6b07debf789",
    ),
    "IdentityProvider.Read.All": (
        "43781733-b5a7-4d1b-98f4-e8edff23e1a9",
        "e321f0bb-e7f7-481e-bb28-e3b0b32d4bd0",
    ),
    "IdentityProvider.ReadWrite.All": (
        "f13ce604-1677-429f-90bd-8a10b9f01325",
        "90db2b9a-d928-4d33-a4dd-8442ae3d41e4",
    ),
    "Organization.Read.All": (
        "4908d5b9-3fb2-4b1e-9336-1888b7937185",
        "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    ),
    "Domain.Read.All": (
        "2f9ee017-59c1-4f1d-9472-bd5529a7b311",
        "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    ),
    "GroupMember.Read.All": (
        "bc024368-1153-4739-b217-4326f2e966d0",
        "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    ),
    "User.ReadBasic.All": (
        "b340eb25-3456-403f-be2f-af7a0d370277",
        "97235f07-e226-4f63-ace3-39588e11d3a1",
    ),
}
_FOR_EVERYONE = {"openid", "profile", "email", "offline_access", "User.Read"}
_SECRET_LIFETIME = timedelta(days=90)
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""


def application_permissions() -> tuple[str, ...]:
    """Every application permission the sandbox knows."""
    return tuple(name for name, (_, role) in PERMISSIONS.items() if role is not None)


def automation_app_id(tenant: Tenant) -> str:
    """The appId of the built-in automation client."""
    return str(uuid.uuid5(uuid.UUID(tenant.id), "automation"))


def renew_automation_secret(store: Store, tenant: Tenant, now: datetime) -> str:
    """Give the automation client one new secret in place of what it had; only its hash is kept.

    Raises:
        LookupError: its application is gone.
    """
    for record in store.find(tenant.id, "applications", "appId", automation_app_id(tenant)):
        for former in record.body["passwordCredentials"]:
            side.forget_secret(store, tenant.id, former["keyId"])
        secret, key_id = secrets.token_urlsafe(32), str(uuid.uuid4())
        credential = {
            "keyId": key_id,
            "displayName": "sandbox serve",
            "startDateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endDateTime": (now + _SECRET_LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "customKeyIdentifier": None,
            "secretText": None,
            "hint": secret[:3],
        }
        body = {**record.body, "passwordCredentials": [credential]}
        store.put(tenant.id, "applications", record.id, body)
        side.keep_secret(store, tenant.id, key_id, secret)
        return secret
    raise LookupError(f"{AUTOMATION_NAME} is gone from {tenant.domain}")


def plant(store: Store, tenant: Tenant, created: str) -> None:
    """Put the built-in objects into a new tenant."""
    graph = _graph(created)
    store.put(tenant.id, "servicePrincipals", graph["id"], graph)
    store.put(tenant.id, "servicePrincipals", *_with_id(_principal(store, tenant, created)))
    b2c_seeds.plant(store, tenant)
    if tenant.kind == "b2c":
        name = "b2c-extensions-app"
        extensions = _application(tenant, created, EXTENSIONS_NAME, name)
        extensions["identifierUris"] = [f"https://{tenant.domain}/{extensions['appId']}"]
        store.put(tenant.id, "applications", extensions["id"], extensions)
        body = mirror.skeleton(extensions["appId"], tenant.id, created)
        store.put(tenant.id, "servicePrincipals", *_with_id(mirror.mirrored(body, extensions)))


def _graph(created: str) -> Json:
    body = mirror.skeleton(GRAPH_APP_ID, _MICROSOFT, created)
    scopes = [
        entitlements.completed_scope(
            {
                "id": scope,
                "value": name,
                "type": "User" if name in _FOR_EVERYONE else "Admin",
                "adminConsentDisplayName": name,
                "adminConsentDescription": f"Allows the app to use {name} for the user.",
            }
        )
        for name, (scope, _) in PERMISSIONS.items()
        if scope is not None
    ]
    roles = [
        entitlements.completed_role(
            {
                "id": role,
                "value": name,
                "displayName": name,
                "description": f"Allows the app to use {name} by itself.",
                "allowedMemberTypes": ["Application"],
            }
        )
        for name, (_, role) in PERMISSIONS.items()
        if role is not None
    ]
    hosts = ["https://graph.microsoft.com", "https://graph.microsoft.us"]
    hosts += ["https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn"]
    return {
        **body,
        "appDisplayName": "Microsoft Graph",
        "displayName": "Microsoft Graph",
        "oauth2PermissionScopes": scopes,
        "appRoles": roles,
        "servicePrincipalNames": [GRAPH_APP_ID, *hosts, *(f"{host}/" for host in hosts)],
        "signInAudience": "AzureADMultipleOrgs",
    }


def _application(tenant: Tenant, created: str, name: str, seed: str) -> Json:
    app_id = str(uuid.uuid5(uuid.UUID(tenant.id), seed))
    body = application_bodies.skeleton(app_id, tenant.domain, created, "AzureADMyOrg")
    return {**body, "displayName": name}


def _principal(store: Store, tenant: Tenant, created: str) -> Json:
    application = _application(tenant, created, AUTOMATION_NAME, "automation")
    store.put(tenant.id, "applications", application["id"], application)
    body = mirror.skeleton(application["appId"], tenant.id, created)
    return mirror.mirrored(body, application)


def _with_id(body: Json) -> tuple[str, Json]:
    return body["id"], body
