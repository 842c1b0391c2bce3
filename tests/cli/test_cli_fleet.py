"""Many tenants from the command line: what is typed, asked, shown, saved, resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Shell, Told, opened

from provisioning.sandbox import Sandbox

PROVISIONING = [sys.executable, "-m", "provisioning"]

MANIFEST = """\
version: 1
name: demo
variables: {redirectUri: {default: "myapp://auth"}}
applications:
  app:
    displayName: App
    signInAudience: AzureADMyOrg
    publicClient: {redirectUris: ["${var.redirectUri}"]}
"""

INVENTORY = """\
version: 1
defaults: {type: workforce, ring: broad, manifests: [app]}
rings: {canary: , broad: {wave: 10, stopAfter: 2}}
tenants:
  contoso: {domain: contoso.example, ring: canary}
  fabrikam: {domain: fabrikam.example, variables: {redirectUri: "fabrikam://auth"}}
  tailspin: {domain: tailspin.example, tags: [eu]}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        made.write("app/manifest.yaml", MANIFEST)
        made.write("tenants.yaml", INVENTORY)
        yield made


def statuses(told: Told) -> dict[str, str]:
    return {tenant["name"]: tenant["status"] for tenant in told.document["tenants"]}


def digests(told: Told) -> dict[str, str]:
    return {tenant["name"]: tenant["digest"] for tenant in told.document["tenants"]}


def run_of(told: Told) -> str:
    return str(told.document["run"])


def dump(shell: Shell) -> dict[str, Any]:
    told = shell("sandbox show --sandbox box --format json")
    return {tenant["domain"]: tenant for tenant in told.document["tenants"]}


def names(shell: Shell, domain: str) -> list[str]:
    return [a["displayName"] for a in dump(shell)[domain]["applications"]]


def test_plan_apply_and_plan_again_over_all_tenants(shell: Shell) -> None:
    planned = shell("plan --all-tenants --sandbox box --detailed-exitcode --format json")
    assert planned.code == 2
    document = planned.document
    assert document["command"] == "plan"
    assert document["summary"]["changes"] == 3
    assert [tenant["ring"] for tenant in document["tenants"]] == ["canary", "broad", "broad"]
    assert "[3/3] " in planned.stderr
    applied = shell("apply --all-tenants --sandbox box --yes")
    assert applied.code == 0
    assert applied.stdout.index("contoso (contoso.example, ring canary): changes") < (
        applied.stdout.index("contoso (contoso.example, ring canary): applied")
    )
    assert "Apply of 3 tenants: 3 applied.\n" in applied.stdout
    (folder,) = (shell.folder / ".provisioning").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "run.json", "_results.jsonl", "contoso.jsonl", "fabrikam.jsonl", "tailspin.jsonl",
    }  # fmt: skip
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    again = shell("plan --all-tenants --sandbox box --detailed-exitcode --format json")
    assert again.code == 0
    assert set(statuses(again).values()) == {"in-sync"}
    rerun = shell("apply --all-tenants --sandbox box --format json")
    assert (rerun.code, set(statuses(rerun).values())) == (0, {"in-sync"})
    assert len(list((shell.folder / ".provisioning").iterdir())) == 1


def test_tenants_are_chosen_by_name_and_ring(shell: Shell) -> None:
    told = shell("plan --tenant fabrikam,tailspin --ring canary --sandbox box --format json")
    assert list(statuses(told)) == ["contoso", "fabrikam", "tailspin"]
    assert list(statuses(shell("plan --ring canary --sandbox box --format json"))) == ["contoso"]
    shell.write("elsewhere/tenants.yaml", INVENTORY.replace("[app]", "[../app]"))
    told = shell("plan --tenant tailspin --inventory elsewhere/tenants.yaml --sandbox box")
    assert told.code == 0
    assert "tailspin (tailspin.example, ring broad): changes" in told.stdout


