"""Bytes to a policy document, safely; must not judge its content.

Namespace and attributes: azure-docs trustframeworkpolicy.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from provisioning.sandbox import cpim, errors

NAMESPACE = "http://schemas.microsoft.com/online/cpim/schemas/2013/06"


@dataclass(frozen=True, slots=True)
class Document:
    """One policy: its root element and what it says of itself; ids are empty when absent."""

    root: etree._Element
    id: str
    tenant: str
    base: str | None
    base_tenant: str | None
    text: str


def tag(name: str) -> str:
    """The name of an element as lxml writes it."""
    return f"{{{NAMESPACE}}}{name}"


def parsed(content: bytes) -> etree._Element:
    """The root element; no DTD, no entities, no network.

    Raises:
        lxml.etree.XMLSyntaxError: broken XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(content, parser)


def read(content: bytes) -> Document:
    """The document in these bytes.

    Raises:
        GraphError: 400 for what is no XML (msgraph-beta-sdk-dotnet#734), AADB2C90113 for broken
            XML and for a DTD (B2CERR).
    """
    start = content.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")
    if not start.startswith(b"<"):
        raise not_xml()
    try:
        root = parsed(content)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise _broken(line, column, str(error.msg)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _broken(1, 1, "For security reasons DTD is prohibited in this XML document.")
    base = root.find(f"{tag('BasePolicy')}/{tag('PolicyId')}")
    base_tenant = root.find(f"{tag('BasePolicy')}/{tag('TenantId')}")
    return Document(
        root=root,
        id=(root.get("PolicyId") or "").strip(),
        tenant=(root.get("TenantId") or "").strip(),
        base=None if base is None else (base.text or "").strip(),
        base_tenant=None if base_tenant is None else (base_tenant.text or "").strip(),
        text=_text(content, root),
    )


def not_xml() -> errors.GraphError:
    """400 for a body that is no XML at all (msgraph-beta-sdk-dotnet#734)."""
    return cpim.refused(
        "The policy being uploaded is not XML or is not correctly formatted: Data at the root "
        "level is invalid. Line 1, position 1."
    )


def _broken(line: int, column: int, reason: str) -> errors.GraphError:
    message = f"The uploaded XML has an error on line {line} col {column} : {reason}."
    return cpim.refused(message.replace("..", "."), code="AADB2C90113")


def _text(content: bytes, root: etree._Element) -> str:
    """The document as characters, for counting lines and columns."""
    encoding = root.getroottree().docinfo.encoding or "utf-8"
    try:
        text = content.decode(encoding, errors="replace")
    except LookupError:  # libxml2 knows encodings that Python does not
        text = content.decode("latin-1")
    return re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))
