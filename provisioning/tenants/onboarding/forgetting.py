"""A tenant taken out of an inventory's text. Must not change any other byte of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from provisioning.core.errors import ProvisioningError
from provisioning.tenants import addition

_BY_HAND: Final = "take it out by hand"


def forget(path: Path, name: str) -> bool:
    """Remove a tenant's lines; False when it is not there.

    Raises ProvisioningError where the file can't be written, or where the lines hold more than
    that tenant (braces on one line, an anchor that others use).
    """
    text = addition.read(path)
    if text is None:
        return False
    # Marks do not count a byte order mark.
    offset = 1 if text.startswith("\ufeff") else 0
    section = _value(yaml.compose(text, Loader=yaml.SafeLoader), "tenants")
    if not isinstance(section, yaml.MappingNode):
        return False
    keys = [key for key, _ in section.value]
    at = next((i for i, key in enumerate(keys) if key.value == name), None)
    if at is None:
        return False
    if section.flow_style:
        raise _refusal(path, name)
    start = text.rfind("\n", 0, keys[at].start_mark.index + offset) + 1
    ends = max(_ends(section.value[at][1])) + offset
    line = text.find("\n", ends - 1 if text[ends - 1 : ends] == "\n" else ends)
    after = text[line + 1 :] if line >= 0 else ""
    # An empty block would read as null, which is no list of tenants.
    head = text[:start] if len(keys) > 1 else _emptied(text[:start])
    left = head + after
    if not _only_removed(text, left, name):
        raise _refusal(path, name)
    addition.write(path, left)
    return True


def _value(root: yaml.Node | None, wanted: str) -> yaml.Node | None:
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == wanted), None)


def _ends(node: yaml.Node) -> list[int]:
    """Where the content ends; a block's own end is only known by what follows it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        return [node.end_mark.index]
    found = [node.start_mark.index]
    for part in node.value:
        for each in part if isinstance(part, tuple) else (part,):
            found += _ends(each)
    return found


def _emptied(head: str) -> str:
    before, colon, rest = head.rpartition("tenants:")
    return f"{before}{colon} {{}}{rest}"


def _only_removed(before: str, after: str, name: str) -> bool:
    try:
        old, new = (yaml.safe_load(text) or {} for text in (before, after))
    except yaml.YAMLError:
        return False
    old["tenants"].pop(name)
    return bool((new.pop("tenants", None) or {}) == old.pop("tenants") and new == old)


def _refusal(path: Path, name: str) -> ProvisioningError:
    return ProvisioningError(
        f"{name} can't be taken out of {path} without changing what else is there",
        remedy=_BY_HAND,
    )
