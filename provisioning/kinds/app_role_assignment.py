"""App role assignment: who has an app role; for a service principal, an application permission.

https://learn.microsoft.com/graph/api/resources/approleassignment. It is what identifies it:
principal, resource and role; there is nothing to update. Two lists show it, the principal's
(`appRoleAssignments`) and the resource's (`appRoleAssignedTo`).

Exact are the application permissions of applications that we made, and the people and groups of a
service principal whose `assignments` are declared. What a foreign application may do on ours is
that application's consent, and is left alone. What becomes of a key that is gone is told by
`role_members`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core import paths
from provisioning.core.kind import Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    Json,
    LiveObject,
    Ownership,
    Ref,
    Value,
)
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import (
    granted,
    known,
    permission_names,
    principals,
    query,
    role_members,
    wire,
)
from provisioning.kinds.application import reads as application_reads
from provisioning.kinds.sections import app_role_assignment as section

FIELDS: Final = (
    Field("principalId", immutable=True),
    Field("resourceId", immutable=True),
    Field("appRoleId", immutable=True),
)
_IDENTITY: Final = tuple(field.path for field in FIELDS)
_LAG: Final = (*wire.APPLICATION_LAG, wire.NOT_A_REFERENCE, wire.ROLE_NOT_THERE)


def reads(view: View) -> Iterable[Read]:
    """Ask each client for its permissions, and each resource with declared assignments."""
    clients = {d.parent for d in view.desired if _declared_by(d) == "permissions"}
    for app, principal in principals.clients(view):
        needed = known.is_created(view, app) or app in clients
        held = _held_by(principal)
        yield held if needed else replace(held, tolerate=(wire.DENIED,))
        yield from _names(view, app, held)
        if role_members.is_exact(view, app):
            yield application_reads.assigned_to(principal)


def _names(view: View, app: Address, held: Read) -> Iterable[Read]:
    """Ask for the name of a role that goes, so that its step is called as it was when it came."""
    answer = view.answers.get(held.key)
    for item in answer.items if answer and principals.owns_extras(view, app) else ():
        resource = known.text(item, "resourceId")
        if principals.is_unnamed_graph(view, resource):
            yield principals.graph_roles(resource)


def match(view: View) -> Matched:
    """Match by principal, resource and role; then name what nobody declares."""
    wanted = {
        identity: desired.address
        for desired in view.desired
        if (identity := _identity(view, desired)) is not None
    }
    found: dict[str, LiveObject] = {}
    for app, item, exact in _listed(view):
        address = wanted.get(tuple(known.text(item, name) for name in _IDENTITY))
        key = known.text(item, "id")
        if address is not None:
            desired = view.wanted[address]
            found[key] = LiveObject(address, item, _ownership(view, desired.parent))
        elif exact and key not in found:
            found[key] = LiveObject(_address(view, item), item, _ownership(view, app))
    return Matched(tuple(role_members.in_order(view, found.values())))


def requests(work: Work) -> tuple[Request, ...]:
    """Assign on the resource's side, as Microsoft recommends, or withdraw there."""
    match work.step.action:
        case Action.CREATE if work.desired is not None:
            return (_assign(work.desired.body),)
        case Action.DELETE if work.live is not None:
            resource, identity = work.live.body["resourceId"], work.live.body["id"]
            path = f"/servicePrincipals/{resource}/appRoleAssignedTo/{identity}"
            return (
                Request("DELETE", path, tolerate=(wire.NOT_FOUND,)),
                *role_members.unmark(work, work.live),
            )
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the loss of permissions of the running identity and of applications not ours."""
    if work.step.action is not Action.DELETE or work.live is None:
        return
    holder = known.text(work.live.body, "principalId")
    own = view.principal.object_id
    app = next((a for a, p in principals.clients(view) if p.body.get("id") == holder), None)
    if holder == own or known.is_self(view, app):
        yield Hold("self", "the signed-in identity would lose this permission")
    if app is not None and not known.is_created(view, app):
        yield Hold("narrow-consent", f"{app} is not ours and would lose this permission")


def findings(view: View) -> Iterable[Finding]:
    """Report roles that their resource does not know; those of `permissions` are told there."""
    for desired in view.desired:
        if _declared_by(desired) == "assignments":
            yield from permission_names.unknown(view, desired)
    for app, principal in principals.clients(view):
        if principals.is_unread(view, app, _held_by(principal).key):
            yield principals.unread(app, "application permissions", granted.READ_APPLICATIONS)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the application permissions of adopted applications that the manifest does not name."""
    wanted = {_identity(view, desired) for desired in view.desired}
    for app, principal in principals.clients(view):
        answer = view.answers.get(_held_by(principal).key)
        left = {
            f"{_resource(view, item)}: {_role(view, item) or item.get('appRoleId')}"
            for item in (answer.items if answer else ())
            if tuple(known.text(item, name) for name in _IDENTITY) not in wanted
        }
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, "appRoleAssignments", [*sorted(left)])


