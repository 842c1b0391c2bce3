"""User flows, their attributes, languages and providers, and what only the portal can set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sandbox_framework import BETA
from sandbox_world import World, created, message, refusal, world

from provisioning.sandbox import Options

FLOWS = f"{BETA}/identity/b2cUserFlows"
FLOW = {"id": "ROPC_Auth", "userFlowType": "resourceOwner", "userFlowTypeVersion": 1}
MINE = f"{FLOWS}/B2C_1_ROPC_Auth"
GOOGLE = {
    "@odata.type": "#microsoft.graph.socialIdentityProvider",
    "displayName": "Google",
    "identityProviderType": "Google",
    "clientId": "one",
    "clientSecret": "hunter2",
}


@asynccontextmanager
async def with_flow(options: Options | None = None) -> AsyncIterator[World]:
    """A B2C tenant with one user flow."""
    async with world(options, kind="b2c") as w:
        created(await w.graph.post(FLOWS, json=FLOW))
        yield w


async def test_a_flow_gets_its_prefix_and_its_defaults() -> None:
    """G:b/api/identitycontainer-post-b2cuserflows.md."""
    async with world(kind="b2c") as w:
        made = await w.graph.post(FLOWS, json=FLOW)
        listed = await w.graph.get(FLOWS)
        got = await w.graph.get(f"{FLOWS}/b2c_1_ropc_auth")
    expected = {
        "id": "B2C_1_ROPC_Auth",
        "userFlowType": "resourceOwner",
        "userFlowTypeVersion": 1.0,
        "isLanguageCustomizationEnabled": False,
        "defaultLanguageTag": "en",
        "apiConnectorConfiguration": {},
    }
    assert made.status_code == 201
    assert made.headers["location"] == "/identity/b2cUserFlows('B2C_1_ROPC_Auth')"
    assert {n: v for n, v in made.json().items() if n != "@odata.context"} == expected
    assert listed.json()["value"] == [expected]
    assert got.json()["id"] == "B2C_1_ROPC_Auth"


async def test_a_flow_with_its_prefix_keeps_its_id_and_is_created_once() -> None:
    async with with_flow() as w:
        again = await w.graph.post(FLOWS, json={**FLOW, "id": "B2C_1_ropc_auth"})
        other = await w.graph.post(FLOWS, json={**FLOW, "id": "B2C_1_Other"})
    assert refusal(again) == (409, "AADB2C")
    assert other.json()["id"] == "B2C_1_Other"


@pytest.mark.parametrize(
    "change",
    [
        {"userFlowType": "resourceOwnerPasswordCredentialSignIn"},
        {"userFlowType": None},
        {"userFlowTypeVersion": "1"},
        {"userFlowTypeVersion": True},
        {"userFlowTypeVersion": 0},
        {"id": ""},
        {"id": "two words"},
        {"isLanguageCustomizationEnabled": "yes"},
        {"defaultLanguageTag": 7},
        {"identityProviders": ["Google-OAUTH"]},
        {"tokenClaims": []},
    ],
)
async def test_a_body_that_does_not_fit_is_refused(change: Any) -> None:
    """microsoft-graph-docs#10820."""
    async with world(kind="b2c") as w:
        answer = await w.graph.post(FLOWS, json={**FLOW, **change})
    assert refusal(answer) == (400, "AADB2C")
    assert message(answer) == (
        "The 'identityUserFlow' field is invalid in request. Please check the request body and "
        "parameters."
    )


async def test_creating_a_resource_owner_flow_may_fail() -> None:
    """microsoft-graph-docs#10820, #10821: AADB2C90063."""
    async with world(Options(resource_owner_creation="fails"), kind="b2c") as w:
        answer = await w.graph.post(FLOWS, json=FLOW)
        other = await w.graph.post(FLOWS, json={**FLOW, "userFlowType": "signIn"})
    assert refusal(answer) == (500, "AADB2C90063")
    assert message(answer) == "There is a problem with the service."
    assert other.status_code == 201


