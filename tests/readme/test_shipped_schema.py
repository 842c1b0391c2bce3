"""The JSON Schema that the manifests' first lines name is there and is today's."""

from __future__ import annotations

from world import ROOT

from provisioning import manifest
from provisioning.kinds import KINDS

SCHEMA = ROOT / "provisioning" / "manifest" / "schema.json"


def test_the_shipped_schema_is_the_one_of_the_kinds() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == manifest.schema_text(KINDS)


def test_every_shipped_manifest_names_it() -> None:
    for path in (ROOT / "manifests").glob("*/manifest.yaml"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert (path.parent / first.partition("$schema=")[2]).resolve() == SCHEMA