def _assign(body: Mapping[str, Value]) -> Request:
    principal, resource, role = (body[name] for name in _IDENTITY)
    others = {ref.address for ref in (principal, resource, role) if isinstance(ref, Ref)}
    path = query.below("/servicePrincipals/", resource, "/appRoleAssignedTo")
    exists = tuple(
        Alternative(
            when=when,
            lookup=(Read("assignedTo", path, many=True),),
            proof=(("principalId", principal), ("appRoleId", role)),
            otherwise="Graph says that this assignment exists, but does not list it.",
        )
        for when in (*wire.ALREADY_ASSIGNED, wire.SAME_KEY)
    )
    return Request(
        "POST",
        path,
        body={"principalId": principal, "resourceId": resource, "appRoleId": role},
        captures=True,
        transient=_LAG,
        touches=tuple(sorted(others)),
        alternatives=exists,
    )


def _listed(view: View) -> Iterable[tuple[Address, dict[str, Json], bool]]:
    """Yield every assignment that was read: (application, assignment, exact there)."""
    for app, principal in principals.clients(view):
        held = view.answers.get(_held_by(principal).key)
        for item in held.items if held else ():
            yield app, item, principals.owns_extras(view, app)
        given = view.answers.get(application_reads.assigned_to(principal).key)
        for item in given.items if given and role_members.is_exact(view, app) else ():
            yield app, item, role_members.is_person(item) and known.is_created(view, app)


def _held_by(principal: LiveObject) -> Read:
    path = f"/servicePrincipals/{principal.body['id']}/appRoleAssignments"
    return Read(path, path, many=True)


def _identity(view: View, desired: Desired) -> tuple[str, ...] | None:
    """Return (principal, resource, role) ids; None while one of them is not in the tenant."""
    found = [known.value(view, desired.body.get(name)) for name in _IDENTITY]
    ids = tuple(value for value in found if value is not None)
    return ids if len(ids) == len(_IDENTITY) else None


def _address(view: View, item: Mapping[str, Json]) -> Address:
    """Name an assignment that no entry declares after what the manifest knows of it."""
    holder, resource, role = (known.text(item, name) for name in _IDENTITY)
    name = principals.key_of(view, resource)
    parts = (principals.key_of(view, holder) or holder, name or resource, _role(view, item) or role)
    return Address("app_role_assignment", ".".join(parts))


def _resource(view: View, item: Mapping[str, Json]) -> str:
    """Name the API for a reader."""
    identity, name = known.text(item, "resourceId"), known.text(item, "resourceDisplayName")
    return principals.key_of(view, identity) or name or identity


def _role(view: View, item: Mapping[str, Json]) -> str | None:
    resource, role = known.text(item, "resourceId"), known.text(item, "appRoleId")
    for address, thing in view.objects.items():
        if thing.deleted or thing.body.get("id") != resource:
            continue
        app = known.live(view, known.application(address.key))
        for body in (thing.body, app.body if app else {}):
            value = paths.select(body, f"appRoles[id={role}].value")
            if isinstance(value, str):
                return value
    is_graph = principals.is_unnamed_graph(view, resource)
    answer = view.answers.get(principals.graph_roles(resource).key) if is_graph else None
    known_roles = known.items(answer.object, "appRoles") if answer else ()
    found = (item.get("value") for item in known_roles if item.get("id") == role)
    return next((value for value in found if isinstance(value, str)), None)


def _ownership(view: View, app: Address | None) -> Ownership:
    return Ownership.CREATED if known.is_created(view, app) else Ownership.ADOPTED


def _declared_by(desired: Desired) -> str:
    return known.text(desired.settings, "declaredBy")


KIND = Kind(
    name="app_role_assignment",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    requests=requests,
    guards=guards,
    findings=findings,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_ASSIGNMENTS,),
    write_permissions=(granted.WRITE_ASSIGNMENTS, granted.READ_APPLICATIONS),
    transient=wire.CONCURRENCY,
)
