"""Runs the workflows as GitHub and its runner would: jobs, permissions, matrices, steps, files.

Steps with `run:` are really run by bash, github-script by node, composite actions step by step.
The well-known actions have stand-ins, which do what their names say to local folders. What a
workflow uses and this does not know is an error, never skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import expressions
import yaml
from expressions import Missing

HERE = Path(__file__).parent
SERVER = "https://github.com"
_SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
_WRITES = {"write", "read"}


@dataclass(frozen=True, slots=True)
class Event:
    """What started a run, as the context `github` tells it."""

    name: str
    ref: str
    sha: str
    payload: Mapping[str, Any]
    fork: bool = False
    """A pull request from a fork: its token reads only and gets no identity."""


@dataclass(slots=True)
class StepRun:
    name: str
    result: str
    log: str
    outputs: dict[str, Any]


@dataclass(slots=True)
class JobRun:
    """One job; a matrix has one for each of its entries."""

    key: str
    name: str
    result: str = "success"
    steps: list[StepRun] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    summary: str = ""
    environment: str | None = None

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps)


@dataclass(slots=True)
class Run:
    jobs: list[JobRun]
    artifacts: Path
    warnings: list[str]

    def of(self, key: str) -> list[JobRun]:
        return [job for job in self.jobs if job.key == key]

    def results(self) -> dict[str, str]:
        return {job.name: job.result for job in self.jobs}


@dataclass(slots=True)
class Identity:
    """Where jobs get their identity tokens; `grant` returns the bearer that asks for one."""

    url: str
    grant: Callable[[str], str]
    """From the subject that GitHub would write into the token."""


@dataclass(slots=True)
class GitHub:
    """A repository on GitHub with its runners."""

    folder: Path
    tool: Path = Path("nowhere")
    """The repository of the workflows and actions, as `$/` means it."""
    identity: Identity = field(default_factory=lambda: Identity("", lambda _subject: ""))
    machine: Mapping[str, str] = field(default_factory=dict)
    """Environment of every step, as a self-hosted runner's machine would set it."""
    python: str = sys.executable
    commit: Path = Path("nowhere")
    """The files that `rerun` checks out."""
    repository: str = "contoso/tenants"
    branches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Environments by name, with the refs that may deploy to them."""
    approve: Callable[[JobRun, Run], bool] = lambda _job, _run: True
    state: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"comments": [], "issues": [], "pulls": []}
    )
    scanned: list[Any] = field(default_factory=list)
    """What was uploaded to code scanning."""
    runs: int = 0

    def run(
        self, workflow: Path, event: Event, tree: Path, inputs: Mapping[str, Any] | None = None
    ) -> Run:
        """Run a workflow on a commit whose files are in `tree`."""
        return self._workflow(workflow, event, tree, inputs).run()

    def rerun(
        self,
        workflow: Path,
        event: Event,
        job: str,
        artifacts: Mapping[str, Mapping[str, str]],
        outputs: Mapping[str, str] | None = None,
    ) -> Run:
        """Run one job alone, after others that left these artifacts and outputs behind."""
        made = self._workflow(workflow, event, self.commit, None)
        for name, files in artifacts.items():
            for file, content in files.items():
                place = made.record.artifacts / name / file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content, encoding="utf-8")
        left = Missing(outputs or {})
        for key in made.document["jobs"]:
            if key != job:
                made.record.jobs.append(JobRun(key, key, outputs=left))
        made.document["jobs"] = {job: made.document["jobs"][job]}
        return made.run()

    def _workflow(
        self, workflow: Path, event: Event, tree: Path, inputs: Mapping[str, Any] | None
    ) -> _Workflow:
        self.runs += 1
        document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        return _Workflow(self, document, event, tree, self._inputs(document, event, inputs))

    def _inputs(
        self, document: Any, event: Event, given: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Only a call and a dispatch have inputs; in a run of an event they are all null."""
        declared: dict[str, Any] = {}
        for trigger in ("workflow_call", "workflow_dispatch"):
            declared |= ((document[True] or {}).get(trigger) or {}).get("inputs") or {}
        if given is None and event.name != "workflow_dispatch":
            return dict.fromkeys(declared)
        unknown = set(given or {}) - set(declared)
        assert not unknown, f"undeclared inputs {unknown}"
        return {key: (given or {}).get(key, one.get("default")) for key, one in declared.items()}


