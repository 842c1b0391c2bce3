"""Applications as G:v1/api/application-*.md describes them."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_world import (
    DOMAIN,
    NOBODY,
    SCOPE_ID,
    details,
    message,
    names,
    refusal,
    role,
    scope,
    world,
)

from provisioning.sandbox import Options

UPSERT = {"Prefer": "create-if-missing"}


async def test_a_created_application_has_the_defaults_of_the_upsert_page() -> None:
    """G:v1/api/application-upsert.md, response sample."""
    async with world() as w:
        response = await w.graph.post("/applications", json={"displayName": "Portal"})
    body = response.json()
    assert response.status_code == 201
    assert body["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    assert body["api"] == {
        "requestedAccessTokenVersion": 2,
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    }
    assert body["publisherDomain"] == DOMAIN
    assert body["web"]["implicitGrantSettings"] == {
        "enableIdTokenIssuance": False,
        "enableAccessTokenIssuance": False,
    }
    assert body["isFallbackPublicClient"] is None
    assert body["uniqueName"] is None
    assert body["identifierUris"] == []
    assert body["createdDateTime"] == "2026-03-01T12:00:00Z"
    assert response.headers["location"].endswith("/Microsoft.DirectoryServices.Application")


async def test_the_default_audience_is_a_switch() -> None:
    async with world(Options(default_audience="AzureADMyOrg")) as w:
        body = (await w.graph.post("/applications", json={"displayName": "Portal"})).json()
    assert body["signInAudience"] == "AzureADMyOrg"
    assert body["api"]["requestedAccessTokenVersion"] is None


async def test_an_application_is_found_by_id_app_id_and_unique_name() -> None:
    """CSDL: the alternate keys are appId and uniqueName."""
    async with world() as w:
        made = await w.application(uniqueName="shop/portal")
        for key in (
            f"/{made['id']}",
            f"(appId='{made['appId']}')",
            "(uniqueName='shop%2Fportal')",
        ):
            response = await w.graph.get(f"/applications{key}")
            assert response.status_code == 200
            assert response.json()["id"] == made["id"]
        wrong = await w.graph.get("/applications(displayName='Portal')")
        assert refusal(wrong) == (400, "BadRequest")


async def test_a_missing_application_is_a_404_and_a_malformed_id_a_400() -> None:
    async with world() as w:
        missing = await w.graph.get(f"/applications/{NOBODY}")
        malformed = await w.graph.get("/applications/portal")
    assert refusal(missing) == (404, "Request_ResourceNotFound")
    assert message(missing) == (
        f"Resource '{NOBODY}' does not exist or one of its queried reference-property objects "
        "are not present."
    )
    assert refusal(malformed) == (400, "Request_BadRequest")


async def test_a_patch_answers_204_without_body_and_merges_nested_properties() -> None:
    """G:v1/api/application-update.md; TF relies on the nested merge."""
    async with world() as w:
        made = await w.application(
            web={"redirectUris": ["https://a.test/1"], "homePageUrl": "https://a.test"},
            tags=["one", "two"],
        )
        response = await w.graph.patch(
            f"/applications/{made['id']}",
            json={"web": {"redirectUris": ["https://a.test/2"]}, "tags": ["three"]},
        )
        after = (await w.graph.get(f"/applications/{made['id']}")).json()
    assert response.status_code == 204
    assert response.content == b""
    assert after["web"]["redirectUris"] == ["https://a.test/2"]
    assert after["web"]["redirectUriSettings"] == [{"uri": "https://a.test/2", "index": None}]
    assert after["web"]["homePageUrl"] == "https://a.test"
    assert after["tags"] == ["three"]


@pytest.mark.parametrize(("switch", "version"), [("merge", 2), ("replace", None)])
async def test_whether_api_is_merged_or_replaced_is_a_switch(
    switch: Any, version: int | None
) -> None:
    async with world(Options(api_patch=switch)) as w:
        made = await w.application(api={"requestedAccessTokenVersion": 2})
        await w.graph.patch(
            f"/applications/{made['id']}", json={"api": {"knownClientApplications": []}}
        )
        after = (await w.graph.get(f"/applications/{made['id']}")).json()
    assert after["api"]["requestedAccessTokenVersion"] == version


async def test_an_upsert_creates_once_and_then_updates() -> None:
    """G:v1/api/application-upsert.md."""
    async with world() as w:
        url = "/applications(uniqueName='shop-portal')"
        without = await w.graph.patch(url, json={"displayName": "Portal"})
        nameless = await w.graph.patch(url, json={"notes": "n"}, headers=UPSERT)
        first = await w.graph.patch(url, json={"displayName": "Portal"}, headers=UPSERT)
        second = await w.graph.patch(url, json={"displayName": "Shop"}, headers=UPSERT)
        found = (await w.graph.get(url)).json()
    assert refusal(without) == (404, "Request_ResourceNotFound")
    assert refusal(nameless) == (400, "Request_BadRequest")
    assert (first.status_code, first.json()["uniqueName"]) == (201, "shop-portal")
    assert second.status_code == 204
    assert (found["id"], found["displayName"]) == (first.json()["id"], "Shop")


async def test_a_unique_name_is_written_once_and_collides_with_400() -> None:
    """msgraph-bicep-types#187; byte5ai/omadia#916 (400, not 409)."""
    async with world() as w:
        first = await w.application(uniqueName="shop-portal")
        second = await w.application()
        twin = await w.graph.post(
            "/applications", json={"displayName": "P", "uniqueName": "shop-portal"}
        )
        changed = await w.graph.patch(f"/applications/{first['id']}", json={"uniqueName": "other"})
        same = await w.graph.patch(
            f"/applications/{first['id']}", json={"uniqueName": "shop-portal"}
        )
        backfilled = await w.graph.patch(
            f"/applications/{second['id']}", json={"uniqueName": "second"}
        )
    assert refusal(twin) == (400, "Request_BadRequest")
    assert message(twin) == (
        "Another object with the same value for property uniqueName already exists."
    )
    assert changed.status_code == 400
    assert same.status_code == 204
    assert backfilled.status_code == 204


