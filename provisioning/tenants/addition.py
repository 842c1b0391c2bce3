"""A tenant at the end of an inventory's text. Must not change any other byte of it.

The place is found with YAML's own marks; whoever calls this reads the result again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from provisioning.core.errors import ProvisioningError
from provisioning.tenants.keys import NAME_PATTERN

NAME: Final = re.compile(NAME_PATTERN)

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def read(path: Path) -> str | None:
    """Return an inventory's text as it is, None when there is no file."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise ProvisioningError(
            f"{path} can't be read: {getattr(problem, 'strerror', None) or 'no UTF-8 text'}",
            remedy="check the name and its rights",
        ) from problem


def write(path: Path, text: str) -> None:
    """Replace the file whole, with the rights it has; ProvisioningError when that fails."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(text.encode())
        if target.exists():
            draft.chmod(target.stat().st_mode & 0o777)
        os.replace(draft, target)  # noqa: PTH105 - Path.replace would hide the pair
    except OSError as problem:
        raise ProvisioningError(
            f"{path} can't be written: {problem.strerror}", remedy="check the folder and its rights"
        ) from problem
    finally:
        draft.unlink(missing_ok=True)


def with_tenant(text: str | None, name: str, keys: Mapping[str, Any]) -> str:
    """Return the text with the tenant in it; `text` None is a new file."""
    if text is None or not text.strip():
        return "version: 1\ntenants:\n" + _block(name, keys, 2, "\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    found = _section(text)
    if found is None:
        head = text if text.endswith(("\n", "\r")) else text + newline
        return f"{head}tenants:{newline}{_block(name, keys, 2, newline)}"
    if found.flow:
        comma = ", " if found.filled else ""
        return f"{text[: found.end]}{comma}{name}: {_flow(keys)}{text[found.end :]}"
    head, tail = text[: found.end], text[found.end :]
    if not head.endswith(("\n", "\r")):
        head += newline
    return head + _block(name, keys, found.indent, newline) + tail


def only_added(before: str, after: str, name: str) -> bool:
    """Whether two texts mean the same but for one tenant more."""
    old, new = (yaml.safe_load(text) or {} for text in (before, after))
    tenants = dict(new.get("tenants") or {})
    tenants.pop(name, None)
    return bool(tenants == (old.pop("tenants", None) or {})) and all(
        new.get(key) == value for key, value in old.items()
    )


@dataclass(frozen=True, slots=True)
class _Section:
    """Where the next tenant is written, as an index into the text."""

    end: int
    indent: int = 2
    flow: bool = False
    filled: bool = False


def _section(text: str) -> _Section | None:
    """Find the value of `tenants:`, on the top level of the document."""
    # PyYAML's marks do not count a byte order mark.
    offset = 1 if text.startswith("\ufeff") else 0
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = root.value if isinstance(root, yaml.MappingNode) else []
    value = next((value for key, value in lines if key.value == "tenants"), None)
    if value is None:
        return None
    if isinstance(value, yaml.MappingNode) and value.flow_style:
        return _Section(value.end_mark.index - 1 + offset, flow=True, filled=bool(value.value))
    end = _line_end(text, max(_ends(value, set())) + offset)
    first = value.value[0][0] if isinstance(value, yaml.MappingNode) else None
    return _Section(end, first.start_mark.column if first is not None else 2)


def _ends(node: yaml.Node, seen: set[int]) -> Iterator[int]:
    """Yield where content ends; a block's own end is only known by what follows it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    parts = node.value if isinstance(node, yaml.CollectionNode) else ()
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        yield node.end_mark.index
    for part in parts:
        for each in part if isinstance(part, tuple) else (part,):
            yield from _ends(each, seen)


def _line_end(text: str, index: int) -> int:
    """Return the index behind the line in which `index` stands; its comment stays with it."""
    if index > 0 and text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _block(name: str, keys: Mapping[str, Any], indent: int, newline: str) -> str:
    lines = [f"{' ' * indent}{name}:"]
    lines += [f"{' ' * (indent + 2)}{key}: {_flow(value)}" for key, value in keys.items()]
    return newline.join(lines) + newline


def _flow(value: Any) -> str:
    """Write a value on one line: plain where YAML readers agree about it, else as JSON."""
    match value:
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        case Mapping():
            return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
