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
    broken: str


def of(text: str) -> Iterator[Leaf]:
    """Yield every scalar, changed, and every entry of a mapping or list, removed."""
    for key, value in yaml.compose(text).value:
        if key.value not in HEADER:
            yield from _entry(text, key.value, key, value)


def _below(text: str, path: str, node: yaml.Node) -> Iterator[Leaf]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _entry(text, f"{path}.{key.value}", key, value)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            scalar = isinstance(item, yaml.ScalarNode)
            name = f"{path}[{item.value}]" if scalar else f"{path}[{_name(item, index)}]"
            yield Leaf(name, item.start_mark.line + 1, _last(item), _without_item(text, node, index))
            if not scalar:
                yield from _below(text, name, item)


def _entry(text: str, path: str, key: yaml.Node, value: yaml.Node) -> Iterator[Leaf]:
    line = key.start_mark.line + 1
    if isinstance(value, yaml.ScalarNode) and value.style not in {"|", ">"}:
        yield Leaf(path, line, _last(value), _changed(text, value))
    else:
        yield Leaf(path, line, _last(value), _without_entry(text, key, value))
        yield from _below(text, path, value)


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
    if node.flow_style:
        left = ", ".join(item for number, item in enumerate(items) if number != index)
        return f"{text[: node.start_mark.index]}[{left}]{text[node.end_mark.index :]}"
    item = node.value[index]
    start = text.rindex("\n", 0, item.start_mark.index) + 1
    end = text.rindex("\n", 0, item.end_mark.index) + 1
    if len(items) == 1:
        above = text.rstrip(" \n")[: start].rstrip()
        return f"{above} []\n{text[end:]}"
    return text[:start] + text[end:]


def elements(xml: str) -> Iterator[tuple[str, int, str]]:
    """Yield (path, line, the policy without it) of every element below a policy's root."""
    tree = etree.fromstring(xml.encode())
    for number, element in enumerate(tree.iter("*")):
        if number == 0:
            continue
        copy = etree.fromstring(xml.encode())
        gone = list(copy.iter("*"))[number]
        parent = gone.getparent()
        assert parent is not None
        tail, before = gone.tail or "", gone.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
        parent.remove(gone)
        yield _path(element), element.sourceline or 0, etree.tostring(copy, encoding="unicode")


def _path(element: etree._Element) -> str:
    steps = []
    here: etree._Element | None = element
    while here is not None and here.getparent() is not None:
        steps.append(_step(here))
        here = here.getparent()
    return "/".join(reversed(steps))


def _step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    for attribute in ("Id", "Key", "ClaimTypeReferenceId", "ReferenceId", "Order"):
        if (value := element.get(attribute)) is not None:
            return f"{name}[{value}]"
    heading = element.find(f"{{{etree.QName(element).namespace}}}DisplayName")
    return f"{name}[{heading.text}]" if name == "ClaimsProvider" and heading is not None else name
