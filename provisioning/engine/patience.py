"""Waiting for what exists to become visible. Only reads; gives up at a deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

from provisioning.core import paths
from provisioning.core.errors import GraphError
from provisioning.core.model import Json
from provisioning.core.refs import Missing
from provisioning.core.report import Event
from provisioning.core.request import Alternative, Answer, Read, Wait
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.run import LAG_WINDOW_SECONDS, Run

FIRST_DELAY = 0.02
LONGEST_DELAY = 10.0
CONFIRM_SECONDS = 10.0
SILENT = 2.0
"""Seconds of waiting that need no word."""


async def tries(run: Run, seconds: float, waits_for: str) -> AsyncIterator[None]:
    """Yield at once, then again after growing pauses, until the deadline or Ctrl-C.

    Longer pauses are told, with what they wait for.
    """
    deadline = run.clock.monotonic() + seconds
    delay = FIRST_DELAY
    while True:
        yield
        if run.clock.monotonic() >= deadline or run.stop.is_set():
            return
        if delay > SILENT:
            run.progress(Event("wait", f"{waits_for}, again in {delay:.0f} s"))
        await run.clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)


async def look_up(run: Run, knowledge: Knowledge, way: Alternative) -> dict[str, Json] | None:
    """Find the object that an alternative means, ours before a stranger's; None = not shown."""
    seconds = 0.0 if way.absent else way.patience
    async for _ in tries(run, seconds, "for an object that exists to become visible"):
        for lookup in way.lookup:
            read = replace(lookup, path=knowledge.text(lookup.path))
            (answer,) = await run.graph.read((read,))
            found = answer.items if read.many else ((answer.object,) if answer.found else ())
            if found:
                return next((body for body in found if proven(knowledge, body, way)), found[0])
    return None


def proven(knowledge: Knowledge, body: Mapping[str, Json], way: Alternative) -> bool:
    """Whether an object shows everything that proves it ours."""
    for path, value in way.proof:
        shown, asked = paths.select(body, path), knowledge.body(value)
        if not (asked in shown if isinstance(shown, list) else shown == asked):
            return False
    return True


async def visible(
    run: Run, read: Read, meets: Callable[[Answer], bool] = lambda _answer: True
) -> Answer:
    """Read an object that must exist until it shows and `meets`.

    Raises GraphError when it does not within the replication window.
    """
    answer = Answer(404)
    async for _ in tries(run, LAG_WINDOW_SECONDS, f"for GET {read.path} to show what was written"):
        (answer,) = await run.graph.read((read,))
        if answer.found and meets(answer):
            return answer
    raise GraphError(
        f"GET {read.path} answers {answer.status} and does not show what was written",
        status=answer.status,
        method="GET",
        path=str(read.path),
        remedy="wait for replication and run apply again",
    )


async def settled(run: Run, knowledge: Knowledge, wait: Wait) -> None:
    """Poll until a change shows; a later request would be refused before that."""
    read = Read("wait", knowledge.text(wait.path), wait.version)
    await visible(run, read, lambda answer: _met(wait, answer))


async def needless(run: Run, knowledge: Knowledge, unless: Wait) -> bool:
    """Whether what a step takes for absent shows up after all, looked at for a while."""
    read = Read("unless", knowledge.text(unless.path), unless.version)
    async for _ in tries(run, CONFIRM_SECONDS, "to see whether it shows after all"):
        (answer,) = await run.graph.read((read,))
        if answer.found and _met(unless, answer):
            return True
    return False


def _met(wait: Wait, answer: Answer) -> bool:
    for path, value in wait.expect:
        found = paths.select(answer.object, path)
        now = None if isinstance(found, Missing) else found
        if not (value in now if isinstance(now, list) else now == value):
            return False
    return True
