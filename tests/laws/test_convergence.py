"""Laws that hold for every shipped manifest."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import ROOT, World

from provisioning.core.report import Result

MANIFESTS = sorted(path.parent for path in (ROOT / "manifests").glob("*/manifest.yaml"))


@pytest.fixture(params=MANIFESTS, ids=lambda path: path.name)
def shipped(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


async def test_the_second_plan_is_empty(world: World, shipped: Path) -> None:
    wanted = world.load(shipped / "manifest.yaml")
    report = await world.apply(wanted)
    manual = {step.address for step in report.plan.manual}
    assert {o.result for o in report.outcomes if o.address not in manual} == {Result.DONE}, [
        (str(o.address), o.fault) for o in report.outcomes if o.fault
    ]
    assert report.settled
    assert report.after is not None
    assert report.after.pending == ()
    again = await world.plan(wanted)
    assert [step.address for step in again.plan.steps if step.address not in manual] == []
    assert bool(manual) is (shipped.name == "ropc-user-flow")
    assert again.plan.findings == ()


async def test_the_second_apply_writes_nothing(world: World, shipped: Path) -> None:
    wanted = world.load(shipped / "manifest.yaml")
    await world.apply(wanted)
    before = len(world.box.log)
    await world.apply(wanted)
    writes = [s for s in world.box.log[before:] if s.method != "GET" and "$batch" not in s.path]
    assert writes == []
