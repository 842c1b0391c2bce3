"""Lag, throttling and races; each switch flipped alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sandbox_world import (
    NOBODY,
    SCOPE_ID,
    Json,
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

LAG = Options(read_lag=2)
WORK = {"displayName": "P", "signInAudience": "AzureADMyOrg"}


async def test_a_new_object_is_invisible_to_the_next_reads() -> None:
    async with world(LAG) as w:
        made = created(await w.graph.post("/applications", json=WORK))
        reads = [
            (await w.graph.get(f"/applications/{made['id']}")).status_code,
            len((await w.graph.get("/applications?$filter=displayName eq 'P'")).json()["value"]),
            (await w.graph.get(f"/applications(appId='{made['appId']}')")).status_code,
        ]
    assert reads == [404, 0, 200]


async def test_a_read_that_does_not_touch_the_object_does_not_count() -> None:
    async with world(LAG) as w:
        made = created(await w.graph.post("/applications", json=WORK))
        for _ in range(5):
            await w.graph.get("/applications?$filter=displayName eq 'other'")
        response = await w.graph.get(f"/applications/{made['id']}")
    assert response.status_code == 404


async def test_a_change_and_a_deletion_show_the_old_state_for_a_while() -> None:
    async with world(LAG) as w:
        (identity,) = w.box.seed(w.tenant.id, "applications", [{"displayName": "Old"}])
        url = f"/applications/{identity}"
        await w.graph.patch(url, json={"displayName": "New"})
        seen = [(await w.graph.get(url)).json()["displayName"] for _ in range(3)]
        by_old_name = await w.graph.get("/applications?$filter=displayName eq 'Old'")
        await w.graph.delete(url)
        after = [(await w.graph.get(url)).status_code for _ in range(3)]
        deleted = await w.graph.get("/directory/deletedItems/microsoft.graph.application")
    assert seen == ["Old", "Old", "New"]
    assert names(by_old_name) == []
    assert after == [200, 200, 404]
    assert names(deleted, "id") == [identity]


async def test_writes_meet_the_stale_view_too() -> None:
    """404 for a write on an object that is not replicated (TF consistency helpers)."""
    async with world(LAG) as w:
        made = created(await w.graph.post("/applications", json=WORK))
        url = f"/applications/{made['id']}"
        statuses = [
            (await w.graph.patch(url, json={"notes": str(number)})).status_code
            for number in range(3)
        ]
    assert statuses == [404, 404, 204]


@pytest.mark.parametrize(
    ("switch", "refused"),
    [
        ("bad_request", (400, "Request_BadRequest")),
        ("forbidden", (403, "Authorization_RequestDenied")),
    ],
)
async def test_a_service_principal_waits_for_its_application(
    switch: Any, refused: tuple[int, str]
) -> None:
    async with world(Options(read_lag=2, service_principal_race=switch)) as w:
        made = created(await w.graph.post("/applications", json=WORK))
        answers = [
            await w.graph.post("/servicePrincipals", json={"appId": made["appId"]})
            for _ in range(3)
        ]
    assert [refusal(each) for each in answers[:2]] == [refused] * 2
    assert answers[2].status_code == 201
    if switch == "bad_request":
        assert details(answers[0]) == ["NoBackingApplicationObject"]


async def test_a_grant_and_an_assignment_wait_for_their_principals() -> None:
    async with world(LAG) as w:
        application = {"appId": NOBODY, **WORK, "appRoles": [role()]}
        w.box.seed(w.tenant.id, "applications", [application])
        graph = await w.microsoft_graph()
        made = created(await w.graph.post("/servicePrincipals", json={"appId": NOBODY}))
        grant = {
            "clientId": made["id"],
            "resourceId": graph["id"],
            "consentType": "AllPrincipals",
            "scope": "openid",
        }
        assignment = {
            "principalId": made["id"],
            "resourceId": graph["id"],
            "appRoleId": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
        }
        early = await w.graph.post("/oauth2PermissionGrants", json=grant)
        url = f"/servicePrincipals/{graph['id']}/appRoleAssignedTo"
        early_too = await w.graph.post(url, json=assignment)
        granted = await w.graph.post("/oauth2PermissionGrants", json=grant)
        twin = await w.graph.post("/oauth2PermissionGrants", json=grant)
        assigned = await w.graph.post(url, json=assignment)
        listed = [len((await w.graph.get(url)).json()["value"]) for _ in range(3)]
    assert refusal(early) == (404, "Directory_ObjectNotFound")
    assert message(early_too) == "Not a valid reference update."
    assert [granted.status_code, twin.status_code, assigned.status_code] == [201, 409, 201]
    assert listed == [0, 0, 1]


async def test_a_disabled_scope_may_still_count_as_enabled() -> None:
    """TF applicationUpdateRetryFunc; msgraph-sdk-dotnet#2044 for pre-authorisation."""
    async with world(LAG) as w:
        (identity,) = w.box.seed(
            w.tenant.id,
            "applications",
            [{"displayName": "P", "api": {"oauth2PermissionScopes": [scope()]}}],
        )
        url = f"/applications/{identity}"
        await w.graph.patch(url, json={"api": {"oauth2PermissionScopes": [scope(isEnabled=False)]}})
        removal: Json = {"api": {"oauth2PermissionScopes": []}}
        answers = [await w.graph.patch(url, json=removal) for _ in range(3)]
    assert [each.status_code for each in answers] == [400, 400, 204]
    assert refusal(answers[0]) == (400, "CannotDeleteOrUpdateEnabledEntitlement")


