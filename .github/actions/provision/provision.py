"""One run of the command line in a job: inputs in, outputs, job summary and exit code out.

Every input comes by an environment variable, is checked here and becomes one argument: nothing a
user or a tenant wrote is read by a shell. Must not decide what is applied: that is the command's
own digest check. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRODUCT = (sys.executable, "-m", "provisioning")
FORMATS = {"json": "report.json", "markdown": "report.md", "sarif": "report.sarif"}
NAME = re.compile(r"[a-z0-9-]{1,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")
AUTH = re.compile(r"[a-z-]{1,40}")
GUARD = re.compile(r"[a-z][a-z-]*(=[\w.:-]+)?")
SUMMARY_BYTES = 1_000_000
"""A little less than the 1 MiB that GitHub takes of one step."""
GOOD = {"plan": {0, 2, 3}, "apply": {0, 3}, "verify": {0}}
"""Exit codes with which a step passes."""
STATUSES = {
    "plan": {0: "in-sync", 2: "changes", 3: "waiting"},
    "apply": {0: "applied", 3: "waiting"},
    "verify": {0: "passed"},
}
INTERRUPTED = 130
RUNNER_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL"  # noqa: S105 - a variable's name


class InputError(Exception):
    """An input that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the step was given, checked."""

    command: str
    manifest: str
    inventory: str
    tenants: tuple[str, ...]
    rings: tuple[str, ...]
    all_tenants: bool
    variables: tuple[str, ...]
    allow: tuple[str, ...]
    prune: bool
    parallel: str
    verify: bool
    approved: Mapping[str, str]
    """Digest by tenant; the tenant is empty for a manifest without an inventory."""
    reviewed: Mapping[str, str]
    auth: str
    client_id: str
    reports: Path

    @property
    def fleet(self) -> bool:
        """Whether the tenants come from the inventory."""
        return bool(self.tenants or self.rings or self.all_tenants)


def main() -> int:
    """Run; returns the exit code of the step."""
    try:
        inputs = read(os.environ)
    except InputError as problem:
        print(f"::error title=provision::{problem}")
        return 1
    if _lacks_token(inputs, os.environ):
        tell_unavailable()
        return 0
    inputs.reports.mkdir(parents=True, exist_ok=True)
    code = run(inputs)
    document = _document(inputs.reports / FORMATS["json"])
    changes = changed(document)
    faults = mismatches(inputs, changes) if inputs.command == "plan" else []
    write_outputs(inputs, code, document, changes)
    write_summary(inputs, changes, faults)
    for fault in faults:
        print(f"::error title=provision::{fault}")
    return 1 if faults or code not in GOOD[inputs.command] else 0


def read(env: Mapping[str, str]) -> Inputs:
    """Check every input. Raises InputError."""

    def text(name: str) -> str:
        return env.get(f"INPUT_{name}", "").strip()

    def flag(name: str) -> bool:
        if text(name) not in {"", "true", "false"}:
            raise InputError(f"{name.lower()} is neither true nor false")
        return text(name) == "true"

    inputs = Inputs(
        command=text("COMMAND"),
        manifest=_path(text("MANIFEST"), "manifest"),
        inventory=_path(text("INVENTORY"), "inventory"),
        tenants=_matching(NAME, re.split(r"[\s,]+", text("TENANTS")), "tenants"),
        rings=_matching(NAME, re.split(r"[\s,]+", text("RINGS")), "rings"),
        all_tenants=flag("ALL_TENANTS"),
        variables=tuple(line.strip() for line in text("VARIABLES").splitlines() if line.strip()),
        allow=_matching(GUARD, text("ALLOW").split(), "allow"),
        prune=flag("PRUNE"),
        parallel="".join(_matching(re.compile(r"[1-9]\d{0,3}"), [text("PARALLEL")], "parallel")),
        verify=flag("VERIFY"),
        approved=dict(_approvals(text("APPROVED"))),
        reviewed=_reviewed(text("REVIEWED")),
        auth="".join(_matching(AUTH, [text("AUTH")], "auth")),
        client_id=text("CLIENT_ID"),
        reports=Path(_path(text("REPORTS"), "reports") or "provisioning-reports"),
    )
    if inputs.command not in GOOD:
        raise InputError("command is none of plan, apply, verify")
    if not inputs.fleet and not inputs.manifest:
        raise InputError("name tenants, rings, all-tenants or a manifest")
    if inputs.command == "apply" and not inputs.approved:
        raise InputError("an apply needs the digests that were approved")
    if inputs.approved and inputs.fleet is ("" in inputs.approved):
        raise InputError("approved takes TENANT=DIGEST with tenants, and one DIGEST without")
    return inputs


def command_line(inputs: Inputs) -> list[str]:
    """Return the arguments of the product."""
    arguments = [inputs.command]
    if inputs.fleet:
        arguments += [f"--inventory={inputs.inventory or 'tenants.yaml'}"]
        arguments += [f"--tenant={name}" for name in inputs.tenants]
        arguments += [f"--ring={name}" for name in inputs.rings]
        arguments += ["--all-tenants"] if inputs.all_tenants else []
        arguments += [f"--parallel={inputs.parallel}"] if inputs.parallel else []
    arguments += [f"--var={line}" for line in inputs.variables]
    arguments += [] if inputs.auth in {"", "none"} else [f"--auth={inputs.auth}"]
    arguments += [f"--journal={inputs.reports / 'journal'}", "--no-color"]
    for form, name in FORMATS.items():
        if form != "sarif" or inputs.command == "plan":
            arguments += [f"--report={form}={inputs.reports / name}"]
    if inputs.command != "verify":
        arguments += [f"--allow={guard}" for guard in inputs.allow]
        arguments += ["--prune"] if inputs.prune else []
    if inputs.command == "plan":
        arguments += ["--detailed-exitcode"]
    if inputs.command == "apply":
        arguments += ["--yes", *(["--verify"] if inputs.verify else [])]
        for name, digest in inputs.approved.items():
            arguments += [f"--approved={name}={digest}" if name else f"--approved={digest}"]
    return [*arguments, *(["--", inputs.manifest] if inputs.manifest else [])]


def run(inputs: Inputs) -> int:
    """Run the product; nothing it prints is taken for a command to the runner."""
    env = dict(os.environ)
    if inputs.client_id:
        env["AZURE_CLIENT_ID"] = inputs.client_id
    fence = secrets.token_hex(16)
    print(f"::stop-commands::{fence}", flush=True)
    try:
        return subprocess.run([*PRODUCT, *command_line(inputs)], env=env, check=False).returncode
    finally:
        print(f"::{fence}::", flush=True)


def changed(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return tenant and digest of every plan in the report that has something to apply."""
    if "tenants" not in document:
        summary = document.get("summary") or {}
        keys = ("create", "update", "replace", "delete", "restore")
        if not any(summary.get(key) for key in keys):
            return []
        return [{"tenant": "", "digest": str(document["digest"])}]
    return [
        {"tenant": str(tenant["name"]), "digest": str(tenant["digest"])}
        for tenant in document["tenants"]
        if tenant["status"] == "changes"
    ]