class _Workflow:
    """One run."""

    def __init__(
        self, hub: GitHub, document: Any, event: Event, tree: Path, inputs: dict[str, Any]
    ) -> None:
        self.hub, self.document, self.event, self.tree = hub, document, event, tree
        self.inputs = inputs
        self.place = hub.folder / f"run-{hub.runs}"
        self.record = Run([], self.place / "artifacts", [])
        self.record.artifacts.mkdir(parents=True)
        assert document["permissions"] == {}, "each job asks for what it needs"

    def run(self) -> Run:
        waiting = dict(self.document["jobs"])
        while waiting:
            key = next(k for k, job in waiting.items() if not set(_needs(job)) & set(waiting))
            self._job(key, waiting.pop(key))
        return self.record

    def _job(self, key: str, job: Any) -> None:
        needs = {name: self._needed(name) for name in _needs(job)}
        contexts = {
            "github": self._github(),
            "inputs": self.inputs,
            "needs": needs,
            "success": all(one["result"] == "success" for one in needs.values()),
            "failure": any(one["result"] == "failure" for one in needs.values()),
            "cancelled": False,
        }
        if not expressions.condition(job.get("if"), contexts):
            self.record.jobs.append(JobRun(key, key, "skipped"))
            return
        for index, entry in enumerate(_matrix(job, contexts)):
            made = {**contexts, "matrix": entry, "strategy": {"job-index": index}}
            _Job(self, key, job, made).run()

    def _needed(self, key: str) -> dict[str, Any]:
        results = [job.result for job in self.record.of(key)]
        result = next((r for r in ("failure", "cancelled", "skipped") if r in results), "success")
        outputs = Missing()
        for job in self.record.of(key):
            outputs.update(job.outputs)
        return {"result": result, "outputs": outputs}

    def _github(self) -> dict[str, Any]:
        return {
            "ref": self.event.ref,
            "sha": self.event.sha,
            "event_name": self.event.name,
            "repository": self.hub.repository,
            "workflow": self.document["name"],
            "event": Missing(self.event.payload),
        }


