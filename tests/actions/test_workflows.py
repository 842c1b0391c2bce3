"""The workflows as they would run on GitHub, against tenants that are served over TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import actions_world
import pytest
from actions_world import MAIN, World, workflow
from github_runner import Event, JobRun

HEADER = "{domain: contoso.onmicrosoft.com, type: b2c}"
PLAN, APPLY = workflow("plan"), workflow("apply")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with actions_world.opened(tmp_path) as made:
        yield made


def digests(job: JobRun) -> dict[str, str]:
    return {one["tenant"]: one["digest"] for one in json.loads(job.outputs["changes"])}


def test_a_change_goes_from_a_pull_request_to_the_tenants(world: World) -> None:
    tree = world.tree("change")
    proposed = world.hub.run(PLAN, actions_world.pull_request(), tree, {"shards": 1})
    assert proposed.results() == {
        "Validate offline": "success",
        "Plan (1/1)": "success",
        "Comment": "success",
        "Code scanning": "success",
    }
    assert world.writes() == []
    assert len(world.hub.scanned) == 1
    (plan,) = proposed.of("plan")
    assert "contoso" in plan.summary
    (comment,) = world.hub.state["comments"]
    assert comment["issue_number"] == 12
    assert "| contoso | all | changes |" in comment["body"]
    assert "| fabrikam | all | changes |" in comment["body"]

    pull = {"number": 12, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": "b" * 40}
    world.hub.state["pulls"].append(pull)
    merged = world.hub.run(APPLY, actions_world.push(), tree, {"tenants": "contoso"})
    (planned,) = merged.of("plan")
    approved = digests(planned)
    assert set(approved) == {"contoso"}
    assert f"`{approved['contoso']}` | the same |" in planned.summary
    assert merged.results()["Apply to contoso"] == "success", merged.of("apply")[0].log
    assert merged.of("apply")[0].environment == "production"
    assert world.applications("contoso") == {"Portal"}
    assert world.applications("fabrikam") == set()


def test_an_approval_holds_for_one_digest_whatever_the_artefacts_say(world: World) -> None:
    approved = {"contoso": "1" * 64}
    changes = json.dumps([{"tenant": name, "digest": one} for name, one in approved.items()])
    forged = {"report.json": json.dumps({"digest": "1" * 64, "tenants": []})}
    artifacts = dict.fromkeys(("plan", "plan-0", "apply-contoso", "findings"), forged)
    world.hub.commit = world.tree("another-manifest", NAME="Evil")
    ended = world.hub.rerun(APPLY, actions_world.push(), "apply", artifacts, {"changes": changes})
    job = ended.of("apply")[-1]
    assert (job.environment, job.result) == ("production", "failure")
    assert f"approved was {approved['contoso']}" in job.log
    assert world.writes() == []


def test_nothing_is_applied_without_the_approval(world: World) -> None:
    world.hub.approve = lambda _job, _run: False
    changes = json.dumps([{"tenant": "contoso", "digest": "1" * 64}])
    ended = world.hub.rerun(APPLY, actions_world.push(), "apply", {}, {"changes": changes})
    job = ended.of("apply")[-1]
    assert (job.name, job.result, job.steps) == ("Apply to contoso", "failure", [])


HOSTILE = """\
name: plan
on: {{pull_request: }}
permissions: {{}}
jobs:
  plan:
    name: Apply instead
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {{contents: read, id-token: write}}
    {environment}
    steps:
      - name: Check out
        uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
        with: {{persist-credentials: false}}
      - name: Plan
        id: plan
        uses: $/.github/actions/provision
        with: {{command: plan, tenants: contoso}}
      - name: Apply what was planned
        uses: $/.github/actions/provision
        with:
          command: apply
          tenants: contoso
          approved: contoso=${{{{ fromJSON(steps.plan.outputs.digests).contoso }}}}
