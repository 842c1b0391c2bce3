"""What doctor finds: each check, well and ill."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from world import ROOT, World

from provisioning.core.model import Address, Json, LiveObject, Ownership
from provisioning.graph.clock import Clock
from provisioning.tenants import doctor
from provisioning.tenants.doctor import Check, Command, Status

MANIFEST = """\
version: 1
name: demo
tenant: {domain: contoso.onmicrosoft.com, type: b2c}
applications:
  app:
    displayName: App
    permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]
    secrets: {main: {displayName: main, lifetime: P20D, store: {dotenv: app.env, name: SECRET}}}
policyKeys:
  Signing: {generate: {kty: RSA, use: sig}, lifetime: P10D}
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = frozenset(Command)


async def looked(
    world: World,
    text: str = MANIFEST,
    *,
    roles: tuple[str, ...] | None = None,
    required: frozenset[Command] = ALL,
    late: timedelta = timedelta(),
    reads_only: bool = False,
) -> dict[str, Check]:
    wanted = world.load(world.write(text))
    async with world.run(wanted, roles=roles) as run:
        clock = Clock(lambda: run.clock.now() + late, run.clock.monotonic, run.clock.sleep)
        made = doctor.session(replace(run, clock=clock), [wanted], required, reads_only=reads_only)
        return {check.name: check async for check in made}


async def contents(world: World, path: Path) -> list[Check]:
    wanted = world.load(path)
    async with world.run(wanted) as run:
        return [check async for check in doctor.contents(run)]


async def test_a_well_sign_in_is_told_check_by_check(world: World) -> None:
    found = await looked(world)
    assert [(check.name, check.status) for check in found.values()] == [
        ("sign-in", Status.OK),
        ("graph", Status.OK),
        ("clock", Status.OK),
        ("tenant", Status.OK),
        ("permissions to plan", Status.OK),
        ("permissions to apply", Status.OK),
    ]


async def test_permissions_are_held_against_each_command(world: World) -> None:
    roles = ("Directory.Read.All", "TrustFrameworkKeySet.Read.All")
    found = await looked(world, roles=roles)
    assert found["permissions to plan"].status is Status.OK
    assert found["permissions to apply"].status is Status.FAILED
    message = found["permissions to apply"].message
    assert message.startswith("missing: Application.ReadWrite.OwnedBy (to write application, ")
    assert "; TrustFrameworkKeySet.ReadWrite.All (to write policy_key)" in message
    assert "permissions to apply" not in await looked(
        world, roles=roles, required=frozenset({Command.PLAN})
    )


async def test_what_lacks_is_told_even_where_graph_refuses_everything(world: World) -> None:
    found = await looked(world, roles=())
    assert found["graph"].status is Status.OK
    assert found["tenant"].status is Status.FAILED
    assert found["permissions to plan"].message.startswith("missing: ")
    assert "clock" not in found


async def test_a_reader_that_can_write_is_warned_about(world: World) -> None:
    roles = ("Directory.Read.All", "TrustFrameworkKeySet.ReadWrite.All")
    found = await looked(world, roles=roles, required=frozenset({Command.PLAN}), reads_only=True)
    assert found["permissions beyond reading"] == Check(
        "permissions beyond reading",
        Status.WARNING,
        "TrustFrameworkKeySet.ReadWrite.All",
        "take them away: whoever opens a pull request can act as the reader",
    )


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(minutes=-5)])
async def test_a_clock_that_is_wrong_fails(world: World, late: timedelta) -> None:
    found = await looked(world, late=late)
    assert found["clock"].status is Status.FAILED
    assert "s away from Graph's" in found["clock"].message


async def test_another_tenant_than_the_manifests_fails(world: World) -> None:
    world.box.add_tenant("contoso.onmicrosoft.com", "b2c")
    wanted = world.load(world.write(MANIFEST))
    other = replace(wanted, tenant=replace(wanted.tenant, domain="fabrikam.onmicrosoft.com"))
    async with world.run(wanted) as run:
        made = doctor.session(replace(run, manifest=other), (), frozenset({Command.PLAN}))
        found = {check.name: check async for check in made}
    assert found["tenant"].status is Status.FAILED
    assert "fabrikam.onmicrosoft.com is none of its domains" in found["tenant"].message


async def test_what_soon_ends_is_told_before_it_does(world: World) -> None:
    path = world.write(MANIFEST)
    await world.apply(world.load(path))
    found = [check for check in await contents(world, path) if check.name == "expiries"]
    assert [(check.status, check.message) for check in found] == [
        (Status.WARNING, "application_password.app.main ends 2026-01-21"),
        (Status.WARNING, "policy_key.B2C_1A_Signing ends 2026-01-11"),
    ]
    world.time.elapsed += timedelta(days=15).total_seconds()
    found = [check for check in await contents(world, path) if check.name == "expiries"]
    assert [check.status for check in found] == [Status.WARNING, Status.FAILED]


def live(kind: str, **body: Json) -> dict[Address, LiveObject]:
    address = Address(kind, "app.main")
    return {address: LiveObject(address, body, Ownership.CREATED)}


def test_what_ends_late_or_never_is_well() -> None:
    far = live("application_certificate", endDateTime="2027-01-01T00:00:00Z")
    assert doctor.expiries(far, NOW) == (
        Check("expiries", Status.OK, "none of 1 ends within 30 days"),
    )
    assert doctor.expiries(live("policy_key", keys=[{"kid": "a"}]), NOW)[0].status is Status.OK
    assert doctor.expiries(live("application"), NOW) == ()
    gone = live("application_password", endDateTime="2025-12-31T00:00:00Z")
    assert doctor.expiries(gone, NOW)[0].status is Status.FAILED


async def test_the_shipped_policies_find_what_they_rest_on(world: World) -> None:
    path = ROOT / "manifests/ropc-custom-policy/manifest.yaml"
    before = {check.name: check for check in await contents(world, path)}
    assert before["policy applications"].status is Status.WARNING
    assert before["policy prerequisites"].status is Status.OK
    await world.apply(world.load(path))
    after = {check.name: check for check in await contents(world, path)}
    assert after["policy applications"] == Check(
        "policy applications", Status.OK, "application.ief and application.ief_proxy"
    )


async def test_a_key_container_that_nobody_has_fails(world: World) -> None:
    folder = ROOT / "manifests/ropc-custom-policy"
    for policy in (folder / "policies").iterdir():
        text = policy.read_text().replace("TokenSigningKeyContainer", "SigningElsewhere")
        world.write(text, f"policies/{policy.name}")
    path = world.write((folder / "manifest.yaml").read_text())
    failed = [check for check in await contents(world, path) if check.status is Status.FAILED]
    assert {check.name for check in failed} == {"policy prerequisites"}
    assert "key container B2C_1A_SigningElsewhere is neither declared" in failed[0].message
