"""Federated identity credential: whose tokens count as an application's own secret.

https://learn.microsoft.com/graph/api/resources/federatedidentitycredential. Its name identifies it
and cannot change, and no two of an application have the same issuer and subject. So one of another
name that trusts whom the manifest trusts is the same credential, renamed: it is deleted and made
anew in one step. Ours carries the mark `provisioning:NAME` as its description; another one on an
application that we made is foreign, and removing it needs the guard `credential` opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Compare, Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import Address, Desired, Json, LiveObject, Ref, Template
from provisioning.core.paths import nest
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import credentials, federated_trust, granted, known, marks, query, wire
from provisioning.kinds.sections import federated_identity_credential as section

FIELDS: Final = (
    Field("name"),
    Field("issuer"),
    Field("subject"),
    Field("audiences", Compare.SET),
    Field("description"),
)
_COLLECTION: Final = "federatedIdentityCredentials"


def reads(view: View) -> Iterable[Read]:
    """Ask for the credentials of every application that the manifest names."""
    for app, thing in credentials.applications(view):
        path = f"/applications/{thing.body['id']}/{_COLLECTION}"
        yield Read(_key(app), path, many=True)


def match(view: View) -> Matched:
    """Match by name, else by whom it trusts; another one on what we made is an extra."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        items = answer.items if answer else ()
        living = {known.text(item, "name") for item in items}
        names = {known.text(d.body, "name"): d for d in declared.get(app, ())}
        trusts = {
            federated_trust.declared(view, d): d for name, d in names.items() if name not in living
        }
        for item in items:
            pair = (known.text(item, "issuer"), known.text(item, "subject"))
            desired = names.get(known.text(item, "name")) or trusts.get(pair)
            foreign = not _is_ours(view, item, desired)
            if desired is not None:
                renamed = known.text(item, "name") not in names
                address = desired.address
                objects.append(
                    LiveObject(address, item, thing.ownership, foreign=foreign and renamed)
                )
            elif known.is_created(view, app):
                extra = credentials.child(KIND.name, app, known.text(item, "name"))
                objects.append(LiveObject(extra, item, thing.ownership, foreign=foreign))
    return Matched(tuple(objects))


def _is_ours(view: View, item: Mapping[str, Json], desired: Desired | None) -> bool:
    """Whether its description is our mark, or exactly the one that the manifest gives it."""
    description = known.text(item, "description")
    declared = known.text(desired.body, "description") if desired else ""
    return description in {*map(marks.owner, view.owner.names), declared} - {""}


def requests(work: Work) -> tuple[Request, ...]:
    """Create under the name, change in place, delete; rename by doing two of it at once."""
    app = credentials.application_of(work)
    match work.step.action:
        case Action.CREATE:
            return (_create(work, app),)
        case Action.UPDATE if work.live is not None and "name" in work.patch:
            return (_rename(work, app, str(work.live.body["id"])),)
        case Action.UPDATE if work.live is not None:
            first = federated_trust.freed(work, _path(work, app, "/"), app)
            return (*first, _change(work, app, str(work.live.body["id"])))
        case Action.DELETE if work.live is not None:
            path = _path(work, app, f"/{work.live.body['id']}")
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,), lock=app),)
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the loss of a credential that the running identity may be using, or is not ours."""
    yield from credentials.guards(work, view)
    if work.step.action is Action.UPDATE and work.live is not None and "name" in work.patch:
        name = known.text(work.live.body, "name")
        if known.is_self(view, credentials.application_of(work)):
            yield Hold("self", f"{name!r} of the signed-in application would be made anew")
        if work.live.foreign:
            yield Hold("credential", f"somebody else added it, as {name!r}; it would be made anew")
    if _keeps_its_name(work):
        yield from federated_trust.guards(work, view)


def _keeps_its_name(work: Work) -> bool:
    return work.step.action is Action.UPDATE and "name" not in work.patch


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the credentials of adopted applications that the manifest does not name."""
    for app, _thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        ours = {known.text(o.body, "id") for a, o in view.objects.items() if a in view.wanted}
        others = [item for item in (answer.items if answer else ()) if item.get("id") not in ours]
        left = sorted(known.text(item, "name") for item in others)
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, _COLLECTION, [*left])


def _rename(work: Work, app: Address, identity: str) -> Request:
    """Delete and make anew as one request: nothing comes between, and a repeat goes on."""
    whole = replace(work, patch=work.desired.body if work.desired else {})
    create = _create(whole, app)
    create = replace(create, transient=(*create.transient, wire.TRUST_NOT_FREE))
    return Request(
        "DELETE",
        _path(work, app, f"/{identity}"),
        then=lambda _answer: (create,),
        alternatives=(Alternative(wire.NOT_FOUND, then=(create,)),),
        lock=app,
    )


def _create(work: Work, app: Address) -> Request:
    name = known.text(work.desired.body, "name") if work.desired else ""
    more = Request(
        "PATCH",
        _path(work, app, "/", Ref(work.step.address)),
        body=nest({k: v for k, v in work.patch.items() if k != "name"}),  # type: ignore[arg-type]
        transient=wire.APPLICATION_LAG,
    )
    return Request(
        "POST",
        _path(work, app),
        body=nest(work.patch),  # type: ignore[arg-type]
        captures=True,
        transient=wire.APPLICATION_LAG,
        lock=app,
        alternatives=(
            Alternative(
                when=wire.SAME_KEY,
                lookup=(Read("name", _path(work, app), many=True),),
                proof=(("name", name),),
                then=(more,),
                otherwise="Another federated credential has this issuer and subject.",
            ),
        ),
    )


def _change(work: Work, app: Address, identity: str) -> Request:
    taken = federated_trust.taken(work)
    return Request(
        "PATCH",
        _path(work, app, f"/{identity}"),
        body=nest({**taken, **work.patch}),  # type: ignore[arg-type]
        transient=(*wire.APPLICATION_LAG, *((wire.TRUST_NOT_FREE,) if taken else ())),
        lock=app,
    )


def _path(work: Work, app: Address, *rest: str | Ref) -> str | Template:
    return query.joined(credentials.path(work, app), f"/{_COLLECTION}", *rest)


def _key(app: Address) -> str:
    return f"{app}:{_COLLECTION}"


KIND = Kind(
    name="federated_identity_credential",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    adjust=federated_trust.adjust,
    requests=requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
)
