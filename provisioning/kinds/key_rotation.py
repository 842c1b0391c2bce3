"""When a key set gets another key. Pure arithmetic on what is known; must not send.

| Key set                                   | Decision                                            |
|-------------------------------------------|-----------------------------------------------------|
| not there, empty, or every key has ended  | add a key, active at once                           |
| generated, newest ends in `rotateBefore`  | add a key that becomes active a little later        |
| uploaded, `version` above the recorded    | upload                                              |
| certificate that it does not hold         | upload                                              |
| else                                      | nothing                                             |

Keys can't be removed one by one: an old one retires by its own end. The service signs with the
newest that is active, and whoever checks signatures has to have heard of it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from provisioning.core.model import Desired, Json
from provisioning.kinds import known
from provisioning.kinds.sections import durations

Key = Mapping[str, Json]
FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)
AHEAD: Final = timedelta(days=1)
"""How long a rotated key is published before it signs: longer than clients cache the keys."""
FIRST_VERSION: Final = 1
"""What a key set counts as that somebody else filled."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one key set."""

    add: bool = False
    reason: str = ""
    recorded: int | None = None
    """The version that was uploaded last, as far as known."""
    starts: datetime | None = None
    """When the new key becomes active; None: at once."""


def decide(
    desired: Desired,
    keys: Iterable[Key] | None,
    *,
    uploaded: str | None,
    adopted: bool,
    now: datetime,
) -> Decision:
    """Decide about a key set; `keys` None: it is not there. `uploaded` is the ledger's record."""
    recorded = int(uploaded) if uploaded is not None and uploaded.isdecimal() else None
    if keys is None:
        return Decision(add=True, reason="not in the tenant", recorded=recorded)
    held = tuple(keys)
    if not held:
        return Decision(add=True, reason="it holds no key", recorded=recorded)
    usable = [key for key in held if is_usable(key, now)]
    match desired.settings.get("way"):
        case "generate":
            return _generated(desired, usable, now)
        case "certificate":
            # Not every answer shows x5t; then the record says whether it was uploaded.
            prints = {uploaded, *(known.text(key, "x5t") for key in held)}
            there = known.text(desired.settings, "x5t") in prints
            return Decision() if there else Decision(add=True, reason="it lacks this certificate")
        case _:
            return _uploaded(desired, recorded, adopted=adopted)


def is_usable(key: Key, now: datetime) -> bool:
    """Whether a key is, or will become, one to sign or encrypt with."""
    return key.get("status") != "disabled" and end(key) > now


def end(key: Key) -> datetime:
    """Return when a key ends, UTC."""
    return _moment(key.get("exp"), FOR_EVER)


def newest_end(keys: Iterable[Key]) -> datetime | None:
    """Return when the last of some keys ends; None without any."""
    return max((end(key) for key in keys), default=None)


def lifetime(desired: Desired) -> timedelta | None:
    """Return how long a new key is valid; None for ever."""
    return _span(desired, "lifetime")


def _generated(desired: Desired, usable: list[Key], now: datetime) -> Decision:
    last = newest_end(usable)
    if last is None:
        return Decision(add=True, reason="every key of it has ended")
    before = _span(desired, "rotateBefore")
    if before is None or last == FOR_EVER or last - before > now:
        return Decision()
    starts = now + min(AHEAD, max(last - now, timedelta()) / 2)
    return Decision(
        add=True, reason=f"rotation: the newest key ends {last:%Y-%m-%d}", starts=starts
    )


def _uploaded(desired: Desired, recorded: int | None, *, adopted: bool) -> Decision:
    wanted = desired.settings.get("version")
    last = FIRST_VERSION if recorded is None and adopted else recorded
    if last is None:
        return Decision(add=True, reason="no upload was ever recorded")
    if isinstance(wanted, int) and wanted > last:
        return Decision(add=True, reason=f"version {wanted} replaces {last}", recorded=last)
    return Decision(recorded=last)


def _span(desired: Desired, name: str) -> timedelta | None:
    text = known.text(desired.settings, name)
    return durations.parse(text) if text else None


def _moment(value: Json, otherwise: datetime) -> datetime:
    """Read seconds since 1970, which some answers give as text."""
    try:
        seconds = int(value) if isinstance(value, int | str) else 0
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else otherwise
    except (ValueError, OverflowError, OSError):
        return otherwise
