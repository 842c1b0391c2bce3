"""Elements, attributes and ids as the schema wants them, by our own table of its order.

Must not know the schema's value types; a schema handed to lint checks those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies import identity, schema_order
from provisioning.policies.document import Element
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Scope
from provisioning.policies.schema_order import Shape


def _shapes(scope: Scope) -> list[tuple[Element, Shape]]:
    """Return every element with its shape, what stands in an open one left out; kept."""
    if "shapes" not in scope.cache:
        found: list[tuple[Element, Shape]] = []
        waiting: list[tuple[Element, str]] = [(scope.document.root, "")]
        while waiting:
            element, parent = waiting.pop()
            name = documents.name_of(element)
            shape = schema_order.shape(name, parent)
            found.append((element, shape))
            if not shape.open:
                waiting += [
                    (child, name)
                    for child in documents.children(element)
                    if documents.name_of(child) in schema_order.NAMES
                ]
        scope.cache["shapes"] = found
    return scope.cache["shapes"]  # type: ignore[return-value]


def _order(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        highest, last = -1, ""
        for child in documents.children(element):
            name = documents.name_of(child)
            rank = shape.rank(name)
            if rank is None:
                continue
            if rank < highest:
                message = f"{name} stands behind {last} in {documents.name_of(element)}"
                yield Hit(child, message, f"move {name} before {last}")
            else:
                highest, last = rank, name


def _misplaced(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        if shape.open:
            continue
        for child in documents.children(element):
            name = documents.name_of(child)
            if name in schema_order.NAMES and shape.rank(name) is None:
                holder = documents.name_of(element)
                expected = ", ".join(shape.children) or "no element"
                yield Hit(child, f"{name} may not stand in {holder}", f"{holder} takes {expected}")


def _unknown(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        if shape.open:
            continue
        for child in documents.children(element):
            if documents.name_of(child) not in schema_order.NAMES:
                message = f"{documents.name_of(child)} is no element of the policy schema 0.3.0.0"
                yield Hit(child, message)


def _repeated(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        seen: set[str] = set()
        for child in documents.children(element):
            name = documents.name_of(child)
            if name in seen and name in shape.children and name not in shape.repeatable:
                message = f"{documents.name_of(element)} has a second {name}"
                yield Hit(child, message, f"put what it holds into the first {name}")
            seen.add(name)


def _attributes(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        for name in shape.attributes:
            if element.get(name) is None:
                message = f"{documents.name_of(element)} has no attribute {name}"
                yield Hit(element, message, f'write {name}="…"')


def _text(scope: Scope) -> Iterator[Hit]:
    for element, shape in _shapes(scope):
        if shape.text or shape.open:
            continue
        words = [element.text, *(node.tail for node in element)]
        stray = next((word.strip() for word in words if word and word.strip()), None)
        name = documents.name_of(element)
        if stray is not None:
            yield Hit(element, f"{name} may not hold text: {stray[:40]!r}")
        elif not shape.children and any(words):
            # The service's validator refuses even a line break where the content model is empty.
            yield Hit(element, f"{name} may not hold white space", f"write <{name} … />")


def _duplicates(scope: Scope) -> Iterator[Hit]:
    for kind, again, first in scope.index.repeated:
        yield _again(scope, f"{kind} {again.get('Id')}", again, first)
    for journey in scope.index.elements("UserJourney", "SubJourney"):
        for step_name, attribute in (("OrchestrationStep", "Order"), ("ClaimsExchange", "Id")):
            steps = journey.iter(f"{{{documents.NAMESPACE}}}{step_name}")
            yield from _unique(scope, list(steps), attribute)
    for endpoints in scope.index.elements("Endpoints"):
        yield from _unique(scope, list(documents.children(endpoints)), "Id")


def _unique(scope: Scope, elements: list[Element], attribute: str) -> Iterator[Hit]:
    seen: dict[str, Element] = {}
    for element in elements:
        key = element.get(attribute)
        if key is None:
            continue
        if key in seen:
            words = f"{documents.name_of(element)} with {attribute} {key}"
            yield _again(scope, words, element, seen[key])
        seen.setdefault(key, element)


def _again(scope: Scope, words: str, again: Element, first: Element) -> Hit:
    return Hit(again, f"{words} is declared twice, first at {scope.document.place(first)}")


def _metadata(scope: Scope) -> Iterator[Hit]:
    for metadata in scope.index.elements("Metadata"):
        seen: set[str] = set()
        for item in documents.children(metadata):
            key = item.get("Key", "")
            if key in seen:
                message = f"metadata item {key} stands twice in {identity.path(metadata)}"
                yield Hit(item, message)
            seen.add(key)


RULES: Final = (
    Rule(
        "element-order",
        Severity.ERROR,
        _order,
        "Elements stand in the schema's sequence.",
        "follow the schema's sequence",
    ),
    Rule(
        "misplaced-element",
        Severity.ERROR,
        _misplaced,
        "Elements stand where the schema has them.",
        "move it to where it belongs",
    ),
    Rule(
        "unknown-element",
        Severity.WARNING,
        _unknown,
        "Elements are known; the published schema lags the service at times (azure-docs#47388).",
        "check its spelling",
    ),
    Rule(
        "repeated-element",
        Severity.ERROR,
        _repeated,
        "An element that stands alone occurs once.",
        "keep one",
    ),
    Rule(
        "missing-attribute",
        Severity.ERROR,
        _attributes,
        "Required attributes are there.",
        "add it",
    ),
    Rule(
        "stray-text",
        Severity.ERROR,
        _text,
        "Elements for elements hold no text (samples#618).",
        "delete the text, or make it a comment",
    ),
    Rule(
        "duplicate-id",
        Severity.ERROR,
        _duplicates,
        "Ids are unique in their file, Orders and exchange ids in their journey.",
        "give it another id, or merge the two",
    ),
    Rule(
        "duplicate-metadata-key",
        Severity.WARNING,
        _metadata,
        "A metadata key occurs once; which value would count is undocumented.",
        "keep one of them",
    ),
)
