"""What onboarding is asked for, read and checked before anybody signs in.

Must not open a connection. The built-in manifest is written into the journal's folder, so that
messages have places and an administrator can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from provisioning import manifest as manifests
from provisioning.cli import inputs
from provisioning.cli.compose import Way
from provisioning.cli.options import Auth
from provisioning.cli.surface import Surface
from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Finding, Tenant, TenantType
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest
from provisioning.render import findings
from provisioning.tenants import inventory, permissions
from provisioning.tenants.onboarding import document, request
from provisioning.tenants.onboarding.document import Access, Onboarding


@dataclass(frozen=True, slots=True)
class Target:
    """Which tenant, where the manifests leave it out."""

    domain: str | None = None
    type: TenantType | None = None
    id: str | None = None
    cloud: str | None = None

    @classmethod
    def named(
        cls, domain: str | None, kind: str | None, identity: str | None, cloud: str | None
    ) -> Self:
        """Read the options; raises nothing: what lacks is found with the manifests."""
        return cls(
            domain,
            None if kind is None else TenantType(str(kind)),
            identity,
            None if cloud is None else str(cloud),
        )

    @property
    def tenant(self) -> Tenant | None:
        """The tenant, None where the manifests name it."""
        if self.domain is None or self.type is None:
            return None
        return Tenant(self.domain, self.type, self.id)


@dataclass(frozen=True, slots=True)
class Listing:
    """Where the inventory is, and how it calls the tenant."""

    file: Path
    name: str | None = None
    ring: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may sign in as reader and deployer."""

    repository: str | None
    environment: str
    branch: str
    issuer: str
    certificates: tuple[str, ...] = ()
    consent: bool = True
    owned_by: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that the command line says."""

    manifests: tuple[Path, ...]
    variables: tuple[str, ...]
    target: Target
    trust: Trust
    listing: Listing


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before the sign-in."""

    onboarding: Onboarding
    variables: Mapping[str, str]
    proofs: Mapping[str, Path]
    """Files that hold a private key too, by role."""
    name: str
    """The tenant's, in the inventory."""
    built_in: Manifest


def prepare(surface: Surface, wanted: Wanted, way: Way) -> Prepared:
    """Read manifests, options and inventory. Raises InputError with every fault."""
    trust = wanted.trust
    repository, faults = request.repository(
        trust.repository,
        environment=trust.environment,
        branch=trust.branch,
        issuer=trust.issuer,
    )
    files, more = request.certificates(trust.certificates)
    if faults := (*faults, *more, *_signs_in(trust), *_typed(wanted.target)):
        raise InputError(faults)
    variables = inputs.variables(wanted.variables)
    loaded = _loaded(surface, wanted.manifests, wanted.target, variables)
    tenant, cloud = request.tenant(loaded)
    needed = permissions.needed(KINDS, loaded)
    name = _name(wanted.listing, tenant)
    certificates, proofs = _certificates(folder(way, tenant), files)
    onboarding = Onboarding(
        tenant=tenant,
        cloud=cloud,
        access=Access(needed.readers(), needed.writers(owned_by=trust.owned_by), needed.writers()),
        repository=repository,
        certificates=certificates,
        consent=trust.consent,
    )
    built_in = write(surface, way, tenant, document.text(onboarding))
    return Prepared(onboarding, variables, proofs, name, built_in)


def keeping(
    surface: Surface, way: Way, ready: Prepared, consented: Mapping[str, frozenset[str]]
) -> Prepared:
    """Return the same without taking back what an administrator has consented to."""
    onboarding = replace(ready.onboarding, consented=consented)
    built_in = write(surface, way, onboarding.tenant, document.text(onboarding))
    return replace(ready, onboarding=onboarding, built_in=built_in)


def write(surface: Surface, way: Way, tenant: Tenant, text: str) -> Manifest:
    """Write the built-in manifest of a tenant and read it as any other."""
    _write(folder(way, tenant) / "manifest.yaml", text.encode())
    return inputs.load(surface, folder(way, tenant), {})


