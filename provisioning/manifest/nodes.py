"""The manifest as a tree in which every key and value knows its place. Reads no file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from provisioning.core.model import Place

Scalar: TypeAlias = "None | bool | int | float | str"
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """Text, a number, a switch or nothing."""

    value: Scalar
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value`."""

    key: Place
    node: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys are text and unique."""

    entries: Mapping[str, Entry]
    place: Place


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    items: tuple[Node, ...]
    place: Place


Node: TypeAlias = ScalarNode | MappingNode | SequenceNode

NOTHING: Final = MappingNode({}, Place("", 1, 1))


def plain(node: Node) -> Plain:
    """Drop the places. Keys come sorted, so that nothing depends on the order in the file."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [plain(item) for item in node.items]
        case MappingNode():
            return {key: plain(node.entries[key].node) for key in sorted(node.entries)}


def child(node: Node, part: str | int) -> tuple[Place, Node] | None:
    """Return where a key or list item stands, and its value; None when there is none."""
    if isinstance(node, MappingNode) and (entry := node.entries.get(str(part))) is not None:
        return entry.key, entry.node
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.items):
        return node.items[part].place, node.items[part]
    return None


def place(root: Node, path: Iterable[str | int]) -> Place:
    """Return where the key at `path` stands, or the nearest parent that is there."""
    here, node = root.place, root
    for part in path:
        if (found := child(node, part)) is None:
            break
        here, node = found
    return here


def value_place(root: Node, path: Iterable[str | int]) -> Place:
    """Return where the value stands: the scalar itself, else its key."""
    here, node = root.place, root
    for part in path:
        if (found := child(node, part)) is None:
            break
        here, node = found
    return node.place if isinstance(node, ScalarNode) and node.value is not None else here


def select(root: Node, path: Iterable[str | int]) -> Node | None:
    """Return the node at exactly `path`."""
    node = root
    for part in path:
        if (found := child(node, part)) is None:
            return None
        node = found[1]
    return node


def without(node: Node, cuts: Collection[tuple[str | int, ...]]) -> Node:
    """Return the tree without what stands at `cuts`; everything else keeps its place."""
    below: dict[str, list[tuple[str | int, ...]]] = {}
    for first, *rest in filter(None, cuts):
        below.setdefault(str(first), []).append(tuple(rest))
    if not below:
        return node
    kept = {part: inner for part, inner in below.items() if () not in inner}
    match node:
        case MappingNode():
            entries = {
                key: Entry(entry.key, without(entry.node, kept.get(key, ())))
                for key, entry in node.entries.items()
                if key not in below or key in kept
            }
            return MappingNode(entries, node.place)
        case SequenceNode():
            items = enumerate(node.items)
            return SequenceNode(
                tuple(
                    without(item, kept.get(str(index), ()))
                    for index, item in items
                    if str(index) not in below or str(index) in kept
                ),
                node.place,
            )
        case _:
            return node


@dataclass(frozen=True, slots=True)
class Found:
    """How far a path leads."""

    node: Node
    """The deepest that is there."""
    place: Place
    """Of its key."""
    missing: tuple[str, ...] = ()
    """Keys of the path that are not there."""


def find(root: Node, path: str) -> Found:
    """Follow a path as messages spell it, `applications.app.scopes.API.Access`.

    Keys may hold dots: the longest that is there counts.
    """
    parts = tuple(path.split("."))
    here, node = root.place, root
    while parts:
        for size in range(len(parts), 0, -1):
            text = ".".join(parts[:size])
            part = int(text) if isinstance(node, SequenceNode) and text.isdecimal() else text
            if (step := child(node, part)) is not None:
                (here, node), parts = step, parts[size:]
                break
        else:
            break
    return Found(node, here, parts)


def found(node: Node | None) -> str:
    """Say what stands there, for "expected text, found a list"; never the value itself."""
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode(value=None) | None:
            return "nothing"
        case ScalarNode(value=bool()):
            return "a true/false switch"
        case ScalarNode(value=int() | float()):
            return "a number"
        case ScalarNode():
            return "text"
