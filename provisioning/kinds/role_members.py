"""Whose list of role holders is exact: `servicePrincipal.assignments`, and its mark. Pure.

An assignment has no place for a mark, and administrators assign people in the portal. So an
application that we made is marked while the manifest declares its `assignments`. When the whole
key goes, the mark tells that those who are left were declared; the last of them takes it back.
Without the mark nobody's assignment is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisioning.core.kind import View, Work
from provisioning.core.model import Address, Json, LiveObject, Ownership
from provisioning.core.request import Append, Request
from provisioning.kinds import known, marks, principals, wire


def is_person(assignment: Mapping[str, Json]) -> bool:
    """Whether the holder is a user or a group; service principals have permissions instead."""
    return assignment.get("principalType") in {"User", "Group"}


def is_declared(view: View | Work, app: Address) -> bool:
    """Whether the manifest says who has the roles of an application, be it nobody."""
    desired = view.wanted.get(known.service_principal(app.key))
    declared = desired.settings.get("declared") if desired else None
    return isinstance(declared, list) and "assignments" in declared


def is_exact(view: View | Work, app: Address) -> bool:
    """Whether the manifest says so, or did when it was applied last."""
    return is_declared(view, app) or _is_marked(view, app)


def needs_mark(view: View, app: Address) -> bool:
    """Whether an application is to carry the mark.

    It outlives the lines until the last holder is gone: a run that ended early forgets nobody.
    """
    if is_declared(view, app):
        return True
    if _is_marked(view, app, deleted=True):
        return True
    principal = known.live(view, known.service_principal(app.key))
    if principal is None or not _is_marked(view, app):
        return False
    resource = principal.body.get("id")
    return any(
        is_assignment(one.address)
        and one.address not in view.wanted
        and one.body.get("resourceId") == resource
        for one in view.objects.values()
    )


def is_assignment(address: Address) -> bool:
    """Whether an object says who has an app role."""
    return address.kind == "app_role_assignment"


def in_order(view: View, found: Iterable[LiveObject]) -> Iterable[LiveObject]:
    """Let one of those that go with a whole key wait for the others: it takes the mark back.

    That of the signed-in identity, if there is one: a guard holds it.
    """
    ending = _ending(view)
    going: dict[Address, list[LiveObject]] = {}
    for thing in found:
        app = ending.get(known.text(thing.body, "resourceId"))
        if app is not None and thing.address not in view.wanted and is_person(thing.body):
            going.setdefault(app, []).append(thing)
        else:
            yield thing
    own = view.principal.object_id
    for things in going.values():
        things.sort(key=lambda one: (one.body.get("principalId") == own, one.address))
        *others, last = things
        yield from (replace(one, needs=(last.address,)) for one in others)
        yield last


def unmark(work: Work, live: LiveObject) -> tuple[Request, ...]:
    """Take the mark back with the last assignment of a key that is gone."""
    app = _ending(work).get(known.text(live.body, "resourceId"))
    thing = known.live(work, app)
    if app is None or thing is None or live.needs or not is_person(live.body):
        return ()
    return (
        Request(
            "PATCH",
            f"/applications/{thing.body['id']}",
            append=Append("tags", drop=(marks.ASSIGNMENTS,)),
            transient=wire.APPLICATION_LAG,
            lock=app,
            paced=known.is_personal(work, app),
        ),
    )


def _ending(view: View | Work) -> dict[str, Address]:
    """Return the marked applications whose key is gone, by the id of their service principal."""
    return {
        known.text(principal.body, "id"): app
        for app, principal in principals.clients(view)
        if _is_marked(view, app) and not is_declared(view, app)
    }


def _is_marked(view: View | Work, app: Address, *, deleted: bool = False) -> bool:
    thing = view.objects.get(app)
    if thing is None or thing.deleted is not deleted:
        return False
    return thing.ownership is Ownership.CREATED and marks.ASSIGNMENTS in marks.tags(thing.body)
