"""Application owner: who may change an application without an administrator's role.

https://learn.microsoft.com/graph/api/application-post-owners. Declared owners are exact, also on
an adopted application; without any declared, owners are left alone. Graph makes the user who
creates an application its owner, and under Application.ReadWrite.OwnedBy the service principal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from provisioning.core.kind import Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import Address, LiveObject, Ownership, Ref, Template, Value
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Read, Request
from provisioning.kinds import credentials, granted, known, principals, query, wire
from provisioning.kinds.sections import owner as section

FIELDS: Final = (Field("id", immutable=True),)
DIRECTORY_OBJECTS: Final = "https://graph.microsoft.com/v1.0/directoryObjects/"
"""What an owner is named by: an absolute URL whose id counts."""
_REFERENCE_LAG: Final = (*wire.APPLICATION_LAG, wire.NOT_A_REFERENCE)


def reads(view: View) -> Iterable[Read]:
    """Ask for the owners of applications that declare some, and of adopted ones."""
    for app, thing in credentials.applications(view):
        if _declares(view, app) or known.is_adopted(view, app):
            path = f"/applications/{thing.body['id']}/owners?$select=id"
            yield Read(_key(app), path, many=True)


def match(view: View) -> Matched:
    """Match by object id; where owners are declared, others are extras."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, _thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        if answer is None or not _declares(view, app):
            continue
        wanted = {known.value(view, d.body.get("id")): d.address for d in declared.get(app, ())}
        for item in answer.items:
            identity = known.text(item, "id")
            name = principals.key_of(view, identity) or identity
            address = wanted.get(identity) or credentials.child(KIND.name, app, name)
            # Declared owners are exact whoever made the application, so an extra one goes.
            objects.append(LiveObject(address, item, Ownership.CREATED))
    return Matched(tuple(objects))


def requests(work: Work) -> tuple[Request, ...]:
    """Add or remove the reference; both may be repeated."""
    app = credentials.application_of(work)
    match work.step.action:
        case Action.CREATE if work.desired is not None:
            return (_add(work, app, work.desired.body),)
        case Action.DELETE if work.live is not None:
            rest = f"/owners/{work.live.body['id']}/$ref"
            return (
                Request(
                    "DELETE",
                    query.joined(credentials.path(work, app), rest),
                    tolerate=(wire.NOT_FOUND, wire.REFERENCE_ABSENT),
                    lock=app,
                ),
            )
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Leave the running identity's own ownership alone: Graph gives it to whoever creates.

    Under Application.ReadWrite.OwnedBy, and for a user without a role, it is all there is.
    """
    if work.step.action is not Action.DELETE or work.live is None:
        return
    identity = known.text(work.live.body, "id")
    if identity == view.principal.object_id:
        app = credentials.application_of(work)
        reason = f"the signed-in identity owns {app}, and the manifest does not say so"
        yield Hold("self", reason, aside=True)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the owners of adopted applications that declare none."""
    for app, _thing in credentials.applications(view):
        answer = view.answers.get(_key(app))
        if answer is None or _declares(view, app) or not known.is_adopted(view, app):
            continue
        ids = sorted(known.text(item, "id") for item in answer.items)
        names = [principals.key_of(view, identity) or identity for identity in ids]
        if names:
            yield Unmanaged(app, "owners", [*names])


def _add(work: Work, app: Address, body: Mapping[str, Value]) -> Request:
    owner = body["id"]
    reference: Value = (
        Template((DIRECTORY_OBJECTS, owner))
        if isinstance(owner, Ref)
        else f"{DIRECTORY_OBJECTS}{owner}"
    )
    return Request(
        "POST",
        query.joined(credentials.path(work, app), "/owners/$ref"),
        body={"@odata.id": reference},
        transient=_REFERENCE_LAG,
        tolerate=(wire.REFERENCE_EXISTS,),
        lock=app,
        touches=(owner.address,) if isinstance(owner, Ref) else (),
    )


def _declares(view: View, app: Address) -> bool:
    desired = view.wanted.get(app)
    declared = desired.settings.get("declared") if desired else None
    named = isinstance(declared, list) and "owners" in declared
    return named or any(d.parent == app for d in view.desired)


def _key(app: Address) -> str:
    return f"{app}:owners"


KIND = Kind(
    name="application_owner",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    requests=requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS, granted.READ_DIRECTORY),
    transient=wire.CONCURRENCY,
)
