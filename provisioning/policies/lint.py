"""Check a policy set before the service sees it. Must not hold a rule (rules/ does)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from lxml import etree

from provisioning.core.model import Finding, Severity
from provisioning.policies import inheritance, rules
from provisioning.policies import schema as schemas
from provisioning.policies.document import Document
from provisioning.policies.inheritance import Tree
from provisioning.policies.rules import structure, tenant
from provisioning.policies.rules.rule import Rule
from provisioning.policies.rules.scope import Index, Scope

_STRUCTURE = frozenset(rule.id for rule in structure.RULES)


def lint(
    documents: Iterable[Document],
    *,
    tenant_policies: Mapping[str, Document | None] | None = None,
    key_sets: AbstractSet[str] | None = None,
    schema: etree.XMLSchema | None = None,
    schema_severity: Severity = Severity.WARNING,
) -> tuple[Finding, ...]:
    """Check documents, mostly built ones, against all rules.

    Args:
        documents: the local set. What it inherits from is looked for in it, then in the tenant.
        tenant_policies: policies of the tenant by id, with their content where it was read. None
            when the tenant was not asked. Those that inherit from a local policy are checked as
            well, because the service does not.
        key_sets: ids of key sets that exist or will, with or without `B2C_1A_`; None: unknown.
        schema: from `schema.read`.
        schema_severity: the published schema lags the service at times, hence WARNING.

    Returns:
        Findings by place, those of reading and building the documents included.
    """
    local = tuple(documents)
    found = [finding for document in local for finding in document.findings]
    found += inheritance.arrange(local, tenant_policies=tenant_policies).findings
    elsewhere = _elsewhere(local, tenant_policies or {})
    tree = inheritance.arrange((*local, *elsewhere))
    indexes = {id(document): Index(document) for document in (*local, *elsewhere)}
    containers = None if key_sets is None else frozenset(map(tenant.with_prefix, key_sets))
    ours = {id(document) for document in local}
    for document in (*local, *elsewhere):
        lineage = (document, *_above(document, tree))
        complete = lineage[-1].base_policy is None
        scope = Scope(tuple(indexes[id(one)] for one in lineage), complete, containers)
        if not document.sound:
            continue
        if id(document) in ours:
            own = list(_check(scope, rules.RULES))
            found += own
            if schema is not None:
                found += _validated(scope, schema, schema_severity, own)
        elif any(id(ancestor) in ours for ancestor in lineage):
            found += _check(scope, (rule for rule in rules.RULES if rule.inherited))
    return tuple(sorted(dict.fromkeys(found), key=_by_place))


def _elsewhere(
    local: Iterable[Document], tenant_policies: Mapping[str, Document | None]
) -> list[Document]:
    own = {document.policy_id.casefold() for document in local}
    return [
        document
        for document in tenant_policies.values()
        if document is not None and document.policy_id.casefold() not in own
    ]


def _above(document: Document, tree: Tree) -> tuple[Document, ...]:
    """Return a document's ancestors, also where the tree leaves it out (no id, a second one)."""
    base = document.base_policy
    lineage = () if base is None else tree.lineage(base.policy_id)
    return tuple(ancestor for ancestor in lineage if ancestor is not document)


def _check(scope: Scope, table: Iterable[Rule]) -> Iterator[Finding]:
    for rule in table:
        for hit in rule.check(scope):
            place = scope.document.place(hit.element)
            remedy = hit.remedy or rule.remedy
            yield Finding(rule.id, hit.message, remedy, rule.severity, place)


def _validated(
    scope: Scope, schema: etree.XMLSchema, severity: Severity, found: Iterable[Finding]
) -> list[Finding]:
    """Return the schema's findings but for elements that our own words are about already."""
    told = {finding.place for finding in found if finding.rule in _STRUCTURE}
    return [
        finding
        for finding in schemas.validate(scope.document, schema, severity)
        if finding.place not in told
    ]


def _by_place(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.place
    where = ("", 0, 0) if place is None else (place.file, place.line, place.column)
    return (*where, finding.rule, finding.message)
