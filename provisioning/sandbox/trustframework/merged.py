"""A policy with its ancestors as one: profiles, transformations, journeys; must not judge.

Merging: azure-docs custom-policy-overview (same type and id override); steps of one journey merge
by order, their exchanges are united (azure-ad-b2c/samples#198).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from provisioning.sandbox.trustframework.reader import Document, tag

_SELF_ASSERTED = "SelfAssertedAttributeProvider"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that a profile takes or gives; `partner` is its name at the other side.

    `always`: the default counts even where there is a value; `renamed`: the policy says `partner`.
    """

    id: str
    required: bool
    default: str | None
    partner: str
    always: bool = False
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class Precondition:
    """When a step is skipped: kind (ClaimsExist, ClaimEquals), its values, the side that skips."""

    type: str
    values: tuple[str, ...]
    skips_if: bool
    action: str


@dataclass(frozen=True, slots=True)
class Validation:
    """A profile that judges what was typed, and whether those after it still have their turn."""

    profile: str
    preconditions: tuple[Precondition, ...] = ()
    goes_on_after_error: bool = False
    goes_on_after_success: bool = True


@dataclass(slots=True)
class Profile:
    """A technical profile, merged; mappings have case-folded keys, metadata its own."""

    id: str
    protocol: str = ""
    handler: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Claim] = field(default_factory=dict)
    outputs: dict[str, Claim] = field(default_factory=dict)
    display: set[str] = field(default_factory=set)
    persisted: set[str] = field(default_factory=set)
    input_transformations: list[str] = field(default_factory=list)
    output_transformations: list[str] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    enabled: str = ""
    session: str = ""
    include: str = ""
    output_format: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    persisted_claims: dict[str, Claim] = field(default_factory=dict)

    @property
    def is_self_asserted(self) -> bool:
        """Whether the user types its claims."""
        return _SELF_ASSERTED in self.handler


@dataclass(slots=True)
class Step:
    """An orchestration step: exchanges by id, the profile that issues or reads a token."""

    order: int
    type: str = ""
    exchanges: dict[str, str] = field(default_factory=dict)
    selects: bool = False
    issuer: str = ""
    sub_journeys: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    validates: list[str] = field(default_factory=list)
    preconditions: list[Precondition] = field(default_factory=list)


@dataclass(slots=True)
class Journey:
    """A user journey or sub-journey; steps by order."""

    id: str
    steps: dict[int, Step] = field(default_factory=dict)

    def in_order(self) -> list[Step]:
        """Its steps, first to last."""
        return [self.steps[order] for order in sorted(self.steps)]


@dataclass(frozen=True)
class Lineage:
    """A policy and its ancestors, the policy first."""

    documents: tuple[Document, ...]

    @property
    def policy(self) -> Document:
        """The policy itself."""
        return self.documents[0]

    def elements(self, name: str) -> Iterator[etree._Element]:
        """All elements of this name, the root policy's first."""
        for document in reversed(self.documents):
            yield from document.root.iter(tag(name))

    def declared(self, container: str, name: str) -> set[str]:
        """Case-folded ids of what stands in containers: the packs write surName for surname."""
        return {
            (each.get("Id") or "").casefold()
            for parent in self.elements(container)
            for each in parent.iter(tag(name))
        }

    @cached_property
    def profiles(self) -> Mapping[str, Profile]:
        """Profiles by case-folded id, without what they include."""
        found: dict[str, Profile] = {}
        for provider in self.elements("ClaimsProviders"):
            for element in provider.iter(tag("TechnicalProfile")):
                identity = element.get("Id") or ""
                _read_profile(found.setdefault(identity.casefold(), Profile(identity)), element)
        return found

    def effective(self, identity: str) -> Profile | None:
        """A profile with everything it includes, its own word last."""
        names: list[str] = []
        name = identity.casefold()
        while name in self.profiles and name not in names:
            names.append(name)
            name = self.profiles[name].include.casefold()
        if not names:
            return None
        result = Profile(self.profiles[names[0]].id)
        for each in reversed(names):
            _lay_over(result, self.profiles[each])
        return result

    @cached_property
    def transformations(self) -> Mapping[str, set[str]]:
        """The claims that each claims transformation gives."""
        found = {}
        for parent in self.elements("ClaimsTransformations"):
            for each in parent.iter(tag("ClaimsTransformation")):
                outputs = each.iterfind(f"{tag('OutputClaims')}/{tag('OutputClaim')}")
                found[(each.get("Id") or "").casefold()] = {claim(one).id for one in outputs}
        return found

    @cached_property
    def journeys(self) -> Mapping[str, Journey]:
        """User journeys by case-folded id."""
        return self._journeys("UserJourneys", "UserJourney")

    @cached_property
    def sub_journeys(self) -> Mapping[str, Journey]:
        """Sub-journeys by case-folded id."""
        return self._journeys("SubJourneys", "SubJourney")

    def _journeys(self, container: str, name: str) -> dict[str, Journey]:
        found: dict[str, Journey] = {}
        for parent in self.elements(container):
            for element in parent.iterfind(tag(name)):
                identity = element.get("Id") or ""
                journey = found.setdefault(identity.casefold(), Journey(identity))
                for each in element.iter(tag("OrchestrationStep")):
                    order = int(each.get("Order") or "0")
                    _read_step(journey.steps.setdefault(order, Step(order)), each)
        return found


