"""An edit of one line plans exactly that line, on a tenant that is in sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from world import World

from provisioning import manifest
from provisioning.core.plan import Plan, Step
from provisioning.core.report import Result
from provisioning.kinds import KINDS
from provisioning.sandbox import Options

MANIFEST = """\
version: 1
name: shop
tenant: {domain: contoso.onmicrosoft.com, type: b2c}
applications:
  api:
    displayName: Shop API
    identifierUris: ["https://${tenant.domain}/api"]
    knownClients: [app]
    preAuthorized: [{application: app, scopes: [read]}]
    scopes:
      read: {adminConsentDisplayName: Read, adminConsentDescription: Read things}
      write: {adminConsentDisplayName: Write, adminConsentDescription: Write things}
  app:
    displayName: ROPC_Auth_app
    allowPublicClient: true
    oauth2AllowImplicitFlow: true
    publicClient: {redirectUris: ["myapp://auth", "myapp://other"]}
    permissions:
      - {resource: microsoftGraph, delegated: [openid, offline_access], adminConsent: true}
      - {resource: api, delegated: [read, write], adminConsent: true}
    secrets:
      main:
        {displayName: main, lifetime: P180D, rotateBefore: P30D, overlap: P7D,
         store: {dotenv: .secrets/app.env, name: CLIENT_SECRET}}
