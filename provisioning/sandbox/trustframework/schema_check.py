"""Schema errors, worded as .NET's validating reader words them; must not follow references.

Texts: azure-docs#99326, #97126; azure-ad-b2c/samples#618.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from lxml import etree

from provisioning.sandbox.trustframework import sequence
from provisioning.sandbox.trustframework.reader import NAMESPACE, Document

_IN = f"in namespace '{NAMESPACE}'"
_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"|</[^>]*>"
    r"|<(?P<start>)[^!?/](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>",
    re.DOTALL,
)


def errors_in(document: Document, tenant: str) -> Iterator[str]:
    """One text per schema error, in the order of the document."""
    found = list(_walk(document.root))
    if not found:
        return
    places = _places(document)
    for element, text in found:
        line, column = places.get(element, (1, 1))
        yield (
            f"Schema validation error found at line {line} col {column} in policy "
            f'"{document.id.upper()}" of tenant "{tenant}": {text}'
        )


def _walk(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    name = etree.QName(root)
    if (name.namespace, name.localname) != (NAMESPACE, "TrustFrameworkPolicy"):
        shown = f"{name.namespace}:{name.localname}" if name.namespace else name.localname
        yield root, f"The '{shown}' element is not declared."
        return
    for element in root.iter(tag=etree.Element):
        own = etree.QName(element)
        if own.namespace == NAMESPACE:
            yield from _element(element, own.localname)


def _element(element: etree._Element, name: str) -> Iterator[tuple[etree._Element, str]]:
    above = element.getparent()
    parent = "" if above is None else etree.QName(above).localname
    for attribute in sequence.required(parent, name):
        if element.get(attribute) is None:
            yield element, f"The required attribute '{attribute}' is missing."
    order = element.get("Order")
    if name == "OrchestrationStep" and order and not re.fullmatch(r"[0-9]{1,9}", order):
        kind = "http://www.w3.org/2001/XMLSchema:int"
        text = f"The value '{order}' is invalid according to its datatype '{kind}'."
        yield element, f"The 'Order' attribute is invalid - {text}"
    allowed = sequence.children(parent, name)
    if allowed is not None:
        yield from _content(element, name, allowed)
    elif name in sequence.EMPTY and parent != "InputTokenSources":
        yield from _emptiness(element, name)
    if name in sequence.UNIQUE:
        yield from _twins(element, *sequence.UNIQUE[name])


def _content(
    element: etree._Element, name: str, allowed: Sequence[str]
) -> Iterator[tuple[etree._Element, str]]:
    """What stands where it may not; as the reader does, only the first of an element."""
    position = 0
    plain = [each.rstrip("*") for each in allowed]
    if (element.text or "").strip():
        yield element, f"The element '{name}' {_IN} cannot contain text.{_expected(plain)}"
        return
    for child in element.iterchildren(tag=etree.Element):
        own = etree.QName(child)
        at = plain.index(own.localname) if own.localname in plain else -1
        if own.namespace != NAMESPACE or at < position:
            place = f" in namespace '{own.namespace}'" if own.namespace else ""
            text = f"The element '{name}' {_IN} has invalid child element '{own.localname}'{place}."
            yield child, text + _expected(plain[position:])
            return
        position = at if allowed[at].endswith("*") else at + 1
        if (child.tail or "").strip():
            text = f"The element '{name}' {_IN} cannot contain text."
            yield child, text + _expected(plain[position:])
            return


def _emptiness(element: etree._Element, name: str) -> Iterator[tuple[etree._Element, str]]:
    inside = element.text or ""
    if inside.strip() or len(element):
        yield element, f"The element '{name}' {_IN} cannot contain text. Content model is empty."
    elif inside:
        yield element, "The element cannot contain white space. Content model is empty."


def _twins(
    element: etree._Element, name: str, attribute: str, key: str
) -> Iterator[tuple[etree._Element, str]]:
    seen: Counter[str] = Counter()
    for each in element.iter(f"{{{NAMESPACE}}}{name}"):
        value = each.get(attribute)
        if value is None:
            continue
        seen[value] += 1
        if seen[value] > 1:
            text = f"There is a duplicate key sequence '{value}' for the '{NAMESPACE}:{key}' key"
            yield each, f"{text} or unique identity constraint."


def _expected(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" List of possible elements expected: '{', '.join(names)}' {_IN}."


def _places(document: Document) -> dict[etree._Element, tuple[int, int]]:
    """Line and column of every element's name, both from 1, as .NET counts them."""
    starts = [each.start() for each in _MARKUP.finditer(document.text) if each["start"] is not None]
    elements = document.root.iter(tag=etree.Element)
    result = {}
    for element, start in zip(elements, starts, strict=False):
        line = document.text.count("\n", 0, start) + 1
        result[element] = (line, start - document.text.rfind("\n", 0, start) + 1)
    return result
