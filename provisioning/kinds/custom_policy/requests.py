"""A step on a policy -> the writes that carry it out. Pure data; must not send.

https://learn.microsoft.com/graph/api/trustframeworkpolicy-put is an upsert and can be repeated;
what it replaces goes to the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from provisioning.core.errors import ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.model import Desired, Ref, Template
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Answer, Request
from provisioning.kinds import claims, known, trust_framework
from provisioning.kinds.custom_policy import content
from provisioning.policies import server_message

_XML: Final = "application/xml; charset=utf-8"


def requests(work: Work) -> tuple[Request, ...]:
    """Put the whole policy, then see what the service made of it; or delete it."""
    if work.step.action is Action.DELETE:
        return (_unless_changed(work, claims.released(work, _delete(work))),)
    if work.desired is None:
        return ()
    wanted = content.resolved(work.desired, work.objects)
    put = _put(work, work.desired, wanted if isinstance(wanted, Template) else str(wanted))
    return (_unless_changed(work, put), _compared(work, work.desired))


def _put(work: Work, desired: Desired, wanted: str | Template) -> Request:
    return Request(
        "PUT",
        f"{trust_framework.policy(str(desired.body['id']))}/$value",
        version=trust_framework.BETA,
        content=wanted if isinstance(wanted, Template) else wanted.encode(),
        content_type=_XML,
        replaces=_replaced(work),
        explain=_explaining(work, desired),
        lane=trust_framework.LANE,
    )


def _delete(work: Work) -> Request:
    policy_id = known.text(work.live.body, "id") if work.live else work.step.address.key
    return Request(
        "DELETE",
        trust_framework.policy(policy_id),
        version=trust_framework.BETA,
        replaces=_replaced(work),
        lane=trust_framework.LANE,
    )


def _unless_changed(work: Work, write: Request) -> Request:
    """Read once more: what somebody changed since the plan is neither in it nor in the journal."""
    before = work.live.body.get("content") if work.live is not None else None
    if work.live is None or not isinstance(before, str):
        return write

    def then(answer: Answer) -> tuple[Request, ...]:
        if content.text_of(answer.raw) == before:
            return (write,)
        message = f"{work.step.address} was changed by somebody since the plan was made"
        raise ProvisioningError(message, remedy="run plan again and look at what it says now")

    return Request(
        "GET",
        f"{trust_framework.policy(known.text(work.live.body, 'id'))}/$value",
        version=trust_framework.BETA,
        then=then,
        alternatives=tuple(
            Alternative(when=gone, then=(write,)) for gone in trust_framework.NOT_THERE
        ),
    )


def _compared(work: Work, desired: Desired) -> Request:
    """Read the policy back: a service that rewrites it would look changed for ever."""
    return Request(
        "GET",
        f"{trust_framework.policy(str(desired.body['id']))}/$value",
        version=trust_framework.BETA,
        transient=trust_framework.NOT_THERE,
        then=_noting(work, desired),
    )


def _noting(work: Work, desired: Desired) -> Callable[[Answer], tuple[Request, ...]]:
    before = known.text(work.live.body, "content") if work.live is not None else None

    def then(answer: Answer) -> tuple[Request, ...]:
        text = content.text_of(answer.raw)
        if content.digest(text) is None or content.is_echo(desired, text):
            return ()
        pair = content.pair(desired, text)
        # What was there before may be a read that lags; shown twice it is the service's doing.
        stale = before is not None and content.digest(before) == content.digest(text)
        surely = not stale or claims.suspected(work, work.step.address) == pair
        return (claims.note_rewriting(work, pair, surely=surely),)

    return then


def _explaining(work: Work, desired: Desired) -> Callable[[str], str]:
    """Take the service's message apart and say where in the user's files each part belongs."""

    def explain(message: str) -> str:
        lineage = [content.document(one) for one in _lineage(work, desired)]
        found = server_message.locate(message, lineage)
        return "\n".join(f"{f.place}: {f.message}" if f.place else f.message for f in found)

    return explain


def _lineage(work: Work, desired: Desired) -> Iterator[Desired]:
    """Yield a policy and its ancestors in the manifest, nearest first."""
    here: Desired | None = desired
    while here is not None:
        yield here
        base = here.body.get("base")
        here = work.wanted.get(base.address) if isinstance(base, Ref) else None


def _replaced(work: Work) -> bytes | None:
    text = work.live.body.get("content") if work.live is not None else None
    return text.encode() if isinstance(text, str) else None
