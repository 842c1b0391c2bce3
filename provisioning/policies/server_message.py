"""Take the service's validation message apart and find what each part is about. Must not send.

An upload that fails answers one text: a wrapper, then every message without a separator, often the
whole list twice. Wording and examples: reports in azure-docs, starter pack and samples issues.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.core.model import Finding, Place
from provisioning.policies import document as documents
from provisioning.policies import inheritance, positions
from provisioning.policies.document import Document, Element
from provisioning.policies.inheritance import Tree

_WRAPPER: Final = re.compile(
    r"Unable to upload policy\.\s*Reason\s*:\s*"
    r"|Validation failed: \d+ validation error\(s\) found in policy \"[^\"]+\" "
    r"of tenant \"[^\"]+\"\.\s*",
    re.IGNORECASE,
)
_STARTS: Final = (
    "Schema validation error found at",
    'Policy "',
    "Policy with 'policyId'",
    'Tenant "',
    'Claim type "',
    'ClaimsTransformation "',
    'TechnicalProfile "',
    'Technical profile "',
    'User journey "',
    "User journey '",
    'UserJourney "',
    "UserJourney with id",
    "Output Claim",
    "TenantId in the policy xml",
    "User is currently logged",
    "Metadata item with key",
    "The policy being uploaded",
    "The technical profile '",
    "The RelyingParty section",
    "KeyContainer with 'id'",
    "Object reference not set",
    "Profile '",
)
_BOUNDARY: Final = re.compile(
    rf"(?<=[.'\"”])\s*(?=(?:{'|'.join(re.escape(start) for start in _STARTS)}))"
)
_POLICY: Final = re.compile(
    r"policy (?:with 'policyId': |with id )?[\"']?(B2C_1A_[\w.-]*\w)", re.IGNORECASE
)
_POSITION: Final = re.compile(r"line (\d+)(?: col(?:umn)?|,? position) (\d+)", re.IGNORECASE)

_ABOUT: Final = (
    # The first pattern that fits names the element; each group is looked for in the attribute.
    (r"step \"(\d+)\" of user journey \"([^\"]+)\"", ("step", "journey")),
    (r"user journey [\"']([^\"']+)[\"'].*has step (\d+) with", ("journey", "step")),
    (r"metadata item \"?([\w.:]+)", ("metadata",)),
    (r"storageReferenceId \"([^\"]+)\"", ("StorageReferenceId",)),
    (r"reference to \w+ with id \"([^\"]+)\"", ("use",)),
    (r"(?:technical ?profile|profile) [\"']([^\"']+)[\"']", ("TechnicalProfile",)),
    (r"user ?journey (?:with id )?[\"']([^\"']+)[\"']", ("UserJourney",)),
    (r"claim type \"([^\"]+)\"", ("use",)),
    (r"TenantId in the policy", ()),
)


def split(message: str) -> tuple[str, ...]:
    """Return the single messages, each once, in the order given; the wrapper goes."""
    sections = _WRAPPER.split(message)
    found = (part.strip() for section in sections for part in _BOUNDARY.split(section))
    return tuple(dict.fromkeys(part for part in found if part.strip(". ")))


def locate(message: str, policies: Iterable[Document]) -> tuple[Finding, ...]:
    """Return one finding `server-validation` per message, at the element it speaks of.

    Args:
        message: `error.message` of the answer.
        policies: the built documents, so that a line of the uploaded text leads to the line of
            the user's (or an overlay's) file that it came from.
    """
    tree = inheritance.arrange(policies)
    uploaded = _POLICY.search(message)
    default = uploaded[1] if uploaded is not None else ""
    return tuple(
        Finding("server-validation", part, "", place=_place(part, tree, default))
        for part in split(message)
    )


def _place(part: str, tree: Tree, default: str) -> Place | None:
    named = _POLICY.search(part)
    lineage = tree.lineage(named[1]) if named else ()
    lineage = lineage or tree.lineage(default)
    if not lineage:
        return None
    position = _POSITION.search(part)
    if position is not None:
        return _at(lineage[0], positions.Position(int(position[1]), int(position[2])))
    for document in lineage:
        for element in _about(document, part):
            return document.place(element)
    return lineage[0].place()


def _at(document: Document, position: positions.Position) -> Place:
    """Return the place of the element that starts at or before a position of the upload."""
    starts = positions.of_elements(documents.serialize(document).encode())
    number = bisect.bisect_right(starts, position) - 1
    elements = list(document.root.iter("*"))
    return document.place(elements[number] if 0 <= number < len(elements) else None)


def _about(document: Document, part: str) -> Iterator[Element]:
    for pattern, roles in _ABOUT:
        found = re.search(pattern, part, re.IGNORECASE | re.DOTALL)
        if found is not None:
            named = dict(zip(roles, found.groups(), strict=True))
            yield from _matching(document, named, part)


def _matching(document: Document, named: dict[str, str], part: str) -> Iterator[Element]:
    match named:
        case {"step": step, "journey": journey}:
            for declared in _with(document, "UserJourney", "Id", journey):
                steps = declared.iter(f"{{{documents.NAMESPACE}}}OrchestrationStep")
                yield from (one for one in steps if one.get("Order") == step)
        case {"metadata": key}:
            profile = re.search(r"technical ?profile [\"']([^\"']+)", part, re.IGNORECASE)
            within = profile[1].casefold() if profile else None
            for item in _with(document, "Item", "Key", key.rstrip(".")):
                holders = [a.get("Id", "").casefold() for a in item.iterancestors()]
                if within is None or within in holders:
                    yield item
        case {"use": name}:
            yield from _uses(document, name)
        case _:
            for role, name in named.items():
                kind = "Key" if role == "StorageReferenceId" else role
                yield from _with(document, kind, "Id" if kind == role else role, name)


def _with(document: Document, name: str, attribute: str, value: str) -> Iterator[Element]:
    folded = value.casefold()
    for element in document.root.iter(f"{{{documents.NAMESPACE}}}{name}"):
        if element.get(attribute, "").casefold() == folded:
            yield element


def _uses(document: Document, name: str) -> Iterator[Element]:
    """Yield elements that refer to an id, by any attribute that refers."""
    folded = name.casefold()
    for element in document.root.iter("*"):
        for attribute, value in element.attrib.items():
            refers = str(attribute).endswith("ReferenceId") or attribute == "ClaimType"
            if refers and str(value).casefold() == folded:
                yield element
