"""Application password: a client secret that Graph makes and a sink receives.

https://learn.microsoft.com/graph/api/application-addpassword. The value is shown once. It is stored
first; then the application is tagged `provisioning-stored:KEYID`, which tells later runs that it
arrived. Values never occur here: only ids, names and times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from provisioning.core.kind import Field, Hold, Kind, Matched, Proposal, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Json,
    LiveObject,
    Ref,
    SinkState,
    Template,
    Value,
)
from provisioning.core.plan import Action, Change, Unmanaged
from provisioning.core.request import Answer, Append, Request
from provisioning.kinds import credentials, granted, known, marks, query, rotation, wire
from provisioning.kinds.rotation import Decision
from provisioning.kinds.sections import password as section

_COLLECTION = "passwordCredentials"


def match(view: View) -> Matched:
    """Collect the secrets of each declared name; they come with the application itself."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, thing in credentials.applications(view):
        stored = marks.stored_key_ids(thing.body)
        names = {known.text(d.body, "displayName"): d.address for d in declared.get(app, ())}
        found: dict[Address, list[dict[str, Json]]] = {}
        for item in known.items(thing.body, _COLLECTION):
            address = names.get(known.text(item, "displayName"))
            if address is not None:
                found.setdefault(address, []).append(_without_value(item))
            elif known.is_created(view, app):
                extra = credentials.child(KIND.name, app, rotation.key_id(item))
                foreign = rotation.key_id(item) not in stored
                body = _without_value(item)
                objects.append(LiveObject(extra, body, thing.ownership, foreign=foreign))
        for address, candidates in found.items():
            newest = max(candidates, key=lambda item: (rotation.end(item), rotation.key_id(item)))
            body = {**newest, "candidates": [*candidates]}
            objects.append(LiveObject(address, body, thing.ownership))
    return Matched(tuple(objects))


def propose(desired: Desired | None, live: LiveObject | None, view: View) -> Proposal | None:
    """Say what time, tags and sink ask for; times stay out of the changes and their digest."""
    if desired is None:
        if live is None:
            return None
        name = known.text(live.body, "displayName")
        gone = Change("keyId", rotation.key_id(live.body), None)
        return Proposal(Action.DELETE, f"secret {name!r} is not in the manifest", (gone,))
    decision = _decide(desired, live, view, view.observed_at)
    if not decision.add and not decision.removed:
        return None
    action = Action.CREATE if live is None else Action.UPDATE
    return Proposal(action, _reason(decision), tuple(_changes(desired, decision)))


