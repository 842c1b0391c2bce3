"""JSON Schema (2020-12) of the inventory, for editors, from the models that validate it. Pure."""

from __future__ import annotations

from typing import Any

from provisioning.manifest import json_schema
from provisioning.tenants.keys import TopKeys

ID = "urn:provisioning:inventory:1"


def schema() -> dict[str, Any]:
    """Return the schema of inventories."""
    made = json_schema.of_model(TopKeys, identity=ID, title="Provisioning inventory")
    return {**made, "description": "The tenants of a fleet, and in which order they change."}


def text() -> str:
    """Return the schema as the file that is shipped."""
    return json_schema.written(schema())
