"""Overlays: what they may say, what they do to a set, and that doing it twice adds nothing."""

from __future__ import annotations

import pytest
from policy_samples import (
    APPLICATIONS,
    BASE,
    EXTENSIONS,
    IEF,
    NAMESPACE,
    PROXY,
    SIGN_IN,
    built,
    claims,
    exchange,
    journey,
    policy,
    profile,
    provider,
    read,
    send,
    small_set,
)

from provisioning.core import refs
from provisioning.core.model import Place, Severity, Template
from provisioning.policies import canonical, difference, document, lint, overlays
from provisioning.policies.document import Document
from provisioning.policies.overlays import Overlay

ISSUER_OVERRIDE = (
    "<ClaimsProviders>"
    + provider(
        "Token Issuer",
        profile(
            "JwtIssuer",
            '<Metadata><Item Key="RefreshTokenUserJourneyId">SignIn</Item></Metadata>',
        ),
    )
    + "</ClaimsProviders>"
)


def overlay(*parts: str) -> Overlay:
    text = (
        '<overlay xmlns="urn:provisioning:policy-overlay:1" '
        f'xmlns:o="urn:provisioning:policy-overlay:1" name="mine">{"".join(parts)}</overlay>'
    )
    found = overlays.read(text.encode(), "overlays/mine.xml")
    assert found.findings == ()
    return found


def merge(into: str, body: str) -> str:
    fragment = f'<TrustFrameworkPolicy xmlns="{NAMESPACE}">{body}</TrustFrameworkPolicy>'
    return f'<merge into="{into}">{fragment}</merge>'


def built_in(name: str) -> Overlay:
    found = overlays.built_in(name)
    assert found is not None
    assert found.findings == ()
    return found


def by_id(documents: tuple[Document, ...]) -> dict[str, Document]:
    return {one.policy_id.removeprefix("B2C_1A_"): one for one in documents}


def differences(before: tuple[Document, ...], after: tuple[Document, ...]) -> dict[str, list[str]]:
    old, new = by_id(before), by_id(after)
    found = {
        name: [change.path for change in difference.compare(old[name], new[name])] for name in old
    }
    return {name: paths for name, paths in found.items() if paths}


def test_the_built_in_overlays_are_known_by_name() -> None:
    assert overlays.built_in_names() == ("build-stamp", "ropc")
    assert overlays.built_in("nope") is None


@pytest.mark.parametrize("name", overlays.built_in_names())
def test_an_overlay_applied_twice_does_what_it_does_once(name: str) -> None:
    once = overlays.apply(built_in(name), small_set()).documents
    twice = overlays.apply(built_in(name), once)
    assert list(map(canonical.digest, twice.documents)) == list(map(canonical.digest, once))
    assert twice.findings == ()


def test_the_given_documents_stay_as_they_are() -> None:
    given = small_set()
    before = [document.serialize(one) for one in given]
    overlays.apply(built_in("ropc"), given)
    assert [document.serialize(one) for one in given] == before


def test_ropc_changes_the_extensions_and_adds_a_policy_only() -> None:
    given = small_set()
    applied = overlays.apply(built_in("ropc"), given)
    assert by_id(applied.documents).keys() - by_id(given).keys() == {"ROPC_Auth"}
    assert differences(given, applied.documents) == {
        "Extensions": [
            "BuildingBlocks/ClaimsSchema",
            "BuildingBlocks/ClaimsTransformations",
            "ClaimsProviders",
            "UserJourneys",
        ]
    }
    assert [(finding.rule, finding.severity) for finding in applied.findings] == [
        ("overlay-policy", Severity.INFO)
    ]


def test_ropc_declares_only_what_the_set_does_not() -> None:
    applied = by_id(overlays.apply(built_in("ropc"), small_set()).documents)
    extensions = applied["Extensions"]
    schema = document.child(extensions.root, "BuildingBlocks", "ClaimsSchema")
    assert schema is not None
    assert [claim.get("Id") for claim in document.children(schema)] == [
        *("logonIdentifier", "resource", "client_id", "resource_id", "scope", "nca")
    ]