def test_a_manifest_on_the_command_line_replaces_the_tenants_own(shell: Shell) -> None:
    shell.write("other.yaml", MANIFEST.replace("App", "Other").replace("demo", "other"))
    told = shell("plan other.yaml --tenant contoso --var redirectUri=x://y --sandbox box")
    assert 'displayName: "Other"' in told.stdout
    assert '"x://y"' in told.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("plan", "no MANIFEST is named"),
        ("apply --yes", "no MANIFEST is named"),
        ("verify", "no MANIFEST is named"),
        ("plan --tenant contso --sandbox box", "write --tenant contoso"),
        ("plan --ring canari --sandbox box", "write --ring canary"),
        ("plan --all-tenants --inventory none.yaml", "there is no file `none.yaml`"),
        ("verify --tenant x --sandbox box", "the inventory has no such tenant"),
        ("plan --all-tenants --sandbox box --allow magic", "no guard 'magic'"),
        ("plan --all-tenants --sandbox box --auth token", "--auth and --sandbox exclude"),
        ("plan --all-tenants --graph-endpoint http://far.example", "clear text is for loopback"),
        ("apply --all-tenants --sandbox box", "there is no terminal to ask on"),
        ("apply --all-tenants --sandbox box --approved 12", "write --approved NAME=DIGEST"),
        ("apply --tenant contoso --sandbox box --approved fabrikam=1", "is not chosen"),
        ("apply app --sandbox box --approved a=b", "--approved names more than one plan"),
        ("apply --resume nowhere", "there is no run nowhere"),
        ("apply --resume ../x", "is no id of a run"),
        ("apply --resume x --tenant contoso", "leave them out"),
    ],
)
def test_what_cannot_be_meant_is_one_message(shell: Shell, line: str, message: str) -> None:
    told = shell(line)
    assert told.code == 1
    assert message in told.stderr
    assert "Traceback" not in told.stderr
    assert not (shell.folder / ".provisioning").exists()


def test_an_inventory_with_faults_is_told_with_places(shell: Shell) -> None:
    shell.write("tenants.yaml", INVENTORY + "  contoso: {domain: x.example}\n  b: {domian: x}\n")
    told = shell("plan --all-tenants --sandbox box")
    assert told.code == 1
    assert "tenants.yaml:8:3: error: `contoso` is already there" in told.stderr
    assert "tenants.yaml:9:" in told.stderr
    assert not (shell.folder / "box").exists()


def test_a_tenant_without_a_manifest_needs_one(shell: Shell) -> None:
    shell.write("tenants.yaml", INVENTORY.replace(", manifests: [app]", ""))
    told = shell("plan --tenant contoso --sandbox box")
    assert "tenants.yaml:5:3: error: contoso has no manifest" in told.stderr
    assert shell("plan app --tenant contoso --sandbox box").code == 0


def test_a_saved_plan_is_applied_where_it_still_holds(shell: Shell) -> None:
    assert shell("plan --all-tenants --sandbox box --out fleet.json").code == 0
    saved = shell.folder / "fleet.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    # One tenant is changed by somebody else after the review.
    assert shell("apply --tenant fabrikam --sandbox box --yes").code == 0
    text = MANIFEST.replace("myapp", "late")
    shell.write("app/manifest.yaml", text)
    told = shell("apply fleet.json --sandbox box --yes --format json")
    assert told.code == 1
    assert statuses(told) == {"contoso": "failed", "fabrikam": "skipped", "tailspin": "skipped"}
    shell.write("app/manifest.yaml", MANIFEST)
    told = shell("apply fleet.json --sandbox box --yes --format json")
    assert (told.code, statuses(told)) == (
        0,
        {"contoso": "applied", "fabrikam": "in-sync", "tailspin": "applied"},
    )


def test_a_saved_plan_that_was_edited_is_refused(shell: Shell) -> None:
    shell("plan --all-tenants --sandbox box --out fleet.json")
    document = json.loads((shell.folder / "fleet.json").read_text())
    document["tenants"][1]["parts"][0]["document"]["steps"].pop()
    shell.write("fleet.json", json.dumps(document))
    told = shell("apply fleet.json --sandbox box --yes")
    assert told.code == 1
    assert "the digest of fabrikam is not the one of its steps" in told.stderr
    del document["origin"]
    shell.write("fleet.json", json.dumps(document))
    assert "which inventory" in shell("apply fleet.json --sandbox box --yes").stderr


