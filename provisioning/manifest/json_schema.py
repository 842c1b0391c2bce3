"""JSON Schema (2020-12) of the manifest, for editors, from the models that validate it.

Plain `$defs` and keywords that the YAML language server knows. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from provisioning.core.kind import Kind
from provisioning.manifest import composition

ID: Final = "urn:provisioning:manifest:1"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PLAIN: Final = frozenset({"version", "include", "variables"})
"""Top-level keys in which `${…}` is not replaced."""

_LIMITS: Final = frozenset({"pattern", "format", "maxLength", "minLength", "enum", "const"})
"""Keywords that text with `${…}` in it need not satisfy."""

_SUBSTITUTIONS: Final[Mapping[str, dict[str, Any]]] = {
    "variable": {
        "type": "string",
        "pattern": r"^\$\{ *var\.[A-Za-z0-9_-]+ *\}$",
        "description": "A variable as the whole value keeps its type.",
    },
    "expression": {
        "type": "string",
        "pattern": r"\$\{",
        "description": "Text in which ${var.NAME}, ${tenant.domain} and the like are replaced.",
    },
}


def schema(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Return the schema of manifests made of these kinds' sections."""
    made = composition.compose(kinds).top.model_json_schema(
        by_alias=True, schema_generator=_Generator
    )
    definitions: dict[str, Any] = {
        name: _rewritten(definition, plain=name == "VariableHeader")
        for name, definition in made.pop("$defs", {}).items()
    }
    definitions |= _SUBSTITUTIONS
    properties = {
        key: _rewritten(value, plain=key in _PLAIN) for key, value in made["properties"].items()
    }
    properties["version"] = {"const": 1, "description": properties["version"]["description"]}
    return {
        "$schema": DIALECT,
        "$id": ID,
        "title": "Provisioning manifest",
        "description": "What a Microsoft Entra or Azure AD B2C tenant needs for people to sign in.",
        "type": "object",
        "properties": properties,
        "required": made["required"],
        "additionalProperties": False,
        **({"allOf": made["allOf"]} if "allOf" in made else {}),
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def text(kinds: Iterable[Kind]) -> str:
    """Return the schema as the file that is shipped."""
    return written(schema(kinds))


def of_model(model: type[BaseModel], *, identity: str, title: str) -> dict[str, Any]:
    """Return the schema of a file that one model describes, in which nothing is replaced."""
    made = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    made["properties"]["version"] = {
        "const": 1,
        "description": made["properties"]["version"]["description"],
    }
    definitions = made.pop("$defs", {})
    head = {"$schema": DIALECT, "$id": identity, "title": title}
    return {
        **head,
        **{key: value for key, value in _tidied(made).items() if key not in head},
        "$defs": {name: _tidied(definitions[name]) for name in sorted(definitions)},
    }


def written(schema: Mapping[str, Any]) -> str:
    """Return a schema as the file that is shipped."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """pydantic's schema, with every spelling of a key."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model = schema["cls"]
        properties: dict[str, Any] = made.get("properties", {})
        required: list[str] = made.get("required", [])
        exclusive: list[dict[str, Any]] = []
        for name, field in model.model_fields.items():
            keys = composition.spellings(name, field, model)
            first = next((key for key in keys if key in properties), None)
            if first is None or len(keys) == 1:
                continue
            for other in keys:
                if other != first:
                    properties[other] = {
                        **properties[first],
                        "description": f"Other spelling of {first}. {field.description or ''}",
                    }
            one = [{"required": [key]} for key in keys]
            if first in required:
                required.remove(first)
                exclusive.append({"oneOf": one})
            else:
                exclusive.append({"not": {"anyOf": _pairs(keys)}})
        if exclusive:
            made["allOf"] = exclusive
        if not required:
            made.pop("required", None)
        return made


def _pairs(keys: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"required": [first, second]}
        for index, first in enumerate(keys)
        for second in keys[index + 1 :]
    ]


def _rewritten(node: Mapping[str, Any], *, plain: bool) -> dict[str, Any]:
    return _tidied(node) if plain else _with_expressions(_tidied(node))


def _inside(node: Mapping[str, Any], rewrite: Callable[[Any], Any]) -> dict[str, Any]:
    """Rewrite the schemas directly inside of one."""
    new: dict[str, Any] = {}
    for key, value in node.items():
        match key, value:
            case (("properties" | "patternProperties"), Mapping()):
                new[key] = {name: rewrite(each) for name, each in value.items()}
            case (("items" | "additionalProperties"), Mapping()):
                new[key] = rewrite(value)
            case (("anyOf" | "oneOf"), list()):
                new[key] = [rewrite(each) for each in value]
            case _:
                new[key] = value
    return new


def _tidied(node: Mapping[str, Any]) -> dict[str, Any]:
    """Drop generated titles, an OpenAPI word and "absent" as a default; close mappings."""
    new = _inside(node, _tidied)
    if isinstance(new.get("title"), str):
        del new["title"]
    if "default" in new and new["default"] is None:
        del new["default"]
    new.pop("discriminator", None)
    if "patternProperties" in new:
        new["additionalProperties"] = False
        new.pop("propertyNames", None)
    return new


def _with_expressions(node: Mapping[str, Any]) -> dict[str, Any]:
    """Accept `${…}` wherever something else than free text is expected."""
    union = next((word for word in ("anyOf", "oneOf") if word in node), None)
    if union is None:
        new = _inside(node, _with_expressions)
        alternatives = [new]
    else:
        alternatives = [_inside(each, _with_expressions) for each in node[union]]
        new = {**node, union: alternatives}
    texts = [each for each in alternatives if each.get("type") == "string"]
    values = [each for each in alternatives if _is_value(each)]
    if not values or any(not _LIMITS & each.keys() for each in texts):
        return new
    name = "expression" if any("enum" not in each for each in texts) else "variable"
    reference = {"$ref": f"#/$defs/{name}"}
    if union is not None:
        return {**new, union: [*alternatives, reference]}
    outer: dict[str, Any] = {key: new.pop(key) for key in ("description", "default") if key in new}
    return {"anyOf": [new, reference], **outer}


def _is_value(node: Mapping[str, Any]) -> bool:
    """Whether it is a scalar or a list rather than a mapping or anything at all."""
    return "enum" in node or "const" in node or node.get("type") not in {None, "object", "null"}
