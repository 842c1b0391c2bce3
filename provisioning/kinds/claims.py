"""Entries of the ledger: which objects that can carry no mark are ours. Pure; must not send.

They are tags (256 characters, no white space) of one application per manifest:

| Tag                                          | Meaning                                          |
|----------------------------------------------|--------------------------------------------------|
| `provisioning-ledger:NAME`                   | this is the ledger of the manifest NAME          |
| `provisioning-owns:KIND/KEY`                 | made by it; written before the create            |
| `provisioning-version:KIND/KEY=N`            | the version (certificate) that was uploaded      |
| `provisioning-id:KIND/KEY=ID`                | the id that the service chose                    |
| `provisioning-digest:KIND/KEY=SENT/RETURNED` | the service rewrote a policy so (`?`: perhaps)   |
| `provisioning-manual:ADDRESS=DIGEST`         | what only a person can do was seen done          |
| `provisioning-refused:KIND/KEY=WHAT`         | the service keeps refusing to create it          |

An entry is a claim, not a lock: it is true when the object is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioning.core.diff import canonical
from provisioning.core.kind import View, Work
from provisioning.core.model import (
    Address,
    Json,
    LiveObject,
    Owner,
    Ownership,
    Ref,
    Template,
    Value,
)
from provisioning.core.request import Alternative, Append, Request
from provisioning.kinds import known, marks, query, trust_framework, wire

LEDGER: Final = "ledger"
KINDS: Final = frozenset(
    {"policy_key", "custom_policy", "user_attribute", "identity_provider", "user_flow"}
)
"""Kinds whose objects have no place for a mark."""

_LEDGER: Final = "provisioning-ledger:"
_OWNS: Final = "provisioning-owns:"
_VERSION: Final = "provisioning-version:"
_ID: Final = "provisioning-id:"
_DIGEST: Final = "provisioning-digest:"
_MANUAL: Final = "provisioning-manual:"
_REFUSED: Final = "provisioning-refused:"
_PERHAPS: Final = "?"


def address(owner: Owner) -> Address:
    """Return the address of a manifest's ledger."""
    return Address(LEDGER, owner.name)


def marker(name: str) -> str:
    """Spell the tag that makes an application the ledger of the manifest `name`."""
    return f"{_LEDGER}{name}"


def is_marker(tag: str) -> bool:
    """Whether a tag makes its application a ledger."""
    return tag.startswith(_LEDGER)


def owns(thing: Address) -> str:
    """Spell the claim on an object."""
    return f"{_OWNS}{_name(thing)}"


def ledger(view: View | Work) -> LiveObject | None:
    """Return the living ledger."""
    return known.live(view, address(view.owner))


def entries(view: View | Work) -> tuple[str, ...]:
    """Return everything that the living ledger says."""
    found = ledger(view)
    return marks.tags(found.body) if found is not None else ()


def claimed(view: View | Work, kind: str) -> tuple[Address, ...]:
    """Return what the ledger claims of one kind."""
    prefix = f"{_OWNS}{kind}/"
    return tuple(
        Address(kind, tag.removeprefix(prefix)) for tag in entries(view) if tag.startswith(prefix)
    )


def addresses(view: View, kind: str) -> tuple[Address, ...]:
    """Return what the manifest declares of one kind, and what else the ledger claims."""
    declared = [desired.address for desired in view.desired]
    named = {address.key.casefold() for address in declared}
    return (*declared, *(a for a in claimed(view, kind) if a.key.casefold() not in named))


def is_claimed(view: View | Work, thing: Address) -> bool:
    """Whether we made an object; ids are compared as the service does, ignoring case."""
    return any(one.key.casefold() == thing.key.casefold() for one in claimed(view, thing.kind))


def spelled(view: View | Work, kind: str, key: str) -> Address:
    """Return the address of an object as the ledger, or else its user, spells it."""
    folded = key.casefold()
    ours = (one for one in claimed(view, kind) if one.key.casefold() == folded)
    return next(ours, Address(kind, key))


def live(view: View, thing: Address, body: Mapping[str, Json], *needs: Address) -> LiveObject:
    """Return a living object as ours or not; the ledger outlives it, and so does what it needs."""
    ours = Ownership.CREATED if is_claimed(view, thing) else Ownership.ADOPTED
    return LiveObject(thing, body, ours, needs=(*needs, address(view.owner)))


def missing(view: View) -> tuple[Address, ...]:
    """Return the wanted objects that are not there, so will be made: to be claimed first."""
    return tuple(
        one
        for one in sorted(view.wanted)
        if one.kind in KINDS and one not in view.objects and not is_claimed(view, one)
    )


def uploaded(view: View | Work, thing: Address) -> str | None:
    """Return the version, or the certificate, that was uploaded last; None without a record."""
    return _value(view, _VERSION, _name(thing))


def version(view: View | Work, thing: Address) -> int | None:
    """Return the version of a secret that was uploaded last; None when nothing is recorded."""
    text = uploaded(view, thing)
    return int(text) if text is not None and text.isdecimal() else None