async def test_pre_authorisation_waits_for_its_scope_to_be_seen() -> None:
    """msgraph-sdk-dotnet#2044: the second PATCH may hit a replica without the scope."""
    async with world(LAG) as w:
        (identity,) = w.box.seed(w.tenant.id, "applications", [{"displayName": "P"}])
        url = f"/applications/{identity}"
        await w.graph.patch(url, json={"api": {"oauth2PermissionScopes": [scope()]}})
        client = {"appId": NOBODY, "delegatedPermissionIds": [SCOPE_ID]}
        body = {"api": {"preAuthorizedApplications": [client]}}
        answers = [await w.graph.patch(url, json=body) for _ in range(3)]
    assert [each.status_code for each in answers] == [400, 400, 204]
    assert refusal(answers[0]) == (400, "InvalidValue")


async def test_a_unique_name_collides_even_while_its_holder_is_invisible() -> None:
    async with world(LAG) as w:
        upsert = {"Prefer": "create-if-missing"}
        url = "/applications(uniqueName='shop')"
        first = await w.graph.patch(url, json=WORK, headers=upsert)
        second = await w.graph.patch(url, json=WORK, headers=upsert)
        third = await w.graph.patch(url, json=WORK, headers=upsert)
        fourth = await w.graph.patch(url, json=WORK, headers=upsert)
    assert [each.status_code for each in (first, second, third, fourth)] == [201, 400, 400, 204]


async def test_lag_and_options_go_on_after_a_restart(tmp_path: Path) -> None:
    async with world(LAG, directory=tmp_path) as w:
        made = created(await w.graph.post("/applications", json=WORK))
        first = await w.graph.get(f"/applications/{made['id']}")
    async with world(directory=tmp_path) as w:
        second = await w.graph.get(f"/applications/{made['id']}")
        third = await w.graph.get(f"/applications/{made['id']}")
    assert [each.status_code for each in (first, second, third)] == [404, 404, 200]


async def test_the_next_credential_writes_may_meet_a_concurrency_violation() -> None:
    """nais/azurerator#448."""
    async with world(Options(concurrency_violation=2)) as w:
        made, other = await w.application(), await w.application()
        url = f"/applications/{made['id']}/addPassword"
        answers = [await w.graph.post(url, json={}) for _ in range(4)]
        elsewhere = await w.graph.post(f"/applications/{other['id']}/addPassword", json={})
    assert [each.status_code for each in answers] == [200, 409, 409, 200]
    assert refusal(answers[1]) == (409, "Directory_ConcurrencyViolation")
    assert message(answers[1]) == (
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    )
    assert elsewhere.status_code == 200


async def test_the_status_of_a_concurrency_violation_is_a_switch() -> None:
    async with world(Options(concurrency_violation=1, concurrency_status=400)) as w:
        made = await w.application()
        url = f"/applications/{made['id']}/addPassword"
        answers = [await w.graph.post(url, json={}) for _ in range(2)]
    assert refusal(answers[1]) == (400, "Directory_ConcurrencyViolation")


async def test_a_personal_application_may_lack_its_shadow_for_a_while() -> None:
    """terraform-provider-azuread#1764."""
    async with world(Options(msa_lag=2)) as w:
        personal = created(await w.graph.post("/applications", json={"displayName": "P"}))
        work = await w.application()
        url = f"/applications/{personal['id']}"
        answers = [await w.graph.patch(url, json={"notes": "n"}) for _ in range(3)]
        other = await w.graph.patch(f"/applications/{work['id']}", json={"notes": "n"})
    assert [each.status_code for each in answers] == [409, 409, 204]
    assert refusal(answers[0]) == (409, "Error_MsaAppDoesNotExist")
    assert other.status_code == 204


async def test_sixty_writes_a_minute_on_personal_applications() -> None:
    """G:concepts/throttling-limits.md."""
    async with world(Options(throttle=True)) as w:
        personal = created(await w.graph.post("/applications", json={"displayName": "P"}))
        work = await w.application()
        url = f"/applications/{personal['id']}"
        for _ in range(59):
            assert (await w.graph.patch(url, json={})).status_code == 204
        w.clock.advance(20)
        throttled = await w.graph.patch(url, json={})
        reading = await w.graph.get(url)
        other = await w.graph.patch(f"/applications/{work['id']}", json={})
        w.clock.advance(40)
        later = await w.graph.patch(url, json={})
    assert refusal(throttled) == (429, "UnknownError")
    assert throttled.headers["retry-after"] == "40"
    assert throttled.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert throttled.headers["x-ms-throttle-scope"].startswith("Tenant_Application/Write/")
    assert [reading.status_code, other.status_code, later.status_code] == [200, 204, 204]
