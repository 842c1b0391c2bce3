"""`tenants.yaml` -> tenants, rings and sign-ins, or every fault in it at once.

Pure file reading: no network, no environment. Secrets are named here and never read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Finding, Place, Secret, Severity, Tenant, TenantType
from provisioning.manifest import files, nodes, suggest, translate, yaml_file
from provisioning.manifest.expansion import Cloud
from provisioning.manifest.header import Endpoints
from provisioning.manifest.nodes import Entry as Line
from provisioning.manifest.nodes import MappingNode
from provisioning.tenants import addition
from provisioning.tenants.keys import (
    AuthKeys,
    File,
    RingKeys,
    SharedKeys,
    SignInKeys,
    Source,
    TenantKeys,
    TopKeys,
)
from provisioning.tenants.sign_in import SignIn

FILE: Final = Path("tenants.yaml")
"""The inventory where no other is named."""

ONLY_RING: Final = "all"
"""The ring of every tenant of an inventory that declares none."""

M = TypeVar("M", bound=BaseModel)

_TOP: Final = TypeAdapter(TopKeys)
_TENANT: Final = TypeAdapter(TenantKeys)


@dataclass(frozen=True, slots=True)
class StopAfter:
    """After how many failures no further tenant of a ring is begun."""

    failures: int
    percent: bool = False

    def reached(self, failed: int, size: int) -> bool:
        """Tell whether `failed` of a ring's `size` tenants are too many."""
        if self.percent:
            return failed > 0 and failed * 100 >= self.failures * size
        return failed >= self.failures

    def __str__(self) -> str:
        return f"{self.failures}%" if self.percent else str(self.failures)


@dataclass(frozen=True, slots=True)
class Ring:
    """Tenants that are rolled out together."""

    name: str
    wave: int | None = None
    """Tenants begun together; None: all of the ring."""
    stop_after: StopAfter | None = None
    """None: every tenant has its turn, and one failure keeps later rings from beginning."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tenant, the defaults filled in."""

    name: str
    tenant: Tenant
    cloud: Cloud
    ring: str
    tags: tuple[str, ...]
    variables: Mapping[str, str]
    """As `--var` would give them: text."""
    manifests: tuple[Path, ...]
    """Files or folders, below the inventory's folder as it was named."""
    reader: SignIn | None
    deployer: SignIn | None
    place: Place
    variable_places: Mapping[str, Place] = field(default_factory=dict)
    """Of the variables that the tenant writes itself."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory without faults."""

    path: Path
    root: Path
    """Its folder: what names of files in it are relative to."""
    rings: tuple[Ring, ...]
    """In the order of their rollout."""
    tenants: tuple[Entry, ...]
    """In the order of the file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading an inventory."""

    inventory: Inventory | None
    """None when any finding is an error."""
    findings: tuple[Finding, ...]
    """Sorted by place."""


def load(path: Path) -> Loaded:
    """Read an inventory. Raises nothing for what users write."""
    file = path.as_posix()
    findings: list[Finding] = []
    content = files.read(path, file, yaml_file.MAX_BYTES, Place(file, 1, 1), findings)
    if content is None:
        return _loaded(None, findings)
    root = yaml_file.parse(content, file, findings, first="write version: 1 and tenants:")
    if root is None:
        return _loaded(None, findings)
    return _loaded(_Reading(path, root, findings).inventory(), findings)


def add(path: Path, name: str, keys: Mapping[str, Any]) -> bool:
    """Write a tenant at the end of `tenants:`; everything else stays byte for byte.

    `keys` are as in the file (`domain`, `type`, `ring`, …). Creates the file when it is missing.
    Returns False, and writes nothing, when a tenant of that name and domain is there. Raises
    InputError for an inventory or keys with faults, ProvisioningError where it can't be written.
    """
    text = addition.read(path)
    if text is not None:
        known = load(path)
        if known.inventory is None:
            raise InputError(known.findings)
        domain = str(keys.get("domain", "")).lower()
        for entry in known.inventory.tenants:
            if (entry.name, entry.tenant.domain.lower()) == (name, domain):
                return False
    new = addition.with_tenant(text, name, keys)
    findings: list[Finding] = []
    root = yaml_file.parse(new.encode(), path.as_posix(), findings, first="")
    if root is None or _Reading(path, root, findings).inventory() is None or _errors(findings):
        raise InputError(_loaded(None, findings).findings)
    if text is not None and not addition.only_added(text, new, name):
        raise ProvisioningError(
            f"{name} can't be added to {path} without changing what is there",
            remedy="write it into the file by hand",
        )
    addition.write(path, new)
    return True


