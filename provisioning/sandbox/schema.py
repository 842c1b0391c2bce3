"""What a client may send, by type; must not know values' meaning or other objects."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioning.sandbox import errors
from provisioning.sandbox.property_types import ENUMS, TYPES


def check(body: Any, type_name: str) -> None:
    """Refuse unknown and read-only properties and values of another type, at every depth.

    Raises:
        GraphError: 400, worded as the directory's OData reader does (issues
            microsoft-graph-docs#2208 for unknown names; conversions are OData library texts).
    """
    if not isinstance(body, Mapping):
        raise errors.malformed(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format."
        )
    known = TYPES[type_name]
    for name, value in body.items():
        if name == "oauth2RequirePostResponse" and type_name == "application":
            # Declared in the metadata, yet sending it always fails so (msgraph-bicep-types#155).
            raise errors.not_found("")
        if name.startswith("@odata.") or "@odata." in name:
            continue
        if name not in known:
            raise errors.bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.{type_name}'. "
                "Make sure to only use property names that are defined by the type."
            )
        notation = known[name]
        if notation.startswith("-"):
            raise errors.bad_request(
                f"Property '{name}' is read-only and cannot be set.",
                errors.Detail("PropertyReadOnly", f"Property '{name}' is read-only.", name),
            )
        _check_value(name, value, notation.removeprefix("~"))


def _check_value(name: str, value: Any, notation: str) -> None:
    nullable = notation.endswith("?")
    kind = notation.rstrip("?")
    collection = kind.startswith("[")
    kind = kind.strip("[]")
    if value is None:
        if nullable:
            return
        shown = f"Collection({_edm(kind)})" if collection else _edm(kind)
        raise errors.bad_request(
            f"A null value was found for the property named '{name}', which has the expected "
            f"type '{shown}[Nullable=False]'. The expected type '{shown}[Nullable=False]' does "
            "not allow null values."
        )
    if not collection:
        _check_item(name, value, kind)
        return
    if not isinstance(value, list):
        raise errors.bad_request(
            f"Cannot convert the value of property '{name}' to the type 'Collection({_edm(kind)})'."
        )
    for item in value:
        _check_item(name, item, kind)


def _check_item(name: str, value: Any, kind: str) -> None:
    if kind in TYPES:
        check(value, kind)
    elif not _is_a(kind, value):
        raise errors.bad_request(
            f"Cannot convert the literal '{value}' of property '{name}' to the expected type "
            f"'{_edm(kind)}'."
        )


def _is_a(kind: str, value: Any) -> bool:
    if kind == "Boolean":
        return isinstance(value, bool)
    if kind == "Int32":
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if kind in ENUMS:
        return all(part.strip() in ENUMS[kind] for part in value.split(","))
    if kind == "Guid":
        return is_guid(value)
    if kind == "DateTimeOffset":
        return _is_moment(value)
    return kind != "Binary" or _is_base64(value)


def is_guid(text: str) -> bool:
    """Whether this is a GUID in its dashed form."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def empty(type_name: str) -> dict[str, Any]:
    """Every property of a type: collections empty, all else null."""
    return {name: [] if "[" in notation else None for name, notation in TYPES[type_name].items()}


def new_id() -> str:
    """A fresh object id."""
    return str(uuid.uuid4())


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_base64(text: str) -> bool:
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _edm(kind: str) -> str:
    return f"microsoft.graph.{kind}" if kind in TYPES or kind in ENUMS else f"Edm.{kind}"