def requests(work: Work) -> tuple[Request, ...]:
    """Remove what was never delivered, make and store a new one, tag it, retire old ones."""
    if work.desired is None:
        return tuple(_remove(work, [rotation.key_id(work.live.body)])) if work.live else ()
    if _comes_back(work):
        return (_look_first(work, work.desired),)
    decision = _decide(work.desired, work.live, work, work.observed_at)
    gone = [rotation.key_id(item) for item in (*decision.undelivered, *_for_slot(work, decision))]
    retired = [rotation.key_id(item) for item in decision.retired]
    made = (_add(work, work.desired), *_tag(work)) if decision.add else ()
    removed = list(dict.fromkeys([*gone, *retired]))
    return (*_remove(work, removed), *made)


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold rotations that a sink can't answer for or that have no slot, and foreign secrets."""
    yield from credentials.guards(work, view)
    if work.desired is None or work.live is None:
        return
    decision = _decide(work.desired, work.live, view, view.observed_at)
    if not decision.rotates:
        return
    state = view.sinks.get(work.step.address)
    if state is None or not state.readable:
        yield Hold("rotate", "the sink can't tell whether the next secret is there already")
    if (full := _full(work, decision)) is not None:
        yield Hold("rotate", full)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the secrets of adopted applications that the manifest does not name."""
    for app, thing in credentials.applications(view):
        named = {known.text(d.body, "displayName") for d in view.desired if d.parent == app}
        left: list[Value] = [
            known.text(item, "displayName") or rotation.key_id(item)
            for item in known.items(thing.body, _COLLECTION)
            if known.text(item, "displayName") not in named
        ]
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, _COLLECTION, left)


def _decide(
    desired: Desired, live: LiveObject | None, view: View | Work, now: datetime
) -> Decision:
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


def _for_slot(work: Work, decision: Decision) -> tuple[rotation.Password, ...]:
    """Whoever opened the guard for a full application agrees to end the older overlap now."""
    if not decision.rotates or _full(work, decision) is None or decision.newest is None:
        return ()
    newest = rotation.key_id(decision.newest)
    items = known.items(work.live.body, "candidates") if work.live else ()
    return tuple(item for item in items if rotation.key_id(item) != newest)


def _full(work: Work, decision: Decision) -> str | None:
    """Say why an application for personal accounts can take no further secret; None if it can."""
    app = known.live(work, credentials.application_of(work))
    if app is None or not known.is_personal(work, app.address):
        return None
    going = {rotation.key_id(item) for item in decision.removed}
    left = [i for i in known.items(app.body, _COLLECTION) if rotation.key_id(i) not in going]
    if len(left) < rotation.SLOTS:
        return None
    free = min(rotation.end(item) for item in left)
    return (
        f"both secret slots of {app.address} are taken; the first is free on {free:%Y-%m-%d}. "
        f"Opening this guard removes the older secret of {work.step.address} at once"
    )


def _comes_back(work: Work) -> bool:
    """Whether the application is soft-deleted: restored with its secrets, or purged and made anew."""
    thing = work.objects.get(credentials.application_of(work))
    return thing is not None and thing.deleted


def _look_first(work: Work, desired: Desired) -> Request:
    """Read the application that came back, and make a secret only if none was delivered."""

    def after(answer: Answer) -> tuple[Request, ...]:
        sink = work.sinks.get(work.step.address)
        name = desired.body["displayName"]
        decision = rotation.decide(
            desired,
            [i for i in known.items(answer.object, _COLLECTION) if i.get("displayName") == name],
            delivered=marks.stored_key_ids(answer.object) | set(sink.key_ids if sink else ()),
            adopted=False,
            now=work.observed_at,
        )
        return (_add(work, desired), *_tag(work)) if decision.newest is None else ()

    path = query.joined(
        credentials.path(work, credentials.application_of(work)),
        f"?$select=id,tags,{_COLLECTION}",
    )
    return Request("GET", path, transient=wire.APPLICATION_LAG, then=after)


def _add(work: Work, desired: Desired) -> Request:
    app = credentials.application_of(work)
    end = (work.observed_at + rotation.lifetime(desired)).astimezone(UTC)
    credential: Value = {
        "displayName": desired.body["displayName"],
        "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Request(
        "POST",
        query.joined(credentials.path(work, app), "/addPassword"),
        body={"passwordCredential": credential},
        repeatable=False,
        captures=True,
        stores=True,
        transient=wire.APPLICATION_LAG,
        lock=app,
        paced=known.is_personal(work, app),
    )


def _tag(work: Work) -> tuple[Request, ...]:
    app = credentials.application_of(work)
    if known.is_adopted(work, app) and not _carries_marks(work, app):
        return ()
    tag = Template((marks.STORED, Ref(work.step.address, "keyId")))
    return (_retag(work, app, Append("tags", add=(tag,))),)


def _carries_marks(work: Work, app: Address) -> bool:
    """Whether the manifest may write tags to an adopted application (`backfill`)."""
    desired = work.wanted.get(app)
    return desired is not None and bool(desired.settings.get("backfill"))


def _remove(work: Work, key_ids: Collection[str]) -> Iterable[Request]:
    app = credentials.application_of(work)
    for key_id in key_ids:
        yield Request(
            "POST",
            query.joined(credentials.path(work, app), "/removePassword"),
            body={"keyId": key_id},
            transient=wire.CONCURRENCY,
            tolerate=(wire.PASSWORD_ABSENT,),
            lock=app,
            paced=known.is_personal(work, app),
        )
    tags = tuple(marks.stored(key_id) for key_id in key_ids if _is_tagged(work, app, key_id))
    if tags:
        yield _retag(work, app, Append("tags", drop=tags))


def _is_tagged(work: Work, app: Address, key_id: str) -> bool:
    thing = known.live(work, app)
    return thing is not None and key_id in marks.stored_key_ids(thing.body)


def _retag(work: Work, app: Address, append: Append) -> Request:
    return Request(
        "PATCH",
        credentials.path(work, app),
        append=append,
        transient=wire.APPLICATION_LAG,
        lock=app,
        paced=known.is_personal(work, app),
    )


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
    requests=requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
)
