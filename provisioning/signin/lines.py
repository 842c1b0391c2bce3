"""Where a setting stands in the manifest, or where it belongs. Pure: no file is read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioning.core.model import Place
from provisioning.kinds.sections import portal_names
from provisioning.manifest import Manifest, nodes
from provisioning.manifest.nodes import MappingNode, Node, ScalarNode, SequenceNode

APPLICATIONS: Final = "applications"
FRAMEWORK: Final = "identityExperienceFramework"
_REPLY_URLS: Final = "replyUrlsWithType"


@dataclass(frozen=True, slots=True)
class Line:
    """A place in the manifest and the value there."""

    place: Place
    node: Node
    missing: tuple[str, ...] = ()
    """Keys that are not there: `place` is then that of the entry where they belong."""

    @property
    def value(self) -> object:
        """The scalar that stands there; None for anything else."""
        there = not self.missing and isinstance(self.node, ScalarNode)
        return self.node.value if there and isinstance(self.node, ScalarNode) else None


def of(manifest: Manifest, path: str) -> Line:
    """Find a manifest path such as `applications.app.allowPublicClient`, in any spelling.

    The applications that `identityExperienceFramework` brings stand on its line.
    """
    tries = [nodes.find(manifest.tree, spelled) for spelled in _spellings(path)]
    found = next((each for each in tries if not each.missing), tries[0])
    section, _, rest = path.partition(".")
    if section == APPLICATIONS and rest and len(found.missing) == rest.count(".") + 1:
        framework = nodes.find(manifest.tree, FRAMEWORK)
        if not framework.missing:
            return Line(framework.place, framework.node)
    return Line(found.place, found.node, found.missing)


def under(manifest: Manifest, entry: Place, path: str) -> Place | None:
    """Return where a key below the entry at a place stands; None when it is not there."""
    for node in _at(manifest.tree, entry):
        found = nodes.find(node, path)
        if not found.missing:
            return found.place
    return None


def _at(node: Node, place: Place) -> Iterator[Node]:
    """Yield the values of the keys and items that stand at a place."""
    below: tuple[tuple[Place, Node], ...] = ()
    if isinstance(node, MappingNode):
        below = tuple((entry.key, entry.node) for entry in node.entries.values())
    elif isinstance(node, SequenceNode):
        below = tuple((item.place, item) for item in node.items)
    for key, value in below:
        if place in (key, value.place):
            yield value
        yield from _at(value, place)


def scalars(manifest: Manifest, path: str) -> Iterator[tuple[object, Place]]:
    """Yield the scalars of the list at a path with their places."""
    line = of(manifest, path)
    if not line.missing and isinstance(line.node, SequenceNode):
        for item in line.node.items:
            if isinstance(item, ScalarNode):
                yield item.value, item.place


def keys(manifest: Manifest, path: str) -> tuple[str, ...]:
    """Return the keys of the mapping at a path; () when there is none."""
    line = of(manifest, path)
    if line.missing or not isinstance(line.node, MappingNode):
        return ()
    return tuple(line.node.entries)


def count(manifest: Manifest, path: str) -> int:
    """Return how many items the list at a path has."""
    line = of(manifest, path)
    return len(line.node.items) if not line.missing and isinstance(line.node, SequenceNode) else 0


def _spellings(path: str) -> Iterator[str]:
    yield path
    section, _, rest = path.partition(".")
    key, _, name = rest.partition(".")
    if section != APPLICATIONS or not name:
        return
    graph = portal_names.SPELLINGS.get(name, name)
    names = [graph, *(each for each, same in portal_names.SPELLINGS.items() if same == graph)]
    if graph in portal_names.REDIRECTS.values():
        names.append(_REPLY_URLS)
    yield from (f"{section}.{key}.{each}" for each in names if each != name)
