"""A sliding window over writes. Must not know what is written.

Graph allows 60 writes a minute on applications for personal accounts
(learn.microsoft.com/graph/throttling-limits).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from provisioning.graph.clock import Clock

SILENT: Final = 2.0
"""Seconds of waiting that need no word."""


class Pace:
    """Hands out at most `limit` turns in any `window` seconds; a burst up to the limit is free."""

    def __init__(
        self,
        clock: Clock,
        *,
        limit: int = 59,
        window: float = 60.0,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self._clock = clock
        self._notice = notice
        self._window = window
        self._turns: deque[float] = deque(maxlen=limit)

    async def turn(self) -> None:
        """Wait for a turn; turns are reserved in the order of asking."""
        now = self._clock.monotonic()
        at = now
        if len(self._turns) == self._turns.maxlen:
            at = max(now, self._turns[0] + self._window)
        self._turns.append(at)
        if at - now > SILENT and self._notice is not None:
            self._notice(
                f"Graph takes {len(self._turns) + 1} writes a minute on applications for personal "
                f"accounts: waiting {at - now:.0f} s"
            )
        if at > now:
            await self._clock.sleep(at - now)
