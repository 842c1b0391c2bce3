"""Saved plans: the plan's own document, plus which manifest and variables it was made from.

Must not trust one: apply takes the manifest's path, the variables and the digest, and plans anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning import render
from provisioning.core import plan as plans
from provisioning.core.errors import ProvisioningError
from provisioning.core.plan import Plan
from provisioning.core.report import Stats
from provisioning.secrets import private_file


@dataclass(frozen=True, slots=True)
class Saved:
    """What an apply needs of a saved plan."""

    manifest: Path
    variables: Mapping[str, str]
    digest: str


def write(
    path: Path, plan: Plan, stats: Stats, *, manifest: Path, variables: Mapping[str, str]
) -> None:
    """Save a plan, mode 0600. Raises ProvisioningError when the file can't be written."""
    origin = {"manifest": str(manifest.resolve()), "variables": dict(variables)}
    private_file.replace(path, render.json.plan(plan, stats, extra=origin))


def read(path: Path) -> Saved | None:
    """Return a saved plan, None when the file is no plan at all but perhaps a manifest.

    Raises ProvisioningError for a plan that is broken or lost its manifest.
    """
    if path.is_dir():
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or "formatVersion" not in document:
        return None
    try:
        plan = plans.from_json(document)
    except ValueError as problem:
        raise _broken(path, str(problem)) from problem
    match document:
        case {"manifest": str(manifest), "variables": dict(variables), "digest": plan.digest}:
            return Saved(_found(path, manifest), _texts(variables), plan.digest)
        case {"manifest": str(), "variables": dict()}:
            raise _broken(path, "its digest is not the one of its steps")
        case _:
            raise _broken(path, "it does not say which manifest it was made from")


def _found(path: Path, manifest: str) -> Path:
    found = Path(manifest)
    if not found.exists():
        raise ProvisioningError(
            f"the plan {path} was made from {manifest}, which is not there",
            remedy="run apply MANIFEST --approved DIGEST instead",
        )
    return found


def _texts(variables: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in variables.items()}


def _broken(path: Path, why: str) -> ProvisioningError:
    return ProvisioningError(
        f"{path} is no usable plan: {why}", remedy="make it anew with plan --out FILE"
    )
