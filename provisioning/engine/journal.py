"""The journal: JSON lines that join a run to the tenant's own audit log. Evidence, not state.

Holds no secret: paths, statuses, request ids and digests only.
"""

from __future__ import annotations

import contextlib
import json
import os
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.model import Address
from provisioning.graph.clock import Clock
from provisioning.graph.exchange import Exchange

CURRENT: ContextVar[Address | None] = ContextVar("address", default=None)
"""The step whose request is under way in this task."""


@dataclass(slots=True)
class Journal:
    """One file per run below `folder`; opened by the first apply, else nothing is written."""

    folder: Path
    clock: Clock
    run: str
    tenant_id: str = ""
    problem: ProvisioningError | None = field(default=None, init=False)
    """Why a line could not be written; nothing further may be sent then."""
    _file: TextIO | None = field(default=None, repr=False)

    @property
    def path(self) -> Path:
        """Where this run's lines go."""
        return self.folder / f"{self.run}.jsonl"

    def open(self, tenant_id: str) -> None:
        """Create the file, readable by the owner only.

        Raises RefusedError when it can't be written: no journal, no writes to the tenant.
        """
        self.tenant_id = tenant_id
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8")
        except OSError as problem:
            message = f"the journal {self.path} can't be written: {problem.strerror}"
            raise RefusedError(message, remedy="name a writable folder with --journal") from problem

    def exchange(self, exchange: Exchange) -> None:
        """Note one HTTP request; does nothing before `open`."""
        if exchange.method == "GET":
            return
        self.note(
            method=exchange.method,
            path=exchange.path,
            status=exchange.status,
            requestId=exchange.request_id,
            clientRequestId=exchange.client_request_id,
        )

    def replaced(self, path: str, version: str, content: bytes) -> None:
        """Keep what the next write overwrites, so that `rollback` can put it back.

        Raises RefusedError when it can't be kept.
        """
        self.note(replaced=path, version=version, content=content.decode("utf-8", "replace"))
        if self.problem is not None:
            raise self.problem

    def note(self, **facts: object) -> None:
        """Append a line with the time, the tenant and the step under way."""
        if self._file is None:
            return
        address = CURRENT.get()
        line = {
            "time": self.clock.now().isoformat(timespec="milliseconds"),
            "tenant": self.tenant_id,
            "address": str(address) if address else None,
            **facts,
        }
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as problem:
            # Not raised: an answer is on its way, and what it says must not be lost too.
            self.problem = RefusedError(
                f"the journal {self.path} can't be written: {problem.strerror}",
                remedy="make room and run again: what is done by now is seen in the tenant",
            )

    def close(self) -> None:
        """Close the file, if one was opened."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                # What could not be written has been told; closing would try once more.
                self._file.close()
            self._file = None
