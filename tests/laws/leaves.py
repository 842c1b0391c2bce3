"""What a manifest is made of: its leaves, each with a way to break it; and a policy's elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from lxml import etree

HEADER = {"version", "name", "tenant", "checks"}
"""Who is meant and what proves it; everything else is to be proven."""
OTHERWISE = {
    "AzureADandPersonalMicrosoftAccount": "AzureADMyOrg",
    "AzureADMultipleOrgs": "AzureADMyOrg",
    "resourceOwner": "profileUpdate",
    "microsoftGraph": "00000002-0000-0000-c000-000000000000",
    "api": "web",
    "web": "native",
    "https://jwt.ms": "https://other.example.com",
    "myapp://auth": "otherapp://auth",
    "contoso.eu.auth0.com": "other.eu.auth0.com",
    "User": "Admin",
    "P180D": "P90D",
    "P1Y": "P200D",
    "P30D": "P20D",
    "P14D": "P10D",
    "P7D": "P5D",
    "1": "2",
    "true": "false",
}
"""A value -> another that is as well-formed."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing of a manifest: its path, its lines, and the text of the manifest without it."""

    path: str
    line: int
    last: int
    above: int
    """Line of the entry that it stands in."""
    replaced: bool
    """Whether another value stands in its place; else it is gone."""
    broken: str


def of(text: str) -> Iterator[Leaf]:
    """Yield every scalar, changed, and every entry of a mapping or list, removed."""
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    for key, value in root.value:
        if key.value not in HEADER:
            yield from _entry(text, key.value, key, value, 1)


def _below(text: str, path: str, node: yaml.Node, above: int) -> Iterator[Leaf]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _entry(text, f"{path}.{key.value}", key, value, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            scalar = isinstance(item, yaml.ScalarNode)
            name = f"{path}[{item.value}]" if scalar else f"{path}[{_name(item, index)}]"
            line, cut = item.start_mark.line + 1, _without_item(text, node, index)
            yield Leaf(name, line, _last(item), above, False, cut)
            if not scalar:
                yield from _below(text, name, item, line)


def _entry(text: str, path: str, key: yaml.Node, value: yaml.Node, above: int) -> Iterator[Leaf]:
    line = key.start_mark.line + 1
    if isinstance(value, yaml.ScalarNode) and value.style not in {"|", ">"}:
        yield Leaf(path, line, _last(value), above, True, _changed(text, value))
    else:
        yield Leaf(path, line, _last(value), above, False, _without_entry(text, key, value))
        yield from _below(text, path, value, line)


def _last(node: yaml.Node) -> int:
    """The last line that a node fills."""
    return node.end_mark.line + (1 if node.end_mark.column else 0)


def _name(item: yaml.Node, index: int) -> str:
    first = item.value[0][1] if isinstance(item, yaml.MappingNode) else None
    return first.value if isinstance(first, yaml.ScalarNode) else str(index)


def _changed(text: str, node: yaml.Node) -> str:
    other = OTHERWISE.get(node.value)
    if other is None:
        other = "OTHER" + node.value if re.fullmatch(r"[\w.:/ -]+", node.value) else "OTHER"
    return text[: node.start_mark.index] + other + text[node.end_mark.index :]


def _without_entry(text: str, key: yaml.Node, value: yaml.Node) -> str:
    """Cut a key with its value: whole lines in block style."""
    start = text.rindex("\n", 0, key.start_mark.index) + 1
    end = value.end_mark.index
    if getattr(value, "flow_style", False):
        end = text.index("\n", end) + 1
    else:
        end = text.rindex("\n", 0, end) + 1
    if text[start : key.start_mark.index].strip() == "-":
        indent = " " * (key.start_mark.index - start)
        rest = text[end:]
        assert rest.startswith(indent), "the only key of an item"
        return text[: key.start_mark.index] + rest[len(indent) :]
    return text[:start] + text[end:]


def _without_item(text: str, node: yaml.Node, index: int) -> str:
    items = [text[each.start_mark.index : each.end_mark.index] for each in node.value]
    if getattr(node, "flow_style", False):
        left = ", ".join(item for number, item in enumerate(items) if number != index)
        return f"{text[: node.start_mark.index]}[{left}]{text[node.end_mark.index :]}"
    item = node.value[index]
    start = text.rindex("\n", 0, item.start_mark.index) + 1
    end = text.rindex("\n", 0, item.end_mark.index) + 1
    if len(items) == 1:
        above = text.rstrip(" \n")[:start].rstrip()
        return f"{above} []\n{text[end:]}"
    return text[:start] + text[end:]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a policy's file: its path, its lines, its number in document order."""

    path: str
    line: int
    last: int
    number: int


def elements(xml: str) -> tuple[Element, ...]:
    """Return every element below a policy's root."""
    tree = etree.fromstring(xml.encode())
    return tuple(
        Element(_path(element), _line(element), _end(element), number)
        for number, element in enumerate(tree.iter("*"))
        if number
    )


def _end(element: etree._Element) -> int:
    return max(_line(each) for each in element.iter("*"))


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def without(xml: str, *numbers: int) -> str:
    """Return a policy without some of its elements."""
    tree = etree.fromstring(xml.encode())
    every = list(tree.iter("*"))
    for gone in (every[number] for number in numbers):
        parent = gone.getparent()
        if parent is not None:
            parent.remove(gone)
    return etree.tostring(tree, encoding="unicode")


def _path(element: etree._Element) -> str:
    """Spell where an element stands, wrappers left out."""
    steps: list[str] = []
    here: etree._Element | None = element
    while here is not None and here.getparent() is not None:
        name = etree.QName(here).localname
        held = any(step.startswith("TechnicalProfile[") for step in steps)
        if here is element or not (name in _WRAPPERS or (held and name == "ClaimsProvider")):
            steps.append(_step(here))
        here = here.getparent()
    return "/".join(reversed(steps))


_WRAPPERS = {
    "BuildingBlocks",
    "ClaimsSchema",
    "ClaimsTransformations",
    "ClaimsProviders",
    "TechnicalProfiles",
    "UserJourneys",
    "OrchestrationSteps",
}


def _step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    for attribute in ("Id", "Key", "ClaimTypeReferenceId", "ReferenceId", "Order"):
        if (value := element.get(attribute)) is not None:
            return f"{name}[{value}]"
    heading = element.find(f"{{{etree.QName(element).namespace}}}DisplayName")
    return f"{name}[{heading.text}]" if name == "ClaimsProvider" and heading is not None else name
