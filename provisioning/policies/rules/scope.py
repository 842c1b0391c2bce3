"""What a rule may look at: one policy, indexed, with its ancestors. Must not judge.

Every document is walked once; rules ask by element name, so that lint stays linear in size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from provisioning.policies import document as documents
from provisioning.policies.document import Document, Element

_DECLARED_IN: Final = {
    "ClaimsSchema": "ClaimType",
    "ClaimsTransformations": "ClaimsTransformation",
    "TechnicalProfiles": "TechnicalProfile",
    "ContentDefinitions": "ContentDefinition",
    "ClientDefinitions": "ClientDefinition",
    "Predicates": "Predicate",
    "PredicateValidations": "PredicateValidation",
    "InputValidations": "InputValidation",
    "DisplayControls": "DisplayControl",
    "Localization": "LocalizedResources",
    "UserJourneys": "UserJourney",
    "SubJourneys": "SubJourney",
}
DECLARED: Final = tuple(_DECLARED_IN.values())
"""Kinds of definitions that others refer to by Id."""


class Index:
    """One document by element name and by declared id."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.by_name: dict[str, list[Element]] = defaultdict(list)
        self.declared: dict[str, dict[str, Element]] = {name: {} for name in DECLARED}
        self.repeated: list[tuple[str, Element, Element]] = []
        """(kind, the repetition, the first) of definitions with the same Id."""
        for element in document.root.iter("*"):
            name = documents.name_of(element)
            self.by_name[name].append(element)
            if name in self.declared:
                self._declare(name, element)

    def _declare(self, name: str, element: Element) -> None:
        parent = element.getparent()
        if parent is None or _DECLARED_IN.get(documents.name_of(parent)) != name:
            return
        key = element.get("Id")
        if key is None:
            return
        first = self.declared[name].setdefault(key, element)
        if first is not element:
            self.repeated.append((name, element, first))

    @cached_property
    def folded(self) -> dict[str, dict[str, str]]:
        """Declared ids by their lower case form."""
        return {
            name: {key.casefold(): key for key in declared}
            for name, declared in self.declared.items()
        }

    def elements(self, *names: str) -> Iterator[Element]:
        """Yield the document's elements of these names."""
        for name in names:
            yield from self.by_name.get(name, ())


class Resolution(NamedTuple):
    """Where a reference leads: the id as declared, or None."""

    declared: str | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """One policy under examination."""

    chain: Sequence[Index]
    """The policy itself, then its ancestors, nearest first."""
    complete: bool
    """Whether the chain reaches a root; otherwise what is not found may stand in the tenant."""
    key_sets: frozenset[str] | None = None
    """Ids of the tenant's key sets, folded, with prefix; None when unknown."""
    cache: dict[str, object] = field(default_factory=dict)

    @property
    def index(self) -> Index:
        """The policy's own index."""
        return self.chain[0]

    @property
    def document(self) -> Document:
        """The policy's document."""
        return self.chain[0].document

    def resolve(self, kind: str, name: str) -> Resolution:
        """Look an id up in the policy and its ancestors: exactly, then ignoring case."""
        for index in self.chain:
            if name in index.declared[kind]:
                return Resolution(name, exact=True)
        folded = name.casefold()
        for index in self.chain:
            if folded in index.folded[kind]:
                return Resolution(index.folded[kind][folded], exact=False)
        return Resolution(None, exact=False)

    def definitions(self, kind: str, name: str) -> tuple[Element, ...]:
        """Return every definition of an id (ignoring case) in the chain, nearest first."""
        folded = name.casefold()
        return tuple(
            index.declared[kind][index.folded[kind][folded]]
            for index in self.chain
            if folded in index.folded[kind]
        )

    def names(self, kind: str) -> tuple[str, ...]:
        """Return every id of a kind that the policy may refer to."""
        return tuple(dict.fromkeys(name for index in self.chain for name in index.declared[kind]))
