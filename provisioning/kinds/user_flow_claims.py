"""Application claims of a user flow: a step for a person, until somebody has seen it done.

No API shows or sets them, so this kind never sends anything. A check that sees the claims in a
token discharges the step in the ledger (`claims.manual`).
"""

from __future__ import annotations

from provisioning.core.kind import Kind, Proposal, View
from provisioning.core.model import Desired, LiveObject
from provisioning.core.plan import Action, Change
from provisioning.kinds import claims, user_flow
from provisioning.kinds.sections import user_flows as section


def propose(desired: Desired | None, _live: LiveObject | None, view: View) -> Proposal | None:
    """Ask a person to choose the claims; nothing once exactly these were seen."""
    if desired is None or claims.is_discharged(view, desired.address, desired.body["claims"]):
        return None
    wanted = desired.body["claims"]
    names = ", ".join(map(str, wanted)) if isinstance(wanted, list) else ""
    return Proposal(
        Action.UPDATE,
        "application claims are in no API",
        (Change("applicationClaims", None, wanted),),
        f"Open the user flow {desired.address.key} in the portal, under User flows, choose the "
        f"application claims {names}: {user_flow.PORTAL}",
    )


KIND = Kind(name="user_flow_claims", desire=section.desire_claims, propose=propose)