class _Job:
    """One job: a machine of its own, gone afterwards."""

    def __init__(self, workflow: _Workflow, key: str, job: Any, contexts: dict[str, Any]) -> None:
        self.workflow, self.job, self.hub = workflow, job, workflow.hub
        self.contexts = {**contexts, "steps": {}, "success": True, "failure": False}
        name = expressions.text(expressions.value(job["name"], contexts))
        self.record = JobRun(key, name)
        self.place = workflow.place / f"job-{len(workflow.record.jobs)}"
        self.workspace = self.place / "work"
        self.workspace.mkdir(parents=True)
        self.path = [str(self.place / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
        self.summary = self.place / "summary.md"
        self.permissions = dict(job["permissions"])
        if workflow.event.fork:
            self.permissions = {
                key: "read" for key, level in self.permissions.items() if level in _WRITES
            }
            self.permissions.pop("id-token", None)

    def run(self) -> None:
        self.workflow.record.jobs.append(self.record)
        assert self.job["runs-on"] == "ubuntu-24.04"
        assert self.job["timeout-minutes"] <= 360
        if not self._admitted():
            self.record.result = "failure"
            return
        for step in self.job["steps"]:
            self._step(step, self.contexts)
        if self.summary.exists():
            self.record.summary = self.summary.read_text(encoding="utf-8")
        self.record.outputs = {
            key: expressions.text(expressions.value(one, self.contexts))
            for key, one in (self.job.get("outputs") or {}).items()
        }

    def _admitted(self) -> bool:
        """Whether the environment's rules let the job begin; without one, always.

        Deployment branches are compared with the run's ref; a pull request's is refs/pull/N/merge.
        https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
        """
        wanted = self.job.get("environment")
        if wanted is None:
            return True
        name = expressions.text(expressions.value(wanted["name"], self.contexts))
        self.record.environment = name
        if self.workflow.event.ref not in self.hub.branches.get(name, ()):
            return False
        return self.hub.approve(self.record, self.workflow.record)

    @property
    def subject(self) -> str:
        """https://docs.github.com/actions/reference/security/oidc: environment goes first."""
        event, root = self.workflow.event, f"repo:{self.hub.repository}"
        if self.record.environment:
            return f"{root}:environment:{self.record.environment}"
        return f"{root}:pull_request" if event.name == "pull_request" else f"{root}:ref:{event.ref}"

    def _step(self, step: Any, contexts: dict[str, Any], action: Path | None = None) -> None:
        if not expressions.condition(step.get("if"), contexts):
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": Missing()}
            return
        given = {
            key: expressions.text(expressions.value(one, contexts))
            for key, one in (step.get("with") or {}).items()
        }
        env = {
            key: expressions.text(expressions.value(one, contexts))
            for key, one in (step.get("env") or {}).items()
        }
        made = StepRun(step["name"], "success", "", Missing())
        self.record.steps.append(made)
        try:
            if "run" in step:
                self._bash(step, env, made, action)
            else:
                self._uses(step["uses"], given, env, made)
        except StepFailedError as problem:
            made.result, self.record.result = "failure", "failure"
            made.log += str(problem)
            contexts["success"], contexts["failure"] = False, True
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": made.outputs}

    def _bash(self, step: Any, env: dict[str, str], made: StepRun, action: Path | None) -> None:
        assert "${{" not in step["run"], "a script takes values from its environment"
        assert "set -euo pipefail" in step["run"] or "\n" not in step["run"]
        number = len(self.record.steps)
        files = {name: self.place / f"{name}-{number}" for name in ("script", "output")}
        files["script"].write_text(step["run"], encoding="utf-8")
        files["output"].touch()
        done = subprocess.run(
            [*_SHELLS[step.get("shell")], str(files["script"])],
            cwd=self.workspace,
            env={
                **self.hub.machine,
                **self._variables(),
                "GITHUB_OUTPUT": str(files["output"]),
                **({"GITHUB_ACTION_PATH": str(action)} if action else {}),
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        made.log = done.stdout
        for line in files["output"].read_text(encoding="utf-8").splitlines():
            name, equals, found = line.partition("=")
            assert equals, line
            assert "<<" not in name
            made.outputs[name] = found
        if done.returncode:
            raise StepFailedError(f"exit code {done.returncode}")

    def _variables(self) -> dict[str, str]:
        event = self.workflow.event
        variables = {
            "PATH": os.pathsep.join(self.path),
            "HOME": str(self.place),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_REF": event.ref,
            "GITHUB_SHA": event.sha,
            "GITHUB_REPOSITORY": self.hub.repository,
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        if self.permissions.get("id-token") == "write":
            variables |= {
                "ACTIONS_ID_TOKEN_REQUEST_URL": self.hub.identity.url,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.hub.identity.grant(self.subject),
            }
        return variables

    def _uses(self, uses: str, given: dict[str, str], env: dict[str, str], made: StepRun) -> None:
        if uses.startswith("$/"):
            self._composite(self.hub.tool / uses.removeprefix("$/"), given, made)
            return
        name, _, commit = uses.partition("@")
        assert len(commit) == 40, f"{uses} is not pinned"
        stand_ins: dict[str, Callable[[], None]] = {
            "actions/checkout": lambda: self._check_out(given),
            "actions/setup-python": lambda: self._set_up_python(given),
            "actions/upload-artifact": lambda: self._upload(given),
            "actions/download-artifact": lambda: self._download(given),
            "actions/github-script": lambda: self._script(given, env, made),
            "github/codeql-action/upload-sarif": lambda: self._scan(given),
        }
        stand_ins[name]()

    def _composite(self, action: Path, given: dict[str, str], made: StepRun) -> None:
        document = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        declared = document["inputs"]
        assert set(given) <= set(declared), set(given) - set(declared)
        inputs = {key: given.get(key, one.get("default", "")) for key, one in declared.items()}
        missing = [key for key, one in declared.items() if one.get("required") and not inputs[key]]
        assert not missing, missing
        contexts = {"inputs": inputs, "steps": {}, "success": True, "failure": False}
        contexts |= {"cancelled": False, "github": self.contexts["github"]}
        for step in document["runs"]["steps"]:
            assert "run" not in step or step["shell"] == "bash"
            self._step(step, contexts, action)
        for key, one in document["outputs"].items():
            made.outputs[key] = expressions.text(expressions.value(one["value"], contexts))
        if not contexts["success"]:
            raise StepFailedError(f"{action.name} failed")

    def _check_out(self, given: dict[str, str]) -> None:
        assert self.permissions.get("contents") == "read"
        assert given == {"persist-credentials": "false"}
        shutil.copytree(self.workflow.tree, self.workspace, dirs_exist_ok=True, symlinks=True)
        subprocess.run(["git", "init", "-q"], cwd=self.workspace, check=True)
        subprocess.run(["git", "add", "-A"], cwd=self.workspace, check=True)

    def _set_up_python(self, given: dict[str, str]) -> None:
        assert given["python-version"]
        python = self.place / "bin" / "python"
        python.parent.mkdir(exist_ok=True)
        python.write_text(f'#!/bin/sh\nexec {self.hub.python} "$@"\n', encoding="utf-8")
        python.chmod(0o755)

    def _upload(self, given: dict[str, str]) -> None:
        source, target = self.workspace / given["path"], self.workflow.record.artifacts
        assert "/" not in given["name"], "artifacts' names have no slash"
        if not source.exists():
            assert given["if-no-files-found"] == "ignore"
            return
        target /= given["name"]
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(source, target)

    def _download(self, given: dict[str, str]) -> None:
        target, stored = self.workspace / given["path"], self.workflow.record.artifacts
        if "name" in given:
            if not (stored / given["name"]).exists():
                raise StepFailedError(f"no artifact {given['name']}")
            shutil.copytree(stored / given["name"], target, symlinks=True)
            return
        for one in stored.iterdir():
            if fnmatch(one.name, given["pattern"]):
                shutil.copytree(one, target / one.name, symlinks=True)

    def _script(self, given: dict[str, str], env: dict[str, str], made: StepRun) -> None:
        owner, _, repo = self.hub.repository.partition("/")
        event = self.workflow.event
        context = {
            "repo": {"owner": owner, "repo": repo},
            "serverUrl": SERVER,
            "runId": self.hub.runs,
            "sha": event.sha,
            "payload": dict(event.payload),
        }
        sent = {
            "script": given["script"],
            "context": context,
            "permissions": self.permissions,
            "state": self.hub.state,
        }
        done = subprocess.run(
            ["node", str(HERE / "github_script.js")],
            input=json.dumps(sent),
            cwd=self.workspace,
            env={"PATH": os.pathsep.join(self.path), **env},
            capture_output=True,
            text=True,
            check=False,
        )
        made.log = done.stderr
        if done.returncode:
            raise StepFailedError("the script failed")
        answer = json.loads(done.stdout)
        self.hub.state = answer["state"]
        self.workflow.record.warnings.extend(answer["warnings"])
        made.outputs.update(answer["outputs"])

    def _scan(self, given: dict[str, str]) -> None:
        if self.permissions.get("security-events") != "write":
            raise StepFailedError("this token may not upload findings")
        document = json.loads((self.workspace / given["sarif_file"]).read_text(encoding="utf-8"))
        assert document["version"] == "2.1.0"
        self.hub.scanned.append(document)


class StepFailedError(Exception):
    """A step that ends its job, unless the next one is to run all the same."""


def _needs(job: Any) -> list[str]:
    found = job.get("needs") or []
    return [found] if isinstance(found, str) else list(found)


def _matrix(job: Any, contexts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a matrix that is a list of them; GitHub takes 1 to 256."""
    written = (job.get("strategy") or {}).get("matrix")
    if written is None:
        return [{}]
    if isinstance(written, str):
        written = expressions.value(written, contexts)
    assert set(written) == {"include"}, written
    entries: Any = expressions.value(written["include"], contexts)
    assert 1 <= len(entries) <= 256
    return list(entries)
