"""Every fault of a manifest: its place, what is wrong, what to write instead."""

from __future__ import annotations

from pathlib import Path

import manifest_kinds
import pytest
from manifest_kinds import HEADER

from provisioning import manifest

APPS = HEADER + "applications:\n  a: "
"""The entry begins at 5:6."""

TEXT_FAULTS = {
    "duplicate key": (
        HEADER + "rules: {}\nrules: {}\n",
        "m.yaml:5:1: duplicate-key: `rules` is already there at m.yaml:4:1; keep one of the two",
    ),
    "number as a key": (HEADER + "1: x\n", "m.yaml:4:1: key-not-text: `1` is not read as text; "),
    "switch as a key": (
        HEADER + "on: x\n",
        'm.yaml:4:1: key-not-text: `on` is not read as text; write "on": in quotes',
    ),
    "empty key": (
        HEADER + "? \n: x\n",
        "m.yaml:4:2: key-not-text: an empty key is not read as text",
    ),
    "list as a key": (HEADER + "? [a]\n: x\n", "m.yaml:4:3: key-not-text: a list, mapping or"),
    "tab": (HEADER + "rules:\n\tstrict: true\n", "m.yaml:5:1: yaml-tab: a tab; indent with spaces"),
    "colon in a value": (
        HEADER + "x: a: b\n",
        (
            "m.yaml:4:5: yaml-syntax: not YAML: mapping values are not allowed in this context; "
            "put a value that holds a colon in quotes"
        ),
    ),
    "open quote": (HEADER + "x: 'a\n", "m.yaml:5:1: yaml-syntax: not YAML: found unexpected end"),
    "at sign": (HEADER + "x: @a\n", "m.yaml:4:4: yaml-syntax: not YAML: found character that"),
    "unquoted yes": (
        APPS + "{displayName: yes}\n",
        (
            "m.yaml:5:20: yaml-ambiguous: `yes` is a true/false switch for some YAML readers and "
            "text for others; write true, or put it in quotes if text is meant"
        ),
    ),
    "unquoted off": (APPS + "{public: off}", "m.yaml:5:15: yaml-ambiguous: `off` is a true/false"),
    "unquoted date": (
        APPS + "{displayName: 2024-01-31}\n",
        "m.yaml:5:20: yaml-ambiguous: without quotes this is a date, not text; put it in quotes",
    ),
    "octal": (APPS + "{port: 0777}", "m.yaml:5:13: yaml-ambiguous: this number has another value"),
    "base 60": (APPS + "{port: 1:30}", "m.yaml:5:13: yaml-ambiguous: this number has another"),
    "not a number": (APPS + "{port: .nan}", "m.yaml:5:13: yaml-ambiguous: this number is written"),
    "unknown tag": (APPS + "!secret {}", "m.yaml:5:6: yaml-tag: YAML tags are not supported here"),
    "second document": (
        HEADER + "---\nname: x\n",
        "m.yaml:4:1: several-documents: a second YAML document begins here; keep one document",
    ),
    "empty file": ("", "m.yaml:1:1: empty-file: the file holds nothing; write version: 1"),
    "comments only": ("# nothing\n", "m.yaml:1:1: empty-file: the file holds nothing"),
    "a list": ("- a\n", "m.yaml:1:1: not-a-mapping: expected keys with values; write version: 1"),
    "Latin-1": (b"name: caf\xe9\n", "m.yaml:1:10: not-utf-8: this is not UTF-8 text; save the"),
    "UTF-16": ("name: a\n".encode("utf-16"), "m.yaml:1:1: not-utf-8: this is not UTF-8 text"),
    "control character": ("name: a\x07\n", "m.yaml:1:8: yaml-character: a control character"),
    "NUL": (APPS + '{displayName: "\\0"}', "m.yaml:5:20: yaml-character: the text holds a NUL"),
    "alias of nothing": (
        APPS + "*b",
        "m.yaml:5:6: yaml-alias: `*b` repeats nothing; mark what it repeats with &b, above",
    ),
    "alias inside itself": (APPS + "&b {web: *b}", "m.yaml:5:15: yaml-alias: `*b` stands inside"),
    "merge of text": (APPS + "{<<: x}", "m.yaml:5:7: yaml-merge: `<<` merges mappings only"),
    "too deep": (APPS + "[" * 100, "m.yaml:5:68: yaml-depth: nested deeper than 64 levels; check"),
}

