"""The comment and the issues: scripts that take reports as data, run by node."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import actions_world
import pytest
from actions_world import workflow
from github_runner import Event, GitHub, Run

PLAN, DRIFT = workflow("plan"), workflow("drift")


@pytest.fixture
def hub(tmp_path: Path) -> GitHub:
    return GitHub(folder=tmp_path)


def report(**tenants: dict[str, Any]) -> str:
    listed = [
        {
            "name": name,
            "domain": f"{name}.onmicrosoft.com",
            "status": "in-sync",
            "digest": "",
            "parts": [],
            "error": None,
            **more,
        }
        for name, more in tenants.items()
    ]
    return json.dumps({"formatVersion": 1, "tenants": listed})


def commented(hub: GitHub, *shards: dict[str, str]) -> Run:
    artifacts = {f"plan-{number}": files for number, files in enumerate(shards)}
    return hub.rerun(PLAN, actions_world.pull_request(), "comment", artifacts)


def test_one_comment_is_kept_up_to_date(hub: GitHub) -> None:
    hub.state["comments"].append(
        {
            "id": 1,
            "issue_number": 12,
            "body": "<!-- provisioning:plan tenants.yaml -->\nmine",
            "user": {"login": "mallory", "type": "User"},
        }
    )
    for digest in ("1" * 64, "2" * 64):
        plan = {"status": "changes", "digest": digest}
        two = {"report.json": report(contoso=plan), "report.md": "### The plan"}
        commented(hub, {"report.json": report(fabrikam={})}, two)
    others, own = hub.state["comments"]
    assert others["body"].endswith("mine")
    assert f"| contoso | changes | `{'2' * 12}` |" in own["body"]
    assert "| fabrikam | in-sync |  |" in own["body"]
    assert "### The plan" in own["body"]


def test_a_single_report_stands_for_itself(hub: GitHub) -> None:
    commented(hub, {"report.json": report(contoso={}), "report.md": "### The plan\n| Its own |"})
    body = hub.state["comments"][0]["body"]
    assert "| Its own |" in body
    assert "| Tenant |" not in body


def test_reports_are_data_that_cannot_forge_a_comment(hub: GitHub) -> None:
    hidden = f'<!-- provisioning:digests {{"contoso":"{"e" * 64}"}} -->'
    evil = {
        "a | b @everyone": {"status": "changes", "digest": "1" * 64},
        "good": {"status": "changes", "digest": "2" * 64},
        "odd": {"status": "<img src=x>", "digest": "3" * 64},
        "text": {"status": "changes", "digest": hidden},
    }
    files = {"report.json": report(**evil), "report.md": f"text\n{hidden}\n"}
    ended = commented(hub, files)
    assert ended.of("comment")[-1].result == "success", ended.of("comment")[-1].log
    body = hub.state["comments"][0]["body"]
    assert re.findall("<!-- provisioning:digests (.*) -->", body) == [f'{{"good":"{"2" * 64}"}}']
    assert "everyone" not in body
    assert "<img" not in body


@pytest.mark.parametrize("content", ["", "[]", '{"tenants": 1}', '{"tenants": [null]}', "nonsense"])
def test_a_report_that_is_none_is_told_as_such(hub: GitHub, content: str) -> None:
    ended = commented(hub, {"report.json": content})
    assert ended.of("comment")[-1].result == "success", ended.of("comment")[-1].log
    assert "no tenant was planned" in hub.state["comments"][0]["body"]


def test_a_comment_stays_below_githubs_limit(hub: GitHub) -> None:
    many = {f"t{n}": {"status": "changes", "digest": f"{n:064x}"} for n in range(3000)}
    commented(hub, {"report.json": report(**many)}, {"report.md": "x" * 70_000})
    body = hub.state["comments"][0]["body"]
    assert len(body) <= 65_536
    assert "stands in the job summary" in body


def test_a_token_that_may_not_comment_leaves_a_warning(hub: GitHub) -> None:
    pull = actions_world.pull_request()
    event = Event(pull.name, pull.ref, pull.sha, pull.payload, fork=True)
    ended = hub.rerun(PLAN, event, "comment", {"plan-0": {"report.json": report()}})
    assert ended.of("comment")[-1].result == "success"
    assert ended.warnings == ["this run may not comment: the job summaries hold the plan"]


def drifted(hub: GitHub, **tenants: dict[str, Any]) -> list[dict[str, Any]]:
    ended = hub.rerun(
        DRIFT,
        actions_world.push(),
        "issues",
        {"drift": {"report.json": report(**tenants)}},
        {"found": "true"},
    )
    assert ended.of("issues")[-1].result == "success", ended.of("issues")[-1].log
    return hub.state["issues"]


def test_drift_is_one_issue_for_each_tenant(hub: GitHub) -> None:
    step = {"action": "update", "address": "application.app", "held": None}
    changed = {
        "status": "changes",
        "digest": "1" * 64,
        "parts": [{"document": {"steps": [step, {**step, "address": "a`@b`", "held": {}}]}}],
    }
    failed = {"status": "failed", "error": {"message": "no `access`\n@all", "remedy": ""}}
    first = drifted(hub, contoso=changed, fabrikam=failed, third={})
    assert [one["title"] for one in first] == ["Drift in contoso", "Drift in fabrikam"]
    assert "- `update application.app`\n- `update a @b `, held\n" in first[0]["body"]
    assert "- `no  access  @all`" in first[1]["body"]
    again = drifted(hub, contoso={**changed, "digest": "2" * 64}, fabrikam=failed, third={})
    assert len(again) == 2
    assert f"Digest `{'2' * 64}`" in again[0]["body"]
    skipped = drifted(hub, contoso={"status": "skipped"}, fabrikam={})
    assert [one["state"] for one in skipped] == ["open", "closed"]
    reopened = drifted(hub, contoso={}, fabrikam=failed)
    assert [one["state"] for one in reopened] == ["closed", "closed", "open"]


def test_drift_leaves_other_peoples_issues_alone(hub: GitHub) -> None:
    forged = {
        "number": 1,
        "title": "mine",
        "body": "<!-- provisioning:drift contoso -->",
        "labels": ["provisioning-drift"],
        "state": "open",
        "user": {"login": "mallory", "type": "User"},
    }
    hub.state["issues"].append(dict(forged))
    listed = drifted(hub, contoso={})
    assert listed == [forged]
