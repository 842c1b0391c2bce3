"""Existing: an object that is only looked up, so that others can refer to it. Never written.

https://learn.microsoft.com/graph/api/serviceprincipal-get, application-list, group-list, user-get.
The body of such an object is Graph's own, with the scopes and roles of a service principal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.core.kind import Kind, Matched, View
from provisioning.core.model import Desired, Finding, Json, LiveObject, Ownership
from provisioning.core.request import Answer, Read
from provisioning.kinds import granted, known, query, wire
from provisioning.kinds.application.guards import EXTENSIONS_APPLICATION
from provisioning.kinds.sections import existing as section

_COLLECTIONS: Final = {
    "application": "applications",
    "servicePrincipal": "servicePrincipals",
    "group": "groups",
    "user": "users",
}
_SELECT: Final = {
    "application": ("id", "appId", "displayName", "identifierUris", "api", "appRoles"),
    "servicePrincipal": (
        "id",
        "appId",
        "displayName",
        "appOwnerOrganizationId",
        "oauth2PermissionScopes",
        "appRoles",
    ),
    "group": ("id", "displayName"),
    "user": ("id", "displayName", "userPrincipalName"),
}
_NEEDS: Final = {
    "application": (granted.READ_APPLICATIONS,),
    "servicePrincipal": (granted.READ_APPLICATIONS,),
    "group": (granted.READ_GROUPS,),
    "user": (granted.READ_USERS,),
}
_WORDS: Final = {"servicePrincipal": "service principal"}


def reads(view: View) -> Iterable[Read]:
    """Ask for each entry, as soon as the value it is looked up by is known."""
    for desired in view.desired:
        value = known.value(view, desired.settings.get("value"))
        if value is not None:
            yield _read(desired, value)


def match(view: View) -> Matched:
    """Tell what was found; an entry that means nothing or two things is an error."""
    objects: list[LiveObject] = []
    findings: list[Finding] = []
    for desired in view.desired:
        answer = view.answers.get(str(desired.address))
        if answer is None:
            continue
        found = _candidates(answer)
        if len(found) == 1:
            objects.append(LiveObject(desired.address, found[0], Ownership.LOOKUP))
        else:
            findings.append(_missing(desired) if not found else _ambiguous(desired, found))
    return Matched(tuple(objects), tuple(findings))


def _read(desired: Desired, value: str) -> Read:
    sort, by = (known.text(desired.settings, name) for name in ("type", "by"))
    collection, select, needs = _COLLECTIONS[sort], _SELECT[sort], _NEEDS[sort]
    key = str(desired.address)
    if by == "appId":
        return Read(key, query.by_key(collection, by, value, select), needs=needs)
    if by in {"id", "userPrincipalName"}:
        return Read(
            key, query.by_id(collection, value, select), tolerate=(wire.KEY_REFUSED,), needs=needs
        )
    if sort == "application" and value == EXTENSIONS_APPLICATION:
        return Read(key, query.starting(collection, by, value, select), many=True, needs=needs)
    return Read(key, query.equal(collection, by, value, select), many=True, needs=needs)


def _candidates(answer: Answer) -> tuple[dict[str, Json], ...]:
    if answer.items:
        return answer.items
    return (answer.object,) if answer.object.get("id") else ()


def _missing(desired: Desired) -> Finding:
    sort, by, value = _lookup(desired)
    remedy = f"correct `existing.{desired.address.key}`, or create it first"
    if sort == "servicePrincipal":
        remedy = (
            "correct the appId, or add its service principal to this tenant: "
            f"az ad sp create --id {value}"
        )
    return Finding(
        "existing-not-found",
        f"no {_WORDS.get(sort, sort)} with {by} {value!r} is in this tenant",
        remedy,
        place=desired.place,
        address=desired.address,
    )


def _ambiguous(desired: Desired, found: tuple[dict[str, Json], ...]) -> Finding:
    sort, by, value = _lookup(desired)
    names = " and ".join(
        f"{known.text(body, 'displayName')!r} (object id {known.text(body, 'id')})"
        for body in found
    )
    return Finding(
        "existing-ambiguous",
        f"{len(found)} {_WORDS.get(sort, sort)}s have {by} {value!r}: {names}",
        "name it by `appId`, or by its object id",
        place=desired.place,
        address=desired.address,
    )


def _lookup(desired: Desired) -> tuple[str, str, str]:
    sort, by, value = (known.text(desired.settings, n) for n in ("type", "by", "value"))
    return sort, by, value


KIND = Kind(
    name="existing",
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    lookup=True,
)
