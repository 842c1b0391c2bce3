"""Service principals, grants, assignments and deletion."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_world import (
    MICROSOFT_GRAPH,
    NOBODY,
    ROLE_ID,
    Json,
    World,
    created,
    details,
    message,
    names,
    refusal,
    role,
    scope,
    world,
)

from provisioning.sandbox import Options

NO_ROLE = "00000000-0000-0000-0000-000000000000"


async def test_a_service_principal_mirrors_its_application() -> None:
    """G:v1/api/serviceprincipal-post-serviceprincipals.md; tags: G:v1/resources/application.md."""
    async with world() as w:
        application = await w.application(
            identifierUris=["api://x"],
            tags=["blue"],
            appRoles=[role()],
            api={"oauth2PermissionScopes": [scope()]},
            web={"redirectUris": ["https://a.test"]},
        )
        made = await w.principal(application)
        await w.graph.patch(
            f"/applications/{application['id']}",
            json={"displayName": "Shop", "identifierUris": ["api://y"]},
        )
        after = (await w.graph.get(f"/servicePrincipals(appId='{made['appId']}')")).json()
    assert made["accountEnabled"] is True
    assert made["appRoleAssignmentRequired"] is False
    assert made["servicePrincipalType"] == "Application"
    assert made["appOwnerOrganizationId"] == w.tenant.id
    assert made["servicePrincipalNames"] == [application["appId"], "api://x"]
    assert made["replyUrls"] == ["https://a.test"]
    assert made["appRoles"][0]["id"] == ROLE_ID
    assert made["oauth2PermissionScopes"][0]["value"] == "read"
    assert made["tags"] == ["blue"]
    assert after["displayName"] == after["appDisplayName"] == "Shop"
    assert after["servicePrincipalNames"] == [application["appId"], "api://y"]


async def test_mirroring_tags_is_a_switch() -> None:
    async with world(Options(mirror_tags=False)) as w:
        made = await w.principal(await w.application(tags=["blue"]))
    assert made["tags"] == []


async def test_own_tags_of_a_service_principal_stand_beside_the_applications() -> None:
    async with world() as w:
        made = await w.principal(await w.application(tags=["blue"]))
        url = f"/servicePrincipals/{made['id']}"
        await w.graph.patch(url, json={"tags": ["HideApp"]})
        after = (await w.graph.get(url)).json()
        by_tag = await w.graph.get("/servicePrincipals?$filter=tags/any(t:t eq 'HideApp')")
    assert after["tags"] == ["HideApp", "blue"]
    assert names(by_tag, "id") == [made["id"]]


async def test_one_service_principal_per_application() -> None:
    """Azure/reliable-web-app-pattern-java#185."""
    async with world() as w:
        made = await w.principal()
        twin = await w.graph.post("/servicePrincipals", json={"appId": made["appId"]})
    assert refusal(twin) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert message(twin) == (
        "The service principal cannot be created, updated, or restored because the service "
        f"principal name {made['appId']} is already in use."
    )


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ("bad_request", (400, "Request_BadRequest")),
        ("forbidden", (403, "Authorization_RequestDenied")),
    ],
)
async def test_a_service_principal_without_application_is_refused(
    switch: Any, expected: tuple[int, str]
) -> None:
    async with world(Options(service_principal_race=switch)) as w:
        response = await w.graph.post("/servicePrincipals", json={"appId": NOBODY})
    assert refusal(response) == expected
    if switch == "bad_request":
        assert details(response) == ["NoBackingApplicationObject"]
        assert message(response) == (
            f"The appId '{NOBODY}' of the service principal does not reference a valid "
            "application object."
        )


