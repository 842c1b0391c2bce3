"""Microsoft's LocalAccounts pack with the overlay `ropc`, on a tenant that somebody set up."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from b2c_stage import DOMAIN, SHIPPED, B2c, holds

from provisioning.core.model import Severity
from provisioning.policies import document, schema

PACK = Path(__file__).parents[3] / "shared" / "data" / "starterpack" / "LocalAccounts"
pytestmark = pytest.mark.skipif(not PACK.is_dir(), reason="the starter pack is not at hand")

MANIFEST = """
identityExperienceFramework: {}
customPolicies:
  files: [policies/*.xml]
  overlays: [ropc]
"""
GOOGLE = {
    "@odata.type": "#microsoft.graph.socialIdentityProvider",
    "identityProviderType": "Google",
    "displayName": "Google",
    "clientId": "abc",
    "clientSecret": "x",
}
RELYING_PARTIES = ("PasswordReset", "ProfileEdit", "SignUpOrSignin")


@pytest.fixture
def stage(tmp_path: Path) -> B2c:
    made = B2c.fresh(tmp_path)
    shutil.copytree(PACK, tmp_path / "policies")
    return made


def named(stage: B2c, name: str) -> dict[str, Any]:
    (found,) = (one for one in stage.kept("applications") if one["displayName"] == name)
    return found


def set_up_by_hand(stage: B2c) -> None:
    """The pair, the key sets, the five policies and a provider, as the tutorial leaves them."""
    box, tenant = stage.world.box, stage.tenant
    names = ("IdentityExperienceFramework", "ProxyIdentityExperienceFramework")
    apps = [{"displayName": name, "signInAudience": "AzureADMyOrg"} for name in names]
    box.seed(tenant, "applications", apps)
    resource, client = (named(stage, name)["appId"] for name in names)
    box.seed(tenant, "servicePrincipals", [{"appId": resource}, {"appId": client}])
    box.seed(
        tenant,
        "keySets",
        [
            {"id": "TokenSigningKeyContainer", "keys": [{"kty": "RSA", "use": "sig"}]},
            {"id": "TokenEncryptionKeyContainer", "keys": [{"kty": "RSA", "use": "enc"}]},
        ],
    )
    box.seed(tenant, "identityProviders", [GOOGLE])
    order = ("TrustFrameworkBase", "TrustFrameworkLocalization", "TrustFrameworkExtensions")
    for name in (*order, *RELYING_PARTIES):
        text = (PACK / f"{name}.xml").read_text(encoding="utf-8-sig")
        text = text.replace("yourtenant.onmicrosoft.com", DOMAIN)
        text = text.replace("ProxyIdentityExperienceFrameworkAppId", client)
        box.seed(tenant, "policies", [text.replace("IdentityExperienceFrameworkAppId", resource)])


@pytest.mark.parametrize("name", ["Base", "Extensions", "ROPC_Auth"])
def test_the_shipped_policies_are_valid_by_microsofts_schema(name: str) -> None:
    file = PACK.parent / "TrustFrameworkPolicy_0.3.0.0.xsd"
    text = (SHIPPED / f"{name}.xml").read_bytes()
    filled = text.replace(b"{Settings:Tenant}", DOMAIN.encode())
    read = document.parse(filled, name)
    found = schema.validate(read, schema.read(file.read_bytes()), Severity.ERROR)
    assert tuple(found) == ()


async def test_a_fresh_tenant_gets_the_pack_and_the_password_grant(stage: B2c) -> None:
    assert {f.severity for f in stage.findings(MANIFEST)} <= {"info", "warning"}
    await stage.settle(MANIFEST)
    assert len(stage.kept("policies")) == 7
    resource = named(stage, "IdentityExperienceFramework")["appId"]
    assert stage.policy("B2C_1A_TrustFrameworkExtensions").count(resource) == 3
    assert await stage.settle(MANIFEST) == []


async def test_a_tenant_set_up_by_hand_gains_the_password_grant_alone(stage: B2c) -> None:
    set_up_by_hand(stage)
    before = {one["id"]: one["xml"] for one in stage.kept("policies")}
    applications = {one["displayName"]: one for one in stage.kept("applications")}
    plan = await stage.plan(MANIFEST)
    assert holds(plan) == {}
    assert plan.errors == ()
    await stage.settle(MANIFEST)
    after = {one["id"]: one["xml"] for one in stage.kept("policies")}
    changed = {name for name, xml in after.items() if before.get(name) != xml}
    assert changed == {"B2C_1A_TrustFrameworkExtensions", "B2C_1A_ROPC_Auth"}
    made = {one["displayName"]: one for one in stage.kept("applications")}
    assert {name for name in made if made[name] != applications.get(name)} == {"provisioning-demo"}
    assert [one["id"] for one in stage.kept("identityProviders")] == ["Google-OAUTH"]
    assert await stage.settle(MANIFEST) == []
