"""A run that broke off among policies is undone from its journal, on the sandbox."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from world import ROOT, World

from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.model import Address, Severity
from provisioning.core.plan import Action, Change
from provisioning.core.report import Report, Result
from provisioning.engine import recording, rollback
from provisioning.engine.recording import Recording
from provisioning.engine.rollback import Session
from provisioning.kinds import granted
from provisioning.manifest import Manifest
from provisioning.sandbox import Fault, Options

SHIPPED = ROOT / "manifests" / "ropc-custom-policy"
RELYING_PARTIES = [f"B2C_1A_RP{number}" for number in range(9)]
UNMANAGED = """\
<TrustFrameworkPolicy xmlns="http://schemas.microsoft.com/online/cpim/schemas/2013/06"
    PolicySchemaVersion="0.3.0.0" TenantId="contoso.onmicrosoft.com" PolicyId="B2C_1A_Theirs"
    PublicPolicyUri="http://contoso.onmicrosoft.com/B2C_1A_Theirs">
  <BasePolicy>
    <TenantId>contoso.onmicrosoft.com</TenantId>
    <PolicyId>B2C_1A_Extensions</PolicyId>
  </BasePolicy>
</TrustFrameworkPolicy>
"""
UPLOAD = r"/trustFramework/policies/[^/]+/\$value"
REFUSED = Fault(
    path=UPLOAD,
    method="PUT",
    skip=1,
    status=400,
    code="AADB2C",
    message="Validation failed: 1 validation error(s) found.",
)


def address(policy_id: str) -> Address:
    return Address("custom_policy", policy_id)


def declared(world: World) -> Manifest:
    """A base, extensions and ten relying parties."""
    shutil.copytree(SHIPPED, world.folder, dirs_exist_ok=True)
    one = (world.folder / "policies" / "ROPC_Auth.xml").read_text("utf-8")
    for name in RELYING_PARTIES:
        world.write(one.replace("B2C_1A_ROPC_Auth", name), f"policies/{name}.xml")
    return world.load(world.folder / "manifest.yaml")


def changed(world: World) -> Manifest:
    """The same, with something different in every one of the twelve."""
    for path in (world.folder / "policies").iterdir():
        text = path.read_text("utf-8").replace(">Surname<", ">Family name<")
        text = text.replace(">PolicyProfile<", ">Profile<").replace(">Sign-in name or", ">Name or")
        path.write_text(text, "utf-8")
    return world.load(world.folder / "manifest.yaml")


def policies(world: World, wanted: Manifest) -> dict[str, object]:
    return {str(each["id"]): each["xml"] for each in world.dump(wanted)["policies"]}


def journaled(world: World, number: int) -> Path:
    return world.folder / "journal" / f"run-{number}.jsonl"


@asynccontextmanager
async def session(
    world: World, wanted: Manifest, roles: tuple[str, ...] | None = None
) -> AsyncIterator[Session]:
    async with world.run(wanted, roles=roles) as run:
        needs = (granted.WRITE_POLICIES,)
        yield Session(graph=run.graph, clock=run.clock, journal=run.journal, needs=needs)


async def rolled_back(world: World, wanted: Manifest, told: Recording) -> Report:
    async with session(world, wanted) as opened:
        return await rollback.carry_out(opened, await rollback.draft(opened, told))


@pytest.mark.parametrize(
    "options",
    [Options(get_policy="echo"), Options(get_policy="reindent"), Options(get_policy="rewrite")],
    ids=["echo", "reindent", "rewrite"],
)
async def test_the_second_of_twelve_uploads_fails_and_one_rollback_restores_what_was_there(
    world: World,
) -> None:
    wanted = declared(world)
    assert not (await world.apply(wanted)).failed
    tenant = world.box.add_tenant(wanted.tenant.domain, wanted.tenant.type.value)
    world.box.seed(tenant.id, "policies", [UNMANAGED])
    before = policies(world, wanted)
    assert len(before) == 13
    world.box.faults.add(REFUSED)

    broken = await world.apply(changed(world), allow=["updates"])
    ended = [o.result for o in broken.outcomes if o.address.kind == "custom_policy"]
    assert [ended.count(result) for result in (Result.DONE, Result.FAILED)] == [1, 1]
    assert ended.count(Result.BLOCKED) == 10
    assert policies(world, wanted) != before

    told = recording.read(journaled(world, 2))
    report = await rolled_back(world, wanted, told)
    assert [(o.address, o.action, o.result) for o in report.outcomes] == [
        (address("B2C_1A_Base"), Action.UPDATE, Result.DONE)
    ]
    assert not report.failed
    assert report.after is not None
    assert report.after.steps == ()
    restored = policies(world, wanted)
    assert restored["B2C_1A_Theirs"] == before["B2C_1A_Theirs"]
    assert restored.keys() == before.keys()
    plan = (await world.plan(changed(world))).plan
    assert {s.address.kind for s in plan.steps} == {"custom_policy"}
    assert len(plan.steps) == 12

    # Once more: nothing is left to do, and nothing is written.
    again = await rolled_back(world, wanted, told)
    assert again.outcomes == ()
    # And what was rolled back can be applied.
    assert not (await world.apply(changed(world), allow=["updates"])).failed


async def test_what_is_put_back_is_shown_element_by_element_and_parents_go_first(
    world: World,
) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    told = recording.read(journaled(world, 2))
    async with session(world, wanted) as opened:
        draft = await rollback.draft(opened, told)
        assert [step.address.key for step in draft.plan.steps][:2] == [
            "B2C_1A_Base",
            "B2C_1A_Extensions",
        ]
        assert len(draft.plan.steps) == 12
        assert draft.plan.steps[0].changes == (
            Change(
                "BuildingBlocks/ClaimsSchema/ClaimType[surname]/DisplayName",
                "Family name",
                "Surname",
            ),
        )
        assert not (await rollback.carry_out(opened, draft)).failed
    assert not (await world.plan(declared(world))).plan.steps


async def test_one_policy_that_is_refused_does_not_keep_the_others_from_being_put_back(
    world: World,
) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    world.box.faults.add(REFUSED)
    told = recording.read(journaled(world, 2))
    report = await rolled_back(world, wanted, told)
    results = {outcome.address.key: outcome.result for outcome in report.outcomes}
    assert results.pop("B2C_1A_Extensions") is Result.FAILED
    assert set(results.values()) == {Result.DONE}
    assert report.failed
    assert not (await rolled_back(world, wanted, told)).failed
    assert not (await world.plan(declared(world))).plan.steps


async def test_a_policy_that_the_run_created_stays_and_is_named(world: World) -> None:
    wanted = declared(world)
    (world.folder / "policies" / "B2C_1A_RP0.xml").rename(world.folder / "aside.xml")
    await world.apply(world.load(world.folder / "manifest.yaml"))
    (world.folder / "aside.xml").rename(world.folder / "policies" / "B2C_1A_RP0.xml")
    await world.apply(changed(world), allow=["updates"])
    told = recording.read(journaled(world, 2))
    assert [kept.address for kept in told.created] == [address("B2C_1A_RP0")]
    async with session(world, wanted) as opened:
        draft = await rollback.draft(opened, told)
    assert address("B2C_1A_RP0") not in draft.works
    assert [(f.rule, f.severity, f.address) for f in draft.plan.findings] == [
        ("created-by-the-run", Severity.INFO, address("B2C_1A_RP0"))
    ]


async def test_a_policy_that_the_run_deleted_comes_back(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    before = policies(world, wanted)["B2C_1A_RP0"]
    (world.folder / "policies" / "B2C_1A_RP0.xml").unlink()
    fewer = world.load(world.folder / "manifest.yaml")
    await world.apply(fewer, prune=True)
    assert "B2C_1A_RP0" not in policies(world, wanted)
    told = recording.read(journaled(world, 2))
    report = await rolled_back(world, wanted, told)
    assert [(o.address, o.action, o.result) for o in report.outcomes] == [
        (address("B2C_1A_RP0"), Action.CREATE, Result.DONE)
    ]
    assert report.after is not None
    assert report.after.steps == ()
    assert ("RP0" in str(policies(world, wanted)["B2C_1A_RP0"])) == ("RP0" in str(before))


async def test_a_rollback_can_be_rolled_back(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    await rolled_back(world, wanted, recording.read(journaled(world, 2)))
    await rolled_back(world, wanted, recording.read(journaled(world, 3)))
    assert not (await world.plan(changed(world))).plan.steps


async def test_another_tenant_than_the_journals_is_refused(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    journal = journaled(world, 2)
    tenant = world.box.add_tenant(wanted.tenant.domain, wanted.tenant.type.value)
    journal.write_text(journal.read_text("utf-8").replace(tenant.id, "0" * 32), "utf-8")
    async with session(world, wanted) as opened:
        with pytest.raises(RefusedError, match=f"signed in to tenant {tenant.id}"):
            await rollback.draft(opened, recording.read(journal))


async def test_who_may_not_write_policies_is_refused_before_the_first_write(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    before = policies(world, wanted)
    roles = ("Policy.Read.All", "Organization.Read.All", "Directory.Read.All")
    async with session(world, wanted, roles) as opened:
        draft = await rollback.draft(opened, recording.read(journaled(world, 2)))
        with pytest.raises(RefusedError, match=r"lacks Policy\.ReadWrite\.TrustFramework"):
            await rollback.carry_out(opened, draft)
    assert policies(world, wanted) == before


def line(**facts: object) -> str:
    return json.dumps({"time": "t", "tenant": "T", "address": "custom_policy.B2C_1A_A", **facts})


VALUE = "/trustFramework/policies/B2C_1A_A/$value"
XML = UNMANAGED.replace("B2C_1A_Theirs", "B2C_1A_A")


def test_the_first_entry_for_a_policy_is_what_was_there_before(tmp_path: Path) -> None:
    journal = tmp_path / "r.jsonl"
    rows = [
        line(replaced=VALUE, version="beta", content=XML),
        line(method="PUT", path=f"/beta{VALUE}", status=200),
        line(replaced=VALUE, version="beta", content=XML.replace("_Extensions", "_Other")),
        line(method="PUT", path=f"/beta{VALUE}", status=200),
    ]
    journal.write_text("\n".join(rows) + "\n", "utf-8")
    told = recording.read(journal)
    assert (told.run, told.tenant_id, told.created, told.findings) == ("r", "T", (), ())
    assert [(kept.path, kept.version, kept.content.decode()) for kept in told.kept] == [
        (VALUE, "beta", XML)
    ]


def test_a_policy_that_a_run_made_and_then_replaced_was_not_there_before(tmp_path: Path) -> None:
    journal = tmp_path / "r.jsonl"
    rows = [
        line(method="PUT", path=f"/beta{VALUE}", status=201),
        line(replaced=VALUE, version="beta", content=XML),
    ]
    journal.write_text("\n".join(rows), "utf-8")
    told = recording.read(journal)
    assert told.kept == ()
    assert [kept.address.key for kept in told.created] == ["B2C_1A_A"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], 1),  # the run may have ended while it was sending
        ([400], 0),
        ([409, 200], 1),
        ([None], 1),
        ([503], 1),
    ],
)
def test_only_what_may_have_been_replaced_is_put_back(
    tmp_path: Path, answers: list[int | None], expected: int
) -> None:
    journal = tmp_path / "r.jsonl"
    rows = [line(replaced=VALUE, version="beta", content=XML)]
    rows += [line(method="PUT", path=f"/beta{VALUE}", status=status) for status in answers]
    journal.write_text("\n".join(rows), "utf-8")
    assert len(recording.read(journal).kept) == expected


def test_a_line_cut_off_by_a_crash_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    journal = tmp_path / "r.jsonl"
    whole = line(replaced=VALUE, version="beta", content=XML)
    journal.write_text(f"{whole}\n{whole[:-20]}", "utf-8")
    told = recording.read(journal)
    assert len(told.kept) == 1
    assert [(f.rule, f.severity, f.place and f.place.line) for f in told.findings] == [
        ("journal-line", Severity.WARNING, 2)
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read: No such file"),
        ("", r"is of no single tenant \(none\)"),
        ("no journal", r"is of no single tenant \(none\)"),
        ('{"tenant": "A"}\n{"tenant": "B"}\n', r"is of no single tenant \(A, B\)"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    journal = tmp_path / "r.jsonl"
    if text is not None:
        journal.write_text(text, "utf-8")
    with pytest.raises(ProvisioningError, match=message):
        recording.read(journal)


@pytest.mark.parametrize("options", [Options(read_lag=2, cpim_lag=True)])
async def test_a_rollback_waits_until_the_tenant_shows_it(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    report = await rolled_back(world, wanted, recording.read(journaled(world, 2)))
    assert (report.settled, report.failed) == (True, False)
    assert report.after is not None
    assert report.after.steps == ()


async def test_a_rollback_that_is_stopped_sends_nothing_more(world: World) -> None:
    wanted = declared(world)
    await world.apply(wanted)
    await world.apply(changed(world), allow=["updates"])
    before = policies(world, wanted)
    async with session(world, wanted) as opened:
        draft = await rollback.draft(opened, recording.read(journaled(world, 2)))
        opened.stop.set()
        report = await rollback.carry_out(opened, draft)
    assert {outcome.result for outcome in report.outcomes} == {Result.INTERRUPTED}
    assert report.failed
    assert policies(world, wanted) == before