HEADER_FAULTS = {
    "no version": (
        "name: n\ntenant: {domain: a.b, type: b2c}",
        (
            "m.yaml:1:1: missing-key: "
            "`version` is missing; add version: Version of the manifest format: 1."
        ),
    ),
    "later version": (
        HEADER.replace("1", "2"),
        ("m.yaml:1:10: invalid-value: unknown version; write version: 1"),
    ),
    "version as text": (
        HEADER.replace("1", '"1"'),
        ("m.yaml:1:10: wrong-type: expected a whole number, found text"),
    ),
    "version as a switch": (
        HEADER.replace("1", "true"),
        ("m.yaml:1:10: wrong-type: expected a whole number, found a true/false switch"),
    ),
    "name with a blank": (HEADER.replace("name: n", "name: a b"), "m.yaml:2:7: invalid-value: "),
    "name too long": (HEADER.replace("name: n", f"name: {'a' * 65}"), "m.yaml:2:7: invalid-value"),
    "name from itself": (HEADER + "movedFrom: n", "m.yaml:4:12: moved-from-itself: "),
    "no tenant": ("version: 1\nname: n\n", "m.yaml:1:1: no-tenant: no tenant is named; add tenant"),
    "no domain": (
        "version: 1\nname: n\ntenant: {type: b2c}\n",
        (
            "m.yaml:3:1: missing-key: `domain` "
            "is missing; add domain: Initial domain, e.g. contoso.onmicrosoft.com."
        ),
    ),
    "odd domain": (HEADER.replace("contoso.onmicrosoft.com", "contoso"), "m.yaml:3:18: invalid-v"),
    "odd type": (
        HEADER.replace("b2c", "B2C"),
        ("m.yaml:3:49: unknown-value: unknown value `B2C`; write b2c"),
    ),
    "odd id": (HEADER.replace("type", "id: abc, type"), "m.yaml:3:47: invalid-value: not of the"),
    "odd cloud": (
        HEADER.replace("type", "cloud: globl, type"),
        ("m.yaml:3:50: unknown-value: unknown value `globl`; write global"),
    ),
    "plain http": (
        HEADER.replace(
            "type",
            "cloud: {graph: 'http://graph.test', login: 'https://l', signIn: 'https://s'}, type",
        ),
        "m.yaml:3:58: invalid-value: not of the form ",
    ),
    "unknown key": (
        HEADER + "appliactions: {}\n",
        (
            "m.yaml:4:1: unknown-key: unknown key "
            "`appliactions`; did you mean `applications`?; write applications:"
        ),
    ),
    "section of nobody": (
        HEADER + "policyKeys: {}\n",
        (
            "m.yaml:4:1: unknown-key: unknown key "
            "`policyKeys`; use one of applications, existing, include, lookups, "
        ),
    ),
    "two spellings of a section": (
        HEADER + "existing: {}\nlookups: {}\n",
        ("m.yaml:5:1: both-spellings: `lookups` and `existing` are the same section"),
    ),
    "section as a list": (
        HEADER + "applications: []\n",
        ("m.yaml:4:1: wrong-type: expected a mapping, found a list; write KEY: {…}"),
    ),
    "odd entry key": (HEADER + "existing: {a.b: {appId: x}}", "m.yaml:4:12: entry-key: this key "),
    "key in front": (HEADER + "applications: {-a: {}}", "m.yaml:4:16: entry-key: this key of appl"),
}

