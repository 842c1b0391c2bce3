"""User flows, attributes and identity providers against a tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from b2c_stage import B2c, holds, steps

from provisioning.core.model import Address
from provisioning.core.plan import Action
from provisioning.core.request import Call
from provisioning.kinds import claims
from provisioning.sandbox import Fault

ROPC = """
userFlows:
  ROPC_Auth:
    userFlowType: resourceOwner
    userFlowTypeVersion: 1
"""
FLOW = "B2C_1_ROPC_Auth"
FULL = """
userAttributes:
  LoyaltyId: {dataType: string, description: Card}
identityProviders:
  google:
    type: socialIdentityProvider
    identityProviderType: Google
    displayName: Google
    clientId: abc
    clientSecret: {fromEnv: GOOGLE}
    version: %(version)d
  partner:
    type: openIdConnectIdentityProvider
    displayName: Partner
    clientId: xyz
    metadataUrl: https://partner.example/.well-known/openid-configuration
    scope: openid
    responseMode: form_post
    responseType: code
    clientSecret: {fromEnv: PARTNER}
    claimsMapping: {userId: sub, displayName: name}
userFlows:
  B2C_1_SignUp:
    userFlowType: signUpOrSignIn
    userFlowTypeVersion: 3
    isLanguageCustomizationEnabled: true
    defaultLanguageTag: en
    attributes: [LoyaltyId, {attribute: email, displayName: Mail, userInputType: emailBox}]
    identityProviders: [google, partner]
    languages: {de: {}, fr: {isEnabled: false}}