def _read_profile(profile: Profile, element: etree._Element) -> None:
    protocol = element.find(tag("Protocol"))
    if protocol is not None:
        profile.protocol = protocol.get("Name") or ""
        profile.handler = protocol.get("Handler") or ""
    for item in element.iterfind(f"{tag('Metadata')}/{tag('Item')}"):
        profile.metadata[item.get("Key") or ""] = (item.text or "").strip()
    for container, claims in (
        ("InputClaims", profile.inputs),
        ("OutputClaims", profile.outputs),
        ("PersistedClaims", profile.persisted_claims),
    ):
        for each in element.iterfind(f"{tag(container)}/*[@ClaimTypeReferenceId]"):
            found = claim(each)
            claims[found.id.casefold()] = found
    for container, ids in (
        ("DisplayClaims", profile.display),
        ("PersistedClaims", profile.persisted),
    ):
        for each in element.iterfind(f"{tag(container)}/*[@ClaimTypeReferenceId]"):
            ids.add(claim(each).id.casefold())
    profile.input_transformations += _references(element, "InputClaimsTransformation")
    profile.output_transformations += _references(element, "OutputClaimsTransformation")
    profile.validations += map(_validation, element.iter(tag("ValidationTechnicalProfile")))
    enabled = element.findtext(tag("EnabledForUserJourneys"))
    profile.enabled = profile.enabled if enabled is None else enabled.strip()
    for each in element.iterfind(f"{tag('CryptographicKeys')}/{tag('Key')}"):
        profile.keys[each.get("Id") or ""] = each.get("StorageReferenceId") or ""
    format_ = element.find(tag("OutputTokenFormat"))
    profile.output_format = (
        profile.output_format if format_ is None else (format_.text or "").strip()
    )
    included = _references(element, "IncludeTechnicalProfile")
    session = _references(element, "UseTechnicalProfileForSessionManagement")
    profile.include = included[0] if included else profile.include
    profile.session = session[0] if session else profile.session


def _lay_over(below: Profile, above: Profile) -> None:
    below.protocol = above.protocol or below.protocol
    below.handler = above.handler or below.handler
    below.metadata |= above.metadata
    below.keys |= above.keys
    below.persisted_claims |= above.persisted_claims
    below.output_format = above.output_format or below.output_format
    below.inputs |= above.inputs
    below.outputs |= above.outputs
    below.display |= above.display
    below.persisted |= above.persisted
    below.input_transformations += above.input_transformations
    below.output_transformations += above.output_transformations
    below.validations += above.validations
    below.enabled = above.enabled or below.enabled
    below.session = above.session or below.session


def _read_step(step: Step, element: etree._Element) -> None:
    step.type = element.get("Type") or step.type
    step.issuer = element.get("CpimIssuerTechnicalProfileReferenceId") or step.issuer
    for each in element.iter(tag("ClaimsExchange")):
        step.exchanges[each.get("Id") or ""] = each.get("TechnicalProfileReferenceId") or ""
    step.selects = step.selects or element.find(tag("ClaimsProviderSelections")) is not None
    for each in element.iter(tag("ClaimsProviderSelection")):
        step.targets += filter(None, [each.get("TargetClaimsExchangeId")])
        step.validates += filter(None, [each.get("ValidationClaimsExchangeId")])
    step.preconditions += map(_precondition, element.iter(tag("Precondition")))
    step.sub_journeys += [
        each.get("SubJourneyReferenceId") or "" for each in element.iter(tag("Candidate"))
    ]


def claim(element: etree._Element) -> Claim:
    """A reference to a claim, from its element."""
    identity = element.get("ClaimTypeReferenceId") or ""
    return Claim(
        id=identity,
        required=(element.get("Required") or "").lower() in {"true", "1"},
        default=element.get("DefaultValue"),
        partner=element.get("PartnerClaimType") or identity,
        always=(element.get("AlwaysUseDefaultValue") or "").lower() in {"true", "1"},
        renamed=element.get("PartnerClaimType") is not None,
    )


def _precondition(element: etree._Element) -> Precondition:
    action = element.find(tag("Action"))
    return Precondition(
        type=element.get("Type") or "",
        values=tuple((each.text or "").strip() for each in element.iterfind(tag("Value"))),
        skips_if=(element.get("ExecuteActionsIf") or "true").lower() in {"true", "1"},
        action="" if action is None else (action.text or "").strip(),
    )


def _validation(element: etree._Element) -> Validation:
    return Validation(
        profile=element.get("ReferenceId") or "",
        preconditions=tuple(map(_precondition, element.iter(tag("Precondition")))),
        goes_on_after_error=(element.get("ContinueOnError") or "").lower() in {"true", "1"},
        goes_on_after_success=(element.get("ContinueOnSuccess") or "true").lower() in {"true", "1"},
    )


def _references(element: etree._Element, name: str) -> list[str]:
    return [each.get("ReferenceId") or "" for each in element.iter(tag(name))]


def lineage(policy: Document, ancestor: Callable[[str], Document | None], most: int) -> Lineage:
    """A policy with its stored ancestors; a chain that is too long ends one beyond `most`."""
    documents = [policy]
    while len(documents) <= most and documents[-1].base:
        above = ancestor(documents[-1].base)
        if above is None:
            break
        documents.append(above)
    return Lineage(tuple(documents))
