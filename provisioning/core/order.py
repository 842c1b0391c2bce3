"""References between steps -> the order of steps, and where circles are cut. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from provisioning.core.model import Address

Edges = Mapping[Address, Mapping[Address, bool]]
"""Step -> what it refers to -> whether every such reference may be sent later."""


@dataclass(frozen=True, slots=True)
class Order:
    """Steps by wave (no member of a wave waits for another), and the cut references."""

    waves: tuple[tuple[Address, ...], ...]
    deferred: Mapping[Address, frozenset[Address]]
    """Step -> references that are sent after its object exists, since they close a circle."""


class CircleError(ValueError):
    """References that no order satisfies; `circle` names the steps on it."""

    def __init__(self, circle: tuple[Address, ...]) -> None:
        super().__init__(" -> ".join(map(str, circle)))
        self.circle = circle


def arrange(edges: Edges) -> Order:
    """Order the steps; a deferrable reference is cut only when it closes a circle.

    Raises CircleError when a circle has no reference that may be sent later.
    """
    kept = {
        step: sorted(target for target in targets if target in edges)
        for step, targets in sorted(edges.items())
    }
    deferred: dict[Address, set[Address]] = {}
    while True:
        sorter = TopologicalSorter(kept)
        try:
            sorter.prepare()
        except CycleError as problem:
            step, target = _cut(edges, tuple(problem.args[1]))
            kept[step].remove(target)
            deferred.setdefault(step, set()).add(target)
            continue
        waves = []
        while sorter.is_active():
            ready = tuple(sorted(sorter.get_ready()))
            sorter.done(*ready)
            waves.append(ready)
        return Order(tuple(waves), {step: frozenset(targets) for step, targets in deferred.items()})


def _cut(edges: Edges, circle: tuple[Address, ...]) -> tuple[Address, Address]:
    """Choose the reference of a circle to send later; in it, each step is named by the next."""
    pairs = [(step, target) for target, step in pairwise(circle)]
    for step, target in sorted(pairs):
        if edges[step][target]:
            return step, target
    raise CircleError(circle)