def test_ropc_makes_a_relying_party_of_the_sign_in_policys_shape() -> None:
    found = by_id(overlays.apply(built_in("ropc"), small_set()).documents)["ROPC_Auth"]
    assert found.file == "policies/ROPC_Auth.xml"
    assert found.base_policy == ("contoso.onmicrosoft.com", "B2C_1A_Extensions")
    assert found.root.get("PublicPolicyUri") == "http://contoso.onmicrosoft.com/B2C_1A_ROPC_Auth"
    party = document.child(found.root, "RelyingParty")
    assert party is not None
    assert [document.name_of(part) for part in document.children(party)] == [
        *("DefaultUserJourney", "Endpoints", "TechnicalProfile")
    ]
    (endpoint,) = party.iter(f"{{{NAMESPACE}}}Endpoint")
    assert endpoint.get("Id") == "Token"
    redeem = "ResourceOwnerPasswordCredentials-RedeemRefreshToken"
    assert endpoint.get("UserJourneyReferenceId") == redeem
    assert [
        claim.get("ClaimTypeReferenceId") for claim in party.iter(f"{{{NAMESPACE}}}OutputClaim")
    ] == [*("sub", "objectId", "displayName", "givenName", "surname")]


def test_ropc_on_a_small_set_is_clean() -> None:
    found = built(*small_set(), apply=(built_in("ropc"), built_in("build-stamp")))
    severities = {finding.severity for finding in found.findings}
    assert severities == {Severity.INFO}
    keys = {"TokenSigningKeyContainer", "B2C_1A_TokenEncryptionKeyContainer"}
    assert lint.lint(found.documents, key_sets=keys) == ()


def test_ropc_carries_both_application_ids_until_apply() -> None:
    found = built(*small_set(), apply=(built_in("ropc"),))
    contents = {one.id: one.content for one in found.policies}
    extensions = contents["B2C_1A_Extensions"]
    assert isinstance(extensions, Template)
    assert list(refs.find(extensions)) == [PROXY, IEF]
    assert isinstance(contents["B2C_1A_ROPC_Auth"], str)


def test_ropc_joins_the_provider_that_is_there() -> None:
    given = (
        read(BASE),
        read(
            EXTENSIONS.replace(
                "<!-- nothing yet -->",
                "<ClaimsProviders>"
                + provider("Local Account SignIn", profile("Other"))
                + "</ClaimsProviders>",
            )
        ),
        read(SIGN_IN),
    )
    extensions = by_id(overlays.apply(built_in("ropc"), given).documents)["Extensions"]
    (held,) = [
        [one.get("Id") for one in holder.iter(f"{{{NAMESPACE}}}TechnicalProfile")]
        for holder in extensions.root.iter(f"{{{NAMESPACE}}}ClaimsProvider")
        if document.text_of(holder, "DisplayName") == "Local Account SignIn"
    ]
    assert held == ["Other", "ResourceOwnerPasswordCredentials-OAUTH2"]


def test_ropc_leaves_a_policy_of_that_name_alone() -> None:
    own = SIGN_IN.replace("B2C_1A_SignIn", "b2c_1a_ropc_auth")
    given = (*small_set(), read(own, "own.xml"))
    applied = overlays.apply(built_in("ropc"), given)
    assert len(applied.documents) == len(given)
    assert canonical.digest(applied.documents[-1]) == canonical.digest(given[-1])


def test_ropc_needs_a_relying_party_to_copy() -> None:
    found = overlays.apply(built_in("ropc"), [read(BASE), read(EXTENSIONS)]).findings
    assert [(finding.rule, str(finding.place)) for finding in found] == [
        ("overlay-target", "overlay:ropc:205:3")
    ]


def test_what_changes_for_other_relying_parties_is_told() -> None:
    applied = overlays.apply(overlay(merge("extensions", ISSUER_OVERRIDE)), small_set())
    (finding,) = applied.findings
    assert (finding.rule, finding.severity) == ("overlay-effect", Severity.INFO)
    assert finding.message == (
        "overlay mine changes ClaimsProviders/TechnicalProfile[JwtIssuer] "
        "for B2C_1A_ProfileEdit, B2C_1A_SignIn"
    )


def test_the_stamp_is_a_constant_claim_with_the_digest_of_the_set() -> None:
    stamp = (built_in("build-stamp"),)
    found = built(*small_set(), apply=stamp)
    assert len(found.digest) == 64
    sign_in = by_id(found.documents)["SignIn"]
    (claim,) = [
        one
        for one in sign_in.root.iter(f"{{{NAMESPACE}}}OutputClaim")
        if one.get("ClaimTypeReferenceId") == "policySetDigest"
    ]
    assert claim.get("DefaultValue") == found.digest
    assert claim.get("AlwaysUseDefaultValue") == "true"
    assert built(*small_set(), apply=stamp).digest == found.digest
    bent = (*small_set()[:3], read(BASE.replace("<DataType>string", "<DataType>int", 1)))
    assert built(*bent, apply=stamp).digest != found.digest