async def test_unique_name_on_post_patch_and_upsert_can_each_be_refused() -> None:
    everything = Options(
        unique_name_on_post="refuse", unique_name_on_patch="refuse", unique_name_upsert="refuse"
    )
    async with world(everything) as w:
        made = await w.application()
        posted = await w.graph.post("/applications", json={"displayName": "P", "uniqueName": "x"})
        patched = await w.graph.patch(f"/applications/{made['id']}", json={"uniqueName": "x"})
        upserted = await w.graph.patch(
            "/applications(uniqueName='x')", json={"displayName": "P"}, headers=UPSERT
        )
    assert [refusal(each) for each in (posted, patched, upserted)] == [
        (400, "Request_BadRequest")
    ] * 3


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"color": "red"}, "The property 'color' does not exist"),
        ({"web": {"color": "red"}}, "type 'microsoft.graph.webApplication'"),
        ({"appId": NOBODY}, "Property 'appId' is read-only and cannot be set."),
        ({"info": {"logoUrl": "https://a.test/l.png"}}, "Property 'logoUrl' is read-only"),
        ({"tags": None}, "expected type 'Collection(Edm.String)[Nullable=False]'"),
        ({"tags": "one"}, "to the type 'Collection(Edm.String)'"),
        ({"isFallbackPublicClient": "yes"}, "expected type 'Edm.Boolean'"),
        ({"api": {"requestedAccessTokenVersion": True}}, "expected type 'Edm.Int32'"),
        ({"tokenEncryptionKeyId": "no-guid"}, "expected type 'Edm.Guid'"),
        ({"signInAudience": "Everybody"}, "'signInAudience'"),
        ({"passwordCredentials": []}, "'passwordCredentials'"),
        ({"nativeAuthenticationApisEnabled": "some"}, "nativeAuthenticationApisEnabled"),
        ({"displayName": ""}, "'displayName'"),
    ],
)
async def test_a_property_graph_would_not_take_is_a_400(body: dict[str, Any], text: str) -> None:
    """CSDL types and nullability; G:v1/resources/application.md read-only marks."""
    async with world() as w:
        made = await w.application()
        response = await w.graph.patch(f"/applications/{made['id']}", json=body)
    assert response.status_code == 400
    assert text in message(response)


async def test_oauth2_require_post_response_always_fails_with_an_empty_resource() -> None:
    """msgraph-bicep-types#155, msgraph-sdk-powershell#1502."""
    async with world() as w:
        response = await w.graph.post(
            "/applications", json={"displayName": "P", "oauth2RequirePostResponse": False}
        )
    assert refusal(response) == (404, "Request_ResourceNotFound")
    assert message(response).startswith("Resource '' does not exist")


