"""The ledger: found again, carried over, never shared by mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from b2c_stage import B2c, holds, rules, steps

from provisioning.core.plan import Action
from provisioning.core.request import Call

ONE = "policyKeys: {A: {generate: {}}}\n"
TWO = "policyKeys: {A: {generate: {}}, B: {generate: {}}}\n"
NONE = "applications: {}\n"
SWITCHES: list[dict[str, Any]] = [
    {},
    {"read_lag": 3, "cpim_lag": True},
    {"unique_name_on_post": "refuse"},
    {"unique_name_on_post": "refuse", "unique_name_upsert": "refuse"},
    {"unique_name_key": "refuse"},
    {"missing_policy_status": 400},
]


def ledgers(stage: B2c) -> list[dict[str, Any]]:
    return [app for app in stage.kept("applications") if "provisioning-ledger" in str(app["tags"])]


async def send(stage: B2c, method: str, path: str, body: Any = None) -> None:
    async with stage.world.run(stage.world.load(stage.write(NONE))) as run:
        await run.graph.send(Call(method, path, body=body))


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: ",".join(s) or "documented")
async def test_it_converges_whatever_the_unverified_rules_are(
    tmp_path: Path, switches: dict[str, Any]
) -> None:
    stage = B2c.fresh(tmp_path, **switches)
    for text in (ONE, TWO, ONE):
        report = await stage.apply(text, prune=True, allow=["last-key", "deletions"])
        assert not report.failed
        assert (await stage.plan(text)).steps == ()
    assert [one["id"] for one in stage.kept("keySets")] == ["B2C_1A_A"]
    assert len(ledgers(stage)) == 1


async def test_where_tags_can_not_be_listed_the_unique_name_finds_it(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, tag_filter="eventual")
    await stage.apply(ONE)
    plan = await stage.plan(ONE)
    assert plan.steps == ()
    assert len(ledgers(stage)) == 1


async def test_a_manifest_without_such_objects_has_no_ledger(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle("applications: {app: {displayName: App}}\n")
    assert ledgers(stage) == []


async def test_it_is_an_application_that_nobody_signs_in_to(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    (ledger,) = ledgers(stage)
    assert ledger["displayName"] == ledger["uniqueName"] == "provisioning-demo"
    assert ledger["signInAudience"] == "AzureADMyOrg"
    assert ledger["appId"] not in {sp["appId"] for sp in stage.kept("servicePrincipals")}
    assert "provisioning:demo" not in ledger["tags"]


async def test_a_renamed_manifest_takes_its_ledger_along(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    moved = f"movedFrom: demo\n{ONE}"
    plan = await stage.plan(moved, name="renamed")
    assert steps(plan) == {"ledger.renamed": Action.UPDATE}
    await stage.settle(moved, name="renamed")
    (ledger,) = ledgers(stage)
    assert ledger["displayName"] == "provisioning-renamed"
    assert ledger["uniqueName"] == "provisioning-demo"
    assert stage.ledger("renamed") == ["provisioning-owns:policy_key/B2C_1A_A"]
    assert await stage.settle(ONE, name="renamed") == []


async def test_what_is_claimed_is_ours_after_a_lost_laptop(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(TWO)
    plan = await stage.plan(ONE, prune=True, allow=["last-key"])
    assert steps(plan) == {"policy_key.B2C_1A_B": Action.DELETE}


async def test_entries_of_others_survive_a_write(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    (ledger,) = ledgers(stage)
    tags = [*ledger["tags"], "somebody-elses"]
    await send(stage, "PATCH", f"/applications/{ledger['id']}", {"tags": tags})
    await stage.settle(TWO)
    assert "somebody-elses" in stage.ledger()


async def test_a_ledger_in_the_bin_is_held_until_somebody_decides(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    (ledger,) = ledgers(stage)
    await send(stage, "DELETE", f"/applications/{ledger['id']}")
    assert holds(await stage.plan(TWO)) == {
        "ledger.demo": "restore",
        "policy_key.B2C_1A_B": "restore",
    }
    await stage.settle(TWO, allow=["restore=ledger.demo"])
    assert len(stage.ledger()) == 2


async def test_a_purged_ledger_is_made_anew_and_nothing_in_it_is_lost(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    (ledger,) = ledgers(stage)
    await send(stage, "DELETE", f"/applications/{ledger['id']}")
    await stage.settle(TWO, allow=["purge=ledger.demo"])
    assert stage.ledger() == [
        "provisioning-owns:policy_key/B2C_1A_A",
        "provisioning-owns:policy_key/B2C_1A_B",
    ]


async def test_two_ledgers_are_an_error(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ONE)
    twin = {"displayName": "twin", "tags": ["provisioning-ledger:demo"]}
    stage.world.box.seed(stage.tenant, "applications", [twin])
    assert rules(await stage.plan(ONE)) == ["two-candidates"]


async def test_a_stranger_with_our_unique_name_is_not_written_to(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stranger = {"displayName": "Stranger", "uniqueName": "provisioning-demo"}
    stage.world.box.seed(stage.tenant, "applications", [stranger])
    report = await stage.apply(ONE)
    assert report.failed
    (found,) = (app for app in stage.kept("applications") if app["displayName"] == "Stranger")
    assert found["tags"] == []
    assert stage.kept("keySets") == []