"""
SIGN_IN = "userFlowType: signIn, userFlowTypeVersion: 1"
APPLE = (
    "type: appleManagedIdentityProvider, displayName: A, developerId: a, serviceId: b, keyId: c, "
    "certificateData: {fromEnv: X}"
)
VALUES = {"GOOGLE": "g-secret", "PARTNER": "p-secret"}


@pytest.fixture
def stage(tmp_path: Path) -> B2c:
    return B2c.fresh(tmp_path, VALUES)


def full(version: int = 1) -> str:
    return FULL % {"version": version}


def flow(stage: B2c) -> dict[str, Any]:
    (found,) = stage.kept("b2cUserFlows")
    return found


async def test_the_password_grants_flow_is_made(stage: B2c) -> None:
    writes = await stage.settle(ROPC)
    assert writes == ["POST /applications", "POST /identity/b2cUserFlows"]
    assert flow(stage)["id"] == FLOW
    assert await stage.settle(ROPC) == []
    assert stage.ledger() == [f"provisioning-owns:user_flow/{FLOW}"]


async def test_a_service_that_keeps_refusing_leaves_it_to_a_person(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, resource_owner_creation="fails")
    report = await stage.apply(ROPC)
    tries = [e for e in stage.world.box.log if e.method == "POST" and "b2cUserFlows" in e.path]
    assert len(tries) == 3
    assert report.after is not None
    (step,) = report.after.manual
    assert str(step.address) == f"user_flow.{FLOW}"
    assert "https://portal.azure.com/" in step.manual
    await stage.apply(ROPC)
    tries = [e for e in stage.world.box.log if e.method == "POST" and "b2cUserFlows" in e.path]
    assert len(tries) == 3


async def test_a_flow_made_by_hand_ends_the_manual_step(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, resource_owner_creation="fails")
    await stage.apply(ROPC)
    made = {"id": FLOW, "userFlowType": "resourceOwner", "userFlowTypeVersion": 1}
    stage.world.box.seed(stage.tenant, "b2cUserFlows", [made])
    assert (await stage.plan(ROPC)).steps == ()


async def test_two_refusals_are_no_reason_to_give_up(stage: B2c) -> None:
    stage.world.box.faults.add(
        Fault(path="b2cUserFlows$", method="POST", times=2, status=500, code="AADB2C90063")
    )
    await stage.settle(ROPC)
    assert flow(stage)["id"] == FLOW


async def test_application_claims_are_a_manual_step_until_seen(stage: B2c) -> None:
    text = f"{ROPC}    claims: [Display Name, Email Addresses]\n"
    report = await stage.apply(text)
    assert not report.failed
    (step,) = report.after.manual if report.after else ()
    assert str(step.address) == f"user_flow_claims.{FLOW}"
    assert "Display Name, Email Addresses" in step.manual
    seen = claims.manual(step.address, ["Display Name", "Email Addresses"])
    async with stage.world.run(stage.world.load(stage.write(text))) as run:
        (ledger,) = (a for a in stage.kept("applications") if "ledger" in str(a["tags"]))
        tags = [*ledger["tags"], seen]
        await run.graph.send(Call("PATCH", f"/applications/{ledger['id']}", body={"tags": tags}))
    assert (await stage.plan(text)).steps == ()
    more = text.replace("Email Addresses", "City")
    assert len((await stage.plan(more)).manual) == 1


async def test_a_whole_flow_with_its_parts_converges(stage: B2c) -> None:
    await stage.settle(full())
    assert await stage.settle(full()) == []
    made = flow(stage)
    assert made["userFlowTypeVersion"] == 3
    assert made["isLanguageCustomizationEnabled"] is True
    (attribute,) = (a for a in stage.kept("userFlowAttributes") if a["displayName"] == "LoyaltyId")
    assert attribute["id"].startswith("extension_")
    assert {one["displayName"] for one in stage.kept("identityProviders")} == {"Google", "Partner"}


async def test_parts_are_exact(stage: B2c) -> None:
    await stage.settle(full())
    less = (
        full()
        .replace("attributes: [LoyaltyId, ", "attributes: [city, ")
        .replace("displayName: Mail", "displayName: E-mail")
        .replace("identityProviders: [google, partner]", "identityProviders: [partner]")
        .replace("de: {}, fr: {isEnabled: false}", "de: {isEnabled: false}")
    )
    plan = await stage.plan(less)
    assert {change.path for change in plan.steps[0].changes} >= {
        "languages[de].isEnabled",
        "languages[fr]",
        "userFlowIdentityProviders",
    }
    await stage.settle(less)
    assert await stage.settle(less) == []


async def test_what_a_flow_does_not_name_is_not_managed(stage: B2c) -> None:
    await stage.settle(full())
    head, tail = full().split("userFlows:")
    bare = "userFlows:" + tail.split("    isLanguage")[0]
    assert await stage.settle(head + bare) == []


async def test_another_type_needs_leave_to_replace(stage: B2c) -> None:
    await stage.settle(ROPC)
    other = ROPC.replace("resourceOwner", "signIn")
    assert holds(await stage.plan(other)) == {f"user_flow.{FLOW}": "replace"}
    await stage.settle(other, allow=["replace"])
    assert flow(stage)["userFlowType"] == "signIn"


async def test_a_secret_is_sent_again_only_when_its_version_rises(stage: B2c) -> None:
    await stage.settle(full())
    plan = await stage.plan(full(2))
    assert steps(plan) == {"identity_provider.google": Action.UPDATE}
    assert [change.path for change in plan.steps[0].changes] == ["version"]
    writes = await stage.settle(full(2))
    assert len([write for write in writes if "identityProviders/Google" in write]) == 1
    assert "provisioning-version:identity_provider/google=2" in stage.ledger()
    assert "g-secret" not in f"{plan}"


async def test_a_provider_that_was_there_is_managed_and_its_secret_left(stage: B2c) -> None:
    there = {
        "@odata.type": "#microsoft.graph.socialIdentityProvider",
        "identityProviderType": "Google",
        "displayName": "Sign in with Google",
        "clientId": "abc",
        "clientSecret": "old",
    }
    stage.world.box.seed(stage.tenant, "identityProviders", [there])
    plan = await stage.plan(full())
    (step,) = (s for s in plan.steps if str(s.address) == "identity_provider.google")
    assert (step.action, [change.path for change in step.changes]) == (
        Action.UPDATE,
        ["displayName"],
    )
    await stage.settle(full())
    await stage.settle("applications: {}\n", prune=True)
    assert [one["id"] for one in stage.kept("identityProviders")] == ["Google-OAUTH"]


async def test_prune_takes_what_we_made_and_the_ledger_last(stage: B2c) -> None:
    await stage.settle(full())
    empty = "applications: {}\n"
    assert set(holds(await stage.plan(empty)).values()) == {"prune"}
    writes = await stage.settle(empty, prune=True)
    gone = [write for write in writes if write.startswith("DELETE")]
    assert "b2cUserFlows" in gone[0]
    assert "directory/deletedItems" in gone[-1]
    assert stage.kept("b2cUserFlows") == []
    assert stage.kept("identityProviders") == []


async def test_an_attribute_that_an_ended_run_made_is_ours(stage: B2c) -> None:
    text = "userAttributes: {LoyaltyId: {dataType: string}}\n"
    await stage.settle(text)
    body = {"displayName": "LoyaltyId", "dataType": "string"}
    assert stage.kept("userFlowAttributes")[-1]["displayName"] == body["displayName"]
    assert holds(await stage.plan(text.replace("string", "boolean"))) == {
        "user_attribute.LoyaltyId": "replace"
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"userFlows: {{A: {{{SIGN_IN}, attributes: [citty]}}}}",
            "'citty' is no attribute",
        ),
        (
            f"userFlows: {{A: {{{SIGN_IN}, identityProviders: [googel]}}}}",
            "'googel' is no key of identityProviders",
        ),
        (
            f"userFlows: {{A: {{{SIGN_IN}, languages: {{de: {{}}}}}}}}",
            "languages are only taken where language customization is on",
        ),
        (
            "identityProviders: {a: {type: socialIdentityProvider, displayName: A}}",
            "a socialIdentityProvider needs identityProviderType",
        ),
        (
            f"identityProviders: {{a: {{{APPLE}, clientId: d}}}}",
            "clientId means nothing for a appleManagedIdentityProvider",
        ),
    ],
    ids=["attribute", "provider", "languages", "needed", "surplus"],
)
def test_a_fault_is_told(tmp_path: Path, text: str, said: str) -> None:
    (found,) = B2c.fresh(tmp_path).findings(f"{text}\n")
    assert found.message == said


def test_a_discharge_holds_for_exactly_these_claims() -> None:
    flow = Address("user_flow_claims", "B2C_1_A")
    assert claims.manual(flow, ["a"]).startswith("provisioning-manual:user_flow_claims.B2C_1_A=")
    assert claims.manual(flow, ["a"]) != claims.manual(flow, ["b"])
