"""Several files: which are read, how they merge, and that none lies outside the folder."""

from __future__ import annotations

from pathlib import Path

import manifest_kinds
import pytest
from manifest_kinds import HEADER, KINDS

from provisioning import manifest


def test_included_files_add_entries_variables_and_further_includes(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "include: [shared/*.yaml]\napplications: {a: {displayName: '${var.x}'}}\n",
        {
            "shared/b.yaml": "version: 1\napplications: {b: {displayName: '${var.x}'}}\n",
            "shared/a.yaml": "include: [deep/c.yaml]\nvariables: {x: from a}\n",
            "shared/deep/c.yaml": "applications: {c: {}}\nexisting: {p: {appId: x}}\n",
            "shared/not.txt": "no: [yaml",
        },
    )
    assert manifest_kinds.body(loaded, "application.b") == {"displayName": "from a"}
    assert loaded.manifest is not None
    places = {str(item.address): item.place for item in loaded.manifest.desired}
    assert str(places["application.c"]) == f"{tmp_path.as_posix()}/shared/deep/c.yaml:1:16"
    assert str(places["application.a"]) == f"{tmp_path.as_posix()}/m.yaml:5:16"


def test_the_same_entry_in_two_files_names_both_places(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "include: [b.yaml]\napplications: {a: {}}\n",
        {"b.yaml": "version: 1\nname: other\napplications:\n  a: {}\n  b: {}\n"},
    )
    assert manifest_kinds.lines(tmp_path, loaded) == [
        "b.yaml:2:1: duplicate-key: `name` is already there at m.yaml:2:1; keep one of the two",
        "b.yaml:4:3: duplicate-key: `a` is already there at m.yaml:5:16; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("../x.yaml", "include-outside: `..` leads out of the folder; name files inside"),
        ("a/../../x.yaml", "include-outside: `..` leads out of the folder"),
        ("/etc/*.yaml", "include-outside: an absolute path"),
        ("~/x.yaml", "include-outside: an absolute path"),
        ("C:/x.yaml", "include-outside: an absolute path"),
        ("a\\b.yaml", "include-outside: a backslash: folders are separated by /"),
        ("nothing/*.yaml", "include-nothing: `nothing/*.yaml` matches no file; check the name"),
        ("a**b/*.yaml", "include-pattern: not a file name pattern; write shared/*.yaml"),
        ("m.yaml", "include-circle: `m.yaml` includes itself; remove this include"),
        ("*.yaml", "include-nothing: `*.yaml` matches no file"),
        ("${var.x}.yaml", "include-variable: variables are not known yet where files are included"),
        ("", "include-list: expected the name of a file"),
        ("link.yml", "include-outside: `link.yml` leads out of the manifest's folder through a"),
        ("linked/*.yaml", "include-outside: `linked/*.yaml` leads out of the manifest's folder"),
    ],
)
def test_an_include_that_leads_astray_is_a_fault(
    pattern: str, expected: str, tmp_path: Path
) -> None:
    manifest_kinds.write(tmp_path, {"x.yaml": "rules: {}", "out/x.yaml": "rules: {}"})
    folder = tmp_path / "folder"
    path = manifest_kinds.write(folder, {"m.yaml": HEADER + f"include: ['{pattern}']\n"})
    (folder / "link.yml").symlink_to(tmp_path / "x.yaml")
    (folder / "linked").symlink_to(tmp_path / "out")
    loaded = manifest.load(path, kinds=KINDS)
    assert loaded.manifest is None
    [line] = manifest_kinds.lines(folder, loaded)
    assert line.startswith(f"m.yaml:4:11: {expected}")


def test_a_circle_of_files_is_a_fault_at_the_include_that_closes_it(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "include: [a.yaml]\n",
        {"a.yaml": "include: [b.yaml]\n", "b.yaml": "rules: {}\ninclude: [a.yaml]\n"},
    )
    assert manifest_kinds.lines(tmp_path, loaded) == [
        "b.yaml:2:11: include-circle: `a.yaml` includes itself; remove this include"
    ]


def test_a_file_that_two_others_include_is_read_once(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "include: [a.yaml, b.yaml, a.yaml]\n",
        {
            "a.yaml": "include: [c.yaml]\n",
            "b.yaml": "include: [c.yaml]\n",
            "c.yaml": "applications: {c: {}}\n",
        },
    )
    assert loaded.findings == ()
    assert manifest_kinds.body(loaded, "application.c") == {}


def test_a_wildcard_leaves_the_including_file_out(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path, HEADER + "include: ['*.yaml']\n", {"b.yaml": "applications: {b: {}}\n"}
    )
    assert manifest_kinds.body(loaded, "application.b") == {}


def test_files_that_are_no_yaml_are_all_told_and_nothing_else_is(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "include: [a.yaml, b.yaml]\nunknown: x\n",
        {"a.yaml": "x: [", "b.yaml": "x: 'y"},
    )
    assert [line.split(": ")[0:2] for line in manifest_kinds.lines(tmp_path, loaded)] == [
        ["a.yaml:2:1", "yaml-syntax"],
        ["b.yaml:1:6", "yaml-syntax"],
    ]


def test_a_chain_of_files_has_an_end(tmp_path: Path) -> None:
    files = {f"f{n}.yaml": f"include: [f{n + 1}.yaml]\n" for n in range(40)}
    loaded = manifest_kinds.load(tmp_path, HEADER + "include: [f0.yaml]\n", files)
    assert manifest_kinds.lines(tmp_path, loaded) == [
        "f15.yaml:1:11: include-too-many: more than 16 levels; include directly"
    ]


def test_include_takes_a_list(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(tmp_path, HEADER + "include: a.yaml\n")
    assert manifest_kinds.lines(tmp_path, loaded) == [
        "m.yaml:4:1: include-list: include takes a list; write include: [shared/*.yaml]"
    ]
