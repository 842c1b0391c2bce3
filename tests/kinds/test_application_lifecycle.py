"""Applications against a tenant: made, changed, adopted, removed, brought back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import DOMAIN, Stage, holds, rules, steps

from provisioning.core.plan import Action, to_json
from provisioning.core.report import Result
from provisioning.engine import reconcile
from provisioning.render import text
from provisioning.sandbox import Fault

API = """
api:
  displayName: API
  identifierUris: ["https://contoso.onmicrosoft.com/api", "api://${application.api.appId}"]
  scopes:
    read: {adminConsentDisplayName: Read, adminConsentDescription: Reads}
    write: {adminConsentDisplayName: Write, adminConsentDescription: Writes}
  preAuthorized: [{application: app, scopes: [read]}]
  knownClients: [app]
  notes: hello
  info: {supportUrl: "https://contoso.example/support"}
app:
  displayName: App
  allowPublicClient: true
  oauth2AllowImplicitFlow: true
  publicClient: {redirectUris: ["myapp://auth"]}
  web: {redirectUris: ["https://localhost/x"]}
  spa: {redirectUris: ["https://localhost/spa"]}
  permissions:
    - {resource: microsoftGraph, delegated: [openid, offline_access], adminConsent: true}
    - {resource: api, delegated: [read, write], adminConsent: true}
"""
LATER = """
api:
  displayName: API
  scopes:
    read: {adminConsentDisplayName: Read it, adminConsentDescription: Reads}
    admin: {adminConsentDisplayName: Admin, adminConsentDescription: Administers}
  preAuthorized: [{application: app, scopes: [admin]}]
app:
  displayName: App
  permissions:
    - {resource: microsoftGraph, delegated: [openid], adminConsent: true}
    - {resource: api, delegated: [admin], adminConsent: true}
