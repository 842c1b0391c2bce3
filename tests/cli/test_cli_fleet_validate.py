"""`validate` of many tenants: each manifest as its tenants' variables make it, offline."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

MANIFEST = """\
version: 1
name: demo
variables: {redirectUri: {description: where the app listens}}
applications:
  app:
    displayName: App
    publicClient: {redirectUris: ["${var.redirectUri}"]}
"""
INVENTORY = """\
version: 1
defaults: {type: b2c, manifests: [app]}
rings: {canary: , broad: }
tenants:
  contoso: {domain: contoso.onmicrosoft.com, ring: canary, variables: {redirectUri: "a://b"}}
  fabrikam: {domain: fabrikam.onmicrosoft.com, ring: broad}
  tailspin: {domain: tailspin.onmicrosoft.com, ring: broad}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        made.write("app/manifest.yaml", MANIFEST)
        made.write("tenants.yaml", INVENTORY)
        yield made


def test_chosen_tenants_are_valid_with_their_own_variables(shell: Shell) -> None:
    told = shell("validate --tenant contoso")
    assert (told.code, told.stdout) == (0, "tenants.yaml: 1 tenants, valid\n")
    assert shell("validate --all-tenants --var redirectUri=a://b").code == 0


def test_a_fault_that_tenants_share_is_told_once(shell: Shell) -> None:
    shell.write("app/manifest.yaml", MANIFEST.replace("displayName", "displayNam"))
    told = shell("validate --all-tenants --var redirectUri=a://b --format json")
    assert told.code == 1
    assert ["displayNam" in one["message"] for one in told.document["findings"]] == [True]


def test_a_fault_of_one_tenant_is_told_when_it_is_chosen(shell: Shell) -> None:
    assert shell("validate --ring canary").code == 0
    told = shell("validate --ring broad")
    assert told.code == 1
    assert "`redirectUri` has no value" in told.stdout


def test_faults_of_inventory_and_choice_are_told(shell: Shell) -> None:
    assert "tenant" in shell("validate --tenant contosa").stderr
    shell.write("tenants.yaml", INVENTORY.replace("ring: canary,", "ring: nowhere,"))
    told = shell("validate --all-tenants")
    assert told.code == 1
    assert "tenants.yaml:5:" in told.stdout


def test_a_manifest_of_the_command_line_replaces_the_tenants_own(shell: Shell) -> None:
    shell.write("other/manifest.yaml", MANIFEST.replace("displayName", "displayNam"))
    assert "displayNam" in shell("validate other --tenant contoso").stdout


def test_without_manifest_and_choice_the_remedy_names_both(shell: Shell) -> None:
    told = shell("validate")
    assert told.code == 1
    assert "--all-tenants" in told.stderr


def test_it_never_imports_the_graph_sdk(shell: Shell) -> None:
    script = (
        "import sys\nfrom provisioning import cli\n"
        "code = cli.main(['validate', '--tenant', 'contoso'])\n"
        "heavy = {'msgraph', 'kiota_abstractions', 'azure.identity', 'httpx', 'starlette'}\n"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