def as_person(way: Way) -> Way:
    """An administrator signs in as a person unless told otherwise."""
    given = way.sandbox is not None or way.auth is not None
    return way if given else replace(way, auth=Auth.DEVICE_CODE)


def _loaded(
    surface: Surface, paths: tuple[Path, ...], target: Target, variables: Mapping[str, str]
) -> list[Manifest]:
    """Load every manifest with the variables that it declares; every fault at once."""
    written = [manifests.read(inputs.located(path)) for path in paths]
    declared = {name for one in written for name in one.variables}
    faults = [
        _fault(f"no manifest declares the variable {name}", "correct the name, or remove it")
        for name in sorted(set(variables) - declared)
    ]
    found: list[Manifest] = []
    for one in written:
        loaded = manifests.load(
            one.path,
            kinds=KINDS,
            variables={name: value for name, value in variables.items() if name in one.variables},
            tenant=target.tenant,
            cloud=target.cloud,
            written=one,
        )
        if loaded.manifest is None:
            faults += loaded.findings
        else:
            found.append(loaded.manifest)
            if loaded.findings:
                surface.say(findings.text(loaded.findings).removesuffix("\n"))
    if faults:
        raise InputError(tuple(faults))
    return found


def _typed(target: Target) -> tuple[Finding, ...]:
    if target.domain is None:
        given = (target.type, target.id, target.cloud)
        if any(value is not None for value in given):
            return (_fault("--type, --id and --cloud say nothing alone", "add --domain DOMAIN"),)
    elif target.type is None:
        return (_fault("--domain does not say its type", "add --type b2c, workforce or external"),)
    return ()


def _signs_in(trust: Trust) -> tuple[Finding, ...]:
    if trust.repository is not None or trust.certificates:
        return ()
    message = "nobody could sign in as reader or deployer"
    remedy = "name --repository OWNER/REPO, or --certificate reader=FILE and deployer=FILE"
    return (Finding("option", message, remedy),)


def _name(listing: Listing, tenant: Tenant) -> str:
    """Return the tenant's name in the inventory; raises InputError where it can't be added."""
    faults = []
    if listing.file.exists():
        known = inventory.load(listing.file)
        if known.inventory is None:
            raise InputError(known.findings)
        rings = [ring.name for ring in known.inventory.rings]
        if listing.ring is not None and listing.ring not in rings:
            faults.append(_fault(f"there is no ring {listing.ring}", f"rings: {', '.join(rings)}"))
        for entry in known.inventory.tenants:
            if entry.tenant.domain.lower() == tenant.domain.lower():
                if listing.name not in {None, entry.name}:
                    message = f"{listing.file} calls {tenant.domain} {entry.name}"
                    faults.append(_fault(message, "leave --name out"))
                return _unless(faults, entry.name)
            if entry.name == listing.name:
                message = f"{entry.name} is {entry.tenant.domain} in {listing.file}"
                faults.append(_fault(message, "choose another --name"))
    return _unless(faults, listing.name or tenant.domain.partition(".")[0].lower())


def _unless(faults: list[Finding], name: str) -> str:
    if faults:
        raise InputError(tuple(faults))
    return name


def _fault(message: str, remedy: str) -> Finding:
    return Finding("option", message, remedy)


def _certificates(folder: Path, files: dict[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Put the public certificates beside the manifest; tell which files hold a key as well."""
    names: dict[str, str] = {}
    proofs: dict[str, Path] = {}
    for role, file in files.items():
        path = Path(file)
        try:
            content = path.read_bytes()
        except OSError as problem:
            message = f"--certificate {role}={file}: {problem.strerror}"
            raise InputError((_fault(message, "name a certificate, PEM or DER"),)) from problem
        names[role] = f"{role}.cer"
        _write(folder / names[role], request.public(content))
        if b"PRIVATE KEY-----" in content:
            proofs[role] = path
    return names, proofs


def folder(way: Way, tenant: Tenant) -> Path:
    """Return where the built-in manifest of a tenant is."""
    return way.journal / "onboarding" / tenant.domain.lower()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        raise ProvisioningError(
            f"cannot write {path}: {problem.strerror}", remedy="name a writable --journal DIR"
        ) from problem
