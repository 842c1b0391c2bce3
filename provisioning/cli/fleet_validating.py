"""`validate` of many tenants: each manifest as its tenants' variables make it.

Must not open a connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provisioning.cli import inputs, offline
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.fleet_manifests import Manifests
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.errors import InputError
from provisioning.core.model import Finding, Severity
from provisioning.tenants import inventory, selection


def validate(
    surface: Surface, choice: Choice, given: Iterable[Path], variables: Iterable[str]
) -> int:
    """Report every fault of inventory and manifests, once; exit 1 when any is an error.

    `given` replace the tenants' own manifests.
    """
    values, listed = inputs.variables(variables), tuple(given) or (None,)
    loaded = inventory.load(choice.inventory)
    # A fault that tenants share is told once; the order is that of the tenants.
    findings: dict[Finding, None] = dict.fromkeys(loaded.findings)
    if loaded.inventory is not None:
        entries = selection.select(
            loaded.inventory, names=choice.names, rings=choice.rings, every=choice.every
        )

        def note(odd: Iterable[Finding]) -> None:
            findings.update(dict.fromkeys(odd))

        for manifests in [Manifests(path, values, note) for path in listed]:
            for entry in entries:
                try:
                    manifests.of(entry)
                except InputError as problem:
                    findings.update(dict.fromkeys(problem.findings))
        if not findings and surface.form is Format.TEXT:
            surface.document(f"{choice.inventory}: {len(entries)} tenants, valid\n")
    offline.tell(surface, findings)
    return 1 if any(finding.severity is Severity.ERROR for finding in findings) else 0
