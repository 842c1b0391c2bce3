"""Guards that an application closes on its own steps. Pure; must not open one.

`restore`, `purge`, `replace`, `deletions`, `updates` and --prune are the planner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioning.core.kind import Hold, View, Work
from provisioning.core.model import LiveObject
from provisioning.core.plan import Action
from provisioning.kinds import known, role_members
from provisioning.kinds.application import ladder, reads

EXTENSIONS_APPLICATION = "b2c-extensions-app"
"""Holds the custom attributes of every user; its display name goes on with a warning."""


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold what would hurt the tenant, the running identity or people with a role."""
    live = work.live
    if live is None or live.deleted:
        return
    yield from _protected(work, live)
    yield from _self(work, view, live)
    yield from _role_in_use(work, view, live)


def _protected(work: Work, live: LiveObject) -> Iterable[Hold]:
    name = known.text(live.body, "displayName")
    if name.startswith(EXTENSIONS_APPLICATION):
        yield Hold("protected", f"{name!r} holds the custom attributes of every user")
    destroys = work.step.action in {Action.DELETE, Action.REPLACE}
    if destroys and work.desired is not None and work.desired.lifecycle.prevent_destroy:
        yield Hold("protected", "lifecycle.preventDestroy is set")


def _self(work: Work, view: View, live: LiveObject) -> Iterable[Hold]:
    if not known.is_self(view, work.step.address):
        return
    spelled = ladder.spell(live.body)
    if work.step.action in {Action.DELETE, Action.REPLACE}:
        yield Hold("self", f"{spelled} is the application that is signed in")
    elif work.patch.get("isDisabled") is True:
        yield Hold("self", f"{spelled} is signed in and would disable itself")


def _role_in_use(work: Work, view: View, live: LiveObject) -> Iterable[Hold]:
    principal = known.live(view, known.service_principal(work.step.address.key))
    if work.desired is None or principal is None:
        return
    answer = view.answers.get(reads.assigned_to(principal).key)
    gone = set(reads.leaving_roles(work.desired, live))
    if answer is None or not gone:
        return
    used = [item for item in answer.items if item.get("appRoleId") in gone]
    leaving = {
        known.text(thing.body, "id"): address
        for address, thing in view.objects.items()
        if role_members.is_assignment(address) and address not in view.wanted
    }
    staying = [item for item in used if known.text(item, "id") not in leaving]
    if staying:
        yield Hold("role-in-use", _assigned(staying))
    elif used:
        # They go in the same plan, unless something holds them.
        lifts = tuple(sorted(leaving[known.text(item, "id")] for item in used))
        yield Hold("role-in-use", _assigned(used), unless=lifts)


def _assigned(items: Iterable[Mapping[str, object]]) -> str:
    names = sorted({known.text(item, "principalDisplayName") for item in items})
    return f"the role that goes is assigned to {', '.join(names)}"