class _Reading:
    """One inventory while it is read; faults are noted once per place."""

    def __init__(self, path: Path, root: MappingNode, findings: list[Finding]) -> None:
        self._path = path
        self._root = root
        self._findings = findings
        self._there: dict[str, bool] = {}

    def inventory(self) -> Inventory | None:
        empty = MappingNode({}, self._root.place)
        entries = dict(self._root.entries)
        line = entries.get("tenants")
        written = line.node if line is not None else None
        if line is not None and isinstance(written, MappingNode):
            # Each tenant is validated alone, so that one fault hides no other.
            entries["tenants"] = Line(line.key, empty)
        top = self._validated(_TOP, TopKeys, MappingNode(entries, self._root.place), ())
        defaults = top.defaults if top is not None and top.defaults is not None else SharedKeys()
        self._shared(defaults, ("defaults",))
        rings = tuple(self._rings(top))
        if top is not None:
            self._ring(defaults.ring, rings, ("defaults", "ring"))
        tenants: list[Entry] = []
        if isinstance(written, MappingNode):
            for name, one in written.entries.items():
                tenants += self._tenant(name, one, defaults, rings if top is not None else None)
        self._unique(tenants)
        return Inventory(self._path, self._path.parent, rings, tuple(tenants))

    def _fault(self, rule: str, message: str, remedy: str, *path: str | int) -> None:
        place = nodes.value_place(self._root, path)
        self._findings.append(Finding(rule, message, remedy, place=place))

    def _validated(
        self, adapter: TypeAdapter[M], model: type[M], node: MappingNode, above: tuple[str, ...]
    ) -> M | None:
        told = {finding.place for finding in self._findings}
        root = self._root if above else node
        try:
            return adapter.validate_json(json.dumps(nodes.plain(node)), strict=True)
        except ValidationError as error:
            for one in translate.findings(error, model, root, above):
                if one.finding.place not in told:
                    self._findings.append(one.finding)
            return None

    def _rings(self, top: TopKeys | None) -> Iterator[Ring]:
        written = nodes.select(self._root, ("rings",))
        read = (top.rings if top is not None else None) or {}
        # The order of the file, which validation through JSON does not keep.
        names = list(written.entries) if isinstance(written, MappingNode) else []
        for name in names:
            if name in read:
                keys = read[name] or RingKeys()
                yield Ring(name, keys.wave, _stop_after(keys.stop_after))
        if not names:
            yield Ring(ONLY_RING)

    def _ring(self, name: str | None, rings: tuple[Ring, ...], path: tuple[str, ...]) -> None:
        known = [ring.name for ring in rings]
        if name is not None and name not in known:
            close = suggest.closest(name, known)
            remedy = f"write {close}" if close else f"declare it: rings: {{{name}: {{}}}}"
            self._fault("unknown-ring", f"there is no ring `{name}`", remedy, *path)

    def _shared(self, keys: SharedKeys, above: tuple[str, ...]) -> None:
        seen: set[str] = set()
        for index, name in enumerate(keys.manifests or ()):
            if name in seen:
                self._fault(
                    "duplicate-manifest", "this manifest is listed twice", "keep one", *above,
                    "manifests", index,
                )  # fmt: skip
            seen.add(name)
            if not self._is_manifest(name):
                self._fault(
                    "manifest-missing",
                    f"`{name}` is no manifest and no folder with a manifest.yaml",
                    "correct the path, which is relative to the inventory",
                    *above,
                    "manifests",
                    index,
                )

    def _is_manifest(self, name: str) -> bool:
        if name not in self._there:
            path = self._path.parent / name
            try:
                self._there[name] = path.is_file() or (path / "manifest.yaml").is_file()
            except (OSError, ValueError):
                self._there[name] = False
        return self._there[name]

    def _tenant(
        self, name: str, line: Line, defaults: SharedKeys, rings: tuple[Ring, ...] | None
    ) -> Iterator[Entry]:
        path = ("tenants", name)
        if not addition.NAME.fullmatch(name):
            message = f"`{name}` is no name of a tenant"
            remedy = "rename it: small letters, digits and -, at most 63"
            self._findings.append(Finding("tenant-name", message, remedy, place=line.key))
        if not isinstance(line.node, MappingNode):
            message = f"expected a mapping, found {nodes.found(line.node)}"
            self._fault("wrong-type", message, f"write {name}: {{domain: …}}", *path)
            return
        keys = self._validated(_TENANT, TenantKeys, line.node, path)
        if keys is None:
            return
        self._shared(keys, path)
        kind = keys.type or defaults.type
        if kind is None:
            remedy = "add type: b2c, workforce or external, here or in the defaults"
            self._fault("missing-key", "`type` is missing", remedy, *path)
        ring = keys.ring or defaults.ring
        if ring is None and rings is not None and rings[0].name != ONLY_RING:
            listed = ", ".join(ring.name for ring in rings)
            remedy = f"add ring: one of {listed}, here or in the defaults"
            self._fault("missing-key", "`ring` is missing", remedy, *path)
        if rings is not None:
            self._ring(keys.ring, rings, (*path, "ring"))
        if kind is not None:
            tenant = Tenant(keys.domain, TenantType(kind), keys.id, keys.custom_domain)
            yield self._entry(name, keys, defaults, tenant)

    def _entry(self, name: str, keys: TenantKeys, defaults: SharedKeys, tenant: Tenant) -> Entry:
        def chosen(key: str) -> Any:
            return getattr(keys if key in keys.model_fields_set else defaults, key)

        cloud = chosen("cloud") or "global"
        own = keys.variables or {}
        above = ("tenants", name, "variables")
        reader, deployer = self._sign_ins(chosen("auth"))
        return Entry(
            name=name,
            tenant=tenant,
            cloud=cloud.model_dump() if isinstance(cloud, Endpoints) else cloud,
            ring=chosen("ring") or ONLY_RING,
            tags=tuple(keys.tags or ()),
            variables={k: _text(v) for k, v in ((defaults.variables or {}) | own).items()},
            manifests=tuple(self._path.parent / each for each in chosen("manifests") or ()),
            reader=reader,
            deployer=deployer,
            place=nodes.place(self._root, ("tenants", name)),
            variable_places={key: nodes.place(self._root, (*above, key)) for key in own},
        )

    def _sign_ins(self, auth: AuthKeys | None) -> tuple[SignIn | None, SignIn | None]:
        if auth is None:
            return None, None
        if auth.model_fields_set <= {"reader", "deployer"}:
            return self._sign_in(auth.reader), self._sign_in(auth.deployer)
        return self._sign_in(auth), self._sign_in(auth)

    def _sign_in(self, keys: SignInKeys | None) -> SignIn | None:
        if keys is None:
            return None
        return SignIn(
            method=keys.method,
            client_id=keys.client_id,
            root=self._path.parent,
            client_secret=_secret(keys.client_secret),
            certificate=self._file(keys.certificate),
            certificate_password=_secret(keys.certificate_password),
            federated_token=self._file(keys.federated_token),
            access_token=_secret(keys.access_token),
        )

    def _file(self, file: File | None) -> Path | None:
        return None if file is None else self._path.parent / file.from_file

    def _unique(self, tenants: list[Entry]) -> None:
        """Two names for one directory would plan it twice at a time."""
        for key in ("domain", "id"):
            first: dict[str, Entry] = {}
            for entry in tenants:
                value = getattr(entry.tenant, key)
                other = first.setdefault(value.lower(), entry) if value is not None else entry
                if other is not entry:
                    self._fault(
                        "duplicate-tenant",
                        f"`{entry.name}` has the {key} of `{other.name}` at {other.place}",
                        "keep one of the two",
                        "tenants",
                        entry.name,
                        key,
                    )


def _stop_after(written: int | str | None) -> StopAfter | None:
    match written:
        case None:
            return None
        case int():
            return StopAfter(written)
        case str():
            return StopAfter(int(written.removesuffix("%")), percent=True)


def _secret(source: Source | None) -> Secret | None:
    if source is None:
        return None
    if source.from_env is not None:
        return Secret(("fromEnv", source.from_env))
    return Secret(("fromFile", str(source.from_file)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _errors(findings: list[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _loaded(inventory: Inventory | None, findings: list[Finding]) -> Loaded:
    def order(finding: Finding) -> tuple[object, ...]:
        place = finding.place
        where = ("", 0, 0) if place is None else (place.file, place.line, place.column)
        return (*where, finding.rule, finding.message)

    listed = tuple(sorted(dict.fromkeys(findings), key=order))
    return Loaded(None if _errors(findings) else inventory, listed)
