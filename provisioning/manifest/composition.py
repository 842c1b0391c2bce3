"""The kinds' sections -> pydantic models of the whole manifest.

Every model must be closed (`extra="forbid"`): an open one would swallow typing errors. Must not
know any section by name.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, Field, StringConstraints, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import SkipJsonSchema

from provisioning.core.kind import Kind, Section
from provisioning.manifest.header import KEY_PATTERN, TopHeader

_SKIP: Final[Any] = SkipJsonSchema
"""A class at run time, an alias to type checkers."""


@dataclass(frozen=True, slots=True)
class Part:
    """A top-level section, ready to validate."""

    section: Section
    annotation: Any
    """Of one entry where `keyed`, else of the whole value."""
    keyed: bool
    """Entries by key; each is validated alone, so that one fault hides no other."""
    adapter: TypeAdapter[Any]
    key_annotation: Any
    keys: TypeAdapter[Any]

    @property
    def spellings(self) -> tuple[str, ...]:
        """The key and its other spellings."""
        return (self.section.key, *self.section.aliases)


@dataclass(frozen=True, slots=True)
class Composition:
    """All sections of some kinds."""

    parts: tuple[Part, ...]
    top: type[BaseModel]
    """The whole manifest, for the JSON Schema."""


class _Sections:
    """Sections compared by identity: annotations need not be hashable."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.all = tuple(section for kind in kinds for section in kind.sections)

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.all)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sections) and [*map(id, self.all)] == [*map(id, other.all)]


def compose(kinds: Iterable[Kind]) -> Composition:
    """Build the models. Raises TypeError for sections that contradict each other."""
    return _compose(_Sections(kinds))


@functools.lru_cache(maxsize=8)
def _compose(sections: _Sections) -> Composition:
    parts = tuple(_parts(sections.all))
    fields: dict[str, Any] = {}
    for part in parts:
        whole: Any = part.annotation
        if part.keyed:
            whole = types.GenericAlias(dict, (part.key_annotation, part.annotation))
        fields[part.section.key] = _field(part.section, whole | None)
    top = create_model("Manifest", __base__=TopHeader, **fields)
    return Composition(parts, top)


_Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]


def _parts(sections: tuple[Section, ...]) -> Iterator[Part]:
    taken: set[str] = set(TopHeader.model_fields)
    under = {section.under for section in sections if section.under}
    for section in sections:
        if section.under:
            continue
        if clash := taken.intersection((section.key, *section.aliases)):
            message = f"two sections are called {sorted(clash)}"
            raise TypeError(message)
        taken.update((section.key, *section.aliases))
        under.discard(section.key)
        yield _part(section, [inner for inner in sections if inner.under == section.key])
    if under:
        message = f"keys are added to sections that nobody declares: {sorted(under)}"
        raise TypeError(message)


def _part(section: Section, added: list[Section]) -> Part:
    key, entry = _key_and_entry(section.annotation)
    if added:
        if not (isinstance(entry, type) and issubclass(entry, BaseModel)):
            message = f"{section.key} has no entry model that keys could be added to"
            raise TypeError(message)
        if clash := {inner.key for inner in added}.intersection(entry.model_fields):
            message = f"{section.key} declares {sorted(clash)} itself"
            raise TypeError(message)
        fields: dict[str, Any] = {inner.key: _field(inner, inner.annotation) for inner in added}
        entry = create_model(entry.__name__, __base__=entry, **fields)
    annotation = section.annotation if entry is None else entry
    for model in models(annotation):
        if model.model_config.get("extra") != "forbid":
            message = f"{model.__name__} in {section.key} is not closed: set extra='forbid'"
            raise TypeError(message)
    return Part(
        section, annotation, entry is not None, TypeAdapter(annotation), key, TypeAdapter(key)
    )


def _field(section: Section, annotation: Any) -> Any:
    """Return a field for `create_model`; its alias is fixed against the base's generator."""
    key = section.key
    choices = AliasChoices(key, *section.aliases) if section.aliases else key
    text = section.description
    field = Field(default=None, description=text, alias=key, validation_alias=choices)
    return annotation, field


def _key_and_entry(annotation: Any) -> tuple[Any, Any | None]:
    """Return what keys and entries of `dict[K, X]` are; no entry for anything else."""
    for member in members(annotation):
        if get_origin(member) in {dict, Mapping}:
            key, entry = get_args(member)
            return (_Key if key is str else key), entry
    return _Key, None


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of an annotation without None, wrappers removed."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if (value := getattr(annotation, "__value__", None)) is not None:
        return members(value)
    if get_origin(annotation) in {Union, types.UnionType}:
        parts = get_args(annotation)
        return tuple(found for part in parts if part is not type(None) for found in members(part))
    return (annotation,)


def models(annotation: Any, seen: set[type] | None = None) -> Iterator[type[BaseModel]]:
    """Yield every model that an annotation leads to, once."""
    seen = set() if seen is None else seen
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            if member not in seen:
                seen.add(member)
                yield member
                for field in member.model_fields.values():
                    yield from models(field.annotation, seen)
        else:
            for argument in get_args(member):
                yield from models(argument, seen)


def spellings(name: str, field: FieldInfo, model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys under which the manifest may write a field, the proper one first."""
    match field.validation_alias:
        case AliasChoices(choices=choices):
            found = [choice for choice in choices if isinstance(choice, str)]
        case str(alias):
            found = [alias]
        case _:
            found = [field.alias or name]
    by_name = model.model_config.get("populate_by_name") or model.model_config.get(
        "validate_by_name"
    )
    return tuple(dict.fromkeys([*found, name] if by_name else found))


def hidden(field: FieldInfo) -> bool:
    """Whether a field only exists to be refused, and is no use in a suggestion."""
    return any(
        isinstance(mark, _SKIP)
        for mark in (*field.metadata, *getattr(field.annotation, "__metadata__", ()))
    )


def models_among(candidates: Iterable[Any]) -> Iterator[type[BaseModel]]:
    """Yield the candidates that are models."""
    for member in candidates:
        if isinstance(member, type) and issubclass(member, BaseModel):
            yield member
