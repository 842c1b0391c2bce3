"""The order of a plan's steps, from what they refer to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisioning.core import order, refs
from provisioning.core.kind import Kind, Work
from provisioning.core.model import Address, Finding
from provisioning.core.plan import Action


def sequence(
    kinds: Mapping[str, Kind], works: Mapping[Address, Work]
) -> tuple[dict[Address, Work], list[Finding]]:
    """Put the steps in the order of their references; deletions last, dependents first."""
    forward = {a: w for a, w in works.items() if w.step.action is not Action.DELETE}
    edges = {address: _edges(kinds, work, forward) for address, work in forward.items()}
    findings = []
    try:
        arranged = order.arrange(edges)
    except order.CircleError as circle:
        arranged = order.Order((tuple(sorted(forward)),), {})
        findings.append(
            Finding(
                "circular-reference",
                f"these objects refer to each other in a circle: {circle}",
                "remove one of the references",
                address=circle.circle[0],
            )
        )
    result: dict[Address, Work] = {}
    for address in (a for wave in arranged.waves for a in wave):
        cut = arranged.deferred.get(address, frozenset())
        depends = tuple(sorted(set(edges[address]) - cut))
        step = replace(forward[address].step, depends_on=depends)
        result[address] = replace(forward[address], step=step, circular=cut)
    result.update(_backward(kinds, {a: works[a] for a in works.keys() - forward.keys()}))
    return result, findings


def _backward(kinds: Mapping[str, Kind], gone: Mapping[Address, Work]) -> dict[Address, Work]:
    """Order deletions: last kind first, and before what an object rests on."""
    resting: dict[Address, dict[Address, bool]] = {address: {} for address in gone}
    for address, work in gone.items():
        for need in work.live.needs if work.live else ():
            if need in gone:
                resting[need][address] = True
    ranks = {name: rank for rank, name in enumerate(kinds)}
    arranged = order.arrange(resting)
    result: dict[Address, Work] = {}
    for wave in arranged.waves:
        for address in sorted(wave, key=lambda a: (-ranks[a.kind], a)):
            waits = set(resting[address]) - arranged.deferred.get(address, frozenset())
            step = replace(gone[address].step, depends_on=tuple(sorted(waits)))
            result[address] = replace(gone[address], step=step)
    return result


def _edges(
    kinds: Mapping[str, Kind], work: Work, steps: Mapping[Address, Work]
) -> dict[Address, bool]:
    """Which steps this one waits for, and whether the reference could be sent later."""
    edges: dict[Address, bool] = {}
    desired = work.desired
    if desired is None:
        return edges
    later = {field.path for field in kinds[desired.address.kind].fields if field.deferrable}
    if desired.parent is not None and desired.parent in steps:
        edges[desired.parent] = False
    for name, value in _leaves(desired.body, ""):
        deferrable = any(name == path or name.startswith(f"{path}.") for path in later)
        for ref in refs.find(value):
            if ref.address in steps and ref.address != desired.address:
                edges[ref.address] = edges.get(ref.address, True) and deferrable
    for address in desired.after:
        if address in steps:
            edges.setdefault(address, True)
    return edges


def _leaves(body: Mapping[str, object], prefix: str) -> Iterable[tuple[str, object]]:
    for name, value in body.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value
