"""What ties a policy to a tenant: ids, key containers, placeholders left. Must not ask it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies.document import Element
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Scope

PREFIX: Final = "B2C_1A_"
_POLICY_ID: Final = re.compile(r"B2C_1A_[A-Za-z0-9_.-]*[A-Za-z0-9_-]", re.IGNORECASE)
_LEFT: Final = re.compile(
    r"\{Settings:[^{}]*\}|yourtenant|(?:Proxy)?IdentityExperienceFrameworkAppId", re.IGNORECASE
)
_REMEDIES: Final = {
    "yourtenant": "write {Settings:Tenant}",
    "{settings": "add the key to settings",
}


def with_prefix(name: str) -> str:
    """Return a key set's id as the service stores it, folded."""
    folded = name.casefold()
    return folded if folded.startswith(PREFIX.casefold()) else PREFIX.casefold() + folded


def _policy_id(scope: Scope) -> Iterator[Hit]:
    name = scope.document.policy_id
    if name and not _POLICY_ID.fullmatch(name):
        yield Hit(scope.document.root, f"PolicyId {name!r} is no id of a custom policy")


def _version(scope: Scope) -> Iterator[Hit]:
    version = scope.document.root.get("PolicySchemaVersion")
    if version is not None and version != "0.3.0.0":
        yield Hit(scope.document.root, f"PolicySchemaVersion is {version!r}")


def _base_tenant(scope: Scope) -> Iterator[Hit]:
    base = scope.document.base_policy
    own = scope.document.tenant_id
    if base is not None and own and base.tenant_id.casefold() != own.casefold():
        element = documents.child(scope.document.root, "BasePolicy")
        message = f"the base policy's TenantId {base.tenant_id!r} is not {own}"
        yield Hit(scope.document.root if element is None else element, message)


def _containers(scope: Scope) -> Iterator[Hit]:
    if scope.key_sets is None:
        return
    for key in scope.index.elements("Key"):
        name = key.get("StorageReferenceId")
        if name is not None and with_prefix(name) not in scope.key_sets:
            yield Hit(key, f"key container {name} is neither declared nor in the tenant")


def _left(scope: Scope) -> Iterator[Hit]:
    # One search in the whole text is cheap; only a hit (or a comment's) is worth the walk.
    root = scope.document.root
    if _LEFT.search(etree.tostring(root, encoding="unicode")) is None:
        return
    for element in root.iter("*"):
        for text in _texts(element):
            found = _LEFT.search(text)
            if found is not None:
                word = found.group()
                yield Hit(element, f"{word} is still a placeholder", _instead(word))
                break


def _instead(word: str) -> str:
    folded = word.casefold()
    found = (remedy for start, remedy in _REMEDIES.items() if folded.startswith(start))
    return next(found, f"add {word} to settings")


def _texts(element: Element) -> Iterator[str]:
    for value in element.attrib.values():
        yield str(value)
    yield element.text or ""
    for node in element:
        yield node.tail or ""


RULES: Final = (
    Rule(
        "policy-id",
        Severity.ERROR,
        _policy_id,
        "A PolicyId starts with B2C_1A_ and has letters, digits, dots, hyphens and underscores.",
        "write B2C_1A_NAME",
    ),
    Rule(
        "schema-version",
        Severity.ERROR,
        _version,
        "PolicySchemaVersion is 0.3.0.0.",
        'write PolicySchemaVersion="0.3.0.0"',
    ),
    Rule(
        "base-policy-tenant",
        Severity.ERROR,
        _base_tenant,
        "A policy and its base live in the same tenant.",
        "write the policy's own TenantId into BasePolicy",
    ),
    Rule(
        "unknown-key-container",
        Severity.ERROR,
        _containers,
        "Key containers that are referred to exist (AADB2C90073 at run time).",
        "declare it under policyKeys",
    ),
    Rule(
        "placeholder-left",
        Severity.ERROR,
        _left,
        "No word of a starter pack and no {Settings:Key} is left to be replaced.",
        "replace it",
    ),
)
