"""What a fleet apply was asked to do, beside its journals: for `--resume`.

Must not say what a tenant is like: that is seen, not remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from provisioning.cli.fleet_session import RESULTS
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import FORMAT_VERSION, Status
from provisioning.secrets import private_file
from provisioning.tenants import spool

FILE = "run.json"


@dataclass(frozen=True, slots=True)
class Record:
    """Selection and options of a run."""

    inventory: Path
    manifest: Path | None
    tenants: tuple[str, ...]
    variables: tuple[str, ...]
    """As written: K=V."""
    allow: tuple[str, ...]
    prune: bool
    verify: bool


def write(folder: Path, record: Record) -> None:
    """Write the record of a run, mode 0600. Raises ProvisioningError."""
    document = {"formatVersion": FORMAT_VERSION, **asdict(record)}
    private_file.replace(folder / FILE, json.dumps(document, indent=2, default=str) + "\n")


def checked(run: str) -> str:
    """Return the id of a run; raises ProvisioningError for what leads elsewhere."""
    if "/" in run or "\\" in run or run in {"", ".", ".."}:
        raise ProvisioningError(
            f"{run!r} is no id of a run", remedy="copy it from the last line of apply"
        )
    return run


def read(folder: Path) -> tuple[Record, Mapping[str, Status]]:
    """Return what a run was asked to do, and how its tenants ended.

    Raises ProvisioningError when there is none, or it is not readable.
    """
    remedy = "copy the id from the last line of apply; --journal names the folder"
    try:
        document = json.loads((folder / FILE).read_bytes())
        record = Record(
            inventory=Path(document["inventory"]),
            manifest=None if document["manifest"] is None else Path(document["manifest"]),
            tenants=tuple(document["tenants"]),
            variables=tuple(document["variables"]),
            allow=tuple(document["allow"]),
            prune=bool(document["prune"]),
            verify=bool(document["verify"]),
        )
    except FileNotFoundError:
        raise ProvisioningError(f"there is no run {folder.name}", remedy=remedy) from None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        message = f"the record of run {folder.name} can't be read"
        raise ProvisioningError(message, remedy=remedy) from problem
    return record, spool.statuses(folder / RESULTS)
