"""`validate`, `schema`, `diagram`: everything that needs no tenant. Must not open a connection."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provisioning import manifest, render
from provisioning.cli import inputs
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.model import Finding
from provisioning.kinds import KINDS
from provisioning.tenants import schema as inventories


def validate(surface: Surface, paths: Iterable[Path], variables: Iterable[str]) -> int:
    """Report every fault of every manifest; exit 1 when any is an error."""
    values = inputs.variables(variables)
    findings: list[Finding] = []
    failed = False
    for path in paths:
        file = inputs.located(path)
        loaded = manifest.load(file, kinds=KINDS, variables=values)
        findings += loaded.findings
        failed = failed or loaded.manifest is None
        if loaded.manifest is not None and surface.form is Format.TEXT:
            surface.document(f"{file}: valid, {len(loaded.manifest.desired)} objects\n")
    tell(surface, findings)
    return 1 if failed else 0


def tell(surface: Surface, findings: Iterable[Finding]) -> None:
    """Print findings as the command's document."""
    if surface.form is Format.TEXT:
        surface.document(render.findings.text(findings, color=surface.color, width=surface.width))
    else:
        surface.findings(findings)


def schema(surface: Surface, *, inventory: bool = False) -> int:
    """Print the JSON Schema that editors check manifests with, or inventories."""
    surface.document(inventories.text() if inventory else manifest.schema_text(KINDS))
    return 0


def diagram(surface: Surface, path: Path, variables: Iterable[str]) -> int:
    """Print a flowchart of what the manifest wants."""
    wanted = inputs.load(surface, path, inputs.variables(variables))
    surface.document(render.diagram.mermaid(wanted.desired))
    return 0
