"""Put an element where the schema's order wants it. Must not decide what is inserted."""

from __future__ import annotations

from typing import Final

from lxml import etree

from provisioning.policies import document as documents
from provisioning.policies import schema_order
from provisioning.policies.document import NAMESPACE, Element

_INDENT: Final = "  "


def insert(parent: Element, child: Element) -> Element:
    """Insert `child` behind the last sibling that may stand before it; returns `child`.

    A name that the schema does not know in `parent` is appended. The new lines follow the
    indentation around them.
    """
    above = parent.getparent()
    within = "" if above is None else documents.name_of(above)
    shape = schema_order.shape(documents.name_of(parent), within)
    rank = shape.rank(documents.name_of(child))
    position = len(parent)
    if rank is not None:
        position = 0
        for sibling in documents.children(parent):
            other = shape.rank(documents.name_of(sibling))
            if other is not None and other <= rank:
                position = parent.index(sibling) + 1
    _place(parent, child, position)
    return child


def ensure(parent: Element, name: str) -> Element:
    """Return the only child of a name, inserted empty where it is missing."""
    found = documents.child(parent, name)
    return insert(parent, etree.Element(f"{{{NAMESPACE}}}{name}")) if found is None else found


def _place(parent: Element, child: Element, position: int) -> None:
    depth = sum(1 for _ in parent.iterancestors()) + 1
    own, closing = f"\n{_INDENT * depth}", f"\n{_INDENT * (depth - 1)}"
    child.tail = None
    etree.indent(child, space=_INDENT, level=depth)
    if position == 0:
        child.tail = parent.text if len(parent) and _blank(parent.text) else closing
        if _blank(parent.text):
            parent.text = own
    else:
        before = parent[position - 1]
        last = position == len(parent)
        child.tail = closing if last else before.tail
        if _blank(before.tail):
            before.tail = own
    parent.insert(position, child)


def _blank(text: str | None) -> bool:
    return not (text and text.strip())
