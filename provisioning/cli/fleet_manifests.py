"""What the tenants of an inventory are provisioned with, read once for all of them.

Must not open a connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioning import manifest
from provisioning.cli import inputs
from provisioning.core.errors import InputError
from provisioning.core.model import Finding
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest, Written
from provisioning.tenants.model import Entry


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of one command. Its caches hold files as read, never an answer."""

    given: Path | None
    """The MANIFEST of the command line, which replaces every tenant's own."""
    variables: Mapping[str, str]
    """`--var`, which wins over the inventory's."""
    warn: Callable[[Iterable[Finding]], None]
    """Is told what is odd but no fault."""
    _written: dict[Path, Written] = field(default_factory=dict)
    _stores: dict[str, str] = field(default_factory=dict)
    _told: set[Finding] = field(default_factory=set)

    def of(self, entry: Entry) -> tuple[tuple[Path, Manifest], ...]:
        """Load what a tenant is provisioned with. Raises InputError with every fault."""
        paths = entry.manifests if self.given is None else (self.given,)
        files = {path: self._read(inputs.located(path)) for path in paths}
        declared = {name for written in files.values() for name in written.variables}
        faults = list(_unknown(entry, declared, self.variables))
        found: list[tuple[Path, Manifest]] = []
        values = {**entry.variables, **self.variables}
        for path, written in files.items():
            loaded = manifest.load(
                written.path,
                kinds=KINDS,
                variables={k: v for k, v in values.items() if k in written.variables},
                tenant=entry.tenant,
                cloud=entry.cloud,
                written=written,
            )
            if loaded.manifest is None:
                faults += loaded.findings
            else:
                found.append((path, loaded.manifest))
                self._warn(loaded.findings)
        faults += self._shared_stores(entry, [wanted for _, wanted in found])
        faults += _twins(wanted for _, wanted in found)
        if faults:
            raise InputError(tuple(faults))
        return tuple(found)

    def _warn(self, findings: Iterable[Finding]) -> None:
        """Tell what is odd in a manifest once, however many tenants have it."""
        new = [finding for finding in findings if finding not in self._told]
        self._told.update(new)
        if new:
            self.warn(new)

    def _read(self, path: Path) -> Written:
        if path not in self._written:
            self._written[path] = manifest.read(path)
        return self._written[path]

    def _shared_stores(self, entry: Entry, wanted: Iterable[Manifest]) -> Iterable[Finding]:
        """Two tenants that store a secret in one place would each lose the other's."""
        for one in wanted:
            for desired in one.desired:
                store = desired.settings.get("store")
                if store is None:
                    continue
                place = f"{one.root} {json.dumps(store, sort_keys=True, default=str)}"
                other = self._stores.setdefault(place, entry.name)
                if other != entry.name:
                    yield Finding(
                        "store-of-two-tenants",
                        f"{desired.address} is stored where the tenant {other} stores its own",
                        "put ${tenant.name} into the path or the name of the store",
                        place=desired.place,
                        address=desired.address,
                    )


def _unknown(entry: Entry, declared: Iterable[str], given: Mapping[str, str]) -> Iterable[Finding]:
    """Yield variables that none of the tenant's manifests declares; defaults may be others'."""
    known = frozenset(declared)
    for name, place in entry.variable_places.items():
        if name not in known:
            message = f"none of the manifests of {entry.name} declares the variable `{name}`"
            yield Finding("unknown-variable", message, "remove it, or declare it", place=place)
    for name in given:
        if name not in known:
            message = f"--var {name} sets nothing that is declared"
            yield Finding("unknown-variable", message, "remove it, or declare it")


def _twins(wanted: Iterable[Manifest]) -> Iterable[Finding]:
    """Yield manifests with the name of another: each would take its objects for its own."""
    first: dict[str, Path] = {}
    for one in wanted:
        other = first.setdefault(one.owner.name, one.path)
        if other != one.path:
            message = f"{one.path} and {other} have the same name: {one.owner.name}"
            yield Finding("manifests-of-one-name", message, "rename one of them")