@pytest.mark.parametrize("status", [204, 200])
async def test_two_properties_of_a_flow_may_change(status: Any) -> None:
    """G:b/api/b2cidentityuserflow-update.md: the text says 200, the example 204."""
    change = {"isLanguageCustomizationEnabled": True, "defaultLanguageTag": "de"}
    async with with_flow(Options(user_flow_patch_status=status)) as w:
        answer = await w.graph.patch(MINE, json=change)
        got = (await w.graph.get(MINE)).json()
    assert answer.status_code == status
    assert {name: got[name] for name in change} == change
    if status == 200:
        assert answer.json()["defaultLanguageTag"] == "de"


@pytest.mark.parametrize(
    ("name", "value"),
    [("userFlowType", "signIn"), ("userFlowTypeVersion", 3), ("id", "B2C_1_Other")],
)
async def test_type_version_and_id_never_change(name: str, value: Any) -> None:
    """B2CERR: AADB2C99014."""
    async with with_flow() as w:
        answer = await w.graph.patch(MINE, json={name: value})
        same = await w.graph.patch(MINE, json={"userFlowTypeVersion": 1})
    assert refusal(answer) == (400, "AADB2C99014")
    assert message(answer) == (
        f"The property '{name}' can not be modified. It's a read only property. "
    )
    assert same.status_code == 204


async def test_a_flow_is_deleted() -> None:
    async with with_flow() as w:
        deleted = await w.graph.delete(MINE)
        gone = await w.graph.get(MINE)
        tenant = w.tenant.id
    assert deleted.status_code == 204
    assert refusal(gone) == (404, "AADB2C90073")
    assert message(gone) == (
        f"UserFlow with 'id': 'B2C_1_ROPC_Auth' cannot be found in the directory '{tenant}'."
    )


async def test_flows_are_in_beta_of_b2c_tenants_only() -> None:
    """CSDL of v1.0."""
    async with world(kind="b2c") as w:
        old = await w.graph.get("/identity/b2cUserFlows")
    async with world(kind="workforce") as w:
        other = await w.graph.get(FLOWS)
    assert message(old) == "Resource not found for the segment 'b2cUserFlows'."
    assert refusal(other) == (403, "AADB2C")


async def test_attributes_are_assigned_changed_and_removed() -> None:
    """G:b/api/b2cidentityuserflow-post-userattributeassignments.md."""
    url = f"{MINE}/userAttributeAssignments"
    async with with_flow() as w:
        made = await w.graph.post(
            url,
            json={
                "isOptional": True,
                "userInputType": "TextBox",
                "displayName": "Your city",
                "userAttribute": {"id": "city"},
            },
        )
        bare = await w.graph.get(url)
        expanded = await w.graph.get(f"{url}/City?$expand=userAttribute")
        changed = await w.graph.patch(f"{url}/city", json={"displayName": "Town"})
        after = await w.graph.get(f"{url}/city")
        deleted = await w.graph.delete(f"{url}/city")
        gone = await w.graph.get(f"{url}/city")
    expected = {
        "id": "city",
        "isOptional": True,
        "requiresVerification": False,
        "userInputType": "textBox",
        "displayName": "Your city",
        "userAttributeValues": [],
    }
    assert made.status_code == 201
    assert bare.json()["value"] == [expected]
    assert expanded.json()["userAttribute"]["displayName"] == "City"
    assert after.json()["displayName"] == "Town"
    assert (changed.status_code, deleted.status_code) == (204, 204)
    assert refusal(gone) == (404, "AADB2C90073")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"userAttribute": {"id": "nothing"}}, 404),
        ({"displayName": "x"}, 400),
        ({"userAttribute": {"id": "city"}, "userInputType": "slider"}, 400),
        ({"userAttribute": {"id": "city"}, "isOptional": "yes"}, 400),
        ({"userAttribute": {"id": "city"}, "userAttributeValues": ["a"]}, 400),
        ({"userAttribute": {"id": "city"}, "unknown": 1}, 400),
        ({"userAttribute": {"id": "email"}}, 409),
    ],
)
async def test_an_assignment_that_does_not_fit_is_refused(body: Any, status: int) -> None:
    url = f"{MINE}/userAttributeAssignments"
    async with with_flow() as w:
        created(await w.graph.post(url, json={"userAttribute": {"id": "email"}}))
        answer = await w.graph.post(url, json=body)
    assert answer.status_code == status


