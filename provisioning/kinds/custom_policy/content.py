"""What a policy says: the desired text with its references, the tenant's text. Pure.

Two texts are the same policy when their canonical forms are: comments, layout and the order of
attributes mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from provisioning.core import paths, refs
from provisioning.core.model import Address, Desired, Json, LiveObject, Place, Ref, Template, Value
from provisioning.core.refs import MISSING, Missing
from provisioning.kinds import known
from provisioning.policies import canonical
from provisioning.policies import document as documents
from provisioning.policies.document import Document

Objects = Mapping[Address, LiveObject]
DIGITS = 16
"""Of a digest, as the ledger holds it."""


def resolved(desired: Desired, objects: Objects) -> Value:
    """Return the text with the ids that the tenant knows; a Template while some are unknown."""
    return refs.resolve(desired.body["content"], lambda ref: _found(ref, objects))


def document(desired: Desired, objects: Objects | None = None) -> Document:
    """Return the desired policy with its places in the user's files.

    Without `objects`, and where they don't tell, references stand by their spelling.
    """
    content = desired.body["content"] if objects is None else resolved(desired, objects)
    text = str(content)
    return placed(text, *(known.text(desired.settings, part) for part in ("file", "places")))


def digest(text: str) -> str | None:
    """Return the canonical digest of a text; None when it is no policy."""
    return _digest(text)


def short(text: str) -> str:
    """Return as much of a text's digest as the ledger holds."""
    return (_digest(text) or "")[:DIGITS]


def pair(desired: Desired, text: str) -> tuple[str, str]:
    """Return what the ledger holds of a policy and of the text that the service made of it."""
    return known.text(desired.settings, "digest")[:DIGITS], short(text)


def is_echo(desired: Desired, text: str) -> bool:
    """Whether a text is the desired one, whatever its references stand for."""
    sent, returned = document(desired), parse(text, "policy")
    if not sent.sound or not returned.sound:
        return False
    spelled = {str(ref) for ref in refs.find(desired.body["content"])}
    pattern = re.escape(canonical.form(sent).decode())
    for name in spelled:
        pattern = pattern.replace(re.escape(name), r"[^<>&\"]*")
    return re.fullmatch(pattern, canonical.form(returned).decode()) is not None


def holds_references(desired: Desired, objects: Objects, text: str) -> bool:
    """Whether a text names the ids that the references stand for today."""
    folded = text.casefold()
    thing = {ref: _found(ref, objects) for ref in refs.find(desired.body["content"])}
    return all(
        not isinstance(value, Missing) and str(value).casefold() in folded
        for value in thing.values()
    )


def text_of(raw: bytes) -> str:
    """Return a downloaded policy as text, whatever its encoding."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        parsed = documents.parse(raw, "tenant")
        return documents.serialize(parsed) if parsed.sound else raw.decode("utf-8", "replace")


def parse(text: str, name: str) -> Document:
    """Read a policy's text; the declaration may name another encoding than the text now has."""
    return documents.parse(_undeclared(text).encode(), name)


def is_known(content: Value) -> bool:
    """Whether no reference is left in a text."""
    return not isinstance(content, Template | Ref)


def _found(ref: Ref, objects: Objects) -> Json | Missing:
    thing = objects.get(ref.address)
    if thing is None or thing.deleted:
        return MISSING
    found = paths.select(thing.body, ref.path)
    return MISSING if found is None or isinstance(found, Missing) else found  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _digest(text: str) -> str | None:
    found = parse(text, "policy")
    return canonical.digest(found) if found.sound else None


@lru_cache(maxsize=64)
def placed(text: str, file: str, table: str) -> Document:
    """Parse a text and give each element the place that the table has for it."""
    found = parse(text, file)
    names, *lines = table.splitlines()
    files = names.split("|")
    rows = (line.split(" ") for line in lines)
    places = {
        element: Place(files[int(number)], int(line), int(column))
        for element, (number, line, column) in zip(found.root.iter("*"), rows, strict=False)
    }
    return Document(file, found.root, places, sound=found.sound)


def _undeclared(text: str) -> str:
    if text.startswith("<?xml"):
        return text.partition("?>")[2].lstrip()
    return text
