"""`verify`: sign in as the manifest's checks say and tell what came back.

Accounts are made on the sandbox alone; in a tenant nothing is written but what `discharging` notes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from pathlib import Path

import httpx

from provisioning.cli import (
    check_list,
    check_report,
    compose,
    discharging,
    inputs,
    one_report,
    progress,
)
from provisioning.cli.check_list import DOTENV
from provisioning.cli.compose import Way, Wish
from provisioning.cli.report_files import ReportFile
from provisioning.cli.surface import Surface
from provisioning.core.errors import ProvisioningError, SecretError
from provisioning.core.fleet import Status
from provisioning.core.guards import Allowed
from provisioning.core.model import Address, Secret
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.graph import clouds
from provisioning.manifest import Manifest
from provisioning.sandbox import Sandbox
from provisioning.secrets import stored
from provisioning.signin import checks, mending
from provisioning.signin import run as signin
from provisioning.signin.checks import Check, Result

AT_ONCE = 0.0
ENDPOINT = "PROVISIONING_SIGNIN_ENDPOINT"


def verify(surface: Surface, wish: Wish, way: Way, *, reports: tuple[ReportFile, ...] = ()) -> int:
    """Exit 0 when every check passed, 1 otherwise."""
    one_report.check(reports)
    wanted = inputs.load(surface, wish.manifest, inputs.variables(wish.variables))
    tell = progress.Teller(surface)

    async def verified() -> tuple[Run, Proof]:
        with compose.embedded(way) as box:
            session = compose.run(
                wanted, way, Allowed(), progress=tell, prompt=surface.say, box=box
            )
            async with session as run:
                return run, await results(run, wanted, way, box)

    with tell.live():
        run, proof = asyncio.run(verified())
    found = proof.checks
    surface.document(check_report.shown(surface, found))
    one_report.write(
        surface,
        reports,
        lambda other: check_report.shown(other, found),
        lambda: one_report.of_one(
            "verify",
            run,
            wanted,
            {"checks": [checks.to_json(result) for result in found]},
            (Status.FAILED if code(found) else Status.PASSED, None),
            seconds=max((result.seconds for result in found), default=0.0),
        ),
    )
    return code(found)


def code(found: tuple[Result, ...]) -> int:
    """Return the exit code of results."""
    return 0 if all(result.passed for result in found) else 1


@dataclasses.dataclass(frozen=True, slots=True)
class Proof:
    """What the checks came to."""

    checks: tuple[Result, ...] = ()
    discharged: frozenset[Address] = frozenset()
    """Manual steps that a token showed to be done."""


async def results(
    run: Run,
    wanted: Manifest,
    way: Way,
    box: Sandbox | None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    patience: float = AT_ONCE,
) -> Proof:
    """Observe the tenant and make every check; `patience` is for what was just applied, seconds.

    `transport` carries the sign-ins; by default they get connections of their own.
    Raises ProvisioningError for an endpoint that is none; a check that fails is a result.
    """
    if not any(desired.address.kind == check_list.KIND for desired in wanted.desired):
        return Proof()
    endpoint = _endpoint(way)
    draft = await reconcile.draft(run)
    listed = check_list.of(draft)
    reader = _Reader(run, wanted.root)
    if box is not None:
        for check in listed.ready:
            await _enroll(box, draft.live.tenant_id, check, reader)
    made = await signin.run(
        listed.ready,
        tenant=dataclasses.replace(wanted.tenant, id=wanted.tenant.id or draft.live.tenant_id),
        cloud=clouds.of(wanted.cloud),
        clock=run.clock,
        read_secret=reader.read,
        endpoint=endpoint,
        transport=transport or (None if box is None else box.transport()),
        deadline_seconds=patience,
        progress=run.progress,
    )
    discharged = await discharging.discharge(run, draft, listed.ready, made)
    asked = {check.name: check for check in listed.ready}
    told = (mending.mended(result, asked[result.check], wanted, draft) for result in made)
    checks = sorted((*listed.missing, *told), key=lambda result: result.check)
    return Proof(tuple(checks), discharged)


def _endpoint(way: Way) -> str | None:
    if way.sandbox is None:
        return way.signin_endpoint or os.environ.get(ENDPOINT) or None
    if way.signin_endpoint is not None:
        raise ProvisioningError(
            "--signin-endpoint and --sandbox exclude each other",
            remedy="the sandbox is in this process and answers the sign-in hosts itself",
        )
    return None


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the sources of checks: those of the run, and dotenv sinks."""

    run: Run
    root: Path

    async def read(self, secret: Secret) -> str:
        kind, argument = secret.source
        if kind == DOTENV:
            path, _, name = argument.rpartition("#")
            return await stored.read(self.root / path, name)
        return await self.run.read_secret(secret)


async def _enroll(box: Sandbox, tenant_id: str, check: Check, reader: _Reader) -> None:
    """Make the local account that a check signs in with, so that there is one to try."""
    if check.user is None:
        return
    try:
        name = check.user.name
        name = name if isinstance(name, str) else await reader.read(name)
        password = await reader.read(check.user.password)
    except SecretError:
        # The check itself tells which source cannot be read.
        return
    box.add_user(tenant_id, name, name.partition("@")[0], password=password)
