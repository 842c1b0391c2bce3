"""Ledger: an application of ours whose tags list what can carry no mark itself.

Policies, key sets, user flows, attributes and identity providers have no place for a tag. One
write claims all that a run is about to make, so that a crash leaves no orphan; an entry goes after
its object has gone. It has no service principal and nobody signs in to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Compare, Field, Kind, Matched, Source, View, Work
from provisioning.core.model import (
    Desired,
    Finding,
    Json,
    LiveObject,
    Ownership,
    Ref,
    Template,
    Value,
)
from provisioning.core.paths import nest
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Append, Read, Request
from provisioning.kinds import claims, granted, known, marks, query, wire
from provisioning.kinds.sections import markless

FIELDS: Final = (
    Field("displayName"),
    Field("uniqueName"),
    Field("signInAudience"),
    Field("notes"),
    Field("tags", Compare.SET),
)
_SELECT: Final = ("id", "appId", "createdDateTime", *(field.path for field in FIELDS))
_DELETED: Final = "ledger:deleted"
_PATIENCE: Final = 60.0
"""Seconds to look for the holder of our uniqueName; a soft-deleted one was looked for before."""


def desire(source: Source) -> Iterable[Desired]:
    """Yield the ledger of a manifest that declares anything without a mark."""
    place = markless.first(source)
    if place is None:
        return
    name = source.owner.name
    yield Desired(
        address=claims.address(source.owner),
        body={
            "displayName": f"provisioning-{name}",
            "uniqueName": f"provisioning-{name}",
            "signInAudience": "AzureADMyOrg",
            "notes": f"Lists what the manifest {name} made in this tenant; not for signing in.",
        },
        place=place,
    )


def reads(view: View) -> Iterable[Read]:
    """Ask for the ledger by its tag, by its uniqueName where tags can't be listed."""
    for name in view.owner.names:
        path = query.containing("applications", "tags", claims.marker(name), _SELECT)
        yield Read(_key(name), path, many=True, tolerate=(wire.UNSUPPORTED_QUERY,))
        answer = view.answers.get(_key(name))
        if answer is not None and not answer.found:
            path = query.by_key("applications", "uniqueName", f"provisioning-{name}", _SELECT)
            yield Read(f"{_key(name)}:uniqueName", path, tolerate=(wire.KEY_REFUSED,))
    if view.desired and _is_answered(view) and not any(_living(view)):
        path = "/directory/deletedItems/microsoft.graph.application"
        path = f"{path}?$select={','.join(_SELECT)}&$top=999"
        yield Read(_DELETED, path, many=True, needs=(granted.READ_DELETED,))


def match(view: View) -> Matched:
    """Match by the tag; after a rename of the manifest, by the tag with its former name."""
    here = claims.address(view.owner)
    for found in _living(view):
        if len(found) > 1:
            return Matched(findings=(_two(view, found),))
        if found:
            return Matched((LiveObject(here, found[0], Ownership.CREATED),))
    answer = view.answers.get(_DELETED)
    for body in answer.items if answer else ():
        if any(claims.marker(name) in marks.tags(body) for name in view.owner.names):
            return Matched((LiveObject(here, body, Ownership.CREATED, deleted=True),))
    return Matched()


