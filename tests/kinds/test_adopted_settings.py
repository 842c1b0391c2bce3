"""What lives on an adopted application and the manifest is silent about is listed, not touched."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from stage import DOMAIN, Stage
from test_bodies_fit_graph import certificate

from provisioning.core.model import Severity

URI = f"https://{DOMAIN}/old"
SCOPE, ROLE = "11111111-aaaa-4aaa-8aaa-000000000001", "11111111-aaaa-4aaa-8aaa-000000000002"
OPENID = "37f7f235-527c-4136-accd-4a02d197296e"
GRAPH = "00000003-0000-0000-c000-000000000000"
ADOPTING = "app: {displayName: Old, adopt: {displayName: Old}}"
READER = ("Application.Read.All", "Organization.Read.All")
OLD: dict[str, Any] = {
    "displayName": "Old",
    "signInAudience": "AzureADMyOrg",
    "isFallbackPublicClient": True,
    "identifierUris": [URI],
    "web": {
        "redirectUris": ["https://localhost/web"],
        "implicitGrantSettings": {
            "enableAccessTokenIssuance": True,
            "enableIdTokenIssuance": True,
        },
    },
    "spa": {"redirectUris": ["https://localhost/spa"]},
    "publicClient": {"redirectUris": ["old://auth"]},
    "api": {
        "oauth2PermissionScopes": [
            {
                "id": SCOPE,
                "value": "read",
                "type": "Admin",
                "isEnabled": True,
                "adminConsentDisplayName": "Read",
                "adminConsentDescription": "Reads",
            }
        ]
    },
    "appRoles": [
        {
            "id": ROLE,
            "value": "reader",
            "displayName": "R",
            "description": "Reads",
            "isEnabled": True,
            "allowedMemberTypes": ["User", "Application"],
        }
    ],
    "requiredResourceAccess": [
        {"resourceAppId": GRAPH, "resourceAccess": [{"id": OPENID, "type": "Scope"}]}
    ],
}


async def old(folder: Path) -> Stage:
    """An application with everything that a secure default would close, and a consent for each."""
    stage = Stage.fresh(folder, type="workforce")
    app = await stage.make("applications", **OLD)
    path = f"applications/{app['id']}"
    owner = await stage.make("servicePrincipals", appId=app["appId"])
    (graph,) = (p for p in stage.kept("servicePrincipals") if p["appId"] == GRAPH)
    role = next(r for r in graph["appRoles"] if r["value"] == "Directory.Read.All")
    await stage.make(
        "oauth2PermissionGrants",
        clientId=owner["id"],
        resourceId=graph["id"],
        consentType="AllPrincipals",
        scope="profile openid",
    )
    await stage.make(
        "oauth2PermissionGrants",
        clientId=owner["id"],
        resourceId=graph["id"],
        consentType="Principal",
        principalId=stage.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice"),
        scope="User.Read",
    )
    await stage.make(
        f"servicePrincipals/{graph['id']}/appRoleAssignedTo",
        principalId=owner["id"],
        resourceId=graph["id"],
        appRoleId=role["id"],
    )
    await stage.make(f"{path}/addPassword", passwordCredential={"displayName": "theirs"})
    key = base64.b64encode(certificate()).decode()
    await stage.change(
        f"/{path}",
        keyCredentials=[
            {"type": "AsymmetricX509Cert", "usage": "Verify", "key": key, "displayName": "CN=old"}
        ],
    )
    await stage.make(
        f"{path}/federatedIdentityCredentials",
        name="ci",
        issuer="https://token.actions.githubusercontent.com",
        subject="repo:o/r",
        audiences=["api://AzureADTokenExchange"],
    )
    reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{owner['id']}"
    await stage.make(f"{path}/owners/$ref", **{"@odata.id": reference})
    return stage


async def test_everything_that_a_secure_default_would_close_is_listed(tmp_path: Path) -> None:
    stage = await old(tmp_path)
    draft = await stage.draft(ADOPTING)
    assert draft.plan.steps == ()
    assert {str(item.address) for item in draft.plan.unmanaged} == {"application.app"}
    found = {item.path: item.value for item in draft.plan.unmanaged}
    assert {path for path in found if path not in {"api.oauth2PermissionScopes", "appRoles"}} == {
        "isFallbackPublicClient",
        "web.implicitGrantSettings.enableAccessTokenIssuance",
        "web.implicitGrantSettings.enableIdTokenIssuance",
        "web.redirectUris",
        "spa.redirectUris",
        "publicClient.redirectUris",
        "identifierUris",
        "requiredResourceAccess",
        "oauth2PermissionGrants",
        "appRoleAssignments",
        "passwordCredentials",
        "keyCredentials",
        "federatedIdentityCredentials",
        "owners",
    }
    assert [one["value"] for one in found["api.oauth2PermissionScopes"]] == ["read"]  # type: ignore[index,union-attr,call-overload]
    assert [one["value"] for one in found["appRoles"]] == ["reader"]  # type: ignore[index,union-attr,call-overload]
    assert found["oauth2PermissionGrants"] == ["microsoftGraph: openid profile"]
    assert found["passwordCredentials"] == ["theirs"]
    assert found["keyCredentials"] == ["CN=old"]
    assert found["federatedIdentityCredentials"] == ["ci"]
    assert found["owners"] == ["app"]
    assert draft.stats.rounds <= 4


async def test_what_the_manifest_names_is_not_listed(tmp_path: Path) -> None:
    stage = await old(tmp_path)
    consent = "{resource: microsoftGraph, delegated: [openid, profile], adminConsent: true"
    named = ADOPTING.replace(
        "displayName: Old,", f"displayName: Old, permissions: [{consent}}}],", 1
    )
    plan = await stage.plan(named)
    paths = {item.path for item in plan.unmanaged}
    assert "oauth2PermissionGrants" not in paths
    (roles,) = (i.value for i in plan.unmanaged if i.path == "appRoleAssignments")
    assert roles == ["microsoftGraph: Directory.Read.All"]
    both = named.replace("profile],", "profile], application: [Directory.Read.All],")
    assert "appRoleAssignments" not in {i.path for i in (await stage.plan(both)).unmanaged}


async def test_a_reader_who_may_not_see_consent_still_gets_a_plan(tmp_path: Path) -> None:
    stage = await old(tmp_path)
    plan = await stage.plan(ADOPTING, roles=READER)
    assert plan.steps == ()
    assert "oauth2PermissionGrants" not in {item.path for item in plan.unmanaged}
    (finding,) = plan.findings
    assert (finding.rule, finding.severity) == ("not-read", Severity.INFO)
    assert "Directory.Read.All" in finding.remedy


async def test_an_apply_leaves_all_of_it_as_it_was(tmp_path: Path) -> None:
    stage = await old(tmp_path)
    before = {name: stage.kept(name) for name in ("oauth2PermissionGrants", "appRoleAssignments")}
    application = stage.app("Old")
    await stage.settle(ADOPTING, prune=True)
    assert {name: stage.kept(name) for name in before} == before
    assert stage.app("Old") == application
