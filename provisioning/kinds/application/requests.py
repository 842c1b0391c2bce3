"""A step on an application -> the writes that carry it out. Pure data; must not send.

https://learn.microsoft.com/graph/api/application-post-applications, -update, -upsert, -delete and
directory-deleteditems-restore. Why one step may need several writes:

- what names the application's own appId, or closes a circle, waits until it exists;
- a pre-authorization names scopes that must be stored already;
- a scope or role can be removed only after a read shows it disabled.
"""

from __future__ import annotations

from provisioning.core.kind import Work
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Request
from provisioning.kinds import wire
from provisioning.kinds.application import creation, entitlements, identifier_uris, patches
from provisioning.kinds.application.entitlements import Phase


def requests(work: Work) -> tuple[Request, ...]:
    """Return the writes of a step, in order."""
    match work.step.action:
        case Action.CREATE if work.live is not None and work.live.deleted:
            first, *others = creation.create(work)
            return (_purge(work, first), *others)
        case Action.CREATE:
            return identifier_uris.passed(work, creation.create(work))
        case Action.RESTORE:
            return (_restore(work), *_update(work))
        case Action.UPDATE:
            return identifier_uris.passed(work, _update(work))
        case Action.DELETE:
            return (_delete(work),)
        case _:
            return ()


def _update(work: Work) -> tuple[Request, ...]:
    live = work.live
    if live is None or not work.patch:
        return ()
    first, later = patches.split(work, work.patch)
    if later and any(path.startswith("api.") for path in later):
        later = entitlements.whole_api(live.body, {**patches.api(first), **later})
    phases = (*entitlements.phases(live.body, first), Phase(later))
    return patches.phased(work, f"/applications/{live.body['id']}", phases)


def _restore(work: Work) -> Request:
    identity = work.live.body["id"] if work.live else ""
    path = f"/directory/deletedItems/{identity}/restore"
    return Request("POST", path, captures=True, paced=patches.paced(work))


def _purge(work: Work, create: Request) -> Request:
    """Purge and create as one request: what waits for the object waits for the new one."""
    identity = work.live.body["id"] if work.live else ""
    return Request(
        "DELETE",
        f"/directory/deletedItems/{identity}",
        then=lambda _answer: (create,),
        alternatives=(Alternative(wire.NOT_FOUND, then=(create,)),),
        paced=patches.paced(work),
    )


def _delete(work: Work) -> Request:
    identity = work.live.body["id"] if work.live else ""
    return Request(
        "DELETE",
        f"/applications/{identity}",
        tolerate=(wire.NOT_FOUND,),
        lock=work.step.address,
        paced=patches.paced(work),
    )
