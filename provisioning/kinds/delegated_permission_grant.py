"""Delegated permission grant: tenant-wide admin consent to the scopes of one API.

https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant (v1.0, which has no expiry).
Graph joins the scopes in one string; bodies here hold a sorted list. Consent that users gave for
themselves (`consentType: Principal`) is never read into the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Compare, Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    Json,
    LiveObject,
    Ownership,
    Ref,
    Template,
    Value,
)
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import granted, known, principals, wire
from provisioning.kinds.sections import grant as section

FIELDS: Final = (
    Field("clientId", immutable=True),
    Field("resourceId", immutable=True),
    Field("consentType", immutable=True),
    Field("scope", Compare.SET),
)
_LAG: Final = (*wire.APPLICATION_LAG, wire.NOT_A_REFERENCE)


def reads(view: View) -> Iterable[Read]:
    """Ask for the grants of each client; where nothing rests on them they only inform."""
    declared = {desired.parent for desired in view.desired}
    for app, principal in principals.clients(view):
        needed = known.is_created(view, app) or app in declared
        identity = known.text(principal.body, "id")
        tolerate = () if needed else (wire.DENIED,)
        yield Read(_key(identity), _path(identity), many=True, tolerate=tolerate)
        yield from principals.graph_reads(view)


def match(view: View) -> Matched:
    """Match by client, resource and consent type; others of a client that we made are extras."""
    objects: list[LiveObject] = []
    named = {
        (desired.parent, known.value(view, desired.body.get("resourceId"))): desired.address
        for desired in view.desired
    }
    for app, principal in principals.clients(view):
        answer = view.answers.get(_key(known.text(principal.body, "id")))
        for grant in answer.items if answer else ():
            if grant.get("consentType") != "AllPrincipals":
                continue
            resource = known.text(grant, "resourceId")
            address = named.get((app, resource)) or _address(view, app, grant)
            if principals.owns_extras(view, app) or address in view.wanted:
                objects.append(LiveObject(address, _decoded(grant), _ownership(view, app)))
    return Matched(tuple(objects))


def adjust(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Keep living scopes where the application's lifecycle says that they are additive."""
    wanted, now = desired.body.get("scope"), live.body.get("scope") if live else None
    additive = principals.is_additive(view, desired.parent)
    if not additive or not isinstance(wanted, list) or not isinstance(now, list):
        return desired
    union = {str(scope) for scope in [*wanted, *now]}
    return replace(desired, body={**desired.body, "scope": [*sorted(union)]})


def requests(work: Work) -> tuple[Request, ...]:
    """Create, overwrite the scopes, or withdraw."""
    live, desired = work.live, work.desired
    match work.step.action:
        case Action.CREATE if desired is not None:
            return (_create(work, desired.body),)
        case Action.UPDATE if live is not None:
            path = f"/oauth2PermissionGrants/{live.body['id']}"
            return (_overwrite(path, work.patch["scope"]),)
        case Action.DELETE if live is not None:
            path = f"/oauth2PermissionGrants/{live.body['id']}"
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,)),)
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold less consent for applications that we did not make, and for the running identity."""
    lost = _lost(work)
    if work.live is None or not lost:
        return
    app = principals.client_of(work)
    if known.is_self(view, app):
        yield Hold("self", f"the signed-in application would lose {', '.join(lost)}")
    if not known.is_created(view, app):
        yield Hold("narrow-consent", f"{app} is not ours and would lose {', '.join(lost)}")


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the tenant-wide consent of adopted applications that the manifest does not name."""
    for app, principal in principals.clients(view):
        answer = view.answers.get(_key(known.text(principal.body, "id")))
        if answer is None or not known.is_adopted(view, app):
            continue
        named = {
            known.value(view, d.body.get("resourceId")) for d in view.desired if d.parent == app
        }
        left = {
            f"{_resource(view, grant)}: {' '.join(sorted(known.text(grant, 'scope').split()))}"
            for grant in answer.items
            if grant.get("consentType") == "AllPrincipals" and grant.get("resourceId") not in named
        }
        if left:
            yield Unmanaged(app, "oauth2PermissionGrants", [*sorted(left)])


def findings(view: View) -> Iterable[Finding]:
    """Say where the consent of an adopted application could not be read."""
    for app, principal in principals.clients(view):
        identity = known.text(principal.body, "id")
        if principals.is_unread(view, app, _key(identity)):
            yield principals.unread(app, "delegated consent", granted.READ_GRANTS)


def _create(work: Work, body: Mapping[str, Value]) -> Request:
    client, resource = body["clientId"], body["resourceId"]
    others = tuple(ref.address for ref in (client, resource) if isinstance(ref, Ref))
    lookup = Template(("/oauth2PermissionGrants?$filter=clientId%20eq%20'", *_part(client), "'"))
    own = Template(("/oauth2PermissionGrants/", Ref(work.step.address)))
    return Request(
        "POST",
        "/oauth2PermissionGrants",
        body={**body, "scope": _joined(body["scope"])},
        captures=True,
        transient=_LAG,
        touches=others,
        alternatives=(
            Alternative(
                when=wire.SAME_KEY,
                lookup=(Read("client", lookup, many=True),),
                proof=(("resourceId", resource), ("consentType", "AllPrincipals")),
                then=(_overwrite(own, body["scope"]),),
                otherwise="Graph says that this consent exists, but shows another one.",
            ),
        ),
    )


def _overwrite(path: str | Template, scope: Value) -> Request:
    return Request("PATCH", path, body={"scope": _joined(scope)}, transient=_LAG)


def _joined(scope: Value) -> str:
    return " ".join(str(name) for name in scope) if isinstance(scope, list) else str(scope or "")


def _part(value: Value) -> tuple[str | Ref, ...]:
    return (value,) if isinstance(value, str | Ref) else ()


def _decoded(grant: Mapping[str, Json]) -> dict[str, Json]:
    return {**grant, "scope": [*sorted(known.text(grant, "scope").split())]}


def _lost(work: Work) -> tuple[str, ...]:
    now = work.live.body.get("scope") if work.live else None
    kept = work.patch.get("scope") if work.step.action is Action.UPDATE else []
    if not isinstance(now, list) or not isinstance(kept, list):
        return ()
    return tuple(str(scope) for scope in now if scope not in kept)


def _address(view: View, app: Address, grant: Mapping[str, Json]) -> Address:
    """Name a grant that the manifest does not know after its resource."""
    return Address("delegated_permission_grant", f"{app.key}.{_resource(view, grant)}")


def _resource(view: View, grant: Mapping[str, Json]) -> str:
    identity = known.text(grant, "resourceId")
    return principals.key_of(view, identity) or identity


def _ownership(view: View, app: Address) -> Ownership:
    thing = known.live(view, app)
    return thing.ownership if thing else Ownership.ADOPTED


def _key(identity: str) -> str:
    return f"oauth2PermissionGrants:{identity}"


def _path(identity: str) -> str:
    return f"/oauth2PermissionGrants?$filter=clientId%20eq%20'{identity}'"


KIND = Kind(
    name="delegated_permission_grant",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    adjust=adjust,
    requests=requests,
    guards=guards,
    findings=findings,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_GRANTS,),
    write_permissions=(granted.WRITE_GRANTS,),
    transient=wire.CONCURRENCY,
)
