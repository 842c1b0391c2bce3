"""Which Graph permissions manifests need, computed from what their kinds declare. Pure.

https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from provisioning.core.kind import Kind
from provisioning.core.model import Live, Principal
from provisioning.core.request import Permission
from provisioning.engine import permissions
from provisioning.engine.permissions import Need
from provisioning.engine.run import Manifest

OWNED_BY: Final = "Application.ReadWrite.OwnedBy"
"""App-only; no person can hold it."""
_EVERY_APPLICATION: Final = frozenset(
    {"Application.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}
)
_NOBODY_YET: Final = Live(datetime.min.replace(tzinfo=UTC), "", "", Principal(), {})


@dataclass(frozen=True, slots=True)
class Needed:
    """The rights that manifests need, each with the permissions that give it."""

    read: tuple[Need, ...]
    """For plan and verify."""
    write: tuple[Need, ...]
    """What apply needs beyond `read`."""

    def readers(self) -> tuple[str, ...]:
        """Name the permissions of an identity that plans and verifies, sorted."""
        return least(_without_ownership(right) for right, _, _ in self.read)

    def writers(self, *, owned_by: bool = False) -> tuple[str, ...]:
        """Name the permissions of an identity that applies, sorted.

        With `owned_by` applications are written by ownership; every application is still read,
        because looking up a foreign one is no write.
        """
        chosen = _by_ownership if owned_by else _without_ownership
        writes = [chosen(right) for right, _, _ in self.write]
        return least([*writes, *(_without_ownership(right) for right, _, _ in self.read)])


def needed(kinds: Iterable[Kind], manifests: Iterable[Manifest]) -> Needed:
    """Collect what reading and writing these manifests' tenants needs.

    What hangs on an application that is made is read even where a manifest names none of it.
    """
    listed = tuple(kinds)
    read: list[Need] = []
    write: list[Need] = []
    for one in manifests:
        wanted = {desired.address: desired for desired in one.desired}
        read += permissions.would_read(listed, one, _NOBODY_YET, wanted, wanted)
        write += permissions.writing(listed, {address.kind for address in wanted})
    return Needed(
        tuple(dict.fromkeys((*read, permissions.ORGANIZATION))), tuple(dict.fromkeys(write))
    )


def least(rights: Iterable[Permission]) -> tuple[str, ...]:
    """Choose the least permissions that give every right, none of them superfluous; sorted.

    Rights with fewer alternatives come first, so that what must be held anyway is not doubled.
    """
    wanted = sorted(rights, key=lambda right: len(right.any_of))
    chosen: list[str] = []
    for right in wanted:
        if not set(chosen).intersection(right.any_of):
            chosen.append(right.any_of[0])
    for name in tuple(chosen):
        others = [other for other in chosen if other != name]
        if all(set(others).intersection(right.any_of) for right in wanted):
            chosen = others
    return tuple(sorted(chosen))


def lacking(principal: Principal, rights: Iterable[Need]) -> tuple[str, ...]:
    """Say, per right that is not held, the least permission that would do and what it is for.

    Every signed-in user may read the organization.
    """
    person = principal.scopes is not None
    wanted = (right for right in rights if not (person and right == permissions.ORGANIZATION))
    missing = permissions.lacking(principal, wanted)
    return tuple(f"{name} (to {permissions.said(what)})" for name, what in missing.items())


def _without_ownership(right: Permission) -> Permission:
    return Permission(tuple(name for name in right.any_of if name != OWNED_BY))


def _by_ownership(right: Permission) -> Permission:
    if OWNED_BY not in right.any_of:
        return right
    if "Application.Read.All" in right.any_of:
        return _without_ownership(right)
    return Permission(tuple(name for name in right.any_of if name not in _EVERY_APPLICATION))
