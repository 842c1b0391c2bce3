"""The pair of applications behind custom policies: made as it must be, or taken over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from b2c_stage import DOMAIN, B2c, holds, rules, steps

from provisioning.kinds import KINDS
from provisioning.manifest import load

FRAMEWORK = "identityExperienceFramework: {}\n"
GRAPH = "00000003-0000-0000-c000-000000000000"
KEY_SETS = [
    {"id": "TokenSigningKeyContainer", "keys": [{"kty": "RSA", "use": "sig"}]},
    {"id": "TokenEncryptionKeyContainer", "keys": [{"kty": "RSA", "use": "enc"}]},
]
POLICY = """<TrustFrameworkPolicy
  xmlns="http://schemas.microsoft.com/online/cpim/schemas/2013/06" PolicySchemaVersion="0.3.0.0"
  TenantId="{domain}" PolicyId="{id}" PublicPolicyUri="http://{domain}/{id}"><ClaimsProviders>
  <ClaimsProvider><DisplayName>Local Account SignIn</DisplayName><TechnicalProfiles>
  <TechnicalProfile Id="login-NonInteractive"><DisplayName>Sign in</DisplayName>
  <Metadata><Item Key="client_id">{client}</Item><Item Key="IdTokenAudience">{resource}</Item>
  </Metadata></TechnicalProfile></TechnicalProfiles></ClaimsProvider></ClaimsProviders>
</TrustFrameworkPolicy>"""


@pytest.fixture
def stage(tmp_path: Path) -> B2c:
    return B2c.fresh(tmp_path)


def app(stage: B2c, name: str) -> dict[str, Any]:
    (found,) = (one for one in stage.kept("applications") if one["displayName"] == name)
    return found


def hand_made(stage: B2c) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pair that somebody made in the portal, under names of their own, with consent."""
    box, tenant = stage.world.box, stage.tenant
    names = ("Our IEF", "Our IEF proxy")
    box.seed(
        tenant,
        "applications",
        [{"displayName": name, "signInAudience": "AzureADMyOrg"} for name in names],
    )
    resource, client = (app(stage, name) for name in names)
    box.seed(tenant, "servicePrincipals", [{"appId": one["appId"]} for one in (resource, client)])
    box.seed(tenant, "keySets", KEY_SETS)
    return resource, client


def policy(stage: B2c, client: str, resource: str, policy_id: str = "B2C_1A_Theirs") -> None:
    text = POLICY.format(domain=DOMAIN, id=policy_id, client=client, resource=resource)
    stage.world.box.seed(stage.tenant, "policies", [text])


async def test_the_pair_is_what_microsofts_tutorial_makes(stage: B2c) -> None:
    await stage.settle(FRAMEWORK)
    ief = app(stage, "IdentityExperienceFramework")
    proxy = app(stage, "ProxyIdentityExperienceFramework")
    assert ief["signInAudience"] == proxy["signInAudience"] == "AzureADMyOrg"
    assert ief["web"]["redirectUris"] == [f"https://contoso.b2clogin.com/{DOMAIN}"]
    assert ief["identifierUris"] == [f"https://{DOMAIN}/{ief['appId']}"]
    assert ief["api"]["requestedAccessTokenVersion"] in {None, 1}
    (scope,) = ief["api"]["oauth2PermissionScopes"]
    assert (scope["value"], scope["type"]) == ("user_impersonation", "Admin")
    assert proxy["isFallbackPublicClient"] is True
    assert proxy["publicClient"]["redirectUris"] == ["myapp://auth"]
    asked = {one["resourceAppId"]: one["resourceAccess"] for one in proxy["requiredResourceAccess"]}
    assert asked[ief["appId"]] == [{"id": scope["id"], "type": "Scope"}]
    assert {one["id"] for one in asked[GRAPH]} == {
        "37f7f235-527c-4136-accd-4a02d197296e",
        "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
    }


async def test_consent_is_given_for_the_whole_tenant(stage: B2c) -> None:
    await stage.settle(FRAMEWORK)
    principals = {one["id"]: one["displayName"] for one in stage.kept("servicePrincipals")}
    given = {
        (principals[one["clientId"]], principals[one["resourceId"]], one["scope"].strip())
        for one in stage.kept("oauth2PermissionGrants")
    }
    proxy, ief = "ProxyIdentityExperienceFramework", "IdentityExperienceFramework"
    assert given == {
        (proxy, ief, "user_impersonation"),
        (proxy, "Microsoft Graph", "offline_access openid"),
        (ief, "Microsoft Graph", "offline_access openid"),
    }


async def test_the_two_key_sets_are_made_with_one_key_each(stage: B2c) -> None:
    await stage.settle(FRAMEWORK)
    held = {one["id"]: [(k["kty"], k["use"]) for k in one["keys"]] for one in stage.kept("keySets")}
    assert held == {
        "B2C_1A_TokenSigningKeyContainer": [("RSA", "sig")],
        "B2C_1A_TokenEncryptionKeyContainer": [("RSA", "enc")],
    }


