"""`sandbox serve`, `show`, `reset`, `users add`, `user-flows claims`. Must not leave loopback."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from provisioning import render
from provisioning.cli import compose, invitation
from provisioning.cli.options import MEMORY, Format
from provisioning.cli.surface import Surface
from provisioning.core.errors import ProvisioningError
from provisioning.core.model import TenantType
from provisioning.core.plan import FORMAT_VERSION
from provisioning.kinds import trust_framework
from provisioning.sandbox import Fault, Sandbox, Tenant
from provisioning.sandbox import serve as listening
from provisioning.sandbox import tls as certificates


@dataclass(frozen=True, slots=True)
class Served:
    """How `sandbox serve` answers."""

    port: int
    tenants: tuple[str, ...] = ()
    """Added first, as DOMAIN:TYPE."""
    issuers: tuple[str, ...] = ()
    """Outside issuers, as ISSUER, ISSUER=URL or ISSUER=FILE."""
    faults: Path | None = None
    tls: bool = False


def serve(surface: Surface, folder: str, wanted: Served) -> int:
    """Answer until interrupted; stdout gets what leads other processes to it."""
    scripted = () if wanted.faults is None else _faults(wanted.faults)
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(contextlib.closing(compose.sandbox(folder)))
        for text in wanted.tenants:
            _add(box, text)
        for text in wanted.issuers:
            _trust(box, text)
        for fault in scripted:
            box.faults.add(fault)
        if not box.tenants():
            raise ProvisioningError(
                "the sandbox has no tenant", remedy="add one with --tenant DOMAIN:TYPE"
            )
        files = _certificates(folder, stack) if wanted.tls else None

        def ready(url: str) -> None:
            told = invitation.of(box, url, files)
            surface.document(told.json() if surface.form is Format.JSON else told.text())

        try:
            listening(
                box, port=wanted.port, ready=ready, tls=None if files is None else files.key.parent
            )
        except OSError as problem:
            raise ProvisioningError(
                f"cannot listen on port {wanted.port}: {problem.strerror}",
                remedy="choose another --port",
            ) from problem
    return 0


def _certificates(folder: str, stack: contextlib.ExitStack) -> certificates.Files:
    """Make the authority beside the sandbox, or where nothing is kept for as long as it runs."""
    if folder == MEMORY:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-tls-")))
    else:
        place = Path(folder) / "tls"
    try:
        return certificates.files(place)
    except OSError as problem:
        raise ProvisioningError(
            f"cannot keep a certificate in {place}: {problem.strerror}",
            remedy="name a writable folder with --sandbox",
        ) from problem


def _trust(box: Sandbox, text: str) -> None:
    """Read ISSUER, ISSUER=URL or ISSUER=FILE (a JSON Web Key Set)."""
    issuer, _, place = text.partition("=")
    remedy = "write --issuer ISSUER, ISSUER=URL or ISSUER=FILE; http is for loopback only"
    try:
        if not place or "://" in place:
            box.trust_issuer(issuer, place or issuer)
            return
        document = json.loads(Path(place).read_text("utf-8"))
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise ProvisioningError(f"{place} is no JSON Web Key Set", remedy=remedy)
        box.trust_issuer(issuer, document)
    except (OSError, ValueError) as problem:
        raise ProvisioningError(f"--issuer {text}: {problem}", remedy=remedy) from problem


def show(surface: Surface, folder: str) -> int:
    """Count what the tenants hold, or print all of it as JSON."""
    with _opened(folder) as box:
        dumps = {tenant: box.dump(tenant.id) for tenant in box.tenants()}
    match surface.form:
        case Format.JSON:
            listed = [
                {"id": tenant.id, "domain": tenant.domain, "type": tenant.kind, **dump}
                for tenant, dump in dumps.items()
            ]
            surface.document(
                render.json.document({"formatVersion": FORMAT_VERSION, "tenants": listed})
            )
        case _:
            surface.document("".join(map(_counted, dumps, dumps.values())) or "No tenant.\n")
    return 0


def reset(surface: Surface, folder: str) -> int:
    """Empty the tenants; they themselves stay."""
    with _opened(folder) as box:
        box.reset()
        surface.say(f"{len(box.tenants())} tenant(s) are as new.")
    return 0


def add_user(
    surface: Surface,
    folder: str,
    name: str,
    *,
    display_name: str | None,
    tenant: str | None = None,
    password_variable: str | None = None,
) -> int:
    """Add a user to a tenant: the one named, else the one of the name's domain."""
    local, _, domain = name.partition("@")
    password = None if password_variable is None else os.environ.get(password_variable)
    if password_variable is not None and not password:
        raise ProvisioningError(
            f"the environment variable {password_variable} is not set",
            remedy=f"put the password into {password_variable}",
        )
    with _opened(folder) as box:
        known = {each.domain: each for each in box.tenants()}
        if not local or (tenant or domain).lower() not in known:
            raise ProvisioningError(
                f"{name} belongs to no tenant of this sandbox",
                remedy=f"write USER@{' or USER@'.join(known) or 'DOMAIN, after an apply or serve'}"
                ", or say --tenant DOMAIN",
            )
        target = known[(tenant or domain).lower()]
        identity = box.add_user(target.id, name, display_name or local, password=password)
        surface.document(f"{identity}\n")
    return 0


