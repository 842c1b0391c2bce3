"""`policies lint` and `policies build`: a manifest's policies, without a tenant.

Must not open a connection, nor touch a file that it has not written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lxml import etree

from provisioning import manifest, render
from provisioning.cli import inputs, offline
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.errors import ProvisioningError
from provisioning.core.kind import Kind, Source
from provisioning.core.model import Desired, Finding, Severity
from provisioning.core.plan import FORMAT_VERSION
from provisioning.kinds import KINDS, custom_policy
from provisioning.kinds.custom_policy import content
from provisioning.manifest import references
from provisioning.policies import inheritance, schema
from provisioning.policies import lint as linting
from provisioning.policies.document import Document

LISTING: Final = "policies.sha256"
"""Beside the built policies, as sha256sum writes it: tells which files are this command's."""


def lint(
    surface: Surface,
    paths: Iterable[Path],
    variables: Iterable[str],
    *,
    xsd: Path | None = None,
    severity: Severity = Severity.WARNING,
) -> int:
    """Report every finding about the manifests' policies; exit 1 when any is an error."""
    values = inputs.variables(variables)
    grammar = None if xsd is None else _grammar(xsd)
    findings: list[Finding] = []
    linted = 0
    for path in paths:
        built: list[Desired] = []
        loaded = manifest.load(inputs.located(path), kinds=_watched(built), variables=values)
        documents = [content.document(references.settle(desired)) for desired in built]
        findings += loaded.findings
        linted += len(documents)
        if grammar is not None:
            # Loading has linted them; what the schema says besides is all that is new here.
            found = linting.lint(documents, schema=grammar, schema_severity=severity)
            findings += (finding for finding in found if finding.rule == "schema")
    offline.tell(surface, findings)
    if surface.form is Format.TEXT and not findings:
        surface.document(f"{linted} policies, no findings\n")
    return 1 if any(finding.severity is Severity.ERROR for finding in findings) else 0


def build(surface: Surface, path: Path, variables: Iterable[str], *, out: Path) -> int:
    """Write the policies as they would be uploaded, one file per policy id."""
    wanted = inputs.load(surface, path, inputs.variables(variables))
    policies = [_policy(item) for item in wanted.desired if _is_policy(item)]
    if not policies:
        raise ProvisioningError(
            f"{wanted.path} declares no custom policies", remedy="add customPolicies to it"
        )
    tree = inheritance.arrange(policy.document for policy in policies)
    by_id = {policy.document.policy_id: policy for policy in policies}
    ordered = [by_id[document.policy_id] for wave in tree.waves for document in wave]
    _write(out, {policy.name: policy.text.encode() for policy in ordered})
    match surface.form:
        case Format.JSON:
            listed = [policy.described(out) for policy in ordered]
            surface.document(
                render.json.document({"formatVersion": FORMAT_VERSION, "policies": listed})
            )
        case _:
            lines = (f"{out / policy.name}  from {policy.document.file}\n" for policy in ordered)
            surface.document("".join(map(render.escape.lines, lines)))
    return 0


@dataclass(frozen=True, slots=True)
class _Policy:
    """One built policy."""

    document: Document
    text: str
    """References that only the tenant knows stand by their spelling."""

    @property
    def name(self) -> str:
        return f"{self.document.policy_id}.xml"

    def described(self, out: Path) -> Mapping[str, object]:
        base = self.document.base_policy
        return {
            "id": self.document.policy_id,
            "file": str(out / self.name),
            "source": self.document.file,
            "base": base.policy_id if base else None,
        }


def _policy(desired: Desired) -> _Policy:
    return _Policy(content.document(desired), str(desired.body["content"]))


def _is_policy(desired: Desired) -> bool:
    return desired.address.kind == custom_policy.KIND.name


def _watched(built: list[Desired]) -> Iterator[Kind]:
    """Yield the kinds; policies are noted as they pass, for a manifest with faults holds none."""

    def desire(source: Source) -> Iterator[Desired]:
        for desired in custom_policy.KIND.desire(source):
            built.append(desired)
            yield desired

    for kind in KINDS:
        yield replace(kind, desire=desire) if kind is custom_policy.KIND else kind


def _grammar(path: Path) -> etree.XMLSchema:
    try:
        return schema.read(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise ProvisioningError(
            f"the schema {path} can't be used: {problem}",
            remedy="name Microsoft's TrustFrameworkPolicy_0.3.0.0.xsd",
        ) from problem


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files and their listing; refuse a folder with anything in their way."""
    listing = folder / LISTING
    try:
        ours = _listed(listing)
        present = {each.name for each in folder.iterdir()} if folder.exists() else set()
        strange = sorted(
            name
            for name in (present & files.keys() if ours else present)
            if name != LISTING and not _is_ours(folder / name, ours)
        )
        if strange:
            raise ProvisioningError(
                f"{folder} holds {strange[0]}, which this command did not write",
                remedy="name a new or an empty folder",
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(ours.keys() - files.keys()):
            if _is_ours(folder / name, ours):
                (folder / name).unlink()
        for name, text in files.items():
            _replace(folder / name, text)
        sums = (f"{_digest(text)}  {name}\n" for name, text in files.items())
        _replace(listing, "".join(sums).encode())
    except OSError as problem:
        raise ProvisioningError(
            f"the policies can't be written to {folder}: {problem.strerror}",
            remedy="name a writable folder with --out",
        ) from problem


def _listed(listing: Path) -> dict[str, str]:
    """Return digest by name of what an earlier build wrote; names lead nowhere else."""
    try:
        rows = (row.partition("  ") for row in listing.read_text("utf-8").splitlines())
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    return {name: digest for digest, _, name in rows if name and name == Path(name).name}


def _is_ours(path: Path, ours: Mapping[str, str]) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    return ours.get(path.name) == _digest(path.read_bytes())


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _replace(path: Path, text: bytes) -> None:
    """Write a file whole, not through a link that stands in its place."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(text)
    draft.replace(path)