@pytest.mark.parametrize(
    ("into", "changed"),
    [
        ("base", ["Base"]),
        ("extensions", ["Extensions"]),
        ("relying-parties", ["ProfileEdit", "SignIn"]),
        ("b2c_1a_signin", ["SignIn"]),
    ],
)
def test_targets(into: str, changed: list[str]) -> None:
    mine = overlay(
        merge(
            into, f"<BuildingBlocks><ClaimsSchema>{claims('new')}</ClaimsSchema></BuildingBlocks>"
        )
    )
    given = small_set()
    assert sorted(differences(given, overlays.apply(mine, given).documents)) == changed


def test_inserted_elements_stand_where_the_schema_wants_them() -> None:
    body = (
        "<UserJourneys>" + journey("New", send(1)) + "</UserJourneys>"
        "<BuildingBlocks><ClaimsSchema>" + claims("new") + "</ClaimsSchema></BuildingBlocks>"
    )
    applied = overlays.apply(overlay(merge("extensions", body)), small_set())
    extensions = by_id(applied.documents)["Extensions"]
    assert [document.name_of(part) for part in document.children(extensions.root)] == [
        *("BasePolicy", "BuildingBlocks", "UserJourneys")
    ]


def test_inserted_elements_know_the_overlays_lines() -> None:
    body = (
        "\n<BuildingBlocks>\n<ClaimsSchema>\n" + claims("new") + "</ClaimsSchema></BuildingBlocks>"
    )
    applied = overlays.apply(overlay(merge("extensions", body)), small_set())
    extensions = by_id(applied.documents)["Extensions"]
    (claim,) = extensions.root.iter(f"{{{NAMESPACE}}}ClaimType")
    assert extensions.place(claim) == Place("overlays/mine.xml", 4, 1)
    blocks = document.child(extensions.root, "BuildingBlocks")
    assert extensions.place(blocks).file == "policies/Extensions.xml"


def test_merging_sets_what_is_said_and_keeps_the_rest() -> None:
    body = (
        "<ClaimsProviders>"
        + provider(
            "Elsewhere",
            profile(
                "JwtIssuer",
                '<OutputTokenFormat>JSON</OutputTokenFormat><Metadata><Item Key="issuer">x</Item>'
                '<Item Key="client_id">y</Item></Metadata>',
            ),
        )
        + "</ClaimsProviders>"
    )
    given = small_set()
    applied = overlays.apply(overlay(merge("base", body)), given)
    assert differences(given, applied.documents) == {
        "Base": [
            "ClaimsProviders/TechnicalProfile[JwtIssuer]/OutputTokenFormat",
            "ClaimsProviders/TechnicalProfile[JwtIssuer]/Metadata/client_id",
            "ClaimsProviders/TechnicalProfile[JwtIssuer]/Metadata/issuer",
        ]
    }


def test_replace_makes_it_exactly_so() -> None:
    body = (
        '<RelyingParty><TechnicalProfile Id="PolicyProfile"><OutputClaims o:mode="replace">'
        '<OutputClaim ClaimTypeReferenceId="sub" /></OutputClaims></TechnicalProfile>'
        "</RelyingParty>"
    )
    applied = overlays.apply(overlay(merge("B2C_1A_SignIn", body)), small_set())
    text = document.serialize(by_id(applied.documents)["SignIn"])
    assert text.count("<OutputClaim ") == 1
    assert 'ClaimTypeReferenceId="sub"' in text
    assert "policy-overlay" not in text


def test_if_absent_looks_at_the_ancestors_too() -> None:
    body = (
        "<BuildingBlocks><ClaimsSchema>"
        + claims("OBJECTID", "fresh").replace("<ClaimType ", '<ClaimType o:mode="if-absent" ')
        + "</ClaimsSchema></BuildingBlocks>"
    )
    applied = overlays.apply(overlay(merge("B2C_1A_SignIn", body)), small_set())
    sign_in = by_id(applied.documents)["SignIn"]
    assert [claim.get("Id") for claim in sign_in.root.iter(f"{{{NAMESPACE}}}ClaimType")] == [
        "fresh"
    ]


def test_nothing_is_left_of_collections_that_turned_out_empty() -> None:
    body = (
        "<BuildingBlocks><ClaimsSchema>"
        + claims("objectId").replace("<ClaimType ", '<ClaimType o:mode="if-absent" ')
        + "</ClaimsSchema></BuildingBlocks>"
    )
    given = small_set()
    applied = overlays.apply(overlay(merge("B2C_1A_SignIn", body)), given)
    assert differences(given, applied.documents) == {}


