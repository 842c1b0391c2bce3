"""`${application.KEY.PATH}` in desired objects -> references, checked against what is declared.

Pure. Must not look at the tenant: whether a property exists there is not known here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from provisioning.core import paths, refs
from provisioning.core.model import Address, Desired, Finding, Ref, Value
from provisioning.manifest import suggest, tokens
from provisioning.manifest.substitution import REFERABLE, Reference


def settle(desired: Desired) -> Desired:
    """Turn text of the body and settings into references and templates."""
    body, settings = _settled(desired.body), _settled(desired.settings)
    if body is desired.body and settings is desired.settings:
        return desired
    return dataclasses.replace(desired, body=body, settings=settings)


def _settled(values: Mapping[str, Value]) -> Mapping[str, Value]:
    new = {key: _value(value) for key, value in values.items()}
    return new if any(new[key] is not values[key] for key in values) else values


def _value(value: Value) -> Value:
    match value:
        case str():
            return tokens.to_value(value) if "{" in value else value
        case list():
            items = [_value(item) for item in value]
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return items if changed else value
        case dict():
            inner = _settled(value)
            return dict(inner) if inner is not value else value
        case _:
            return value


def dangling(
    noted: Iterable[Reference], desired: Mapping[Address, Desired], faulty: frozenset[str]
) -> Iterator[Finding]:
    """Report references to objects that the manifest does not have.

    `faulty` holds keys of entries that failed validation: they were meant to be there.
    """
    told: set[Address] = set()
    for reference in noted:
        told.add(reference.ref.address)
        if not _there(reference.ref, desired, faulty):
            yield Finding(
                "dangling-reference",
                f"there is no {reference.ref.address}",
                _remedy(reference.ref.address, desired),
                place=reference.place,
            )
    for item in desired.values():
        for ref in (*refs.find(item.body), *refs.find(item.settings)):
            if ref.address not in told and not _there(ref, desired, faulty):
                told.add(ref.address)
                yield Finding(
                    "dangling-reference",
                    f"{item.address} needs {ref.address}, which is not there",
                    _remedy(ref.address, desired),
                    place=item.place,
                    address=item.address,
                )


def _there(ref: Ref, desired: Mapping[Address, Desired], faulty: frozenset[str]) -> bool:
    own = ref.address.key.partition("/")[0].partition(".")[0]
    return ref.address in desired or own in faulty


def _remedy(address: Address, desired: Mapping[Address, Desired]) -> str:
    near = suggest.closest(address.key, [a.key for a in desired if a.kind == address.kind])
    if near is not None:
        return f"write {address.kind}.{near}"
    for kind in REFERABLE:
        if Address(kind, address.key) in desired:
            return f"write {kind}.{address.key}"
    return f"declare {address.key}, or write the value out"


def circles(desired: Mapping[Address, Desired]) -> Iterator[Finding]:
    """Report values that are written in terms of themselves and so never become known."""
    sorter: TopologicalSorter[tuple[Address, str]] = TopologicalSorter()
    seen: set[tuple[Address, str]] = set()
    waiting = [r for item in desired.values() for r in refs.find(item.body)]
    while waiting:
        ref = waiting.pop()
        if (node := (ref.address, ref.path)) in seen:
            continue
        seen.add(node)
        above = desired.get(ref.address)
        needs = list(refs.find(paths.select(above.body, ref.path))) if above else []
        sorter.add(node, *((need.address, need.path) for need in needs))
        waiting.extend(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        circle: list[tuple[Address, str]] = error.args[1]
        first = min(circle)
        shown = " -> ".join(f"{address}.{path}" for address, path in circle)
        yield Finding(
            "reference-circle",
            f"these values need each other: {shown}",
            "write one of them out",
            place=desired[first[0]].place,
            address=first[0],
        )
