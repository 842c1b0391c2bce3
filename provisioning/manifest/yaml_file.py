"""The bytes of one YAML file -> a mapping with places. Must not know what the keys mean."""

from __future__ import annotations

from provisioning.core.model import Finding, Place
from provisioning.manifest import places
from provisioning.manifest.nodes import MappingNode, ScalarNode

MAX_BYTES = 4 * 1024 * 1024
"""Of one YAML file."""


def parse(content: bytes, file: str, findings: list[Finding], *, first: str) -> MappingNode | None:
    """Read one document of keys and values; None after reporting why it is none.

    `file` is the name that places show, `first` what a file without content should begin with.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = "this is not UTF-8 text"
        findings.append(Finding("not-utf-8", message, "save the file as UTF-8", place=place))
        return None
    faults = len(findings)
    node = places.read(text, file, findings)
    if isinstance(node, MappingNode):
        return node
    if len(findings) > faults and node is None:
        return None
    start = node.place if node is not None else Place(file, 1, 1)
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        findings.append(Finding("empty-file", "the file holds nothing", first, place=start))
    else:
        message = "expected keys with values"
        findings.append(Finding("not-a-mapping", message, "write version: 1", place=start))
    return None
