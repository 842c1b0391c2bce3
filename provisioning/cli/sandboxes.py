"""`sandbox serve`, `show`, `reset`, `users add`. Must not leave loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from provisioning import render
from provisioning.cli import compose
from provisioning.cli.options import MEMORY, Format
from provisioning.cli.surface import Surface
from provisioning.core.errors import ProvisioningError
from provisioning.core.model import TenantType
from provisioning.core.plan import FORMAT_VERSION
from provisioning.sandbox import Fault, Sandbox, Tenant
from provisioning.sandbox import serve as listening


def serve(
    surface: Surface,
    folder: str,
    *,
    port: int,
    tenants: Iterable[str],
    faults: Path | None,
) -> int:
    """Answer until interrupted; stdout gets lines that a shell can evaluate to find it."""
    scripted = () if faults is None else _faults(faults)
    with contextlib.closing(compose.sandbox(folder)) as box:
        for text in tenants:
            _add(box, text)
        for fault in scripted:
            box.faults.add(fault)
        if not box.tenants():
            raise ProvisioningError(
                "the sandbox has no tenant", remedy="add one with --tenant DOMAIN:TYPE"
            )
        try:
            listening(box, port=port, ready=lambda url: surface.document(_invitation(box, url)))
        except OSError as problem:
            raise ProvisioningError(
                f"cannot listen on port {port}: {problem.strerror}", remedy="choose another --port"
            ) from problem
    return 0


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


def add_user(surface: Surface, folder: str, name: str, *, display_name: str | None) -> int:
    """Add a user to the tenant of the name's domain."""
    local, _, domain = name.partition("@")
    with _opened(folder) as box:
        known = {tenant.domain: tenant for tenant in box.tenants()}
        if not local or domain.lower() not in known:
            raise ProvisioningError(
                f"{name} belongs to no tenant of this sandbox",
                remedy=f"write USER@{' or USER@'.join(known) or 'DOMAIN, after an apply or serve'}",
            )
        identity = box.add_user(known[domain.lower()].id, name, display_name or local)
        surface.document(f"{identity}\n")
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


def _invitation(box: Sandbox, url: str) -> str:
    lines = [f"export PROVISIONING_GRAPH_ENDPOINT={url}"]
    for tenant in box.tenants():
        lines.append(f"# {tenant.domain} ({tenant.kind}, {tenant.id})")
        lines.append(f"export PROVISIONING_ACCESS_TOKEN={box.issue_token(tenant.id)}")
    return "\n".join(lines) + "\n"


def _counted(tenant: Tenant, dump: dict[str, list[dict[str, object]]]) -> str:
    rows = "".join(f"  {len(items):>6} {name}\n" for name, items in dump.items() if items)
    return f"{tenant.domain} ({tenant.kind}, {tenant.id})\n{rows}"
