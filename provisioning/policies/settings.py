"""`{Settings:Key}` in policies, as the VS Code extension has it, and what older packs expect.

Must not touch the engine's own tokens (`{OIDC:…}`, `{tenant}`, `{service:te}`, `{Claim:…}`):
only `Settings` is a matter of the build. Values go into the tree, so that XML escaping happens
once, where the tree is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

from lxml import etree

from provisioning.core import refs
from provisioning.core.model import Finding, Place, Ref, Severity, Template
from provisioning.policies import document as documents
from provisioning.policies.document import Document, Element

SettingValue: TypeAlias = str | Ref | Template

BUILT_IN: Final = ("Tenant", "Filename", "PolicyFilename", "Environment", "PolicySetDigest")
"""Known without being set; the last is ours: a digest of the set, for the build stamp."""

PACK_TENANT: Final = "yourtenant.onmicrosoft.com"
PACK_LITERALS: Final = (
    # The longer one first: the shorter one is a part of it.
    "ProxyIdentityExperienceFrameworkAppId",
    "IdentityExperienceFrameworkAppId",
)
"""Words of the starter packs that stand for application ids; replaced when settings have them."""

_TOKEN: Final = re.compile(
    r"\{Settings:(?P<key>[^{}]*)\}"
    rf"|(?P<literal>{'|'.join(PACK_LITERALS)})"
    rf"|(?P<tenant>{re.escape(PACK_TENANT)})",
    re.IGNORECASE,
)
_Expand: TypeAlias = Callable[[Element, str], str]
_ESCAPED: Final = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
_DIGEST_TOKEN: Final = re.compile(r"\{Settings:PolicySetDigest\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """What `{Settings:Key}` stands for. Keys are compared ignoring case, later ones win.

    Values may hold references: they survive in the tree in their own spelling
    (`${application.ief.appId}`) until `content` splits them out again.
    """

    tenant: str
    """The target's domain, `{Settings:Tenant}`."""
    values: Mapping[str, SettingValue] = field(default_factory=dict)
    environment: str | None = None
    place: Place | None = None
    """Where the settings stand, for findings about a value itself."""

    def find(self, key: str, file: str) -> SettingValue | None:
        """Return the value for a key in one file, None when nothing sets it.

        `Filename` is the file's name without its last extension; `PolicyFilename` also loses
        every `B2C_1A_`.
        """
        stem = re.sub(r"\.[^/.]+$", "", re.split(r"[/\\]", file)[-1])
        match key.casefold():
            case "tenant":
                return self.tenant
            case "filename":
                return stem
            case "policyfilename":
                return stem.replace("B2C_1A_", "")
            case "environment" if self.environment is not None:
                return self.environment
        folded = key.casefold()
        return next(
            (self.values[k] for k in reversed(tuple(self.values)) if k.casefold() == folded), None
        )

    def references(self) -> tuple[Ref, ...]:
        """Return every reference inside the values, in order."""
        return tuple(refs.find(dict(self.values)))


def check(settings: Settings) -> tuple[Finding, ...]:
    """Find values that would not mean in XML what they say."""
    found: list[Finding] = []
    for key, value in settings.values.items():
        if isinstance(value, str) and _ESCAPED.search(value):
            message = f"setting {key} holds XML that is escaped already: {value}"
            remedy = "write the plain character; escaping is done for you"
            severity = Severity.WARNING
            found.append(Finding("setting-escaped", message, remedy, severity, settings.place))
        for reference in refs.find(value):
            if not reference.path.casefold().endswith("id"):
                message = f"setting {key} holds {reference}, which is no id"
                remedy = "only ids are safe inside XML before they are known"
                found.append(Finding("setting-no-id", message, remedy, place=settings.place))
    return tuple(found)


def substitute(document: Document, settings: Settings) -> Document:
    """Replace placeholders in attributes and text; comments keep theirs.

    A key that nothing sets becomes a finding with its place. `PolicySetDigest` stays for
    `stamp`. The document itself comes back when it holds no placeholder.
    """
    if not _mentions(document, _TOKEN):
        return document
    copied = documents.copy(document)
    run = _Substitution(copied, settings)
    _rewrite(copied, run.expand)
    return copied.with_findings(*run.findings)


def stamp(document: Document, digest: str) -> Document:
    """Replace `{Settings:PolicySetDigest}`."""
    if not _mentions(document, _DIGEST_TOKEN):
        return document
    copied = documents.copy(document)
    _rewrite(copied, lambda _element, text: _DIGEST_TOKEN.sub(digest, text))
    return copied


def content(text: str, references: tuple[Ref, ...]) -> str | Template:
    """Cut serialized XML at the references: text when there is none, else a Template."""
    spelled = {escape(str(reference), {'"': "&quot;"}): reference for reference in references}
    present = sorted((name for name in spelled if name in text), key=len, reverse=True)
    if not present:
        return text
    cut = re.split(f"({'|'.join(map(re.escape, present))})", text)
    return Template(tuple(spelled.get(part, part) for part in cut if part))


def _mentions(document: Document, token: re.Pattern[str]) -> bool:
    """Whether a token may occur; a comment's is enough to say so."""
    return token.search(etree.tostring(document.root, encoding="unicode")) is not None


def _rewrite(document: Document, expand: _Expand) -> None:
    for element in document.root.iter("*"):
        for name, value in element.attrib.items():
            new = expand(element, str(value))
            if new != value:
                element.set(name, new)
        if element.text and (new := expand(element, element.text)) != element.text:
            element.text = new
        for node in element:
            if node.tail and (new := expand(element, node.tail)) != node.tail:
                node.tail = new


class _Substitution:
    """One document's replacement, collecting what could not be replaced."""

    def __init__(self, document: Document, settings: Settings) -> None:
        self.document = document
        self.settings = settings
        self.findings: list[Finding] = []

    def expand(self, element: Element, text: str, inside: tuple[str, ...] = ()) -> str:
        def replace(token: re.Match[str]) -> str:
            return self._replacement(element, token, inside)

        return _TOKEN.sub(replace, text)

    def _replacement(self, element: Element, token: re.Match[str], inside: tuple[str, ...]) -> str:
        whole = token.group()
        if token["tenant"] is not None:
            return self.settings.tenant
        key = token["key"] if token["key"] is not None else token["literal"]
        if token["literal"] is not None and self.settings.find(key, self.document.file) is None:
            return whole
        if key.casefold() == "policysetdigest":
            return whole
        if key.casefold() in inside:
            message = f"setting {key} is defined by itself: {' -> '.join((*inside, key))}"
            self._report(element, "setting-circle", message, "break the circle")
            return whole
        value = self.settings.find(key, self.document.file)
        if value is None:
            self._report(element, "unknown-setting", f"nothing sets {whole}", self._known(key))
            return whole
        return self.expand(element, str(value), (*inside, key.casefold()))

    def _known(self, key: str) -> str:
        known = [*self.settings.values, *BUILT_IN]
        return f"add {key} to settings, or use one of {', '.join(dict.fromkeys(known))}"

    def _report(self, element: Element, rule: str, message: str, remedy: str) -> None:
        place = self.document.place(element)
        self.findings.append(Finding(rule, message, remedy, place=place))