async def test_an_unreadable_body_is_a_400() -> None:
    async with world() as w:
        broken = await w.graph.post(
            "/applications", content=b"{", headers={"Content-Type": "application/json"}
        )
        untyped = await w.graph.post("/applications", content=b"{}")
        not_an_object = await w.graph.post("/applications", json=["x"])
    assert refusal(broken) == (400, "BadRequest")
    assert message(untyped) == (
        "Write requests (excluding DELETE) must contain the Content-Type header declaration."
    )
    assert refusal(not_an_object) == (400, "BadRequest")


async def test_items_come_back_complete_and_may_be_sent_back_whole() -> None:
    async with world() as w:
        made = await w.application(
            appRoles=[{**role(), "value": "reader"}],
            api={"oauth2PermissionScopes": [{"id": SCOPE_ID, "value": "read"}]},
        )
        again = await w.graph.patch(
            f"/applications/{made['id']}", json={"appRoles": made["appRoles"], "api": made["api"]}
        )
    assert made["appRoles"][0]["origin"] == "Application"
    assert made["api"]["oauth2PermissionScopes"] == [
        {
            "id": SCOPE_ID,
            "value": "read",
            "type": "User",
            "isEnabled": True,
            "adminConsentDescription": None,
            "adminConsentDisplayName": None,
            "userConsentDescription": None,
            "userConsentDisplayName": None,
        }
    ]
    assert again.status_code == 204


async def test_removing_an_enabled_scope_takes_two_writes() -> None:
    """TF applications.go."""
    async with world() as w:
        made = await w.application(api={"oauth2PermissionScopes": [scope()]}, appRoles=[role()])
        url = f"/applications/{made['id']}"
        at_once = await w.graph.patch(url, json={"api": {"oauth2PermissionScopes": []}})
        new_id = await w.graph.patch(url, json={"appRoles": [role(id=NOBODY)]})
        disabled = await w.graph.patch(
            url, json={"api": {"oauth2PermissionScopes": [scope(isEnabled=False)]}}
        )
        removed = await w.graph.patch(url, json={"api": {"oauth2PermissionScopes": []}})
    assert refusal(at_once) == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    assert details(at_once) == ["CannotDeleteOrUpdateEnabledEntitlement"]
    assert refusal(new_id) == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    assert [disabled.status_code, removed.status_code] == [204, 204]


@pytest.mark.parametrize(("switch", "status"), [("allow", 204), ("refuse", 400)])
async def test_editing_an_enabled_scope_is_a_switch(switch: Any, status: int) -> None:
    async with world(Options(scope_edit_while_enabled=switch)) as w:
        made = await w.application(api={"oauth2PermissionScopes": [scope()]})
        response = await w.graph.patch(
            f"/applications/{made['id']}",
            json={"api": {"oauth2PermissionScopes": [scope(adminConsentDisplayName="Look")]}},
        )
    assert response.status_code == status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"appRoles": [role(), role(value="other")]}, "DuplicateValue"),
        ({"appRoles": [role(), role(id=NOBODY)]}, "DuplicateValue"),
        (
            {"appRoles": [role(value="read")], "api": {"oauth2PermissionScopes": [scope()]}},
            "DuplicateValue",
        ),
        ({"appRoles": [role(allowedMemberTypes=[])]}, "Request_BadRequest"),
        ({"appRoles": [role(allowedMemberTypes=["Robot"])]}, "Request_BadRequest"),
        ({"appRoles": [role(value="two words")]}, "Request_BadRequest"),
        ({"appRoles": [role(value="x" * 121)]}, "Request_BadRequest"),
        ({"api": {"oauth2PermissionScopes": [scope(type="Robot")]}}, "Request_BadRequest"),
        ({"tags": ["two words"]}, "Request_BadRequest"),
        ({"tags": ["one", "one"]}, "DuplicateValue"),
        ({"tags": [f"t{number}" for number in range(1201)]}, "Request_BadRequest"),
    ],
)
async def test_entitlements_and_tags_obey_their_rules(body: dict[str, Any], code: str) -> None:
    """microsoft-graph-docs#21667; G:v1/resources/permissionscope.md."""
    async with world() as w:
        response = await w.graph.post(
            "/applications",
            json={"displayName": "P", "signInAudience": "AzureADMyOrg", **body},
        )
    assert refusal(response) == (400, code)