async def test_the_attribute_of_an_assignment_stays() -> None:
    url = f"{MINE}/userAttributeAssignments"
    async with with_flow() as w:
        created(await w.graph.post(url, json={"userAttribute": {"id": "email"}}))
        answer = await w.graph.patch(f"{url}/email", json={"userAttribute": {"id": "city"}})
    assert refusal(answer) == (400, "AADB2C99014")


async def test_the_order_of_attributes_can_be_read_and_set() -> None:
    """G:b/api/userattributeassignment-{getorder,setorder}.md."""
    url = f"{MINE}/userAttributeAssignments"
    async with with_flow() as w:
        for identity in ("city", "email"):
            created(await w.graph.post(url, json={"userAttribute": {"id": identity}}))
        before = await w.graph.get(f"{url}/getOrder")
        wanted = {"newAssignmentOrder": {"order": ["email", "city"]}}
        answer = await w.graph.post(f"{url}/setOrder", json=wanted)
        after = await w.graph.get(f"{url}/getOrder")
        partial = await w.graph.post(
            f"{url}/setOrder", json={"newAssignmentOrder": {"order": ["email"]}}
        )
    assert before.json()["order"] == ["city", "email"]
    assert answer.status_code == 204
    assert after.json()["order"] == ["email", "city"]
    assert partial.status_code == 400


async def test_a_language_needs_customization_and_is_created_then_updated() -> None:
    """G:b/api/b2cidentityuserflow-put-languages.md."""
    url = f"{MINE}/languages"
    async with with_flow() as w:
        early = await w.graph.put(f"{url}/es", json={"id": "es"})
        await w.graph.patch(MINE, json={"isLanguageCustomizationEnabled": True})
        first = await w.graph.put(f"{url}/es", json={"id": "es"})
        second = await w.graph.put(f"{url}/es", json={"isEnabled": False, "displayName": "ES"})
        got = await w.graph.get(f"{url}/es")
        listed = await w.graph.get(url)
        wrong = await w.graph.put(f"{url}/es", json={"id": "fr"})
        deleted = await w.graph.delete(f"{url}/es")
        gone = await w.graph.get(f"{url}/es")
    assert refusal(early) == (400, "AADB2C")
    assert message(early) == (
        "Language customization is not enabled for the user flow 'B2C_1_ROPC_Auth'."
    )
    assert first.status_code == 201
    assert first.json()["isEnabled"] is True
    assert (second.status_code, second.content) == (204, b"")
    assert listed.json()["value"] == [{"id": "es", "isEnabled": False, "displayName": "ES"}]
    assert got.json()["displayName"] == "ES"
    assert wrong.status_code == 400
    assert deleted.status_code == 204
    assert refusal(gone) == (404, "AADB2C90073")


