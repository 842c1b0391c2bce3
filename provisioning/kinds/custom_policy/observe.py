"""What to read of the tenant's policies, and which is which. Pure; sends nothing.

First the list, then the content of the declared ones. Only when one of those is about to change
or go, the others are read too: they may inherit from it, and the service does not look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.core.kind import Matched, View
from provisioning.core.model import Address, Desired, Json
from provisioning.core.request import ErrorMatch, Read
from provisioning.kinds import claims, known, tenant_policies, trust_framework
from provisioning.kinds.custom_policy import compare, content

KIND: Final = "custom_policy"
KEY_SETS: Final = Read(
    "trustFramework:keySets",
    "/trustFramework/keySets",
    version=trust_framework.BETA,
    many=True,
    # Who may not see key sets can't check names against them.
    tolerate=(ErrorMatch(status=(401, 403)),),
)


def reads(view: View) -> Iterable[Read]:
    """Ask for the list, the declared policies, and all others once something changes."""
    claimed = claims.claimed(view, KIND)
    if not view.desired and not claimed:
        return
    yield tenant_policies.LIST
    if not tenant_policies.is_listed(view):
        return
    here = dict(_spelled(view))
    mine = [
        here[d.address.key.casefold()] for d in view.desired if d.address.key.casefold() in here
    ]
    yield from map(tenant_policies.content, mine)
    if all(tenant_policies.is_read(view, policy_id) for policy_id in mine) and _changes(view):
        yield KEY_SETS
        yield from map(tenant_policies.content, tenant_policies.others(view, mine))


def match(view: View) -> Matched:
    """A policy has its id; ours is what the ledger claims."""
    objects = []
    here = dict(_spelled(view))
    for address in _addresses(view):
        policy_id = here.get(address.key.casefold())
        if policy_id is None:
            continue
        body: dict[str, Json] = {"id": policy_id}
        if tenant_policies.is_read(view, policy_id):
            raw = tenant_policies.raw(view, policy_id)
            if not raw:
                continue
            body["content"] = content.text_of(raw)
        objects.append(claims.live(view, address, body, *_needs(view, address, policy_id)))
    return Matched(tuple(objects))


def key_sets(view: View) -> frozenset[str] | None:
    """Return the key sets that are there or will be; None when the tenant does not tell."""
    answer = view.answers.get(KEY_SETS.key)
    if answer is None or not answer.found:
        return None
    declared = (address.key for address in view.wanted if address.kind == "policy_key")
    return frozenset((*(known.text(item, "id") for item in answer.items), *declared))


def extras(view: View) -> tuple[Address, ...]:
    """Return the policies of ours that nobody declares any more."""
    named = {desired.address.key.casefold() for desired in view.desired}
    here = dict(_spelled(view))
    return tuple(
        address
        for address in claims.claimed(view, KIND)
        if address.key.casefold() in here and address.key.casefold() not in named
    )


def _needs(view: View, address: Address, policy_id: str) -> Iterator[Address]:
    """Yield the parent, key sets and applications that a policy that goes rests on: they go later.

    Where it stays after all, because somebody's policy inherits from it, so do they.
    """
    if address in view.wanted:
        return
    facts = tenant_policies.facts(view, policy_id)
    if facts.base is not None:
        yield claims.spelled(view, KIND, facts.base)
    for key_set in facts.key_sets:
        yield claims.spelled(view, "policy_key", key_set)
    text = tenant_policies.raw(view, policy_id).decode(errors="replace").casefold()
    for thing in view.objects.values():
        app_id = known.text(thing.body, "appId") if thing.address.kind == "application" else ""
        if app_id and app_id.casefold() in text:
            yield thing.address


def differs(view: View, desired: Desired) -> bool:
    """Whether a declared policy that is there is about to change."""
    live = view.objects.get(desired.address)
    return live is not None and not compare.is_same(desired, live, view)


def _addresses(view: View) -> Iterator[Address]:
    yield from (desired.address for desired in view.desired)
    yield from extras(view)


def _spelled(view: View) -> Iterator[tuple[str, str]]:
    for policy_id in tenant_policies.ids(view):
        yield policy_id.casefold(), policy_id


def _changes(view: View) -> bool:
    """Whether the plan will write or delete a policy."""
    missing = any(desired.address not in view.objects for desired in view.desired)
    return missing or bool(extras(view)) or any(differs(view, d) for d in view.desired)