async def test_a_wide_application_of_another_tenant_can_be_installed() -> None:
    async with world() as w:
        other = w.box.add_tenant("fabrikam.onmicrosoft.com")
        for number, audience in ((1, "AzureADMultipleOrgs"), (2, "AzureADMyOrg")):
            w.box.seed(
                other.id,
                "applications",
                [
                    {
                        "appId": f"44444444-0000-4000-8000-00000000000{number}",
                        "displayName": "F",
                        "signInAudience": audience,
                    }
                ],
            )
        wide, narrow = [
            await w.graph.post("/servicePrincipals", json={"appId": app_id})
            for app_id in (
                "44444444-0000-4000-8000-000000000001",
                "44444444-0000-4000-8000-000000000002",
            )
        ]
    assert wide.json()["appOwnerOrganizationId"] == other.id
    assert narrow.status_code == 400


async def test_a_service_principal_is_updated_upserted_and_deleted() -> None:
    """CSDL: Upsertable, alternate key appId."""
    upsert = {"Prefer": "create-if-missing"}
    async with world() as w:
        application = await w.application()
        url = f"/servicePrincipals(appId='{application['appId']}')"
        missing = await w.graph.patch(url, json={"notes": "n"})
        first = await w.graph.patch(url, json={"notes": "n"}, headers=upsert)
        second = await w.graph.patch(url, json={"accountEnabled": False}, headers=upsert)
        mirrored = await w.graph.patch(url, json={"displayName": "Other"})
        after = (await w.graph.get(url)).json()
        deleted = await w.graph.delete(url)
        gone = await w.graph.get(url)
    assert [missing.status_code, first.status_code, second.status_code] == [404, 201, 204]
    assert mirrored.status_code == 400
    assert (after["notes"], after["accountEnabled"]) == ("n", False)
    assert [deleted.status_code, gone.status_code] == [204, 404]


async def test_the_id_of_a_grant_is_computed_from_its_ends() -> None:
    """G:b/api/oauth2permissiongrant-post.md: base64url of the little-endian GUID bytes."""
    async with world() as w:
        client, resource = await w.principal(), await w.microsoft_graph()
        everyone = await w.grant(client["id"], resource["id"])
        alice = w.box.add_user(w.tenant.id, "alice@contoso.onmicrosoft.com", "Alice")
        single = created(
            await w.graph.post(
                "/oauth2PermissionGrants",
                json={
                    "clientId": client["id"],
                    "resourceId": resource["id"],
                    "consentType": "Principal",
                    "principalId": alice,
                    "scope": "User.Read",
                },
            )
        )
        seeded = w.box.seed(
            w.tenant.id,
            "oauth2PermissionGrants",
            [
                {
                    "clientId": "ef969797-201d-4f6b-960c-e9ed5f31dab5",
                    "resourceId": "943603e4-e787-4fe9-93d1-e30f749aae39",
                }
            ],
        )
    assert len(everyone["id"]) == 43
    assert len(single["id"]) == 64
    assert single["id"].startswith(everyone["id"][:42])
    assert set(everyone) == {
        "@odata.context",
        "clientId",
        "consentType",
        "id",
        "principalId",
        "resourceId",
        "scope",
    }
    assert seeded == ["l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk"]