def test_only_approved_plans_are_carried_out(shell: Shell) -> None:
    shown = digests(shell("plan --all-tenants --sandbox box --format json"))
    told = shell.run(
        "apply", "--all-tenants", "--sandbox", "box", "--yes", "--format", "json",
        "--approved", f"contoso={shown['contoso']}",
        "--approved", f"fabrikam={shown['contoso']}",
    )  # fmt: skip
    assert told.code == 1
    assert statuses(told) == {"contoso": "applied", "fabrikam": "failed", "tailspin": "failed"}
    errors = {tenant["name"]: tenant["error"] for tenant in told.document["tenants"]}
    assert f"approved was {shown['contoso']}" in errors["fabrikam"]["message"]
    assert "nobody has approved" in errors["tailspin"]["message"]
    assert "App" not in names(shell, "fabrikam.example")


def test_one_tenant_of_the_inventory_may_be_approved_by_its_one_digest(shell: Shell) -> None:
    shown = digests(shell("plan --tenant contoso --sandbox box --format json"))
    told = shell(
        f"apply --tenant contoso --sandbox box --yes --approved contoso={shown['contoso']}"
    )
    assert told.code == 0


def test_several_manifests_of_a_tenant_are_one_digest_and_one_journal(shell: Shell) -> None:
    shell.write("second/manifest.yaml", MANIFEST.replace("App", "Second").replace("demo", "two"))
    shell.write("tenants.yaml", INVENTORY.replace("[app]", "[app, second]"))
    told = shell("apply --tenant fabrikam --sandbox box --yes --format json")
    assert told.code == 0
    (tenant,) = told.document["tenants"]
    assert [part["name"] for part in tenant["parts"]] == ["demo", "two"]
    (folder,) = (shell.folder / ".provisioning").iterdir()
    assert len(list(folder.glob("fabrikam.jsonl"))) == 1
    assert {"App", "Second"} <= set(names(shell, "fabrikam.example"))
    shell.write("second/manifest.yaml", MANIFEST.replace("App", "Second"))
    told = shell("plan --tenant fabrikam --sandbox box")
    assert "have the same name: demo" in told.stdout


def test_what_is_odd_in_a_manifest_is_told_once_for_all_tenants(shell: Shell) -> None:
    shell.write("app/manifest.yaml", MANIFEST.replace("variables: {", "variables: {idle: 1, "))
    told = shell("plan --all-tenants --sandbox box")
    assert told.code == 0
    assert told.stderr.count("nothing uses the variable `idle`") == 1


@pytest.mark.parametrize("option", ["--parallel 4", "--inventory other.yaml"])
def test_what_only_many_tenants_need_is_refused_for_one_manifest(shell: Shell, option: str) -> None:
    told = shell(f"plan app --sandbox box {option}")
    assert told.code == 1
    assert f"{option.split(maxsplit=1)[0]} is for tenants of the inventory" in told.stderr


def test_approval_is_needed_for_changes_alone(shell: Shell) -> None:
    shell("apply --tenant contoso,fabrikam --sandbox box --yes")
    other = "  next: {displayName: Next, signInAudience: AzureADMyOrg}\n"
    shell.write("app/manifest.yaml", MANIFEST.partition("  app:")[0] + other)
    shell("apply --tenant contoso --sandbox box --yes")
    digest = digests(shell("plan --tenant fabrikam --sandbox box --format json"))["fabrikam"]
    told = shell(
        "apply --tenant contoso,fabrikam --sandbox box --yes --format json "
        f"--approved fabrikam={digest}"
    )
    # What is left over in contoso waits for --prune: nothing would be written there.
    assert told.document["tenants"][0]["status"] == "waiting"
    assert statuses(told)["fabrikam"] in {"applied", "waiting"}


def test_without_a_folder_for_the_journals_nothing_is_written(shell: Shell) -> None:
    shell.write("file", "no folder")
    told = shell("apply --all-tenants --sandbox box --yes --journal file/journal")
    assert told.code == 1
    assert "the results can't be written to file/journal/" in told.stderr
    assert "App" not in names(shell, "contoso.example")


FIFTY = 50
BROKEN = ("t07", "t21", "t33")


