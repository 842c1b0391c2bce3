"""Which tenants of an inventory a run is for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioning.core.errors import InputError
from provisioning.core.model import Finding
from provisioning.manifest import suggest
from provisioning.tenants.model import Entry, Inventory


def select(
    inventory: Inventory,
    *,
    names: Iterable[str] = (),
    rings: Iterable[str] = (),
    every: bool = False,
) -> tuple[Entry, ...]:
    """Return the tenants with one of the names or in one of the rings, in the file's order.

    A name may be several with commas between them. Raises InputError for names and rings that
    the inventory does not have, all at once, and when nothing is chosen.
    """
    wanted, wanted_rings = tuple(_split(names)), tuple(_split(rings))
    known = {entry.name: entry for entry in inventory.tenants}
    known_rings = [ring.name for ring in inventory.rings]
    faults = [_unknown("tenant", name, known) for name in wanted if name not in known]
    faults += [
        _unknown("ring", name, known_rings) for name in wanted_rings if name not in known_rings
    ]
    chosen = tuple(
        entry
        for entry in inventory.tenants
        if every or entry.name in wanted or entry.ring in wanted_rings
    )
    if not chosen and not faults:
        faults.append(
            Finding(
                "no-tenant",
                f"no tenant of {inventory.path} is chosen",
                "add tenants to it, or choose others with --tenant, --ring or --all-tenants",
            )
        )
    if faults:
        raise InputError(tuple(faults))
    return chosen


def _split(written: Iterable[str]) -> Iterator[str]:
    for text in written:
        yield from (name for name in (part.strip() for part in text.split(",")) if name)


def _unknown(what: str, name: str, known: Iterable[str]) -> Finding:
    close = suggest.closest(name, known)
    remedy = f"write --{what} {close}" if close else "`tenants list` shows what there is"
    return Finding(f"unknown-{what}", f"--{what} {name}: the inventory has no such {what}", remedy)
