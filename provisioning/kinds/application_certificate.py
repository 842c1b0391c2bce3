"""Application certificate: a public key that an application signs in with.

https://learn.microsoft.com/graph/api/resources/keycredential. `keyCredentials` is one collection of
the application, replaced whole; an entry in it can be added or removed, never changed. Ours has
the keyId that is derived from manifest, application, entry and thumbprint; others on an
application that we made are foreign.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Field, Hold, Kind, Matched, View, Work
from provisioning.core.model import Address, Desired, Json, LiveObject, Value
from provisioning.core.plan import Action, Unmanaged
from provisioning.core.request import Append, Request
from provisioning.kinds import credentials, granted, known, wire
from provisioning.kinds.application import ladder
from provisioning.kinds.sections import certificate as section
from provisioning.kinds.sections import exposed

FIELDS: Final = (
    Field("keyId", immutable=True),
    # Graph refuses to change an existing entry, so nothing else is compared.
    Field("displayName", write_only=True),
    Field("customKeyIdentifier", write_only=True),
    Field("type", write_only=True),
    Field("usage", write_only=True),
    Field("key", write_only=True),
    Field("startDateTime", write_only=True),
    Field("endDateTime", write_only=True),
)
_COLLECTION: Final = "keyCredentials"


def match(view: View) -> Matched:
    """Match by derived keyId, else by thumbprint; they come with the application itself."""
    objects: list[LiveObject] = []
    declared = credentials.declared(view)
    for app, thing in credentials.applications(view):
        wanted = declared.get(app, ())
        for item in known.items(thing.body, _COLLECTION):
            desired = next((d for d in wanted if _same(d, item)), None)
            if desired is not None:
                objects.append(LiveObject(desired.address, _public(item), thing.ownership))
            elif known.is_created(view, app):
                extra = credentials.child(KIND.name, app, known.text(item, "keyId"))
                foreign = not _is_ours(view, app, item)
                if not foreign and _names_itself(view, app, item):
                    names = known.text(item, "displayName"), known.text(item, "keyId")
                    extra = credentials.undeclared(view, KIND.name, app, names)
                objects.append(LiveObject(extra, _public(item), thing.ownership, foreign=foreign))
    return Matched(tuple(objects))


def adjust(desired: Desired, live: LiveObject | None, _view: View) -> Desired:
    """Keep the keyId of the same certificate that somebody added before."""
    if live is None:
        return desired
    return replace(desired, body={**desired.body, "keyId": known.plain(live.body, "keyId")})


def requests(work: Work) -> tuple[Request, ...]:
    """Merge one entry into the application's collection, or take it out."""
    match work.step.action:
        case Action.CREATE if work.desired is not None:
            entry: Value = dict(work.desired.body)
            return (_merge(work, Append(_COLLECTION, add=(entry,), key="keyId")),)
        case Action.DELETE if work.live is not None:
            gone: Value = {"keyId": known.plain(work.live.body, "keyId")}
            return (_merge(work, Append(_COLLECTION, drop=(gone,), key="keyId")),)
        case _:
            return ()


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the loss of a certificate that the running identity may be using, or is not ours."""
    return credentials.guards(work, view)


def unmanaged(view: View) -> Iterable[Unmanaged]:
    """List the certificates of adopted applications that the manifest does not name."""
    for app, thing in credentials.applications(view):
        wanted = [d for d in view.desired if d.parent == app]
        left: list[Value] = [
            known.text(item, "displayName") or known.text(item, "keyId")
            for item in known.items(thing.body, _COLLECTION)
            if not any(_same(desired, item) for desired in wanted)
        ]
        if left and known.is_adopted(view, app):
            yield Unmanaged(app, _COLLECTION, left)


def _merge(work: Work, append: Append) -> Request:
    app = credentials.application_of(work)
    return Request(
        "PATCH",
        credentials.path(work, app),
        append=append,
        transient=wire.APPLICATION_LAG,
        lock=app,
        paced=known.is_personal(work, app),
    )


def _same(desired: Desired, item: Mapping[str, Json]) -> bool:
    for name in ("keyId", "customKeyIdentifier"):
        if known.text(item, name) and item.get(name) == desired.body.get(name):
            return True
    return False


def _is_ours(view: View, app: Address, item: Mapping[str, Json]) -> bool:
    """Whether an entry has a keyId that we derive: an earlier certificate of a known entry."""
    return _is_derived(view, app, item, _names(view, app, item))


def _names_itself(view: View, app: Address, item: Mapping[str, Json]) -> bool:
    """Whether its display name is the key that its keyId is derived from."""
    return _is_derived(view, app, item, (known.text(item, "displayName"),))


def _is_derived(view: View, app: Address, item: Mapping[str, Json], names: Iterable[str]) -> bool:
    try:
        thumbprint = base64.b64decode(known.text(item, "customKeyIdentifier"), validate=True)
    except binascii.Error:
        return False
    return known.text(item, "keyId") in {
        str(exposed.derived_id(owner, key, "certificate", f"{name}/{thumbprint.hex()}"))
        for name in names
        for owner in view.owner.names
        for key in ladder.keys(view.wanted[app])
    }


def _names(view: View, app: Address, item: Mapping[str, Json]) -> Iterator[str]:
    yield known.text(item, "displayName")
    for desired in view.desired:
        if desired.parent == app:
            yield desired.address.key.partition(".")[2]


def _public(item: Mapping[str, Json]) -> dict[str, Json]:
    """Leave the bytes of the certificate out of what is compared and shown."""
    return {name: value for name, value in item.items() if name != "key"}


KIND = Kind(
    name="application_certificate",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    match=match,
    adjust=adjust,
    requests=requests,
    guards=guards,
    unmanaged=unmanaged,
    read_permissions=(granted.READ_APPLICATIONS,),
    write_permissions=(granted.WRITE_APPLICATIONS,),
    transient=wire.CONCURRENCY,
)