"""


def hostile(world: World, *, reader: str, environment: str = "") -> JobRun:
    """Run a pull request whose author rewrote workflow, inventory and manifest."""
    file = world.folder / "hostile.yml"
    file.write_text(HOSTILE.format(environment=environment), encoding="utf-8")
    tree = world.tree("hostile", NAME="Evil")
    mine = dict.fromkeys(("reader", "deployer"), world.clients["contoso"][reader])
    (tree / "tenants.yaml").write_text(world.inventory(contoso=mine), encoding="utf-8")
    (job,) = world.hub.run(file, actions_world.pull_request(), tree).jobs
    return job


def test_a_hostile_pull_request_cannot_sign_in_as_the_deployer(world: World) -> None:
    job = hostile(world, reader="deployer")
    assert job.result == "failure"
    assert "AADSTS70021" in job.log
    assert "repo:contoso/tenants:pull_request" in job.log
    assert world.writes() == []


def test_a_hostile_pull_request_can_plan_as_the_reader_and_cannot_write(world: World) -> None:
    job = hostile(world, reader="reader")
    ends = {step.name: step.result for step in job.steps}
    assert (ends["Plan"], ends["Apply what was planned"]) == ("success", "failure")
    assert "Application.ReadWrite" in job.steps[-1].log
    assert world.writes() == []


def test_a_hostile_pull_request_does_not_get_into_the_environment(world: World) -> None:
    job = hostile(world, reader="deployer", environment="environment: {name: production}")
    assert (job.result, job.steps) == ("failure", [])


def test_a_dispatch_from_another_branch_applies_nothing(world: World) -> None:
    payload = {"repository": {"default_branch": "main"}}
    event = Event("workflow_dispatch", "refs/heads/evil", "c" * 40, payload)
    ended = world.hub.run(APPLY, event, world.tree("evil"))
    assert (ended.of("plan")[0].result, ended.of("apply")[0].result) == ("skipped", "skipped")


def test_a_dispatched_digest_that_is_not_the_plans_stops_before_the_approval(world: World) -> None:
    payload = {"repository": {"default_branch": "main"}}
    event = Event("workflow_dispatch", MAIN, "b" * 40, payload)
    approved = {"tenants": "contoso", "approved": f"contoso={'0' * 64}"}
    ended = world.hub.run(APPLY, event, world.tree("main"), approved)
    (planned,) = ended.of("plan")
    assert planned.result == "failure"
    assert f"contoso: approved was {'0' * 64}, the plan is " in planned.summary
    assert ended.of("apply")[0].result == "skipped"


def test_a_fork_gets_offline_checks_and_a_summary(world: World) -> None:
    tree = world.tree("fork")
    ended = world.hub.run(PLAN, actions_world.pull_request(fork=True), tree, {"shards": 1})
    assert ended.results() == {
        "Validate offline": "success",
        "Plan (1/1)": "success",
        "comment": "skipped",
        "sarif": "skipped",
    }
    assert "No findings." in ended.of("validate")[0].summary
    assert "gets no identity token" in ended.of("plan")[0].summary
    assert world.box.log == []
    assert world.hub.state["comments"] == []


def test_a_fault_is_a_finding_in_summary_and_code_scanning(world: World) -> None:
    tree = world.tree("fault", allowPublicClient="allowPublicClients")
    ended = world.hub.run(PLAN, actions_world.pull_request(), tree, {"shards": 1})
    assert ended.of("validate")[0].result == "failure"
    assert "allowPublicClients" in ended.of("validate")[0].summary
    assert ended.of("plan")[0].result == "skipped"
    (result,) = world.hub.scanned[0]["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "manifests/signin/manifest.yaml"


def test_a_repository_without_an_inventory_has_nothing_to_plan(world: World) -> None:
    tree = world.folder / "empty"
    tree.mkdir()
    for name, event in ((PLAN, actions_world.pull_request()), (APPLY, actions_world.push())):
        ended = world.hub.run(name, event, tree)
        assert set(ended.results().values()) <= {"success", "skipped"}
    assert world.box.log == []


ALONE = """\
name: alone
on: {{workflow_dispatch: }}
permissions: {{}}
jobs:
  plan:
    name: Plan
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {{contents: read, id-token: write}}
    outputs: {{changes: "${{{{ steps.plan.outputs.changes }}}}"}}
    steps:
      - name: Check out
        uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
        with: {{persist-credentials: false}}
      - name: Plan
        id: plan
        uses: $/.github/actions/provision
        with: {{command: plan, manifest: manifests/signin, client-id: {client}}}
"""


def test_one_manifest_is_planned_without_an_inventory(world: World) -> None:
    file = world.folder / "alone.yml"
    file.write_text(ALONE.format(client=world.clients["contoso"]["reader"]), encoding="utf-8")
    tree = world.tree("alone", **{"name: signin": f"name: signin\ntenant: {HEADER}"})
    (job,) = world.hub.run(file, actions_world.push(), tree).jobs
    assert job.result == "success", job.log
    ((tenant, digest),) = digests(job).items()
    assert (tenant, len(digest)) == ("", 64)
    assert "application.app" in job.summary
