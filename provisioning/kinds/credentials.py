"""What passwords, certificates, federated credentials and owners share: their application. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from provisioning.core.kind import Hold, View, Work
from provisioning.core.model import Address, Desired, LiveObject, Ref, Template
from provisioning.core.plan import Action
from provisioning.kinds import known, query

_KEY: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def applications(view: View) -> Iterator[tuple[Address, LiveObject]]:
    """Yield the living applications that the manifest names."""
    for address in view.wanted:
        thing = known.live(view, address) if address.kind == "application" else None
        if thing is not None:
            yield address, thing


def declared(view: View) -> Mapping[Address, tuple[Desired, ...]]:
    """Return what the manifest declares of the kind that is asked, by application."""
    found: dict[Address, tuple[Desired, ...]] = {}
    for desired in view.desired:
        if desired.parent is not None:
            found[desired.parent] = (*found.get(desired.parent, ()), desired)
    return found


def child(kind: str, app: Address, name: str) -> Address:
    """Name a child of an application."""
    return Address(kind, f"{app.key}.{name}")


def undeclared(view: View, kind: str, app: Address, names: tuple[str, str]) -> Address:
    """Name a child that no line declares: by its name, where that can be its key, else by its id.

    So what goes has the address that it came with, unless a line has taken that over.
    """
    name, identity = names
    address = child(kind, app, name)
    free = _KEY.fullmatch(name) is not None and address not in view.wanted
    return address if free else child(kind, app, identity)


def application_of(work: Work) -> Address:
    """Return the application of a step's object."""
    if work.desired is not None and work.desired.parent is not None:
        return work.desired.parent
    return known.application(work.step.address.key.partition(".")[0])


def path(work: Work, app: Address) -> str | Template:
    """Spell the path of an application: by its id where known, else by reference."""
    thing = known.live(work, app)
    identity = known.plain(thing.body, "id") if thing else Ref(app)
    return query.below("/applications/", identity, "")


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the removal of a foreign credential, and of one of the running identity's own."""
    if work.step.action is not Action.DELETE:
        return
    if known.is_self(view, application_of(work)):
        yield Hold("self", "the signed-in application would lose this credential")
    if work.live is not None and work.live.foreign:
        yield Hold("credential", "somebody else added this credential")
