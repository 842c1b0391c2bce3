"""pydantic's errors, located: which node of the tree, under which models, in which alternative.

Must not word anything for the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from provisioning.manifest import composition, nodes, suggest
from provisioning.manifest.nodes import Node

Path = tuple[str | int, ...]

EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "nothing",
}
WORDS: Final = frozenset({"literal_error", "enum"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of pydantic's, located in the tree."""

    kind: str
    context: Mapping[str, Any]
    message: str
    path: Path
    """In the tree; ends in the missing or unknown key for such errors."""
    here: tuple[Any, ...]
    """Annotations that apply at `path`."""
    owners: tuple[type[BaseModel], ...]
    """Models that the last key belongs to."""
    branches: tuple[tuple[Path, str, tuple[Any, ...]], ...]
    """Alternatives on the way: where, which one, out of which."""

    @property
    def own(self) -> bool:
        """Whether it says that the value itself has the wrong form."""
        return self.kind in EXPECTED or self.kind in WORDS


def locate(detail: Any, annotation: Any, node: Node | None, above: Path) -> Fault:
    """Follow the `loc` of one error of pydantic's from `node`, which stands at `above`."""
    loc, kind = detail["loc"], detail["type"]
    path, here = above, composition.members(annotation)
    owners: tuple[type[BaseModel], ...] = ()
    branches: list[tuple[Path, str, tuple[Any, ...]]] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        step = nodes.child(node, part) if node is not None else None
        keyed = step is not None or (last and kind in {"missing", "extra_forbidden"})
        chosen = tuple(member for member in here if _label(member, part)) if len(here) > 1 else ()
        if chosen or not keyed:
            if part != "[key]":
                branches.append((path, str(part), here))
            here = chosen or here
            continue
        owners = tuple(m for m in here if isinstance(m, type) and issubclass(m, BaseModel))
        here = tuple(_below(here, part))
        path, node = (*path, part), step[1] if step else None
    context = detail.get("ctx", {})
    return Fault(kind, context, detail["msg"], path, here, owners, tuple(branches))


def _label(member: Any, part: str | int) -> bool:
    """Whether `part` is pydantic's name for one alternative of a union."""
    if not isinstance(part, str):
        return False
    name = getattr(get_origin(member) or member, "__name__", "").lower()
    return bool(name) and part.lower().partition("[")[0] == name


def _below(here: Sequence[Any], part: str | int) -> Iterator[Any]:
    for member in here:
        if isinstance(member, type) and issubclass(member, BaseModel):
            for name, field in member.model_fields.items():
                if part in composition.spellings(name, field, member):
                    yield from composition.members(field.annotation)
        elif get_origin(member) in {dict, Mapping} and isinstance(part, str):
            yield from composition.members(get_args(member)[1])
        elif get_args(member) and isinstance(part, int):
            yield from composition.members(get_args(member)[0])


def near(fault: Fault, root: Node) -> str | None:
    """Return the key that was meant, also one a level deeper (`web.redirectUris`)."""
    key = str(fault.path[-1])
    inner = {
        f"{above}.{below}"
        for model in fault.owners
        for name, field in model.model_fields.items()
        for above in composition.spellings(name, field, model)[:1]
        for member in composition.members(field.annotation)
        if isinstance(member, type) and issubclass(member, BaseModel)
        for below in keys((member,))
    }
    deeper = sorted(path for path in inner if path.partition(".")[2] == key)
    owner = nodes.select(root, fault.path[:-1])
    free = {k for k in keys(fault.owners) if owner is None or nodes.child(owner, k) is None}
    return suggest.closest(key, free) or (deeper[0] if deeper else None)


def keys(owners: Sequence[type[BaseModel]]) -> set[str]:
    """Return the proper spelling of every key that some models take."""
    return {
        composition.spellings(name, field, model)[0]
        for model in owners
        for name, field in model.model_fields.items()
        if not composition.hidden(field)
    }


def description(fault: Fault, key: str) -> str:
    """Return what the models say about a key; empty when they don't know it."""
    for model in fault.owners:
        for name, field in model.model_fields.items():
            if key in composition.spellings(name, field, model):
                return field.description or ""
    return ""
