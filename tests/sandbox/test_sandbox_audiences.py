"""Limits by audience and identifier URIs."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_world import DOMAIN, details, message, refusal, role, scope, world

from provisioning.sandbox import Options

PERSONAL = {
    "displayName": "P",
    "signInAudience": "AzureADandPersonalMicrosoftAccount",
    "api": {"requestedAccessTokenVersion": 2},
}
WORK = {"displayName": "P", "signInAudience": "AzureADMyOrg"}


def api(**changes: Any) -> dict[str, Any]:
    return {"api": {"requestedAccessTokenVersion": 2, **changes}}


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "x" * 91},
        {"identifierUris": ["urn:contoso:api"]},
        {"identifierUris": [f"https://{DOMAIN}/api?x=1"]},
        {"identifierUris": [f"https://{DOMAIN}/" + "x" * 120]},
        {"identifierUris": [f"api://contoso/{n}" for n in range(51)]},
        {"appRoles": [role()]},
        {"optionalClaims": {"idToken": [{"name": "email", "essential": False}]}},
        {"web": {"redirectUris": ["https://a.test/?x=1"]}},
        {"web": {"redirectUris": [f"https://a.test/{n}" for n in range(101)]}},
        api(oauth2PermissionScopes=[scope(value="x" * 41)]),
        {
            "requiredResourceAccess": [
                {
                    "resourceAppId": "00000003-0000-0000-c000-000000000000",
                    "resourceAccess": [
                        {"id": f"11111111-0000-4000-8000-{n:012}", "type": "Scope"}
                        for n in range(31)
                    ],
                }
            ]
        },
    ],
)
async def test_personal_audiences_have_tighter_limits(body: dict[str, Any]) -> None:
    """E:supported-accounts-validation.md: the same bodies are fine for work accounts."""
    async with world() as w:
        personal = await w.graph.post("/applications", json={**PERSONAL, **body})
        work = await w.graph.post("/applications", json={**WORK, **body})
    assert refusal(personal) == (400, "Request_BadRequest")
    assert work.status_code == 201


async def test_the_two_documented_refusals_for_personal_audiences_are_switches() -> None:
    switches = Options(personal_app_roles="accept", personal_optional_claims="accept")
    claims = {"idToken": [{"name": "email", "essential": False}]}
    async with world(switches) as w:
        response = await w.graph.post(
            "/applications", json={**PERSONAL, "appRoles": [role()], "optionalClaims": claims}
        )
    assert response.status_code == 201


async def test_personal_audiences_need_version_two_tokens() -> None:
    """azure-ad-b2c/Scripts#2, Azure/azure-cli#15512: both in one PATCH works."""
    audience = {"signInAudience": "AzureADandPersonalMicrosoftAccount"}
    async with world() as w:
        made = await w.application()
        url = f"/applications/{made['id']}"
        alone = await w.graph.patch(url, json=audience)
        both = await w.graph.patch(url, json={**audience, **api()})
        back = await w.graph.patch(url, json={"api": {"requestedAccessTokenVersion": 1}})
    assert refusal(alone) == (400, "InvalidAccessTokenVersion")
    assert message(alone) == "Property api.requestedAccessTokenVersion is invalid."
    assert both.status_code == 204
    assert refusal(back) == (400, "InvalidAccessTokenVersion")


@pytest.mark.parametrize(
    ("platform", "uri", "status"),
    [
        ("web", "https://a.test/x", 201),
        ("web", "http://localhost:8080/x", 201),
        ("web", "http://a.test/x", 400),
        ("web", "myapp://auth", 400),
        ("publicClient", "myapp://auth", 201),
        ("publicClient", "http://127.0.0.1", 201),
        ("publicClient", "urn:ietf:wg:oauth:2.0:oob", 201),
        ("spa", "https://a.test/(x)", 400),
        ("spa", "https://a.test/#x", 400),
        ("spa", "http://[::1]/x", 400),
        ("web", "https://a.test/" + "x" * 256, 400),
        ("web", "no-uri", 400),
    ],
)
async def test_redirect_uris_obey_their_platform(platform: str, uri: str, status: int) -> None:
    """E:reply-url.md; custom schemes only for public clients (unverified)."""
    async with world() as w:
        response = await w.graph.post(
            "/applications", json={**WORK, platform: {"redirectUris": [uri]}}
        )
    assert response.status_code == status


