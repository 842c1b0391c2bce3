"""A manifest's files -> desired objects, or every fault in them at once.

Pure file reading: no network, no clock, no environment. Knows no kind: they are passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from provisioning.core.kind import Kind
from provisioning.core.model import Address, Desired, Finding, Owner, Severity, Tenant
from provisioning.manifest import composition, expansion, includes, nodes, references
from provisioning.manifest.expansion import Cloud
from provisioning.manifest.includes import Document
from provisioning.manifest.nodes import MappingNode
from provisioning.manifest.source import ManifestSource
from provisioning.manifest.validation import Validation

_NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest without faults."""

    path: Path
    root: Path
    """Its folder, resolved: what names of files in it are relative to."""
    owner: Owner
    tenant: Tenant
    cloud: Cloud
    """A name such as `global`, or `{graph, login, signIn}` as written."""
    desired: tuple[Desired, ...]
    """Sorted by address."""
    findings: tuple[Finding, ...] = ()
    """Warnings."""
    tree: MappingNode = field(default=nodes.NOTHING, repr=False, compare=False)
    """Every key with its place, variables replaced: what later finds a line by `nodes.find`."""


@dataclass(frozen=True, slots=True)
class Written:
    """A manifest's files as they are, the same for every tenant and every variable."""

    path: Path
    document: Document | None
    """None when a file could not be read as YAML."""
    findings: tuple[Finding, ...]

    @property
    def variables(self) -> frozenset[str]:
        """Names that `variables:` declares."""
        entry = self.document.root.entries.get("variables") if self.document else None
        declared = entry.node if entry is not None else None
        return frozenset(declared.entries if isinstance(declared, MappingNode) else ())


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a manifest."""

    manifest: Manifest | None
    """None when any finding is an error."""
    findings: tuple[Finding, ...]
    """Sorted by place; those without a place come first."""


def read(path: Path) -> Written:
    """Read the manifest at `path` and everything that it includes. Raises nothing."""
    findings: list[Finding] = []
    document = includes.read(path, findings)
    return Written(path, document, tuple(findings))


def load(
    path: Path,
    *,
    kinds: Iterable[Kind],
    variables: Mapping[str, str] = _NO_VARIABLES,
    tenant: Tenant | None = None,
    cloud: Cloud | None = None,
    written: Written | None = None,
) -> Loaded:
    """Read the manifest at `path` and everything that it includes.

    `variables` are the caller's `--var`. `tenant` and `cloud` are the caller's choice: the
    manifest may then leave its `tenant:` out, and one that names another tenant is a fault.
    `written` is what `read` returned for the path: many tenants need it only once.
    Raises nothing for what users write; TypeError for kinds whose sections contradict each other.
    """
    kinds = tuple(kinds)
    written = written or read(path)
    findings, document = list(written.findings), written.document
    if document is None:
        return _loaded(None, findings)
    expanded = expansion.expand(document.root, variables, tenant, findings)
    validation = Validation(expanded.root, findings)
    owner = validation.owner()
    sections = validation.sections(composition.compose(kinds).parts)
    if expanded.tenant is None:
        return _loaded(None, findings)
    source = ManifestSource(
        owner=owner,
        tenant=expanded.tenant,
        document=document,
        root=validation.root,
        sections=sections,
        doubts=validation.doubts,
        findings=findings,
    )
    _compare(expanded.cloud, cloud, expanded.root, findings)
    desired = _desired(kinds, source, findings)
    findings += references.dangling(expanded.references, desired, frozenset(validation.faulty))
    findings += references.circles(desired)
    manifest = Manifest(
        path=path,
        root=document.folder,
        owner=owner,
        tenant=expanded.tenant,
        cloud=cloud or expanded.cloud or "global",
        desired=tuple(desired[address] for address in sorted(desired)),
        findings=_sorted(findings),
        tree=expanded.root,
    )
    return _loaded(manifest, findings)


def _compare(
    written: Cloud | None, chosen: Cloud | None, root: MappingNode, findings: list[Finding]
) -> None:
    """A manifest that is written for one cloud is not applied in another."""
    if written is not None and chosen is not None and written != chosen:
        findings.append(
            Finding(
                "other-tenant",
                f"the manifest is for the cloud {_named(written)}, the chosen tenant is in "
                f"{_named(chosen)}",
                "choose another tenant, or leave tenant: out of the manifest",
                place=nodes.value_place(root, ("tenant", "cloud")),
            )
        )


def _named(cloud: Cloud) -> str:
    return cloud if isinstance(cloud, str) else str(cloud.get("graph"))


def _desired(
    kinds: Iterable[Kind], source: ManifestSource, findings: list[Finding]
) -> dict[Address, Desired]:
    """Ask every kind; two that need the same looked-up object may both bring it."""
    found: dict[Address, Desired] = {}
    for kind in kinds:
        for item in map(references.settle, kind.desire(source)):
            first = found.setdefault(item.address, item)
            if not _same(first, item):
                findings.append(
                    Finding(
                        "duplicate-address",
                        f"{item.address} is already declared at {first.place}, differently",
                        "rename one of the two",
                        place=item.place,
                        address=item.address,
                    )
                )
            elif item.place < first.place:
                found[item.address] = item
    return found


def _same(first: Desired, second: Desired) -> bool:
    return first is second or (first.body, first.settings, first.parent, first.lifecycle) == (
        second.body,
        second.settings,
        second.parent,
        second.lifecycle,
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    def order(finding: Finding) -> tuple[object, ...]:
        place = finding.place
        where = ("", 0, 0) if place is None else (place.file, place.line, place.column)
        return (*where, finding.rule, finding.message)

    return tuple(sorted(dict.fromkeys(findings), key=order))


def _loaded(manifest: Manifest | None, findings: Iterable[Finding]) -> Loaded:
    findings = _sorted(findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Loaded(None, findings)
    return Loaded(manifest, findings)
