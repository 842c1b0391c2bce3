"""Variables: their values, where they come from, and that nothing is expanded twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import manifest_kinds
import pytest
from manifest_kinds import HEADER, KINDS

from provisioning import manifest
from provisioning.manifest import Loaded

SECTION = HEADER + "variables:\n"
"""Declarations begin on line 5."""


def load(folder: Path, text: str, given: Mapping[str, str] | None = None) -> Loaded:
    path = manifest_kinds.write(folder, {"m.yaml": text})
    return manifest.load(path, kinds=KINDS, variables=given or {})


def values(
    folder: Path, declared: str, entry: str, given: Mapping[str, str] | None = None
) -> object:
    text = f"{SECTION}{declared}\napplications:\n  a: {entry}\n"
    return dict(manifest_kinds.body(load(folder, text, given), "application.a"))


def test_a_variable_alone_keeps_its_type_and_inside_text_it_is_text(tmp_path: Path) -> None:
    found = values(
        tmp_path,
        "  n: 80\n  b: true\n  u: [x, y]\n  w: {default: {implicit: true}}\n  z: {default: null}",
        '{port: "${var.n}", public: "${ var.b }", displayName: "${var.b}:${var.n}", '
        'identifierUris: "${var.u}", web: "${var.w}", level: "${var.z}"}',
    )
    assert found == {
        "port": 80,
        "public": True,
        "displayName": "true:80",
        "identifierUris": ["x", "y"],
        "web": {"implicit": True},
        "level": None,
    }


def test_the_caller_overrides_in_the_type_of_the_default(tmp_path: Path) -> None:
    found = values(
        tmp_path,
        "  n: 80\n  b: true\n  u: [x]\n  t: text\n  r: {description: required}\n  s:",
        '{port: "${var.n}", public: "${var.b}", identifierUris: "${var.u}", '
        'displayName: "${var.t} ${var.r} ${var.s}"}',
        {"n": "8080", "b": "false", "u": "[p, q]", "t": "on", "r": "1", "s": "${var.n}"},
    )
    assert found == {
        "port": 8080,
        "public": False,
        "identifierUris": ["p", "q"],
        "displayName": "on 1 ${var.n}",
    }


def test_a_value_is_never_expanded_again(tmp_path: Path) -> None:
    found = values(
        tmp_path,
        "  r: x\n  d: $\n  b: '{application.a.id}'\n  l: 'a $${var.r}'",
        '{displayName: "${var.r} ${var.l}", identifierUris: ["${var.d}{application.a.id}", '
        '"$${var.d}", "$${application.a.id}"], web: {redirectUris: ["${var.r}"]}}',
        {"r": "${application.a.appId}"},
    )
    assert found == {
        "displayName": "${application.a.appId} a ${var.r}",
        "identifierUris": ["${application.a.id}", "${var.d}", "${application.a.id}"],
        "web": {"redirectUris": ["${application.a.appId}"]},
    }


def test_the_tenant_and_variables_may_use_each_other_but_not_in_a_circle(tmp_path: Path) -> None:
    text = (
        "version: 1\nname: n\ntenant: {domain: '${var.stage}.onmicrosoft.com', type: b2c}\n"
        "variables: {stage: test, uri: 'https://${tenant.domain}'}\n"
        "applications: {a: {displayName: '${var.uri} ${tenant.name}'}}\n"
    )
    loaded = load(tmp_path, text)
    assert manifest_kinds.body(loaded, "application.a") == {
        "displayName": "https://test.onmicrosoft.com test"
    }
    circle = load(tmp_path, text.replace("stage: test", "stage: '${tenant.name}'"))
    assert circle.manifest is None
    assert manifest_kinds.lines(tmp_path, circle)[0].startswith("m.yaml:3:18: tenant-circle: the ")


@pytest.mark.parametrize(
    ("declared", "value", "given", "expected"),
    [
        ("  r: {}", "${var.r}", {}, "5:3: variable-without-value: the variable `r` has no value"),
        ("  r:", "${var.r}", {}, "5:3: variable-without-value: the variable `r` has no value; "),
        ("  a: x", "${var.a}", {"b": "1"}, "None: unknown-variable: --var b sets nothing that is "),
        ("  uri: x", "${var.uri}", {"url": "1"}, "None: unknown-variable: --var url sets nothing "),
        ("  a b: x", "x", {}, "5:3: variable-name: the name of a variable has other characters"),
        ("  a: {defualt: x}", "${var.a}", {}, "5:3: variable-without-value: the variable"),
        ("  a: x\n  b: '${var.a}'", "${var.b}", {}, "6:6: variable-in-variable: a variable's "),
        ("  a: '${var.a}'", "${var.a}", {}, "5:6: variable-in-variable: a variable's default"),
        ("  a: '${application.a.id}'", "${var.a}", {}, "5:6: reference-misplaced: a reference"),
        ("  uri: x", "${var.url}", {}, "5:3: unused-variable: nothing uses the variable `uri`"),
        ("  a: [x]", "x ${var.a}", {}, "7:20: variable-type: `${var.a}` is a list, which can't"),
        ("  a: 1", "${var.a}x", {"a": "one"}, "5:3: variable-value: --var a is not a number, as "),
        ("  a: true", "${var.a}x", {"a": "yes"}, "5:3: variable-value: --var a is not a true/fal"),
        ("  a: [x]", "${var.a}", {"a": "[x"}, "5:3: variable-value: --var a is not a list, as its"),
        ("  a: x", "${var.a}", {"a": "\udcff"}, "5:3: variable-value: --var a is no text; retype"),
        ("  a: {default: x, description: 3}", "${var.a}", {}, "5:19: wrong-type: expected text, "),
        ("  []", "x", {}, "5:3: variables: expected names with values"),
    ],
)
def test_a_faulty_variable_is_told(
    declared: str, value: str, given: Mapping[str, str], expected: str, tmp_path: Path
) -> None:
    text = f'{SECTION}{declared}\napplications:\n  a: {{displayName: "{value}"}}\n'
    loaded = load(tmp_path, text, given)
    found = [line.removeprefix("m.yaml:") for line in manifest_kinds.lines(tmp_path, loaded)]
    assert any(line.startswith(expected) for line in found), found


def test_an_unused_variable_is_only_a_warning(tmp_path: Path) -> None:
    loaded = load(tmp_path, SECTION + "  a: x\n")
    assert loaded.manifest is not None
    assert [finding.rule for finding in loaded.findings] == ["unused-variable"]


def test_references_to_objects_cannot_stand_in_the_header(tmp_path: Path) -> None:
    text = HEADER.replace("name: n", "name: '${application.a.id}'")
    [first, *_] = manifest_kinds.lines(tmp_path, load(tmp_path, text))
    assert first.startswith("m.yaml:2:7: reference-misplaced: a reference to an object can't stand")
