"""Permissions that a sign-in holds, against those that reading or writing needs.

A token that does not tell is no fault: Graph then decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from provisioning.core.errors import RefusedError
from provisioning.core.kind import Kind, View
from provisioning.core.model import Address, Desired, Live, LiveObject, Ownership, Principal
from provisioning.core.request import Permission, Read
from provisioning.engine.run import Manifest, Run

Need = tuple[Permission, str, str]
"""A permission, and what it is for: `read`, `delegated_permission_grant`."""

ORGANIZATION: Final[Need] = (
    Permission(
        (
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        )
    ),
    "read",
    "organization",
)
"""learn.microsoft.com/graph/api/organization-list; every signed-in user may read it."""

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_MADE: Final = {"id": _NOBODY, "appId": _NOBODY}
"""What stands for an object that is not made yet."""


def only_informs(read: Read) -> bool:
    """Whether a plan goes on without a read that Graph denies."""
    return any(403 in known.status and known.code is None for known in read.tolerate)


def to_read(kind: Kind, reads: Iterable[Read] | None = None) -> Iterable[Need]:
    """Yield what some reads of a kind need: what they name, else what the kind does."""
    if reads is None:
        yield from ((permission, "read", kind.name) for permission in kind.read_permissions)
        return
    for read in reads:
        yield from ((permission, "read", read.key) for permission in read.needs)
        if not read.needs:
            yield from to_read(kind)


def to_write(kind: Kind) -> Iterable[Need]:
    """Yield what the writes of a kind need."""
    return ((permission, "write", kind.name) for permission in kind.write_permissions)


def writing(kinds: Iterable[Kind], written: Collection[str]) -> Iterable[Need]:
    """Yield what writing objects of some kinds needs."""
    for kind in kinds:
        if kind.name in written:
            yield from to_write(kind)


def reading(
    run: Run, live: Live, wanted: Mapping[Address, Desired], made: Iterable[Address]
) -> Iterable[Need]:
    """Yield what reading a tenant needs in which the objects at `made` are there as well.

    What hangs on an application that we make is read even where the manifest names none of it:
    the secure default looks for what somebody else added.
    """
    yield from would_read(run.kinds, run.manifest, live, wanted, made)


def would_read(
    kinds: Iterable[Kind],
    manifest: Manifest,
    live: Live,
    wanted: Mapping[Address, Desired],
    made: Iterable[Address],
) -> Iterable[Need]:
    """As `reading`, before there is a run."""
    there = {each: LiveObject(each, _MADE, Ownership.CREATED) for each in made}
    for kind in kinds:
        view = View(
            owner=manifest.owner,
            tenant=manifest.tenant,
            principal=live.principal,
            observed_at=live.observed_at,
            desired=tuple(item for address, item in wanted.items() if address.kind == kind.name),
            wanted=wanted,
            answers={},
            objects={**live.objects, **there},
            sinks=live.sinks,
        )
        yield from to_read(kind, (read for read in kind.reads(view) if not only_informs(read)))


def lacking(principal: Principal, needs: Iterable[Need]) -> dict[str, dict[str, list[str]]]:
    """Return the least permission that would do -> verb -> what, of all that is not held."""
    if principal.roles is None and principal.scopes is None:
        return {}
    delegated = principal.scopes is not None
    held = (principal.roles or frozenset()) | (principal.scopes or frozenset())
    found: dict[str, dict[str, list[str]]] = {}
    for permission, verb, what in needs:
        if held.intersection(permission.any_of):
            continue
        purposes = found.setdefault(permission.least(delegated=delegated), {})
        if what not in purposes.setdefault(verb, []):
            purposes[verb].append(what)
    return found


def said(purposes: Mapping[str, Iterable[str]]) -> str:
    """Spell what a permission is for: `read application, ledger and write application`."""
    return " and ".join(f"{verb} {', '.join(what)}" for verb, what in purposes.items())


def demand(principal: Principal, needs: Iterable[Need]) -> None:
    """Raise RefusedError, naming everything that is not held and what it is for."""
    missing = lacking(principal, needs)
    if not missing:
        return
    who = principal.name or principal.object_id or "the sign-in"
    listed = "; ".join(f"{name} (to {said(purposes)})" for name, purposes in missing.items())
    sort = "delegated" if principal.scopes is not None else "application"
    noun = f"{sort} permission{'s' if len(missing) > 1 else ''}"
    raise RefusedError(
        f"{who} lacks {listed}",
        remedy=f"grant the {noun} with admin consent to client {principal.app_id or 'used here'}, "
        "then sign in again: a token keeps its old rights",
    )
