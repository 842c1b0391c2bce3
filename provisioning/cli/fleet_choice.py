"""Which tenants a command is for, as typed. Must not read a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.cli.options import PARALLEL
from provisioning.core.errors import InputError
from provisioning.core.model import Finding


@dataclass(frozen=True, slots=True)
class Choice:
    """Tenants of an inventory, and how many of them at once."""

    inventory: Path
    names: tuple[str, ...] = ()
    rings: tuple[str, ...] = ()
    every: bool = False
    parallel: int = PARALLEL

    @property
    def made(self) -> bool:
        """Whether tenants are chosen at all; else the command is for one manifest."""
        return bool(self.names or self.rings or self.every)


def of(
    inventory: Path,
    names: Sequence[str] | None,
    rings: Sequence[str] | None,
    *,
    every: bool,
    parallel: int,
) -> Choice:
    """Put the options together."""
    return Choice(inventory, tuple(names or ()), tuple(rings or ()), every, parallel)


def manifest(given: Path | None) -> Path:
    """Return the MANIFEST of a command for one tenant. Raises InputError without one."""
    if given is None:
        remedy = "name one, or choose tenants with --tenant, --ring or --all-tenants"
        raise InputError((Finding("option", "no MANIFEST is named", remedy),))
    return given


def manifests(given: Sequence[Path]) -> Sequence[Path]:
    """Return the MANIFESTs of a command without tenants. Raises InputError without any."""
    return given or (manifest(None),)


def digest(approved: Sequence[str] | None) -> str | None:
    """Return the one `--approved` of a command for one tenant. Raises InputError for others."""
    given = tuple(approved or ())
    if len(given) > 1 or any("=" in text for text in given):
        remedy = "write --approved DIGEST; NAME=DIGEST is for tenants chosen by name"
        raise InputError((Finding("option", "--approved names more than one plan", remedy),))
    return given[0] if given else None
