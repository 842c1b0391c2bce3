"""Technical profiles as the engine sees them: merged by Id, includes resolved. Must not judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Element
from provisioning.policies.rules.scope import Scope


class Claim(NamedTuple):
    """An input claim by what the partner calls it."""

    claim_type: str
    default: str | None
    element: Element


@dataclass(slots=True)
class Profile:
    """The effective metadata and input claims of a technical profile."""

    name: str
    metadata: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Claim] = field(default_factory=dict)
    """By PartnerClaimType, else the claim type's id; folded."""


def family(scope: Scope, name: str) -> tuple[str, ...]:
    """Return a profile's id and those it includes, nearest first, folded."""
    found: list[str] = []
    waiting = [name.casefold()]
    while waiting:
        here = waiting.pop(0)
        if here in found:
            continue
        found.append(here)
        for definition in scope.definitions("TechnicalProfile", here):
            included = documents.child(definition, "IncludeTechnicalProfile")
            if included is not None:
                waiting.append(included.get("ReferenceId", "").casefold())
    return tuple(found)


def effective(scope: Scope, name: str) -> Profile:
    """Return a profile: nearest definition first, then its ancestors', then what they include."""
    profile = Profile(name)
    for member in family(scope, name):
        for definition in scope.definitions("TechnicalProfile", member):
            _add(profile, definition)
    return profile


def _add(profile: Profile, definition: Element) -> None:
    for item in definition.iterfind(f"{{{NAMESPACE}}}Metadata/{{{NAMESPACE}}}Item"):
        profile.metadata.setdefault(item.get("Key", ""), documents.text(item))
    for claim in definition.iterfind(f"{{{NAMESPACE}}}InputClaims/{{{NAMESPACE}}}InputClaim"):
        claim_type = claim.get("ClaimTypeReferenceId", "")
        partner = claim.get("PartnerClaimType", claim_type).casefold()
        profile.inputs.setdefault(partner, Claim(claim_type, claim.get("DefaultValue"), claim))
