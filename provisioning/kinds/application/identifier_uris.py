"""Identifier URIs that pass from one application of the manifest to another. Pure; must not send.

No two applications of a tenant have the same one (learn.microsoft.com/graph/api/resources/
application), so whoever takes one waits for the step that gives it up; where that step itself
waits for the taker, the taker frees it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioning.core.kind import View, Work
from provisioning.core.model import Address, Desired, Finding, LiveObject, Ownership, Value
from provisioning.core.plan import Action
from provisioning.core.request import Request
from provisioning.kinds import known, wire
from provisioning.kinds.application import patches

_FIELD = "identifierUris"


def after(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Let the applications that give up what this one takes go first."""
    givers = tuple(one for one, _ in _holders(view, desired, live) if _gives(view, one))
    return replace(desired, after=givers) if givers else desired


def findings(view: View) -> Iterable[Finding]:
    """Refuse to take a URI from an application of ours whose key is gone: is it renamed?"""
    for desired in view.desired:
        live = view.objects.get(desired.address)
        for holder, uris in _holders(view, desired, live):
            if holder in view.wanted or view.objects[holder].ownership is not Ownership.CREATED:
                continue
            yield Finding(
                "identifier-uri-held",
                f"identifier URI {', '.join(uris)} is held by {holder}, which this manifest made "
                "and no longer declares",
                f"write `movedFrom: {holder.key}` if it has a new key, which keeps its appId; else "
                "let it go first: apply without the URI, with --prune",
                place=desired.places.get(_FIELD, desired.place),
                address=desired.address,
            )


def passed(work: Work, requests: tuple[Request, ...]) -> tuple[Request, ...]:
    """Add what frees the URIs that are taken to the writes of a step, and wait until they are."""
    if work.desired is None or work.step.action not in {Action.CREATE, Action.UPDATE}:
        return requests
    live = work.live if work.step.action is Action.UPDATE else None
    givers = [(a, uris) for a, uris in _holders(work, work.desired, live) if _gives(work, a)]
    if not givers or not requests:
        return requests
    first, *others = (
        replace(one, transient=(*one.transient, wire.IDENTIFIER_URI_TAKEN)) for one in requests
    )
    for giver, uris in givers:
        if giver in work.circular:
            first = _free(work, giver, uris, first)
    return (first, *others)


def _free(work: Work, giver: Address, uris: tuple[str, ...], then: Request) -> Request:
    """Free and take as one request: what waits for a new object waits for the object.

    The giver's own step waits for this one, so nothing else writes to it meanwhile.
    """
    body = work.objects[giver].body
    left: list[Value] = [*sorted(_uris(work.objects[giver]) - set(uris))]
    return Request(
        "PATCH",
        f"/applications/{body['id']}",
        body={_FIELD: left},
        transient=patches.LAG,
        lock=giver,
        then=lambda _answer: (then,),
        paced=known.is_personal(work, giver),
    )


def _holders(
    about: View | Work, desired: Desired, live: LiveObject | None
) -> Iterator[tuple[Address, tuple[str, ...]]]:
    """Yield the other living applications that hold what `desired` adds to `live`."""
    wanted = desired.body.get(_FIELD)
    added = {uri for uri in wanted if isinstance(uri, str)} if isinstance(wanted, list) else set()
    added -= _uris(live)
    if not added:
        return
    for address, thing in sorted(about.objects.items()):
        other = address.kind == desired.address.kind and address != desired.address
        held = added & _uris(thing) if other and not thing.deleted else set()
        if held:
            yield address, tuple(sorted(held))


def _gives(about: View | Work, holder: Address) -> bool:
    """Whether the manifest says what URIs the holder has: then not those that another one has."""
    wanted = about.wanted.get(holder)
    return wanted is not None and (_FIELD in wanted.body or known.is_created(about, holder))


def _uris(live: LiveObject | None) -> set[str]:
    found = live.body.get(_FIELD) if live is not None and not live.deleted else None
    return {str(uri) for uri in found} if isinstance(found, list) else set()