def set_claims(
    surface: Surface, folder: str, flow: str, claims: Iterable[str], *, tenant: str | None
) -> int:
    """Choose the application claims of a user flow, as a person does in the portal."""
    name = trust_framework.with_prefix(flow, trust_framework.FLOW)
    chosen = tuple(claims)
    with _opened(folder) as box:
        known = [each for each in box.tenants() if each.kind == TenantType.B2C]
        meant = [each for each in known if tenant in {None, each.domain, each.id}]
        if len(meant) != 1:
            raise ProvisioningError(
                f"{len(meant)} B2C tenants of this sandbox could be meant",
                remedy=f"say --tenant {'|'.join(each.domain for each in known) or 'DOMAIN'}",
            )
        try:
            box.portal_set_claims(meant[0].id, name, chosen)
        except LookupError as problem:
            raise ProvisioningError(str(problem), remedy="apply the manifest first") from problem
        surface.say(f"{name}: {', '.join(chosen) or 'no application claims'}")
    return 0


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[Sandbox]:
    if folder == MEMORY or not Path(folder).is_dir():
        raise ProvisioningError(
            f"there is no sandbox in {folder}",
            remedy="name the folder of one with --sandbox; plan, apply and serve make it",
        )
    with contextlib.closing(compose.sandbox(folder)) as box:
        yield box


def _add(box: Sandbox, text: str) -> Tenant:
    domain, _, kind = text.rpartition(":")
    try:
        return box.add_tenant(domain, TenantType(kind).value)
    except ValueError as problem:
        known = "|".join(TenantType)
        raise ProvisioningError(
            f"--tenant {text}: {problem}", remedy=f"write --tenant DOMAIN:{known}"
        ) from problem


def _faults(path: Path) -> tuple[Fault, ...]:
    remedy = "write a list of mappings such as {path: /applications, status: 503, times: 2}"
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
            raise ProvisioningError(f"{path} is no list of faults", remedy=remedy)
        return tuple(map(Fault.from_mapping, document))
    except (OSError, ValueError, TypeError, yaml.YAMLError) as problem:
        raise ProvisioningError(f"{path}: {problem}", remedy=remedy) from problem


def _counted(tenant: Tenant, dump: dict[str, list[dict[str, object]]]) -> str:
    rows = "".join(f"  {len(items):>6} {name}\n" for name, items in dump.items() if items)
    return f"{tenant.domain} ({tenant.kind}, {tenant.id})\n{rows}"
