"""Merge a fragment into one policy, element by element. Must not choose the policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from provisioning.core.model import Place
from provisioning.policies import document as documents
from provisioning.policies import identity, insert
from provisioning.policies.document import NAMESPACE, Document, Element
from provisioning.policies.overlays.read import MODE

_NSMAP: Final[dict[Any, str]] = {None: NAMESPACE}
_SECTIONS: Final = frozenset(
    [
        "ClaimsSchema",
        "ClaimsTransformations",
        "Predicates",
        "PredicateValidations",
        "InputValidations",
        "ContentDefinitions",
        "DisplayControls",
        "ClientDefinitions",
        "Localization",
        "TechnicalProfiles",
        "UserJourneys",
        "SubJourneys",
        "RelyingParty",
    ]
)
"""Their children are definitions: the unit in which effects are told."""


@dataclass(slots=True)
class Merging:
    """One merge in progress. `target` is a copy that may be changed."""

    target: Document
    ancestors: Sequence[Document]
    """The target's own, nearest first."""
    source: Document
    """Knows where the fragment's elements stand."""
    places: dict[Element, Place] = field(default_factory=dict)
    """Of every element that the merge wrote."""
    overridden: list[str] = field(default_factory=list)
    """Paths of definitions that existed, here or above, and mean something else now."""


def merge(merging: Merging, fragment: Element) -> None:
    """Merge the children of `fragment` into the target's root."""
    _children(merging, merging.target.root, fragment)


def _children(merging: Merging, parent: Element, fragment: Element) -> None:
    for part in documents.children(fragment):
        if documents.name_of(part) == "ClaimsProvider":
            _provider(merging, parent, part)
        elif documents.name_of(fragment) in _SECTIONS:
            _definition(merging, parent, part, _counterpart(parent, part))
        else:
            _element(merging, parent, part, _counterpart(parent, part))


def _definition(merging: Merging, parent: Element, part: Element, found: Element | None) -> None:
    above = _above(merging, part)
    before = _meaning(found) if found is not None else None
    if part.get(MODE) == "if-absent" and (found is not None or above):
        return
    _element(merging, parent, part, found)
    if above or (found is not None and _meaning(found) != before):
        merging.overridden.append(identity.path(part).partition("TrustFrameworkPolicy/")[2])


def _element(merging: Merging, parent: Element, part: Element, found: Element | None) -> None:
    mode = part.get(MODE, "merge")
    if found is not None and mode == "if-absent":
        return
    if found is not None and mode == "replace":
        _replace(merging, found, part)
    elif found is None and (mode == "replace" or _bare(part)):
        insert.insert(parent, _copy(merging, part))
    else:
        _merge(merging, parent, part, found)


def _merge(merging: Merging, parent: Element, part: Element, found: Element | None) -> None:
    here = found if found is not None else insert.insert(parent, _shell(merging, part))
    for name, value in _attributes(part):
        if here.get(name) != value:
            here.set(name, value)
            merging.places[here] = merging.source.place(part)
    if not len(part) and part.text and documents.text(here) != documents.text(part):
        here.text = part.text
        merging.places[here] = merging.source.place(part)
    _children(merging, here, part)
    if found is None and len(part) and not len(here):
        # Everything in it was declared elsewhere; the schema refuses empty collections.
        parent.remove(here)


def _provider(merging: Merging, providers: Element, part: Element) -> None:
    """Merge the profiles where they stand; the others go to the provider of the same name."""
    existing = {
        profile.get("Id"): profile
        for provider in documents.children(providers)
        for holder in provider.iterfind(f"{{{NAMESPACE}}}TechnicalProfiles")
        for profile in documents.children(holder)
    }
    shell = next(
        (p for p in documents.children(providers) if identity.of(p) == identity.of(part)), None
    )
    for profile in _profiles(part):
        found = existing.get(profile.get("Id"))
        if found is not None:
            _definition(merging, _parent(found), profile, found)
            continue
        if shell is None:
            shell = insert.insert(providers, _shell(merging, part))
        for own in documents.children(part):
            if documents.name_of(own) != "TechnicalProfiles":
                _element(merging, shell, own, _counterpart(shell, own))
        _definition(merging, insert.ensure(shell, "TechnicalProfiles"), profile, None)
        if shell is not None and not _profiles(shell):
            providers.remove(shell)
            shell = None


def _profiles(provider: Element) -> list[Element]:
    return provider.findall(f"{{{NAMESPACE}}}TechnicalProfiles/{{{NAMESPACE}}}TechnicalProfile")


def _parent(element: Element) -> Element:
    parent = element.getparent()
    assert parent is not None
    return parent


def _counterpart(parent: Element, part: Element) -> Element | None:
    """Return the child of `parent` that `part` talks about."""
    same = [child for child in documents.children(parent) if child.tag == part.tag]
    key = identity.of(part)
    if key:
        return next((child for child in same if identity.of(child) == key), None)
    if _bare(part):
        return next((child for child in same if _meaning(child) == _meaning(part)), None)
    return same[0] if same else None


def _bare(part: Element) -> bool:
    """Whether only its content tells it from its neighbours (a precondition, a value)."""
    return not identity.of(part) and identity.repeats(part)


def _above(merging: Merging, part: Element) -> bool:
    """Whether an ancestor of the target declares the same definition."""
    name, key = documents.name_of(part), identity.of(part).casefold()
    holder = documents.name_of(_parent(part))
    return bool(key) and any(
        identity.of(element).casefold() == key
        for document in merging.ancestors
        for section in document.root.iter(f"{{{NAMESPACE}}}{holder}")
        for element in section.iterchildren(f"{{{NAMESPACE}}}{name}")
    )


def _replace(merging: Merging, found: Element, part: Element) -> None:
    if _meaning(found) == _meaning(part):
        return
    parent, tail = _parent(found), found.tail
    position = parent.index(found)
    new = _copy(merging, part)
    depth = sum(1 for _ in found.iterancestors())
    etree.indent(new, space="  ", level=depth)
    new.tail = tail
    parent[position] = new


def _attributes(part: Element) -> Iterator[tuple[str, str]]:
    return ((str(n), str(v)) for n, v in part.attrib.items() if n != MODE)


def _shell(merging: Merging, part: Element) -> Element:
    new = etree.Element(part.tag, dict(_attributes(part)), nsmap=_NSMAP)
    if not len(part):
        new.text = part.text
    merging.places[new] = merging.source.place(part)
    return new


def _copy(merging: Merging, part: Element) -> Element:
    """Return a copy that belongs to no overlay any more: no modes, no comments, no prefix."""
    new = _shell(merging, part)
    for child in documents.children(part):
        new.append(_copy(merging, child))
    return new


def _meaning(element: Element) -> tuple[object, ...]:
    """Return what an element says, comparable, without modes, comments and layout."""
    kids = tuple(_meaning(child) for child in documents.children(element))
    text = "" if kids else (element.text or "")
    return (str(element.tag), tuple(sorted(_attributes(element))), text, kids)