def test_a_rollout_over_fifty_tenants_stops_and_is_resumed(shell: Shell) -> None:
    def write(*, broken: str) -> None:
        lines = [
            "version: 1",
            "defaults: {type: workforce, ring: broad, manifests: [app]}",
            "rings: {canary: , early: {wave: 10, stopAfter: 2}, broad: {wave: 15, stopAfter: 5%}}",
            "tenants:",
        ]
        for number in range(FIFTY):
            name = f"t{number:02d}"
            ring = "canary" if number < 2 else "early" if number < 12 else "broad"
            kind = broken if name in BROKEN else "workforce"
            lines.append(f"  {name}: {{domain: {name}.example, ring: {ring}, type: {kind}}}")
        shell.write("tenants.yaml", "\n".join(lines) + "\n")

    # Three tenants are of another type than the inventory says.
    Sandbox(shell.folder / "box").close()
    box = Sandbox(shell.folder / "box")
    for name in BROKEN:
        box.add_tenant(f"{name}.example", "workforce")
    box.close()
    write(broken="b2c")
    told = shell("apply --all-tenants --sandbox box --yes --parallel 8 --format json")
    assert told.code == 1
    ended = statuses(told)
    # One failure of ten early tenants is tolerated; of 38 broad ones two are more than 5 %.
    assert [name for name in ended if ended[name] == "failed"] == list(BROKEN)
    waves = [[f"t{number:02d}" for number in range(*ends)] for ends in ((0, 27), (42, 50))]
    assert {ended[name] for name in waves[0] if name not in BROKEN} == {"applied"}
    assert {ended[name] for name in waves[1]} == {"skipped"}
    assert told.document["stopped"] == "2 tenants of ring broad failed (stopAfter: 5%)"
    run = run_of(told)
    assert f"To go on: provisioning apply --resume {run}" in told.stderr
    write(broken="workforce")
    resumed = shell(f"apply --resume {run} --sandbox box --yes --format json")
    assert resumed.code == 0
    now = statuses(resumed)
    assert {name for name in now if now[name] == "applied"} == {
        name for name in ended if ended[name] != "applied"
    }
    assert set(now.values()) == {"applied", "in-sync"}
    assert len(now) == FIFTY
    final = shell("plan --all-tenants --sandbox box --detailed-exitcode --format json")
    assert (final.code, set(statuses(final).values())) == (0, {"in-sync"})


def with_checks(shell: Shell) -> None:
    """Let every tenant have a manifest with sign-in checks and a secret of its own."""
    source = Path(__file__).parents[2] / "manifests" / "auth0-native" / "manifest.yaml"
    head, _, rest = source.read_text(encoding="utf-8").partition("tenant:\n")
    text = head + rest[rest.index("variables:") :]
    shell.write("app/manifest.yaml", text.replace(".secrets/", ".secrets/${tenant.name}-"))


def test_a_failed_sign_in_of_the_canary_keeps_the_others_from_beginning(shell: Shell) -> None:
    with_checks(shell)
    os.environ |= {"TEST_USER": "alice@contoso.example"}
    shell.write("tenants.yaml", INVENTORY.replace(
        'variables: {redirectUri: "fabrikam://auth"}', "tags: [eu]"
    ))  # fmt: skip
    told = shell("apply --all-tenants --sandbox box --yes --verify --format json")
    assert told.code == 1
    assert statuses(told) == {"contoso": "failed", "fabrikam": "skipped", "tailspin": "skipped"}
    (contoso, *_) = told.document["tenants"]
    assert contoso["error"]["message"].startswith("3 sign-in checks failed")
    assert "TEST_PASSWORD is not set" in contoso["error"]["message"]
    assert all(item["result"] == "done" for item in contoso["parts"][0]["document"]["outcomes"])
    os.environ |= {"TEST_PASSWORD": "Correct-Horse-9"}
    resumed = shell(f"apply --resume {run_of(told)} --sandbox box --yes --format json")
    assert resumed.code == 0, resumed.stderr
    assert statuses(resumed) == {"contoso": "in-sync", "fabrikam": "applied", "tailspin": "applied"}
    checks = [tenant["parts"][0]["document"]["checks"] for tenant in resumed.document["tenants"]]
    assert {check["outcome"] for found in checks for check in found} == {"passed"}
    proved = shell("verify --all-tenants --sandbox box --format json")
    assert (proved.code, set(statuses(proved).values())) == (0, {"passed"})
    del os.environ["TEST_PASSWORD"]
    failing = shell("verify --all-tenants --sandbox box")
    assert failing.code == 1
    assert "3 sign-in checks failed" in failing.stdout


