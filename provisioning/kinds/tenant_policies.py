"""The policies that a tenant has: how they are read, and what the answers hold. Pure.

The list tells ids only; the content of each is a read of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from provisioning.core.kind import View
from provisioning.core.request import Read
from provisioning.kinds import known, trust_framework
from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Document

PREFIX: Final = "tenant:"
"""What the name of a tenant's policy starts with where a file's name would stand."""
LIST: Final = Read(
    "trustFramework:policies",
    "/trustFramework/policies",
    version=trust_framework.BETA,
    many=True,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What other policies and kinds have to know of a policy; small, unlike its tree."""

    base: str | None = None
    """The id that it inherits from."""
    key_sets: tuple[str, ...] = ()
    sign_in: tuple[tuple[str, str], ...] = ()
    """(name, value) of what `login-NonInteractive` sends: input claims and metadata items."""


def ids(view: View) -> tuple[str, ...]:
    """Return the ids of the tenant's policies, as the service spells them."""
    answer = view.answers.get(LIST.key)
    return tuple(known.text(item, "id") for item in answer.items) if answer else ()


def is_listed(view: View) -> bool:
    """Whether the tenant has told which policies it has."""
    return LIST.key in view.answers


def content(policy_id: str) -> Read:
    """Ask for the XML of a policy; one deleted since the list was read is no fault."""
    return Read(
        f"trustFramework:policy:{policy_id.casefold()}",
        f"{trust_framework.policy(policy_id)}/$value",
        version=trust_framework.BETA,
        raw=True,
        tolerate=trust_framework.NOT_THERE,
    )


def is_read(view: View, policy_id: str) -> bool:
    """Whether the content of a policy was asked for and answered."""
    return content(policy_id).key in view.answers


def raw(view: View, policy_id: str) -> bytes:
    """Return the XML of a policy as the service sent it; empty while it is not known."""
    answer = view.answers.get(content(policy_id).key)
    return answer.raw if answer is not None and answer.found else b""


def others(view: View, than: Iterable[str]) -> Iterator[str]:
    """Yield the ids of the tenant's policies besides those."""
    named = {policy_id.casefold() for policy_id in than}
    yield from (policy_id for policy_id in ids(view) if policy_id.casefold() not in named)


def facts(view: View, policy_id: str) -> Facts:
    """Return what is known of a policy of the tenant; nothing while its content is not."""
    return _facts(raw(view, policy_id))


@lru_cache(maxsize=512)
def _facts(found: bytes) -> Facts:
    document = documents.parse(found, PREFIX) if found else None
    if document is None or not document.sound:
        return Facts()
    base = document.base_policy
    return Facts(
        base=base.policy_id if base is not None else None,
        key_sets=tuple(dict.fromkeys(_key_sets(document))),
        sign_in=tuple(_sign_in(document)),
    )


def _key_sets(document: Document) -> Iterator[str]:
    for key in document.root.iter(f"{{{NAMESPACE}}}Key"):
        if name := key.get("StorageReferenceId", ""):
            yield name


def _sign_in(document: Document) -> Iterator[tuple[str, str]]:
    for profile in document.root.iter(f"{{{NAMESPACE}}}TechnicalProfile"):
        if profile.get("Id", "").casefold() != "login-noninteractive":
            continue
        for claim in profile.iter(f"{{{NAMESPACE}}}InputClaim"):
            yield claim.get("ClaimTypeReferenceId", ""), claim.get("DefaultValue", "")
        for item in profile.iter(f"{{{NAMESPACE}}}Item"):
            yield item.get("Key", ""), (item.text or "").strip()