ENTRY_FAULTS = {
    "misspelt": (
        "{displaName: x}",
        (
            "5:7: unknown-key: unknown key `displaName`; did you mean "
            "`displayName`?; write displayName:"
        ),
    ),
    "a level too high": (
        "{redirectUris: []}",
        (
            "5:7: unknown-key: unknown key `redirectUris`; did "
            "you mean `web.redirectUris`?; write web.redirectUris:"
        ),
    ),
    "unknown": ("{zzz: x}", "5:7: unknown-key: unknown key `zzz`; use one of audience, certif"),
    "read-only": ("{appId: x}", "5:14: invalid-value: Graph writes this; delete the line"),
    "number for text": (
        "{displayName: 3}",
        ("5:20: wrong-type: expected text, found a number; put it in quotes"),
    ),
    "switch for text": ("{displayName: true}", "5:20: wrong-type: expected text, found a true/fa"),
    "text for a number": ('{port: "80"}', "5:13: wrong-type: expected a whole number, found text"),
    "fraction": ("{port: 1.5}", "5:13: wrong-type: expected a whole number, found a number"),
    "text for a switch": ('{public: "yes"}', "5:15: wrong-type: expected true or false, found te"),
    "number for a switch": ("{public: 1}", "5:15: wrong-type: expected true or false, found a n"),
    "text for a list": (
        "{identifierUris: x}",
        ("5:23: wrong-type: expected a list, found text; write [a, b], or lines that begin with -"),
    ),
    "list for a mapping": ("{web: [x]}", "5:7: wrong-type: expected a mapping, found a list; "),
    "nothing for an entry": ("\n", "5:3: wrong-type: expected a mapping, found nothing"),
    "item of a list": ("{identifierUris: [x, 3]}", "5:27: wrong-type: expected text, found a num"),
    "too large": (
        "{port: 99999}",
        ("5:13: invalid-value: the value should be less than or equal to 65535; Port."),
    ),
    "nearly a word": (
        "{audience: myorg}",
        ("5:17: unknown-value: unknown value `myorg`; write MyOrg"),
    ),
    "far from every word": (
        "{audience: hunter2}",
        ("5:17: unknown-value: expected MyOrg or AndPersonal; write MyOrg or AndPersonal"),
    ),
    "missing": (
        "{scopes: {read: {value: x}}}",
        ("5:16: missing-key: `type` is missing; add type: Who may consent."),
    ),
    "missing because misspelt": (
        "{scopes: {read: {tpe: Admin}}}",
        ("5:23: unknown-key: unknown key `tpe`; did you mean `type`?"),
    ),
    "key of a mapping": ("{scopes: {A: {type: Admin}}}", "5:16: invalid-value: not of the form "),
    "both spellings": (
        "{public: true, allowPublicClient: true}",
        (
            "5:21: both-spellings: "
            "`allowPublicClient` and `public` are the same setting, and both are "
            "given; keep one of the two"
        ),
    ),
    "both spellings of an added key": ("{keys: {}, certificates: {}}", "5:7: both-spellings: "),
    "the kind's own rule": ("{port: 22}", "5:3: invalid-value: port 22 is taken; choose another"),
    "misspelt in one of two forms": (
        "{store: {dotnev: x, name: b}}",
        ("5:15: unknown-key: unknown key `dotnev`; did you mean `dotenv`?"),
    ),
    "none of two forms": (
        "{store: {name: x}}",
        (
            "5:7: no-such-form: this has none of the forms "
            "that are accepted here; write {dotenv: …} or {keyVault: …}"
        ),
    ),
    "neither word nor number": (
        "{level: [1]}",
        ("5:7: wrong-type: expected low, high or a whole number, found a list"),
    ),
    "secret in the open": (
        "{secret: hunter2}",
        (
            "5:15: secret-in-the-open: a value stands where "
            "the source of a secret is expected; write {fromEnv: …} or {fromFile"
        ),
    ),
    "secret as a number": ("{secret: 12345}", "5:15: secret-in-the-open: "),
    "misspelt source": (
        "{secret: {fromEnvironment: X}}",
        ("5:16: unknown-key: unknown key `fromEnvironment`; did you mean `fromEnv`?"),
    ),
    "desire's own fault": ("{displayName: Forbidden}", "5:20: forbidden: nobody is called so"),
    "absolute file": ("{certificates: {a: {fromFile: /etc/passwd}}}", "5:36: file-outside: an ab"),
    "Windows path": ("{certificates: {a: {fromFile: 'C:x'}}}", "5:36: file-outside: an absolute"),
    "file above": ("{certificates: {a: {fromFile: ../x}}}", "5:36: file-outside: `..` leads out"),
    "no such file": (
        "{certificates: {a: {fromFile: x.cer}}}",
        ("5:36: file-missing: there is no file `x.cer`"),
    ),
    "folder": ("{certificates: {a: {fromFile: .}}}", "5:36: file-unreadable: `.` is a folder"),
    "unknown variable": (
        '{displayName: "${var.x}"}',
        (
            "5:20: undefined-variable: the variable `x` "
            "is not declared; declare it: variables: {x: …}"
        ),
    ),
    "unknown fact": (
        '{displayName: "${tenant.domian}"}',
        ("5:20: unknown-expression: unknown `${tenant.domian}`; write ${tenant.domain}"),
    ),
    "unknown space": (
        '{displayName: "${applicaton.a.id}"}',
        ("5:20: unknown-expression: unknown `${applicaton.a.id}`; write ${application.a.id}"),
    ),
    "fact not given": (
        '{displayName: "${tenant.id}"}',
        ("5:20: tenant-unknown: the tenant's id is not known; add tenant: id:"),
    ),
    "unclosed": ('{displayName: "${var.x"}', "5:20: unclosed: `${` without its }"),
    "half a reference": ('{displayName: "${application.a}"}', "5:20: reference-form: "),
    "no such entry": (
        '{displayName: "x ${application.aa.appId}"}',
        ("5:20: dangling-reference: there is no application.aa; write application.a"),
    ),
    "entry of another kind": (
        '{displayName: "${existing.a.appId}"}',
        ("5:20: dangling-reference: there is no existing.a; write application.a"),
    ),
    "a circle": (
        '{displayName: "${application.a.displayName}"}',
        ("5:3: reference-circle: these values need each other: application.a.displayName -> "),
    ),
    "expression in a key": (
        '{certificates: {"${var.x}": {fromFile: m.yaml}}}',
        "5:22: variable-in-key",
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    (TEXT_FAULTS | HEADER_FAULTS).values(),
    ids=(TEXT_FAULTS | HEADER_FAULTS).keys(),
)
def test_a_faulty_file_is_told_with_its_place(
    text: str | bytes, expected: str, tmp_path: Path
) -> None:
    loaded = manifest_kinds.load(tmp_path, text)
    assert loaded.manifest is None
    assert manifest_kinds.lines(tmp_path, loaded)[0].startswith(expected)


@pytest.mark.parametrize(("entry", "expected"), ENTRY_FAULTS.values(), ids=ENTRY_FAULTS.keys())
def test_a_faulty_entry_is_one_finding_with_its_place(
    entry: str, expected: str, tmp_path: Path
) -> None:
    loaded = manifest_kinds.load(tmp_path, APPS + entry)
    assert loaded.manifest is None
    [only] = [line.removeprefix("m.yaml:") for line in manifest_kinds.lines(tmp_path, loaded)]
    assert only.startswith(expected)


def test_a_missing_file_and_a_folder_are_findings(tmp_path: Path) -> None:
    missing = manifest.load(tmp_path / "m.yaml", kinds=manifest_kinds.KINDS)
    [line] = manifest_kinds.lines(tmp_path, missing)
    assert line.startswith("m.yaml:1:1: file-missing: there is no file `m.yaml`; check the name")
    (tmp_path / "d").mkdir()
    folder = manifest.load(tmp_path / "d", kinds=manifest_kinds.KINDS)
    assert manifest_kinds.lines(tmp_path, folder) == [
        "d:1:1: file-unreadable: `d` is a folder; name a file"
    ]


def test_a_file_of_more_than_4_mib_is_refused(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(tmp_path, HEADER + "#" * 4 * 1024 * 1024)
    [line] = manifest_kinds.lines(tmp_path, loaded)
    assert line.startswith("m.yaml:1:1: file-too-large: `m.yaml` is larger than 4096 KiB")


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    loaded = manifest_kinds.load(tmp_path, text)
    [line] = manifest_kinds.lines(tmp_path, loaded)
    assert line.startswith("m.yaml:6:")
    assert "yaml-alias-bomb: more than 200000 values once every alias is written out" in line


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER
        + "applications:\n"
        + "  z: {displayName: Forbidden}\n"
        + "  b: {port: x}\n"
        + '  a: {displayName: "${var.x}", identifierUris: ["${application.b.id}"]}\n'
        + "rules: {strct: true}\n",
    )
    assert [line.partition(": ")[0] for line in manifest_kinds.lines(tmp_path, loaded)] == [
        "m.yaml:5:20",
        "m.yaml:6:13",
        "m.yaml:7:20",
        "m.yaml:8:9",
    ]


def test_no_message_repeats_what_could_be_a_secret(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER
        + "applications:\n"
        + "  a: {secret: hunter2}\n"
        + "  b: {secret: [hunter2]}\n"
        + "  c: {secret: {fromEnv: {hunter: hunter2}}}\n"
        + "  d: {audience: hunter2, level: hunter2, port: hunter2, web: hunter2}\n"
        + "  e: {secret: {value: hunter2}, store: {keyVault: [hunter2], name: hunter2}}\n"
        + "  f: {scopes: {a: hunter2, b: {type: hunter2}}, certificates: hunter2}\n",
    )
    assert len(loaded.findings) == 12
    assert "hunter2" not in "".join(manifest_kinds.lines(tmp_path, loaded))
