"""What makes two elements of two policies the same one. Must not compare what they hold.

The service merges a child policy over its parent by these identities (policy inheritance,
trustframeworkpolicy reference); overlays and differences follow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.policies import document as documents
from provisioning.policies import schema_order
from provisioning.policies.document import Element

_ATTRIBUTES: Final = (
    "Id",
    "Key",
    "ClaimTypeReferenceId",
    "DisplayControlReferenceId",
    "ReferenceId",
    "TechnicalProfileReferenceId",
    "TargetClaimsExchangeId",
    "ValidationClaimsExchangeId",
    "SubJourneyReferenceId",
    "Order",
    "Language",
    "PolicyId",
)
_OWN: Final = {
    # One of each stands in its parent, so their attributes are values, not names.
    "IncludeTechnicalProfile": (),
    "UseTechnicalProfileForSessionManagement": (),
    "DefaultUserJourney": (),
    "UserJourney/ClientDefinition": (),
    "InputValidationReference": (),
    "PredicateValidationReference": (),
    "ConstraintHandler": (),
    "LocalizedString": ("ElementType", "ElementId", "StringId"),
    "LocalizedCollection": ("ElementType", "ElementId", "TargetCollection"),
    "LocalizedCollection/Item": ("Value",),
    "Enumeration": ("Value",),
    "DefaultPartnerClaimTypes/Protocol": ("Name",),
    "ContentDefinitionParameters/Parameter": ("Name",),
}


_WRAPPERS: Final = frozenset(
    {
        "ClaimsExchanges",
        "ClaimsProviderSelections",
        "DefaultPartnerClaimTypes",
        "InputClaimsTransformations",
        "JourneyList",
        "OutputClaimsTransformations",
        "Preconditions",
        "PredicateGroups",
        "ValidationTechnicalProfiles",
    }
)
"""The schema lets them repeat, but a second one would only hold more of the same."""


def of(element: Element) -> str:
    """Return an element's identity among its siblings of the same name.

    "" for one that stands alone (`Metadata`) or has none (`Precondition`).
    """
    name = documents.name_of(element)
    parent = element.getparent()
    within = "" if parent is None else documents.name_of(parent)
    if name == "ClaimsProvider":
        return documents.text_of(element, "DisplayName") or documents.text_of(element, "Domain")
    names = _OWN.get(f"{within}/{name}", _OWN.get(name))
    if names is not None:
        return "/".join(element.get(attribute, "") for attribute in names)
    return next((v for a in _ATTRIBUTES if (v := element.get(a)) is not None), "")


def repeats(element: Element) -> bool:
    """Whether several of its name may stand side by side and say different things."""
    parent = element.getparent()
    if parent is None or documents.name_of(element) in _WRAPPERS:
        return False
    above = parent.getparent()
    grandparent = "" if above is None else documents.name_of(above)
    shape = schema_order.shape(documents.name_of(parent), grandparent)
    return documents.name_of(element) in shape.repeatable


def path(element: Element) -> str:
    """Spell where an element stands, below the root: `ClaimsProviders/TechnicalProfile[X]/…`."""
    segments: list[str] = []
    here: Element | None = element
    while here is not None and here.getparent() is not None:
        if (
            documents.name_of(here) not in {"ClaimsProvider", "TechnicalProfiles"}
            or here is element
        ):
            segments.append(segment(here))
        here = here.getparent()
    return "/".join(reversed(segments))


def segment(element: Element) -> str:
    """Spell one element: `TechnicalProfile[JwtIssuer]`, `Metadata`, an Item by its key alone."""
    key = of(element)
    name = documents.name_of(element)
    if name == "Item" and key:
        return key
    return f"{name}[{key}]" if key else name


def by_identity(elements: Iterable[Element]) -> dict[tuple[str, str, int], Element]:
    """Return elements by (name, identity, how many of that identity came before)."""
    seen: dict[tuple[str, str], int] = {}
    found: dict[tuple[str, str, int], Element] = {}
    for element in elements:
        key = (documents.name_of(element), of(element))
        found[(*key, seen.get(key, 0))] = element
        seen[key] = seen.get(key, 0) + 1
    return found
