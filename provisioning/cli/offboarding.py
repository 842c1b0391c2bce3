"""`offboard`: what carries the mark of onboarding goes, guarded like any deletion.

Must not touch what others made, nor the inventory unless it is told to forget.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.cli import applying, compose, inputs, onboarding_input, reconciling
from provisioning.cli.compose import Way
from provisioning.cli.onboarding_input import Listing, Target
from provisioning.cli.surface import Surface
from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Tenant
from provisioning.engine.run import Run
from provisioning.tenants import inventory
from provisioning.tenants.onboarding import administrator, document, forgetting


def offboard(
    surface: Surface,
    listing: Listing,
    target: Target,
    way: Way,
    *,
    allow: tuple[str, ...] = (),
    forget: bool = False,
    yes: bool = False,
) -> int:
    """Remove what onboarding made; exit codes as of `apply`."""
    opened = inputs.allowed(allow, prune=True)
    way = onboarding_input.as_person(way)
    tenant, cloud, name = _known(listing, target)
    if forget and name is None:
        raise ProvisioningError(
            f"{tenant.domain} is not in {listing.file}", remedy="leave --forget out"
        )
    wanted = onboarding_input.write(surface, way, tenant, document.nothing(tenant, cloud))

    async def before(run: Run) -> Run:
        if told := administrator.check(await run.graph.principal(), consent=False):
            surface.say(told)
        return run

    with compose.embedded(way) as box:
        done = reconciling.carried_out(surface, wanted, way, opened, box, yes=yes, before=before)
    if done.report is None:
        return done.code
    applying.show(surface, done.report)
    if done.code == 0:
        _left(surface, listing, name, gone=bool(done.report.outcomes), forget=forget)
    return done.code


def _known(listing: Listing, target: Target) -> tuple[Tenant, str | Mapping[str, str], str | None]:
    """Find the tenant to leave: by its name in the inventory, or by its domain."""
    found = inventory.load(listing.file) if listing.file.exists() else None
    if found is not None and found.inventory is None:
        raise InputError(found.findings)
    entries = found.inventory.tenants if found is not None and found.inventory is not None else ()
    for entry in entries:
        asked = {entry.name, entry.tenant.domain.lower()}
        if (listing.name or (target.domain or "").lower()) in asked:
            return entry.tenant, entry.cloud, entry.name
    if target.domain is None or target.type is None:
        raise ProvisioningError(
            f"{listing.name} is no tenant of {listing.file}",
            remedy="name one of its tenants, or --domain and --type",
        )
    tenant = Tenant(target.domain, target.type, target.id)
    return tenant, target.cloud or "global", None


def _left(
    surface: Surface, listing: Listing, name: str | None, *, gone: bool, forget: bool
) -> None:
    if gone:
        surface.say(
            "The applications are soft-deleted: for 30 days an administrator can restore them, "
            "then they are gone."
        )
    if name is None:
        return
    if forget and forgetting.forget(listing.file, name):
        surface.say(f"{listing.file}: {name} removed.")
    else:
        surface.say(
            f"{listing.file}: {name} is still listed, with client ids that no longer sign in. "
            "`offboard --forget` removes it, `onboard` makes new ones."
        )