"""
PLAIN = """
app: {displayName: App}
"""
UNVERIFIED: list[dict[str, Any]] = [
    {},
    {"read_lag": 3},
    {"unique_name_on_post": "refuse"},
    {"unique_name_on_post": "refuse", "unique_name_upsert": "refuse"},
    {
        "unique_name_on_post": "refuse",
        "unique_name_upsert": "refuse",
        "unique_name_on_patch": "refuse",
    },
    {"api_patch": "replace"},
    {"scope_edit_while_enabled": "refuse"},
    {"tag_filter": "eventual"},
    {"mirror_tags": False},
    {"grant_leading_space": True},
    {"restore_service_principal": False},
    {"msa_lag": 2},
    {"service_principal_race": "forbidden", "read_lag": 2},
    {"grant_race": "resource_not_found", "read_lag": 2},
]


@pytest.mark.parametrize("switches", UNVERIFIED, ids=lambda s: ",".join(s) or "documented")
async def test_it_converges_whatever_the_unverified_rules_are(
    tmp_path: Path, switches: dict[str, Any]
) -> None:
    stage = Stage.fresh(tmp_path, **switches)
    plain_list = switches.get("tag_filter") != "eventual"
    for apps in (API, LATER, API) if plain_list else ():
        await stage.settle(apps)
    if not plain_list:
        for apps in (API, LATER):
            report = await stage.apply(apps)
            assert not report.failed
            assert (await stage.plan(apps)).steps == ()
            assert rules(await stage.plan(apps)) == ["tags-not-listed"]


@pytest.mark.parametrize(
    "switches", [{}, {"unique_name_on_post": "refuse"}], ids=["post", "upsert"]
)
async def test_a_create_whose_answer_was_lost_makes_no_twin(
    tmp_path: Path, switches: dict[str, Any]
) -> None:
    stage = Stage.fresh(tmp_path, read_lag=2, **switches)
    method = "PATCH" if switches else "POST"
    stage.world.box.faults.add(
        Fault(path="/v1.0/applications", method=method, skip=0, after_commit=True)
    )
    await stage.settle(API)
    names = [one["uniqueName"] for one in stage.kept("applications") if one["uniqueName"]]
    assert sorted(names) == ["demo-api", "demo-app"]


async def test_a_stranger_that_took_the_name_since_the_plan_is_never_upserted(
    tmp_path: Path,
) -> None:
    stage = Stage.fresh(tmp_path, unique_name_on_post="refuse")
    wanted = stage.world.load(stage.world.write(stage.text(PLAIN)))
    async with stage.world.run(wanted) as run:
        drafted = await reconcile.draft(run)
        async with stage.somebody() as graph:
            await graph.patch(
                "/applications(uniqueName='demo-app')",
                json={"displayName": "Theirs"},
                headers={"Prefer": "create-if-missing"},
            )
        before = stage.kept("applications")
        report = await reconcile.carry_out(run, drafted)
    (failed,) = [o for o in report.outcomes if o.result is Result.FAILED]
    assert failed.fault is not None
    assert "held by an application without our mark" in failed.fault.remedy
    assert stage.kept("applications") == before


async def test_what_the_manifest_says_is_what_the_tenant_holds(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(API)
    api, app = stage.app("API"), stage.app("App")
    assert api["uniqueName"] == "demo-api"
    assert api["tags"] == ["provisioning:demo", "provisioning:demo/api"]
    assert sorted(api["identifierUris"]) == [
        f"api://{api['appId']}",
        "https://contoso.onmicrosoft.com/api",
    ]
    (trusted,) = api["api"]["preAuthorizedApplications"]
    scopes = {scope["value"]: scope["id"] for scope in api["api"]["oauth2PermissionScopes"]}
    assert trusted == {"appId": app["appId"], "delegatedPermissionIds": [scopes["read"]]}
    assert api["api"]["knownClientApplications"] == [app["appId"]]
    assert app["isFallbackPublicClient"] is True
    assert app["web"]["implicitGrantSettings"]["enableAccessTokenIssuance"] is True
    asked = {
        one["resourceAppId"]: len(one["resourceAccess"]) for one in app["requiredResourceAccess"]
    }
    assert asked == {"00000003-0000-0000-c000-000000000000": 2, api["appId"]: 2}


async def test_a_fresh_triple_takes_three_writes(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    writes = await stage.settle("""
app:
  displayName: App
  permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]
