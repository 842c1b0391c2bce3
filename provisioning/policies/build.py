"""Sources in, uploadable policies out: overlays, settings, target tenant. Must not judge (lint)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.core.model import Finding, Template, Tenant
from provisioning.policies import canonical, inheritance, overlays, target
from provisioning.policies import document as documents
from provisioning.policies import settings as placeholders
from provisioning.policies.document import Document
from provisioning.policies.overlays import Overlay
from provisioning.policies.settings import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy as it will be uploaded."""

    document: Document
    """For lint, canonical form and differences; references stand in it by their spelling."""
    content: str | Template
    """XML with a declaration, to be encoded as UTF-8 once `core.refs.resolve` made it text."""

    @property
    def id(self) -> str:
        """The PolicyId as written."""
        return self.document.policy_id


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The built set. Policies that could not be read are missing; `findings` say why."""

    policies: tuple[Policy, ...]
    """Parents first."""
    tree: inheritance.Tree
    digest: str
    """SHA-256 over the canonical forms, without the build stamp itself."""
    findings: tuple[Finding, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The policies' documents, parents first."""
        return tuple(policy.document for policy in self.policies)


def policy_set(
    sources: Iterable[Document],
    *,
    settings: Settings,
    tenant: Tenant,
    apply: Iterable[Overlay] = (),
) -> PolicySet:
    """Build a policy set.

    Args:
        sources: parsed files, in any order.
        settings: values for `{Settings:Key}`.
        tenant: whose TenantId the policies get.
        apply: overlays, in this order.

    Returns:
        The set; its findings hold those of reading, of settings, of overlays and of inheritance.
    """
    given = tuple(sources)
    current = tuple(placeholders.substitute(source, settings) for source in given)
    found: list[Finding] = [*placeholders.check(settings)]
    for overlay in apply:
        applied = overlays.apply(overlay, current)
        found += applied.findings
        current = tuple(placeholders.substitute(one, settings) for one in applied.documents)
    current = tuple(target.set_tenant(document, tenant) for document in current)
    sound = [document for document in current if document.sound]
    digest = canonical.digest_of_set(sound)
    tree = inheritance.arrange(placeholders.stamp(document, digest) for document in sound)
    references = settings.references()
    policies: list[Policy] = []
    for document in (document for wave in tree.waves for document in wave):
        text = documents.serialize(document)
        found += documents.too_large(len(text.encode()), document.file)
        policies.append(Policy(document, placeholders.content(text, references)))
    for document in current:
        found += document.findings
    found += tree.findings
    return PolicySet(tuple(policies), tree, digest, tuple(dict.fromkeys(found)))
