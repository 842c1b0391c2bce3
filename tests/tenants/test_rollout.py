"""Rings in order, waves inside them, and when no further tenant is begun."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from virtual_time import VirtualTime

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.fleet import FleetRun, Status, TenantResult
from provisioning.core.model import Place, Tenant, TenantType
from provisioning.tenants import fleet, rollout, selection, spool
from provisioning.tenants.model import Entry, Inventory, Ring, StopAfter
from provisioning.tenants.spool import Spool


def entries(layout: Mapping[str, int]) -> tuple[Entry, ...]:
    """So many tenants in each ring, named after it."""
    return tuple(
        Entry(
            name=f"{ring}{number}",
            tenant=Tenant(f"{ring}{number}.example", TenantType.WORKFORCE),
            cloud="global",
            ring=ring,
            tags=(),
            variables={},
            manifests=(),
            reader=None,
            deployer=None,
            place=Place("tenants.yaml", 1, 1),
        )
        for ring, count in layout.items()
        for number in range(count)
    )


class Tenants:
    """What the tenants of a test do: end as told, noting who was at work together."""

    def __init__(self, failing: Iterable[str] = ()) -> None:
        self.failing = set(failing)
        self.begun: list[str] = []
        self.at_work: set[str] = set()
        self.together: list[frozenset[str]] = []

    async def work(self, entry: Entry) -> TenantResult:
        self.begun.append(entry.name)
        self.at_work.add(entry.name)
        await asyncio.sleep(0)
        self.together.append(frozenset(self.at_work))
        self.at_work.remove(entry.name)
        if entry.name in self.failing:
            raise ProvisioningError("broken")
        return fleet.ended(entry, Status.APPLIED)


async def rolled_out(
    folder: Path, rings: Iterable[Ring], chosen: Iterable[Entry], tenants: Tenants, parallel: int
) -> FleetRun:
    with Spool(folder / "results.jsonl") as kept:
        made = fleet.Fleet("apply", "run", VirtualTime().clock(), kept, asyncio.Event(), parallel)
        return await fleet.run(made, rollout.waves(rings, chosen), tenants.work)


def counts(run: FleetRun) -> dict[str, int]:
    return {status: count for status, count in run.counts.items() if count}


async def test_a_ring_begins_when_the_one_before_it_has_ended(tmp_path: Path) -> None:
    rings, tenants = (Ring("canary"), Ring("early", wave=2), Ring("broad")), Tenants()
    chosen = entries({"broad": 3, "early": 5, "canary": 1})
    run = await rolled_out(tmp_path, rings, chosen, tenants, 8)
    assert tenants.begun == [
        "canary0", "early0", "early1", "early2", "early3", "early4", "broad0", "broad1", "broad2",
    ]  # fmt: skip
    assert max(map(len, tenants.together)) == 3
    waves = [{"canary0"}, {"early0", "early1"}, {"early2", "early3"}, {"early4"}]
    assert all(
        any(group <= wave for wave in waves) or all(name.startswith("broad") for name in group)
        for group in tenants.together
    )
    assert counts(run) == {"applied": 9}


async def test_no_more_tenants_than_wanted_are_at_work(tmp_path: Path) -> None:
    tenants = Tenants()
    await rolled_out(tmp_path, [Ring("all")], entries({"all": 20}), tenants, 3)
    assert max(map(len, tenants.together)) == 3


async def test_a_failed_canary_keeps_the_next_ring_from_beginning(tmp_path: Path) -> None:
    rings, tenants = (Ring("canary"), Ring("broad")), Tenants(["canary1"])
    run = await rolled_out(tmp_path, rings, entries({"canary": 3, "broad": 4}), tenants, 1)
    assert tenants.begun == ["canary0", "canary1", "canary2"]
    assert counts(run) == {"applied": 2, "failed": 1, "skipped": 4}
    assert run.stopped == "1 tenant of ring canary failed"


async def test_a_ring_that_tolerates_failures_lets_the_next_one_begin(tmp_path: Path) -> None:
    rings, tenants = (Ring("canary", None, StopAfter(2)), Ring("broad")), Tenants(["canary0"])
    run = await rolled_out(tmp_path, rings, entries({"canary": 2, "broad": 2}), tenants, 1)
    assert counts(run) == {"applied": 3, "failed": 1}
    assert run.stopped == ""


async def test_a_ring_stops_at_its_number_of_failures(tmp_path: Path) -> None:
    rings = (Ring("early", 10, StopAfter(2)), Ring("broad"))
    tenants = Tenants(["early3", "early5", "early7"])
    run = await rolled_out(tmp_path, rings, entries({"early": 20, "broad": 1}), tenants, 1)
    assert tenants.begun[-1] == "early5"
    assert counts(run) == {"applied": 4, "failed": 2, "skipped": 15}
    assert run.stopped == "2 tenants of ring early failed (stopAfter: 2)"


async def test_a_share_counts_the_chosen_tenants_of_the_ring(tmp_path: Path) -> None:
    rings = (Ring("broad", 5, StopAfter(10, percent=True)),)
    tenants = Tenants([f"broad{n}" for n in range(5)])
    run = await rolled_out(tmp_path, rings, entries({"broad": 50}), tenants, 5)
    assert counts(run) == {"failed": 5, "skipped": 45}
    assert run.stopped == "5 tenants of ring broad failed (stopAfter: 10%)"


async def test_what_was_under_way_when_the_ring_stopped_is_finished(tmp_path: Path) -> None:
    rings, tenants = (Ring("all", None, StopAfter(1)),), Tenants(["all0"])
    run = await rolled_out(tmp_path, rings, entries({"all": 10}), tenants, 4)
    assert counts(run)["failed"] == 1
    assert counts(run)["applied"] == 3
    assert counts(run)["skipped"] == 6


def test_results_read_back_and_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    first, second = entries({"a": 2})
    path = tmp_path / "new" / "results.jsonl"
    with Spool(path) as kept:
        for entry, status in ((first, Status.APPLIED), (second, Status.FAILED)):
            kept.add(fleet.ended(entry, status))
        kept.add(fleet.ended(first, Status.IN_SYNC))
        kept.arrange(["a1", "a0"])
        assert [(each.name, each.status) for each in kept] == [
            ("a1", Status.FAILED),
            ("a0", Status.IN_SYNC),
        ]
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("ab") as file:
        file.write(b'{"name": "a1", "sta')
    assert spool.statuses(path) == {"a0": Status.IN_SYNC, "a1": Status.FAILED}
    assert spool.statuses(tmp_path / "none.jsonl") == {}


def test_tenants_are_chosen_by_name_by_ring_or_all() -> None:
    listed = entries({"canary": 1, "broad": 2})
    known = Inventory(Path("tenants.yaml"), Path(), (Ring("canary"), Ring("broad")), listed)

    def names(**options: object) -> list[str]:
        return [entry.name for entry in selection.select(known, **options)]  # type: ignore[arg-type]

    assert names(names=["broad1,canary0"]) == ["canary0", "broad1"]
    assert names(rings=["canary"], names=["broad0"]) == ["canary0", "broad0"]
    assert names(every=True) == ["canary0", "broad0", "broad1"]
    with pytest.raises(InputError) as caught:
        names(names=["brod0", "x"], rings=["canari"])
    assert [(finding.message, finding.remedy) for finding in caught.value.findings] == [
        ("--tenant brod0: the inventory has no such tenant", "write --tenant broad0"),
        ("--tenant x: the inventory has no such tenant", "`tenants list` shows what there is"),
        ("--ring canari: the inventory has no such ring", "write --ring canary"),
    ]
    empty = Inventory(Path("tenants.yaml"), Path(), (Ring("all"),), ())
    with pytest.raises(InputError):
        selection.select(empty, every=True)