""")
    assert writes == [
        "POST /applications",
        "POST /servicePrincipals",
        "POST /oauth2PermissionGrants",
    ]


async def test_the_plan_names_the_permissions_that_it_asks_for_by_id(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    asked = "permissions: [{resource: microsoftGraph, delegated: [openid]}]"
    await stage.settle(f"app: {{displayName: App, {asked}}}")
    more = asked.replace("openid", "openid, offline_access, User.Read")
    plan = await stage.plan(f"app: {{displayName: App, {more}}}")
    lines = text.plan(plan).splitlines()
    notes = [line.partition("  # ")[2] for line in lines if 'type: "Scope"' in line]
    assert sorted(notes) == ["User.Read", "offline_access"]
    bare = replace(plan, steps=tuple(replace(step, names={}) for step in plan.steps))
    assert (bare.digest, to_json(bare)) == (plan.digest, to_json(plan))


async def test_deleting_the_line_closes_the_hole_on_what_we_made(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(
        API.replace("\napi:", "\nother:")
        .replace("application.api", "application.other")
        .replace("resource: api", "resource: other")
    )
    await stage.change(
        f"/applications/{stage.app('App')['id']}",
        identifierUris=["https://contoso.onmicrosoft.com/x"],
    )
    plan = await stage.plan(PLAIN)
    (step,) = (one for one in plan.steps if str(one.address) == "application.app")
    assert {change.path for change in step.changes} >= {
        "isFallbackPublicClient",
        "web.implicitGrantSettings.enableAccessTokenIssuance",
        "web.redirectUris",
        "spa.redirectUris",
        "publicClient.redirectUris",
        "identifierUris",
    }
    assert all(str(one.address) != "application.other" or one.held for one in plan.steps)


async def test_a_scope_is_disabled_and_seen_disabled_before_it_is_removed(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path, read_lag=2)
    await stage.settle(API)
    before = len(stage.world.box.log)
    await stage.settle(LATER)
    path = f"/v1.0/applications/{stage.app('API')['id']}"
    seen = [e for e in stage.world.box.log[before:] if e.path.split("?")[0] == path]
    accepted = [entry.method for entry in seen if entry.status == 204]
    assert accepted == ["PATCH", "PATCH", "PATCH"]
    assert [entry.method for entry in seen][:2] == ["PATCH", "GET"]
    scopes = {one["value"] for one in stage.app("API")["api"]["oauth2PermissionScopes"]}
    assert scopes == {"read", "admin"}


async def test_a_scope_keeps_its_id_when_its_value_is_renamed(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    words = "{adminConsentDisplayName: Read, adminConsentDescription: Reads"
    await stage.settle(f"api: {{displayName: API, scopes: {{read: {words}}}}}}}")
    (first,) = stage.app("API")["api"]["oauth2PermissionScopes"]
    await stage.settle(f"api: {{displayName: API, scopes: {{read: {words}, value: look}}}}}}")
    (second,) = stage.app("API")["api"]["oauth2PermissionScopes"]
    assert (first["id"], first["value"], second["value"]) == (second["id"], "read", "look")


async def test_audience_and_token_version_change_together(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(
        "app: {displayName: App, signInAudience: AzureADMyOrg, accessTokenAcceptedVersion: 1}"
    )
    writes = await stage.settle("app: {displayName: App}")
    assert len(writes) == 1
    assert stage.app("App")["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    assert stage.app("App")["api"]["requestedAccessTokenVersion"] == 2


async def test_tags_of_others_stay_unless_the_manifest_lists_tags(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(PLAIN)
    path = f"/applications/{stage.app('App')['id']}"
    await stage.change(path, tags=[*stage.app("App")["tags"], "HideApp"])
    assert (await stage.plan(PLAIN)).steps == ()
    await stage.settle("app: {displayName: App, tags: [WindowsAzureActiveDirectoryIntegratedApp]}")
    assert stage.app("App")["tags"] == [
        "provisioning:demo",
        "provisioning:demo/app",
        "WindowsAzureActiveDirectoryIntegratedApp",
    ]


async def test_a_key_can_be_renamed(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle("old: {displayName: App}")
    before = stage.app("App")
    await stage.settle("new: {displayName: App, movedFrom: old}")
    after = stage.app("App")
    assert after["id"] == before["id"]
    assert after["uniqueName"] == "demo-old"
    assert after["tags"] == ["provisioning:demo", "provisioning:demo/new"]


async def test_a_manifest_can_be_renamed(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(API)
    before = {one["id"] for one in stage.kept("applications")}
    await stage.settle(API, name="fresh", head="movedFrom: demo")
    assert {one["id"] for one in stage.kept("applications")} == before
    assert stage.app("App")["tags"] == ["provisioning:fresh", "provisioning:fresh/app"]


def _holding(x: str, y: str, permission: str = "") -> str:
    """Two applications with these identifier URIs; `permission` lets x ask for y's scope."""
    entries = []
    for key, uris in (("x", x), ("y", y)):
        asked = f"permissions: [{{resource: y, delegated: [s], {permission}}}], "
        listed = ", ".join(f'"https://{DOMAIN}/{uri}"' for uri in uris)
        entries.append(
            f"{key}: {{displayName: {key.upper()}, {asked if permission and key == 'x' else ''}"
            "scopes: {s: {adminConsentDisplayName: S, adminConsentDescription: S}}, "
            f"identifierUris: [{listed}]}}"
        )
    return "\n".join(entries)


