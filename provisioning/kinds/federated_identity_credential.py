"""Federated identity credential: whose tokens count as an application's own secret.

https://learn.microsoft.com/graph/api/resources/federatedidentitycredential. Its name identifies it
and cannot change. Ours carries the mark `provisioning:NAME` as its description; another one on an
application that we made is foreign, and removing it needs the guard `credential` opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.core.kind import Compare, Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import Address, LiveObject, Ref, Template
from provisioning.core.paths import nest
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import credentials, granted, known, marks, query, wire
from provisioning.kinds.sections import federated_identity_credential as section

FIELDS: Final = (
    Field("name", immutable=True),
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
    """Match by name; another one on an application that we made is an extra."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        names = {known.text(d.body, "name"): d.address for d in declared.get(app, ())}
        for item in answer.items if answer else ():
            address = names.get(known.text(item, "name"))
            if address is not None:
                objects.append(LiveObject(address, item, thing.ownership))
            elif known.is_created(view, app):
                foreign = known.text(item, "description") not in map(marks.owner, view.owner.names)
                extra = credentials.child(KIND.name, app, known.text(item, "name"))
                objects.append(LiveObject(extra, item, thing.ownership, foreign=foreign))
    return Matched(tuple(objects))


def requests(work: Work) -> tuple[Request, ...]:
    """Create under the name, change in place, delete."""
    app = credentials.application_of(work)
    match work.step.action:
        case Action.CREATE:
            return (_create(work, app),)
        case Action.UPDATE if work.live is not None:
            return (_change(work, app, str(work.live.body["id"])),)
        case Action.DELETE if work.live is not None:
            path = _path(work, app, f"/{work.live.body['id']}")
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,), lock=app),)
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the loss of a credential that the running identity may be using, or is not ours."""
    return credentials.guards(work, view)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the credentials of adopted applications that the manifest does not name."""
    for app, _thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        named = {known.text(d.body, "name") for d in view.desired if d.parent == app}
        others = [known.text(item, "name") for item in (answer.items if answer else ())]
        left = sorted(name for name in others if name not in named)
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, _COLLECTION, [*left])


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
    return Request(
        "PATCH",
        _path(work, app, f"/{identity}"),
        body=nest(work.patch),  # type: ignore[arg-type]
        transient=wire.APPLICATION_LAG,
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
    requests=requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
)