async def test_one_id_for_a_scope_and_a_role_is_fine_when_they_say_the_same() -> None:
    """MicrosoftDocs/azure-docs#81899."""
    async with world() as w:
        shared = role(id=SCOPE_ID, value="read", displayName="Read", description="Reads")
        await w.application(appRoles=[shared], api={"oauth2PermissionScopes": [scope()]})
        other = await w.graph.post(
            "/applications",
            json={
                "displayName": "P",
                "signInAudience": "AzureADMyOrg",
                "appRoles": [role(id=SCOPE_ID)],
                "api": {"oauth2PermissionScopes": [scope()]},
            },
        )
    assert refusal(other) == (400, "DuplicateValue")


async def test_pre_authorisation_needs_scopes_that_are_already_stored() -> None:
    """msgraph-sdk-dotnet#2044."""
    client = {"appId": NOBODY, "delegatedPermissionIds": [SCOPE_ID]}
    both = {"oauth2PermissionScopes": [scope()], "preAuthorizedApplications": [client]}
    async with world() as w:
        made = await w.application()
        url = f"/applications/{made['id']}"
        at_once = await w.graph.patch(url, json={"api": both})
        first = await w.graph.patch(url, json={"api": {"oauth2PermissionScopes": [scope()]}})
        second = await w.graph.patch(url, json={"api": {"preAuthorizedApplications": [client]}})
        twice = await w.graph.patch(
            url, json={"api": {"preAuthorizedApplications": [client, client]}}
        )
    assert refusal(at_once) == (400, "InvalidValue")
    assert message(at_once) == (
        "Property api.preAuthorizedApplications.delegatedPermissionIds has a Permission Id that "
        "cannot be found in the AppPermissions sets."
    )
    assert [first.status_code, second.status_code] == [204, 204]
    assert refusal(twice) == (400, "DuplicateValue")


async def test_lists_are_paged_with_an_opaque_next_link() -> None:
    """G:v1/api/application-list.md: default 100, $top at most 999."""
    async with world() as w:
        w.box.seed(
            w.tenant.id, "applications", [{"displayName": f"app {i:03}"} for i in range(250)]
        )
        seen: list[str] = []
        url = "/applications?$select=displayName"
        sizes = []
        while url:
            body = (await w.graph.get(url)).json()
            sizes.append(len(body["value"]))
            seen += [each["displayName"] for each in body["value"]]
            url = body.get("@odata.nextLink")
        too_many = await w.graph.get("/applications?$top=1000")
        strange = await w.graph.get("/applications?$skiptoken=abc")
    assert sizes == [100, 100, 51]
    assert len(set(seen)) == 251
    assert refusal(too_many) == (400, "Request_BadRequest")
    assert refusal(strange) == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("displayName eq 'Portal'", ["Portal"]),
        ("displayName eq 'PORTAL'", ["Portal"]),
        ("displayName eq 'O''Hara'", ["O'Hara"]),
        ("startswith(displayName,'Po')", ["Portal", "Posts"]),
        ("startswith(displayName,'Po') and signInAudience eq 'AzureADMyOrg'", ["Portal"]),
        ("displayName in ('Portal','Posts')", ["Portal", "Posts"]),
        ("displayName eq 'Posts' or tags/any(t:t eq 'red')", ["Portal", "Posts"]),
        ("tags/any(t:t eq 'blue')", ["Portal", "O'Hara"]),
        ("tags/any(t: startswith(t,'blu') or t eq 'x')", ["Portal", "O'Hara"]),
        ("identifierUris/any(u:u eq 'api://portal')", ["Portal"]),
        (
            "(displayName eq 'Portal' or displayName eq 'Posts') and tags/any(t:t eq 'blue')",
            ["Portal"],
        ),
        ("displayName eq 'nobody'", []),
    ],
)
async def test_filters_select_what_they_say(query: str, expected: list[str]) -> None:
    async with world() as w:
        await w.application(
            displayName="Portal", tags=["blue", "red"], identifierUris=["api://portal"]
        )
        await w.application(displayName="Posts", signInAudience="AzureADMultipleOrgs")
        await w.application(displayName="O'Hara", tags=["blue"], uniqueName="shop-ohara")
        response = await w.graph.get("/applications", params={"$filter": query})
    assert names(response) == expected


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"$filter": "displayName ne 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "not displayName eq 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "endsWith(displayName,'x')"}, "Request_UnsupportedQuery"),
        ({"$filter": "notes eq 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "uniqueName eq 'x'"}, "Request_UnsupportedQuery"),
        ({"$filter": "color eq 'x'"}, "BadRequest"),
        ({"$filter": "displayName eq"}, "BadRequest"),
        ({"$filter": "displayName like 'x'"}, "BadRequest"),
        ({"$select": "color"}, "BadRequest"),
        ({"$count": "true"}, "Request_UnsupportedQuery"),
        ({"$search": "x"}, "Request_UnsupportedQuery"),
        ({"$skip": "5"}, "BadRequest"),
        (
            {"$filter": " or ".join(f"displayName eq '{n}'" for n in range(16))},
            "Request_UnsupportedQuery",
        ),
    ],
)
async def test_unsupported_queries_are_refused(params: dict[str, str], code: str) -> None:
    """G:concepts/aad-advanced-queries.md."""
    async with world() as w:
        response = await w.graph.get("/applications", params=params)
    assert refusal(response) == (400, code)


