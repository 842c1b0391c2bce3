"""What users type, as values: manifests, variables, guards. Must not open a connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from provisioning import manifest, render
from provisioning.cli.surface import Surface
from provisioning.core.errors import InputError
from provisioning.core.guards import Allowed
from provisioning.core.model import Finding
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest


def located(path: Path) -> Path:
    """Return the manifest file that a path means: of a folder, its manifest.yaml."""
    return path / "manifest.yaml" if path.is_dir() else path


def load(surface: Surface, path: Path, variables: Mapping[str, str]) -> Manifest:
    """Read a manifest; warnings go to stderr. Raises InputError with every fault."""
    loaded = manifest.load(located(path), kinds=KINDS, variables=variables)
    if loaded.manifest is None:
        raise InputError(loaded.findings)
    if loaded.findings:
        surface.say(render.findings.text(loaded.findings).removesuffix("\n"))
    return loaded.manifest


def variables(written: Iterable[str]) -> dict[str, str]:
    """Read `--var K=V`. Raises InputError for one without = and for a name given twice."""
    found: dict[str, str] = {}
    faults = []
    for text in written:
        name, equals, value = text.partition("=")
        if not (name and equals):
            faults.append(_fault(f"--var {text} sets nothing", "write --var NAME=VALUE"))
        elif name in found:
            faults.append(_fault(f"--var {name} is given twice", "keep one of them"))
        found[name] = value
    if faults:
        raise InputError(tuple(faults))
    return found


def allowed(names: Iterable[str], *, prune: bool) -> Allowed:
    """Read `--allow` and `--prune`. Raises InputError for guards that do not exist."""
    opened = Allowed(frozenset(names), prune)
    if faults := opened.faults([kind.name for kind in KINDS]):
        raise InputError(tuple(_fault(fault, "copy it from the plan") for fault in faults))
    return opened


def _fault(message: str, remedy: str) -> Finding:
    return Finding("option", message, remedy)
