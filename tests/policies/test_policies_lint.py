"""Lint: every rule has a policy that offends it, and one beside it that does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from policy_samples import (
    BASE,
    EXTENSIONS,
    PROFILE_EDIT,
    SIGN_IN,
    brief,
    claims,
    exchange,
    journey,
    outputs,
    policy,
    profile,
    provider,
    read,
    rules,
    send,
    small_set,
)

from provisioning.core.model import Place, Severity
from provisioning.policies import document, lint
from provisioning.policies.rules import RULES


def blocks(inner: str) -> str:
    return f"<BuildingBlocks>{inner}</BuildingBlocks>"


def providers(*profiles: str) -> str:
    return f"<ClaimsProviders>{provider('P', *profiles)}</ClaimsProviders>"


def journeys(*inner: str) -> str:
    return f"<UserJourneys>{''.join(inner)}</UserJourneys>"


def inputs(**partners: str | None) -> str:
    """Input claims by partner name; the claim type is signInName, a value is the default."""
    return (
        "<InputClaims>"
        + "".join(
            f'<InputClaim ClaimTypeReferenceId="signInName" PartnerClaimType="{name}"'
            + (f' DefaultValue="{value}"' if value is not None else "")
            + " />"
            for name, value in partners.items()
        )
        + "</InputClaims>"
    )


def grant(*lacking: str, grant_type: str | None = "password") -> str:
    """A password grant, without some of its input claims."""
    wanted: dict[str, str | None] = {
        "username": "{OIDC:Username}",
        "password": "{OIDC:Password}",
        "grant_type": grant_type,
        "scope": "openid",
        "nca": "1",
        "client_id": "1",
        "resource": "2",
    }
    body = inputs(**{name: value for name, value in wanted.items() if name not in lacking})
    item = '<Metadata><Item Key="grant_type">password</Item></Metadata>'
    return profile("ROPC", '<Protocol Name="OpenIdConnect" />' + item + body)


def below(body: str) -> tuple[str, str]:
    """The base of the samples, and a policy below it."""
    return BASE, policy("Child", body, base="Base")


def party(body: str, name: str = "Party") -> tuple[str, str, str]:
    return BASE, EXTENSIONS, policy(name, f"<RelyingParty>{body}</RelyingParty>", base="Extensions")


POLICY_PROFILE = '<TechnicalProfile Id="PolicyProfile" />'
SIGN_IN_JOURNEY = '<DefaultUserJourney ReferenceId="SignIn" />'

OFFENCES: list[tuple[str, tuple[str, ...]]] = [
    # The order of elements and what they need.
    ("element-order", (policy("A", blocks("<ClaimsTransformations/><ClaimsSchema/>")),)),
    ("element-order", (policy("A", "<UserJourneys/><ClaimsProviders/>"),)),
    ("element-order", (policy("A", providers(profile("X", "<Metadata/><DisplayName/>"))),)),
    (
        "element-order",
        party(
            '<Endpoints><Endpoint Id="Token" UserJourneyReferenceId="SignIn" /></Endpoints>'
            + SIGN_IN_JOURNEY
            + POLICY_PROFILE
        ),
    ),
    ("misplaced-element", (policy("A", blocks(provider("P"))),)),
    ("misplaced-element", (policy("A", '<UserJourney Id="J" />'),)),
    ("unknown-element", (policy("A", providers(profile("X", "<Novelty/>"))),)),
    ("repeated-element", (policy("A", "<BuildingBlocks/><BuildingBlocks/>"),)),
    ("missing-attribute", (policy("A", providers("<TechnicalProfile/>")),)),
    ("missing-attribute", (policy("A").replace('PolicySchemaVersion="0.3.0.0"', ""),)),
    ("missing-attribute", (policy("A").replace('PolicyId="B2C_1A_A"', ""),)),
    ("stray-text", (policy("A", blocks("oops")),)),
    ("stray-text", (policy("A", providers(profile("X", '<Protocol Name="None"> </Protocol>'))),)),
    (
        "duplicate-id",
        (
            policy(
                "A",
                "<ClaimsProviders>"
                + provider("P", profile("X"))
                + provider("Q", profile("X"))
                + "</ClaimsProviders>",
            ),
        ),
    ),
    ("duplicate-id", (policy("A", blocks(f"<ClaimsSchema>{claims('x', 'x')}</ClaimsSchema>")),)),
    ("duplicate-id", below(journeys(journey("J", exchange(1, "Page-SignIn"), send(2), send(2))))),
    (
        "duplicate-metadata-key",
        (
            policy(
                "A",
                providers(
                    profile(
                        "X", '<Metadata><Item Key="a">1</Item><Item Key="a">2</Item></Metadata>'
                    )
                ),
            ),
        ),
    ),
    # What ties it to a tenant.
    ("policy-id", (policy("A").replace('PolicyId="B2C_1A_A"', 'PolicyId="Mine"'),)),
    ("schema-version", (policy("A").replace("0.3.0.0", "0.2.0.0"),)),
    (
        "base-policy-tenant",
        (BASE, EXTENSIONS.replace("<TenantId>contoso.", "<TenantId>fabrikam.")),
    ),
    ("placeholder-left", (policy("A").replace("contoso.onm", "yourtenant.onm"),)),
    (
        "placeholder-left",
        (policy("A", blocks(f"<ClaimsSchema>{claims('{Settings:X}')}</ClaimsSchema>")),),
    ),
    (
        "placeholder-left",
        (
            policy(
                "A",
                providers(
                    profile(
                        "X",
                        '<Metadata><Item Key="client_id">ProxyIdentityExperienceFrameworkAppId'
                        "</Item></Metadata>",
                    )
                ),
            ),
        ),
    ),
    # References.
    ("unknown-claim-type", below(providers(profile("X", outputs("nope"))))),
    (
        "unknown-claim-type",
        below(
            journeys(
                journey(
                    "J",
                    '<OrchestrationStep Order="1" Type="ClaimsExchange"><Preconditions>'
                    '<Precondition Type="ClaimsExist" ExecuteActionsIf="true"><Value>nope</Value>'
                    "<Action>SkipThisOrchestrationStep</Action></Precondition></Preconditions>"
                    '<ClaimsExchanges><ClaimsExchange Id="E" '
                    'TechnicalProfileReferenceId="Page-SignIn" /></ClaimsExchanges>'
                    "</OrchestrationStep>",
                    send(2),
                )
            )
        ),
    ),
    (
        "unknown-claims-transformation",
        below(
            providers(
                profile(
                    "X",
                    "<OutputClaimsTransformations><OutputClaimsTransformation "
                    'ReferenceId="nope" /></OutputClaimsTransformations>',
                )
            )
        ),
    ),
    (
        "unknown-technical-profile",
        below(providers(profile("X", '<IncludeTechnicalProfile ReferenceId="nope" />'))),
    ),
    ("unknown-technical-profile", below(journeys(journey("J", exchange(1, "nope"), send(2))))),
    ("unknown-technical-profile", below(journeys(journey("J", send(1, issuer="nope"))))),
    (
        "unknown-content-definition",
        below(
            providers(
                profile(
                    "X",
                    '<Metadata><Item Key="ContentDefinitionReferenceId">nope</Item></Metadata>',
                )
            )
        ),
    ),
    (
        "unknown-client-definition",
        below(
            journeys(
                journey("J", send(1)).replace(
                    "</UserJourney>", '<ClientDefinition ReferenceId="nope" /></UserJourney>'
                )
            )
        ),
    ),
    (
        "unknown-predicate",
        (
            policy(
                "A",
                blocks(
                    '<InputValidations><InputValidation Id="V"><PredicateReferences>'
                    '<PredicateReference Id="nope" /></PredicateReferences></InputValidation>'
                    "</InputValidations>"
                ),
            ),
        ),
    ),
    (
        "unknown-predicate-validation",
        (
            policy(
                "A",
                blocks(
                    '<ClaimsSchema><ClaimType Id="x"><PredicateValidationReference Id="nope" />'
                    "</ClaimType></ClaimsSchema>"
                ),
            ),
        ),
    ),
    (
        "unknown-input-validation",
        (
            policy(
                "A",
                blocks(
                    '<ClaimsSchema><ClaimType Id="x"><InputValidationReference Id="nope" />'
                    "</ClaimType></ClaimsSchema>"
                ),
            ),
        ),
    ),
    (
        "unknown-display-control",
        below(
            providers(
                profile(
                    "X",
                    '<DisplayClaims><DisplayClaim DisplayControlReferenceId="nope" />'
                    "</DisplayClaims>",
                )
            )
        ),
    ),
    (
        "unknown-localized-resources",
        below(
            blocks(
                '<ContentDefinitions><ContentDefinition Id="page.signin">'
                '<LocalizedResourcesReferences><LocalizedResourcesReference Language="en" '
                'LocalizedResourcesReferenceId="nope" /></LocalizedResourcesReferences>'
                "</ContentDefinition></ContentDefinitions>"
            )
        ),
    ),
    ("unknown-user-journey", party('<DefaultUserJourney ReferenceId="no" />' + POLICY_PROFILE)),
    (
        "unknown-user-journey",
        below(
            providers(
                profile(
                    "JwtIssuer",
                    '<Metadata><Item Key="RefreshTokenUserJourneyId">nope</Item></Metadata>',
                )
            )
        ),
    ),
    (
        "unknown-sub-journey",
        below(
            journeys(
                journey(
                    "J",
                    '<OrchestrationStep Order="1" Type="InvokeSubJourney"><JourneyList>'
                    '<Candidate SubJourneyReferenceId="nope" /></JourneyList></OrchestrationStep>',
                    send(2),
                )
            )
        ),
    ),
    ("reference-case", below(providers(profile("X", outputs("DISPLAYNAME"))))),
    # Journeys.
    ("send-claims", below(journeys(journey("J", exchange(1, "Page-SignIn"))))),
    ("send-claims", below(journeys(journey("J", send(1), exchange(2, "Page-SignIn"))))),
    ("send-claims", below(journeys(journey("SignIn", send(4))))),
    ("step-order", below(journeys(journey("J", exchange(1, "Page-SignIn"), send(3))))),
    ("step-order", below(journeys(journey("J", send(1).replace('"1"', '"one"'), send(1))))),
    (
        "exchange-selection",
        below(journeys(journey("J", exchange(1, "Page-SignIn", "Login"), send(2)))),
    ),
    (
        "selection-target",
        below(
            journeys(
                journey(
                    "J",
                    '<OrchestrationStep Order="1" Type="ClaimsProviderSelection">'
                    "<ClaimsProviderSelections><ClaimsProviderSelection "
                    'TargetClaimsExchangeId="nope" /></ClaimsProviderSelections>'
                    "</OrchestrationStep>",
                    exchange(2, "Page-SignIn"),
                    send(3),
                )
            )
        ),
    ),
    ("relying-party", party(POLICY_PROFILE)),
    ("relying-party", party(SIGN_IN_JOURNEY)),
    # The password grant.
    (
        "password-grant-inputs",
        below(
            providers(profile("R", '<Metadata><Item Key="grant_type">password</Item></Metadata>'))
            + journeys(journey("J", exchange(1, "R"), send(2)))
        ),
    ),
    ("password-grant-claims", below(providers(grant("client_id")))),
    ("password-grant-advised-claims", below(providers(grant("nca")))),
    ("password-grant-type", below(providers(grant(grant_type="code")))),
    ("password-grant-type", below(providers(grant(grant_type=None)))),
    (
        "password-grant-first-step",
        below(
            providers(grant())
            + journeys(journey("J", exchange(1, "Page-SignIn"), exchange(2, "ROPC"), send(3)))
        ),
    ),
    (
        "refresh-journey",
        below(
            providers(
                profile(
                    "JwtIssuer",
                    '<Metadata><Item Key="RefreshTokenUserJourneyId">Other</Item></Metadata>',
                )
            )
            + journeys(journey("Other", send(1)))
            + "<RelyingParty>"
            + SIGN_IN_JOURNEY
            + '<Endpoints><Endpoint Id="Token" UserJourneyReferenceId="SignIn" /></Endpoints>'
            + POLICY_PROFILE
            + "</RelyingParty>"
        ),
    ),
]


def test_the_small_set_is_clean() -> None:
    assert lint.lint(small_set()) == ()


@pytest.mark.parametrize(("rule", "texts"), OFFENCES)
def test_each_rule_finds_its_offence_and_no_other_rule_does(
    rule: str, texts: tuple[str, ...]
) -> None:
    assert set(rules(*texts)) == {rule}


def test_every_rule_has_an_offence_here() -> None:
    assert {rule.id for rule in RULES} - {rule for rule, _ in OFFENCES} == {"unknown-key-container"}


def test_rules_have_one_id_a_line_and_a_remedy_each() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.doc.endswith(".") and "\n" not in rule.doc for rule in RULES)
    assert all(rule.remedy for rule in RULES)


def test_a_finding_stands_at_the_line_of_the_fault() -> None:
    text = policy("A", providers(profile("X", "\n" + outputs("nope"))))
    (finding,) = lint.lint([read(text, "a.xml")])
    assert finding.place == Place("a.xml", 4, 15)
    assert finding.message == (
        "OutputClaim refers to claim type nope, which neither B2C_1A_A nor any of its base "
        "policies declares"
    )


def test_a_near_miss_is_suggested() -> None:
    texts = below(providers(profile("X", outputs("displayNam"))))
    (finding,) = lint.lint([read(text) for text in texts])
    assert finding.remedy == "did you mean displayName?"


def test_findings_of_reading_are_among_them_and_all_are_sorted() -> None:
    broken = document.parse(b"<a>", "a.xml")
    offending = read(policy("B", blocks("<ClaimsTransformations/><ClaimsSchema/>")), "b.xml")
    found = lint.lint([offending, broken])
    assert [finding.place and finding.place.file for finding in found] == ["a.xml", "b.xml"]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, []),
        ({"TokenSigningKeyContainer", "b2c_1a_tokenencryptionkeycontainer"}, []),
        ({"B2C_1A_TokenSigningKeyContainer"}, ["unknown-key-container"]),
        (set(), ["unknown-key-container"] * 3),
    ],
)
def test_key_containers_are_held_against_what_is_known(
    known: set[str] | None, expected: list[str]
) -> None:
    assert [finding.rule for finding in lint.lint(small_set(), key_sets=known)] == expected


def test_references_are_not_judged_while_the_base_is_unknown() -> None:
    child = read(policy("Child", providers(profile("X", outputs("nope"))), base="Base"))
    assert [finding.rule for finding in lint.lint([child])] == ["base-policy-elsewhere"]
    assert lint.lint([child], tenant_policies={"B2C_1A_Base": None}) == ()


def test_a_base_that_was_read_from_the_tenant_counts() -> None:
    child = read(
        policy("Child", providers(profile("X", outputs("nope", "displayName"))), base="Base")
    )
    found = lint.lint([child], tenant_policies={"B2C_1A_Base": read(BASE, "tenant")})
    assert [finding.rule for finding in found] == ["unknown-claim-type"]


def test_descendants_in_the_tenant_are_checked_against_a_changed_base() -> None:
    changed = read(BASE.replace("displayName", "fullName"), "Base.xml")
    tenant = {
        "B2C_1A_Base": read(BASE, "tenant:Base"),
        "B2C_1A_Extensions": read(EXTENSIONS, "tenant:Extensions"),
        "B2C_1A_SignIn": read(SIGN_IN, "tenant:SignIn"),
    }
    found = lint.lint([changed], tenant_policies=tenant)
    assert [(finding.rule, finding.place and finding.place.file) for finding in found] == [
        ("unknown-claim-type", "tenant:SignIn")
    ]


def test_a_tenants_own_faults_are_not_ours() -> None:
    stray = read(policy("Stray", blocks("oops")), "tenant:Stray")
    tenant = {"B2C_1A_Stray": stray}
    assert lint.lint(small_set(), tenant_policies=tenant) == ()


def test_a_second_policy_of_one_id_is_checked_like_the_first() -> None:
    again = policy("Base", providers(profile("X", outputs("nope"))), base="Base")
    assert rules(BASE, again) == ["duplicate-policy-id", "unknown-claim-type"]


def test_policies_in_a_circle_are_checked_on_their_own() -> None:
    circle = policy("A", blocks("oops"), base="A")
    assert rules(circle) == ["inheritance-circle", "stray-text"]


def test_a_transfer_to_a_sub_journey_may_end_a_journey() -> None:
    step = (
        '<OrchestrationStep Order="1" Type="InvokeSubJourney"><JourneyList>'
        '<Candidate SubJourneyReferenceId="Rest" /></JourneyList></OrchestrationStep>'
    )
    sub = (
        '<SubJourneys><SubJourney Id="Rest" Type="{}"><OrchestrationSteps>'
        + send(1)
        + "</OrchestrationSteps></SubJourney></SubJourneys>"
    )
    body = journeys(journey("J", step))
    assert rules(*below(body + sub.format("Transfer"))) == []
    assert rules(*below(body + sub.format("Call"))) == ["send-claims"]


def test_a_selection_before_several_exchanges_makes_them_fine() -> None:
    selection = (
        '<OrchestrationStep Order="1" Type="ClaimsProviderSelection"><ClaimsProviderSelections>'
        '<ClaimsProviderSelection TargetClaimsExchangeId="E2Page-SignIn" />'
        '<ClaimsProviderSelection TargetClaimsExchangeId="E2AAD-UserReadUsingObjectId" />'
        "</ClaimsProviderSelections></OrchestrationStep>"
    )
    steps = (selection, exchange(2, "Page-SignIn", "AAD-UserReadUsingObjectId"), send(3))
    assert rules(*below(journeys(journey("J", *steps)))) == []


def test_a_journey_merges_with_its_parents_by_order_and_exchange() -> None:
    other = exchange(1, "Login")
    assert rules(*below(journeys(journey("SignIn", other)))) == ["exchange-selection"]
    same = other.replace("E1Login", "E1Page-SignIn")
    assert rules(*below(journeys(journey("SignIn", same)))) == []


def test_a_profile_that_validates_a_page_is_no_password_grant() -> None:
    assert "grant_type" in BASE
    assert rules(BASE) == []


def test_rules_hold_for_inherited_parts_of_a_password_grant() -> None:
    whole = policy("Whole", providers(grant("client_id", "resource")), base="Base")
    child = policy(
        "Child",
        providers(profile("ROPC", inputs(client_id="1", resource="2"))),
        base="Whole",
    )
    found = lint.lint([read(BASE), read(whole, "whole.xml"), read(child, "child.xml")])
    assert [finding.place and finding.place.file for finding in found] == ["whole.xml"]


def test_extensions_may_hold_anything() -> None:
    body = providers(profile("X", '<Extensions><any xmlns="urn:x">text</any></Extensions>'))
    assert rules(policy("A", body)) == []


def documents_of(size: int) -> Iterator[document.Document]:
    yield read(BASE, "base.xml")
    body = providers(*(profile(f"X{n}", outputs("displayName", "nope")) for n in range(size)))
    yield read(policy("Child", body, base="Base"), "child.xml")


def test_many_faults_are_all_found() -> None:
    found = lint.lint(documents_of(200))
    assert len(found) == 200
    assert {finding.severity for finding in found} == {Severity.ERROR}


def test_two_relying_parties_do_not_disturb_each_other() -> None:
    texts = (BASE, EXTENSIONS, SIGN_IN, PROFILE_EDIT)
    assert brief(lint.lint([read(text) for text in texts])) == []
