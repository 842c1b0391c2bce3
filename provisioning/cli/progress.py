"""Progress of a long run on stderr: a live line on a terminal, plain lines elsewhere.

Must not hold up the run or touch stdout.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status

from provisioning.cli.surface import Surface
from provisioning.core.report import Event
from provisioning.render import escape


@dataclass(slots=True)
class Teller:
    """What the engine calls with its events."""

    surface: Surface
    _console: Console = field(init=False)
    _status: Status | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._console = self.surface.console()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._status is None:
            self.surface.say(line(event))
            return
        self._status.update(line(event))
        if event.result is not None:
            self._console.print(line(event))

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Keep one moving line while the block runs, where a person is watching."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status("") as self._status:
            yield
        self._status = None


def line(event: Event) -> str:
    """Spell an event: `[3/7] step: application.api: create done`."""
    count = f"[{event.done}/{event.total}] " if event.total else ""
    where = f"{event.address}: " if event.address else ""
    return escape.plain(f"{count}{event.topic}: {where}{event.text}")
