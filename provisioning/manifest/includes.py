"""The manifest's files -> one tree: reading, `include:`, and the merge by entry.

Reads inside the manifest's folder only. Must not know what the sections mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from provisioning.core.model import Finding, Place
from provisioning.manifest import files, yaml_file
from provisioning.manifest.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

MAX_FILES: Final = 1_000

MAX_LEVELS: Final = 16
"""Of files that include files."""

_REPEATABLE: Final = frozenset({"version"})
"""Keys that every file may carry, with the same value, so that editors can check each alone."""


@dataclass(frozen=True, slots=True)
class Document:
    """Every file read, merged into one tree."""

    root: MappingNode
    folder: Path
    """Resolved; nothing outside is read."""
    folders: Mapping[str, Path]
    """Name of a file as places show it -> the folder that names inside are relative to."""


@dataclass(slots=True)
class _Reading:
    root: Path
    """Resolved folder of the manifest."""
    findings: list[Finding]
    folders: dict[str, Path] = field(default_factory=dict)
    seen: set[Path] = field(default_factory=set)
    broken: bool = False
    """Some file has no tree: what the others say about it would be noise."""

    def fault(self, rule: str, message: str, remedy: str, place: Place) -> None:
        self.findings.append(Finding(rule, message, remedy, place=place))


def read(path: Path, findings: list[Finding]) -> Document | None:
    """Read `path` and everything it includes; None when a file could not be read as YAML."""
    try:
        folder = path.parent.resolve()
    except (OSError, RuntimeError, ValueError):
        folder = path.parent
    reading = _Reading(folder, findings)
    root = _file(reading, path, path.as_posix(), (), Place(path.as_posix(), 1, 1))
    if root is None or reading.broken:
        return None
    return Document(root, folder, reading.folders)


def _file(
    reading: _Reading, path: Path, file: str, above: tuple[Path, ...], named_at: Place
) -> MappingNode | None:
    reading.folders[file] = path.parent
    content = files.read(path, file, yaml_file.MAX_BYTES, named_at, reading.findings)
    if content is None:
        reading.broken = True
        return None
    node = yaml_file.parse(content, file, reading.findings, first="write version: 1 and name:")
    if node is None:
        reading.broken = True
        return None
    own = MappingNode({k: e for k, e in node.entries.items() if k != "include"}, node.place)
    stack = (*above, path.resolve())
    reading.seen.add(stack[-1])
    for included, name, at in _included(reading, node, path, file, stack):
        other = _file(reading, included, name, stack, at)
        if other is not None:
            own = _merge(reading, own, other)
    return own


def _included(
    reading: _Reading, node: MappingNode, path: Path, file: str, stack: tuple[Path, ...]
) -> Iterator[tuple[Path, str, Place]]:
    for pattern, place in _patterns(reading, node):
        if len(stack) > MAX_LEVELS:
            reading.fault(
                "include-too-many", f"more than {MAX_LEVELS} levels", "include directly", place
            )
            return
        found = _matches(reading, path.parent, pattern, place, stack)
        for included in found:
            name = (PurePosixPath(file).parent / included.relative_to(path.parent)).as_posix()
            if included.resolve() in reading.seen:
                continue
            if len(reading.seen) >= MAX_FILES:
                reading.fault(
                    "include-too-many", f"more than {MAX_FILES} files", "include fewer", place
                )
                return
            yield included, name, place


def _patterns(reading: _Reading, node: MappingNode) -> Iterator[tuple[str, Place]]:
    entry = node.entries.get("include")
    if entry is None:
        return
    if not isinstance(entry.node, SequenceNode):
        reading.fault(
            "include-list", "include takes a list", "write include: [shared/*.yaml]", entry.key
        )
        return
    for item in entry.node.items:
        if not isinstance(item, ScalarNode) or not isinstance(item.value, str) or not item.value:
            reading.fault(
                "include-list", "expected the name of a file", "write shared/*.yaml", item.place
            )
        elif (why := files.escape(item.value)) is not None:
            reading.fault(
                "include-outside", why, "name files inside the manifest's folder", item.place
            )
        elif "${" in item.value:
            reading.fault(
                "include-variable",
                "variables are not known yet where files are included",
                "write the name out",
                item.place,
            )
        else:
            yield item.value, item.place


def _matches(
    reading: _Reading, folder: Path, pattern: str, place: Place, stack: tuple[Path, ...]
) -> list[Path]:
    wildcard = any(character in pattern for character in "*?[")
    try:
        found = sorted(folder.glob(pattern), key=lambda path: path.as_posix())
    except (OSError, ValueError):
        reading.fault("include-pattern", "not a file name pattern", "write shared/*.yaml", place)
        return []
    regular = [path for path in found if path.is_file()]
    if any(not files.inside(path, reading.root) for path in regular):
        reading.fault(
            "include-outside",
            f"`{pattern}` leads out of the manifest's folder through a link",
            "copy the file into the folder",
            place,
        )
        return []
    circular = [path for path in regular if path.resolve() in stack]
    if circular and not wildcard:
        reading.fault(
            "include-circle", f"`{pattern}` includes itself", "remove this include", place
        )
        return []
    regular = [path for path in regular if path not in circular]
    if not regular:
        reading.fault(
            "include-nothing", f"`{pattern}` matches no file", "check the name or remove it", place
        )
    return regular


def _merge(reading: _Reading, first: MappingNode, second: MappingNode) -> MappingNode:
    """Join two files: sections by entry, everything else only once."""
    joined = dict(first.entries)
    for key, entry in second.entries.items():
        known = joined.get(key)
        if known is None:
            joined[key] = entry
        elif isinstance(known.node, MappingNode) and isinstance(entry.node, MappingNode):
            inner = _union(reading, known.node, entry.node)
            joined[key] = Entry(known.key, inner)
        elif not (key in _REPEATABLE and _same(known.node, entry.node)):
            _twice(reading, key, known.key, entry.key)
    return MappingNode(joined, first.place)


def _union(reading: _Reading, first: MappingNode, second: MappingNode) -> MappingNode:
    entries = dict(first.entries)
    for key, entry in second.entries.items():
        known = entries.setdefault(key, entry)
        if known is not entry:
            _twice(reading, key, known.key, entry.key)
    return MappingNode(entries, first.place)


def _twice(reading: _Reading, key: str, first: Place, second: Place) -> None:
    reading.fault(
        "duplicate-key", f"`{key}` is already there at {first}", "keep one of the two", second
    )


def _same(first: Node, second: Node) -> bool:
    return (
        isinstance(first, ScalarNode)
        and isinstance(second, ScalarNode)
        and first.value == second.value
    )
