"""Who does a fleet run's work in a tenant: this process, or the workers of a cluster.

Must not know the order of tenants. Manifests are read here in either case: two tenants that would
store a secret in one place are seen only where all of them are.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from provisioning.cli import fleet_job, fleet_tenant
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.fleet_job import Order
from provisioning.cli.fleet_tenant import Desk
from provisioning.cli.options import Auth
from provisioning.core.errors import ProvisioningError
from provisioning.core.fleet import TenantResult
from provisioning.tenants.executors import Executor, dask
from provisioning.tenants.model import Entry

_IN_PERSON: Final = frozenset({Auth.DEVICE_CODE.value, Auth.BROWSER.value})


class Crew(Protocol):
    """Does one tenant's part of a command, as the functions of `fleet_tenant` do."""

    async def plan(self, entry: Entry, *, writes: bool = False) -> TenantResult:
        """Plan a tenant; `writes` signs in as its deployer."""
        ...

    async def apply(self, entry: Entry, shown: TenantResult, *, verify: bool) -> TenantResult:
        """Carry out what was shown."""
        ...

    async def verify(self, entry: Entry) -> TenantResult:
        """Make the sign-in checks."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """This process."""

    desk: Desk

    async def plan(self, entry: Entry, *, writes: bool = False) -> TenantResult:
        """See `Crew`."""
        return await fleet_tenant.plan(self.desk, entry, writes=writes)

    async def apply(self, entry: Entry, shown: TenantResult, *, verify: bool) -> TenantResult:
        """See `Crew`."""
        return await fleet_tenant.apply(self.desk, entry, shown, verify=verify)

    async def verify(self, entry: Entry) -> TenantResult:
        """See `Crew`."""
        return await fleet_tenant.verify(self.desk, entry)


@dataclass(frozen=True, slots=True)
class There:
    """Workers elsewhere."""

    desk: Desk
    order: Order
    executor: Executor

    async def plan(self, entry: Entry, *, writes: bool = False) -> TenantResult:
        """See `Crew`."""
        self._check(entry, writes=writes)
        order = replace(self.order, command="plan", writes=writes)
        return await order.send(self.executor, entry)

    async def apply(self, entry: Entry, shown: TenantResult, *, verify: bool) -> TenantResult:
        """See `Crew`."""
        self._check(entry, writes=True)
        order = replace(self.order, command="apply", verify=verify)
        return await order.send(self.executor, entry, shown)

    async def verify(self, entry: Entry) -> TenantResult:
        """See `Crew`."""
        self._check(entry, writes=False)
        return await replace(self.order, command="verify").send(self.executor, entry)

    def _check(self, entry: Entry, *, writes: bool) -> None:
        """Raise, before anything is sent, for what no worker could do or see."""
        self.desk.manifests(entry)
        method = self.desk.method(entry, writes=writes)
        if method in _IN_PERSON:
            raise ProvisioningError(
                f"{method} asks a person, and nobody sits at a worker",
                remedy="sign in another way, or leave --executor out",
            )


async def of(
    choice: Choice,
    desk: Desk,
    inventory: Path,
    stack: contextlib.AsyncExitStack,
    *,
    allow: tuple[str, ...] = (),
    prune: bool = False,
) -> Crew:
    """Return who does the work that was chosen; a cluster is left when `stack` is unwound.

    Raises ProvisioningError for a cluster that can't be reached, or can't do the work.
    """
    scheduler = choice.cluster
    if scheduler is None:
        return Here(desk)
    order = Order(
        "plan",
        desk.run,
        inventory,
        desk.way,
        desk.given,
        desk.variables,
        allow,
        prune,
        desk.full_xml,
    )
    cluster = dask.connect(scheduler, fleet_job.CALL)
    return There(desk, order, await stack.enter_async_context(cluster))
