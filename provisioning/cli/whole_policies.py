"""Policies of a plan as whole texts, for `--full-xml`. The plan itself holds no XML.

Must not decide what differs: layout is taken out and put in anew, that is all.
"""

from __future__ import annotations

from lxml import etree

from provisioning.core.kind import Work
from provisioning.core.model import Address
from provisioning.engine import reconcile
from provisioning.kinds import custom_policy
from provisioning.kinds.custom_policy import content
from provisioning.policies import canonical
from provisioning.policies.document import Document
from provisioning.render.whole import Whole


def of(draft: reconcile.Draft, *, wanted: bool) -> dict[Address, Whole]:
    """Return every policy step's XML before and after; nothing unless it is wanted.

    References that are not known yet stand by their spelling.
    """
    if not wanted:
        return {}
    return {
        step.address: _whole(draft.build.works[step.address])
        for step in draft.plan.steps
        if step.address.kind == custom_policy.KIND.name
    }


def laid_out(document: Document) -> str | None:
    """Return a policy's canonical form with one element per line; None for no policy at all."""
    if not document.sound:
        return None
    root = etree.fromstring(canonical.form(document))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _whole(work: Work) -> Whole:
    before = work.live.body.get("content") if work.live is not None else None
    now = content.parse(before, "tenant") if isinstance(before, str) else None
    after = content.document(work.desired, work.objects) if work.desired is not None else None
    return Whole(
        # What can't be read as a policy is shown as it is.
        None if now is None else laid_out(now) or str(before),
        None if after is None else laid_out(after),
    )