def identity(view: View | Work, thing: Address) -> str | None:
    """Return the id that the service gave to an object of ours."""
    return _value(view, _ID, _name(thing))


def rewriting(view: View | Work, thing: Address) -> tuple[str, str] | None:
    """Return the digests of a policy as it was sent and as the service gave it back."""
    sent, slash, returned = (_value(view, _DIGEST, _name(thing)) or "").partition("/")
    return (sent, returned) if slash and not returned.endswith(_PERHAPS) else None


def suspected(view: View | Work, thing: Address) -> tuple[str, str] | None:
    """Return the same digests where a read that lags could have looked like this."""
    sent, slash, returned = (_value(view, _DIGEST, _name(thing)) or "").partition("/")
    return (sent, returned.rstrip(_PERHAPS)) if slash and returned.endswith(_PERHAPS) else None


def unnamed(view: View) -> tuple[str, ...]:
    """Spell the ids that an ended run did not record; without them no prune would find these."""
    return tuple(
        f"{_ID}{_name(thing)}={known.text(live.body, 'id')}"
        for thing, live in sorted(view.objects.items())
        if thing.kind == "identity_provider"
        and live.ownership is Ownership.CREATED
        and identity(view, thing) is None
    )


def refused(view: View | Work, thing: Address, what: str) -> bool:
    """Whether the service refused, again and again, to create an object like this."""
    return _value(view, _REFUSED, _name(thing)) == what


def manual_digest(what: Value) -> str:
    """Return 16 hexadecimal digits that stand for what a person has to do."""
    return hashlib.sha256(canonical(what).encode()).hexdigest()[:16]


def manual(thing: Address, what: Value) -> str:
    """Spell the entry that discharges a manual step: somebody, or a check, saw it done."""
    return f"{_MANUAL}{thing}={manual_digest(what)}"


def is_discharged(view: View | Work, thing: Address, what: Value) -> bool:
    """Whether a manual step was seen done for exactly this."""
    return manual(thing, what) in entries(view)


def note_version(work: Work, what: int | str) -> Request:
    """Record the version, or the certificate, that was just uploaded."""
    return note(work, f"{_VERSION}{_name(work.step.address)}={what}")


def note_rewriting(work: Work, pair: tuple[str, str], *, surely: bool) -> Request:
    """Record how the service rewrites a policy."""
    doubt = "" if surely else _PERHAPS
    return note(work, f"{_DIGEST}{_name(work.step.address)}={'/'.join(pair)}{doubt}")


def note_identity(work: Work) -> Request:
    """Record the id that the service gives to the object being created."""
    start = f"{_ID}{_name(work.step.address)}="
    return _append(work, Append("tags", add=(Template((start, Ref(work.step.address))),)))


def note_refusal(work: Work, what: str) -> Request:
    """Record that the service does not create an object: from now on a person has to."""
    return note(work, f"{_REFUSED}{_name(work.step.address)}={what}")


def note(work: Work, entry: str) -> Request:
    """Write an entry, and take back what it replaces."""
    stem = f"{entry.partition('=')[0]}="
    old = tuple(tag for tag in entries(work) if tag.startswith(stem) and tag != entry)
    return _append(work, Append("tags", add=(entry,), drop=old))


def released(work: Work, delete: Request) -> Request:
    """Delete an object and take back everything about it, also where it is gone already.

    In one go: whatever rests on it, the ledger in the end, waits for both.
    """
    gone = (_forget(work),)
    already = (wire.NOT_FOUND, *trust_framework.NOT_THERE)
    ways = tuple(Alternative(when=when, then=gone) for when in already)
    return replace(delete, then=lambda _deleted: gone, alternatives=ways)


def _forget(work: Work) -> Request:
    name = _name(work.step.address)
    gone = [
        tag
        for tag in entries(work)
        for prefix in (_OWNS, _VERSION, _ID, _DIGEST, _REFUSED)
        if tag.casefold() == f"{prefix}{name}".casefold()
        or tag.casefold().startswith(f"{prefix}{name}=".casefold())
    ]
    gone += [t for t in entries(work) if t.startswith(f"{_MANUAL}{work.step.address}=")]
    return _append(work, Append("tags", drop=tuple(gone)))


def _append(work: Work, append: Append) -> Request:
    """Merge into the ledger's tags; one write at a time, for they are replaced whole."""
    home = address(work.owner)
    found = ledger(work)
    identity: Value = Ref(home) if found is None else str(found.body["id"])
    return Request(
        "PATCH",
        query.below("/applications/", identity, ""),
        append=append,
        transient=wire.APPLICATION_LAG,
        lock=home,
        touches=(home,),
    )


def _name(thing: Address) -> str:
    return f"{thing.kind}/{thing.key}"


def _value(view: View | Work, prefix: str, name: str) -> str | None:
    stem = f"{prefix}{name}="
    found = (tag.removeprefix(stem) for tag in entries(view) if tag.startswith(stem))
    return next(found, None)
