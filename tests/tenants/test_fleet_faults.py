"""Whatever is wrong in one tenant stays there: the others are done, and it is told why."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fleet_stage import MANIFEST, Stage

from provisioning.cli import fleet_tenant
from provisioning.core.fleet import TenantResult
from provisioning.tenants import rollout
from provisioning.tenants.model import Entry

NAMES = ("alpha", "beta", "gamma")
FINE = {"alpha": "applied", "gamma": "applied"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage.made(tmp_path, NAMES)
    yield made
    made.box.close()


def applications(stage: Stage, name: str) -> list[str]:
    dumped = stage.box.dump(stage.id(name))["applications"]
    return [app["displayName"] for app in dumped if app["displayName"] == "App"]


async def test_each_tenant_gets_what_its_manifest_and_variables_say(stage: Stage) -> None:
    stage.write(own={"beta": 'variables: {redirectUri: "beta://auth"}'})
    ended = await stage.apply()
    assert ended.statuses == dict.fromkeys(NAMES, "applied")
    for name in NAMES:
        (app,) = (
            app
            for app in stage.box.dump(stage.id(name))["applications"]
            if app["displayName"] == "App"
        )
        wanted = "beta://auth" if name == "beta" else "myapp://auth"
        assert app["publicClient"]["redirectUris"] == [wanted]
        assert ended[name].tenant_id == stage.id(name)
        journal = stage.folder / "journal" / "run" / f"{name}.jsonl"
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        assert {line["tenant"] for line in lines} == {stage.id(name)}
    assert (await stage.plan()).statuses == dict.fromkeys(NAMES, "in-sync")
    assert ended.run.counts["applied"] == 3
    assert ended.run.stopped == ""


async def test_an_unreachable_tenant_fails_alone(stage: Stage) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    stage.odd[stage.id("beta")] = unreachable
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert "connect" in ended.told("beta")
    del stage.odd[stage.id("beta")]
    assert (await stage.apply()).statuses == {
        "alpha": "in-sync",
        "beta": "applied",
        "gamma": "in-sync",
    }


async def test_an_expired_token_fails_alone(stage: Stage) -> None:
    (stage.folder / "beta").write_text(stage.token("beta", lifetime=-60))
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert "expired" in ended.told("beta")


async def test_another_tenants_token_is_refused_before_a_write(stage: Stage) -> None:
    (stage.folder / "beta").write_text(stage.token("gamma"))
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert "the manifest is for beta.example; sign in to beta.example" in ended.told("beta")
    assert applications(stage, "beta") == []
    assert applications(stage, "gamma") == ["App"]


async def test_a_missing_credential_is_told_with_its_place(stage: Stage) -> None:
    (stage.folder / "beta").unlink()
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert f"cannot read the secret file {stage.folder / 'beta'}" in ended.told("beta")


async def test_a_throttled_tenant_does_not_hold_up_the_others(stage: Stage) -> None:
    order: list[str] = []

    def throttled(request: httpx.Request) -> httpx.Response | None:
        order.append("beta")
        if len(order) < 5:
            body = {"error": {"code": "TooManyRequests", "message": "slow down"}}
            return httpx.Response(429, headers={"retry-after": "120"}, json=body)
        return None

    stage.odd[stage.id("beta")] = throttled
    ended = await stage.apply()
    assert ended.statuses == dict.fromkeys(NAMES, "applied")
    assert stage.time.slept.count(120.0) == 4
    lines = (stage.folder / "plan.jsonl").read_text().splitlines()
    ready = [json.loads(line)["name"] for line in lines]
    assert ready[-1] == "beta"
    assert list(ended.tenants) == list(NAMES)


async def test_a_tenant_that_is_throttled_for_ever_fails_alone(stage: Stage) -> None:
    def throttled(request: httpx.Request) -> httpx.Response:
        body = {"error": {"code": "TooManyRequests", "message": "slow down"}}
        return httpx.Response(429, json=body)

    stage.odd[stage.id("beta")] = throttled
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert "429" in ended.told("beta")


async def test_a_manifest_wrong_for_one_tenants_variables_has_its_findings(stage: Stage) -> None:
    stage.write(own={"beta": 'variables: {redirectUri: "not a uri", colour: red}'})
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    assert ended.told("beta") == (
        "2 faults in its manifest; mend what the findings say; nothing was written"
    )
    first, second = sorted(ended["beta"].findings, key=lambda finding: finding["rule"])
    assert first["message"].startswith("not a uri is no absolute URI")
    assert first["file"] == (stage.folder / "manifest.yaml").as_posix()
    assert second["rule"] == "unknown-variable"
    assert second["file"] == (stage.folder / "tenants.yaml").as_posix()


async def test_a_plan_that_changed_since_it_was_shown_is_not_carried_out(stage: Stage) -> None:
    desk, known = stage.desk(), stage.known()
    shown = await stage.plan(desk)
    text = MANIFEST.replace("myapp://auth", "other://auth")
    (stage.folder / "manifest.yaml").write_text(text)
    later = stage.desk()

    async def work(entry: Entry) -> TenantResult:
        return await fleet_tenant.apply(later, entry, shown[entry.name])

    ended = await stage.run("apply", later, rollout.waves(known.rings, known.tenants), work)
    assert ended.statuses == dict.fromkeys(NAMES, "failed")
    assert f"approved was {shown['beta'].parts[0].digest}" in ended.told("beta")
    assert applications(stage, "beta") == []


async def test_a_journal_on_a_full_disk_stops_that_tenant_before_its_next_write(
    stage: Stage,
) -> None:
    journal = stage.folder / "journal" / "run"
    journal.mkdir(parents=True)
    (journal / "beta.jsonl").symlink_to("/dev/full")
    (stage.folder / "manifest.yaml").write_text(
        MANIFEST
        + "    appRoles: {r: {displayName: R, description: R, allowedMemberTypes: [User]}}\n"
    )
    ended = await stage.apply()
    assert ended.statuses == {**FINE, "beta": "failed"}
    told = ended.told("beta")
    assert f"the journal {journal / 'beta.jsonl'} can't be written: No space left" in told
    assert "make room" in told
    assert applications(stage, "beta") == ["App"]
    (journal / "beta.jsonl").unlink()
    again = await stage.apply()
    assert again.statuses == {"alpha": "in-sync", "beta": "applied", "gamma": "in-sync"}


async def test_a_journal_that_cannot_be_made_lets_nothing_be_written(stage: Stage) -> None:
    (stage.folder / "journal").write_text("no folder")
    ended = await stage.apply()
    assert set(ended.statuses.values()) == {"failed"}
    assert "can't be written" in ended.told("alpha")
    assert applications(stage, "alpha") == []


async def test_results_that_cannot_be_kept_stop_the_run_and_are_told(stage: Stage) -> None:
    full = stage.folder / "full.jsonl"
    full.symlink_to("/dev/full")
    ended = await stage.apply(spool=full, parallel=1)
    assert ended.statuses == {"alpha": "applied", "beta": "skipped", "gamma": "skipped"}
    assert "results can't be written" in ended.run.stopped
    assert "No space left" in ended.run.stopped
    assert applications(stage, "alpha") == ["App"]
    assert applications(stage, "beta") == []
    assert (await stage.apply()).statuses == {
        "alpha": "in-sync",
        "beta": "applied",
        "gamma": "applied",
    }


async def test_an_interrupt_finishes_what_is_under_way_and_begins_nothing(stage: Stage) -> None:
    desk = stage.desk()

    def interrupting(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and "$batch" not in request.url.path:
            desk.shared.stop.set()
        return None

    stage.odd[stage.id("beta")] = interrupting
    ended = await stage.apply(desk, parallel=1)
    assert ended.statuses == {"alpha": "applied", "beta": "interrupted", "gamma": "skipped"}
    assert ended.run.stopped == "interrupted"
    assert ended.told("gamma") == "not begun: interrupted; "
    assert applications(stage, "beta") == ["App"]
    assert (await stage.apply()).statuses == {
        "alpha": "in-sync",
        "beta": "applied",
        "gamma": "applied",
    }


async def test_a_second_interrupt_cuts_off_and_the_report_is_still_there(stage: Stage) -> None:
    hanging = asyncio.Event()

    async def never(request: httpx.Request) -> httpx.Response:
        hanging.set()
        await asyncio.Event().wait()
        raise AssertionError

    stage.odd[stage.id("beta")] = never
    run = asyncio.create_task(stage.plan(parallel=2))
    await hanging.wait()
    run.cancel()
    ended = await run
    assert ended["beta"].status.value == "interrupted"
    assert "cut off" in ended.told("beta")
    assert ended.run.stopped == "interrupted"
    assert set(ended.statuses) == set(NAMES)


async def test_a_surprise_in_one_tenant_is_told_without_its_secrets(stage: Stage) -> None:
    async def work(entry: Entry) -> TenantResult:
        if entry.name == "beta":
            message = "Bearer abcdefghijklmnop"
            raise KeyError(message)
        return await fleet_tenant.plan(desk, entry)

    desk = stage.desk()
    ended = await stage.run("plan", desk, rollout.side_by_side(stage.known().tenants), work)
    assert ended.statuses == {"alpha": "changes", "beta": "failed", "gamma": "changes"}
    assert ended.told("beta") == "unexpected KeyError: 'Bearer ****'; please report it"


async def test_two_tenants_may_not_store_a_secret_in_one_place(stage: Stage) -> None:
    secrets = (
        "    secrets: {{main: {{displayName: main, lifetime: P180D, "
        "store: {{dotenv: '{path}', name: S}}}}}}\n"
    )
    path = stage.folder / "manifest.yaml"
    path.write_text(MANIFEST + secrets.format(path="all.env"))
    ended = await stage.plan(parallel=1)
    assert ended.statuses == {"alpha": "changes", "beta": "failed", "gamma": "failed"}
    (finding,) = ended["beta"].findings
    assert finding["rule"] == "store-of-two-tenants"
    path.write_text(MANIFEST + secrets.format(path="${tenant.name}.env"))
    assert set((await stage.plan()).statuses.values()) == {"changes"}
