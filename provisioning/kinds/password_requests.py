"""A step on a client secret -> the writes that carry it out. Pure data; must not send.

https://learn.microsoft.com/graph/api/application-addpassword and -removepassword.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC

from provisioning.core.kind import Work
from provisioning.core.model import Address, Desired, Ref, Template, Value
from provisioning.core.request import Answer, Append, Request, Wait
from provisioning.kinds import credentials, known, marks, passwords, query, rotation, wire
from provisioning.kinds.rotation import Decision


def requests(work: Work) -> tuple[Request, ...]:
    """Remove what was never delivered, make and store a new one, tag it, retire old ones."""
    if work.desired is None:
        return tuple(_remove(work, [rotation.key_id(work.live.body)])) if work.live else ()
    if _comes_back(work):
        return (_look_first(work, work.desired),)
    decision = passwords.decide(work.desired, work.live, work, work.observed_at)
    undelivered = [rotation.key_id(item) for item in decision.undelivered]
    gone = [rotation.key_id(item) for item in (*_for_slot(work, decision), *decision.retired)]
    made = (_unless_stored(work, work.desired, decision), *_tag(work)) if decision.add else ()
    removed = [key_id for key_id in dict.fromkeys(gone) if key_id not in undelivered]
    unmarked = passwords.unmarked(work.desired, work.live, work)
    tags = tuple(marks.stored(key_id) for key_id in unmarked if key_id not in removed)
    app = credentials.application_of(work)
    return (
        *((_retag(work, app, Append("tags", add=tags)),) if tags else ()),
        *(_unless_marked(work, request) for request in _remove(work, undelivered)),
        *_remove(work, removed),
        *made,
    )


def _unless_stored(work: Work, desired: Desired, decision: Decision) -> Request:
    """Replication may only be hiding a secret that the sink holds: look for it before."""
    add = _add(work, desired)
    sink = work.sinks.get(work.step.address)
    if decision.newest is not None or sink is None or not sink.key_ids:
        return add
    current = sink.key_ids[0]
    app = known.live(work, credentials.application_of(work))
    shown = known.items(app.body, passwords.COLLECTION) if app else ()
    if current in {rotation.key_id(item) for item in shown}:
        # It is there under another name, so nothing is hidden: the secret was renamed.
        return add
    select = f"?$select={passwords.COLLECTION}"
    path = query.joined(credentials.path(work, credentials.application_of(work)), select)
    shows = (f"{passwords.COLLECTION}[keyId={current}].keyId", current)
    return replace(add, unless=Wait(path, (shows,)))


def _unless_marked(work: Work, request: Request) -> Request:
    """Replication may only be hiding the mark of a delivered secret: look for it before."""
    body = request.body
    key_id = body.get("keyId") if isinstance(body, dict) else None
    if not isinstance(key_id, str):
        return request
    path = query.joined(credentials.path(work, credentials.application_of(work)), "?$select=tags")
    return replace(request, unless=Wait(path, (("tags", marks.stored(key_id)),)))


def _for_slot(work: Work, decision: Decision) -> tuple[rotation.Password, ...]:
    """Whoever opened the guard for a full application agrees to end the older overlap now."""
    if not decision.rotates or passwords.full(work, decision) is None or decision.newest is None:
        return ()
    newest = rotation.key_id(decision.newest)
    items = known.items(work.live.body, "candidates") if work.live else ()
    return tuple(item for item in items if rotation.key_id(item) != newest)


def _comes_back(work: Work) -> bool:
    """Whether the application is soft-deleted: restored with its secrets, or made anew."""
    thing = work.objects.get(credentials.application_of(work))
    return thing is not None and thing.deleted


def _look_first(work: Work, desired: Desired) -> Request:
    """Read the application that came back, and make a secret only if none was delivered."""

    def after(answer: Answer) -> tuple[Request, ...]:
        sink = work.sinks.get(work.step.address)
        name = desired.body["displayName"]
        decision = rotation.decide(
            desired,
            [
                i
                for i in known.items(answer.object, passwords.COLLECTION)
                if i.get("displayName") == name
            ],
            delivered=marks.stored_key_ids(answer.object) | set(sink.key_ids if sink else ()),
            adopted=False,
            now=work.observed_at,
        )
        return (_add(work, desired), *_tag(work)) if decision.newest is None else ()

    path = query.joined(
        credentials.path(work, credentials.application_of(work)),
        f"?$select=id,tags,{passwords.COLLECTION}",
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
    thing = known.live(work, app)
    stale = marks.stale(thing.body) if thing is not None else ()
    return (_retag(work, app, Append("tags", add=(tag,), drop=stale)),)


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
