"""Every command, through the same entry that the console script calls."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from cli_shell import MANIFEST, Shell, opened

from provisioning import __version__
from provisioning.cli import logs
from provisioning.cli.options import LogFormat, LogLevel


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        yield made


SECRET = """
    secrets: {main: {displayName: main, lifetime: P180D, store: {dotenv: s.env, name: SECRET}}}
"""


def test_version_is_told(shell: Shell) -> None:
    told = shell("--version")
    assert (told.code, told.stdout) == (0, f"provisioning {__version__}\n")


def test_help_names_every_command(shell: Shell) -> None:
    told = shell("--help")
    assert told.code == 0
    for name in (
        "validate",
        "plan",
        "apply",
        "verify",
        "rollback",
        "policies",
        "schema",
        "diagram",
        "doctor",
        "onboard",
        "offboard",
        "sandbox",
        "tenants",
    ):
        assert f" {name} " in told.stdout


@pytest.mark.parametrize(
    "line",
    [
        "bogus",
        "plan",
        "tenants add x",
        "plan . --parallel 0",
        "plan nowhere.yaml",
        "plan . --bogus",
        "plan . --format yaml",
        "plan . --auth magic",
        "plan . extra",
        "apply . --approved",
        "rollback",
        "policies build .",
        "policies lint . --schema-severity bad",
        "sandbox serve --port 70000",
        "",
    ],
)
def test_wrong_usage_is_an_error_and_exits_with_1(shell: Shell, line: str) -> None:
    told = shell(line)
    assert told.code == 1
    assert told.stdout == "" or line == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("plan . --sandbox :memory: --var x", "--var x sets nothing"),
        (
            "plan . --sandbox :memory: --var redirectUri=a --var redirectUri=b",
            "--var redirectUri is given twice",
        ),
        ("plan . --sandbox :memory: --allow force", "no guard 'force'"),
        ("plan . --sandbox :memory: --allow restore", "--allow restore=ADDRESS"),
        ("plan . --sandbox :memory: --auth token", "--auth and --sandbox exclude each other"),
        (
            "plan . --sandbox :memory: --graph-endpoint http://localhost:1",
            "--graph-endpoint and --sandbox exclude each other",
        ),
        ("plan . --auth token", "--auth token needs PROVISIONING_ACCESS_TOKEN"),
        ("sandbox show --sandbox nowhere", "there is no sandbox in nowhere"),
        ("sandbox reset", "there is no sandbox in .sandbox"),
        ("sandbox serve --sandbox :memory:", "the sandbox has no tenant"),
        ("sandbox serve --sandbox :memory: --tenant a.b:c", "--tenant a.b:c"),
    ],
)
def test_input_that_cannot_work_is_one_message_without_a_traceback(
    shell: Shell, line: str, message: str
) -> None:
    told = shell(line)
    assert told.code == 1
    assert told.stdout == ""
    assert message in told.stderr
    assert "Traceback" not in told.stderr


def test_validate_tells_all_faults_at_their_places(shell: Shell) -> None:
    assert shell("validate . manifest.yaml").stdout == (
        "manifest.yaml: valid, 4 objects\nmanifest.yaml: valid, 4 objects\n"
    )
    shell.write("bad.yaml", "version: 1\nname: demo\ncolour: red\ntenant: {domain: a.b, type: x}\n")
    told = shell("validate bad.yaml")
    assert told.code == 1
    assert "bad.yaml:3:1: error: " in told.stdout
    assert "bad.yaml:4:" in told.stdout


def test_validate_in_json_is_one_document(shell: Shell) -> None:
    shell.write("bad.yaml", "version: 1\nname: demo\ncolour: red\n")
    told = shell("validate . bad.yaml --format json")
    assert told.code == 1
    assert told.document["summary"]["error"] >= 1
    assert {"file", "line", "column", "rule", "severity", "message", "remedy"} <= set(
        told.document["findings"][0]
    )
    assert shell("validate . --format json").document["findings"] == []


def test_a_first_plan_then_apply_then_an_empty_plan(shell: Shell) -> None:
    first = shell("plan . --sandbox box --detailed-exitcode")
    assert first.code == 2
    assert "Plan: 3 to create, 0 to update, 0 to delete\n" in first.stdout
    done = shell("apply . --sandbox box --yes")
    assert done.code == 0
    assert "Apply: 3 done\n" in done.stdout
    assert "Second plan: no changes. The tenant matches the manifest.\n" in done.stdout
    again = shell("plan . --sandbox box --detailed-exitcode")
    assert again.code == 0
    assert "No changes. The tenant matches the manifest.\n" in again.stdout
    assert shell("plan . --sandbox box").code == 0


def test_an_apply_with_nothing_to_do_writes_nothing_and_asks_nothing(shell: Shell) -> None:
    shell("apply . --sandbox box --yes")
    told = shell("apply . --sandbox box")
    assert told.code == 0
    assert "Apply: nothing to do\n" in told.stdout
    assert len(list((shell.folder / ".provisioning").iterdir())) == 1


def test_the_sandbox_in_memory_keeps_nothing(shell: Shell) -> None:
    assert shell("apply . --sandbox :memory: --yes").code == 0
    assert shell("plan . --sandbox :memory: --detailed-exitcode").code == 2


def test_json_is_one_document_with_the_frozen_keys(shell: Shell) -> None:
    planned = shell("plan . --sandbox box --format json").document
    assert {"formatVersion", "tenant", "digest", "steps", "summary", "findings", "stats"} <= set(
        planned
    )
    assert [step["address"] for step in planned["steps"]] == [
        "application.app",
        "service_principal.app",
        "delegated_permission_grant.app.microsoftGraph",
    ]
    done = shell("apply . --sandbox box --yes --format json")
    assert [item["result"] for item in done.document["outcomes"]] == ["done", "done", "done"]
    assert done.document["digest"] == planned["digest"]
    assert "Plan: 3 to create" in done.stderr
    idle = shell("apply . --sandbox box --yes --format json")
    assert idle.document["outcomes"] == []


def test_an_error_in_json_is_a_document_too(shell: Shell) -> None:
    told = shell("plan . --auth token --format json")
    assert told.code == 1
    assert told.document["findings"][0]["severity"] == "error"
    assert "PROVISIONING_ACCESS_TOKEN" in told.document["findings"][0]["message"]


def test_markdown_is_for_a_pull_request(shell: Shell) -> None:
    told = shell("plan . --sandbox box --format markdown")
    assert told.stdout.startswith("### Plan: 3 to create, 0 to update, 0 to delete\n")
    done = shell("apply . --sandbox box --yes --format markdown")
    assert done.stdout.startswith("### Apply: 3 done\n")


def test_without_a_terminal_apply_needs_yes(shell: Shell) -> None:
    told = shell("apply . --sandbox box")
    assert told.code == 1
    assert "--yes" in told.stderr
    assert "Plan: 3 to create" in told.stdout
    assert shell("plan . --sandbox box --detailed-exitcode").code == 2


def test_a_saved_plan_is_applied_when_it_still_holds(shell: Shell) -> None:
    saved = shell("plan . --sandbox box --out plan.json --var redirectUri=myapp://saved")
    assert saved.code == 0
    assert stat.S_IMODE((shell.folder / "plan.json").stat().st_mode) == 0o600
    done = shell("apply plan.json --sandbox box --yes")
    assert done.code == 0
    assert '"myapp://saved"' in done.stdout


def test_a_saved_plan_that_no_longer_holds_is_refused(shell: Shell) -> None:
    shell("plan . --sandbox box --out plan.json")
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("ROPC_Auth_app", "Another"))
    told = shell("apply plan.json --sandbox box --yes")
    assert told.code == 1
    assert "approved was" in told.stderr
    assert shell("plan . --sandbox box --detailed-exitcode").code == 2


def test_an_approved_digest_lets_only_that_plan_pass(shell: Shell) -> None:
    digest = shell("plan . --sandbox box --format json").document["digest"]
    assert shell(f"apply . --sandbox box --yes --approved {'0' * 64}").code == 1
    assert shell(f"apply . --sandbox box --yes --approved {digest}").code == 0


@pytest.mark.parametrize("broken", ["digest", "manifest", "steps", "gone"])
def test_a_broken_plan_file_says_what_is_wrong(shell: Shell, broken: str) -> None:
    shell("plan . --sandbox box --out plan.json")
    document = json.loads((shell.folder / "plan.json").read_text())
    match broken:
        case "digest":
            document["digest"] = "0" * 64
        case "gone":
            document["manifest"] = str(shell.folder / "moved.yaml")
        case _:
            del document[broken]
    shell.write("plan.json", json.dumps(document))
    told = shell("apply plan.json --sandbox box --yes")
    assert told.code == 1
    assert "plan.json" in told.stderr
    assert shell("plan . --sandbox box --detailed-exitcode").code == 2


def test_a_plan_file_takes_no_variables(shell: Shell) -> None:
    shell("plan . --sandbox box --out plan.json")
    told = shell("apply plan.json --sandbox box --yes --var redirectUri=x")
    assert (told.code, "--var says nothing" in told.stderr) == (1, True)


def test_a_plan_with_only_held_steps_exits_with_3(shell: Shell) -> None:
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(f"{manifest.read_text()}  other: {{displayName: Other}}\n")
    shell("apply . --sandbox box --yes")
    shell.write("manifest.yaml", MANIFEST)
    planned = shell("plan . --sandbox box --detailed-exitcode")
    assert planned.code == 3
    assert "held by the guard prune" in planned.stdout
    applied = shell("apply . --sandbox box --yes")
    assert applied.code == 3
    pruned = shell("apply . --sandbox box --yes --prune")
    assert pruned.code == 0
    assert "No changes." in shell("plan . --sandbox box").stdout


def test_a_made_secret_goes_to_its_sink_and_nowhere_else(shell: Shell) -> None:
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text() + SECRET.removeprefix("\n"))
    told = shell("apply . --sandbox box --yes --log-level debug")
    assert told.code == 0, told.stderr
    value = (shell.folder / "s.env").read_text().partition("\n")[0].removeprefix("SECRET=")
    assert len(value) > 20
    assert value not in told.stdout
    assert value not in told.stderr
    for file in (shell.folder / ".provisioning").iterdir():
        assert value not in file.read_text()


def test_a_runner_is_refused_a_local_sink_before_any_write(shell: Shell) -> None:
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text() + SECRET.removeprefix("\n"))
    os.environ["CI"] = "true"
    told = shell("apply . --sandbox box --yes")
    assert told.code == 1
    assert "CI is set" in told.stderr
    assert "to create" in shell("plan . --sandbox box").stdout
    assert not (shell.folder / "s.env").exists()


def test_no_journal_means_no_writes(shell: Shell) -> None:
    shell.write("taken", "")
    told = shell("apply . --sandbox box --yes --journal taken/journal")
    assert told.code == 1
    assert "journal" in told.stderr
    assert shell("plan . --sandbox box --detailed-exitcode").code == 2


def test_a_tenant_of_another_type_is_refused(shell: Shell) -> None:
    shell("apply . --sandbox box --yes")
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("type: b2c", "type: workforce"))
    told = shell("plan . --sandbox box")
    assert told.code == 1
    assert "Error: " in told.stderr


def test_schema_is_a_json_schema(shell: Shell) -> None:
    told = shell("schema")
    assert told.code == 0
    assert told.document["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_diagram_is_a_flowchart(shell: Shell) -> None:
    told = shell("diagram .")
    assert told.code == 0
    assert told.stdout.startswith("flowchart LR\n")
    assert 'service_5f_principal_2e_app -->|"offline_access openid"|' in told.stdout


def test_doctor_finds_a_healthy_sandbox(shell: Shell) -> None:
    told = shell("doctor . --sandbox box")
    assert told.code == 0
    assert "ok tenant: contoso.onmicrosoft.com" in told.stdout
    listed = shell("doctor . --sandbox box --format json").document["checks"]
    assert [check["name"] for check in listed] == [
        "sign-in",
        "graph",
        "clock",
        "tenant",
        "permissions to plan",
        "permissions to apply",
        "manifest",
    ]
    assert {check["status"] for check in listed} <= {"ok", "warning"}


def test_the_sandbox_is_shown_reset_and_populated(shell: Shell) -> None:
    shell("apply . --sandbox .sandbox --yes")
    assert "3 applications\n" in shell("sandbox show").stdout
    identity = shell("sandbox users add alice@contoso.onmicrosoft.com").stdout.strip()
    tenants = shell("sandbox show --format json").document["tenants"]
    assert [user["id"] for user in tenants[0]["users"]] == [identity]
    assert shell("sandbox reset").code == 0
    assert "2 applications\n" in shell("sandbox show").stdout
    told = shell("sandbox users add alice@elsewhere.example")
    assert (told.code, "belongs to no tenant" in told.stderr) == (1, True)


def test_unreadable_faults_are_explained(shell: Shell) -> None:
    shell.write("faults.yaml", "[{path: /applications, colour: red}]")
    told = shell("sandbox serve --tenant contoso.onmicrosoft.com:b2c --faults faults.yaml")
    assert told.code == 1
    assert "unknown fault key colour" in told.stderr


def test_logs_are_scrubbed_and_json_when_asked(shell: Shell) -> None:
    os.environ["AZURE_CLIENT_SECRET"] = "hush-hush"
    told = shell("validate . --log-level info --log-format json")
    assert told.code == 0
    with redirect_stderr(io.StringIO()) as stderr:
        logs.start(LogLevel.INFO, LogFormat.JSON)
        logging.getLogger("a").info("sent %s\x1b with Bearer abcdefghijkl", "hush-hush")
        logs.start(LogLevel.WARNING, LogFormat.TEXT)
    line = json.loads(stderr.getvalue())
    assert line["message"] == "sent ****\\x1b with Bearer ****"
    assert (line["level"], line["logger"]) == ("info", "a")


def test_what_redirects_and_cookies_carry_is_not_logged(shell: Shell) -> None:
    assert shell("validate .").code == 0
    headers = [(b"Location", b"app://x?code=it's"), (b"Set-Cookie", b"tx=7"), (b"Age", b"1")]
    with redirect_stderr(io.StringIO()) as stderr:
        logs.start(LogLevel.DEBUG, LogFormat.TEXT)
        logging.getLogger("httpcore.http11").debug("return_value=%r", (302, headers))
        logging.getLogger("httpx").info("GET https://a/authorize?client_id=c&state=s&nonce=n 200")
        logs.start(LogLevel.WARNING, LogFormat.TEXT)
    lines = stderr.getvalue()
    assert "[(b'Location', b****), (b'Set-Cookie', b****), (b'Age', b'1')]" in lines
    assert "authorize?client_id=c&state=****&nonce=**** 200" in lines


def test_an_address_that_a_guard_is_opened_for_must_be_one(shell: Shell) -> None:
    told = shell("plan . --sandbox box --allow restore=app --allow rotate=aplication.app")
    assert told.code == 1
    assert "--allow restore=app: 'app' is no address: write KIND.KEY" in told.stderr
    assert "--allow rotate=aplication.app: there is no kind 'aplication'" in told.stderr
    assert "did you mean 'application'?" in told.stderr


def test_what_comes_back_with_a_restored_application_is_left_to_a_second_apply(
    shell: Shell,
) -> None:
    assert shell("apply . --sandbox box --yes").code == 0
    shell.write("manifest.yaml", MANIFEST.partition("applications:")[0])
    assert shell("apply . --sandbox box --yes --prune").code == 0
    shell.write("manifest.yaml", MANIFEST.partition("    permissions:")[0])
    told = shell("apply . --sandbox box --yes --allow restore=application.app")
    assert "Second plan: 1 to delete still to do." in told.stdout
    assert told.code == 3
    told = shell("apply . --sandbox box --yes")
    assert (told.code, "done delete delegated_permission_grant.app" in told.stdout) == (0, True)


def test_a_guard_opened_for_nothing_is_told_and_fails_no_second_run(shell: Shell) -> None:
    assert shell("apply . --sandbox box --yes --allow restore=application.ap").code == 0
    told = shell("apply . --sandbox box --yes --allow restore=application.ap")
    assert told.code == 0
    assert "--allow restore=application.ap opens nothing: there is no application.ap" in told.stdout
    assert "did you mean application.app?" in told.stdout
    assert (
        "allow-nothing" not in shell("plan . --sandbox box --allow replace=application.app").stdout
    )
