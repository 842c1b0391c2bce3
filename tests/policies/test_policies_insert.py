"""The table of the schema's order, and insertion by it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies
from lxml import etree
from policy_samples import NAMESPACE, policy, read

from provisioning.policies import document, insert, schema_order


def element(name: str, identity: str = "") -> document.Element:
    attribute = f' Id="{identity}"' if identity else ""
    return etree.fromstring(f'<{name} xmlns="{NAMESPACE}"{attribute}/>')


def children(parent: document.Element) -> list[str]:
    return [document.name_of(child) for child in document.children(parent)]


@pytest.mark.parametrize(
    ("parent", "before", "after"),
    [
        ("TrustFrameworkPolicy", "BuildingBlocks", "ClaimsProviders"),
        ("TrustFrameworkPolicy", "ClaimsProviders", "UserJourneys"),
        ("BuildingBlocks", "ClaimsSchema", "ClaimsTransformations"),
        ("BuildingBlocks", "Localization", "DisplayControls"),
        ("TechnicalProfile", "DisplayName", "Metadata"),
        ("TechnicalProfile", "IncludeInSso", "InputClaims"),
        ("TechnicalProfile", "ErrorHandlers", "EnabledForUserJourneys"),
        ("RelyingParty", "DefaultUserJourney", "Endpoints"),
        ("RelyingParty", "UserJourneyBehaviors", "TechnicalProfile"),
        ("UserJourneyBehaviors", "SessionExpiryInSeconds", "JourneyInsights"),
    ],
)
def test_the_table_knows_the_order(parent: str, before: str, after: str) -> None:
    shape = schema_order.shape(parent)
    first, second = shape.rank(before), shape.rank(after)
    assert first is not None
    assert second is not None
    assert first < second


def test_a_name_may_mean_something_else_under_another_parent() -> None:
    assert schema_order.shape("ClientDefinition").attributes == ("Id",)
    assert schema_order.shape("ClientDefinition", "UserJourney").attributes == ()
    assert schema_order.shape("Item", "Metadata").attributes == ("Key",)
    assert schema_order.shape("Item", "LocalizedCollection").attributes == ("Text", "Value")
    assert schema_order.shape("Nothing") is schema_order.LEAF


@given(strategies.permutations(schema_order.SHAPES["TechnicalProfile"].children[:12]))
def test_inserted_in_any_order_children_stand_in_the_schemas(names: list[str]) -> None:
    found = read(
        policy(
            "A",
            "<ClaimsProviders><ClaimsProvider><TechnicalProfiles>"
            '<TechnicalProfile Id="X"/></TechnicalProfiles></ClaimsProvider></ClaimsProviders>',
        )
    )
    (profile,) = found.root.iter(f"{{{NAMESPACE}}}TechnicalProfile")
    for name in names:
        insert.insert(profile, element(name))
    assert tuple(children(profile)) == schema_order.SHAPES["TechnicalProfile"].children[:12]


def test_an_equal_one_goes_behind_its_like() -> None:
    found = read(
        policy(
            "A", '<BuildingBlocks><ClaimsSchema><ClaimType Id="a"/></ClaimsSchema></BuildingBlocks>'
        )
    )
    schema = document.child(found.root, "BuildingBlocks", "ClaimsSchema")
    assert schema is not None
    insert.insert(schema, element("ClaimType", "b"))
    assert [claim.get("Id") for claim in document.children(schema)] == ["a", "b"]


def test_an_unknown_element_goes_last() -> None:
    found = read(policy("A", "<RelyingParty/>"))
    insert.insert(found.root, element("Novelty"))
    assert children(found.root) == ["RelyingParty", "Novelty"]


def test_the_lines_around_it_give_the_indentation() -> None:
    text = policy("A", "\n  <BuildingBlocks>\n  </BuildingBlocks>\n  <RelyingParty />\n")
    found = read(text)
    insert.ensure(insert.ensure(found.root, "ClaimsProviders"), "ClaimsProvider")
    blocks = document.child(found.root, "BuildingBlocks")
    assert blocks is not None
    insert.ensure(blocks, "ClaimsSchema")
    assert document.serialize(found).partition('A">')[2] == (
        "\n  <BuildingBlocks>\n    <ClaimsSchema/>\n  </BuildingBlocks>"
        "\n  <ClaimsProviders>\n    <ClaimsProvider/>\n  </ClaimsProviders>"
        "\n  <RelyingParty/>\n</TrustFrameworkPolicy>\n"
    )


def test_what_is_there_is_not_made_again() -> None:
    found = read(policy("A", "<BuildingBlocks/>"))
    assert insert.ensure(found.root, "BuildingBlocks") is document.child(
        found.root, "BuildingBlocks"
    )
