"""The policies that a tenant has: how they are read, and what the answers hold. Pure.

The list tells ids only; the content of each is a read of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from provisioning.core.kind import View
from provisioning.core.request import Read
from provisioning.kinds import known, trust_framework
from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Document

LIST: Final = Read(
    "trustFramework:policies",
    "/trustFramework/policies",
    version=trust_framework.BETA,
    many=True,
)


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


def document(view: View, policy_id: str) -> Document | None:
    """Return the policy of the tenant; None while it is not known."""
    found = raw(view, policy_id)
    return parse(found, f"tenant:{policy_id}") if found else None


def others(view: View, than: Iterable[str]) -> Iterator[str]:
    """Yield the ids of the tenant's policies besides those."""
    named = {policy_id.casefold() for policy_id in than}
    yield from (policy_id for policy_id in ids(view) if policy_id.casefold() not in named)


def key_sets(policy: Document) -> Iterator[str]:
    """Yield the ids of the key sets that a policy names, each once."""
    named = (key.get("StorageReferenceId", "") for key in policy.root.iter(f"{{{NAMESPACE}}}Key"))
    yield from dict.fromkeys(name for name in named if name)


@lru_cache(maxsize=256)
def parse(found: bytes, name: str) -> Document:
    """Read a policy; the same bytes are parsed once, for every round asks again.

    The document is shared: nobody may change its tree.
    """
    return documents.parse(found, name)