def test_ctrl_c_ends_what_is_in_flight_and_the_report_is_written(shell: Shell) -> None:
    names = ("contoso", "fabrikam", "tailspin")
    shell.write(
        "faults.yaml",
        # The second tenant's service principal has to wait while the interrupt comes.
        "[{path: /servicePrincipals, method: POST, skip: 1, status: 429, "
        "headers: {Retry-After: '2'}}]",
    )
    serve = ["sandbox", "serve", "--sandbox", ":memory:", "--port", "0", "--faults", "faults.yaml"]
    for name in names:
        serve += ["--tenant", f"{name}.example:workforce"]
    with subprocess.Popen(
        [*PROVISIONING, *serve], cwd=shell.folder, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        told = "".join(server.stdout.readline() for _ in range(2 + 2 * len(names)))
        (url,) = re.findall(r"GRAPH_ENDPOINT=(\S+)", told)
        tokens = re.findall(r"ACCESS_TOKEN=(\S+)", told)
        entries = ""
        for name, token in zip(names, tokens, strict=True):
            shell.write(name, token)
            auth = f"{{method: token, accessToken: {{fromFile: {name}}}}}"
            entries += f"  {name}: {{domain: {name}.example, auth: {auth}}}\n"
        shell.write("tenants.yaml", INVENTORY.partition("  contoso")[0] + entries)
        command = ["apply", "--all-tenants", "--yes", "--parallel", "1", "--graph-endpoint", url]
        apply = subprocess.Popen(
            [*PROVISIONING, *command, "--format", "json"],
            cwd=shell.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert apply.stderr is not None
        for line in apply.stderr:
            if line.startswith("[1/3] contoso: applied"):
                apply.send_signal(signal.SIGINT)
                break
        stdout, stderr = apply.communicate(timeout=60)
        server.send_signal(signal.SIGINT)
    assert apply.returncode == 130, stderr
    assert "Stopping: " in stderr
    document = json.loads(stdout)
    ended = {tenant["name"]: tenant["status"] for tenant in document["tenants"]}
    assert ended == {"contoso": "applied", "fabrikam": "interrupted", "tailspin": "skipped"}
    assert f"apply --resume {document['run']}" in stderr


def test_the_tenants_are_listed_in_the_order_of_their_rollout(shell: Shell) -> None:
    shell.write("tenants.yaml", INVENTORY.replace("  contoso: {", "  zulu: {") + (
        "  contoso: {domain: c.example, ring: canary, id: 11111111-2222-3333-4444-555555555555}\n"
    ))  # fmt: skip
    told = shell("tenants list")
    assert told.code == 0
    head, *rows = told.stdout.splitlines()
    assert head.split() == ["Tenant", "Domain", "Type", "Ring", "Tags", "Manifests"]
    assert [row.split()[0] for row in rows] == ["zulu", "contoso", "fabrikam", "tailspin"]
    assert rows[-1].split() == ["tailspin", "tailspin.example", "workforce", "broad", "eu", "app"]
    document = shell("tenants list --ring broad --format json").document
    assert document["rings"] == [
        {"name": "canary", "wave": None, "stopAfter": None},
        {"name": "broad", "wave": 10, "stopAfter": "2"},
    ]
    assert [tenant["name"] for tenant in document["tenants"]] == ["fabrikam", "tailspin"]
    assert document["tenants"][0]["variables"] == {"redirectUri": "fabrikam://auth"}
    assert "| zulu |" in shell("tenants list --format markdown").stdout


def test_a_tenant_is_added_once(shell: Shell) -> None:
    line = "tenants add northwind --domain northwind.example --type b2c --ring canary --tag eu"
    assert shell(line).stdout == "tenants.yaml: northwind is added.\n"
    assert (shell.folder / "tenants.yaml").read_text() == (
        INVENTORY + "  northwind:\n    domain: northwind.example\n    type: b2c\n"
        "    ring: canary\n    tags: [eu]\n"
    )
    assert "nothing was written" in shell(line).stdout
    told = shell("tenants add Nord --domain contoso.example --ring kanary")
    assert told.code == 1
    assert "`Nord` is no name of a tenant" in told.stderr
    assert "there is no ring `kanary`" in told.stderr
    assert "has the domain of `contoso`" in told.stderr
    first = "tenants add first --domain first.example --type b2c --inventory new.yaml"
    assert shell(first).code == 0
    assert shell("tenants list --inventory new.yaml").code == 0