async def test_advanced_filters_need_the_header_and_fail_in_b2c() -> None:
    """G:v1/api/application-list.md: neither $count nor $search in B2C tenants."""
    params = {"$filter": "displayName ne 'Portal'", "$count": "true"}
    eventual = {"ConsistencyLevel": "eventual"}
    async with world() as w:
        await w.application(displayName="Portal")
        allowed = await w.graph.get("/applications", params=params, headers=eventual)
    async with world(kind="b2c") as w:
        refused = await w.graph.get("/applications", params=params, headers=eventual)
    assert names(allowed) == ["Sandbox automation"]
    assert refusal(refused) == (400, "Request_UnsupportedQuery")


async def test_the_tag_filter_may_need_the_header() -> None:
    """Options.tag_filter: plain is reported (Q&A 539487), not documented."""
    params = {"$filter": "tags/any(t:t eq 'x')"}
    async with world(Options(tag_filter="eventual")) as w:
        plain = await w.graph.get("/applications", params=params)
        eventual = await w.graph.get(
            "/applications", params=params, headers={"ConsistencyLevel": "eventual"}
        )
    assert refusal(plain) == (400, "Request_UnsupportedQuery")
    assert eventual.status_code == 200


async def test_filters_can_be_case_sensitive() -> None:
    async with world(Options(case_sensitive_filters=True)) as w:
        await w.application(displayName="Portal")
        upper = await w.graph.get("/applications?$filter=displayName eq 'PORTAL'")
        exact = await w.graph.get("/applications?$filter=displayName eq 'Portal'")
    assert (names(upper), names(exact)) == ([], ["Portal"])


async def test_select_shows_exactly_what_was_asked() -> None:
    async with world() as w:
        made = await w.application()
        response = await w.graph.get(f"/applications/{made['id']}?$select=appId,displayName")
    assert response.json() == {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata"
        "#applications(appId,displayName)/$entity",
        "appId": made["appId"],
        "displayName": "Portal",
    }


async def test_an_application_needs_a_name() -> None:
    async with world() as w:
        response = await w.graph.post("/applications", json={})
    assert refusal(response) == (400, "Request_BadRequest")
    assert "displayName" in message(response)


async def test_reading_and_filtering_by_unique_name_are_switches() -> None:
    async with world(Options(unique_name_key="refuse", unique_name_filter="accept")) as w:
        await w.application(uniqueName="shop")
        by_key = await w.graph.get("/applications(uniqueName='shop')")
        filtered = await w.graph.get("/applications?$filter=uniqueName eq 'shop'")
    assert refusal(by_key) == (400, "BadRequest")
    assert names(filtered) == ["Portal"]


async def test_the_number_of_alternatives_in_a_filter_is_a_switch() -> None:
    async with world(Options(max_or_clauses=2)) as w:
        two = await w.graph.get("/applications?$filter=displayName in ('a','b')")
        three = await w.graph.get("/applications?$filter=displayName in ('a','b','c')")
    assert two.status_code == 200
    assert message(three) == (
        "Too many child clauses specified in search filter expression containing 'OR' operators: "
        "3. Max allowed: 2."
    )
