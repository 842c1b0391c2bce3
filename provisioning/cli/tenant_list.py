"""`tenants list` and `tenants add`. Must not open a connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from provisioning import render
from provisioning.cli import fleet_session
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.plan import FORMAT_VERSION
from provisioning.render import escape, paint
from provisioning.tenants import inventory, rollout, selection
from provisioning.tenants.model import Entry, Inventory

_HEAD = ("Tenant", "Domain", "Type", "Ring", "Tags", "Manifests")


def show(surface: Surface, choice: Choice) -> int:
    """Print the chosen tenants, ring by ring."""
    known = fleet_session.load(surface, choice.inventory)
    chosen = selection.select(known, names=choice.names, rings=choice.rings, every=choice.every)
    ordered = [entry for wave in rollout.waves(known.rings, chosen) for entry in wave.entries]
    match surface.form:
        case Format.JSON:
            surface.document(render.json.document(_document(known, ordered)))
        case Format.MARKDOWN:
            surface.document("".join(_markdown(known, ordered)))
        case _:
            surface.document(_text(surface, known, ordered))
    return 0


def add(surface: Surface, path: Path, name: str, keys: Mapping[str, Any]) -> int:
    """Add a tenant; adding it once more changes nothing."""
    written = {key: value for key, value in keys.items() if value}
    if inventory.add(path, name, written):
        surface.document(f"{path}: {name} is added.\n")
    else:
        surface.document(f"{path}: {name} is there already; nothing was written.\n")
    return 0


def _cells(known: Inventory, entry: Entry) -> tuple[str, ...]:
    return (
        entry.name,
        entry.tenant.domain,
        entry.tenant.type.value,
        entry.ring,
        ", ".join(entry.tags),
        ", ".join(_manifests(known, entry)),
    )


def _manifests(known: Inventory, entry: Entry) -> list[str]:
    return [path.relative_to(known.root).as_posix() for path in entry.manifests]


def _document(known: Inventory, entries: Iterable[Entry]) -> dict[str, object]:
    return {
        "formatVersion": FORMAT_VERSION,
        "rings": [
            {
                "name": ring.name,
                "wave": ring.wave,
                "stopAfter": None if ring.stop_after is None else str(ring.stop_after),
            }
            for ring in known.rings
        ],
        "tenants": [
            {
                "name": entry.name,
                "domain": entry.tenant.domain,
                "id": entry.tenant.id,
                "type": entry.tenant.type.value,
                "cloud": entry.cloud,
                "customDomain": entry.tenant.custom_domain,
                "ring": entry.ring,
                "tags": list(entry.tags),
                "variables": dict(entry.variables),
                "manifests": _manifests(known, entry),
            }
            for entry in entries
        ],
    }


def _markdown(known: Inventory, entries: Iterable[Entry]) -> Iterable[str]:
    yield f"| {' | '.join(_HEAD)} |\n| {' | '.join('---' for _ in _HEAD)} |\n"
    for entry in entries:
        yield f"| {' | '.join(map(escape.markdown, _cells(known, entry)))} |\n"


def _text(surface: Surface, known: Inventory, entries: Iterable[Entry]) -> str:
    table = Table(*_HEAD, box=None, pad_edge=False)
    for entry in entries:
        table.add_row(*map(escape.plain, _cells(known, entry)))
    return paint.table(table, color=surface.color, width=surface.width)
