"""Saved plans of many tenants: the fleet's document, plus where it came from.

Must not trust one: apply takes inventory, variables and digests, and plans anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning import render
from provisioning.core import fleet
from provisioning.core import plan as plans
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import FleetRun, TenantResult
from provisioning.secrets import private_file


@dataclass(frozen=True, slots=True)
class Origin:
    """What a fleet plan was made from."""

    inventory: Path
    manifest: Path | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """What an apply needs of a saved plan."""

    origin: Origin
    digests: Mapping[str, str]
    """By tenant; "" for one that could not be planned."""


def write(path: Path, run: FleetRun, tenants: Iterable[TenantResult], origin: Origin) -> None:
    """Save a plan, mode 0600. Raises ProvisioningError when the file can't be written."""
    made = {
        "inventory": str(origin.inventory.resolve()),
        "manifest": None if origin.manifest is None else str(origin.manifest.resolve()),
        "variables": dict(origin.variables),
    }
    chunks = render.fleet.json(run, tenants)
    head = f'{{\n  "origin": {json.dumps(made)},'
    text = (chunk if at else head + chunk.removeprefix("{") for at, chunk in enumerate(chunks))
    private_file.stream(path, text)


def read(path: Path) -> Saved | None:
    """Return a saved plan of many tenants, None for anything else.

    Raises ProvisioningError for one that is broken.
    """
    if path.is_dir():
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    match document:
        case {"formatVersion": _, "tenants": list(tenants)}:
            pass
        case _:
            return None
    match document:
        case {
            "formatVersion": fleet.FORMAT_VERSION,
            "command": "plan",
            "origin": {
                "inventory": str(inventory),
                "manifest": str() | None as manifest,
                "variables": dict(variables),
            },
        }:
            origin = Origin(
                Path(inventory),
                None if manifest is None else Path(manifest),
                {name: str(value) for name, value in variables.items()},
            )
        case _:
            raise _broken(path, "it does not say which inventory it was made from")
    try:
        return Saved(origin, {result.name: _digest(result) for result in map(_tenant, tenants)})
    except (KeyError, TypeError, ValueError) as problem:
        raise _broken(path, str(problem) or "a tenant is not readable") from problem


def _tenant(document: dict[str, object]) -> TenantResult:
    result = fleet.tenant_from_json(document)
    if document.get("digest") != result.digest:
        message = f"the digest of {result.name} is not the one of its plans"
        raise ValueError(message)
    return result


def _digest(result: TenantResult) -> str:
    for part in result.parts:
        if plans.from_json(part.document).digest != part.digest:
            message = f"the digest of {result.name} is not the one of its steps"
            raise ValueError(message)
    return result.digest


def _broken(path: Path, why: str) -> ProvisioningError:
    return ProvisioningError(
        f"{path} is no usable plan: {why}", remedy="make it anew with plan --out FILE"
    )
