"""What every section model is built from: the base class, its types, what was written.

It knows no property of Graph and reports no fault of its own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from provisioning.core.model import Value
from provisioning.core.refs import MISSING, Missing

T = TypeVar("T")

MICROSOFT_GRAPH: Final = "microsoftGraph"
"""The name under which every manifest knows Microsoft Graph."""
MICROSOFT_GRAPH_APP_ID: Final = "00000003-0000-0000-c000-000000000000"

_REFERENCE = re.compile(r"\$\{(?P<what>[^{}]+)\}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ZERO: Final = str(UUID(int=0))


class Shape(BaseModel):
    """A mapping of the manifest: Graph's camelCase outside, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Group(Shape):
    """A complex type of Graph whose properties are managed one by one (`web: {}` manages none)."""


Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
"""A string with something in it."""

Key: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
"""A key that becomes part of an address; dots would make addresses ambiguous."""


def _or_empty(items: tuple[T, ...] | None) -> tuple[T, ...]:
    return () if items is None else items


Items: TypeAlias = Annotated[tuple[T, ...] | None, AfterValidator(_or_empty)]
"""A collection: null empties it, because Graph refuses null for collections."""


def refusal(reason: str, remedy: str) -> BeforeValidator:
    """Refuse a property of Graph that a manifest must not set, saying why."""

    def refuse(_value: object) -> object:
        raise ValueError(f"{reason}; {remedy}")

    return BeforeValidator(refuse)


def one_of(shape: Shape, *keys: str) -> tuple[str, str]:
    """Return key and text of the only one of the keys that is written.

    Raises ValueError, "what is wrong; what to write", for none or several.
    """
    written = {key: given(shape, key) for key in keys}
    found = [(key, value) for key, value in written.items() if isinstance(value, str)]
    if len(found) != 1:
        said = " and ".join(key for key, _ in found) or "none"
        raise ValueError(f"exactly one of {', '.join(keys)} is needed, found {said}; keep one")
    return found[0]


def given(shape: BaseModel, key: str) -> Any | Missing:
    """Return what the manifest says under `key`, or MISSING when it is silent."""
    name = _names(type(shape)).get(key)
    return MISSING if name is None or name not in shape.model_fields_set else getattr(shape, name)


@functools.cache
def _names(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the fields of a model by their names outside and inside."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        for key in (field.alias, name):
            if key is not None:
                found.setdefault(key, name)
    return MappingProxyType(found)


def entries(shape: BaseModel, key: str) -> dict[str, Any]:
    """Return a mapping of entries that a section added; empty for absent and null."""
    found = given(shape, key)
    return {} if isinstance(found, Missing) or found is None else dict(found)


def items(shape: BaseModel, key: str) -> tuple[Any, ...]:
    """Return a list that a section added; empty for absent and null."""
    found = given(shape, key)
    return () if isinstance(found, Missing) or found is None else tuple(found)


def dump(value: object) -> Value:
    """Write a value in JSON; of a complex type only what the manifest says."""
    match value:
        case Shape():
            return {
                field.alias or name: dump(getattr(value, name))
                for name, field in type(value).model_fields.items()
                if name in value.model_fields_set
            }
        case UUID():
            return str(value)
        case tuple() | list():
            return [whole(item) for item in value]
        case dict():
            return {str(key): dump(item) for key, item in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            message = f"no JSON: {value!r}"
            raise TypeError(message)


def whole(entry: object) -> Value:
    """Write an entry of a collection with its defaults: Graph replaces collections whole."""
    if isinstance(entry, Shape):
        written: Value = entry.model_dump(mode="json", by_alias=True)
        return written
    return dump(entry)


def leaves(shape: BaseModel, names: Callable[[str], bool]) -> Iterator[tuple[str, Any]]:
    """Yield (dotted Graph path, value as written) of the fields that `names` accepts."""
    for name, field in type(shape).model_fields.items():
        if name not in shape.model_fields_set or not names(name):
            continue
        key, value = field.alias or name, getattr(shape, name)
        if isinstance(value, Group):
            inside: BaseModel | None = value
        elif value is None and (group := _group(field.annotation)) is not None:
            inside = _cleared(group)
        else:
            inside = None
        if inside is None:
            yield key, value
        else:
            yield from ((f"{key}.{path}", leaf) for path, leaf in leaves(inside, _any_name))


@functools.cache
def schema_leaves(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the dotted Graph path of every property that a model knows."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        group = _group(field.annotation)
        found += [key] if group is None else (f"{key}.{path}" for path in schema_leaves(group))
    return tuple(found)


def stand_in(text: str) -> str:
    """Replace references by what they will be as long as: an id is a GUID."""
    return _REFERENCE.sub(_ZERO, text)


def is_guid(text: str) -> bool:
    """Whether the text is a GUID, such as an appId."""
    return _GUID.fullmatch(text) is not None


def _any_name(_name: str) -> bool:
    return True


def _group(annotation: object) -> type[Group] | None:
    candidates = (annotation, *get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Group)), None)


def _cleared(group: type[Group]) -> Group:
    names = [field.alias or name for name, field in group.model_fields.items()]
    return group.model_validate(dict.fromkeys(names))
