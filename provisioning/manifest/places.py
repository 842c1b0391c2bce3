"""YAML text -> nodes with places.

Works on PyYAML's parse events rather than on its node composer, so that nesting, aliases and
merge keys are bounded before memory is spent. Must not know what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from provisioning.core.model import Finding, Place
from provisioning.manifest import scalars, yaml_errors
from provisioning.manifest.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

MAX_DEPTH: Final = 64
MAX_NODES: Final = 200_000
"""Counted as if every alias were written out."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS: Final = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_UNSENDABLE: Final = re.compile("[\x00\ud800-\udfff]")


class _Unreadable(Exception):  # noqa: N818 - it ends the reading, it is not an error of ours
    """The rest of the file cannot be read; the finding is already noted."""


@dataclass(slots=True)
class _Key:
    text: str | None
    """None for a key that is faulty and dropped with its value."""
    place: Place
    merge: bool = False


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read."""

    mapping: bool
    place: Place
    anchor: str | None
    size: int = 1
    key: _Key | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[MappingNode] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        if not self.mapping:
            return SequenceNode(tuple(self.items), self.place)
        for base in self.merged:
            for key, entry in base.entries.items():
                self.entries.setdefault(key, entry)
        return MappingNode(self.entries, self.place)


class _Reader:
    def __init__(self, file: str, findings: list[Finding]) -> None:
        self._file = file
        self._findings = findings
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self.root: Node | None = None

    def read(self, events: Iterable[Any]) -> None:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    frame = self._frames.pop()
                    self._place(frame.close(), frame.size, frame.anchor)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.DocumentStartEvent() if self.root is not None:
                    self._stop(
                        "several-documents",
                        self._at(event),
                        "a second YAML document begins here",
                        "keep one document per file; use include: to split a manifest",
                    )

    def _at(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _fault(self, rule: str, place: Place, message: str, remedy: str) -> None:
        self._findings.append(Finding(rule, message, remedy, place=place))

    def _stop(self, rule: str, place: Place, message: str, remedy: str) -> None:
        self._fault(rule, place, message, remedy)
        raise _Unreadable

    def _key_expected(self) -> bool:
        return bool(self._frames) and self._frames[-1].mapping and self._frames[-1].key is None

    def _scalar(self, event: Any) -> None:
        place = self._at(event)
        plain = event.implicit[0] and event.tag in {None, "!"}
        self._check_tag(event, place)
        if plain and event.value == "<<" and self._key_expected():
            self._frames[-1].key = _Key("<<", place, merge=True)
            return
        value = scalars.resolve(event.value) if plain else event.value
        if self._key_expected():
            self._frames[-1].key = self._read_key(event.value, value, place)
            if event.anchor is not None:
                self._anchors[event.anchor] = (ScalarNode(event.value, place), 1)
            return
        if isinstance(value, scalars.Ambiguous):
            self._fault("yaml-ambiguous", place, value.message, value.remedy)
            value = event.value
        if isinstance(value, str) and _UNSENDABLE.search(value):
            self._fault(
                "yaml-character",
                place,
                "the text holds a NUL or half a surrogate pair",
                "remove the escape sequence",
            )
            value = _UNSENDABLE.sub("", value)
        self._place(ScalarNode(value, place), 1, event.anchor)

    def _read_key(self, text: str, value: object, place: Place) -> _Key:
        if not isinstance(value, str):
            shown = f"`{text}`" if text else "an empty key"
            self._fault(
                "key-not-text",
                place,
                f"{shown} is not read as text",
                f'write "{text}": in quotes' if text else "write the key before the colon",
            )
            return _Key(None, place)
        if _UNSENDABLE.search(value):
            self._fault("yaml-character", place, "the key holds an unusable character", "retype it")
            return _Key(None, place)
        if (first := self._frames[-1].entries.get(value)) is not None:
            self._fault(
                "duplicate-key",
                place,
                f"`{value}` is already there at {first.key}",
                "keep one of the two",
            )
            return _Key(None, place)
        return _Key(value, place)

    def _check_tag(self, event: Any, place: Place) -> None:
        if event.tag is not None and event.tag != "!" and event.tag not in _TAGS:
            self._fault(
                "yaml-tag",
                place,
                "YAML tags are not supported here",
                "remove the word that begins with an exclamation mark",
            )

    def _open(self, event: Any) -> None:
        place = self._at(event)
        self._check_tag(event, place)
        if len(self._frames) >= MAX_DEPTH:
            self._stop(
                "yaml-depth",
                place,
                f"nested deeper than {MAX_DEPTH} levels",
                "check for a forgotten closing bracket",
            )
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._frames.append(_Frame(mapping, place, event.anchor))

    def _alias(self, event: Any) -> None:
        place = self._at(event)
        known = self._anchors.get(event.anchor)
        if known is None:
            inside = any(frame.anchor == event.anchor for frame in self._frames)
            self._stop(
                "yaml-alias",
                place,
                f"`*{event.anchor}` "
                + ("stands inside of what it repeats" if inside else "repeats nothing"),
                "remove it" if inside else f"mark what it repeats with &{event.anchor}, above",
            )
            return
        self._place(known[0], known[1], None, place)

    def _place(
        self, node: Node, size: int, anchor: str | None, alias_place: Place | None = None
    ) -> None:
        """Put a finished node where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        frame.size += size
        if frame.size > MAX_NODES:
            self._stop(
                "yaml-alias-bomb",
                alias_place or node.place,
                f"more than {MAX_NODES} values once every alias is written out",
                "repeat less: aliases of aliases multiply",
            )
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is None:
            self._fault(
                "key-not-text",
                alias_place or node.place,
                "a list, mapping or alias is used as a key",
                "write the key as text",
            )
            frame.key = _Key(None, alias_place or node.place)
        else:
            self._assign(frame, frame.key, node)
            frame.key = None

    def _assign(self, frame: _Frame, key: _Key, node: Node) -> None:
        if key.merge:
            bases = node.items if isinstance(node, SequenceNode) else (node,)
            for base in bases:
                if isinstance(base, MappingNode):
                    frame.merged.append(base)
                else:
                    self._fault(
                        "yaml-merge", key.place, "`<<` merges mappings only", "write <<: *anchor"
                    )
        elif key.text is not None:
            frame.entries[key.text] = Entry(key.place, node)


def read(text: str, file: str, findings: list[Finding]) -> Node | None:
    """Read one YAML document; faults are appended to `findings`.

    `file` is the name that places show. Returns None when the text is no YAML at all or is not
    bounded; other faults leave a usable tree, so that the rest can be checked too.
    """
    bad = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if bad is not None:
        before = text[: bad.start()]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        findings.append(Finding("yaml-character", "a control character", "remove it", place=place))
        return None
    reader = _Reader(file, findings)
    try:
        reader.read(yaml.parse(text, Loader=_LOADER))
    except _Unreadable:
        return None
    except yaml.YAMLError as error:
        findings.append(yaml_errors.translate(error, text, file))
        return None
    return reader.root
