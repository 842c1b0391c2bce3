"""What the files of the actions and workflows may hold; schema and zizmor are in scripts/check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from world import ROOT

FILES = sorted((ROOT / ".github").glob("**/*.yml"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINS = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
    "actions/download-artifact": "d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "actions/github-script": "60a0d83039c74a4aee543508d2ffcb1c3799cdea # v7.0.1",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0",
    "actions/upload-artifact": "ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    "github/codeql-action/upload-sarif": "ff0a06e83cb2de871e5a09832bc6a81e7276941f # v3.28.18",
}
PERMISSIONS = {
    "apply/apply": {"contents": "read", "id-token": "write"},
    "apply/plan": {"contents": "read", "id-token": "write"},
    "apply/reviewed": {"contents": "read", "pull-requests": "read"},
    "ci/test": {"contents": "read"},
    "drift/issues": {"issues": "write"},
    "drift/plan": {"contents": "read", "id-token": "write"},
    "plan/comment": {"pull-requests": "write"},
    "plan/plan": {"contents": "read", "id-token": "write"},
    "plan/sarif": {"actions": "read", "contents": "read", "security-events": "write"},
    "plan/validate": {"contents": "read"},
}


def jobs() -> dict[str, Any]:
    return {
        f"{path.stem}/{key}": job
        for path in WORKFLOWS
        for key, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_action_is_pinned_to_its_commit(path: Any) -> None:
    for line in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
        name, _, pin = line.partition("@")
        assert name.startswith("$/") or PINS[name] == pin


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_file_names_a_secret_or_runs_a_strangers_code_with_rights(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("secrets.", "github.token", "pull_request_target", "workflow_run", "GITHUB_ENV"):
        assert word not in text


def test_each_job_has_the_permissions_that_it_needs_and_no_other() -> None:
    assert {key: job["permissions"] for key, job in jobs().items()} == PERMISSIONS


def test_a_job_that_may_write_on_github_runs_nothing_of_the_repository() -> None:
    for key, job in jobs().items():
        writes = {name for name, level in job["permissions"].items() if level == "write"}
        if writes - {"id-token"}:
            used = {step["uses"].partition("@")[0] for step in job["steps"]}
            assert used <= set(PINS) - {"actions/checkout"}, key


def test_only_the_job_behind_the_environment_applies_and_it_reads_no_artefact() -> None:
    for key, job in jobs().items():
        text = yaml.safe_dump(job)
        assert ("command: apply" in text) is ("environment" in job) is (key == "apply/apply")
        assert "download-artifact" not in text or "id-token" not in job["permissions"]


def example() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```yaml\n(name: tenants\n.*?)```", text, re.DOTALL)
    return str(found)


def test_the_example_of_the_readme_fits_the_published_schema(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yml"
    file.write_text(example(), encoding="utf-8")
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*checker, "vendor.github-workflows", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_example_of_the_readme_gives_each_workflow_what_its_jobs_ask_for() -> None:
    for job in yaml.safe_load(example())["jobs"].values():
        name = job["uses"].partition("@")[0].rpartition("/")[2]
        called = yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8"))
        asked: dict[str, str] = {}
        for one in called["jobs"].values():
            for scope, level in one["permissions"].items():
                asked[scope] = max(level, asked.get(scope, ""))
        assert job["permissions"] == asked, name
        # YAML 1.1 reads the key `on` as a boolean.
        assert set(job.get("with", {})) <= set(called[True]["workflow_call"]["inputs"])
