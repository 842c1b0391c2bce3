"""One pass over one tenant: refusals before any write, failures that stay where they are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from world import World

from provisioning.core.errors import GraphError, RefusedError
from provisioning.core.plan import Action, Plan
from provisioning.core.report import Event, Result
from provisioning.engine import reconcile
from provisioning.sandbox import Fault

TWO = """\
version: 1
name: two
tenant: {domain: contoso.onmicrosoft.com, type: workforce}
applications:
  left:
    displayName: Left
    permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]
  right:
    displayName: Right
    permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]
"""


def writes(world: World) -> list[str]:
    return [
        f"{seen.method} {seen.path}"
        for seen in world.box.log
        if seen.method != "GET" and "$batch" not in seen.path
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: workforce", "type: b2c", "is a tenant of type workforce"),
        (
            "type: workforce",
            "type: workforce, id: 11111111-2222-3333-4444-555555555555",
            "the manifest is for 11111111-2222-3333-4444-555555555555",
        ),
    ],
)
async def test_another_tenant_is_refused_before_any_write(
    world: World, old: str, new: str, says: str
) -> None:
    right = world.load(world.write(TWO))
    world.box.add_tenant("contoso.onmicrosoft.com", "workforce")
    wrong = world.load(world.write(TWO.replace(old, new)))
    async with world.run(right) as run:
        with pytest.raises(RefusedError, match=says):
            await reconcile.draft(replace(run, manifest=wrong))
    assert writes(world) == []


async def test_a_missing_permission_is_named_with_the_least_before_any_write(world: World) -> None:
    wanted = world.load(world.write(TWO))
    reader = ("Application.Read.All", "Directory.Read.All")
    with pytest.raises(RefusedError, match=r"lacks .*DelegatedPermissionGrant.ReadWrite.All"):
        await world.apply(wanted, roles=reader)
    assert (await world.plan(wanted, roles=reader)).plan.summary()["create"] == 6
    assert writes(world) == []


async def test_reader_and_deployer_agree_on_the_digest(world: World) -> None:
    wanted = world.load(world.write(TWO))
    reader = await world.plan(wanted, roles=("Application.Read.All", "Directory.Read.All"))
    assert (await world.plan(wanted)).plan.digest == reader.plan.digest


async def test_a_failure_blocks_only_what_depends_on_it(world: World) -> None:
    wanted = world.load(world.write(TWO))
    code = "Request_BadRequest"
    world.box.faults.add(Fault(method="POST", path=r"/applications$", status=400, code=code))
    report = await world.apply(wanted)
    ended = {str(o.address): o.result for o in report.outcomes}
    (failed,) = [address for address, result in ended.items() if result is Result.FAILED]
    key = failed.removeprefix("application.")
    other = {"left": "right", "right": "left"}[key]
    assert ended[f"service_principal.{key}"] is Result.BLOCKED
    assert ended[f"delegated_permission_grant.{key}.microsoftGraph"] is Result.BLOCKED
    for address in (f"application.{other}", f"service_principal.{other}"):
        assert ended[address] is Result.DONE
    (fault,) = [o.fault for o in report.outcomes if o.fault]
    assert (fault.status, fault.code, fault.method) == (400, code, "POST")
    assert fault.request_id
    assert report.failed


async def test_a_stopped_run_sends_nothing_new_and_the_next_one_finishes(world: World) -> None:
    wanted = world.load(world.write(TWO))
    async with world.run(wanted) as run:
        drafted = await reconcile.draft(run)

        def stop_at_the_first_end(event: Event) -> None:
            if event.topic == "step":
                run.stop.set()

        report = await reconcile.carry_out(replace(run, progress=stop_at_the_first_end), drafted)
    results = {o.result for o in report.outcomes}
    assert Result.INTERRUPTED in results
    assert report.failed
    assert not (await world.apply(wanted)).failed


async def test_no_journal_means_no_write(world: World) -> None:
    wanted = world.load(world.write(TWO))
    world.write("not a folder", name="journal")
    with pytest.raises(RefusedError, match="journal"):
        await world.apply(wanted)
    assert writes(world) == []


async def test_the_journal_joins_each_write_to_its_step_and_holds_no_secret(world: World) -> None:
    text = TWO + (
        "    secrets: {main: {displayName: main, store: {dotenv: .secrets/a.env, name: S}}}\n"
    )
    report = await world.apply(world.load(world.write(text)))
    path = world.folder / "journal" / f"{report.run}.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    sent = {(line["address"], line["method"], line["status"]) for line in lines if "method" in line}
    assert ("application.left", "POST", 201) in sent
    assert all(line["tenant"] and line["time"] for line in lines)
    assert all(line["requestId"] for line in lines if "method" in line)
    ended = {line["address"]: line for line in lines if "result" in line}
    assert ended["application.left"]["result"] == "done"
    assert ended["application.left"]["before"] != ended["application.left"]["after"]
    secret = next(
        line.partition("=")[2]
        for line in (world.folder / ".secrets" / "a.env").read_text(encoding="utf-8").splitlines()
        if line.startswith("S=")
    ).strip("'\"")
    assert len(secret) >= 16
    for file in world.folder.rglob("*"):
        if file.is_file() and file.name != "a.env":
            assert secret not in file.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


async def test_a_plan_is_independent_of_the_order_in_files(world: World) -> None:
    head, _, rest = TWO.partition("  left:\n")
    left, _, right = rest.partition("  right:\n")
    turned = f"{head}  right:\n{right}  left:\n{left}"
    assert turned != TWO
    one = (await world.plan(world.load(world.write(TWO)))).plan
    two = (await world.plan(world.load(world.write(turned)))).plan
    assert shape(one) == shape(two)


def shape(plan: Plan) -> Any:
    return plan.digest, [(str(s.address), s.action, s.changes) for s in plan.steps]


async def test_more_than_a_third_of_ten_objects_is_held_and_opened_by_name(world: World) -> None:
    entries = "".join(f"  app{n}:\n    displayName: App {n}\n" for n in range(10))
    text = TWO[: TWO.index("  left:")] + entries
    await world.apply(world.load(world.write(text)))
    few = world.load(world.write(TWO[: TWO.index("  left:")] + "  app0: {displayName: App 0}\n"))
    held = (await world.plan(few, prune=True)).plan
    assert {s.held.guard for s in held.steps if s.held} == {"deletions"}
    opened = (await world.plan(few, prune=True, allow=("deletions",))).plan
    assert [s.action for s in opened.pending] == [Action.DELETE] * 9


@pytest.mark.parametrize(("made", "kept", "held"), [(9, 1, 0), (10, 7, 0), (10, 6, 4), (12, 7, 5)])
async def test_what_hangs_on_kept_applications_does_not_hide_a_mass_deletion(
    world: World, made: int, kept: int, held: int
) -> None:
    consent = "permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]"
    entries = [f"  app{n}: {{displayName: App {n}, {consent}}}\n" for n in range(made)]
    head = TWO[: TWO.index("  left:")]
    report = await world.apply(world.load(world.write(head + "".join(entries))))
    assert not report.failed
    few = world.load(world.write(head + "".join(entries[:kept])))
    plan = (await world.plan(few, prune=True)).plan
    assert [s.held.guard for s in plan.steps if s.held] == ["deletions"] * held
    assert len(plan.pending) == made - kept - held


async def test_graphs_refusal_while_reading_names_the_address_and_writes_nothing(
    world: World,
) -> None:
    wanted = world.load(world.write(TWO))
    world.box.faults.add(Fault(method="GET", path="/applications", status=403, times=-1))
    with pytest.raises(GraphError) as caught:
        await world.plan(wanted)
    assert caught.value.status == 403
    assert caught.value.request_id
    assert caught.value.remedy
