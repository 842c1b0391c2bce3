"""Read overlay files. Must not apply them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

from provisioning.core.model import Finding, Place
from provisioning.policies import document as documents
from provisioning.policies.document import Document, Element

NAMESPACE: Final = "urn:provisioning:policy-overlay:1"
MODE: Final = f"{{{NAMESPACE}}}mode"
MODES: Final = ("merge", "replace", "if-absent")
TARGETS: Final = ("base", "extensions", "relying-parties")


@dataclass(frozen=True, slots=True)
class Part:
    """One instruction: merge a fragment into policies, or into a copy of one."""

    action: Literal["merge", "copy"]
    target: str
    """`into` or `from`: a role or a PolicyId."""
    fragment: Element
    """A TrustFrameworkPolicy without ids."""
    place: Place
    policy_id: str = ""
    """copy: the id of the new policy."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay as read; `findings` are what is wrong with the file."""

    name: str
    summary: str
    parts: tuple[Part, ...]
    source: Document
    """Knows the places of the fragments' elements."""
    findings: tuple[Finding, ...] = ()


def read(content: bytes, file: str) -> Overlay:
    """Read an overlay file; faults become findings, the sound parts are kept."""
    source = documents.read(content, file)
    found = list(source.findings)
    root = source.root
    if source.sound and root.tag != f"{{{NAMESPACE}}}overlay":
        found.append(
            Finding(
                "overlay-root",
                f"the root element is {documents.name_of(root)}",
                f'an overlay starts with <overlay xmlns="{NAMESPACE}">',
                place=source.place(),
            )
        )
    parts: list[Part] = []
    for element in documents.children(root) if not found else ():
        part = _part(source, element)
        if isinstance(part, Finding):
            found.append(part)
        else:
            parts.append(part)
    found += _wrong_modes(source)
    name = root.get("name") or file
    return Overlay(name, root.get("summary", ""), tuple(parts), source, tuple(found))


def built_in_names() -> tuple[str, ...]:
    """Return the names of the overlays that come with the program."""
    data = resources.files(__package__).iterdir()
    return tuple(sorted(file.name[:-4] for file in data if file.name.endswith(".xml")))


def built_in(name: str) -> Overlay | None:
    """Return an overlay that comes with the program, None for an unknown name."""
    if name not in built_in_names():
        return None
    content = resources.files(__package__).joinpath(f"{name}.xml").read_bytes()
    return read(content, f"overlay:{name}")


def _part(source: Document, element: Element) -> Part | Finding:
    place = source.place(element)
    action = documents.name_of(element)
    fragment = documents.child(element, "TrustFrameworkPolicy")
    if action not in {"merge", "copy"}:
        return Finding(
            "overlay-part", f"{action} is no part of an overlay", "write merge or copy", place=place
        )
    if fragment is None:
        remedy = f'put a <TrustFrameworkPolicy xmlns="{documents.NAMESPACE}"> into it'
        return Finding("overlay-part", f"{action} holds no policy fragment", remedy, place=place)
    if action == "merge":
        target = element.get("into", "")
        if not target:
            remedy = f"write into= one of {', '.join(TARGETS)}, or a PolicyId"
            return Finding("overlay-part", "merge does not say into what", remedy, place=place)
        return Part("merge", target, fragment, place)
    policy_id = element.get("as", "")
    if not policy_id:
        return Finding(
            "overlay-part", "copy does not name the new policy", "write as=PolicyId", place=place
        )
    return Part("copy", element.get("from", "sign-in"), fragment, place, policy_id)


def _wrong_modes(source: Document) -> list[Finding]:
    return [
        Finding(
            "overlay-mode",
            f"{mode} is no mode",
            f"write {', '.join(MODES)}",
            place=source.place(element),
        )
        for element in source.root.iter("*")
        if (mode := element.get(MODE)) is not None and mode not in MODES
    ]
