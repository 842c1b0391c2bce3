"""Progress of many tenants on stderr: done, in flight, failed. Must not touch stdout."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status as Spinner

from provisioning.cli.surface import Surface
from provisioning.core.fleet import Status
from provisioning.render import escape
from provisioning.tenants.fleet import Progress


@dataclass(slots=True)
class Teller:
    """A moving line on a terminal; elsewhere a line for each tenant that ended."""

    surface: Surface
    _console: Console = field(init=False)
    _spinner: Spinner | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._console = self.surface.console()

    def __call__(self, progress: Progress) -> None:
        """Show one step."""
        ended = progress.ended
        if self._spinner is None:
            if ended is not None:
                self.surface.say(line(progress))
            return
        self._spinner.update(standing(progress))
        if ended is not None and ended.status is Status.FAILED:
            self._console.print(line(progress))

    @contextlib.contextmanager
    def live(self) -> Iterator[Callable[[Progress], None]]:
        """Keep one moving line while the block runs, where a person is watching."""
        if not self._console.is_terminal:
            yield self
            return
        with self._console.status("") as self._spinner:
            yield self
        self._spinner = None


def standing(progress: Progress) -> str:
    """Spell `12 of 50 done, 8 in flight, 1 failed`."""
    return (
        f"{progress.done} of {progress.total} done, {progress.in_flight} in flight, "
        f"{progress.failed} failed"
    )


def line(progress: Progress) -> str:
    """Spell `[12/50] contoso: failed: unreachable` (8 in flight, 1 failed)."""
    ended = progress.ended
    if ended is None:
        return standing(progress)
    told = f": {ended.problem.message}" if ended.problem is not None else ""
    count = f"[{progress.done}/{progress.total}]"
    return escape.plain(f"{count} {ended.name}: {ended.status}{told}")
