"""Each file of `faults/` is a table: a manifest, and all that is said about it, where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from declared import app, read

TABLES = sorted((Path(__file__).parent / "faults").glob("*.yaml"))
CASES = [
    pytest.param(case["manifest"], case["findings"], id=f"{table.stem}: {case['name']}")
    for table in TABLES
    for case in yaml.safe_load(table.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_exactly_this_is_said(tmp_path: Path, text: str, expected: list[dict[str, Any]]) -> None:
    found = read(tmp_path, text)
    assert [
        {finding.severity.value: finding.message, "remedy": finding.remedy}
        for finding in found.findings
    ] == [{key: said for key, said in one.items() if key != "at"} for one in expected]
    for finding, one in zip(found.findings, expected, strict=True):
        assert found.line(finding.place).startswith(one["at"])


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        ("scopes: {read: {}}", "read:"),
        ("secrets: {main: {lifetime: P30D}}", "main:"),
        ("secrets: {main: {value: hunter2, store: {file: a}}}", "value:"),
        ("signInAudience: azureadmyorg", "azureadmyorg"),
        ("web: {redirectUri: []}", "redirectUri:"),
        ("appRoles: {r: {displayName: R, description: R, allowedMemberTypes: []}}", "allowed"),
        ("federatedCredentials: {main: {subject: s}}", "main:"),
        ("certificates: {main: {fromEnv: CERTIFICATE}}", "fromEnv:"),
    ],
)
def test_what_has_the_wrong_shape_is_told_where_it_stands(
    tmp_path: Path, lines: str, at: str
) -> None:
    found = read(tmp_path, app(lines))
    assert found.findings
    assert found.desired == {}
    assert found.line(found.findings[0].place).startswith(at)


def test_a_faulty_entry_is_not_reported_again_by_those_that_name_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        applications:
          api: {displayName: Api, notify: me}
          app: {displayName: App, permissions: [{resource: api, delegated: [read]}]}
        """,
    )
    assert [found.line(finding.place)[:7] for finding in found.findings] == ["notify:"]
