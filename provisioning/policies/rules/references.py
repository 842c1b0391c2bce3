"""Every reference of a policy leads to something that it or an ancestor declares.

The service refuses an upload with a dangling reference ("… neither the policy nor any of its base
policies contain such an element"). Must not report where a part of the chain is unknown.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies.document import Element
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Index, Scope


class Reference(NamedTuple):
    """One use of an id."""

    kind: str
    name: str
    element: Element


class _Site(NamedTuple):
    """Where ids of a kind are used: attribute "" is the element's text."""

    kind: str
    attribute: str
    elements: tuple[str, ...]


_SITES: Final = (
    _Site(
        "ClaimType",
        "ClaimTypeReferenceId",
        ("InputClaim", "OutputClaim", "PersistedClaim", "DisplayClaim"),
    ),
    _Site(
        "ClaimsTransformation",
        "ReferenceId",
        ("InputClaimsTransformation", "OutputClaimsTransformation"),
    ),
    _Site(
        "TechnicalProfile",
        "ReferenceId",
        (
            "ValidationTechnicalProfile",
            "IncludeTechnicalProfile",
            "UseTechnicalProfileForSessionManagement",
            "AuthorizationTechnicalProfile",
        ),
    ),
    _Site(
        "TechnicalProfile",
        "TechnicalProfileReferenceId",
        ("ClaimsExchange", "ValidationClaimsExchangeTechnicalProfile", "From"),
    ),
    _Site("TechnicalProfile", "CpimIssuerTechnicalProfileReferenceId", ("OrchestrationStep",)),
    _Site("TechnicalProfile", "DefaultCpimIssuerTechnicalProfileReferenceId", ("UserJourney",)),
    _Site("TechnicalProfile", "", ("IncludeClaimsFromTechnicalProfile",)),
    _Site("ContentDefinition", "ContentDefinitionReferenceId", ("OrchestrationStep",)),
    _Site("Predicate", "Id", ("PredicateReference",)),
    _Site("PredicateValidation", "Id", ("PredicateValidationReference",)),
    _Site("InputValidation", "Id", ("InputValidationReference",)),
    _Site("DisplayControl", "DisplayControlReferenceId", ("DisplayClaim",)),
    _Site("LocalizedResources", "LocalizedResourcesReferenceId", ("LocalizedResourcesReference",)),
    _Site("UserJourney", "ReferenceId", ("DefaultUserJourney",)),
    _Site("UserJourney", "UserJourneyReferenceId", ("Endpoint",)),
    _Site("SubJourney", "SubJourneyReferenceId", ("Candidate",)),
)
_METADATA: Final = {
    "ContentDefinitionReferenceId": "ContentDefinition",
    "RefreshTokenUserJourneyId": "UserJourney",
    "ClientCredentialsUserJourneyId": "UserJourney",
}
_WORDS: Final = {
    "ClaimType": "claim type",
    "ClaimsTransformation": "claims transformation",
    "TechnicalProfile": "technical profile",
    "ContentDefinition": "content definition",
    "ClientDefinition": "client definition",
    "Predicate": "predicate",
    "PredicateValidation": "predicate validation",
    "InputValidation": "input validation",
    "DisplayControl": "display control",
    "LocalizedResources": "localized resources",
    "UserJourney": "user journey",
    "SubJourney": "sub journey",
}


def of(index: Index) -> Iterator[Reference]:
    """Yield every reference that a document makes."""
    for kind, attribute, names in _SITES:
        for element in index.elements(*names):
            name = element.get(attribute) if attribute else documents.text(element)
            if name:
                yield Reference(kind, name, element)
    for item in index.elements("Item"):
        metadata_kind = _METADATA.get(item.get("Key", ""))
        if metadata_kind is not None and (name := documents.text(item)):
            yield Reference(metadata_kind, name, item)
    yield from _by_parent(index)


def _by_parent(index: Index) -> Iterator[Reference]:
    """Yield references of elements whose name means something else under another parent."""
    for element in index.elements("ClientDefinition"):
        if _under(element, "UserJourney") and (name := element.get("ReferenceId")):
            yield Reference("ClientDefinition", name, element)
    for element in index.elements("TechnicalProfile"):
        if _under(element, "InputTokenSources") and (name := element.get("Id")):
            yield Reference("TechnicalProfile", name, element)
    for element in index.elements("Precondition"):
        value = documents.child(element, "Value")
        if value is not None and (name := documents.text(value)):
            yield Reference("ClaimType", name, value)


def _under(element: Element, name: str) -> bool:
    parent = element.getparent()
    return parent is not None and documents.name_of(parent) == name


def _by_kind(scope: Scope) -> dict[str, list[Reference]]:
    if "references" not in scope.cache:
        found: dict[str, list[Reference]] = {}
        for reference in of(scope.index):
            found.setdefault(reference.kind, []).append(reference)
        scope.cache["references"] = found
    return scope.cache["references"]  # type: ignore[return-value]


def _dangling(kind: str) -> Callable[[Scope], Iterator[Hit]]:
    def check(scope: Scope) -> Iterator[Hit]:
        if not scope.complete:
            return
        for reference in _by_kind(scope).get(kind, ()):
            if scope.resolve(kind, reference.name).declared is None:
                message = (
                    f"{documents.name_of(reference.element)} refers to {_WORDS[kind]} "
                    f"{reference.name}, which neither {scope.document.policy_id} nor any of its "
                    f"base policies declares"
                )
                yield Hit(reference.element, message, _nearest(reference.name, scope.names(kind)))

    return check


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _case(scope: Scope) -> Iterator[Hit]:
    if not scope.complete:
        return
    for kind, references in _by_kind(scope).items():
        for reference in references:
            found = scope.resolve(kind, reference.name)
            if found.declared is not None and not found.exact:
                message = f"{_WORDS[kind]} {reference.name} is declared as {found.declared}"
                yield Hit(reference.element, message, f"write {found.declared}")


RULES: Final = (
    *(
        Rule(
            f"unknown-{words.replace(' ', '-')}",
            Severity.ERROR,
            _dangling(kind),
            f"Every {words} that is referred to is declared in the policy or above it.",
            f"declare the {words}, or correct the reference",
            inherited=True,
        )
        for kind, words in _WORDS.items()
    ),
    Rule(
        "reference-case",
        Severity.WARNING,
        _case,
        "References are written as declared; the service accepts another case (the packs do).",
        "write the id as it is declared",
    ),
)