async def test_providers_are_linked_and_unlinked() -> None:
    """G:b/api/b2cidentityuserflow-post-userflowidentityproviders.md."""
    url = f"{MINE}/userFlowIdentityProviders"
    address = f"{BETA}/identity/identityProviders/Google-OAUTH"
    async with with_flow() as w:
        missing = await w.graph.post(f"{url}/$ref", json={"@odata.id": address})
        created(await w.graph.post("/identity/identityProviders", json=GOOGLE))
        linked = await w.graph.post(f"{url}/$ref", json={"@odata.id": address})
        twice = await w.graph.post(
            f"{url}/$ref", json={"@odata.id": f"{BETA}/identityProviders('google-oauth')"}
        )
        listed = await w.graph.get(url)
        expanded = await w.graph.get(f"{MINE}?$expand=identityProviders")
        unlinked = await w.graph.delete(f"{url}/Google-OAUTH/$ref")
        again = await w.graph.delete(f"{url}/Google-OAUTH/$ref")
        none = await w.graph.post(f"{url}/$ref", json={"id": "Google-OAUTH"})
    assert refusal(missing) == (404, "AADB2C90073")
    assert linked.status_code == 204
    assert refusal(twice) == (409, "AADB2C")
    assert [each["id"] for each in listed.json()["value"]] == ["Google-OAUTH"]
    assert expanded.json()["identityProviders"][0]["clientSecret"] == "******"
    assert unlinked.status_code == 204
    assert refusal(again) == (404, "AADB2C90073")
    assert none.status_code == 400


async def test_a_flow_can_be_created_with_its_providers() -> None:
    """G:b/api/identitycontainer-post-b2cuserflows.md, second example."""
    async with world(kind="b2c") as w:
        body = {**FLOW, "identityProviders": [{"id": "Google-OAUTH"}]}
        early = await w.graph.post(FLOWS, json=body)
        created(await w.graph.post("/identity/identityProviders", json=GOOGLE))
        made = await w.graph.post(FLOWS, json=body)
        listed = await w.graph.get(f"{MINE}/userFlowIdentityProviders")
    assert refusal(early) == (404, "AADB2C90073")
    assert made.status_code == 201
    assert [each["id"] for each in listed.json()["value"]] == ["Google-OAUTH"]


async def test_application_claims_are_the_portals_alone() -> None:
    """azure-cli#28593."""
    async with with_flow() as w:
        w.box.portal_set_claims(w.tenant.domain, "B2C_1_ropc_auth", ["Display Name", "City"])
        got = await w.graph.get(MINE)
        dumped = w.box.dump(w.tenant.id)["b2cUserFlows"]
        with pytest.raises(LookupError, match="no user flow B2C_1_X in contoso"):
            w.box.portal_set_claims(w.tenant.id, "B2C_1_X", [])
        with pytest.raises(LookupError, match="no tenant x"):
            w.box.portal_set_claims("x", "B2C_1_ROPC_Auth", [])
    assert "Display Name" not in got.text
    assert dumped[0]["applicationClaims"] == ["Display Name", "City"]
    assert dumped[0]["userAttributeAssignments"] == dumped[0]["languages"] == []


@pytest.mark.parametrize(
    ("roles", "read", "write"),
    [
        (["IdentityUserFlow.Read.All"], 200, 403),
        (["IdentityUserFlow.ReadWrite.All"], 200, 201),
        (["Policy.ReadWrite.TrustFramework"], 403, 403),
    ],
)
async def test_flows_ask_for_their_permissions(roles: list[str], read: int, write: int) -> None:
    """DEVX permissions.json."""
    async with world(kind="b2c") as w, w.client(roles=roles) as limited:
        statuses = [
            (await limited.get(FLOWS)).status_code,
            (await limited.post(FLOWS, json=FLOW)).status_code,
        ]
    assert statuses == [read, write]


async def test_two_hundred_requests_a_minute_pass_when_the_limit_is_on() -> None:
    """G:concepts/includes/throttling-cpim.md."""

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/identity/identityProviders")

    async with world(Options(cpim_throttle=True), kind="b2c") as w:
        statuses = {(await ask(w.graph)).status_code for _ in range(200)}
        late = await ask(w.graph)
        framework = await w.graph.get(f"{BETA}/trustFramework/policies")
        w.clock.advance(60)
        later = await ask(w.graph)
    async with world(kind="b2c") as w:
        unlimited = {(await ask(w.graph)).status_code for _ in range(201)}
    assert statuses == {200}
    assert late.status_code == 429
    assert late.headers["retry-after"] == "60"
    assert late.headers["x-ms-throttle-scope"].startswith("Tenant_Application/ReadWrite/")
    assert framework.status_code == 200
    assert later.status_code == 200
    assert unlimited == {200}


