"""Validate policies against an XML schema that the user has. Must not bring one along.

Microsoft's schema is written for .NET: patterns carry `^` and `$`, which XML Schema takes for
plain characters, so that every starter pack would fail. They are taken off first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from provisioning.core.model import Finding, Severity
from provisioning.policies import document as documents
from provisioning.policies.document import Document

_XML_SCHEMA = "{http://www.w3.org/2001/XMLSchema}"
_PATTERN = f"{_XML_SCHEMA}pattern"
_DRAWING_IN = tuple(f"{_XML_SCHEMA}{name}" for name in ("include", "import", "redefine"))
_REFERENCE = re.compile(r"\$\{[a-z_]+\.[^{}]+\}")
_ANY_ID = "00000000-0000-0000-0000-000000000000"


def read(content: bytes) -> etree.XMLSchema:
    """Read an XML schema; anchors at the ends of its patterns are dropped.

    Raises:
        ValueError: the text is no XML, no schema, or draws in other files.
    """
    document = documents.read(content, "schema")
    if not document.sound:
        raise ValueError(document.findings[0].message)
    if next(document.root.iter(*_DRAWING_IN), None) is not None:
        raise ValueError("the schema draws in other files, which are not read")
    for pattern in document.root.iter(_PATTERN):
        value = pattern.get("value", "")
        pattern.set("value", re.sub(r"^\^|(?<!\\)\$$", "", value))
    try:
        return etree.XMLSchema(document.root)
    except etree.XMLSchemaParseError as error:
        message = f"the text is no XML schema: {error}"
        raise ValueError(message) from None


def validate(document: Document, schema: etree.XMLSchema, severity: Severity) -> Iterator[Finding]:
    """Yield one finding `schema` for each fault, at the element's own place.

    References that only the tenant knows are held to be ids, which they will become.
    """
    known = _with_ids(document)
    if schema.validate(known.root):
        return
    tree = known.root.getroottree()
    # libxml2's own line numbers end at 65535; the path leads to the element.
    log: Any = schema.error_log
    for error in log:
        found = tree.xpath(error.path) if error.path else None
        element = found[0] if isinstance(found, list) and found else known.root
        place = known.place(element if isinstance(element, etree._Element) else None)  # noqa: SLF001
        message = error.message.replace(f"{{{documents.NAMESPACE}}}", "")
        yield Finding("schema", message, "follow the policy schema", severity, place)


def _with_ids(document: Document) -> Document:
    if not any("${" in str(value) for e in document.root.iter("*") for value in e.attrib.values()):
        return document
    copied = documents.copy(document)
    for element in copied.root.iter("*"):
        for name, value in element.attrib.items():
            element.set(name, _REFERENCE.sub(_ANY_ID, str(value)))
    return copied
