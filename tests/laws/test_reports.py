"""What an apply waits for, waits out and reports, told by the sandbox's log and by its report."""

from __future__ import annotations

import httpx
from test_changes import MANIFEST, in_sync, plan
from world import World

from provisioning.cli import applying
from provisioning.core.report import Result
from provisioning.sandbox import Fault

HOUR = 3600.0
AUDIT = "      audit: {adminConsentDisplayName: Audit, adminConsentDescription: A}\n"
WRITE = "      write: {adminConsentDisplayName: Write, adminConsentDescription: Write things}\n"


async def test_what_rests_on_an_update_waits_for_the_end_of_it(world: World) -> None:
    await in_sync(world)
    applications = {
        a["displayName"]: a["id"]
        for a in world.dump(world.load(world.write(MANIFEST)))["applications"]
    }
    text = MANIFEST.replace(WRITE, AUDIT).replace("[read, write]", "[read, audit]")
    api, app = applications["Shop API"], applications["ROPC_Auth_app"]
    world.box.faults.add(Fault(path=f"/applications/{api}", method="PATCH", skip=1))
    before = len(world.box.log)
    report = await world.apply(world.load(world.write(text)))
    assert not report.failed, [(str(o.address), o.fault) for o in report.outcomes]
    patched = [
        entry.path.split("?")[0].rpartition("/")[2]
        for entry in world.box.log[before:]
        if entry.method == "PATCH" and "/applications/" in entry.path and entry.status < 300
    ]
    assert patched == [api, api, app]


async def test_a_replica_that_has_not_heard_of_our_own_write_is_waited_for(world: World) -> None:
    await in_sync(world)
    world.time.elapsed += HOUR
    text = MANIFEST.replace("scopes: [read]}", "scopes: [read, audit]}").replace(
        WRITE, AUDIT + WRITE
    )
    world.box.faults.add(
        Fault(
            path="/applications/",
            method="PATCH",
            skip=1,
            times=2,
            status=400,
            code="InvalidValue",
            message="Permission Id that cannot be found in the AppPermissions sets",
        )
    )
    report = await world.apply(world.load(world.write(text)))
    assert not report.failed, [(str(o.address), o.fault) for o in report.outcomes]
    assert report.after is not None
    assert report.after.steps == ()


async def test_what_was_done_is_reported_where_the_tenant_cannot_be_read_again(
    world: World,
) -> None:
    world.box.faults.add(
        Fault(
            path="/organization",
            skip=1,
            times=-1,
            status=403,
            code="Authorization_RequestDenied",
        )
    )
    report = await world.apply(world.load(world.write(MANIFEST)))
    assert {outcome.result for outcome in report.outcomes} == {Result.DONE}
    assert (report.after, report.settled) == (None, False)
    assert applying.code(report) == 1
    world.box.faults.clear()
    assert (await plan(world)).steps == ()


async def test_what_the_second_plan_holds_decides_the_exit_code(world: World) -> None:
    await in_sync(world)
    tenant = world.box.add_tenant("contoso.onmicrosoft.com", "b2c")
    (app,) = (
        a for a in world.box.dump(tenant.id)["applications"] if a["displayName"] == "ROPC_Auth_app"
    )
    async with httpx.AsyncClient(
        transport=world.box.transport(),
        base_url="https://graph.microsoft.com",
        headers={"Authorization": f"Bearer {world.box.issue_token(tenant.id)}"},
    ) as graph:
        path = f"/v1.0/applications/{app['id']}"
        theirs = {"passwordCredential": {"displayName": "theirs"}}
        assert (await graph.post(f"{path}/addPassword", json=theirs)).status_code == 200
        assert (await graph.delete(path)).status_code == 204
    wanted = world.load(world.write(MANIFEST))
    report = await world.apply(wanted, allow=("restore=application.app",))
    assert {outcome.result for outcome in report.outcomes} == {Result.DONE}
    assert report.after is not None
    assert [step.held.guard for step in report.after.steps if step.held] == ["credential"]
    assert applying.code(report) == 3
