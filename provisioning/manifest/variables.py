"""`variables:` and the caller's `--var` -> values. Must not expand anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from provisioning.core.model import Finding, Place
from provisioning.manifest import places, suggest, tokens
from provisioning.manifest.nodes import (
    NOTHING,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    found,
)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL: Final = re.compile("[\x00\ud800-\udfff]")


def values(
    section: Node | None, given: Mapping[str, str], findings: list[Finding]
) -> tuple[dict[str, Node], frozenset[str]]:
    """Read `variables:` and the caller's values.

    Returns the values, in which defaults may still hold `${tenant.…}`, and the names of those
    without a usable one.
    """
    declared = section if isinstance(section, MappingNode) else NOTHING
    if section is not None and declared is NOTHING and found(section) != "nothing":
        findings.append(_fault("variables", "expected names with values", "", section.place))
    for name in sorted(given.keys() - declared.entries.keys()):
        close = suggest.closest(name, declared.entries)
        remedy = f"write --var {close}=…" if close else f"declare it: variables: {{{name}: …}}"
        findings.append(
            Finding("unknown-variable", f"--var {name} sets nothing that is declared", remedy)
        )
    known: dict[str, Node] = {}
    for name, entry in declared.entries.items():
        value = _value(name, entry, given.get(name), findings)
        if value is not None:
            known[name] = value
    return known, frozenset(declared.entries.keys() - known.keys())


def _fault(rule: str, message: str, remedy: str, place: Place | None) -> Finding:
    return Finding(rule, message, remedy, place=place)


def _value(name: str, entry: Entry, text: str | None, findings: list[Finding]) -> Node | None:
    if not _NAME.fullmatch(name):
        message = "the name of a variable has other characters than letters, digits, _ and -"
        findings.append(_fault("variable-name", message, "rename it", entry.key))
        return None
    default = _default(entry.node, findings)
    if text is not None:
        return _given(name, text, default, entry.key, findings)
    if default is None:
        findings.append(
            _fault(
                "variable-without-value",
                f"the variable `{name}` has no value",
                f"pass --var {name}=… or give it a default",
                entry.key,
            )
        )
    return default


def _default(node: Node, findings: list[Finding]) -> Node | None:
    if not isinstance(node, MappingNode):
        return None if found(node) == "nothing" else node
    for key, entry in node.entries.items():
        if key not in {"default", "description"}:
            remedy = "write {default: …, description: …}"
            findings.append(_fault("unknown-key", f"unknown key `{key}`", remedy, entry.key))
    described = node.entries.get("description")
    if described is not None and found(described.node) != "text":
        message = f"expected text, found {found(described.node)}"
        findings.append(_fault("wrong-type", message, "write text", described.key))
    default = node.entries.get("default")
    return None if default is None else default.node


def _given(
    name: str, text: str, default: Node | None, place: Place, findings: list[Finding]
) -> Node | None:
    """The command line has text only: it takes the type that the default has."""
    if _CONTROL.search(text):
        findings.append(_fault("variable-value", f"--var {name} is no text", "retype it", place))
        return None
    wanted = found(default)
    if wanted in {"text", "nothing"}:
        return ScalarNode(tokens.hold(text), place)
    faults: list[Finding] = []
    node = places.read(text, f"--var {name}", faults)
    if node is None or faults or found(node) != wanted:
        message = f"--var {name} is not {wanted}, as its default is"
        findings.append(_fault("variable-value", message, "pass a value of that type", place))
        return None
    return _moved(node, place)


def _moved(node: Node, place: Place) -> Node:
    """Give a value from the command line the place of its declaration, and hold its text."""
    match node:
        case ScalarNode(value=str(text)):
            return ScalarNode(tokens.hold(text), place)
        case ScalarNode():
            return ScalarNode(node.value, place)
        case SequenceNode():
            return SequenceNode(tuple(_moved(item, place) for item in node.items), place)
        case MappingNode():
            moved = {k: Entry(place, _moved(e.node, place)) for k, e in node.entries.items()}
            return MappingNode(moved, place)
