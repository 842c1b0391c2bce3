"""Differences by id: what a reviewer of a plan reads."""

from __future__ import annotations

from policy_samples import (
    BASE,
    NAMESPACE,
    claims,
    exchange,
    journey,
    outputs,
    policy,
    profile,
    provider,
    read,
    send,
)

from provisioning.core.plan import Change
from provisioning.policies import difference


def changes(before: str, after: str) -> tuple[Change, ...]:
    return difference.compare(read(policy("A", before)), read(policy("A", after)))


def providers(*inner: str) -> str:
    return f"<ClaimsProviders>{''.join(inner)}</ClaimsProviders>"


def test_equal_policies_have_no_difference() -> None:
    assert difference.compare(read(BASE), read(BASE.replace("><", ">\n<"))) == ()


def test_a_metadata_item_is_named_by_its_profile_and_key() -> None:
    item = '<Metadata><Item Key="client_id">{}</Item></Metadata>'
    before, after = (
        providers(provider("Login", profile("login-NonInteractive", item.format(value))))
        for value in ("1", "2")
    )
    path = "ClaimsProviders/TechnicalProfile[login-NonInteractive]/Metadata/client_id"
    assert changes(before, after) == (Change(path, "1", "2"),)


def test_a_claim_that_came_is_shown_whole_and_one_that_went_too() -> None:
    before, after = (
        f"<BuildingBlocks><ClaimsSchema>{claims('a', name)}</ClaimsSchema></BuildingBlocks>"
        for name in ("b", "c")
    )
    there = "BuildingBlocks/ClaimsSchema/ClaimType"
    shown = (
        '<ClaimType Id="{0}"><DisplayName>{0}</DisplayName><DataType>string</DataType></ClaimType>'
    )
    assert changes(before, after) == (
        Change(f"{there}[c]", None, shown.format("c")),
        Change(f"{there}[b]", shown.format("b"), None),
    )


def test_a_journey_step_is_named_by_its_order() -> None:
    before, after = (
        f"<UserJourneys>{journey('J', exchange(1, 'X'), send(2, issuer))}</UserJourneys>"
        for issuer in ("JwtIssuer", "Other")
    )
    path = (
        "UserJourneys/UserJourney[J]/OrchestrationSteps/OrchestrationStep[2]"
        "/@CpimIssuerTechnicalProfileReferenceId"
    )
    assert changes(before, after) == (Change(path, "JwtIssuer", "Other"),)


def test_a_changed_order_of_siblings_is_told_once() -> None:
    before, after = (
        providers(provider("P", profile("X", outputs(*names)))) for names in ("ab", "ba")
    )
    path = "ClaimsProviders/TechnicalProfile[X]/OutputClaims/order"
    assert changes(before, after) == (
        Change(path, "OutputClaim[a], OutputClaim[b]", "OutputClaim[b], OutputClaim[a]"),
    )


def test_a_profile_in_another_provider_is_the_same_profile() -> None:
    before = providers(provider("P", profile("X")), provider("Q", profile("Y")))
    after = providers(provider("P"), provider("Q", profile("X"), profile("Y")))
    assert changes(before, after) == (
        Change("ClaimsProviders/TechnicalProfile[X]/provider", "P", "Q"),
    )


def test_a_provider_comes_with_its_profiles() -> None:
    before = providers(provider("P", profile("X")))
    after = providers(provider("P", profile("X")), provider("Q", profile("Y")))
    assert changes(before, after) == (
        Change("ClaimsProviders/TechnicalProfile[Y]", None, '<TechnicalProfile Id="Y"/>'),
        Change("ClaimsProviders/ClaimsProvider[Q]", None, "Q"),
    )


def test_attributes_of_the_root_stand_alone() -> None:
    found = difference.compare(
        read(policy("A")), read(policy("A", attributes=' DeploymentMode="Development"'))
    )
    assert found == (Change("@DeploymentMode", None, "Development"),)


def test_another_prefix_is_still_another_form() -> None:
    prefixed = f'<t:TrustFrameworkPolicy xmlns:t="{NAMESPACE}" PolicyId="B2C_1A_A"/>'
    plain = f'<TrustFrameworkPolicy xmlns="{NAMESPACE}" PolicyId="B2C_1A_A"/>'
    (change,) = difference.compare(read(plain), read(prefixed))
    assert change.path == "TrustFrameworkPolicy"
