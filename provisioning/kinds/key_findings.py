"""What is wrong, or soon will be, with the keys of a declared key set. Pure; must not decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from provisioning.core.kind import View
from provisioning.core.model import Desired, Finding, Json, Severity
from provisioning.kinds import key_rotation, known

_SOON: Final = timedelta(days=30)


def findings(view: View) -> Iterable[Finding]:
    """Report keys of another type, keys about to end, and certificates that have ended."""
    for desired in view.desired:
        live = known.live(view, desired.address)
        keys = known.items(live.body, "keys") if live is not None else ()
        yield from _mixed(desired, keys)
        yield from _ending(desired, keys, view.observed_at)
        yield from _ended(desired, view.observed_at)


def _mixed(desired: Desired, keys: Iterable[dict[str, Json]]) -> Iterable[Finding]:
    """One key set has one kty and one use, by AADB2C95032 and AADB2C95042."""
    for name in ("kty", "use"):
        wanted = known.text(desired.settings, name)
        held = sorted({known.text(key, name) for key in keys if key.get(name) is not None})
        others = [value for value in held if value.casefold() != wanted.casefold()]
        if others:
            yield Finding(
                "mixed-keys",
                f"{desired.address} holds keys of {name} {', '.join(others)}; "
                f"one of {name} {wanted} can't join them",
                f"write {name}: {others[0]}, or use another key set",
                place=desired.place,
                address=desired.address,
            )


def _ending(desired: Desired, keys: Iterable[dict[str, Json]], now: datetime) -> Iterable[Finding]:
    held = tuple(keys)
    last = key_rotation.newest_end(held)
    if last is None or last == key_rotation.FOR_EVER or desired.settings.get("rotateBefore"):
        return
    if last <= now + _SOON and desired.settings.get("way") != "generate":
        verb = "ended" if last <= now else "ends"
        yield Finding(
            "key-ends",
            f"the newest key of {desired.address} {verb} {last:%Y-%m-%d}",
            "give it a new value and raise version",
            Severity.WARNING,
            place=desired.place,
            address=desired.address,
        )
    elif last <= now + _SOON:
        yield Finding(
            "key-ends",
            f"the newest key of {desired.address} ends {last:%Y-%m-%d}",
            "write lifetime and rotateBefore, so that the next one is made in time",
            Severity.WARNING,
            place=desired.place,
            address=desired.address,
        )


def _ended(desired: Desired, now: datetime) -> Iterable[Finding]:
    text = known.text(desired.settings, "end")
    if text and datetime.fromisoformat(text) <= now:
        yield Finding(
            "certificate-ended",
            f"the certificate of {desired.address} ended {text[:10]}",
            "upload one that is valid",
            place=desired.place,
            address=desired.address,
        )