async def test_a_second_grant_for_the_same_pair_is_a_409() -> None:
    """Azure/azure-cli#20974."""
    async with world() as w:
        client, resource = await w.principal(), await w.microsoft_graph()
        body = await w.grant(client["id"], resource["id"])
        twin = await w.graph.post(
            "/oauth2PermissionGrants",
            json={
                "clientId": client["id"],
                "resourceId": resource["id"],
                "consentType": "AllPrincipals",
                "scope": "profile",
            },
        )
        url = f"/oauth2PermissionGrants/{body['id']}"
        patched = await w.graph.patch(url, json={"scope": "openid profile"})
        moved = await w.graph.patch(url, json={"clientId": resource["id"]})
        after = (await w.graph.get(url)).json()
        deleted = await w.graph.delete(url)
        gone = await w.graph.get(url)
    assert refusal(twin) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert message(twin) == "Permission entry already exists."
    assert [patched.status_code, moved.status_code] == [204, 400]
    assert after["scope"] == "openid profile"
    assert [deleted.status_code, gone.status_code] == [204, 404]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"clientId": NOBODY}, (404, "Directory_ObjectNotFound")),
        ({"resourceId": MICROSOFT_GRAPH}, (404, "Directory_ObjectNotFound")),
        ({"clientId": "me"}, (400, "Request_BadRequest")),
        ({"consentType": "Everybody"}, (400, "Request_BadRequest")),
        ({"consentType": "Principal"}, (400, "Request_BadRequest")),
        ({"principalId": NOBODY}, (400, "Request_BadRequest")),
        ({"consentType": "Principal", "principalId": NOBODY}, (404, "Request_ResourceNotFound")),
        ({"scope": "x" * 3851}, (400, "Request_BadRequest")),
        ({"expiryTime": "2027-01-01T00:00:00Z"}, (400, "Request_BadRequest")),
    ],
)
async def test_a_bad_grant_is_refused(changes: Json, expected: tuple[int, str]) -> None:
    """clientId and resourceId are object ids, not appIds; v1.0 has no expiryTime (CSDL)."""
    async with world() as w:
        client, resource = await w.principal(), await w.microsoft_graph()
        response = await w.graph.post(
            "/oauth2PermissionGrants",
            json={
                "clientId": client["id"],
                "resourceId": resource["id"],
                "consentType": "AllPrincipals",
                "scope": "openid",
                **changes,
            },
        )
    assert refusal(response) == expected


async def test_the_beta_endpoint_insists_on_an_expiry_time() -> None:
    """microsoft-graph-docs#5695."""
    async with world() as w:
        client, resource = await w.principal(), await w.microsoft_graph()
        body = {
            "clientId": client["id"],
            "resourceId": resource["id"],
            "consentType": "AllPrincipals",
            "scope": "openid",
        }
        url = "https://graph.microsoft.com/beta/oauth2PermissionGrants"
        without = await w.graph.post(url, json=body)
        with_time = await w.graph.post(url, json={**body, "expiryTime": "2027-01-01T00:00:00Z"})
    assert message(without) == "Missing property: expiryTime"
    assert with_time.status_code == 201


async def test_grants_are_filtered_by_equality_only() -> None:
    async with world() as w:
        first, second, resource = (
            await w.principal(),
            await w.principal(),
            await w.microsoft_graph(),
        )
        for each in (first, second):
            await w.grant(each["id"], resource["id"])
        mine = await w.graph.get(
            f"/oauth2PermissionGrants?$filter=clientId eq '{first['id']}' "
            "and consentType eq 'AllPrincipals'"
        )
        navigated = await w.graph.get(f"/servicePrincipals/{second['id']}/oauth2PermissionGrants")
        starts = await w.graph.get("/oauth2PermissionGrants?$filter=startswith(clientId,'a')")
    assert names(mine, "clientId") == [first["id"]]
    assert names(navigated, "clientId") == [second["id"]]
    assert refusal(starts) == (400, "Request_UnsupportedQuery")


async def test_grant_switches() -> None:
    """Scope validation and the leading space are unverified; the 404 code varies."""
    async with world(Options(scope_validation=True, grant_leading_space=True)) as w:
        client, resource = await w.principal(), await w.microsoft_graph()
        known = await w.grant(client["id"], resource["id"])
        unknown = await w.graph.patch(
            f"/oauth2PermissionGrants/{known['id']}", json={"scope": "Fly.All"}
        )
    async with world(Options(grant_race="resource_not_found")) as w:
        dangling = await w.graph.post(
            "/oauth2PermissionGrants",
            json={"clientId": NOBODY, "resourceId": NOBODY, "consentType": "AllPrincipals"},
        )
    assert known["scope"] == " openid"
    assert refusal(unknown) == (400, "Request_BadRequest")
    assert refusal(dangling) == (404, "Request_ResourceNotFound")


async def resource_with_role(w: World) -> Json:
    return await w.principal(await w.application(appRoles=[role()]))


