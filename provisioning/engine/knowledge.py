"""What a run has learned so far: ids, locks, lanes, merges. Sends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning.core import paths, refs
from provisioning.core.errors import ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.model import Address, Desired, Json, Ref, Value
from provisioning.core.plan import Action
from provisioning.core.refs import MISSING, Missing
from provisioning.core.request import Request
from provisioning.engine.run import LAG_WINDOW_SECONDS, Run


class UnknownReferenceError(ProvisioningError):
    """A reference that nothing in the tenant or the manifest answers."""


@dataclass(slots=True)
class Lane:
    """Requests that run side by side until the service refuses that."""

    serial: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Knowledge:
    """What the run has learned so far; grows while steps are carried out."""

    works: Mapping[Address, Work]
    wanted: Mapping[Address, Desired]
    live: Mapping[Address, Mapping[str, Json]]
    captured: dict[Address, dict[str, Json]] = field(default_factory=dict)
    written: set[Address] = field(default_factory=set)
    """Changed in this run: a replica may still show, and hold against us, what was before."""
    locks: dict[Address, asyncio.Lock] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    merged: dict[tuple[str, str], tuple[list[Value], list[Value]]] = field(default_factory=dict)
    """(path, field) -> entries added and dropped in this run, for reads that lag behind."""

    def known(self, ref: Ref) -> Json | Missing:
        """Answer a reference from captures, the live object, or plain desired values."""
        for body in (self.captured.get(ref.address), self.live.get(ref.address)):
            found = MISSING if body is None else paths.select(body, ref.path)
            if not isinstance(found, Missing) and found is not None:
                return found  # type: ignore[return-value]
        desired = self.wanted.get(ref.address)
        found = MISSING if desired is None else paths.select(desired.body, ref.path)
        if isinstance(found, Missing) or next(refs.find(found), None) is not None:
            return MISSING
        return found  # type: ignore[return-value]

    def lane(self, name: str) -> Lane:
        """The lane of that name."""
        return self.lanes.setdefault(name, Lane())

    def lock(self, address: Address | None) -> asyncio.Lock:
        """One lock per object whose writes must not overlap; a fresh one for None."""
        return asyncio.Lock() if address is None else self.locks.setdefault(address, asyncio.Lock())

    def text(self, value: Value) -> str:
        """Fill a path or document; raises UnknownReferenceError."""
        return str(self.filled(value))

    def body(self, value: Value) -> Json:
        """Fill a value that holds no secret; raises UnknownReferenceError."""
        return self.filled(value)  # type: ignore[return-value]

    def filled(self, value: Value) -> Value:
        """Replace every reference; secrets stay closed. Raises UnknownReferenceError."""
        resolved = refs.resolve(value, self.known)
        left = next(refs.find(resolved), None)
        if left is not None:
            message = f"{left} is not known, so the request can't be written"
            remedy = "run plan again; report this if it comes back"
            raise UnknownReferenceError(message, remedy=remedy)
        return resolved


def young(run: Run, knowledge: Knowledge, work: Work, request: Request) -> bool:
    """Whether an object that the request touches may still be replicating."""
    involved = {work.step.address, *request.touches}
    involved |= {ref.address for ref in refs.find([request.path, request.body])}
    involved |= {d.parent for a in involved if (d := knowledge.wanted.get(a)) and d.parent}
    return any(_fresh(run, knowledge, address) for address in involved)


def _fresh(run: Run, knowledge: Knowledge, address: Address) -> bool:
    if address in knowledge.captured or address in knowledge.written:
        return True
    done = knowledge.works.get(address)
    if done is not None and done.step.action in {Action.CREATE, Action.RESTORE}:
        return True
    created = knowledge.live.get(address, {}).get("createdDateTime")
    if not isinstance(created, str):
        return False
    try:
        born = datetime.fromisoformat(created)
    except ValueError:
        return False
    born = born if born.tzinfo else born.replace(tzinfo=UTC)
    return run.clock.now() - born < timedelta(seconds=LAG_WINDOW_SECONDS)
