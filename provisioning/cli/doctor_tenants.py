"""The ways to sign in that an inventory configures, each one tried. Must not write to a tenant."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from provisioning.cli import compose, progress
from provisioning.cli.compose import Way
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.options import Auth
from provisioning.cli.surface import Surface
from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.guards import Allowed
from provisioning.core.model import Finding, Owner
from provisioning.engine.run import Run
from provisioning.manifest import Manifest
from provisioning.sandbox import Sandbox
from provisioning.tenants import doctor, sign_in
from provisioning.tenants.doctor import Check, Command, Status
from provisioning.tenants.model import Entry
from provisioning.tenants.sign_in import SignIn

READER, DEPLOYER = "reader", "deployer"

_IDENTITY: Final = ("AZURE_FEDERATED_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL")
"""Where a workload finds its identity; elsewhere there is nothing to try."""

_READS: Final = frozenset({Command.PLAN, Command.VERIFY})
_WRITES: Final = frozenset({Command.APPLY})

_ELSEWHERE: Final = Check(
    "sign-in",
    Status.SKIPPED,
    "only a job of the trusted repository has this identity",
    "run doctor in the workflow; where the tenant refuses it, sign in with a certificate",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A check, and which sign-in of which tenant it was made with; both empty for a manifest's."""

    check: Check
    tenant: str = ""
    sign_in: str = ""


@dataclass(frozen=True, slots=True)
class _Identity:
    """One way to sign in to a tenant, and what it is for."""

    name: str
    sign_in: SignIn | None
    """None: as the command line and the AZURE_* variables say."""
    required: frozenset[Command]


def told(
    surface: Surface,
    entries: Iterable[Entry],
    way: Way,
    box: Sandbox | None,
    *,
    given: Path | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
    only: str = "",
) -> Iterator[Told]:
    """Make the checks, tenant by tenant; a dead way to sign in does not stop the others.

    `given` replaces the tenants' own manifests, `variables` win over their own; `only` names the
    one sign-in that is tried.
    """
    shared = compose.Shared(compose.clock(), asyncio.Event(), box)
    desk = Desk(way, shared, Allowed(), given, variables)
    for entry in entries:
        yield from asyncio.run(_Examination(surface, entry, desk, only).made())


@dataclass(frozen=True, slots=True)
class _Examination:
    """One tenant."""

    surface: Surface
    entry: Entry
    desk: Desk
    only: str = ""

    @property
    def way(self) -> Way:
        """How to get there."""
        return self.desk.way

    async def made(self) -> list[Told]:
        wanted, faults = self._manifests()
        found = [Told(check, self.entry.name) for check in faults]
        looked = False
        for identity in _identities(self.entry):
            if self.only not in identity.name:
                continue
            method = identity.sign_in.way if identity.sign_in is not None else "default"
            method = self.way.auth.value if self.way.auth is not None else method
            try:
                checks = await self._signed_in(identity, method, wanted)
                if not looked and checks[0].status is Status.OK and not doctor.failed(checks):
                    looked = True
                    for one in wanted:
                        checks += await self._contents(identity, method, one)
            except ProvisioningError as problem:
                checks = [Check("sign-in", Status.FAILED, problem.message, problem.remedy)]
            label = f"{identity.name} ({method})"
            found += [Told(check, self.entry.name, label) for check in checks]
        return found

    def _manifests(self) -> tuple[list[Manifest], list[Check]]:
        try:
            return [wanted for _, wanted in self.desk.manifests(self.entry)], []
        except InputError as problem:
            return [], [_fault(finding) for finding in problem.findings]

    async def _signed_in(
        self, identity: _Identity, method: str, wanted: list[Manifest]
    ) -> list[Check]:
        if self._is_elsewhere(identity, method):
            return [_ELSEWHERE]
        file = Path(self.entry.place.file)
        nothing = Manifest(
            file, file.parent, Owner("doctor"), self.entry.tenant, self.entry.cloud, ()
        )
        async with self._run(nothing, await self._own(identity, method)) as run:
            made = doctor.session(
                run, wanted, identity.required, reads_only=identity.required == _READS
            )
            return [check async for check in made]

    async def _contents(self, identity: _Identity, method: str, wanted: Manifest) -> list[Check]:
        async with self._run(wanted, await self._own(identity, method)) as run:
            return [check async for check in doctor.contents(run)]

    def _run(
        self, wanted: Manifest, who: compose.Identity | None
    ) -> AbstractAsyncContextManager[Run]:
        return compose.run(
            wanted,
            self.way,
            Allowed(),
            progress=progress.Teller(self.surface),
            prompt=self.surface.say,
            box=self.desk.shared.box,
            identity=who,
        )

    def _is_elsewhere(self, identity: _Identity, method: str) -> bool:
        if self.way.sandbox is not None or method != Auth.WORKLOAD_IDENTITY.value:
            return False
        given = identity.sign_in is not None and identity.sign_in.federated_token is not None
        return not given and not any(os.environ.get(name) for name in _IDENTITY)

    async def _own(self, identity: _Identity, method: str) -> compose.Identity | None:
        """Return who signs in; on the sandbox the proof of a client is taken as given."""
        if self.way.sandbox is None:
            known = await sign_in.environment(identity.sign_in, self.entry.tenant, os.environ)
            return compose.Identity(method, known)
        client = identity.sign_in.client_id if identity.sign_in is not None else None
        return None if client is None else compose.Identity(method, {"AZURE_CLIENT_ID": client})


def _fault(finding: Finding) -> Check:
    place = f"{finding.place}: " if finding.place is not None else ""
    return Check("manifest", Status.FAILED, f"{place}{finding.message}", finding.remedy)


def _identities(entry: Entry) -> tuple[_Identity, ...]:
    if entry.reader == entry.deployer:
        return (_Identity(f"{READER} and {DEPLOYER}", entry.reader, _READS | _WRITES),)
    pair = ((READER, entry.reader, _READS), (DEPLOYER, entry.deployer, _WRITES))
    return tuple(_Identity(name, way, required) for name, way, required in pair if way is not None)
