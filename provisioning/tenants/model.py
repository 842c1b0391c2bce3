"""An inventory as it is known: rings, tenants, how each is signed in to. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.core.model import Place, Tenant
from provisioning.manifest.expansion import Cloud
from provisioning.tenants.sign_in import SignIn


@dataclass(frozen=True, slots=True)
class StopAfter:
    """After how many failures no further tenant of a ring is begun."""

    failures: int
    percent: bool = False

    def reached(self, failed: int, size: int) -> bool:
        """Tell whether `failed` of a ring's `size` tenants are too many."""
        if self.percent:
            return failed > 0 and failed * 100 >= self.failures * size
        return failed >= self.failures

    def __str__(self) -> str:
        return f"{self.failures}%" if self.percent else str(self.failures)


@dataclass(frozen=True, slots=True)
class Ring:
    """Tenants that are rolled out together."""

    name: str
    wave: int | None = None
    """Tenants begun together; None: all of the ring."""
    stop_after: StopAfter | None = None
    """None: every tenant has its turn, and one failure keeps later rings from beginning."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tenant, the defaults filled in."""

    name: str
    tenant: Tenant
    cloud: Cloud
    ring: str
    tags: tuple[str, ...]
    variables: Mapping[str, str]
    """As `--var` would give them: text."""
    manifests: tuple[Path, ...]
    """Files or folders, below the inventory's folder as it was named."""
    reader: SignIn | None
    deployer: SignIn | None
    place: Place
    variable_places: Mapping[str, Place] = field(default_factory=dict)
    """Of the variables that the tenant writes itself."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory without faults."""

    path: Path
    root: Path
    """Its folder: what names of files in it are relative to."""
    rings: tuple[Ring, ...]
    """In the order of their rollout."""
    tenants: tuple[Entry, ...]
    """In the order of the file."""
