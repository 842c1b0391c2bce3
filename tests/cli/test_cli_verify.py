"""`verify` and `apply --verify`, against the embedded sandbox."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

from provisioning.sandbox import Sandbox

SHIPPED = Path(__file__).parents[2] / "manifests"
PASSWORD = "Correct-Horse-9"
APPLY = "apply . --sandbox box --yes --verify"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        os.environ |= {"TEST_USER": "alice@example.com", "TEST_PASSWORD": PASSWORD}
        os.environ.pop("PROVISIONING_SIGNIN_ENDPOINT", None)
        yield made


def shipped(shell: Shell, name: str) -> None:
    shutil.copytree(SHIPPED / name, shell.folder, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("name", "checks", "code"),
    [
        ("ropc-custom-policy", ["sign_in"], 0),
        ("ropc-user-flow", ["sign_in"], 3),
        ("access-token", ["call_the_api"], 0),
        ("auth0-native", ["sign_in", "sign_in_v1"], 0),
    ],
)
def test_a_shipped_manifest_passes_its_checks_after_an_apply(
    shell: Shell, name: str, checks: list[str], code: int
) -> None:
    shipped(shell, name)
    told = shell(f"{APPLY} --format json")
    assert told.code == code, told.stderr
    assert [(check["check"], check["outcome"]) for check in told.document["checks"]] == [
        (check, "passed") for check in checks
    ]
    assert PASSWORD not in told.stdout + told.stderr


def test_verify_shows_a_table_and_hides_what_is_secret(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box")
    assert told.code == 0
    assert "sign-in works; policy version not proven" in told.stdout
    assert told.stdout.endswith("Checks: 1 passed.\n")
    assert "password=(sensitive)" in told.stdout
    assert "acr=b2c_1a_ropc_auth" in told.stdout
    assert PASSWORD not in told.stdout + told.stderr
    assert "eyJ" not in told.stdout + told.stderr


def test_a_closed_switch_is_told_with_the_line_that_mends_it(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    shell.write("manifest.yaml", text.replace("    oauth2AllowImplicitFlow: true\n", ""))
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box --format json")
    assert told.code == 1
    (check,) = told.document["checks"]
    assert check["outcome"] == "failed"
    assert check["error"]["code"] == "AADB2C90057"
    assert check["error"]["path"] == "applications.app.oauth2AllowImplicitFlow"


def test_before_an_apply_a_check_fails_and_says_so(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    told = shell("verify . --sandbox box --format json")
    assert told.code == 1
    (check,) = told.document["checks"]
    assert check["summary"] == "application.app is not in the tenant"
    assert check["error"]["remedy"] == "apply the manifest first"


def test_an_unset_variable_is_named(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    shell("apply . --sandbox box --yes")
    del os.environ["TEST_PASSWORD"]
    told = shell("verify . --sandbox box")
    assert told.code == 1
    assert "the environment variable TEST_PASSWORD is not set" in told.stdout


def test_a_manifest_without_checks_says_so(shell: Shell) -> None:
    told = shell("verify . --sandbox box")
    assert (told.code, told.stdout) == (0, "The manifest declares no checks.\n")


def test_the_sandbox_answers_the_sign_in_hosts_itself(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    told = shell("verify . --sandbox box --signin-endpoint https://localhost:1")
    assert told.code == 1
    assert "--signin-endpoint and --sandbox exclude each other" in told.stderr


def test_claims_that_a_token_shows_are_left_to_nobody(shell: Shell) -> None:
    shipped(shell, "ropc-user-flow")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    names = "claims: [Display Name, Email Addresses, Identity Provider]"
    assert names in text
    shell.write("manifest.yaml", text.replace(names, "claims: [Display Name]"))
    assert shell(APPLY).code == 3
    assert shell("plan . --sandbox box --detailed-exitcode").code == 3
    with contextlib.closing(Sandbox(shell.folder / "box")) as box:
        box.portal_set_claims("contoso.onmicrosoft.com", "B2C_1_ROPC_Auth", ["Display Name"])
    assert shell("verify . --sandbox box").code == 0
    assert shell("plan . --sandbox box --detailed-exitcode").code == 0