def mismatches(inputs: Inputs, changes: list[dict[str, str]]) -> list[str]:
    """Say which plans are not the ones that were approved; without approvals, none."""
    found = {entry["tenant"]: entry["digest"] for entry in changes}
    return [
        f"{name or inputs.manifest}: approved was {digest}, "
        + (f"the plan is {found[name]}" if name in found else "there is nothing to apply")
        for name, digest in inputs.approved.items()
        if found.get(name) != digest
    ]


def write_outputs(
    inputs: Inputs, code: int, document: Mapping[str, Any], changes: list[dict[str, str]]
) -> None:
    """Write the outputs; each is one line, so none can end another's."""
    status = STATUSES[inputs.command].get(code, "interrupted" if code == INTERRUPTED else "failed")
    tenants = document.get("tenants")
    digests = (
        {tenant["name"]: tenant["digest"] for tenant in tenants if tenant["digest"]}
        if isinstance(tenants, list)
        else {"": document["digest"]}
        if "digest" in document
        else {}
    )
    if inputs.approved:
        changes = [entry for entry in changes if entry["tenant"] in inputs.approved]
    _output("status", status)
    _output("exit-code", str(code))
    _output("digests", json.dumps(digests, separators=(",", ":")))
    _output("changes", json.dumps(changes, separators=(",", ":")))
    _output("reports", str(inputs.reports))


