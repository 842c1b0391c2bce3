"""What to read to find the manifest's applications. Pure; sends nothing.

One list by our tag finds all that we made, however many applications the tenant has. Only entries
that it does not show are looked up one by one, and the soft-deleted are listed once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.core.kind import Matched, View
from provisioning.core.model import Address, Desired, Finding, LiveObject, Ownership, Severity
from provisioning.core.request import Read
from provisioning.kinds import granted, known, marks, query, wire
from provisioning.kinds.application import fields, ladder

PAGE: Final = "&$top=999"
_DELETED = "directory/deletedItems/microsoft.graph.application"


def select(view: View) -> tuple[str, ...]:
    """Name the properties to read: every field's, the rare ones only where a manifest names them.

    `keyCredentials` costs a share of 150 reads a minute and tenant; a list costs it once.
    """
    named = {name for desired in view.desired for name in desired.body}
    tops = dict.fromkeys(field.path.split(".", 1)[0] for field in fields.FIELDS)
    return (
        *fields.IDENTITY,
        *(name for name in tops if name not in fields.RARE or name in named),
    )


def reads(view: View) -> Iterable[Read]:
    """Ask for our applications, then for what the list did not show."""
    properties = select(view)
    for name in view.owner.names:
        path = query.containing("applications", "tags", marks.owner(name), properties)
        yield Read(ladder.listing(name), path + PAGE, many=True, tolerate=(wire.UNSUPPORTED_QUERY,))
    if any(ladder.listing(name) not in view.answers for name in view.owner.names):
        return
    missing = False
    yield from _owners_of_deleted(view)
    ours = ladder.marked(view)
    for desired in view.desired:
        step = ladder.climb(view, desired, ours)
        if step.found is None and step.finding is None:
            yield from _look_ups(view, desired, properties)
            # A fresh tenant saves a round; what is adopted is likely to be found by its rung.
            fresh = ladder.adoption(desired) is None
            missing = missing or fresh or _exhausted(view, desired)
        yield from _assignments(view, desired)
    if missing:
        selected = f"{','.join(properties)},deletedDateTime"
        path = f"/{_DELETED}?$select={selected}{PAGE}"
        yield Read(ladder.DELETED, path, many=True, needs=(granted.READ_DELETED,))


def match(view: View) -> Matched:
    """Tell which application is which entry, and which of ours no entry names any more."""
    objects: list[LiveObject] = []
    findings: list[Finding] = list(_refused_lists(view))
    ours = ladder.marked(view)
    for desired in view.desired:
        step = ladder.climb(view, desired, ours)
        objects += [step.found] if step.found else []
        findings += [step.finding] if step.finding else []
    claimed = {key for desired in view.desired for key in ladder.keys(desired)}
    for key, bodies in ours.items():
        if key not in claimed:
            address = known.application(key)
            objects += (LiveObject(address, body, Ownership.CREATED) for body in bodies)
    return Matched(tuple(objects), tuple(findings))


def assigned_to(service_principal: LiveObject) -> Read:
    """Ask who has an app role of an application."""
    identity = known.text(service_principal.body, "id")
    path = f"/servicePrincipals/{identity}/appRoleAssignedTo"
    return Read(f"{path}", path, many=True)


def _look_ups(view: View, desired: Desired, properties: Iterable[str]) -> Iterable[Read]:
    selected = tuple(properties)
    unique_name = ladder.unique_name(desired)
    yield Read(
        ladder.rung(desired, "uniqueName"),
        query.by_key("applications", "uniqueName", unique_name, selected),
        tolerate=(wire.KEY_REFUSED,),
    )
    yield from _adoption(view, desired, selected)
    if ladder.refuses_unique_name(view, desired):
        name = known.text(desired.body, "displayName")
        path = query.equal("applications", "displayName", name, selected)
        yield Read(ladder.rung(desired, "displayName"), path, many=True)


def _adoption(view: View, desired: Desired, selected: tuple[str, ...]) -> Iterable[Read]:
    adopt = ladder.adoption(desired)
    if adopt is None:
        return
    key = ladder.rung(desired, "adopt")
    match adopt:
        case ("identifierUri", uri):
            path = query.containing("applications", "identifierUris", uri, selected)
            yield Read(key, path, many=True)
        case ("displayName", name):
            yield Read(key, query.equal("applications", "displayName", name, selected), many=True)
        case (name, value):
            path = query.by_key("applications", name, value, selected)
            yield Read(key, path, tolerate=(wire.KEY_REFUSED,))
    if desired.settings.get("backfill"):
        tag = marks.adopted(view.owner.name, desired.address.key)
        path = query.containing("applications", "tags", tag, selected)
        yield Read(
            ladder.rung(desired, "adoptedMark"),
            path,
            many=True,
            tolerate=(wire.UNSUPPORTED_QUERY,),
        )


def _owners_of_deleted(view: View) -> Iterable[Read]:
    """Ask who would own an application again that came back; where that is refused, nobody tells.

    The list takes the query options of its cast (directory-deleteditems-list); a page of holders
    only, since expanding the whole list would cost.
    """
    for desired in view.desired:
        thing = view.objects.get(desired.address)
        if thing is not None and thing.deleted:
            app_id = query.literal(known.text(thing.body, "appId"))
            options = f"$filter=appId%20eq%20{app_id}&$select=id,appId&$expand=owners"
            path = f"/{_DELETED}?{options}"
            key = ladder.owners(desired)
            yield Read(key, path, many=True, tolerate=(wire.REFUSED,))


def _exhausted(view: View, desired: Desired) -> bool:
    """Whether every look-up of an entry was answered without finding it."""
    names = ["uniqueName"]
    names += ["adopt"] if ladder.adoption(desired) else []
    names += ["displayName"] if ladder.refuses_unique_name(view, desired) else []
    return all(ladder.rung(desired, name) in view.answers for name in names)


def _assignments(view: View, desired: Desired) -> Iterable[Read]:
    """Ask for the assignments of an application that is about to lose an app role."""
    principal = known.live(view, known.service_principal(desired.address.key))
    live = known.live(view, desired.address)
    if principal is not None and live is not None and leaving_roles(desired, live):
        yield assigned_to(principal)


def leaving_roles(desired: Desired, live: LiveObject) -> tuple[str, ...]:
    """Return the ids of the living app roles that the entry does not keep."""
    exact = live.ownership is Ownership.CREATED or fields.ROLES in desired.body
    if not exact or fields.ROLES in (*desired.lifecycle.include, *desired.lifecycle.ignore):
        return ()
    kept = known.items(desired.body, fields.ROLES)
    ids, values = ({str(role.get(name)) for role in kept} for name in ("id", "value"))
    return tuple(
        str(role.get("id"))
        for role in known.items(live.body, fields.ROLES)
        if str(role.get("id")) not in ids and str(role.get("value")) not in values
    )


def _refused_lists(view: View) -> Iterable[Finding]:
    for name in view.owner.names:
        answer = view.answers.get(ladder.listing(name))
        if answer is not None and not answer.found:
            yield Finding(
                "tags-not-listed",
                "the tenant refuses to list applications by tag, so applications that the "
                "manifest no longer names can't be found",
                "delete those by hand; the declared ones are looked up one by one",
                Severity.WARNING,
                address=_first(view),
            )


def _first(view: View) -> Address | None:
    return view.desired[0].address if view.desired else None
