"""The pair of applications that custom policies sign local accounts in with: found before made.

A tenant whose policies work has such a pair already, under whatever name: the profile
`login-NonInteractive` of a living policy tells the appIds. Both are then taken over as they are.
This kind has no objects of its own; it only adds to what `application` finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from provisioning.core.kind import Kind, Matched, View
from provisioning.core.model import Finding, Json, LiveObject, Ownership
from provisioning.core.request import Read
from provisioning.kinds import granted, known, query, tenant_policies
from provisioning.kinds.application import ladder
from provisioning.kinds.application import reads as application_reads
from provisioning.kinds.sections import identity_experience_framework as section
from provisioning.kinds.sections import shapes

_RESOURCE: Final = known.application(section.RESOURCE)
_CLIENT: Final = known.application(section.CLIENT)
_NAMES: Final = {
    _CLIENT: ("client_id",),
    _RESOURCE: ("resource_id", "IdTokenAudience"),
}
"""Input claims and metadata items that hold the appId of each."""
Pair = tuple[str, str]


def reads(view: View) -> Iterable[Read]:
    """Look into the tenant's policies when the manifest's own pair is not there."""
    if not _is_wanted(view):
        return
    yield tenant_policies.LIST
    if not _is_needed(view):
        return
    declared = {address.key for address in view.wanted if address.kind == "custom_policy"}
    ours = [
        p for p in tenant_policies.ids(view) if p.casefold() in {d.casefold() for d in declared}
    ]
    yield from map(tenant_policies.content, ours)
    if not all(tenant_policies.is_read(view, policy_id) for policy_id in ours):
        return
    if not _pairs(view):
        yield from map(tenant_policies.content, tenant_policies.others(view, ours))
    for pair in _pairs(view):
        yield from (_read(view, app_id) for app_id in pair)


def match(view: View) -> Matched:
    """Take over the pair that the living policies name, if both applications are there."""
    if not _is_wanted(view) or not _is_needed(view):
        return Matched()
    found = [pair for pair in _pairs(view) if all(_answered(view, app_id) for app_id in pair)]
    if len(found) > 1:
        return Matched(findings=(_several(view, found),))
    addresses = (_CLIENT, _RESOURCE)
    return Matched(
        tuple(
            LiveObject(address, _answered(view, app_id), Ownership.ADOPTED)
            for pair in found
            for address, app_id in zip(addresses, pair, strict=True)
        )
    )


def _is_wanted(view: View) -> bool:
    return all(
        (desired := view.wanted.get(address)) is not None and desired.settings.get("framework")
        for address in (_RESOURCE, _CLIENT)
    )


def _is_needed(view: View) -> bool:
    """Whether our mark has found neither of the two."""
    listed = all(ladder.listing(name) in view.answers for name in view.owner.names)
    ours = (known.is_created(view, address) for address in (_RESOURCE, _CLIENT))
    return listed and tenant_policies.is_listed(view) and not any(ours)


def _pairs(view: View) -> tuple[Pair, ...]:
    """Return each pair of (client, resource) appIds that a living policy names, once."""
    found: dict[Pair, None] = {}
    for policy_id in tenant_policies.ids(view):
        sent = tenant_policies.facts(view, policy_id).sign_in
        client, resource = (_app_id(sent, _NAMES[address]) for address in (_CLIENT, _RESOURCE))
        if client and resource:
            found[client, resource] = None
    return tuple(found)


def _app_id(sent: Iterable[tuple[str, str]], names: tuple[str, ...]) -> str | None:
    """Return the appId that is sent under one of the names; placeholders are none."""
    folded = {name.casefold() for name in names}
    values = (value for name, value in sent if name.casefold() in folded)
    return next((value.lower() for value in values if shapes.is_guid(value)), None)


def _read(view: View, app_id: str) -> Read:
    applications = tuple(d for a, d in view.wanted.items() if a.kind == "application")
    select = application_reads.select(replace(view, desired=applications))
    return Read(_key(app_id), query.by_key("applications", "appId", app_id, select))


def _answered(view: View, app_id: str) -> dict[str, Json]:
    answer = view.answers.get(_key(app_id))
    return answer.object if answer is not None else {}


def _several(view: View, found: list[Pair]) -> Finding:
    pairs = "; ".join(f"{client} for {resource}" for client, resource in found)
    return Finding(
        "two-candidates",
        f"the tenant's policies sign in with {len(found)} pairs of applications: {pairs}",
        "declare the right pair under `applications` as ief and ief_proxy, with `adopt`",
        place=view.wanted[_RESOURCE].place,
        address=_RESOURCE,
    )


def _key(app_id: str) -> str:
    return f"identityExperienceFramework:{app_id}"


KIND = Kind(
    name="identity_experience_framework",
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    read_permissions=(granted.READ_POLICIES, granted.READ_APPLICATIONS),
    lookup=True,
)
