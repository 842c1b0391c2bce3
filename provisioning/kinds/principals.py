"""Service principals by application and by object id, as far as observed. Pure look-ups."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core.kind import View, Work
from provisioning.core.model import Address, LiveObject
from provisioning.kinds import known


def clients(view: View) -> Iterator[tuple[Address, LiveObject]]:
    """Yield each application of the manifest with its living service principal."""
    for address in view.wanted:
        if address.kind != "application" or known.live(view, address) is None:
            continue
        principal = known.live(view, known.service_principal(address.key))
        if principal is not None:
            yield address, principal


def key_of(view: View, identity: str) -> str | None:
    """Return the manifest's key for a directory object; None when it has no name for it."""
    for address, thing in view.objects.items():
        if thing.deleted or thing.body.get("id") != identity:
            continue
        if address.kind in {"service_principal", "existing"}:
            return address.key.removesuffix("/service_principal")
    return None


def client_of(work: Work) -> Address | None:
    """Return the application that a grant, assignment or credential belongs to."""
    if work.desired is not None and work.desired.parent is not None:
        return work.desired.parent
    key = work.step.address.key.split(".", 1)[0]
    return known.application(key)


def is_additive(view: View, app: Address | None) -> bool:
    """Whether `lifecycle.include` of an application keeps permissions that are not listed."""
    desired = view.wanted.get(app) if app else None
    return desired is not None and "requiredResourceAccess" in desired.lifecycle.include


def owns_extras(view: View, app: Address) -> bool:
    """Whether consent of an application that the manifest does not name has to go."""
    return known.is_created(view, app) and not is_additive(view, app)
