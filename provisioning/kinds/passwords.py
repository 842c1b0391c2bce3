"""What is known of an application's secrets, and what that asks for. Pure; values never occur."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from provisioning.core.kind import View, Work
from provisioning.core.model import Desired, LiveObject, SinkState
from provisioning.kinds import credentials, known, marks, rotation
from provisioning.kinds.rotation import Decision

COLLECTION: Final = "passwordCredentials"


def decide(desired: Desired, live: LiveObject | None, view: View | Work, now: datetime) -> Decision:
    """Decide about a declared secret from the application's tags and the sink."""
    app = known.live(view, desired.parent)
    sink: SinkState | None = view.sinks.get(desired.address)
    stored = marks.stored_key_ids(app.body) if app else frozenset()
    return rotation.decide(
        desired,
        known.items(live.body, "candidates") if live else (),
        delivered=stored | set(sink.key_ids if sink else ()),
        adopted=known.is_adopted(view, desired.parent),
        now=now,
    )


def unmarked(desired: Desired, live: LiveObject | None, view: View | Work) -> tuple[str, ...]:
    """Return the key ids that the sink holds and the application's tags do not tell yet.

    A run that ended between storing and tagging leaves one; without the tag, a runner that has no
    sink would take it for undelivered.
    """
    app, sink = known.live(view, desired.parent), view.sinks.get(desired.address)
    if app is None or live is None or sink is None or not known.is_created(view, desired.parent):
        return ()
    missing = set(sink.key_ids) - marks.stored_key_ids(app.body)
    candidates = known.items(live.body, "candidates")
    return tuple(rotation.key_id(item) for item in candidates if rotation.key_id(item) in missing)


def full(work: Work, decision: Decision) -> str | None:
    """Say why an application for personal accounts can take no further secret; None if it can."""
    app = known.live(work, credentials.application_of(work))
    if app is None or not known.is_personal(work, app.address):
        return None
    going = {rotation.key_id(item) for item in decision.removed}
    left = [i for i in known.items(app.body, COLLECTION) if rotation.key_id(i) not in going]
    if len(left) < rotation.SLOTS:
        return None
    free = min(rotation.end(item) for item in left)
    return (
        f"both secret slots of {app.address} are taken; the first is free on {free:%Y-%m-%d}. "
        f"Opening this guard removes the older secret of {work.step.address} at once"
    )
