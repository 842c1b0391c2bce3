"""A change in the policies changes the tokens; a check that expects otherwise names the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from proving import Stage, line_of, staged
from world import World

from provisioning.core.model import Place
from provisioning.signin.checks import Result

NAME = '<OutputClaim ClaimTypeReferenceId="displayName" DefaultValue="" />'
EXPECT = "expect: {acr: b2c_1a_ropc_auth}"
WITH_NAME = (EXPECT, "expect: {acr: b2c_1a_ropc_auth, displayName: ada}")


async def staged_policies(world: World, *edits: tuple[str, str]) -> Stage:
    return await staged(world, "ropc-custom-policy", *(edits or (WITH_NAME,)))


def id_token(result: Result) -> dict[str, Any]:
    return dict(next(shown.claims for shown in result.claims if shown.token == "id_token"))


def at(place: Place | None) -> tuple[str, int]:
    assert place is not None
    return Path(place.file).name, place.line


async def published(stage: Stage) -> list[str]:
    url = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1a_ropc_auth"
    async with httpx.AsyncClient(transport=stage.world.box.transport()) as client:
        answer = await client.get(f"{url}/discovery/v2.0/keys")
    return [key["kid"] for key in answer.json()["keys"]]


async def test_another_partner_claim_type_renames_the_claim(world: World) -> None:
    stage = await staged_policies(world)
    renamed = NAME.replace("DefaultValue", 'PartnerClaimType="name" DefaultValue')
    wanted = await stage.edited((NAME, renamed))
    (refused,) = await stage.verify(wanted)
    assert refused.diagnosis is not None
    assert (refused.diagnosis.cause, refused.diagnosis.subject) == ("missing-claim", "displayName")
    line = line_of(stage.folder / "policies" / "ROPC_Auth.xml", renamed)
    assert at(refused.findings[0].place) == ("ROPC_Auth.xml", line)
    (passed,) = await stage.verify(await stage.edited(("displayName: ada", "name: ada")))
    assert passed.passed, passed.summary
    assert "displayName" not in id_token(passed)


async def test_a_removed_output_claim_is_in_no_token(world: World) -> None:
    stage = await staged_policies(world)
    wanted = await stage.edited((NAME, ""))
    (result,) = await stage.verify(wanted)
    assert "displayName" not in id_token(result)
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "missing-claim"
    policy = stage.folder / "policies" / "ROPC_Auth.xml"
    assert [at(finding.place) for finding in result.findings] == [
        ("ROPC_Auth.xml", line_of(policy, "<OutputClaims>")),
        ("manifest.yaml", line_of(stage.folder / "manifest.yaml", "expect:")),
    ]


async def test_a_token_issued_before_the_user_is_read_lacks_the_name(world: World) -> None:
    stage = await staged_policies(world)
    xml = await stage.policy("B2C_1A_Extensions")
    first, last = (xml.index(f'<OrchestrationStep Order="{n}"') for n in (2, 3))
    end = xml.index("</OrchestrationSteps>", last)
    read = xml[first:last].replace('Order="2"', 'Order="3"')
    send = xml[last:end].replace('Order="3"', 'Order="2"')
    assert await stage.upload("B2C_1A_Extensions", xml[:first] + send + read + xml[end:]) < 400
    (result,) = await stage.verify(stage.wanted)
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.subject) == ("missing-claim", "displayName")
    place = result.findings[0].place
    assert place is not None
    policy = stage.folder / "policies" / "Extensions.xml"
    assert Path(place.file).name == "Extensions.xml"
    assert place.line in range(
        line_of(policy, '<OrchestrationStep Order="2"'), line_of(policy, "</OrchestrationSteps>")
    )


async def test_a_step_before_its_claims_is_refused_by_the_service_and_before_it(
    world: World,
) -> None:
    stage = await staged_policies(world)
    xml = await stage.policy("B2C_1A_Extensions")
    start = xml.index('<UserJourney Id="ResourceOwnerPasswordCredentials">')
    swapped = (
        xml[start:]
        .replace('Order="1"', 'Order="X"', 1)
        .replace('Order="2"', 'Order="1"', 1)
        .replace('Order="X"', 'Order="2"', 1)
    )
    assert await stage.upload("B2C_1A_Extensions", xml[:start] + swapped) == 400


async def test_another_signing_key_set_changes_the_key_and_tokens_stay_valid(world: World) -> None:
    stage = await staged_policies(world)
    before = await published(stage)
    wanted = await stage.edited(
        (
            "customPolicies:\n",
            "policyKeys:\n  Other: {generate: {kty: RSA, use: sig}}\n\ncustomPolicies:\n",
        ),
        (
            (
                '<Key Id="issuer_secret" StorageReferenceId="B2C_1A_TokenSigningKeyContainer" />\n'
                '            <Key Id="issuer_refresh'
            ),
            (
                '<Key Id="issuer_secret" StorageReferenceId="B2C_1A_Other" />\n'
                '            <Key Id="issuer_refresh'
            ),
        ),
    )
    (result,) = await stage.verify(wanted)
    assert result.passed, result.summary
    after = await published(stage)
    (other,) = [each for each in world.dump(wanted)["keySets"] if each["id"] == "B2C_1A_Other"]
    keys = other["keys"]
    assert isinstance(keys, list)
    assert after == [key["kid"] for key in keys]
    assert set(after).isdisjoint(before)


async def test_a_warning_of_the_lint_explains_the_refusal_that_it_foretold(world: World) -> None:
    stage = await staged_policies(world)
    nca = '<InputClaim ClaimTypeReferenceId="nca" PartnerClaimType="nca" DefaultValue="1" />'
    wanted = await stage.edited((nca, ""))
    (result,) = await stage.verify(wanted)
    assert result.diagnosis is not None
    assert result.diagnosis.code == "AADB2C90225"
    first = result.findings[0]
    assert first.rule == "password-grant-advised-claims"
    policy = stage.folder / "policies" / "Extensions.xml"
    profile = '<TechnicalProfile Id="ResourceOwnerPasswordCredentials-OAUTH2">'
    assert at(first.place) == ("Extensions.xml", line_of(policy, profile))
