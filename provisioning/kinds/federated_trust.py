"""Trust that passes from one federated credential of an application to another. Pure.

No two have the same issuer and subject (learn.microsoft.com/graph/api/resources/
federatedidentitycredential), so one that is to trust whom another still trusts waits for that
one's step, or deletes it first where it goes. Where they pass their trust round in a circle, the
first is parked meanwhile at an issuer that nobody can be (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Hold, View, Work
from provisioning.core.model import Address, Desired, LiveObject, Template, Value
from provisioning.core.request import Request
from provisioning.kinds import credentials, known, query, wire

_NOBODY: Final = "https://provisioning.invalid"


def declared(about: View | Work, desired: Desired) -> tuple[str | None, str | None]:
    """Return the issuer and subject that the manifest trusts; None where not known yet."""
    return known.value(about, desired.body["issuer"]), known.value(about, desired.body["subject"])


def adjust(desired: Desired, live: LiveObject | None, view: View) -> Desired:
    """Let the one that holds the trust to be taken go first; its step is the one that frees it."""
    holder = _holder(view, desired, live)
    if holder is None or holder not in view.wanted or _parks(view, desired, holder):
        return desired
    return replace(desired, after=(holder,))


def _holder(about: View | Work, desired: Desired | None, live: LiveObject | None) -> Address | None:
    """Return the other living one of the application that trusts whom `desired` will trust."""
    if desired is None:
        return None
    wanted = declared(about, desired)
    if live is not None and _trusted(live) == wanted:
        return None
    app = _application(desired.address)
    return next(
        (
            address
            for address, thing in sorted(about.objects.items())
            if address.kind == desired.address.kind
            and address != desired.address
            and _application(address) == app
            and _trusted(thing) == wanted
        ),
        None,
    )


def _trusted(live: LiveObject) -> tuple[str | None, str | None]:
    return known.text(live.body, "issuer"), known.text(live.body, "subject")


def _application(address: Address) -> str:
    return address.key.partition(".")[0]


def _parks(about: View | Work, desired: Desired, holder: Address) -> bool:
    """Whether `holder` is the first of a circle, so that it is parked and not waited for."""
    circle = [desired.address]
    following: Address | None = holder
    while following is not None and following not in circle:
        circle.append(following)
        wanted, live = about.wanted.get(following), about.objects.get(following)
        following = _holder(about, wanted, live)
    return following == desired.address and holder == min(circle)


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold what takes the trust of another one from it before that one's own step."""
    holder = _holder(work, work.desired, work.live)
    if holder is None or work.desired is None:
        return
    gone = holder not in work.wanted
    if not gone and not _parks(work, work.desired, holder):
        return
    name = known.text(work.objects[holder].body, "name")
    if known.is_self(view, credentials.application_of(work)):
        yield Hold("self", f"{name!r} of the signed-in application would lose its trust first")
    if gone and work.objects[holder].foreign:
        yield Hold("credential", f"somebody else added {name!r}, which has this trust and would go")


def freed(work: Work, below: str | Template, app: Address) -> tuple[Request, ...]:
    """Take the trust from one that goes, or from the first of a circle; else its step does.

    `below` is the path of the application's credentials, with its last slash.
    """
    holder = _holder(work, work.desired, work.live)
    if holder is None or work.desired is None:
        return ()
    body = work.objects[holder].body
    path = query.joined(below, str(body["id"]))
    if holder not in work.wanted:
        return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,), lock=app),)
    if not _parks(work, work.desired, holder):
        return ()
    parked: dict[str, Value] = {"issuer": _NOBODY, "subject": known.text(body, "name")}
    return (Request("PATCH", path, body=parked, transient=wire.APPLICATION_LAG, lock=app),)


def taken(work: Work) -> Mapping[str, Value]:
    """Return the trust that is taken from another one, whole: it may be parked itself by then."""
    if work.desired is None or _holder(work, work.desired, work.live) is None:
        return {}
    return {name: work.desired.body[name] for name in ("issuer", "subject")}
