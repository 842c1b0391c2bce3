"""The document of `tenants.yaml` -> tenants, rings and sign-ins, with every fault in it at once.

Pure but for looking whether manifests are there. Secrets are named here and never read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from provisioning.core.model import Finding, Secret, Tenant, TenantType
from provisioning.manifest import nodes, suggest, translate
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
from provisioning.tenants.model import Entry, Inventory, Ring, StopAfter
from provisioning.tenants.sign_in import SignIn

ONLY_RING: Final = "all"
"""The ring of every tenant of an inventory that declares none."""

M = TypeVar("M", bound=BaseModel)

_TOP: Final = TypeAdapter(TopKeys)
_TENANT: Final = TypeAdapter(TenantKeys)


class Reading:
    """One inventory while it is read; faults are noted once per place."""

    def __init__(self, path: Path, root: MappingNode, findings: list[Finding]) -> None:
        """Read the document `root` of the file `path`; faults go to `findings`."""
        self._path = path
        self._root = root
        self._findings = findings
        self._there: dict[str, bool] = {}

    def inventory(self) -> Inventory | None:
        """Return what can be told of it; only without errors among the findings is it whole."""
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
