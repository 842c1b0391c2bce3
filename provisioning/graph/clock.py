"""Time and sleep as values: made once at the command line, passed down. Reads no clock itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The only sources of time in the program."""

    now: Callable[[], datetime]
    """Aware, UTC."""
    monotonic: Callable[[], float]
    """Seconds, for durations."""
    sleep: Callable[[float], Awaitable[None]]
    """Seconds."""
