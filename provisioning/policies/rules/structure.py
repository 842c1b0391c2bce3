"""Elements, attributes and ids as the schema wants them, by our own table of its order.

Must not know the schema's value types; a schema handed to lint checks those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies import identity, schema_order
from provisioning.policies.document import Element
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Scope
from provisioning.policies.schema_order import Shape


class _Child(NamedTuple):
    element: Element
    name: str
    rank: int | None
    """Place in its parent's sequence, None where it does not belong."""


class _Row(NamedTuple):
    """One element with what the table says about it."""

    element: Element
    name: str
    shape: Shape
    children: tuple[_Child, ...]


def _rows(scope: Scope) -> list[_Row]:
    """Return a row per element, those below an open or unknown one left out; kept."""
    if "rows" not in scope.cache:
        root = scope.document.root
        found: list[_Row] = []
        waiting = [(root, documents.name_of(root), "")]
        while waiting:
            element, name, parent = waiting.pop()
            shape = schema_order.shape(name, parent)
            kids: tuple[_Child, ...] = ()
            if len(element) and not shape.open:
                kids = tuple(_child(child, shape) for child in documents.children(element))
                waiting += [
                    (child, child_name, name)
                    for child, child_name, _ in kids
                    if child_name in schema_order.NAMES
                ]
            found.append(_Row(element, name, shape, kids))
        scope.cache["rows"] = found
    return scope.cache["rows"]  # type: ignore[return-value]


def _child(element: Element, shape: Shape) -> _Child:
    name = documents.name_of(element)
    return _Child(element, name, shape.rank(name))


def _order(scope: Scope) -> Iterator[Hit]:
    for row in _rows(scope):
        highest, last = -1, ""
        for child, name, rank in row.children:
            if rank is None:
                continue
            if rank < highest:
                message = f"{name} stands behind {last} in {row.name}"
                yield Hit(child, message, f"move {name} before {last}")
            else:
                highest, last = rank, name


def _misplaced(scope: Scope) -> Iterator[Hit]:
    for row in _rows(scope):
        for child, name, rank in row.children:
            if rank is None and name in schema_order.NAMES:
                expected = ", ".join(row.shape.children) or "no element"
                remedy = f"{row.name} takes {expected}"
                yield Hit(child, f"{name} may not stand in {row.name}", remedy)


def _unknown(scope: Scope) -> Iterator[Hit]:
    for row in _rows(scope):
        for child, name, rank in row.children:
            if rank is None and name not in schema_order.NAMES:
                yield Hit(child, f"{name} is no element of the policy schema 0.3.0.0")


def _repeated(scope: Scope) -> Iterator[Hit]:
    for row in _rows(scope):
        seen: set[str] = set()
        for child, name, rank in row.children:
            if rank is None or name in row.shape.repeatable:
                continue
            if name in seen:
                remedy = f"put what it holds into the first {name}"
                yield Hit(child, f"{row.name} has a second {name}", remedy)
            seen.add(name)


def _attributes(scope: Scope) -> Iterator[Hit]:
    for row in _rows(scope):
        for name in row.shape.attributes:
            if row.element.get(name) is None:
                yield Hit(row.element, f"{row.name} has no attribute {name}", f'write {name}="…"')


def _text(scope: Scope) -> Iterator[Hit]:
    for element, name, shape, _ in _rows(scope):
        if shape.text or shape.open:
            continue
        words = [element.text, *(node.tail for node in element)]
        stray = next((word.strip() for word in words if word and word.strip()), None)
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
