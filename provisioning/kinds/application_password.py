"""Application password: a client secret that Graph makes and a sink receives.

https://learn.microsoft.com/graph/api/application-addpassword. The value is shown once. It is stored
first; then the application is tagged `provisioning-stored:KEYID`, which tells later runs that it
arrived. Values never occur here: only ids, names and times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provisioning.core.kind import Field, Hold, Kind, Matched, Proposal, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Json,
    LiveObject,
    Value,
)
from provisioning.core.plan import Action, Change, Unmanaged
from provisioning.kinds import (
    credentials,
    granted,
    known,
    marks,
    password_requests,
    passwords,
    rotation,
    wire,
)
from provisioning.kinds.rotation import Decision
from provisioning.kinds.sections import password as section


def match(view: View) -> Matched:
    """Collect the secrets of each declared name; they come with the application itself."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, thing in credentials.applications(view):
        stored = marks.stored_key_ids(thing.body)
        names = {known.text(d.body, "displayName"): d.address for d in declared.get(app, ())}
        found: dict[Address, list[dict[str, Json]]] = {}
        extras: list[LiveObject] = []
        for item in known.items(thing.body, passwords.COLLECTION):
            address = names.get(known.text(item, "displayName"))
            if address is not None:
                found.setdefault(address, []).append(_without_value(item))
            elif known.is_created(view, app):
                extra = credentials.child(KIND.name, app, rotation.key_id(item))
                foreign = rotation.key_id(item) not in stored
                body = _without_value(item)
                extras.append(LiveObject(extra, body, thing.ownership, foreign=foreign))
        objects += _named(view, app, extras)
        for address, candidates in found.items():
            newest = max(candidates, key=lambda item: (rotation.end(item), rotation.key_id(item)))
            body = {**newest, "candidates": [*candidates]}
            objects.append(LiveObject(address, body, thing.ownership))
    return Matched(tuple(objects))


def _named(view: View, app: Address, extras: Iterable[LiveObject]) -> Iterable[LiveObject]:
    """Give the newest of ours of each name the address that it was made under."""
    taken: set[Address] = set()
    for thing in sorted(extras, key=lambda one: rotation.end(one.body), reverse=True):
        names = known.text(thing.body, "displayName"), rotation.key_id(thing.body)
        address = credentials.undeclared(view, KIND.name, app, names)
        if thing.foreign or address in taken:
            yield thing
        else:
            taken.add(address)
            yield replace(thing, address=address)


def propose(desired: Desired | None, live: LiveObject | None, view: View) -> Proposal | None:
    """Say what time, tags and sink ask for; times stay out of the changes and their digest."""
    if desired is None:
        if live is None:
            return None
        name = known.text(live.body, "displayName")
        gone = Change("keyId", rotation.key_id(live.body), None)
        return Proposal(Action.DELETE, f"secret {name!r} is not in the manifest", (gone,))
    decision = passwords.decide(desired, live, view, view.observed_at)
    if not decision.add and not decision.removed:
        return _mark(desired, live, view)
    action = Action.CREATE if live is None else Action.UPDATE
    return Proposal(action, _reason(decision), tuple(_changes(desired, decision)))


def _mark(desired: Desired, live: LiveObject | None, view: View) -> Proposal | None:
    """Propose the mark that an earlier run could not write any more."""
    key_ids = passwords.unmarked(desired, live, view)
    changes = tuple(Change(f"tags[{marks.stored(key_id)}]", None, True) for key_id in key_ids)
    reason = "the value is stored, its application does not tell so yet"
    return Proposal(Action.UPDATE, reason, changes) if changes else None


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold rotations that a sink can't answer for or that have no slot, and foreign secrets."""
    yield from credentials.guards(work, view)
    if work.desired is None or work.live is None:
        return
    decision = passwords.decide(work.desired, work.live, view, view.observed_at)
    if not decision.rotates:
        return
    state = view.sinks.get(work.step.address)
    if state is None or not state.readable:
        yield Hold("rotate", "the sink can't tell whether the next secret is there already")
    if (full := passwords.full(work, decision)) is not None:
        yield Hold("rotate", full)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the secrets of adopted applications that the manifest does not name."""
    for app, thing in credentials.applications(view):
        named = {known.text(d.body, "displayName") for d in view.desired if d.parent == app}
        left: list[Value] = [
            known.text(item, "displayName") or rotation.key_id(item)
            for item in known.items(thing.body, passwords.COLLECTION)
            if known.text(item, "displayName") not in named
        ]
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, passwords.COLLECTION, left)


def _reason(decision: Decision) -> str:
    reasons = []
    if decision.rotates and decision.newest is not None:
        reasons.append(f"rotation: the newest secret ends {rotation.end(decision.newest):%Y-%m-%d}")
    elif decision.undelivered:
        reasons.append("a value was never delivered")
    elif decision.add:
        reasons.append("no secret of that name lives")
    if decision.retired:
        reasons.append("the overlap of an older secret is over")
    return "; ".join(reasons)


def _changes(desired: Desired, decision: Decision) -> Iterable[Change]:
    for item in decision.removed:
        yield Change(
            f"passwordCredentials[{rotation.key_id(item)}]", desired.body["displayName"], None
        )
    if decision.add:
        lifetime = desired.settings.get("lifetime")
        yield Change("passwordCredentials[new].displayName", None, desired.body["displayName"])
        yield Change("passwordCredentials[new].lifetime", None, lifetime)


def _without_value(item: dict[str, Json]) -> dict[str, Json]:
    """Graph never sends a value back; were it to, it would not enter the plan."""
    return {name: value for name, value in item.items() if name not in {"secretText", "hint"}}


KIND = Kind(
    name="application_password",
    fields=(Field("displayName"),),
    sections=section.SECTIONS,
    desire=section.desire,
    match=match,
    propose=propose,
    requests=password_requests.requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
)
