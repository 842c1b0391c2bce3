"""In which order tenants change, how many at once, and when no further one does. Pure.

Rings come one after the other, the waves of a ring too; a failure in a ring counts there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from provisioning.core.fleet import Status
from provisioning.tenants.model import Entry, Ring


@dataclass(frozen=True, slots=True)
class Wave:
    """Tenants begun together; the next wave waits for all of them."""

    ring: Ring
    entries: tuple[Entry, ...]
    size: int
    """How many chosen tenants its ring has."""
    first: bool
    """Whether its ring begins with it."""


def waves(rings: Iterable[Ring], chosen: Iterable[Entry]) -> Iterator[Wave]:
    """Yield the waves of a rollout; tenants keep their order inside a ring."""
    listed = tuple(chosen)
    for ring in rings:
        entries = tuple(entry for entry in listed if entry.ring == ring.name)
        width = ring.wave or max(len(entries), 1)
        for start in range(0, len(entries), width):
            yield Wave(ring, entries[start : start + width], len(entries), start == 0)


def side_by_side(chosen: Iterable[Entry]) -> Iterator[Wave]:
    """Yield one wave of everything: for runs that only read, where nothing needs an order."""
    listed = tuple(chosen)
    yield Wave(Ring("all"), listed, len(listed), first=True)


@dataclass(slots=True)
class Brake:
    """Counts failures and says when no further tenant may begin."""

    failed: int = 0
    """In the ring under way."""
    size: int = 0
    _ring: Ring | None = field(default=None, repr=False)

    def enter(self, wave: Wave) -> str:
        """Note that a wave is next; returns why it must not begin, "" when it may."""
        reason = self.stopped()
        if not wave.first and self._ring is not None:
            return reason
        ring, failed = self._ring, self.failed
        self._ring, self.failed, self.size = wave.ring, 0, wave.size
        if not reason and ring is not None and ring.stop_after is None and failed:
            reason = f"{_tenants(failed)} of ring {ring.name} failed"
        return reason

    def ended(self, status: Status) -> None:
        """Count how a tenant ended."""
        self.failed += status is Status.FAILED

    def stopped(self) -> str:
        """Say why no further tenant of this ring is begun; "" while there is no reason."""
        ring = self._ring
        if ring is None or ring.stop_after is None:
            return ""
        if not ring.stop_after.reached(self.failed, self.size):
            return ""
        allowed = f"stopAfter: {ring.stop_after}"
        return f"{_tenants(self.failed)} of ring {ring.name} failed ({allowed})"


def _tenants(count: int) -> str:
    return f"{count} tenant" if count == 1 else f"{count} tenants"
