"""Is the tenant's policy the one that is wanted, and if not, in which elements. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core.kind import Proposal, View, Work
from provisioning.core.model import Desired, LiveObject
from provisioning.core.plan import Action, Change
from provisioning.kinds import claims, known
from provisioning.kinds.custom_policy import content
from provisioning.policies import difference


def propose(desired: Desired | None, live: LiveObject | None, view: View) -> Proposal | None:
    """Create, change or delete; nothing where both mean the same."""
    if desired is None:
        if live is None:
            return None
        gone = Change("PolicyId", known.text(live.body, "id"), None)
        return Proposal(Action.DELETE, "not in the manifest", (gone,))
    if live is None:
        return Proposal(Action.CREATE, "not in the tenant", tuple(_created(desired)))
    if is_same(desired, live, view):
        return None
    changes = _changed(desired, live, view)
    return Proposal(Action.UPDATE, "differs from the manifest", changes)


def is_same(desired: Desired, live: LiveObject, view: View | Work) -> bool:
    """Whether the canonical forms are equal, or the service is known to rewrite it like this."""
    wanted = content.resolved(desired, view.objects)
    text = live.body.get("content")
    if not isinstance(wanted, str) or not isinstance(text, str):
        return False
    if content.digest(wanted) == content.digest(text):
        return True
    if claims.rewriting(view, desired.address) != content.pair(desired, text):
        return False
    return content.holds_references(desired, view.objects, text)


def _created(desired: Desired) -> Iterator[Change]:
    yield Change("PolicyId", None, desired.body["id"])
    base = content.document(desired).base_policy
    if base is not None:
        yield Change("BasePolicy/PolicyId", None, base.policy_id)
    yield Change("content", None, f"sha256:{desired.settings['digest']}")


def _changed(desired: Desired, live: LiveObject, view: View) -> tuple[Change, ...]:
    before = content.parse(known.text(live.body, "content"), f"tenant:{desired.address.key}")
    after = content.document(desired, view.objects)
    whole = Change("content", None, f"sha256:{desired.settings['digest']}")
    if not before.sound or not after.sound:
        # What the tenant has can't be read as a policy: it is replaced as a whole.
        return (whole,)
    changes = difference.compare(before, after)
    text = known.text(live.body, "content")
    again = claims.suspected(view, desired.address) == content.pair(desired, text)
    return (*changes, whole) if again else changes
