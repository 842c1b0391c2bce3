"""What changed between two policies, element by element, matched by their ids.

Must not report what the canonical form ignores, and must report everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from provisioning.core.plan import Change
from provisioning.policies import canonical, identity
from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Document, Element

_Keyed = Mapping[tuple[str, str, int], Element]


def compare(before: Document, after: Document) -> tuple[Change, ...]:
    """Return changes in document order of `after`, then what is gone; () when they mean the same.

    Paths read `ClaimsProviders/TechnicalProfile[login-NonInteractive]/Metadata/client_id`;
    attributes end in `/@Name`, a changed order of siblings in `/order`. Values are text for
    leaves and compact XML for whole elements, None where the element is absent.

    Raises:
        ValueError: one of them could not be read.
    """
    forms = canonical.form(before), canonical.form(after)
    if forms[0] == forms[1]:
        return ()
    old, new = (etree.fromstring(form) for form in forms)
    found = tuple(_compare("", old, new))
    # Prefixes and the like: different bytes of the same elements.
    return found or (
        Change("TrustFrameworkPolicy", canonical.digest(before), canonical.digest(after)),
    )


def element_at(document: Document, path: str) -> Element:
    """Return the element that a path of `compare` names, or the deepest above it that is there."""
    here = document.root
    while path and not path.startswith("@"):
        for (_, _, number), element in _below(here):
            start = _join("", element, number)
            if path == start or path.startswith(f"{start}/"):
                here, path = element, path[len(start) + 1 :]
                break
        else:
            break
    return here


def _below(element: Element) -> Iterator[tuple[tuple[str, str, int], Element]]:
    """Yield children with their keys, those of `ClaimsProviders` as `compare` spells them."""
    if documents.name_of(element) == "ClaimsProviders":
        yield from identity.by_identity(_profiles(element)).items()
    yield from identity.by_identity(documents.children(element)).items()


def _compare(path: str, old: Element, new: Element) -> Iterator[Change]:
    yield from _own(path, old, new)
    if documents.name_of(new) == "ClaimsProviders":
        yield from _providers(path, old, new)
    else:
        yield from _children(path, identity.by_identity(old), identity.by_identity(new))


def _own(path: str, old: Element, new: Element) -> Iterator[Change]:
    for name in dict.fromkeys([*new.attrib, *old.attrib]):
        if old.get(name) != new.get(name):
            yield Change(f"{path}/@{name}".lstrip("/"), old.get(name), new.get(name))
    if _words(old) != _words(new):
        yield Change(path, "".join(_words(old)), "".join(_words(new)))


def _words(element: Element) -> list[str]:
    """Return the element's own pieces of text; one empty piece equals none."""
    return [text for text in (element.text, *(node.tail for node in element)) if text]


def _children(path: str, old: _Keyed, new: _Keyed) -> Iterator[Change]:
    for key, element in new.items():
        here = _join(path, element, key[2])
        if key not in old:
            yield Change(here, None, _shown(element))
        else:
            yield from _compare(here, old[key], element)
    for key, element in old.items():
        if key not in new:
            yield Change(_join(path, element, key[2]), _shown(element), None)
    yield from _order(path, old, new)


def _order(path: str, old: _Keyed, new: _Keyed) -> Iterator[Change]:
    stayed = [key for key in old if key in new]
    moved = [key for key in new if key in old]
    if stayed != moved:
        names = (
            ", ".join(identity.segment(side[key]) for key in keys)
            for side, keys in ((old, stayed), (new, moved))
        )
        yield Change(f"{path}/order".lstrip("/"), *names)


def _providers(path: str, old: Element, new: Element) -> Iterator[Change]:
    """Compare technical profiles whatever provider holds them, as the service merges them."""
    profiles = identity.by_identity(_profiles(old)), identity.by_identity(_profiles(new))
    yield from _children(path, *profiles)
    for key in (key for key in profiles[1] if key in profiles[0]):
        homes = [_home(side[key]) for side in profiles]
        if homes[0] != homes[1]:
            yield Change(f"{_join(path, profiles[1][key], key[2])}/provider", *homes)
    shells = identity.by_identity(old), identity.by_identity(new)
    for key in dict.fromkeys([*shells[1], *shells[0]]):
        before, after = (side.get(key) for side in shells)
        if before is not None and after is not None:
            here = _join(path, after, key[2])
            yield from _own(here, before, after)
            yield from _children(here, *(_without_profiles(side) for side in (before, after)))
        elif (provider := before if after is None else after) is not None:
            name = identity.of(provider)
            there = name if before is not None else None, name if after is not None else None
            yield Change(_join(path, provider, key[2]), *there)
    yield from _order(path, *shells)


def _home(profile: Element) -> str:
    holder = profile.getparent()
    provider = None if holder is None else holder.getparent()
    return "" if provider is None else identity.of(provider)


def _without_profiles(provider: Element) -> _Keyed:
    kept = (part for part in provider if documents.name_of(part) != "TechnicalProfiles")
    return identity.by_identity(kept)


def _profiles(providers: Element) -> Iterable[Element]:
    names = ("ClaimsProvider", "TechnicalProfiles", "TechnicalProfile")
    return providers.iterfind("/".join(f"{{{NAMESPACE}}}{name}" for name in names))


def _join(path: str, element: Element, number: int) -> str:
    again = f"[{number + 1}]" if number else ""
    return f"{path}/{identity.segment(element)}{again}".lstrip("/")


def _shown(element: Element) -> str:
    """Return a leaf's text, anything else as compact XML without its namespace."""
    if not len(element) and (not element.attrib or documents.name_of(element) == "Item"):
        return element.text or ""
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return text.replace(f' xmlns="{NAMESPACE}"', "")
