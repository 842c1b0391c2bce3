"""The form in which two policies that mean the same are equal bytes. Must not sort siblings.

Whether the service returns what it was sent, byte for byte, is undocumented; declaration, byte
order mark, comments, layout, quotes and attribute order may differ without meaning anything.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable

from lxml import etree

from provisioning.policies import document as documents
from provisioning.policies import schema_order
from provisioning.policies.document import Document, Element


def form(document: Document) -> bytes:
    """Return the canonical form: exclusive C14N without comments and layout, UTF-8.

    Comments and processing instructions go, CDATA becomes text, white space between elements
    goes; text of leaves stays exact, as does the order of siblings. An element for elements counts
    as having some, so that `<BuildingBlocks> </BuildingBlocks>` equals `<BuildingBlocks />`.

    Raises:
        ValueError: the document could not be read.
    """
    if not document.sound:
        message = f"{document.file} could not be read, so it has no canonical form"
        raise ValueError(message)
    root = copy.deepcopy(document.root)
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    for element in root.iter("*"):
        if element.text is not None and not element.text.strip() and _is_layout(element):
            element.text = None
        if element.tail is not None and not element.tail.strip():
            element.tail = None
    root.tail = None
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _is_layout(element: Element) -> bool:
    """Whether white space is layout: beside elements, and where the schema has no text."""
    if len(element):
        return True
    parent = element.getparent()
    within = "" if parent is None else documents.name_of(parent)
    return not schema_order.shape(documents.name_of(element), within).text


def digest(document: Document) -> str:
    """Return the SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(form(document)).hexdigest()


def digest_of_set(policies: Iterable[Document]) -> str:
    """Return one digest for a set of policies, whatever their order."""
    whole = hashlib.sha256()
    for one in sorted(
        f"{document.policy_id.casefold()} {digest(document)}\n" for document in policies
    ):
        whole.update(one.encode())
    return whole.hexdigest()
