"""Whatever the user writes: an answer, never an exception, and the same answer twice."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import manifest_kinds
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_kinds import HEADER, KINDS

from provisioning import manifest
from provisioning.core import refs
from provisioning.core.model import Finding, Severity
from provisioning.manifest import Loaded, nodes, places, tokens

WORDS = st.sampled_from(
    ["applications", "existing", "a", "b", "displayName", "web", "redirectUris", "scopes", "type",
     "port", "secret", "fromEnv", "store", "level", "certificates", "fromFile", "variables", "name",
     "tenant", "domain", "include", "default", "version", "rules", "public", "keys", "cloud"]
)  # fmt: skip
TEXTS = st.one_of(
    WORDS,
    st.sampled_from(
        ["${var.a}", "${application.a.id}", "x ${tenant.name}", "$${", "${", "${}", "${var.}",
         "${application..}", "${existing.a.b[c=d].e}", "*.yaml", "", "b2c", "Admin", "\x85"]
    ),
    st.text(max_size=8),
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.dates()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXTS, inner, max_size=4),
    max_leaves=12,
)
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
YAML_TEXT = st.text(
    alphabet=st.sampled_from("ab:{}[]-,&*!|>'\"%@`#?<.=~01 \n\t$é\u2028\\"), max_size=60
)


def load(text: str | bytes) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        path = manifest_kinds.write(Path(folder), {"m.yaml": text})
        loaded = manifest.load(path, kinds=KINDS, variables={})
        assert manifest.load(path, kinds=KINDS, variables={}) == loaded
    assert isinstance(loaded, Loaded)
    errors = [finding for finding in loaded.findings if finding.severity is Severity.ERROR]
    assert (loaded.manifest is None) == bool(errors)
    return loaded


@given(YAML_TEXT)
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    load(text)
    load(HEADER + text)


@given(st.binary(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_answered(content: bytes) -> None:
    load(content)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_document_is_answered(document: dict[str, Any]) -> None:
    load(yaml.safe_dump(document, allow_unicode=True))


@given(st.dictionaries(WORDS, VALUES, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_entry_is_answered(entry: dict[str, Any]) -> None:
    whole = {"applications": {"a": entry}, "variables": {"a": "x"}}
    load(HEADER + yaml.safe_dump(whole, allow_unicode=True))


@given(YAML_TEXT.filter(lambda text: not set("=<") & set(text)))  # alone, PyYAML knows neither
@settings(max_examples=150, deadline=None)
def test_the_tree_says_what_pyyaml_says(text: str) -> None:
    findings: list[Finding] = []
    node = places.read(text, "f", findings)
    if node is not None and not findings:
        assert repr(nodes.plain(node)) == repr(_sorted(yaml.load(text, LOADER)))


def _sorted(value: object) -> object:
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value


@given(st.text(alphabet="a.${}x[=]", max_size=20))
@settings(max_examples=200, deadline=None)
def test_held_text_comes_back_as_it_was(text: str) -> None:
    held = tokens.to_value(tokens.hold(text))
    assert held == text
    assert list(refs.find(held)) == []
