"""Read one policy file into a tree whose elements know their place. Must not judge its content.

Documents are values: whoever changes a tree works on a `copy`.
"""

from __future__ import annotations

import copy as copying
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from lxml import etree

from provisioning.core.model import Finding, Place
from provisioning.policies import positions

NAMESPACE: Final = "http://schemas.microsoft.com/online/cpim/schemas/2013/06"
ROOT: Final = f"{{{NAMESPACE}}}TrustFrameworkPolicy"
SIZE_LIMIT: Final = 1024 * 1024
"""Bytes; the service's limit for one policy file."""

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml's only name for the type


class BasePolicy(NamedTuple):
    """What a policy inherits from."""

    tenant_id: str
    policy_id: str


@dataclass(frozen=True, slots=True)
class Document:
    """One policy. `findings` are what reading (and building) it showed.

    A file that could not be read has an empty root and `sound` False: every later pass finds
    nothing to do in it.
    """

    file: str
    root: Element
    places: Mapping[Element, Place] = field(repr=False, compare=False)
    """Every element's place in the user's (or an overlay's) file."""
    findings: tuple[Finding, ...] = ()
    sound: bool = True

    @property
    def policy_id(self) -> str:
        """The root's PolicyId as written; "" when missing."""
        return self.root.get("PolicyId", "").strip()

    @property
    def tenant_id(self) -> str:
        """The root's TenantId as written; "" when missing."""
        return self.root.get("TenantId", "").strip()

    @property
    def base_policy(self) -> BasePolicy | None:
        """The parent that the file names, None for the root of an inheritance tree."""
        base = child(self.root, "BasePolicy")
        if base is None:
            return None
        return BasePolicy(text_of(base, "TenantId"), text_of(base, "PolicyId"))

    def place(self, element: Element | None = None) -> Place:
        """Return where an element stands; the nearest known ancestor's place otherwise."""
        here = self.root if element is None else element
        while here not in self.places:
            parent = here.getparent()
            if parent is None:
                return Place(self.file, 1, 1)
            here = parent
        return self.places[here]

    def with_findings(self, *findings: Finding) -> Document:
        """Return the document with more findings."""
        return replace(self, findings=(*self.findings, *findings)) if findings else self


def parse(content: bytes, file: str) -> Document:
    """Read a policy file: UTF-8 or UTF-16, with or without a byte order mark, LF or CRLF.

    Never raises for bad content: a file above 1024 KB, with a document type declaration, broken,
    or of another root element or namespace gives an unsound document with a located finding.
    """
    document = read(content, file)
    if not document.sound or document.root.tag == ROOT:
        return document
    name = etree.QName(document.root)
    if name.localname == "TrustFrameworkPolicy":
        message = f"the namespace of the root element is {name.namespace or 'missing'}"
        remedy = f'write xmlns="{NAMESPACE}"'
        return _unsound(file, Finding("wrong-namespace", message, remedy, place=document.place()))
    message = f"the root element is {name.localname}"
    remedy = "a policy's root is TrustFrameworkPolicy"
    return _unsound(file, Finding("wrong-root", message, remedy, place=document.place()))


def read(content: bytes, file: str) -> Document:
    """Read any XML file the safe way that `parse` does, whatever its root element."""
    for finding in too_large(len(content), file):
        return _unsound(file, finding)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
    )
    try:
        found = positions.of_elements(content)
        root = etree.fromstring(content, parser)
    except positions.UnreadableError as error:
        place = Place(file, *error.position)
        remedy = _REMEDIES[error.rule]
        return _unsound(file, Finding(error.rule, str(error), remedy, place=place))
    except etree.XMLSyntaxError as error:
        place = Place(file, error.lineno or 1, (error.offset or 0) + 1)
        message = f"the file is not well-formed XML: {error.msg}"
        return _unsound(file, Finding("not-xml", message, _REMEDIES["not-xml"], place=place))
    places = {
        element: Place(file, line, column)
        for element, (line, column) in zip(root.iter("*"), found, strict=True)
    }
    return Document(file, root, places)


_REMEDIES: Final = {
    "document-type": "delete the DOCTYPE and write what its entities stand for",
    "not-xml": "mend the markup at this place",
    "unknown-encoding": "save the file as UTF-8",
}


def too_large(size: int, file: str) -> tuple[Finding, ...]:
    """Return the finding about a policy of `size` bytes, () when the service takes it."""
    if size <= SIZE_LIMIT:
        return ()
    message = f"the policy has {-(-size // 1024)} KB, the service takes {SIZE_LIMIT // 1024} KB"
    remedy = "move a part of it into a parent policy"
    return (Finding("policy-too-large", message, remedy, place=Place(file, 1, 1)),)


def _unsound(file: str, finding: Finding) -> Document:
    root = etree.fromstring(f'<TrustFrameworkPolicy xmlns="{NAMESPACE}"/>')
    place = finding.place or Place(file, 1, 1)
    return Document(file, root, {root: place}, (finding,), sound=False)


def copy(document: Document) -> Document:
    """Return a document of its own tree; comments around the root stay."""
    root = copying.deepcopy(document.root.getroottree()).getroot()
    pairs = zip(root.iter("*"), document.root.iter("*"), strict=True)
    places = {new: document.places[old] for new, old in pairs if old in document.places}
    return replace(document, root=root, places=places)


def serialize(document: Document) -> str:
    """Write the document as it is uploaded: a declaration, then the tree as it stands."""
    text = etree.tostring(document.root.getroottree(), encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


@functools.cache
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def name_of(element: Element) -> str:
    """Return the element's name without its namespace."""
    return _local(str(element.tag))


def children(element: Element) -> Iterator[Element]:
    """Yield child elements, comments and processing instructions left out."""
    return element.iterchildren("*")


def child(element: Element, *path: str) -> Element | None:
    """Return the first element at a path of policy element names below `element`."""
    here: Element | None = element
    for name in path:
        if here is None:
            return None
        here = here.find(f"{{{NAMESPACE}}}{name}")
    return here


def text_of(element: Element, *path: str) -> str:
    """Return the trimmed text of the element at a path, "" when there is none."""
    found = child(element, *path)
    return "" if found is None else text(found)


def text(element: Element) -> str:
    """Return an element's own trimmed text; comments inside it do not cut it short."""
    parts = [element.text or ""]
    parts += [node.tail or "" for node in element if not isinstance(node.tag, str)]
    return "".join(parts).strip()