def test_elements_without_an_identity_are_added_once() -> None:
    precondition = (
        '<Precondition Type="ClaimEquals" ExecuteActionsIf="true"><Value>objectId</Value>'
        "<Value>True</Value><Value>True</Value><Action>SkipThisOrchestrationStep</Action>"
        "</Precondition>"
    )
    body = (
        '<UserJourneys><UserJourney Id="SignIn"><OrchestrationSteps><OrchestrationStep Order="2" '
        f'Type="ClaimsExchange"><Preconditions>{precondition}</Preconditions>'
        "</OrchestrationStep></OrchestrationSteps></UserJourney></UserJourneys>"
    )
    mine = overlay(merge("base", body))
    applied = overlays.apply(mine, overlays.apply(mine, small_set()).documents)
    base = by_id(applied.documents)["Base"]
    assert len(list(base.root.iter(f"{{{NAMESPACE}}}Precondition"))) == 1
    assert len(list(base.root.iter(f"{{{NAMESPACE}}}Value"))) == 3


def test_a_step_that_is_there_already_is_changed_and_not_doubled() -> None:
    change = '<UserJourneys><UserJourney Id="SignIn"><OrchestrationSteps>{}'.format(
        exchange(2, "AAD-UserReadUsingObjectId").replace(
            'TechnicalProfileReferenceId="AAD-UserReadUsingObjectId"',
            'TechnicalProfileReferenceId="AAD-Common"',
        )
    )
    body = change + "</OrchestrationSteps></UserJourney></UserJourneys>"
    given = small_set()
    applied = overlays.apply(overlay(merge("base", body)), given)
    path = (
        "UserJourneys/UserJourney[SignIn]/OrchestrationSteps/OrchestrationStep[2]/ClaimsExchanges"
        "/ClaimsExchange[E2AAD-UserReadUsingObjectId]/@TechnicalProfileReferenceId"
    )
    assert differences(given, applied.documents) == {"Base": [path]}


def test_a_users_overlay_may_use_settings() -> None:
    body = (
        "<RelyingParty><UserJourneyBehaviors><JourneyInsights "
        'TelemetryEngine="ApplicationInsights" '
        'InstrumentationKey="{Settings:IdentityExperienceFrameworkAppId}" />'
        "</UserJourneyBehaviors></RelyingParty>"
    )
    found = built(*small_set(), apply=(overlay(merge("B2C_1A_SignIn", body)),))
    (content,) = [one.content for one in found.policies if one.id == "B2C_1A_SignIn"]
    assert list(refs.find(content)) == [APPLICATIONS["IdentityExperienceFrameworkAppId"]]


def test_a_target_that_is_not_there_is_an_error_at_the_overlays_line() -> None:
    mine = overlay("\n", merge("B2C_1A_Nope", "<BuildingBlocks/>"))
    (finding,) = overlays.apply(mine, small_set()).findings
    assert (finding.rule, finding.severity) == ("overlay-target", "error")
    assert finding.place == Place("overlays/mine.xml", 2, 1)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<overlay/>", "overlay-root"),
        ("<overlay", "not-xml"),
        ('<overlay xmlns="urn:provisioning:policy-overlay:1"><patch/></overlay>', "overlay-part"),
        (
            '<overlay xmlns="urn:provisioning:policy-overlay:1"><merge into="base"/></overlay>',
            "overlay-part",
        ),
        (
            (
                f'<overlay xmlns="urn:provisioning:policy-overlay:1"><merge><TrustFrameworkPolicy '
                f'xmlns="{NAMESPACE}"/></merge></overlay>'
            ),
            "overlay-part",
        ),
        (
            (
                f'<overlay xmlns="urn:provisioning:policy-overlay:1"><copy><TrustFrameworkPolicy '
                f'xmlns="{NAMESPACE}"/></copy></overlay>'
            ),
            "overlay-part",
        ),
        (
            (
                '<o:overlay xmlns:o="urn:provisioning:policy-overlay:1"><o:merge into="base">'
                f'<TrustFrameworkPolicy xmlns="{NAMESPACE}"><BuildingBlocks o:mode="delete"/>'
                "</TrustFrameworkPolicy></o:merge></o:overlay>"
            ),
            "overlay-mode",
        ),
    ],
)
def test_faults_of_an_overlay_file_are_findings(text: str, rule: str) -> None:
    assert [finding.rule for finding in overlays.read(text.encode(), "o.xml").findings] == [rule]


def test_the_deepest_policy_stands_in_for_extensions_without_relying_parties() -> None:
    body = f"<BuildingBlocks><ClaimsSchema>{claims('new')}</ClaimsSchema></BuildingBlocks>"
    given = (read(policy("Base")), read(policy("Middle", base="Base")))
    applied = overlays.apply(overlay(merge("extensions", body)), given)
    assert sorted(differences(given, applied.documents)) == ["Middle"]
