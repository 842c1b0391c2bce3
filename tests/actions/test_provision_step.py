"""The step of the action: what it takes, which command it becomes, what it writes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from world import ROOT

FILE = ROOT / ".github/actions/provision/provision.py"
ONE, TWO = "1" * 64, "2" * 64


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("provision_step", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


STEP = loaded()


def inputs(**given: str) -> dict[str, str]:
    return {f"INPUT_{name}": value for name, value in given.items()}


def command(**given: str) -> list[str]:
    return list(STEP.command_line(STEP.read(inputs(**given))))


REPORTS = "provisioning-reports"
COMMON = [f"--journal={REPORTS}/journal", "--no-color"]
WRITTEN = [f"--report=json={REPORTS}/report.json", f"--report=markdown={REPORTS}/report.md"]


def test_a_plan_of_tenants() -> None:
    assert command(
        COMMAND="plan",
        TENANTS="contoso,fabrikam",
        INVENTORY="tenants.yaml",
        PARALLEL="8",
        VARIABLES="redirectUri=myapp://a b\n\n",
        ALLOW="replace=application.app\nself",
        PRUNE="true",
        AUTH="workload-identity",
    ) == [
        "plan",
        *["--inventory=tenants.yaml", "--tenant=contoso", "--tenant=fabrikam", "--parallel=8"],
        *["--var=redirectUri=myapp://a b", "--auth=workload-identity"],
        *[*COMMON, *WRITTEN, f"--report=sarif={REPORTS}/report.sarif"],
        *["--allow=replace=application.app", "--allow=self", "--prune", "--detailed-exitcode"],
    ]


def test_an_apply_of_a_ring_names_each_approved_digest() -> None:
    given = {"COMMAND": "apply", "RINGS": "canary", "VERIFY": "true", "AUTH": "none"}
    assert command(**given, APPROVED=f"contoso={ONE} fabrikam={TWO}") == [
        *["apply", "--inventory=tenants.yaml", "--ring=canary", *COMMON, *WRITTEN],
        *["--yes", "--verify"],
        *[f"--approved=contoso={ONE}", f"--approved=fabrikam={TWO}"],
    ]


def test_one_manifest_needs_no_inventory() -> None:
    assert command(COMMAND="apply", MANIFEST="manifests/app", APPROVED=ONE) == [
        *["apply", *COMMON, *WRITTEN, "--yes", f"--approved={ONE}", "--", "manifests/app"]
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"COMMAND": "destroy", "ALL_TENANTS": "true"}, "command is none of plan, apply, verify"),
        ({"COMMAND": "plan"}, "name tenants, rings, all-tenants or a manifest"),
        ({"COMMAND": "plan", "TENANTS": "contoso --auth=token"}, "tenants holds something"),
        ({"COMMAND": "plan", "TENANTS": "$(id)"}, "tenants holds something"),
        ({"COMMAND": "plan", "ALL_TENANTS": "yes"}, "all_tenants is neither true nor false"),
        ({"COMMAND": "plan", "MANIFEST": "--sandbox=x"}, "manifest is no path"),
        ({"COMMAND": "plan", "MANIFEST": "a\n::error::b"}, "manifest is no path"),
        ({"COMMAND": "plan", "TENANTS": "a", "ALLOW": "--yes"}, "allow holds something"),
        ({"COMMAND": "plan", "TENANTS": "a", "PARALLEL": "-1"}, "parallel holds something"),
        ({"COMMAND": "apply", "TENANTS": "a"}, "an apply needs the digests that were approved"),
        ({"COMMAND": "apply", "TENANTS": "a", "APPROVED": "a="}, "approved holds something"),
        ({"COMMAND": "apply", "TENANTS": "a", "APPROVED": ONE}, "approved takes TENANT=DIGEST"),
        ({"COMMAND": "apply", "MANIFEST": "a", "APPROVED": f"a={ONE}"}, "approved takes TENANT"),
    ],
)
def test_an_input_that_cannot_be_meant_ends_the_step(given: dict[str, str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FILE)],
        env={**os.environ, **inputs(**given)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"::error title=provision::{message}")
    assert done.stdout.count("\n") == 1


def test_a_matrix_gets_the_tenants_that_have_something_to_apply() -> None:
    tenants = [
        {"name": "a", "digest": ONE, "status": "changes"},
        {"name": "b", "digest": TWO, "status": "in-sync"},
        {"name": "c", "digest": "", "status": "failed"},
        {"name": "d", "digest": TWO, "status": "waiting"},
    ]
    assert STEP.changed({"tenants": tenants}) == [{"tenant": "a", "digest": ONE}]
    assert STEP.changed({}) == []
    assert STEP.changed({"digest": ONE, "summary": {"create": 0, "held": 2}}) == []
    assert STEP.changed({"digest": ONE, "summary": {"create": 1}}) == [
        {"tenant": "", "digest": ONE}
    ]


def test_the_approver_is_told_whether_the_pull_request_showed_the_same() -> None:
    changes = [{"tenant": name, "digest": ONE} for name in ("same", "other", "new")]
    reviewed = {"same": ONE, "other": TWO}
    assert list(STEP.comparison(reviewed, changes))[2:] == [
        f"| same | `{ONE}` | the same |",
        f"| other | `{ONE}` | **another one** |",
        f"| new | `{ONE}` | not shown |",
    ]
    given = {"COMMAND": "plan", "TENANTS": "a"}
    odd = json.dumps({"a": ONE, "b|": ONE, "c": "<img>", "d": 1})
    assert STEP.read(inputs(**given, REVIEWED=odd)).reviewed == {"a": ONE}
    for nonsense in ("", "nonsense", "[]", "null"):
        assert STEP.read(inputs(**given, REVIEWED=nonsense)).reviewed == {}


def test_a_long_report_is_cut_at_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.md").write_text("é" * 99 + "\n" + "é\n" * 600_000, encoding="utf-8")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    given = inputs(COMMAND="plan", TENANTS="a", REPORTS=str(tmp_path))
    STEP.write_summary(STEP.read(given), [], ["a: approved was x"])
    text = summary.read_text(encoding="utf-8")
    assert len(text.encode()) <= 1024 * 1024
    assert text.startswith("- **a: approved was x**\n")
    assert text.endswith("the rest is in the artefact's report.md.\n\n")
