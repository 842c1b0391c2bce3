"""Asking before a write, and stopping one. Must not write itself."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import sys
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from provisioning import render
from provisioning.cli.surface import Surface
from provisioning.core.errors import RefusedError
from provisioning.core.plan import Plan

_TURN: Final = 0.2
"""Seconds."""


def check(plan: Plan) -> None:
    """Raise RefusedError for a plan with errors."""
    if plan.errors:
        raise RefusedError(
            f"the plan has {len(plan.errors)} error(s)", remedy="nothing was written"
        )


def agreed(surface: Surface, plan: Plan, *, yes: bool) -> bool:
    """Ask, unless `--yes` has answered or there is nothing to ask about.

    Raises RefusedError where nobody can be asked.
    """
    return yes or not plan.pending or _asked(surface, render.escape.plain(plan.tenant_name))


def agreed_many(surface: Surface, tenants: int, *, yes: bool) -> bool:
    """As `agreed`, for all tenants of a run at once; `tenants` have changes."""
    return yes or not tenants or _asked(surface, f"{tenants} tenant(s)")


def _asked(surface: Surface, where: str) -> bool:
    if not surface.interactive:
        raise RefusedError(
            "nothing was written: there is no terminal to ask on",
            remedy="pass --yes to apply without asking",
        )
    question = f'Carry this out in {where}? Only "yes" is accepted: '
    # As Text: a tenant's name is no markup.
    surface.console().print(Text(question), end="")
    if _line().strip() == "yes":
        return True
    surface.say("Nothing was written.")
    return False


def _line() -> str:
    """Read a line from the terminal; empty at its end.

    Waited for in short turns: a Ctrl-C in the moment before a read begins would be noticed only
    after the read.
    """
    if sys.platform != "win32":
        while not select.select([sys.stdin], [], [], _TURN)[0]:
            pass
    return sys.stdin.readline()


@contextlib.contextmanager
def interruptible(surface: Surface, stop: asyncio.Event) -> Iterator[None]:
    """First Ctrl-C: send nothing new and finish what is in flight; the second cuts it off."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        else:
            stop.set()
            surface.say("Stopping: requests in flight are finished. Ctrl-C again cuts them off.")

    if sys.platform == "win32":
        yield
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
