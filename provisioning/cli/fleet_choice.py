"""Which tenants a command is for, as typed. Must not read a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.cli.options import INVENTORY, PARALLEL, ExecutorName
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
    executor: ExecutorName = ExecutorName.LOCAL
    scheduler: str | None = None

    @property
    def made(self) -> bool:
        """Whether tenants are chosen at all; else the command is for one manifest."""
        return bool(self.names or self.rings or self.every)

    @property
    def cluster(self) -> str | None:
        """Address of the Dask scheduler; None for this process. Raises InputError."""
        if self.executor is ExecutorName.DASK and not self.scheduler:
            remedy = "add --scheduler ADDRESS, such as tls://10.0.0.5:8786"
            raise _fault("--executor dask has no scheduler", remedy)
        if self.executor is ExecutorName.LOCAL and self.scheduler is not None:
            raise _fault("--scheduler is for a Dask cluster", "add --executor dask")
        return self.scheduler


def of(
    inventory: Path,
    names: Sequence[str] | None,
    rings: Sequence[str] | None,
    *,
    every: bool,
    parallel: int,
    executor: ExecutorName = ExecutorName.LOCAL,
    scheduler: str | None = None,
) -> Choice:
    """Put the options together."""
    return Choice(
        inventory, tuple(names or ()), tuple(rings or ()), every, parallel, executor, scheduler
    )


def manifest(given: Path | None, choice: Choice | None = None) -> Path:
    """Return the MANIFEST of a command for one tenant. Raises InputError without one.

    Also for a `choice` that only many tenants need: it would say nothing.
    """
    if given is None:
        remedy = "name one, or choose tenants with --tenant, --ring or --all-tenants"
        raise _fault("no MANIFEST is named", remedy)
    for option in _idle(choice) if choice is not None else ():
        remedy = "choose tenants with --tenant, --ring or --all-tenants, or leave it out"
        raise _fault(f"{option} is for tenants of the inventory", remedy)
    return given


def _idle(choice: Choice) -> Iterator[str]:
    """Yield what was typed and says nothing about one manifest."""
    if choice.cluster or choice.executor is not ExecutorName.LOCAL:
        yield "--executor"
    if choice.parallel != PARALLEL:
        yield "--parallel"
    if choice.inventory != INVENTORY:
        yield "--inventory"


def manifests(given: Sequence[Path]) -> Sequence[Path]:
    """Return the MANIFESTs of a command without tenants. Raises InputError without any."""
    return given or (manifest(None),)


def digest(approved: Sequence[str] | None) -> str | None:
    """Return the one `--approved` of a command for one tenant. Raises InputError for others."""
    given = tuple(approved or ())
    if len(given) > 1 or any("=" in text for text in given):
        remedy = "write --approved DIGEST; NAME=DIGEST is for tenants chosen by name"
        raise _fault("--approved names more than one plan", remedy)
    return given[0] if given else None


def _fault(message: str, remedy: str) -> InputError:
    return InputError((Finding("option", message, remedy),))