async def test_identifier_uris_need_a_verified_host() -> None:
    """Azure/Industrial-IoT#1432."""
    async with world() as w:
        foreign = await w.graph.post(
            "/applications", json={**WORK, "identifierUris": ["https://fabrikam.test/api"]}
        )
        own = await w.application(
            identifierUris=[f"https://{DOMAIN}/api", f"https://sub.{DOMAIN}", "api://anything"]
        )
        url = f"/applications/{own['id']}"
        by_id = await w.graph.patch(url, json={"identifierUris": [f"api://{own['appId']}"]})
        nonsense = await w.graph.patch(url, json={"identifierUris": ["anything"]})
        wild = await w.graph.patch(url, json={"identifierUris": [f"https://*.{DOMAIN}"]})
    assert refusal(foreign) == (400, "HostNameNotOnVerifiedDomain")
    assert details(foreign) == ["HostNameNotOnVerifiedDomain"]
    assert message(foreign) == (
        "Values of identifierUris property must use a verified domain of the organization or its "
        "subdomain: 'https://fabrikam.test/api'"
    )
    assert by_id.status_code == 204
    assert refusal(nonsense) == (400, "Request_BadRequest")
    assert refusal(wild) == (400, "Request_BadRequest")


async def test_version_two_applications_may_be_free_of_the_host_rule() -> None:
    """MicrosoftDocs/azure-docs#82762, observed once."""
    body = {**WORK, **api(), "identifierUris": ["https://fabrikam.test/api"]}
    async with world() as w:
        refused = await w.graph.post("/applications", json=body)
    async with world(Options(unverified_host_for_v2="accept")) as w:
        accepted = await w.graph.post("/applications", json=body)
    assert refusal(refused) == (400, "HostNameNotOnVerifiedDomain")
    assert accepted.status_code == 201


async def test_the_tenant_policy_checks_only_new_uris_of_version_one_applications() -> None:
    """E:identifier-uri-restrictions.md."""
    async with world(Options(identifier_uri_policy="default")) as w:
        refused = await w.graph.post("/applications", json={**WORK, "identifierUris": ["api://x"]})
        second = await w.graph.post(
            "/applications", json={**WORK, **api(), "identifierUris": ["api://x"]}
        )
        tenant = await w.graph.post(
            "/applications", json={**WORK, "identifierUris": [f"api://{w.tenant.id}/y"]}
        )
    assert message(refused).startswith("Failed to add identifier URI api://x.")
    assert [second.status_code, tenant.status_code] == [201, 201]


async def test_identifier_uris_are_unique_in_the_tenant_and_between_wide_audiences() -> None:
    """Azure/go-autorest#308; E:supported-accounts-validation.md."""
    wide = {"displayName": "P", "signInAudience": "AzureADMultipleOrgs"}
    async with world() as w:
        made = await w.application(identifierUris=["api://x"])
        twin = await w.graph.post("/applications", json={**WORK, "identifierUris": ["api://X"]})
        within = await w.graph.patch(
            f"/applications/{made['id']}", json={"identifierUris": ["api://y", "api://Y"]}
        )
        other = w.box.add_tenant("fabrikam.onmicrosoft.com")
        w.box.seed(
            other.id,
            "applications",
            [{"displayName": "F", "identifierUris": ["api://z"], **wide}],
        )
        narrow = await w.graph.post("/applications", json={**WORK, "identifierUris": ["api://z"]})
        await w.graph.delete(f"/applications/{narrow.json()['id']}")
        purged = await w.graph.delete(f"/directory/deletedItems/{narrow.json()['id']}")
        clash = await w.graph.post("/applications", json={**wide, "identifierUris": ["api://z"]})
    assert refusal(twin) == (400, "Request_BadRequest")
    assert message(twin) == (
        "Another object with the same value for property identifierUris already exists."
    )
    assert refusal(within) == (400, "DuplicateValue")
    assert [narrow.status_code, purged.status_code, clash.status_code] == [201, 204, 400]
