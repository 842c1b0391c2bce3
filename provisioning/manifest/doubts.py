"""What a manifest may lack only because it was written wrongly: told already, under its own name.

A check that misses something asks here first, so that one fault is not told twice. Pure.
"""

from __future__ import annotations

from provisioning.core.model import Place
from provisioning.manifest import nodes
from provisioning.manifest.located import Path
from provisioning.manifest.nodes import Node


class Doubts:
    """Places that lost a part, and what was lost there."""

    def __init__(self) -> None:
        self._touched: set[Place] = set()
        self._lost: set[tuple[Place, str]] = set()

    def add(self, root: Node, cut: Path, meant: str | None = None) -> None:
        """Note that what stands at `cut` is faulty; an unknown key was `meant` as another."""
        for length in range(1, len(cut)):
            self._touched.add(nodes.place(root, cut[:length]))
        parent = nodes.place(root, cut[:-1])
        for name in (cut[-1:], meant.split(".")[:1] if meant else ()):
            self._lost.update((parent, str(each)) for each in name)

    def hold(self, root: Node, path: Path) -> bool:
        """Whether something at, below or above `path` was cut out of what is now `root`."""
        parent, node = root.place, root
        for part in path:
            if (found := nodes.child(node, part)) is None:
                return (parent, str(part)) in self._lost
            parent, node = found
        return parent in self._touched
