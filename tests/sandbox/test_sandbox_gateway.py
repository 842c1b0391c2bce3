"""Tokens, permissions, envelopes, routes, batches and faults."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sandbox_world import (
    MICROSOFT_GRAPH,
    NOBODY,
    ROLE_ID,
    Json,
    batch,
    client,
    created,
    message,
    names,
    refusal,
    role,
    world,
)

from provisioning.sandbox import Fault, Options


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "Access token is empty."),
        ("Basic x", "Access token is empty."),
        ("Bearer not.a.token", "CompactToken parsing failed with error code: 80049217"),
    ],
)
async def test_a_request_without_a_good_token_is_a_401(header: str | None, text: str) -> None:
    async with world() as w, httpx.AsyncClient(transport=w.box.transport()) as anonymous:
        response = await anonymous.get(
            "https://graph.microsoft.com/v1.0/organization",
            headers={} if header is None else {"Authorization": header},
        )
    assert refusal(response) == (401, "InvalidAuthenticationToken")
    assert message(response) == text
    assert response.headers["www-authenticate"].startswith("Bearer realm=")


async def test_an_expired_token_is_a_401() -> None:
    async with world() as w, w.client(lifetime=60) as brief:
        before = await brief.get("/organization")
        w.clock.advance(61)
        after = await brief.get("/organization")
    assert before.status_code == 200
    assert refusal(after) == (401, "InvalidAuthenticationToken")
    assert message(after) == "Access token has expired or is not yet valid."


async def test_a_token_for_another_resource_or_tenant_opens_nothing() -> None:
    async with world() as w, world() as elsewhere:
        api = await w.application(identifierUris=["api://x"])
        await w.principal(api)
        added = await w.graph.post(f"/applications/{api['id']}/addPassword", json={})
        answer = await w.graph.post(
            f"https://login.microsoftonline.com/{w.tenant.domain}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": api["appId"],
                "client_secret": added.json()["secretText"],
                "scope": "api://x/.default",
            },
        )
        async with client(w.box, answer.json()["access_token"]) as foreign:
            audience = await foreign.get("/organization")
        other = elsewhere.box.add_tenant("fabrikam.onmicrosoft.com")
        async with client(w.box, elsewhere.box.issue_token(other.id, lifetime=999)) as stranger:
            unknown = await stranger.get("/organization")
    assert refusal(audience) == (401, "InvalidAuthenticationToken")
    assert message(audience) == "Access token validation failure. Invalid audience."
    assert refusal(unknown) == (404, "Directory_ObjectNotFound")


@pytest.mark.parametrize(
    ("roles", "method", "path", "status"),
    [
        (["Application.Read.All"], "GET", "/applications", 200),
        (["Directory.Read.All"], "GET", "/applications", 200),
        (["Organization.Read.All"], "GET", "/applications", 403),
        (["Application.Read.All"], "POST", "/applications", 403),
        (["Application.ReadWrite.All"], "POST", "/applications", 201),
        (["AppRegistration.Create"], "POST", "/applications", 201),
        (["Application.ReadWrite.OwnedBy"], "POST", "/applications", 201),
        (["Application.ReadWrite.All"], "GET", "/oauth2PermissionGrants", 403),
        (["Directory.Read.All"], "GET", "/oauth2PermissionGrants", 200),
        (["Application.ReadWrite.All"], "GET", "/organization", 403),
        (["Organization.Read.All"], "GET", "/organization", 200),
        (["Domain.Read.All"], "GET", "/domains", 200),
        ([], "GET", "/domains", 403),
    ],
)
async def test_each_operation_asks_for_its_permission(
    roles: list[str], method: str, path: str, status: int
) -> None:
    """DEVX permissions.json."""
    async with world() as w, w.client(roles=roles) as limited:
        response = await limited.request(
            method, path, json={"displayName": "P"} if method == "POST" else None
        )
    assert response.status_code == status
    if status == 403:
        assert refusal(response) == (403, "Authorization_RequestDenied")
        assert message(response) == "Insufficient privileges to complete the operation."


async def test_assignments_need_a_second_permission() -> None:
    """DEVX AlsoRequires."""
    async with world() as w:
        resource = await w.principal(await w.application(appRoles=[role()]))
        mine = await w.principal()
        url = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
        body = {"principalId": mine["id"], "resourceId": resource["id"], "appRoleId": ROLE_ID}
        statuses = []
        for roles in (
            ["AppRoleAssignment.ReadWrite.All"],
            ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"],
        ):
            async with w.client(roles=roles) as limited:
                statuses.append((await limited.post(url, json=body)).status_code)
    assert statuses == [403, 201]


async def test_owned_by_makes_the_creator_owner_and_opens_only_what_it_owns() -> None:
    """G:v1/api/application-post-applications.md: Application.ReadWrite.OwnedBy."""
    async with world() as w, w.client(roles=["Application.ReadWrite.OwnedBy"]) as limited:
        foreign = await w.application()
        mine = created(
            await limited.post(
                "/applications", json={"displayName": "P", "signInAudience": "AzureADMyOrg"}
            )
        )
        principal = created(await limited.post("/servicePrincipals", json={"appId": mine["appId"]}))
        owners = await w.graph.get(f"/applications/{mine['id']}/owners")
        statuses = [
            (await limited.patch(f"/applications/{mine['id']}", json={})).status_code,
            (await limited.patch(f"/servicePrincipals/{principal['id']}", json={})).status_code,
            (await limited.get(f"/applications/{foreign['id']}")).status_code,
            (await limited.patch(f"/applications/{foreign['id']}", json={})).status_code,
            (await limited.post(f"/applications/{foreign['id']}/addPassword", json={})).status_code,
            (await limited.delete(f"/applications/{foreign['id']}")).status_code,
        ]
        nowhere = await limited.post("/servicePrincipals", json={"appId": NOBODY})
        mapped = await limited.post(
            "/applications", json={"displayName": "P", "api": {"acceptMappedClaims": True}}
        )
    assert names(owners, "appDisplayName") == ["Sandbox automation"]
    assert statuses == [204, 204, 200, 403, 403, 403]
    assert refusal(nowhere) == (403, "Authorization_RequestDenied")
    assert message(nowhere).endswith("must in the local tenant")
    assert mapped.status_code == 403


@pytest.mark.parametrize(("switch", "count"), [(True, 1), (False, 0)])
async def test_whether_the_signed_in_creator_owns_is_a_switch(switch: Any, count: int) -> None:
    async with world(Options(delegated_owner=switch)) as w:
        async with w.client(scopes=["Application.ReadWrite.All"]) as user:
            made = created(await user.post("/applications", json={"displayName": "P"}))
        owners = await w.graph.get(f"/applications/{made['id']}/owners")
    assert len(owners.json()["value"]) == count


async def test_a_client_whose_principal_is_gone_is_nobody() -> None:
    async with world() as w:
        other = await w.principal()
        async with w.client(app_id=other["appId"]) as doomed:
            await w.graph.delete(f"/servicePrincipals/{other['id']}")
            response = await doomed.get("/organization")
        with pytest.raises(LookupError, match="has no service principal"):
            w.box.issue_token(w.tenant.id, app_id=other["appId"])
    assert refusal(response) == (401, "Authorization_IdentityNotFound")


async def test_errors_and_answers_carry_the_documented_headers_and_envelope() -> None:
    """microsoft-graph-docs#21667; G:concepts/json-batching.md."""
    async with world() as w:
        fine = await w.graph.get("/organization", headers={"client-request-id": "abc"})
        wrong = await w.graph.get(f"/applications/{NOBODY}")
    assert fine.headers["client-request-id"] == "abc"
    assert fine.headers["odata-version"] == "4.0"
    assert fine.headers["content-type"] == (
        "application/json;odata.metadata=minimal;odata.streaming=true;"
        "IEEE754Compatible=false;charset=utf-8"
    )
    assert fine.headers["date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    inner = wrong.json()["error"]["innerError"]
    assert inner == {
        "date": "2026-03-01T12:00:00",
        "request-id": wrong.headers["request-id"],
        "client-request-id": wrong.headers["request-id"],
    }


async def test_unknown_paths_are_501_and_wrong_verbs_405() -> None:
    async with world() as w:
        unknown = await w.graph.get("/groupLifecyclePolicies")
        delta = await w.graph.get("/applications/delta")
        verb = await w.graph.put("/applications", json={})
        write = await w.graph.post("/users", json={})
        login = await w.graph.post("https://login.microsoftonline.com/common/oauth2/nonsense")
    assert refusal(unknown) == (501, "NotImplemented")
    assert message(unknown) == "The sandbox does not offer GET /groupLifecyclePolicies."
    assert delta.status_code == write.status_code == login.status_code == 501
    assert refusal(verb) == (405, "Request_BadRequest")
    assert message(verb) == ("Specified HTTP method is not allowed for the request target.")


async def test_the_directory_can_be_read() -> None:
    """G:v1/api/organization-get.md; G:v1/api/user-get.md for the default properties."""
    async with world(kind="b2c") as w:
        alice = w.box.add_user(w.tenant.id, "alice@contoso.onmicrosoft.com", "Alice")
        helpdesk = w.box.add_group(w.tenant.id, "Helpdesk")
        (organization,) = (await w.graph.get("/organization")).json()["value"]
        domain = (await w.graph.get("/domains/contoso.onmicrosoft.com")).json()
        by_name = await w.graph.get("/users/alice@contoso.onmicrosoft.com")
        by_id = await w.graph.get(f"/users/{alice}?$select=id,createdDateTime")
        filtered = await w.graph.get(
            "/users?$filter=userPrincipalName eq 'alice@contoso.onmicrosoft.com'"
        )
        group = await w.graph.get("/groups?$filter=displayName eq 'Helpdesk'")
        anything = (await w.graph.get(f"/directoryObjects/{helpdesk}")).json()
        nobody = await w.graph.get("/users/bob@contoso.onmicrosoft.com")
        app_only = await w.graph.get("/me")
        async with w.client(scopes=["User.Read"], user_id=alice) as user:
            me = (await user.get("/me")).json()
            reduced = await user.get("/organization")
            forbidden = await user.get("/users")
    assert organization["id"] == w.tenant.id
    assert organization["tenantType"] == "AAD B2C"
    assert organization["verifiedDomains"][0]["isInitial"] is True
    assert (domain["id"], domain["isInitial"], domain["isDefault"]) == (
        "contoso.onmicrosoft.com",
        True,
        True,
    )
    assert by_name.json()["id"] == alice
    assert "createdDateTime" not in by_name.json()
    assert by_id.json()["createdDateTime"] == "2026-03-01T12:00:00Z"
    assert names(filtered, "id") == [alice]
    assert names(group, "id") == [helpdesk]
    assert anything["@odata.type"] == "#microsoft.graph.group"
    assert refusal(nobody) == (404, "Request_ResourceNotFound")
    assert refusal(app_only) == (400, "BadRequest")
    assert me["id"] == alice
    assert [reduced.status_code, forbidden.status_code] == [200, 403]


async def test_every_tenant_starts_with_microsoft_graph_and_b2c_with_its_extensions_app() -> None:
    """DEVX permissions-descriptions.json."""
    async with world(kind="b2c") as w:
        graph = await w.microsoft_graph()
        extensions = await w.graph.get("/applications?$filter=startswith(displayName,'b2c-ext')")
        app_id = extensions.json()["value"][0]["appId"]
        principal = await w.graph.get(f"/servicePrincipals(appId='{app_id}')")
    scopes = {each["value"]: each["id"] for each in graph["oauth2PermissionScopes"]}
    roles = {each["value"]: each["id"] for each in graph["appRoles"]}
    assert graph["appId"] == MICROSOFT_GRAPH
    assert scopes["openid"] == "37f7f235-527c-4136-accd-4a02d197296e"
    assert roles["Application.ReadWrite.OwnedBy"] == "18a4783c-866b-4cc7-a460-3d5e5662c884"
    assert "Application.ReadWrite.OwnedBy" not in scopes
    assert names(extensions) == [
        "b2c-extensions-app. Do not modify. Used by AADB2C for storing user data."
    ]
    assert principal.status_code == 200


def get(identity: str, url: str, **more: Any) -> Json:
    return {"id": identity, "method": "GET", "url": url, **more}


def post(identity: str, url: str, body: Json, **more: Any) -> Json:
    headers = {"Content-Type": "application/json"}
    return {
        "id": identity,
        "method": "POST",
        "url": url,
        "body": body,
        "headers": headers,
        **more,
    }


async def test_a_batch_answers_each_item_in_any_order() -> None:
    """G:concepts/json-batching.md."""
    body = batch(
        get("1", "/organization"),
        get("2", "applications?$filter=displayName eq 'P'"),
        get("3", f"/applications/{NOBODY}"),
        post("4", "/applications", {"displayName": "P"}),
    )
    async with world() as w:
        response = await w.graph.post("/$batch", json=body)
        log = list(w.box.log)
    answers = {each["id"]: each for each in response.json()["responses"]}
    assert response.status_code == 200
    assert [each["id"] for each in response.json()["responses"]] == ["4", "3", "2", "1"]
    assert {key: each["status"] for key, each in answers.items()} == {
        "1": 200,
        "2": 200,
        "3": 404,
        "4": 201,
    }
    assert answers["3"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert answers["1"]["headers"]["Content-Type"].startswith("application/json")
    assert [(each.path, each.in_batch, each.outer_call) for each in log] == [
        ("/v1.0/$batch", False, 1),
        ("/v1.0/organization", True, 1),
        ("/v1.0/applications?$filter=displayName eq 'P'", True, 1),
        (f"/v1.0/applications/{NOBODY}", True, 1),
        ("/v1.0/applications", True, 1),
    ]


async def test_a_batch_can_be_answered_as_sent() -> None:
    async with world(Options(batch_responses="as_sent")) as w:
        response = await w.graph.post(
            "/$batch", json=batch(get("1", "/organization"), get("2", "/domains"))
        )
    assert [each["id"] for each in response.json()["responses"]] == ["1", "2"]


async def test_the_size_of_a_batch_is_a_switch() -> None:
    async with world(Options(max_batch=1)) as w:
        response = await w.graph.post(
            "/$batch", json=batch(get("1", "/organization"), get("2", "/domains"))
        )
    assert refusal(response) == (400, "BadRequest")


async def test_a_failed_dependency_is_a_424() -> None:
    body = batch(
        get("3", "/organization", dependsOn=["2"]),
        get("1", f"/applications/{NOBODY}"),
        get("2", "/organization", dependsOn=["1"]),
        get("4", "/organization"),
    )
    async with world() as w:
        response = await w.graph.post("/$batch", json=body)
    assert {each["id"]: each["status"] for each in response.json()["responses"]} == {
        "1": 404,
        "2": 424,
        "3": 424,
        "4": 200,
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": "x"},
        batch(*(get(str(number), "/organization") for number in range(21))),
        batch(get("a", "/organization"), get("A", "/organization")),
        batch(get("1", "https://graph.microsoft.com/v1.0/organization")),
        batch(get("1", "/organization", dependsOn=["2"])),
        batch(
            get("1", "/organization", dependsOn=["2"]), get("2", "/organization", dependsOn=["1"])
        ),
        batch(post("1", "/applications", {"displayName": "P"}, headers={})),
        batch({"method": "GET", "url": "/organization"}),
    ],
)
async def test_a_malformed_batch_is_a_400_as_a_whole(body: Json) -> None:
    async with world() as w:
        response = await w.graph.post("/$batch", json=body)
    assert refusal(response) == (400, "BadRequest")


async def test_a_fault_hits_the_scripted_request_and_no_other() -> None:
    async with world() as w:
        w.box.faults.add(
            Fault(
                method="GET",
                path=r"/organization",
                skip=1,
                times=2,
                status=429,
                code="TooManyRequests",
                message="Slow down.",
                headers={"Retry-After": "7"},
            )
        )
        answers = [await w.graph.get("/organization") for _ in range(4)]
        other = await w.graph.get("/domains")
    assert [each.status_code for each in answers] == [200, 429, 429, 200]
    assert answers[1].headers["retry-after"] == "7"
    assert answers[1].json()["error"]["message"] == "Slow down."
    assert other.status_code == 200


async def test_a_fault_hits_items_of_a_batch() -> None:
    async with world() as w:
        w.box.faults.add(Fault(path="/organization$", status=503, headers={"Retry-After": "3"}))
        response = await w.graph.post(
            "/$batch", json=batch(get("1", "/organization"), get("2", "/domains"))
        )
    answers = {each["id"]: each for each in response.json()["responses"]}
    assert (answers["1"]["status"], answers["2"]["status"]) == (503, 200)
    assert answers["1"]["headers"]["Retry-After"] == "3"


async def test_a_fault_after_the_commit_has_done_the_work() -> None:
    async with world() as w:
        w.box.faults.add(Fault(method="POST", path="/applications$", status=504, after_commit=True))
        response = await w.graph.post("/applications", json={"displayName": "Twin"})
        found = await w.graph.get("/applications?$filter=displayName eq 'Twin'")
    assert response.status_code == 504
    assert names(found) == ["Twin"]


async def test_a_fault_can_send_any_body() -> None:
    async with world() as w:
        w.box.faults.add(
            Fault(
                path="organization",
                status=502,
                body="<html>",
                headers={"Content-Type": "text/html"},
            )
        )
        response = await w.graph.get("/organization")
    assert (response.status_code, response.text) == (502, "<html>")
    assert response.headers["content-type"] == "text/html"


async def test_a_dropped_connection_is_refused_before_or_lost_after_the_work() -> None:
    async with world() as w:
        w.box.faults.add(Fault(path="/applications$", drop=True))
        w.box.faults.add(Fault(path="/applications$", drop=True, after_commit=True))
        with pytest.raises(httpx.ConnectError):
            await w.graph.post("/applications", json={"displayName": "Lost"})
        with pytest.raises(httpx.ReadError):
            await w.graph.post("/applications", json={"displayName": "Found"})
        found = await w.graph.get("/applications?$filter=displayName in ('Lost','Found')")
    assert names(found) == ["Found"]


async def test_a_drop_inside_a_batch_loses_the_whole_batch() -> None:
    async with world() as w:
        w.box.faults.add(Fault(path="/domains", drop=True, after_commit=True))
        body = batch(
            post("1", "/applications", {"displayName": "Done"}),
            get("2", "/domains"),
            post("3", "/applications", {"displayName": "Never"}),
        )
        with pytest.raises(httpx.ReadError):
            await w.graph.post("/$batch", json=body)
        found = await w.graph.get("/applications?$filter=displayName in ('Done','Never')")
    assert names(found) == ["Done"]


def test_a_fault_is_read_from_a_mapping_and_unknown_keys_are_named() -> None:
    assert Fault.from_mapping({"path": "/x", "times": -1}) == Fault(path="/x", times=-1)
    with pytest.raises(ValueError, match="unknown fault key sttaus"):
        Fault.from_mapping({"sttaus": 500})
