"""Which element of a policy a refusal is about, with its place in the user's file. Pure.

A policy is looked at together with its declared ancestors, the nearest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioning.core.model import Address, Desired, LiveObject, Place
from provisioning.kinds.custom_policy import content
from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Document, Element

KIND = "custom_policy"
_PASSWORD = "{OIDC:Password}"  # noqa: S105 - a resolver's name


class Spot(StrEnum):
    """Places in a policy that refusals point at."""

    POLICY = "policy"
    """Its root element."""
    OUTPUT_CLAIMS = "output-claims"
    """What the relying party puts into tokens."""
    FIRST_STEP = "first-step"
    """Step 1 of the default journey."""
    REFRESH = "refresh"
    """What names the journey that redeems refresh tokens."""
    LOGIN = "login"
    """The technical profile that takes the password."""
    ISSUER = "issuer"
    """The technical profile that issues the tokens."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A policy and its declared ancestors."""

    documents: tuple[Document, ...]

    def find(self, spot: Spot) -> Place:
        """Return where a spot stands, or the policy itself."""
        for document, element in self._spot(spot):
            return document.place(element)
        return self.documents[0].place()

    def claim(self, name: str) -> tuple[Place, bool]:
        """Return where a claim of tokens is put out, else where it would be, and which.

        One that is put out under another name counts as well.
        """
        listed = [
            (document, claim)
            for document, element in self._named("OutputClaims")
            if _is_relying_party(element)
            for claim in documents.children(element)
        ]
        for attribute in ("PartnerClaimType", "ClaimTypeReferenceId"):
            for document, claim in listed:
                if claim.get(attribute) == name:
                    return document.place(claim), True
        return self.find(Spot.OUTPUT_CLAIMS), False

    def mention(self, text: str) -> Place | None:
        """Return the place of the element that has an attribute of this value."""
        for document in self.documents:
            for element in document.root.iter("*"):
                if text in element.attrib.values():
                    return document.place(element)
        return None

    def _spot(self, spot: Spot) -> Iterator[tuple[Document, Element]]:
        match spot:
            case Spot.OUTPUT_CLAIMS:
                listed = self._named("OutputClaims")
                yield from (found for found in listed if _is_relying_party(found[1]))
                yield from self._named("RelyingParty")
            case Spot.FIRST_STEP:
                yield from self._steps("Order", "1")
            case Spot.REFRESH:
                yield from self._named("Endpoint")
                yield from self._with("Item", "Key", "RefreshTokenUserJourneyId")
            case Spot.LOGIN:
                for document, claim in self._with("InputClaim", "DefaultValue", _PASSWORD):
                    profile = next(claim.iterancestors(f"{{{NAMESPACE}}}TechnicalProfile"))
                    yield document, profile
            case Spot.ISSUER:
                for _, step in self._steps("Type", "SendClaims"):
                    name = step.get("CpimIssuerTechnicalProfileReferenceId", "")
                    yield from self._with("TechnicalProfile", "Id", name)

    def _steps(self, attribute: str, value: str) -> Iterator[tuple[Document, Element]]:
        """Yield the default journey's steps whose attribute has a value."""
        named = (element.get("ReferenceId", "") for _, element in self._named("DefaultUserJourney"))
        for document, journey in self._with("UserJourney", "Id", next(named, "")):
            for step in journey.iter(f"{{{NAMESPACE}}}OrchestrationStep"):
                if step.get(attribute) == value:
                    yield document, step

    def _with(self, name: str, attribute: str, value: str) -> Iterator[tuple[Document, Element]]:
        """Yield the elements of a name whose attribute has a value, case ignored."""
        for document, element in self._named(name):
            if element.get(attribute, "").casefold() == value.casefold():
                yield document, element

    def _named(self, name: str) -> Iterator[tuple[Document, Element]]:
        for document in self.documents:
            for element in document.root.iter(f"{{{NAMESPACE}}}{name}"):
                yield document, element


def chain(
    policy_id: str, wanted: Mapping[Address, Desired], objects: Mapping[Address, LiveObject]
) -> Chain | None:
    """Return a policy of the manifest with its ancestors; None when it declares no such policy."""
    declared = {a.key.casefold(): each for a, each in wanted.items() if a.kind == KIND}
    found: list[Document] = []
    name: object = policy_id.casefold()
    while isinstance(name, str) and name in declared:
        desired = declared.pop(name)
        found.append(content.document(desired, objects))
        base = desired.settings.get("base")
        name = base.casefold() if isinstance(base, str) else None
    return Chain(tuple(found)) if found else None


def _is_relying_party(element: Element) -> bool:
    return any(documents.name_of(above) == "RelyingParty" for above in element.iterancestors())
