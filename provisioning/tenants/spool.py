"""Results of a fleet run on disk, one line each, so that memory does not grow with the fleet.

Must not interpret a result beyond its name and status.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from provisioning.core import fleet
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import Status, TenantResult


@dataclass(frozen=True, slots=True)
class Noted:
    """What is kept in memory of one result."""

    status: Status
    digest: str
    at: int
    """Offset of its line."""


class Spool:
    """Results by tenant; a later one of the same name replaces.

    What the disk did not take is read from memory: few tenants end after that, and what was done
    in them must be told.
    """

    def __init__(self, path: Path) -> None:
        """Create or continue the file at `path`, for its owner alone.

        Raises ProvisioningError when that can't be.
        """
        self.path = path
        self.noted: dict[str, Noted] = {}
        self._kept: dict[str, TenantResult] = {}
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        self._file: BinaryIO = os.fdopen(descriptor, "w+b", buffering=0)
        self._end = 0

    def add(self, result: TenantResult) -> None:
        """Append one result. Raises ProvisioningError when it is in memory alone."""
        line = json.dumps(fleet.tenant_to_json(result), separators=(",", ":")).encode() + b"\n"
        try:
            self._file.seek(self._end)
            _write(self._file, line)
        except OSError as problem:
            # Half a line is no result: the next one is written over it.
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            self._kept[result.name] = result
            self.noted[result.name] = Noted(result.status, result.digest, self._end)
            raise _unwritable(self.path, problem) from problem
        self._kept.pop(result.name, None)
        self.noted[result.name] = Noted(result.status, result.digest, self._end)
        self._end += len(line)

    def read(self, name: str) -> TenantResult:
        """Return the result of one tenant; raises KeyError for one without."""
        if (kept := self._kept.get(name)) is not None:
            return kept
        self._file.seek(self.noted[name].at)
        return fleet.tenant_from_json(json.loads(self._file.readline()))

    def arrange(self, names: Iterable[str]) -> None:
        """Put the results into the order of `names`, whichever tenant was ready first."""
        self.noted = {name: self.noted[name] for name in names if name in self.noted}

    def __iter__(self) -> Iterator[TenantResult]:
        """Yield every result, one at a time in memory."""
        for name in self.noted:
            yield self.read(name)

    def __len__(self) -> int:
        return len(self.noted)

    def close(self) -> None:
        """Close the file; it stays."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def statuses(path: Path) -> dict[str, Status]:
    """Read how each tenant of an ended run ended; a last line that was cut off is left out.

    Raises ProvisioningError for a file that can't be read.
    """
    found: dict[str, Status] = {}
    try:
        with path.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    document = json.loads(line)
                    found[document["name"]] = Status(document["status"])
    except FileNotFoundError:
        return found
    except OSError as problem:
        raise ProvisioningError(
            f"{path} can't be read: {problem.strerror}", remedy="check its rights"
        ) from problem
    return found


def _write(file: BinaryIO, line: bytes) -> None:
    """Write all of it: a raw file may take less than it is given."""
    view = memoryview(line)
    while view:
        view = view[file.write(view) or 0 :]


def _unwritable(path: Path, problem: OSError) -> ProvisioningError:
    return ProvisioningError(
        f"the results can't be written to {path}: {problem.strerror}",
        remedy="make room, or name another folder with --journal; then --resume the run",
    )