async def test_an_explicit_policy_key_wins(stage: B2c) -> None:
    text = FRAMEWORK + ("policyKeys: {TokenSigningKeyContainer: {generate: {}, lifetime: P365D}}\n")
    await stage.settle(text)
    assert stage.keys("B2C_1A_TokenSigningKeyContainer")[0]["exp"] is not None
    assert stage.keys("B2C_1A_TokenEncryptionKeyContainer")[0].get("exp") is None


async def test_an_explicit_application_wins(stage: B2c) -> None:
    scope = "{adminConsentDisplayName: Access, adminConsentDescription: Accesses}"
    mine = f"{{displayName: Mine, scopes: {{user_impersonation: {scope}}}}}"
    await stage.settle(f"{FRAMEWORK}applications: {{ief: {mine}}}\n")
    names = {one["displayName"] for one in stage.kept("applications")}
    assert {"Mine", "ProxyIdentityExperienceFramework"} <= names
    assert "IdentityExperienceFramework" not in names


async def test_a_pair_that_living_policies_name_is_taken_over_untouched(stage: B2c) -> None:
    resource, client = hand_made(stage)
    policy(stage, client["appId"], resource["appId"])
    before = len(stage.kept("applications"))
    await stage.settle(FRAMEWORK + "applications: {}\n")
    made = {one["displayName"] for one in stage.kept("applications")}
    assert len(stage.kept("applications")) == before + 1
    assert "IdentityExperienceFramework" not in made
    assert (app(stage, "Our IEF"), app(stage, "Our IEF proxy")) == (resource, client)


async def test_policies_sign_in_with_the_pair_that_was_taken_over(stage: B2c) -> None:
    resource, client = hand_made(stage)
    policy(stage, client["appId"], resource["appId"])
    stage.policies()
    text = FRAMEWORK + "customPolicies: {files: [policies/*.xml]}\n"
    await stage.settle(text)
    mine = stage.policy("B2C_1A_Extensions")
    assert resource["appId"] in mine
    assert client["appId"] in mine
    assert await stage.settle(text) == []
    assert [one["id"] for one in stage.kept("policies")].count("B2C_1A_Theirs") == 1


async def test_a_pair_that_was_taken_over_is_never_deleted(stage: B2c) -> None:
    resource, client = hand_made(stage)
    policy(stage, client["appId"], resource["appId"])
    await stage.settle(FRAMEWORK)
    plan = await stage.plan("applications: {}\n", prune=True)
    assert set(steps(plan)) | set(holds(plan)) == {
        "ledger.demo",
    }


async def test_placeholders_and_vanished_applications_are_no_pair(stage: B2c) -> None:
    gone = "99999999-9999-4999-8999-999999999999"
    policy(stage, gone, gone)
    policy(stage, "ProxyIdentityExperienceFrameworkAppId", "x", "B2C_1A_Pack")
    await stage.settle(FRAMEWORK)
    assert app(stage, "IdentityExperienceFramework")


async def test_two_pairs_are_an_error_that_names_both(stage: B2c) -> None:
    resource, client = hand_made(stage)
    policy(stage, client["appId"], resource["appId"])
    policy(stage, resource["appId"], client["appId"], "B2C_1A_Others")
    plan = await stage.plan(FRAMEWORK)
    assert rules(plan) == ["two-candidates"]
    assert client["appId"] in plan.errors[0].message


async def test_our_own_pair_is_not_looked_for_elsewhere(stage: B2c) -> None:
    await stage.settle(FRAMEWORK)
    resource, client = (
        app(stage, name)
        for name in ("IdentityExperienceFramework", "ProxyIdentityExperienceFramework")
    )
    policy(stage, client["appId"], resource["appId"])
    before = len(stage.world.box.log)
    assert (await stage.plan(FRAMEWORK)).steps == ()
    assert not any("$value" in entry.path for entry in stage.world.box.log[before:])


def test_other_entries_can_name_the_pair(stage: B2c) -> None:
    text = FRAMEWORK + (
        "applications:\n"
        "  app:\n"
        "    displayName: App\n"
        "    permissions: [{resource: ief, delegated: [user_impersonation], adminConsent: true}]\n"
        "    notes: ${application.ief_proxy.appId}\n"
    )
    assert stage.findings(text) == ()


def test_it_belongs_in_a_b2c_tenant(stage: B2c) -> None:
    path = stage.world.write(
        f"version: 1\nname: demo\ntenant: {{domain: {DOMAIN}, type: workforce}}\n{FRAMEWORK}"
    )
    assert [f.rule for f in load(path, kinds=KINDS).findings] == ["not-in-this-tenant"]