"""


async def in_sync(world: World, text: str = MANIFEST) -> None:
    report = await world.apply(world.load(world.write(text)))
    assert {o.result for o in report.outcomes} == {Result.DONE}, [
        (str(o.address), o.reason, o.fault) for o in report.outcomes if o.result != Result.DONE
    ]
    assert report.after is not None
    assert report.after.steps == ()


async def plan(world: World, *edits: tuple[str, str], base: str = MANIFEST, **options: Any) -> Plan:
    text = base
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return (await world.plan(world.load(world.write(text)), **options)).plan


def spell(steps: tuple[Step, ...]) -> list[tuple[str, str, list[tuple[str, Any, Any]]]]:
    return [
        (str(s.address), s.action.value, [(c.path, c.before, c.after) for c in s.changes])
        for s in steps
    ]


async def test_references_in_both_directions_converge_in_one_run(world: World) -> None:
    await in_sync(world)


async def test_one_scope_text(world: World) -> None:
    await in_sync(world)
    edited = await plan(world, ("Read things", "Read the shop"))
    path = "api.oauth2PermissionScopes[read].adminConsentDescription"
    assert spell(edited.steps) == [
        ("application.api", "update", [(path, "Read things", "Read the shop")])
    ]


async def test_one_redirect_uri(world: World) -> None:
    await in_sync(world)
    edited = await plan(world, (', "myapp://other"', ""))
    assert spell(edited.steps) == [
        (
            "application.app",
            "update",
            [("publicClient.redirectUris", ["myapp://auth", "myapp://other"], ["myapp://auth"])],
        )
    ]


async def test_one_permission(world: World) -> None:
    await in_sync(world)
    edited = await plan(world, ("delegated: [read, write]", "delegated: [read]"))
    assert [(str(s.address), s.held) for s in edited.steps] == [
        ("application.app", None),
        ("delegated_permission_grant.app.api", None),
    ]
    assert [(c.path, c.before, c.after) for c in edited.steps[1].changes] == [
        ("scope", ["read", "write"], ["read"])
    ]
    await world.apply(world.load(world.write(MANIFEST.replace("[read, write]", "[read]"))))
    assert (await plan(world, ("[read, write]", "[read]"))).steps == ()


async def test_a_deleted_implicit_flow_line_turns_it_off(world: World) -> None:
    await in_sync(world)
    edited = await plan(world, ("    oauth2AllowImplicitFlow: true\n", ""))
    assert spell(edited.steps) == [
        (
            "application.app",
            "update",
            [("web.implicitGrantSettings.enableAccessTokenIssuance", True, False)],
        )
    ]


async def test_a_scope_with_everything_that_uses_it_goes_in_one_apply(world: World) -> None:
    await in_sync(world)
    text = MANIFEST.replace("[read, write]", "[read]").replace(
        "      write: {adminConsentDisplayName: Write, adminConsentDescription: Write things}\n", ""
    )
    report = await world.apply(world.load(world.write(text)))
    assert not report.failed, [o.fault for o in report.outcomes]
    (api,) = [
        a
        for a in world.dump(world.load(world.write(text)))["applications"]
        if a["displayName"] == "Shop API"
    ]
    assert [s["value"] for s in api["api"]["oauth2PermissionScopes"]] == ["read"]  # type: ignore[index]
    assert report.after is not None
    assert report.after.steps == ()


async def test_a_new_scope_and_its_pre_authorisation_go_in_one_apply(world: World) -> None:
    await in_sync(world)
    text = MANIFEST.replace("scopes: [read]}", "scopes: [read, audit]}").replace(
        "      write: {",
        "      audit: {adminConsentDisplayName: Audit, adminConsentDescription: A}\n      write: {",
    )
    report = await world.apply(world.load(world.write(text)))
    assert not report.failed, [o.fault for o in report.outcomes]
    assert report.after is not None
    assert report.after.steps == ()


async def test_a_removed_application_is_held_until_prune(world: World) -> None:
    await in_sync(world)
    start = MANIFEST.index("  app:\n")
    text = (
        MANIFEST[:start]
        .replace("    knownClients: [app]\n", "")
        .replace("    preAuthorized: [{application: app, scopes: [read]}]\n", "")
    )
    held = await plan(world, base=text)
    assert [(str(s.address), s.action.value, s.held and s.held.guard) for s in held.steps] == [
        ("application.api", "update", None),
        ("application.app", "delete", "prune"),
    ]
    pruned = await plan(world, base=text, prune=True)
    assert pruned.digest == held.digest
    assert [s.held for s in pruned.steps] == [None, None]
    report = await world.apply(world.load(world.write(text)), prune=True)
    assert not report.failed
    assert [
        a["displayName"]
        for a in world.dump(world.load(world.write(text)))["deletedItems"]
        if "uniqueName" in a
    ] == ["ROPC_Auth_app"]


async def test_an_application_that_came_back_is_held_until_restore_or_purge(world: World) -> None:
    await in_sync(world)
    start = MANIFEST.index("  app:\n")
    text = (
        MANIFEST[:start]
        .replace("    knownClients: [app]\n", "")
        .replace("    preAuthorized: [{application: app, scopes: [read]}]\n", "")
    )
    await world.apply(world.load(world.write(text)), prune=True)
    back = await plan(world)
    held = [s for s in back.steps if s.address.key == "app"]
    assert {s.held and s.held.guard for s in held} == {"restore"}
    for choice in ("restore", "purge"):
        opened = await plan(world, allow=(f"{choice}=application.app",))
        assert [s for s in opened.steps if s.held] == []
    report = await world.apply(
        world.load(world.write(MANIFEST)), allow=("restore=application.app",)
    )
    assert not report.failed, [(str(o.address), o.fault) for o in report.outcomes]
    assert (await plan(world)).steps == ()


async def test_purging_makes_a_new_application(world: World) -> None:
    await in_sync(world)
    start = MANIFEST.index("  app:\n")
    text = (
        MANIFEST[:start]
        .replace("    knownClients: [app]\n", "")
        .replace("    preAuthorized: [{application: app, scopes: [read]}]\n", "")
    )
    await world.apply(world.load(world.write(text)), prune=True)
    report = await world.apply(world.load(world.write(MANIFEST)), allow=("purge=application.app",))
    assert not report.failed, [(str(o.address), o.fault) for o in report.outcomes]
    assert (await plan(world)).steps == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: shop\n", "name: store\nmovedFrom: shop\n"),
        ("  app:\n    displayName", "  client:\n    movedFrom: app\n    displayName"),
    ],
    ids=["manifest", "key"],
)
async def test_a_rename_keeps_every_id(world: World, old: str, new: str) -> None:
    await in_sync(world)
    wanted = world.load(world.write(MANIFEST))
    before = ids(world.dump(wanted))
    text = MANIFEST.replace(old, new)
    if "client" in new:
        text = text.replace("[app]", "[client]").replace("application: app", "application: client")
    report = await world.apply(world.load(world.write(text)))
    assert not report.failed, [(str(o.address), o.fault) for o in report.outcomes]
    assert ids(world.dump(wanted)) == before
    assert (await plan(world, base=text)).steps == ()
    gone = text.replace("movedFrom: shop\n", "").replace("    movedFrom: app\n", "")
    assert (await plan(world, base=gone)).steps == ()


def ids(dump: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "applications": {a["id"]: a["appId"] for a in dump["applications"]},
        "scopes": {
            s["id"] for a in dump["applications"] for s in a["api"]["oauth2PermissionScopes"]
        },
        "keys": {p["keyId"] for a in dump["applications"] for p in a["passwordCredentials"]},
        "principals": {p["id"] for p in dump["servicePrincipals"]},
        "grants": {g["id"] for g in dump["oauth2PermissionGrants"]},
    }


async def test_five_fresh_runners_leave_every_key_id_as_it_was(world: World) -> None:
    await in_sync(world)
    wanted = world.load(world.write(MANIFEST))
    before = ids(world.dump(wanted))
    for runner in range(5):
        folder = world.folder / f"runner-{runner}"
        folder.mkdir()
        report = await world.apply(wanted, sinks=folder)
        assert not report.failed
        assert report.plan.steps == ()
    assert ids(world.dump(wanted)) == before


STRANGERS: dict[str, dict[str, Any]] = {
    "unique-name": {"displayName": "Theirs", "uniqueName": "shop-api"},
    "identifier-uri": {
        "displayName": "Theirs",
        "identifierUris": ["https://contoso.onmicrosoft.com/api"],
    },
    "display-name": {"displayName": "Shop API"},
}


@pytest.mark.parametrize("clash", STRANGERS)
async def test_a_strangers_application_is_never_changed(world: World, clash: str) -> None:
    tenant = world.box.add_tenant("contoso.onmicrosoft.com", "b2c")
    (theirs,) = world.box.seed(tenant.id, "applications", [STRANGERS[clash]])
    before = next(a for a in world.box.dump(tenant.id)["applications"] if a["id"] == theirs)
    wanted = world.load(world.write(MANIFEST))
    drafted = (await world.plan(wanted)).plan
    if clash == "unique-name":
        assert [f.rule for f in drafted.errors] == ["unique-name-taken"]
    else:
        report = await world.apply(wanted)
        assert report.failed is (clash == "identifier-uri")
    after = next(a for a in world.box.dump(tenant.id)["applications"] if a["id"] == theirs)
    assert after == before


async def test_a_renamed_secret_is_made_and_stored_before_the_old_one_goes(world: World) -> None:
    await in_sync(world)
    wanted = world.load(world.write(MANIFEST))
    before = ids(world.dump(wanted))["keys"]
    renamed = world.load(world.write(MANIFEST.replace("displayName: main,", "displayName: two,")))
    report = await world.apply(renamed)
    assert not report.failed, [(str(o.address), o.reason, o.fault) for o in report.outcomes]
    after = ids(world.dump(renamed))["keys"]
    assert len(after) == 1
    assert after.isdisjoint(before)
    stored = (world.folder / ".secrets" / "app.env").read_text(encoding="utf-8")
    assert next(iter(after)) in stored
    assert (await world.plan(renamed)).plan.steps == ()


async def test_a_scope_of_a_young_application_is_edited_where_graph_refuses_it_enabled(
    tmp_path: Path,
) -> None:
    world = World.fresh(tmp_path, Options(scope_edit_while_enabled="refuse"))
    await in_sync(world)
    report = await world.apply(
        world.load(world.write(MANIFEST.replace("Read things", "Read the shop")))
    )
    assert not report.failed, [(str(o.address), o.reason, o.fault) for o in report.outcomes]
    assert world.time.elapsed < 60
    world.box.close()


def test_two_secrets_of_one_name_are_a_fault(world: World) -> None:
    twin = """
      other:
        {displayName: main, store: {dotenv: .secrets/app.env, name: OTHER_SECRET}}
"""
    loaded = manifest.load(world.write(MANIFEST.rstrip() + twin), kinds=KINDS)
    assert loaded.manifest is None
    assert "same-secret-name" in [f.rule for f in loaded.findings]
