"""The ways in which `$value` may spell a policy; must not change what three of the four mean.

None is verified: no source says whether GET answers the bytes that PUT received.
"""

from __future__ import annotations

from lxml import etree

from provisioning.sandbox.trustframework import reader

_DEFAULTS = {"DeploymentMode": "Production", "UserJourneyRecorderEndpoint": "urn:journeyrecorder"}


def spelled(content: bytes, mode: str, tenant_id: str) -> bytes:
    """The bytes that a read answers.

    Args:
        content: a sound policy, as it was uploaded.
        mode: a value of Options.get_policy.
        tenant_id: the directory's GUID, which `rewrite` writes into the policy.
    """
    if mode == "echo":
        return content
    root = reader.parsed(content)
    if mode == "rewrite":
        _rewrite(root, tenant_id)
        return etree.tostring(root, encoding="utf-8", xml_declaration=True)
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    if mode == "drop_declaration_and_comments":
        return etree.tostring(root, encoding="utf-8")
    _forget_layout(root)
    etree.indent(root, space="    ")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _forget_layout(root: etree._Element) -> None:
    for element in root.iter(tag=etree.Element):
        if len(element) and not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None


def _rewrite(root: etree._Element, tenant_id: str) -> None:
    for name, value in {**_DEFAULTS, "TenantObjectId": tenant_id}.items():
        root.set(name, root.get(name, value))
    for metadata in root.iter(reader.tag("Metadata")):
        metadata[:] = sorted(metadata, key=lambda item: str(item.get("Key")))
