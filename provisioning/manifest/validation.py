"""The expanded tree -> the header and the kinds' sections, validated. Pure.

Values go through pydantic as JSON, strictly: a number is no text and `"yes"` is no switch. What
has a wrong form is told and cut out of the tree, so that the rest of its entry is judged as well.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from provisioning.core.model import Finding, Owner, Place
from provisioning.manifest import nodes, suggest, translate
from provisioning.manifest.composition import Part
from provisioning.manifest.doubts import Doubts
from provisioning.manifest.header import HEADER_KEYS, Header
from provisioning.manifest.located import Path
from provisioning.manifest.nodes import MappingNode

_HEADER: Final = TypeAdapter(Header)
_OWN_KEYS: Final = tuple(Header.model_fields)


class Validation:
    """Validates one tree; faults are noted once per place."""

    def __init__(self, root: MappingNode, findings: list[Finding]) -> None:
        self.root = root
        """The tree, less and less of it: what had a wrong form is no longer there."""
        self.doubts = Doubts()
        """What may be missing only because it was cut out."""
        self._findings = findings
        self._told: set[Place | None] = {finding.place for finding in findings} - {root.place}
        """Where the text itself is faulty already: its type would be a second fault of the same."""
        self.faulty: set[str] = set()
        """Keys of entries that were left out or lost a part."""

    def owner(self) -> Owner:
        """Read version, name and movedFrom; a stand-in name when they are faulty."""
        own = {key: e for key, e in self.root.entries.items() if key in _OWN_KEYS}
        plain = nodes.plain(MappingNode(own, self.root.place))
        try:
            header = _HEADER.validate_json(json.dumps(plain), strict=True)
        except ValidationError as error:
            for one in translate.findings(error, Header, self.root):
                if one.finding.place not in self._told:
                    self._findings.append(one.finding)
            return Owner("manifest")
        name, old = header.name, header.movedFrom
        if name == old:
            place = nodes.value_place(self.root, ("movedFrom",))
            self._fault("moved-from-itself", "movedFrom is the name of today", "delete it", place)
        return Owner(name, old)

    def sections(self, parts: Iterable[Part]) -> Mapping[str, Mapping[str, Any]]:
        """Validate every section; what is faulty is left out of the answer."""
        parts = tuple(parts)
        known = [key for part in parts for key in part.spellings]
        for key, entry in self.root.entries.items():
            if key not in known and key not in HEADER_KEYS:
                self._unknown(key, entry.key, known)
        return {part.section.key: self._section(part) for part in parts}

    def _unknown(self, key: str, place: Place, known: Iterable[str]) -> None:
        close = suggest.closest(key, (*known, *HEADER_KEYS))
        self.doubts.add(self.root, (key,), close)
        if close is not None:
            self._fault(
                "unknown-key", f"unknown key `{key}`; did you mean `{close}`?", f"write {close}:",
                place,
            )  # fmt: skip
        else:
            remedy = f"use one of {', '.join(sorted((*known, *HEADER_KEYS)))}"
            self._fault("unknown-key", f"unknown key `{key}`", remedy, place)

    def _fault(self, rule: str, message: str, remedy: str, place: Place) -> None:
        self._findings.append(Finding(rule, message, remedy, place=place))

    def _section(self, part: Part) -> dict[str, Any]:
        written = [key for key in part.spellings if key in self.root.entries]
        for second in written[1:]:
            self._fault(
                "both-spellings",
                f"`{second}` and `{written[0]}` are the same section, and both are given",
                "keep one of the two",
                self.root.entries[second].key,
            )
        if not written:
            return {}
        key = written[0]
        node = self.root.entries[key].node
        if nodes.found(node) == "nothing":
            return {}
        if not part.keyed:
            return dict(self._validate(part.adapter, part.annotation, (key,), ""))
        if not isinstance(node, MappingNode):
            self._fault(
                "wrong-type",
                f"expected a mapping, found {nodes.found(node)}",
                "write KEY: {…}",
                nodes.value_place(self.root, (key,)),
            )
            self._cut([(key,)])
            return {}
        return self._entries(part, key, node)

    def _entries(self, part: Part, section: str, node: MappingNode) -> dict[str, Any]:
        valid: dict[str, Any] = {}
        for key in sorted(node.entries):
            before, path = self.root, (section, key)
            read = self._validate(part.adapter, part.annotation, path, key)
            named = self._key(part, key, node.entries[key].key)
            if not named:
                self._cut([path])
            elif read:
                valid |= read
            if self.root is not before:
                self.faulty.add(key)
        return valid

    def _key(self, part: Part, key: str, place: Place) -> bool:
        try:
            part.keys.validate_python(key)
        except ValidationError:
            if place not in self._told:
                self._fault(
                    "entry-key",
                    f"this key of {part.section.key} has a form that keys do not have",
                    "rename it: letters, digits, _ and -, and no - in front",
                    place,
                )
            return False
        return True

    def _validate(
        self, adapter: TypeAdapter[Any], annotation: Any, path: Path, key: str
    ) -> Mapping[str, Any]:
        """Return the value at `path` under `key`, without what was faulty; nothing of no use."""
        cuts: set[Path] = set()
        while (node := nodes.select(self.root, path)) is not None:
            try:
                return {key: adapter.validate_json(json.dumps(nodes.plain(node)), strict=True)}
            except ValidationError as error:
                told = tuple(translate.findings(error, annotation, self.root, path))
            for one in told:
                follows = any(cut[: len(one.cut)] == one.cut for cut in cuts)
                if not follows and one.finding.place not in self._told:
                    self._findings.append(one.finding)
                self.doubts.add(self.root, one.cut, one.meant)
            cuts.update(one.cut for one in told)
            there = [one.cut for one in told if nodes.select(self.root, one.cut) is not None]
            whole = not there or any(len(cut) <= len(path) for cut in there)
            self._cut([path] if whole else there)
        return {}

    def _cut(self, paths: Collection[Path]) -> None:
        for path in paths:
            self.doubts.add(self.root, path)
        root = nodes.without(self.root, paths)
        assert isinstance(root, MappingNode)
        self.root = root
