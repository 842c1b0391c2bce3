"""One tenant of a fleet run in another process: what is sent there, and what is done there.

Must not send a secret: the other side reads inventory, manifests, environment and key files itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import tempfile
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.cli import compose, fleet_session, fleet_tenant, inputs, verifying
from provisioning.cli.compose import Way
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.options import Auth
from provisioning.core import fleet as results
from provisioning.core import plan as plans
from provisioning.core.errors import ProvisioningError, RefusedError
from provisioning.core.fleet import TenantResult
from provisioning.tenants import fleet, inventory, rest, rollout
from provisioning.tenants.executors import Executor, Job
from provisioning.tenants.fleet import Fleet
from provisioning.tenants.model import Entry
from provisioning.tenants.spool import Spool

GRAPH_ENDPOINT: Final = "PROVISIONING_GRAPH_ENDPOINT"
CALL: Final = "provisioning.cli.fleet_job:run"
"""How an executor names `run`."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the jobs of one command have in common, as typed."""

    command: str
    """plan, apply or verify."""
    run: str
    """Id of the run: the folder of the journals."""
    inventory: Path
    way: Way
    manifest: Path | None = None
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow: tuple[str, ...] = ()
    prune: bool = False
    full_xml: bool = False
    writes: bool = False
    """Whether a plan signs in as the tenant's deployer."""
    verify: bool = False

    def __post_init__(self) -> None:
        if self.way.sandbox is not None:
            raise ProvisioningError(
                "--sandbox is in this process and no worker can reach it",
                remedy="serve it with `sandbox serve` and name it with --graph-endpoint",
            )

    def job(self, entry: Entry, shown: TenantResult | None = None) -> Job:
        """Return the job of one tenant; `shown` is the plan that an apply may carry out."""
        way = self.way
        document = {
            "command": self.command,
            "run": self.run,
            "tenant": entry.name,
            "inventory": str(self.inventory.resolve()),
            "manifest": None if self.manifest is None else str(self.manifest.resolve()),
            "variables": dict(self.variables),
            "allow": list(self.allow),
            "prune": self.prune,
            "fullXml": self.full_xml,
            "writes": self.writes,
            "verify": self.verify,
            "auth": None if way.auth is None else way.auth.value,
            # The sender's, never a worker's own: work for a sandbox must not reach a tenant.
            "graphEndpoint": way.graph_endpoint or os.environ.get(GRAPH_ENDPOINT) or None,
            "signinEndpoint": way.signin_endpoint or os.environ.get(verifying.ENDPOINT) or None,
            "journal": str(way.journal.resolve()),
            "shown": None if shown is None else results.tenant_to_json(shown),
        }
        return Job(entry.name, document)

    async def send(
        self, executor: Executor, entry: Entry, shown: TenantResult | None = None
    ) -> TenantResult:
        """Have an executor do one tenant's work: a `tenants.fleet.Work`, but for its arguments."""
        return await executor.result(self.job(entry, shown))


def run(document: dict[str, Any], again: bool) -> dict[str, Any]:  # noqa: FBT001 - from afar
    """Do what a job says, in whichever process this is; returns the tenant's document.

    `again` says that a worker had begun it before, and may have carried out a part.

    Raises ProvisioningError when inventory or manifest cannot be read here; whatever goes wrong in
    the tenant is its result.
    """
    return results.tenant_to_json(asyncio.run(_ended(document, again=again)))


async def _ended(document: Mapping[str, Any], *, again: bool) -> TenantResult:
    entry = _entry(Path(document["inventory"]), document["tenant"])
    now, stop = compose.clock(), asyncio.Event()
    with (
        tempfile.TemporaryDirectory(prefix="provisioning-") as folder,
        Spool(Path(folder) / fleet_session.RESULTS) as spool,
    ):
        async with compose.side_by_side(now, stop, None) as shared:
            desk = _desk(document, shared)
            # A run over one tenant turns its errors into its result, as a run over many does.
            made = Fleet(
                document["command"],
                document["run"],
                now,
                spool,
                stop,
                parallel=1,
                describe=fleet_session.describe,
            )
            waves = rollout.side_by_side((entry,))
            await fleet.run(made, waves, lambda entry: _work(desk, entry, document, again=again))
        return spool.read(entry.name)


def _entry(path: Path, name: str) -> Entry:
    loaded = inventory.load(path)
    if loaded.inventory is None:
        first = min(loaded.findings, key=lambda finding: finding.severity.value)
        raise ProvisioningError(f"{first.place}: {first.message}", remedy=first.remedy)
    found = [entry for entry in loaded.inventory.tenants if entry.name == name]
    if not found:
        raise ProvisioningError(f"{path} has no tenant {name} here")
    return found[0]


def _desk(document: Mapping[str, Any], shared: compose.Shared) -> Desk:
    given, auth = document["manifest"], document["auth"]
    way = Way(
        sandbox=None,
        auth=None if auth is None else Auth(auth),
        graph_endpoint=document["graphEndpoint"],
        journal=Path(document["journal"]),
        signin_endpoint=document["signinEndpoint"],
    )
    return Desk(
        way,
        shared,
        inputs.allowed(document["allow"], prune=document["prune"]),
        None if given is None else Path(given),
        document["variables"],
        document["run"],
        document["fullXml"],
    )


def _work(
    desk: Desk, entry: Entry, document: Mapping[str, Any], *, again: bool
) -> Awaitable[TenantResult]:
    match document["command"]:
        case "plan":
            return fleet_tenant.plan(desk, entry, writes=document["writes"])
        case "apply":
            shown = results.tenant_from_json(document["shown"])
            verify = document["verify"]
            if again:
                return _rest(desk, entry, shown, verify=verify)
            return fleet_tenant.apply(desk, entry, shown, verify=verify)
        case _:
            return fleet_tenant.verify(desk, entry)


async def _rest(desk: Desk, entry: Entry, shown: TenantResult, *, verify: bool) -> TenantResult:
    """Carry out what was shown, or what a worker that died has left of it."""
    try:
        return await fleet_tenant.apply(desk, entry, shown, verify=verify)
    except RefusedError:
        found = await fleet_tenant.plan(desk, entry, writes=True)
        if found.digest == shown.digest or not _is_rest(found, shown):
            raise
        return await fleet_tenant.apply(desk, entry, found, verify=verify)


def _is_rest(found: TenantResult, shown: TenantResult) -> bool:
    approved = {part.name: plans.from_json(part.document) for part in shown.parts}
    return all(
        part.name in approved and rest.is_rest(plans.from_json(part.document), approved[part.name])
        for part in found.parts
    )
