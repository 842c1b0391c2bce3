"""What the observation says about an address. Pure look-ups; must not judge."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.core import paths
from provisioning.core.kind import View, Work
from provisioning.core.model import Address, Json, LiveObject, Ownership, Ref, Value
from provisioning.core.refs import Missing

PERSONAL = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
"""Audiences whose applications have a shadow object with slower, throttled writes."""


def live(view: View | Work, address: Address | None) -> LiveObject | None:
    """Return the living object at an address; soft-deleted ones do not count."""
    found = view.objects.get(address) if address is not None else None
    return None if found is None or found.deleted else found


def text(body: Mapping[str, object], name: str) -> str:
    """Return a property as text; empty when it is absent or null."""
    value = body.get(name)
    return "" if value is None else str(value)


def items(body: Mapping[str, object], path: str) -> tuple[dict[str, Json], ...]:
    """Return the entries of a collection of objects; empty when absent or null."""
    found = paths.select(body, path)
    if not isinstance(found, list):
        return ()
    return tuple(item for item in found if isinstance(item, dict))


def plain(body: Mapping[str, Json], name: str) -> Value:
    """Return a property for use in a request: JSON is a value without references."""
    return body.get(name)  # type: ignore[return-value]


def value(view: View | Work, wanted: Value) -> str | None:
    """Return what a text or a reference stands for in the tenant; None when not known."""
    match wanted:
        case str():
            return wanted
        case Ref():
            thing = live(view, wanted.address)
            found = paths.select(thing.body, wanted.path) if thing else None
            return None if found is None or isinstance(found, Missing) else str(found)
        case _:
            return None


def application(key: str) -> Address:
    """Return the address of an application."""
    return Address("application", key)


def service_principal(key: str) -> Address:
    """Return the address of an application's service principal."""
    return Address("service_principal", key)


def is_created(view: View | Work, address: Address | None) -> bool:
    """Whether we made the living object at an address."""
    thing = live(view, address)
    return thing is not None and thing.ownership is Ownership.CREATED


def is_adopted(view: View | Work, address: Address | None) -> bool:
    """Whether the living object at an address was there before us."""
    thing = live(view, address)
    return thing is not None and thing.ownership is Ownership.ADOPTED


def is_personal(work: Work, address: Address | None) -> bool:
    """Whether an application serves personal accounts, before or after this run."""
    thing = work.objects.get(address) if address else None
    desired = work.wanted.get(address) if address else None
    audiences = {
        thing.body.get("signInAudience") if thing else None,
        desired.body.get("signInAudience") if desired else None,
    }
    return bool(audiences & PERSONAL)


def is_self(view: View, address: Address | None) -> bool:
    """Whether an application (or its service principal) is the one that is signed in."""
    thing = live(view, address)
    own = view.principal.app_id
    return thing is not None and own is not None and thing.body.get("appId") == own