async def test_an_assignment_is_seen_from_both_ends() -> None:
    """G:v1/api/serviceprincipal-post-approleassignments.md."""
    async with world() as w:
        resource, client = await resource_with_role(w), await w.principal()
        helpdesk = w.box.add_group(w.tenant.id, "Helpdesk")
        body = {"resourceId": resource["id"], "appRoleId": ROLE_ID}
        assigned_to = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
        group = created(await w.graph.post(assigned_to, json={**body, "principalId": helpdesk}))
        own = f"/servicePrincipals/{client['id']}/appRoleAssignments"
        app = created(await w.graph.post(own, json={**body, "principalId": client["id"]}))
        listed = await w.graph.get(assigned_to)
        by_name = await w.graph.get(
            f"{assigned_to}?$filter=startswith(principalDisplayName,'Help')"
        )
        from_group = await w.graph.get(f"/groups/{helpdesk}/appRoleAssignments")
        from_client = await w.graph.get(f"{own}?$filter=resourceId eq {resource['id']}")
        deleted = await w.graph.delete(f"{assigned_to}/{group['id']}")
        left = await w.graph.get(assigned_to)
        patched = await w.graph.patch(f"{own}/{app['id']}", json={})
    assert len(group["id"]) == 43
    assert group["principalType"] == "Group"
    assert group["principalDisplayName"] == "Helpdesk"
    assert group["resourceDisplayName"] == "Portal"
    assert names(listed, "id") == [group["id"], app["id"]]
    assert names(by_name, "id") == names(from_group, "id") == [group["id"]]
    assert names(from_client, "id") == [app["id"]]
    assert deleted.status_code == 204
    assert names(left, "id") == [app["id"]]
    assert refusal(patched) == (405, "Request_BadRequest")


@pytest.mark.parametrize(
    ("switch", "code", "text"),
    [
        (
            "bad_request",
            "Request_BadRequest",
            "Permission being assigned already exists on the object",
        ),
        (
            "same_key",
            "Request_MultipleObjectsWithSameKeyValue",
            "EntitlementGrant entry already exists.",
        ),
    ],
)
async def test_a_duplicate_assignment_is_one_of_two_400s(switch: Any, code: str, text: str) -> None:
    """msgraph-bicep-types#161."""
    async with world(Options(assignment_duplicate=switch)) as w:
        resource, client = await resource_with_role(w), await w.principal()
        body = {
            "principalId": client["id"],
            "resourceId": resource["id"],
            "appRoleId": ROLE_ID,
        }
        url = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
        created(await w.graph.post(url, json=body))
        twin = await w.graph.post(url, json=body)
    assert refusal(twin) == (400, code)
    assert message(twin) == text


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ("bad_request", (400, "Request_BadRequest")),
        ("not_found", (404, "Request_ResourceNotFound")),
    ],
)
async def test_an_assignment_to_nobody_is_refused(switch: Any, expected: tuple[int, str]) -> None:
    async with world(Options(assignment_race=switch)) as w:
        resource = await resource_with_role(w)
        url = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
        body = {"principalId": NOBODY, "resourceId": resource["id"], "appRoleId": ROLE_ID}
        response = await w.graph.post(url, json=body)
    assert refusal(response) == expected


async def test_the_zero_role_is_for_resources_without_roles() -> None:
    """G:v1/resources/approleassignment.md."""
    async with world() as w:
        roleless, resource, client = (
            await w.principal(),
            await resource_with_role(w),
            await w.principal(),
        )
        answers = [
            await w.graph.post(
                f"/servicePrincipals/{each['id']}/appRoleAssignedTo",
                json={
                    "principalId": client["id"],
                    "resourceId": each["id"],
                    "appRoleId": wanted,
                },
            )
            for each, wanted in ((roleless, NO_ROLE), (resource, NO_ROLE), (resource, NOBODY))
        ]
    assert [each.status_code for each in answers] == [201, 400, 400]


