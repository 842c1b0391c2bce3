"""The JSON Schema: plain, closed, described, and of one mind with the loader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import manifest_kinds
import pytest
import yaml
from manifest_kinds import HEADER, KINDS

from provisioning import manifest

SCHEMA = manifest.schema(KINDS)

KEYWORDS = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "default", "type", "properties",
    "required", "additionalProperties", "patternProperties", "items", "anyOf", "oneOf", "allOf",
    "not", "enum", "const", "pattern", "format", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "propertyNames", "examples",
}  # fmt: skip
"""JSON Schema 2020-12; nothing that only pydantic or OpenAPI knows."""

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def fits(value: Any, node: Mapping[str, Any]) -> bool:
    """Whether a value satisfies a schema that uses the keywords above."""
    if "$ref" in node and not fits(value, SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]):
        return False
    checks: dict[str, Callable[[Any], bool]] = {
        "type": lambda word: (
            isinstance(value, TYPES[word]) and (word == "boolean" or not isinstance(value, bool))
        ),
        "enum": lambda words: value in words,
        "const": lambda word: value == word and type(value) is type(word),
        "pattern": lambda text: not isinstance(value, str) or re.search(text, value) is not None,
        "minimum": lambda limit: not isinstance(value, int) or value >= limit,
        "maximum": lambda limit: not isinstance(value, int) or value <= limit,
        "required": lambda keys: not isinstance(value, dict) or set(keys) <= value.keys(),
        "items": lambda inner: (
            not isinstance(value, list) or all(fits(item, inner) for item in value)
        ),
        "anyOf": lambda many: any(fits(value, each) for each in many),
        "oneOf": lambda many: sum(fits(value, each) for each in many) == 1,
        "allOf": lambda many: all(fits(value, each) for each in many),
        "not": lambda inner: not fits(value, inner),
    }
    if not all(checks[word](node[word]) for word in checks.keys() & node.keys()):
        return False
    return not isinstance(value, dict) or all(_fits_key(k, v, node) for k, v in value.items())


def _fits_key(key: str, value: Any, node: Mapping[str, Any]) -> bool:
    if key in node.get("properties", {}):
        return fits(value, node["properties"][key])
    for pattern, inner in node.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return fits(value, inner)
    rest = node.get("additionalProperties", True)
    return rest if isinstance(rest, bool) else fits(value, rest)


def schemas(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every schema inside, itself first."""
    yield node
    for word in ("properties", "patternProperties", "$defs"):
        for inner in node.get(word, {}).values():
            yield from schemas(inner)
    for word in ("items", "additionalProperties", "not"):
        if isinstance(node.get(word), Mapping):
            yield from schemas(node[word])
    for word in ("anyOf", "oneOf", "allOf"):
        for inner in node.get(word, []):
            yield from schemas(inner)


def test_it_says_what_it_is() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "urn:provisioning:manifest:1"
    assert SCHEMA["title"] == "Provisioning manifest"
    assert SCHEMA["required"] == ["version", "name"]
    assert manifest.schema_text(KINDS).endswith("}\n")
    assert json.loads(manifest.schema_text(KINDS)) == SCHEMA


def test_every_key_is_described() -> None:
    for node in schemas(SCHEMA):
        for key, inner in node.get("properties", {}).items():
            assert inner.get("description"), key


def test_every_object_is_closed_and_every_keyword_is_plain() -> None:
    for node in schemas(SCHEMA):
        assert not node.keys() - KEYWORDS
        if "properties" in node or "patternProperties" in node:
            assert node["additionalProperties"] is False
        if "$ref" in node:
            assert node["$ref"].rpartition("/")[2] in SCHEMA["$defs"]


def test_keys_of_entries_have_the_kinds_own_pattern() -> None:
    [entries, _] = SCHEMA["properties"]["applications"]["anyOf"]
    assert entries["patternProperties"].keys() == {"^[A-Za-z0-9_][A-Za-z0-9_-]*$"}


def test_keys_that_exist_to_be_refused_are_not_offered() -> None:
    assert "appId" not in SCHEMA["$defs"]["Application"]["properties"]


GOOD = {
    "everything": """
movedFrom: old
variables: {a: x, b: {default: 3, description: d}, c: [1], d: {}}
applications:
  one:
    displayName: "${var.a}"
    port: ${var.b}
    audience: MyOrg
    identifierUris: [a]
    web: {redirectUris: null, implicit: true}
    scopes: {read: {type: Admin}}
    store: {dotenv: x, name: y}
    secret: {fromEnv: X}
    level: high
    certificates: {}
  two: {allowPublicClient: true, keys: {}, level: 3}
lookups: {p: {appId: x}}
rules: {strict: true}
""",
    "almost nothing": "applications:\nrules:\n",
}
BAD = {
    "unknown section": "zzz: {}",
    "unknown key": "applications: {a: {zzz: 1}}",
    "wrong type": "applications: {a: {displayName: 3}}",
    "wrong word": "applications: {a: {audience: x}}",
    "too large": "applications: {a: {port: 99999}}",
    "missing": "applications: {a: {scopes: {r: {}}}}",
    "odd entry key": "applications: {-a: {}}",
    "odd inner key": "applications: {a: {scopes: {R: {type: Admin}}}}",
    "both spellings": "applications: {a: {public: true, allowPublicClient: true}}",
    "both sections": "existing: {}\nlookups: {}",
    "secret in the open": "applications: {a: {secret: hunter2}}",
    "neither form": "applications: {a: {store: {name: x}}}",
    "list for a mapping": "applications: []",
    "odd variable": "variables: {'a b': x}",
    "unknown key of a variable": "variables: {a: {defualt: x}}",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_what_loads_fits_the_schema(text: str, tmp_path: Path) -> None:
    path = manifest_kinds.write(tmp_path, {"m.yaml": HEADER + text})
    loaded = manifest.load(path, kinds=KINDS, variables={"d": "x"} if "d:" in text else {})
    assert loaded.manifest is not None
    assert fits(yaml.safe_load(HEADER + text), SCHEMA)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_does_not_load_does_not_fit_the_schema(text: str, tmp_path: Path) -> None:
    loaded = manifest_kinds.load(tmp_path, HEADER + text)
    assert loaded.manifest is None
    assert not fits(yaml.safe_load(HEADER + text), SCHEMA)


@pytest.mark.parametrize("change", [("version: 1", "version: 2"), ("name: n\n", ""), ("b2c", "x")])
def test_a_faulty_header_does_not_fit_the_schema(change: tuple[str, str]) -> None:
    assert fits(yaml.safe_load(HEADER), SCHEMA)
    assert not fits(yaml.safe_load(HEADER.replace(*change)), SCHEMA)