@pytest.mark.parametrize(("switch", "seen"), [(False, 1), (True, 0)])
async def test_flows_lag_only_when_the_switch_says_so(switch: bool, seen: int) -> None:
    async with with_flow(Options(read_lag=1, cpim_lag=switch)) as w:
        listed = await w.graph.get(FLOWS)
    assert len(listed.json()["value"]) == seen


async def test_filters_on_flows_are_not_offered() -> None:
    async with with_flow() as w:
        answer = await w.graph.get(f"{FLOWS}?$filter=userFlowType eq 'signIn'")
    assert answer.status_code == 501


STRANGE: tuple[Any, ...] = (None, 7, "x", [], [7], {}, {"id": []}, {"keys": [7]}, {"keys": 7})
STRANGE += ({"userAttribute": "x"}, {"newAssignmentOrder": {"order": [1, "x"]}}, {"use": []})
STRANGE += ({"kty": [], "use": "sig"}, {"@odata.type": [], "id": 1}, {"@odata.id": 7})
STRANGE += ({"keys": [{"kty": "RSA", "use": "sig", "n": 7, "e": []}]}, {"key": 7, "password": []})
STRANGE += ({"id": "x", "userFlowType": [], "userFlowTypeVersion": {}}, {"k": 7, "use": "sig"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "trustFramework/policies"),
        ("PUT", "trustFramework/policies/X/$value"),
        ("POST", "trustFramework/keySets"),
        ("PUT", "trustFramework/keySets/X"),
        ("POST", "trustFramework/keySets/X/generateKey"),
        ("POST", "trustFramework/keySets/X/uploadSecret"),
        ("POST", "trustFramework/keySets/X/uploadCertificate"),
        ("POST", "trustFramework/keySets/X/uploadPkcs12"),
        ("POST", "identity/b2cUserFlows"),
        ("PATCH", "identity/b2cUserFlows/B2C_1_ROPC_Auth"),
        ("POST", "identity/b2cUserFlows/B2C_1_ROPC_Auth/userAttributeAssignments"),
        ("PATCH", "identity/b2cUserFlows/B2C_1_ROPC_Auth/userAttributeAssignments/city"),
        ("POST", "identity/b2cUserFlows/B2C_1_ROPC_Auth/userAttributeAssignments/setOrder"),
        ("PUT", "identity/b2cUserFlows/B2C_1_ROPC_Auth/languages/es"),
        ("POST", "identity/b2cUserFlows/B2C_1_ROPC_Auth/userFlowIdentityProviders/$ref"),
        ("POST", "identity/userFlowAttributes"),
        ("PATCH", "identity/userFlowAttributes/city"),
        ("POST", "identity/identityProviders"),
        ("PATCH", "identity/identityProviders/Google-OAUTH"),
    ],
)
async def test_strange_bodies_are_refused_and_break_nothing(method: str, path: str) -> None:
    async with with_flow() as w:
        w.box.seed(w.tenant.id, "keySets", [{"id": "X"}])
        w.box.seed(w.tenant.id, "identityProviders", [GOOGLE])
        url = f"{MINE}/userAttributeAssignments"
        created(await w.graph.post(url, json={"userAttribute": {"id": "city"}}))
        answers = [await w.graph.request(method, f"{BETA}/{path}", json=b) for b in STRANGE]
    statuses = {each.status_code for each in answers}
    assert statuses <= {200, 201, 204, 400}
    assert 400 in statuses
    if method == "POST":
        assert statuses == {400}
