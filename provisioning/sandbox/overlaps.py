"""Which writes of the B2C service are under way at once; must not refuse any.

The service answers AADB2C95053 to parallel edits of one object (B2CERR). What it takes for one
object is not said: here the policies of a tenant are one, and so is each key set.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_OBJECT = re.compile(r"/beta/trustframework/(policies|keysets[/(][^/]+)", re.IGNORECASE)


def object_of(method: str, path: str) -> str | None:
    """What a write must have to itself, None for reads and for all other paths."""
    found = _OBJECT.match(path)
    return found[1].lower() if found and method in _WRITES else None


class Overlaps:
    """The writes under way, from the arrival of a request to its answer, latency included."""

    def __init__(self) -> None:
        self._under_way: set[str] = set()

    @contextlib.contextmanager
    def entered(self, lane: str | None) -> Iterator[bool]:
        """Keep the lane during a request; says whether another request had it already.

        One that came too late keeps nothing: it will be refused.
        """
        if lane is None or lane in self._under_way:
            yield lane is not None
            return
        self._under_way.add(lane)
        try:
            yield False
        finally:
            self._under_way.discard(lane)