def write_summary(inputs: Inputs, changes: list[dict[str, str]], faults: list[str]) -> None:
    """Append the report to the job summary, and how it compares with what was reviewed."""
    report = inputs.reports / FORMATS["markdown"]
    text = report.read_text(encoding="utf-8") if report.is_file() else "No report was written.\n"
    compared = "".join(f"{line}\n" for line in comparison(inputs.reviewed, changes))
    refused = "".join(f"- **{fault}**\n" for fault in faults)
    encoded = text.encode()
    room = SUMMARY_BYTES - len(compared.encode()) - len(refused.encode())
    if len(encoded) > room:
        kept = encoded[:room].decode(errors="ignore").rpartition("\n")[0]
        text = f"{kept}\n\nToo long for a summary: the rest is in the artefact's report.md.\n"
    _append("GITHUB_STEP_SUMMARY", f"{refused}{text}\n{compared}")


def comparison(reviewed: Mapping[str, str], changes: list[dict[str, str]]) -> Iterator[str]:
    """Tell the approver which plans are the ones that a pull request showed."""
    if not reviewed or not changes:
        return
    yield "| Tenant | Digest | The plan of the pull request |"
    yield "|---|---|---|"
    for entry in changes:
        before = reviewed.get(entry["tenant"])
        same = "the same" if before == entry["digest"] else "**another one**"
        yield f"| {entry['tenant']} | `{entry['digest']}` | {same if before else 'not shown'} |"


def tell_unavailable() -> None:
    """A fork's or Dependabot's pull request gets no identity token: say so, and no more."""
    print("::notice title=provision::no identity token, so no tenant was read")
    text = (
        "No plan: a pull request from a fork gets no identity token, so no tenant was read. "
        "The offline checks are in the job *validate*.\n"
    )
    _append("GITHUB_STEP_SUMMARY", text)
    for name, value in (("status", "unavailable"), ("exit-code", "0"), ("digests", "{}")):
        _output(name, value)
    _output("changes", "[]")


def _lacks_token(inputs: Inputs, env: Mapping[str, str]) -> bool:
    return (
        inputs.command == "plan"
        and inputs.auth == "workload-identity"
        and env.get("GITHUB_EVENT_NAME") == "pull_request"
        and not env.get(RUNNER_TOKEN)
        and not env.get("AZURE_FEDERATED_TOKEN_FILE")
    )


def _path(text: str, name: str) -> str:
    if text.startswith("-") or not text.isprintable():
        raise InputError(f"{name} is no path")
    return text


def _matching(pattern: re.Pattern[str], words: list[str], name: str) -> tuple[str, ...]:
    given = tuple(word for word in words if word)
    if not all(pattern.fullmatch(word) for word in given):
        raise InputError(f"{name} holds something that is none")
    return given


def _approvals(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        name, _, digest = word.rpartition("=")
        if not DIGEST.fullmatch(digest) or (name and not NAME.fullmatch(name)):
            raise InputError("approved holds something that is no digest")
        yield name, digest


def _reviewed(text: str) -> dict[str, str]:
    """Read what a comment said; anything odd is left out, for nothing hangs on it."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    listed = found.items() if isinstance(found, dict) else ()
    return {
        name: digest
        for name, digest in listed
        if NAME.fullmatch(name) and isinstance(digest, str) and DIGEST.fullmatch(digest)
    }


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _output(name: str, value: str) -> None:
    line = " ".join(value.splitlines())
    _append("GITHUB_OUTPUT", f"{name}={line}\n")


def _append(variable: str, text: str) -> None:
    if place := os.environ.get(variable):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
