"""The tree as written -> the tree with every variable in place, and the tenant it is for.

Variables may use the tenant's facts and the tenant may use variables, so the tenant is read with
the variables that don't need it first. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from provisioning.core.model import Finding, Severity, Tenant, TenantType
from provisioning.manifest import header, nodes, substitution, translate, variables
from provisioning.manifest.header import Endpoints, TenantHeader
from provisioning.manifest.nodes import Entry, MappingNode, Node
from provisioning.manifest.substitution import Reference, Scope

Cloud = str | Mapping[str, str]

_TENANT: Final = TypeAdapter(TenantHeader)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A manifest in which nothing but references to objects is left to replace."""

    root: MappingNode
    tenant: Tenant | None
    """None when neither the manifest nor the caller tells a valid one."""
    cloud: Cloud | None
    """As written; None when it is not."""
    references: tuple[Reference, ...]


def expand(
    root: MappingNode, given: Mapping[str, str], chosen: Tenant | None, findings: list[Finding]
) -> Expanded:
    """Replace variables everywhere; `given` and `chosen` come from the caller."""
    declared = root.entries.get("variables")
    raw, unknown = variables.values(declared.node if declared else None, given, findings)
    late = frozenset(name for name, node in raw.items() if substitution.needs_tenant(node))
    known = {
        name: substitution.expand(node, Scope(findings, variables=None, tenant={}))
        for name, node in raw.items()
        if name not in late
    }
    first = Scope(findings, variables=known, tenant=None, unknown=unknown, late=late)
    entries = dict(root.entries)
    if "tenant" in entries:
        entries["tenant"] = _expanded(entries["tenant"], first)
    tenant, cloud = _tenant(MappingNode(entries, root.place), chosen, findings)
    facts = _facts(tenant)
    for name in sorted(late):
        scope = Scope(findings, variables=None, tenant=facts)
        known[name] = substitution.expand(raw[name], scope)
    rest = Scope(findings, variables=known, tenant=facts, unknown=unknown, used=first.used)
    for key, entry in root.entries.items():
        if key not in {"tenant", "variables"}:
            rest.references = key not in header.HEADER_KEYS
            entries[key] = _expanded(entry, rest)
    _unused(declared, rest.used | unknown, findings)
    return Expanded(MappingNode(entries, root.place), tenant, cloud, tuple(rest.noted))


def _expanded(entry: Entry, scope: Scope) -> Entry:
    return Entry(entry.key, substitution.expand(entry.node, scope))


def _unused(declared: Entry | None, used: set[str], findings: list[Finding]) -> None:
    if declared is None or not isinstance(declared.node, MappingNode):
        return
    for name, entry in declared.node.entries.items():
        if name not in used:
            findings.append(
                Finding(
                    "unused-variable",
                    f"nothing uses the variable `{name}`",
                    f"remove it, or write ${{var.{name}}} where it is meant",
                    Severity.WARNING,
                    entry.key,
                )
            )


def _facts(tenant: Tenant | None) -> dict[str, str | None]:
    if tenant is None:
        return {}
    return {
        "domain": tenant.domain,
        "id": tenant.id,
        "name": tenant.domain.partition(".")[0],
    }


def _tenant(
    root: MappingNode, chosen: Tenant | None, findings: list[Finding]
) -> tuple[Tenant | None, Cloud | None]:
    node = nodes.select(root, ("tenant",))
    if node is None or nodes.found(node) == "nothing":
        if chosen is None:
            remedy = "add tenant: {domain: NAME.onmicrosoft.com, type: b2c}, or pass --tenant"
            findings.append(Finding("no-tenant", "no tenant is named", remedy, place=root.place))
        return chosen, None
    read = _header(root, findings)
    if read is None:
        return chosen, None
    cloud: Cloud | None = None
    if "cloud" in read.model_fields_set:
        cloud = read.cloud.model_dump() if isinstance(read.cloud, Endpoints) else read.cloud
    if chosen is not None:
        _compare(read, chosen, root, findings)
    return _joined(read, chosen), cloud


def _header(root: MappingNode, findings: list[Finding]) -> TenantHeader | None:
    """Read `tenant:` without what is faulty in it; None when that leaves no tenant."""
    told = {finding.place for finding in findings}
    left: Node = root
    while (node := nodes.select(left, ("tenant",))) is not None:
        try:
            return _TENANT.validate_json(json.dumps(nodes.plain(node)), strict=True)
        except ValidationError as error:
            found = tuple(translate.findings(error, TenantHeader, left, ("tenant",)))
        if left is root:
            findings += [one.finding for one in found if one.finding.place not in told]
        cuts = [one.cut for one in found if nodes.select(left, one.cut) is not None]
        left = nodes.without(left, cuts or [("tenant",)])
    return None


def _joined(read: TenantHeader, chosen: Tenant | None) -> Tenant:
    if chosen is None:
        return Tenant(read.domain, TenantType(read.type), read.id, read.customDomain)
    return Tenant(
        chosen.domain,
        chosen.type,
        chosen.id or read.id,
        chosen.custom_domain or read.customDomain,
    )


def _compare(
    read: TenantHeader, chosen: Tenant, root: MappingNode, findings: list[Finding]
) -> None:
    """A manifest that is written for one tenant is not applied to another."""
    pairs = (
        ("domain", read.domain, chosen.domain),
        ("type", read.type, chosen.type.value),
        ("id", read.id, chosen.id),
    )
    for key, written, asked in pairs:
        if written is not None and asked is not None and written.lower() != asked.lower():
            findings.append(
                Finding(
                    "other-tenant",
                    f"the manifest is for the {key} {written}, the chosen tenant has {asked}",
                    "choose another tenant, or leave tenant: out of the manifest",
                    place=nodes.value_place(root, ("tenant", key)),
                )
            )