async def test_deleting_and_restoring_an_application_takes_its_principal_along() -> None:
    """E:howto-restore-app.md; G:v1/api/directory-deleteditems-list.md."""
    async with world() as w:
        application = await w.application(uniqueName="shop", identifierUris=["api://x"])
        client, resource = await w.principal(application), await w.microsoft_graph()
        grant = await w.grant(client["id"], resource["id"])
        deleted = await w.graph.delete(f"/applications/{application['id']}")
        gone = [
            (await w.graph.get(f"/applications/{application['id']}")).status_code,
            (await w.graph.get(f"/servicePrincipals/{client['id']}")).status_code,
            (await w.graph.get(f"/oauth2PermissionGrants/{grant['id']}")).status_code,
        ]
        listed = await w.graph.get("/directory/deletedItems/microsoft.graph.application")
        item = await w.graph.get(f"/directory/deletedItems/{application['id']}")
        held = await w.graph.post("/applications", json={"displayName": "P", "uniqueName": "shop"})
        restored = await w.graph.post(f"/directory/deletedItems/{application['id']}/restore")
        back = (await w.graph.get("/applications(uniqueName='shop')")).json()
        principal = await w.graph.get(f"/servicePrincipals/{client['id']}")
        granted = await w.graph.get(f"/oauth2PermissionGrants/{grant['id']}")
    assert deleted.status_code == 204
    assert gone == [404, 404, 404]
    assert names(listed, "id") == [application["id"]]
    assert item.json()["@odata.type"] == "#microsoft.graph.application"
    assert item.json()["deletedDateTime"] == "2026-03-01T12:00:00Z"
    assert held.status_code == 400
    assert (restored.status_code, restored.json()["id"]) == (200, application["id"])
    assert (back["id"], back["deletedDateTime"]) == (application["id"], None)
    assert [principal.status_code, granted.status_code] == [200, 200]


async def test_whether_the_principal_is_restored_is_a_switch() -> None:
    async with world(Options(restore_service_principal=False)) as w:
        application = await w.application()
        client = await w.principal(application)
        await w.graph.delete(f"/applications/{application['id']}")
        await w.graph.post(f"/directory/deletedItems/{application['id']}/restore")
        principal = await w.graph.get(f"/servicePrincipals/{client['id']}")
        later = await w.graph.post(f"/directory/deletedItems/{client['id']}/restore")
    assert [principal.status_code, later.status_code] == [404, 200]


async def test_purging_frees_the_names_but_not_the_principal() -> None:
    async with world() as w:
        application = await w.application(uniqueName="shop", identifierUris=["api://x"])
        client = await w.principal(application)
        await w.graph.delete(f"/applications/{application['id']}")
        purged = await w.graph.delete(f"/directory/deletedItems/{application['id']}")
        again = await w.graph.get(f"/directory/deletedItems/{application['id']}")
        await w.application(uniqueName="shop", identifierUris=["api://x"])
        deleted = await w.graph.get("/directory/deletedItems/microsoft.graph.servicePrincipal")
    assert [purged.status_code, again.status_code] == [204, 404]
    assert names(deleted, "id") == [client["id"]]


@pytest.mark.parametrize(("holds", "status"), [(True, 400), (False, 201)])
async def test_whether_deleted_applications_hold_their_uris_is_a_switch(
    holds: Any, status: int
) -> None:
    async with world(Options(deleted_holds_identifier_uri=holds)) as w:
        application = await w.application(identifierUris=["api://x"])
        await w.graph.delete(f"/applications/{application['id']}")
        response = await w.graph.post(
            "/applications",
            json={
                "displayName": "P",
                "signInAudience": "AzureADMyOrg",
                "identifierUris": ["api://x"],
            },
        )
    assert response.status_code == status


async def test_a_new_principal_stands_in_the_way_of_the_deleted_one() -> None:
    async with world() as w:
        application = await w.application()
        first = await w.principal(application)
        await w.graph.delete(f"/servicePrincipals/{first['id']}")
        await w.principal(application)
        response = await w.graph.post(f"/directory/deletedItems/{first['id']}/restore")
    assert refusal(response) == (409, "Request_MultipleObjectsWithSameKeyValue")
