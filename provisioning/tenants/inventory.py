"""`tenants.yaml`, read and added to, or every fault in it at once.

Pure file reading: no network, no environment. Secrets are named here and never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Finding, Place, Severity
from provisioning.manifest import files, yaml_file
from provisioning.tenants import addition
from provisioning.tenants.model import Inventory
from provisioning.tenants.reading import Reading

FILE: Final = Path("tenants.yaml")
"""The inventory where no other is named."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading an inventory."""

    inventory: Inventory | None
    """None when any finding is an error."""
    findings: tuple[Finding, ...]
    """Sorted by place."""


def load(path: Path) -> Loaded:
    """Read an inventory. Raises nothing for what users write."""
    file = path.as_posix()
    findings: list[Finding] = []
    content = files.read(path, file, yaml_file.MAX_BYTES, Place(file, 1, 1), findings)
    if content is None:
        return _loaded(None, findings)
    root = yaml_file.parse(content, file, findings, first="write version: 1 and tenants:")
    if root is None:
        return _loaded(None, findings)
    return _loaded(Reading(path, root, findings).inventory(), findings)


def add(path: Path, name: str, keys: Mapping[str, Any]) -> bool:
    """Write a tenant at the end of `tenants:`; everything else stays byte for byte.

    `keys` are as in the file (`domain`, `type`, `ring`, …). Creates the file when it is missing.
    Returns False, and writes nothing, when a tenant of that name and domain is there. Raises
    InputError for an inventory or keys with faults, ProvisioningError where it can't be written.
    """
    text = addition.read(path)
    if text is not None:
        known = load(path)
        if known.inventory is None:
            raise InputError(known.findings)
        domain = str(keys.get("domain", "")).lower()
        for entry in known.inventory.tenants:
            if (entry.name, entry.tenant.domain.lower()) == (name, domain):
                return False
    new = addition.with_tenant(text, name, keys)
    findings: list[Finding] = []
    root = yaml_file.parse(new.encode(), path.as_posix(), findings, first="")
    if root is None or Reading(path, root, findings).inventory() is None or _errors(findings):
        raise InputError(_loaded(None, findings).findings)
    if text is not None and not addition.only_added(text, new, name):
        raise ProvisioningError(
            f"{name} can't be added to {path} without changing what is there",
            remedy="write it into the file by hand",
        )
    addition.write(path, new)
    return True


def _errors(findings: list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _loaded(inventory: Inventory | None, findings: list[Finding]) -> Loaded:
    def order(finding: Finding) -> tuple[object, ...]:
        place = finding.place
        where = ("", 0, 0) if place is None else (place.file, place.line, place.column)
        return (*where, finding.rule, finding.message)

    listed = tuple(sorted(dict.fromkeys(findings), key=order))
    return Loaded(None if _errors(findings) else inventory, listed)