def adjust(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Claim everything that is wanted and not there; keep what the ledger says already."""
    now = marks.tags(live.body) if live is not None else ()
    kept = [tag for tag in now if not claims.is_marker(tag)]
    new = [*(claims.owns(one) for one in claims.missing(view)), *claims.unnamed(view)]
    tags: list[Value] = [claims.marker(view.owner.name), *kept, *new]
    body: dict[str, Value] = {**desired.body, "tags": list(dict.fromkeys(map(str, tags)))}
    if live is not None and not live.deleted:
        # Graph takes a uniqueName once; the tag identifies the ledger.
        del body["uniqueName"]
    return replace(desired, body=body)


def requests(work: Work) -> tuple[Request, ...]:
    """Create under its uniqueName, merge tags, delete for good."""
    match work.step.action:
        case Action.CREATE if work.live is not None and work.live.deleted:
            return (_purge(work.live), _create(work))
        case Action.CREATE:
            return (_create(work),)
        case Action.RESTORE if work.live is not None:
            path = f"/directory/deletedItems/{work.live.body['id']}/restore"
            return (Request("POST", path, captures=True), *_update(work))
        case Action.UPDATE:
            return _update(work)
        case Action.DELETE if work.live is not None:
            path = f"/applications/{work.live.body['id']}"
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,)), _purge(work.live))
        case _:
            return ()


def _living(view: View) -> Iterable[tuple[Mapping[str, Json], ...]]:
    """Yield the ledgers found for each name of the manifest, today's first."""
    for name in view.owner.names:
        listed, single = (view.answers.get(key) for key in (_key(name), f"{_key(name)}:uniqueName"))
        found = [*(listed.items if listed else ()), *([single.object] if single else [])]
        ours = (body for body in found if claims.marker(name) in marks.tags(body))
        if bodies := tuple(ours):
            yield bodies


def _is_answered(view: View) -> bool:
    for name in view.owner.names:
        answer = view.answers.get(_key(name))
        if answer is None:
            return False
        if not answer.found and f"{_key(name)}:uniqueName" not in view.answers:
            return False
    return True


def _create(work: Work) -> Request:
    name = work.desired.body["uniqueName"] if work.desired else ""
    plain = {path: value for path, value in work.patch.items() if path != "uniqueName"}
    taken = Alternative(
        when=wire.UNIQUE_NAME_TAKEN,
        lookup=(
            Read("uniqueName", query.by_key("applications", "uniqueName", str(name), _SELECT)),
        ),
        proof=(("tags", claims.marker(work.owner.name)),),
        then=(_merge(work, Ref(work.step.address)),),
        otherwise=f"An application that is no ledger of ours holds the uniqueName {name}.",
        patience=_PATIENCE,
    )
    refused = Alternative(
        when=wire.UNIQUE_NAME_REFUSED, then=(_post(plain),) if "uniqueName" in work.patch else ()
    )
    return replace(_post(work.patch), alternatives=(taken, refused))


def _post(patch: Mapping[str, Value]) -> Request:
    body: Value = nest(patch)  # type: ignore[assignment]
    return Request("POST", "/applications", body=body, captures=True, transient=wire.CONCURRENCY)


def _update(work: Work) -> tuple[Request, ...]:
    identity: Value = known.plain(work.live.body, "id") if work.live else Ref(work.step.address)
    rest = {path: value for path, value in work.patch.items() if path not in {"tags", "uniqueName"}}
    body: Value = nest(rest)  # type: ignore[assignment]
    change = Request("PATCH", _path(identity), body=body, lock=work.step.address)
    changed = (change,) if rest else ()
    return (_merge(work, identity), *changed) if "tags" in work.patch else changed


def _merge(work: Work, identity: Value) -> Request:
    """Merge the tags: another run may have written to the ledger in the meantime."""
    wanted = work.patch.get("tags")
    add = tuple(wanted) if isinstance(wanted, list) else ()
    now = marks.tags(work.live.body) if work.live is not None else ()
    drop = tuple(tag for tag in now if tag not in add)
    return Request(
        "PATCH",
        _path(identity),
        append=Append("tags", add=add, drop=drop),
        transient=wire.APPLICATION_LAG,
        lock=work.step.address,
    )


def _path(identity: Value) -> str | Template:
    return query.below("/applications/", identity, "")


def _purge(live: LiveObject) -> Request:
    """A ledger in the bin would hold its uniqueName for 30 days and hides nothing of worth."""
    path = f"/directory/deletedItems/{live.body['id']}"
    return Request("DELETE", path, tolerate=(wire.NOT_FOUND,))


def _two(view: View, found: Iterable[Mapping[str, Json]]) -> Finding:
    names = " and ".join(
        f"{known.text(body, 'displayName')!r} (object id {known.text(body, 'id')})"
        for body in found
    )
    return Finding(
        "two-candidates",
        f"several applications are tagged as the ledger of {view.owner.name}: {names}",
        "merge their tags into one and delete the others",
        address=claims.address(view.owner),
    )


def _key(name: str) -> str:
    return f"ledger:{name}"


KIND = Kind(
    name=claims.LEDGER,
    fields=FIELDS,
    desire=desire,
    reads=reads,
    match=match,
    adjust=adjust,
    requests=requests,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
    prunable=True,
    follows=True,
)
