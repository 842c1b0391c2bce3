"""Service principal: an application's presence in the tenant; sign-in and consent need it.

https://learn.microsoft.com/graph/api/resources/serviceprincipal. Ours when its application is
ours and it belongs to this tenant: application tags also show on service principals elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Compare, Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import Address, Desired, LiveObject, Ownership, Ref, Template
from provisioning.core.paths import nest
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import granted, known, marks, query, wire
from provisioning.kinds.sections import service_principal as section

FIELDS: Final = (
    Field("appId", immutable=True),
    Field("accountEnabled"),
    Field("appRoleAssignmentRequired"),
    Field("description"),
    Field("notes"),
    Field("loginUrl"),
    Field("preferredSingleSignOnMode"),
    Field("tags", Compare.SET),
    Field("alternativeNames", Compare.SET),
    Field("notificationEmailAddresses", Compare.SET),
)
_SELECT: Final = (
    "id",
    "displayName",
    "appOwnerOrganizationId",
    "servicePrincipalType",
    *(field.path for field in FIELDS),
)
_LAG: Final = (
    *wire.APPLICATION_LAG,
    wire.NO_BACKING_APPLICATION,
    wire.BACKING_APPLICATION_TEXT,
)


def reads(view: View) -> Iterable[Read]:
    """Ask for the service principal of every application that the manifest names."""
    for address in view.wanted:
        app = known.live(view, address) if address.kind == "application" else None
        if app is not None:
            path = query.by_key("servicePrincipals", "appId", str(app.body["appId"]), _SELECT)
            yield Read(_key(address), path)


def match(view: View) -> Matched:
    """A service principal has its application's key and ownership."""
    objects = []
    for address in view.wanted:
        app = known.live(view, address) if address.kind == "application" else None
        answer = view.answers.get(_key(address))
        if app is None or answer is None or not answer.object:
            continue
        mirror = known.service_principal(address.key)
        local = _is_local(view, answer.object.get("appOwnerOrganizationId"))
        ownership = app.ownership if local else Ownership.ADOPTED
        objects.append(LiveObject(mirror, answer.object, ownership))
    return Matched(tuple(objects))


def adjust(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Keep the tags that the application lends to its service principal."""
    written = desired.body.get("tags")
    if live is None or not isinstance(written, list):
        return desired
    app = known.live(view, known.application(desired.address.key))
    lent = set(marks.tags(app.body)) if app is not None else set()
    kept = [t for t in marks.tags(live.body) if t in lent or marks.is_mark(t)]
    return replace(desired, body={**desired.body, "tags": list(dict.fromkeys([*written, *kept]))})


def requests(work: Work) -> tuple[Request, ...]:
    """Create by appId, change in place, delete softly."""
    app = known.application(work.step.address.key)
    match work.step.action:
        case Action.CREATE:
            return (_create(work, app),)
        case Action.UPDATE if work.live is not None:
            return (_change(work, app, f"/servicePrincipals/{work.live.body['id']}"),)
        case Action.DELETE if work.live is not None:
            path = f"/servicePrincipals/{work.live.body['id']}"
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,), touches=(app,)),)
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold what would lock the running identity out."""
    if not known.is_self(view, work.step.address):
        return
    if work.step.action is Action.DELETE:
        yield Hold("self", "it is the service principal that is signed in")
    elif work.patch.get("accountEnabled") is False:
        yield Hold("self", "the signed-in service principal would disable itself")


def _create(work: Work, app: Address) -> Request:
    own = Template(("/servicePrincipals/", Ref(work.step.address)))
    by_app_id = Template(
        ("/servicePrincipals(appId='", Ref(app, "appId"), f"')?$select={','.join(_SELECT)}")
    )
    more = replace(work, patch={k: v for k, v in work.patch.items() if k != "appId"})
    return Request(
        "POST",
        "/servicePrincipals",
        body=nest(work.patch),  # type: ignore[arg-type]
        captures=True,
        transient=_LAG,
        touches=(app,),
        alternatives=(
            Alternative(
                when=wire.SAME_KEY,
                lookup=(Read("appId", by_app_id),),
                proof=(("appId", Ref(app, "appId")),),
                then=(_change(more, app, own),) if more.patch else (),
                otherwise="Another service principal uses this appId or one of its names.",
            ),
        ),
    )


def _change(work: Work, app: Address, path: str | Template) -> Request:
    body = nest(work.patch)
    return Request("PATCH", path, body=body, transient=_LAG, touches=(app,))  # type: ignore[arg-type]


def _key(app: Address) -> str:
    return f"{known.service_principal(app.key)}"


def _is_local(view: View, organization: object) -> bool:
    tenant = view.tenant.id or view.principal.tenant_id
    return organization is None or tenant is None or str(organization).lower() == tenant.lower()


KIND = Kind(
    name="service_principal",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    adjust=adjust,
    requests=requests,
    guards=guards,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
    prunable=True,
    follows=True,
)
