"""Service principals by application and by object id, as far as observed. Must not send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.core.kind import View, Work
from provisioning.core.model import Address, Finding, LiveObject, Severity
from provisioning.core.request import Permission, Read
from provisioning.kinds import granted, known, query
from provisioning.kinds.sections import shapes

_GRAPH: Final = Address("existing", shapes.MICROSOFT_GRAPH)


def clients(view: View | Work) -> Iterator[tuple[Address, LiveObject]]:
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
    return _GRAPH.key if is_unnamed_graph(view, identity) else None


def graph_reads(view: View) -> Iterable[Read]:
    """Ask which service principal is Microsoft Graph's where the manifest does not name it."""
    if _GRAPH not in view.wanted:
        path = query.by_key("servicePrincipals", "appId", shapes.MICROSOFT_GRAPH_APP_ID, ("id",))
        yield Read(f"{_GRAPH}:id", path, needs=(granted.READ_APPLICATIONS,))


def is_unnamed_graph(view: View, identity: str) -> bool:
    """Whether an object id is that of Microsoft Graph, which the manifest does not name."""
    answer = view.answers.get(f"{_GRAPH}:id")
    return answer is not None and answer.object.get("id") == identity


def graph_roles(identity: str) -> Read:
    """Ask for the names of Microsoft Graph's app roles: hundreds, so only where one is to go."""
    return Read(
        f"{_GRAPH}:appRoles", query.by_id("servicePrincipals", identity, ("id", "appRoles"))
    )


def is_unread(view: View, app: Address, key: str) -> bool:
    """Whether permissions did not cover a read that only informs about an adopted application."""
    answer = view.answers.get(key)
    return answer is not None and answer.status == 403 and known.is_adopted(view, app)


def unread(app: Address, what: str, needed: Permission) -> Finding:
    """Say what the list of unmanaged settings can't tell."""
    return Finding(
        "not-read",
        f"{app} is adopted, and its {what} can't be read by the signed-in identity",
        f"grant {needed.any_of[0]} to see it among what is live and not managed",
        Severity.INFO,
        address=app,
    )


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