@pytest.mark.parametrize("permission", ["", "adminConsent: true"], ids=["apart", "asking"])
@pytest.mark.parametrize(
    ("x", "y"), [("b", "a"), ("ab", ""), ("", "ab")], ids=["swap", "x-takes", "y-takes"]
)
async def test_identifier_uris_pass_from_one_application_to_another_in_one_apply(
    tmp_path: Path, x: str, y: str, permission: str
) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(_holding("a", "b", permission))
    await stage.settle(_holding(x, y, permission))
    for name, uris in (("X", x), ("Y", y)):
        assert set(stage.app(name)["identifierUris"]) == {f"https://{DOMAIN}/{u}" for u in uris}


async def test_a_new_application_takes_the_uri_of_one_that_asks_for_it(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    uri = f'identifierUris: ["https://{DOMAIN}/a"]'
    await stage.settle(f"old: {{displayName: Old, {uri}}}")
    scope = "scopes: {s: {adminConsentDisplayName: S, adminConsentDescription: S}}"
    asking = "permissions: [{resource: new, delegated: [s], adminConsent: true}]"
    await stage.settle(
        f"old: {{displayName: Old, {asking}}}\nnew: {{displayName: New, {uri}, {scope}}}"
    )
    assert stage.app("New")["identifierUris"] == [f"https://{DOMAIN}/a"]


@pytest.mark.parametrize("prune", [False, True])
async def test_a_renamed_key_that_would_lose_its_application_is_told(
    tmp_path: Path, prune: bool
) -> None:
    stage = Stage.fresh(tmp_path)
    uri = f'identifierUris: ["https://{DOMAIN}/a"]'
    await stage.settle(f"old: {{displayName: App, {uri}}}")
    plan = await stage.plan(f"new: {{displayName: App, {uri}}}", prune=prune)
    assert rules(plan) == ["identifier-uri-held"]
    assert plan.errors[0].remedy.startswith("write `movedFrom: old`")


async def test_removing_an_application_needs_prune(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(API)
    held = await stage.plan(PLAIN)
    assert holds(held) == {"application.api": "prune"}
    writes = await stage.settle(PLAIN, prune=True)
    assert [one for one in writes if one.startswith("DELETE /applications")] != []
    assert {one["displayName"] for one in stage.kept("deletedItems")} == {"API"}


async def test_what_another_manifest_made_is_never_pruned(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle("mine: {displayName: Mine}", name="other")
    await stage.settle(PLAIN, prune=True)
    assert stage.app("Mine")["uniqueName"] == "other-mine"


class TestSoftDeleted:
    """An identity that a soft-deleted application still holds."""

    async def deleted(self, folder: Path, **switches: Any) -> tuple[Stage, str]:
        stage = Stage.fresh(folder, **switches)
        await stage.settle(API)
        identity = stage.app("App")["id"]
        async with stage.somebody() as graph:
            assert (await graph.delete(f"/applications/{identity}")).status_code == 204
        return stage, str(identity)

    async def test_it_is_held_and_the_plan_shows_what_would_come_back(self, tmp_path: Path) -> None:
        stage, _identity = await self.deleted(tmp_path)
        plan = await stage.plan(PLAIN)
        assert holds(plan)["application.app"] == "restore"
        (step,) = (one for one in plan.steps if str(one.address) == "application.app")
        assert "1 web redirect URI," in step.reason

    async def test_who_would_own_it_again_is_told(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(API)
        identity = stage.app("App")["id"]
        for name in ("alice", "bob"):
            user = stage.world.box.add_user(DOMAIN, f"{name}@{DOMAIN}", name)
            reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{user}"
            await stage.make(f"applications/{identity}/owners/$ref", **{"@odata.id": reference})
        async with stage.somebody() as graph:
            await graph.delete(f"/applications/{identity}")
        (step,) = (s for s in (await stage.plan(API)).steps if str(s.address) == "application.app")
        assert step.reason.endswith("1 public-client redirect URI, 2 owners")

    async def test_a_tenant_that_does_not_tell_owners_is_planned_all_the_same(
        self, tmp_path: Path
    ) -> None:
        stage, _identity = await self.deleted(tmp_path)
        stage.world.box.faults.add(Fault(path=r"expand=owners", status=400, times=-1))
        plan = await stage.plan(API)
        assert holds(plan)["application.app"] == "restore"

    async def test_restoring_brings_back_the_same_object(self, tmp_path: Path) -> None:
        stage, identity = await self.deleted(tmp_path)
        await stage.settle(API, allow=["restore=application.app"])
        assert stage.app("App")["id"] == identity

    async def test_purging_makes_a_new_one(self, tmp_path: Path) -> None:
        stage, identity = await self.deleted(tmp_path)
        await stage.settle(API, allow=["purge=application.app"])
        assert stage.app("App")["id"] != identity
        assert identity not in {one["id"] for one in stage.kept("deletedItems")}


class TestAdoption:
    """Applications that lived before the manifest."""

    async def living(self, folder: Path, **properties: Any) -> Stage:
        stage = Stage.fresh(folder)
        await stage.make(
            "applications",
            displayName="Old",
            signInAudience="AzureADMyOrg",
            publicClient={"redirectUris": ["old://auth"]},
            isFallbackPublicClient=True,
            **properties,
        )
        return stage

    @pytest.mark.parametrize(
        "rung", ["displayName: Old", "identifierUri: https://contoso.onmicrosoft.com/old"]
    )
    async def test_only_what_is_named_is_changed(self, tmp_path: Path, rung: str) -> None:
        stage = await self.living(
            tmp_path, identifierUris=["https://contoso.onmicrosoft.com/old"], tags=["HideApp"]
        )
        apps = f"app: {{displayName: New, adopt: {{{rung}}}}}"
        plan = await stage.plan(apps)
        (step,) = (one for one in plan.steps if str(one.address) == "application.app")
        assert [(c.path, c.before, c.after) for c in step.changes] == [
            ("displayName", "Old", "New")
        ]
        named = {item.path for item in plan.unmanaged}
        assert named == {"publicClient.redirectUris", "isFallbackPublicClient", "identifierUris"}

    async def test_without_backfill_no_tag_is_written(self, tmp_path: Path) -> None:
        stage = await self.living(tmp_path)
        await stage.settle("app: {displayName: Old, adopt: {displayName: Old}}")
        assert stage.app("Old")["tags"] == []
        assert stage.app("Old")["uniqueName"] is None
        assert stage.app("Old")["signInAudience"] == "AzureADMyOrg"

    async def test_backfill_marks_it_so_that_it_is_found_after_a_rename(
        self, tmp_path: Path
    ) -> None:
        stage = await self.living(tmp_path)
        await stage.settle("app: {displayName: Old, adopt: {displayName: Old, backfill: true}}")
        assert stage.app("Old")["tags"] == ["provisioning-adopted:demo/app"]
        assert stage.app("Old")["uniqueName"] == "demo-app"
        await stage.settle("app: {displayName: New, adopt: {displayName: Old, backfill: true}}")
        assert [one for one in stage.kept("applications") if one["displayName"] == "Old"] == []
        assert stage.app("New")["publicClient"]["redirectUris"] == ["old://auth"]

    async def test_an_adopted_application_is_never_pruned(self, tmp_path: Path) -> None:
        stage = await self.living(tmp_path)
        await stage.settle("app: {displayName: Old, adopt: {displayName: Old, backfill: true}}")
        await stage.settle("other: {displayName: Other}", prune=True)
        assert stage.app("Old")["uniqueName"] == "demo-app"

    async def test_two_of_a_name_are_an_error_that_names_both(self, tmp_path: Path) -> None:
        stage = await self.living(tmp_path)
        twin = await stage.make("applications", displayName="Old", signInAudience="AzureADMyOrg")
        plan = await stage.plan("app: {displayName: Old, adopt: {displayName: Old}}")
        (finding,) = plan.errors
        assert finding.rule == "two-candidates"
        assert twin["appId"] in finding.message

    async def test_an_app_id_that_is_nowhere_is_an_error(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        missing = "99999999-0000-4000-8000-000000000009"
        plan = await stage.plan(f"app: {{displayName: Old, adopt: {{appId: {missing}}}}}")
        assert [finding.rule for finding in plan.errors] == ["adopt-not-found"]

    async def test_a_name_that_is_nowhere_is_created(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle("app: {displayName: App, adopt: {displayName: Nobody}}")
        assert stage.app("App")["tags"] == ["provisioning:demo", "provisioning:demo/app"]

    async def test_what_another_manifest_made_is_not_taken(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle("theirs: {displayName: Old}", name="other")
        plan = await stage.plan("app: {displayName: Old, adopt: {displayName: Old}}")
        (finding,) = plan.errors
        assert finding.rule == "adopt-not-ours"
        assert "'other'" in finding.message

    async def test_a_stranger_with_our_unique_name_is_an_error(self, tmp_path: Path) -> None:
        stage = await self.living(tmp_path, uniqueName="demo-app")
        (finding,) = (await stage.plan(PLAIN)).errors
        assert finding.rule == "unique-name-taken"
        assert "adopt: {uniqueName: demo-app}" in finding.remedy

    async def test_that_stranger_can_be_adopted(self, tmp_path: Path) -> None:
        stage = await self.living(tmp_path, uniqueName="demo-app")
        await stage.settle("app: {displayName: New, adopt: {uniqueName: demo-app}}")
        assert stage.app("New")["publicClient"]["redirectUris"] == ["old://auth"]


async def test_two_with_our_mark_are_an_error_that_names_both(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(PLAIN)
    twin = await stage.make(
        "applications",
        displayName="Twin",
        signInAudience="AzureADMyOrg",
        tags=stage.app("App")["tags"],
    )
    (finding,) = (await stage.plan(PLAIN)).errors
    assert finding.rule == "two-candidates"
    assert twin["id"] in finding.message
    assert stage.app("App")["id"] in finding.message


async def test_a_stranger_with_our_identifier_uri_is_told(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    uri = "https://contoso.onmicrosoft.com/api"
    await stage.make(
        "applications", displayName="Old", signInAudience="AzureADMyOrg", identifierUris=[uri]
    )
    report = await stage.apply(f'app: {{displayName: App, identifierUris: ["{uri}"]}}')
    (failed,) = (one for one in report.outcomes if one.result is Result.FAILED)
    assert failed.fault is not None
    assert "adopt: {identifierUri: …}" in failed.fault.remedy


async def test_the_application_that_holds_everybodys_attributes_is_held(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(PLAIN)
    extensions = next(
        one for one in stage.kept("applications") if one["displayName"].startswith("b2c-extensions")
    )
    adopt = f"adopt: {{appId: {extensions['appId']}}}"
    plan = await stage.plan(f"app: {{displayName: App}}\nb2c: {{displayName: Mine, {adopt}}}")
    assert holds(plan)["application.b2c"] == "protected"


async def test_a_role_that_somebody_has_is_not_removed(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path, type="workforce")
    role = "{displayName: R, description: Reads, allowedMemberTypes: [Application]}"
    await stage.settle(f"staff: {{displayName: Staff, appRoles: {{reader: {role}}}}}")
    other = await stage.make("applications", displayName="Other", signInAudience="AzureADMyOrg")
    holder = await stage.make("servicePrincipals", appId=other["appId"])
    principals = {one["displayName"]: one["id"] for one in stage.kept("servicePrincipals")}
    await stage.make(
        f"servicePrincipals/{principals['Staff']}/appRoleAssignedTo",
        principalId=holder["id"],
        resourceId=principals["Staff"],
        appRoleId=stage.app("Staff")["appRoles"][0]["id"],
    )
    plan = await stage.plan("staff: {displayName: Staff}")
    assert holds(plan) == {"application.staff": "role-in-use"}
    opened = await stage.plan("staff: {displayName: Staff}", allow=["role-in-use"])
    assert steps(opened) == {"application.staff": Action.UPDATE}
