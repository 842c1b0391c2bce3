"""`--report FORMAT=FILE`: the same document in more formats, for one tenant and for many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

INVENTORY = """\
version: 1
defaults: {type: b2c, manifests: [manifest.yaml]}
tenants: {contoso: {domain: contoso.onmicrosoft.com}}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        made.write("tenants.yaml", INVENTORY)
        yield made


def test_a_report_is_the_document_of_its_format(shell: Shell) -> None:
    reports = "--report json=out/r.json --report markdown=out/r.md --report sarif=out/r.sarif"
    told = shell(f"plan . --sandbox box {reports}")
    assert told.code == 0
    assert "application.app" in told.stdout
    shown = json.loads((shell.folder / "out/r.json").read_text())
    plain = shell("plan . --sandbox box --format json").document
    assert shown["steps"] == plain["steps"]
    markdown = shell("plan . --sandbox box --format markdown").stdout
    assert (shell.folder / "out/r.md").read_text().splitlines()[0] == markdown.splitlines()[0]
    assert json.loads((shell.folder / "out/r.sarif").read_text())["version"] == "2.1.0"
    applied = shell("apply . --sandbox box --yes --format json --report json=out/a.json")
    assert json.loads((shell.folder / "out/a.json").read_text()) == applied.document
    proved = shell("verify . --sandbox box --format json --report json=out/v.json")
    assert json.loads((shell.folder / "out/v.json").read_text()) == proved.document


def test_a_run_over_many_tenants_has_reports_too(shell: Shell) -> None:
    for command in ("plan", "apply --yes", "verify"):
        told = shell(
            f"{command} --all-tenants --sandbox box --format json "
            "--report json=r.json --report markdown=r.md"
        )
        assert told.code == 0, told.stderr
        assert json.loads((shell.folder / "r.json").read_text()) == told.document
        assert "contoso" in (shell.folder / "r.md").read_text()


@pytest.mark.parametrize("choice", [".", "--all-tenants"])
@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("pdf=x", "--report pdf=x is no report"),
        ("json", "--report json is no report"),
        ("json=", "--report json= is no report"),
        ("json=a --report markdown=a", "the file is named twice"),
    ],
)
def test_a_report_that_cannot_be_meant_is_told_before_anything(
    shell: Shell, choice: str, report: str, message: str
) -> None:
    told = shell(f"apply {choice} --sandbox box --yes --report {report}")
    assert told.code == 1
    assert message in told.stderr
    assert not (shell.folder / "box").exists()


@pytest.mark.parametrize("choice", [".", "--all-tenants"])
def test_a_report_that_cannot_be_written_fails_after_the_document(
    shell: Shell, choice: str
) -> None:
    shell.write("file", "")
    told = shell(f"plan {choice} --sandbox box --report json=file/x --report markdown=ok.md")
    assert told.code == 1
    assert "reports can't be written: file/x: " in told.stderr
    assert "application.app" in told.stdout
    assert (shell.folder / "ok.md").exists()
