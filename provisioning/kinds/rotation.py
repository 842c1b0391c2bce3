"""When a client secret is made, made anew, and retired. Pure arithmetic on what is known.

| Live secrets of that name             | Decision                                           |
|---------------------------------------|----------------------------------------------------|
| none                                  | make one                                           |
| only such as were never delivered     | remove them, make one                              |
| the newest ends within `rotateBefore` | make one; the older stay for the overlap           |
| older ones, overlap is over           | remove the older ones                              |
| else                                  | nothing                                            |

Delivered is a secret that its application's tag or the sink knows. On an adopted application every
secret counts as delivered, and none is removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from provisioning.core.model import Desired, Json
from provisioning.kinds import known
from provisioning.kinds.sections import durations

Password = Mapping[str, Json]
SLOTS: Final = 2
"""Secrets that an application for personal accounts can have."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one declared secret."""

    add: bool = False
    rotates: bool = False
    """The new one replaces a delivered one that is about to end."""
    undelivered: tuple[Password, ...] = ()
    retired: tuple[Password, ...] = ()
    newest: Password | None = None

    @property
    def removed(self) -> tuple[Password, ...]:
        """Secrets that go."""
        return (*self.undelivered, *self.retired)


def decide(
    desired: Desired,
    candidates: Iterable[Password],
    *,
    delivered: Collection[str],
    adopted: bool,
    now: datetime,
) -> Decision:
    """Decide about the live secrets that have the declared name."""
    ordered = sorted(candidates, key=lambda item: (end(item), key_id(item)))
    known_ones = [item for item in ordered if adopted or key_id(item) in delivered]
    lost = () if adopted else tuple(i for i in ordered if key_id(i) not in delivered)
    if not known_ones:
        return Decision(add=True, undelivered=lost)
    newest = known_ones[-1]
    due = _is_due(desired, newest, now)
    old = () if adopted else _retired(desired, known_ones, now)
    return Decision(add=due, rotates=due, undelivered=lost, retired=old, newest=newest)


def key_id(item: Password) -> str:
    """Return the id of a secret."""
    return known.text(item, "keyId")


def start(item: Password) -> datetime:
    """Return the moment from which a secret is valid, UTC."""
    return _moment(item, "startDateTime", datetime.min.replace(tzinfo=UTC))


def end(item: Password) -> datetime:
    """Return the moment at which a secret ends, UTC."""
    return _moment(item, "endDateTime", datetime.max.replace(tzinfo=UTC))


def lifetime(desired: Desired) -> timedelta:
    """Return how long a new secret lives."""
    return durations.parse(known.text(desired.settings, "lifetime"))


def span(desired: Desired, name: str) -> timedelta | None:
    """Return one of the other durations; None when it is not declared."""
    text = known.text(desired.settings, name)
    return durations.parse(text) if text else None


def _is_due(desired: Desired, newest: Password, now: datetime) -> bool:
    before = span(desired, "rotateBefore")
    return before is not None and end(newest) - before <= now


def _retired(desired: Desired, delivered: list[Password], now: datetime) -> tuple[Password, ...]:
    overlap = span(desired, "overlap")
    if overlap is None or start(delivered[-1]) + overlap > now:
        return ()
    return tuple(delivered[:-1])


def _moment(item: Password, name: str, otherwise: datetime) -> datetime:
    text = known.text(item, name)
    if not text:
        return otherwise
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
