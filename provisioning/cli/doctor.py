"""`doctor`: can this sign-in do what this manifest needs? Must not write to a tenant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from provisioning import render
from provisioning.cli import compose, inputs, progress
from provisioning.cli.compose import Way, Wish
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.errors import GraphError, ProvisioningError
from provisioning.core.guards import Allowed
from provisioning.core.model import Live, Principal, Tenant
from provisioning.core.plan import FORMAT_VERSION
from provisioning.core.request import Answer, Read
from provisioning.engine import permissions
from provisioning.engine.observe import TENANT_TYPES
from provisioning.engine.run import Run

FORBIDDEN: Final = 403
SKEW_SECONDS: Final = 120
"""Token lifetimes are checked within five minutes; warn before that."""

ORGANIZATION: Final = Read(
    "doctor", "/organization?$select=id,displayName,tenantType,verifiedDomains", raw=True
)
"""Raw, so that it is asked outside a batch and brings the server's own Date header."""


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    status: Status
    message: str
    remedy: str = ""


def examine(surface: Surface, wish: Wish, way: Way) -> int:
    """Print every check; exit 1 when one failed."""
    wanted = inputs.load(surface, wish.manifest, inputs.variables(wish.variables))
    tell = progress.Teller(surface)

    async def examined() -> list[Check]:
        async with compose.run(wanted, way, Allowed(), progress=tell, prompt=surface.say) as run:
            return [check async for check in _checks(run)]

    checks = asyncio.run(examined())
    surface.document(_shown(surface, checks))
    return 1 if any(check.status is Status.FAILED for check in checks) else 0


async def _checks(run: Run) -> AsyncIterator[Check]:
    try:
        principal = await run.graph.principal()
    except ProvisioningError as problem:
        yield Check("sign-in", Status.FAILED, problem.message, problem.remedy)
        return
    who = principal.name or principal.object_id or "an opaque token"
    yield Check("sign-in", Status.OK, f"{who}, client {principal.app_id or 'unknown'}")
    before = run.clock.now()
    try:
        (answer,) = await run.graph.read([ORGANIZATION])
    except GraphError as problem:
        if problem.status != FORBIDDEN:
            yield Check("graph", Status.FAILED, str(problem.message), problem.remedy)
            return
        yield Check("graph", Status.OK, "reached")
        remedy = "grant what is missing below"
        yield Check("tenant", Status.FAILED, f"can't be read: {problem.message}", remedy)
    else:
        yield Check("graph", Status.OK, "reached")
        yield _clock(answer, before.timestamp(), run.clock.now().timestamp())
        yield _tenant(answer, run.manifest.tenant, principal)
    for writes in (False, True):
        yield _permissions(run, principal, writes=writes)


def _clock(answer: Answer, before: float, after: float) -> Check:
    date = {name.lower(): value for name, value in answer.headers.items()}.get("date")
    if date is None:
        return Check("clock", Status.WARNING, "Graph's answer has no Date header")
    told = parsedate_to_datetime(date).timestamp()
    # The header counts whole seconds and was written somewhere between the two moments.
    skew = max(told - after, before - told - 1, 0.0)
    if skew > SKEW_SECONDS:
        return Check(
            "clock",
            Status.FAILED,
            f"this machine's clock is {skew:.0f} s away from Graph's",
            "set the clock: tokens are valid for a time only",
        )
    return Check("clock", Status.OK, f"within {skew:.0f} s of Graph's")


def _tenant(answer: Answer, wanted: Tenant, principal: Principal) -> Check:
    organization = _organization(answer)
    identity = str(organization.get("id"))
    domains = organization.get("verifiedDomains")
    names = {
        str(entry.get("name")).lower()
        for entry in (domains if isinstance(domains, list) else [])
        if isinstance(entry, dict)
    }
    kind = TENANT_TYPES.get(str(organization.get("tenantType")))
    faults = []
    if wanted.domain.lower() not in names:
        faults.append(f"{wanted.domain} is none of its domains ({', '.join(sorted(names))})")
    if wanted.id is not None and wanted.id.lower() != identity.lower():
        faults.append(f"its id is {identity}, the manifest says {wanted.id}")
    if principal.tenant_id is not None and principal.tenant_id.lower() != identity.lower():
        faults.append(f"the token is for {principal.tenant_id}")
    if kind is not None and kind is not wanted.type:
        faults.append(f"its type is {kind}, the manifest says {wanted.type}")
    if faults:
        remedy = f"sign in to {wanted.domain}, or mend the manifest's tenant"
        return Check("tenant", Status.FAILED, "; ".join(faults), remedy)
    return Check("tenant", Status.OK, f"{wanted.domain}, {identity}, {kind or 'unknown type'}")


def _organization(answer: Answer) -> Mapping[str, object]:
    body = answer.body if answer.body is not None else json.loads(answer.raw or b"{}")
    values = body.get("value") if isinstance(body, dict) else None
    first = values[0] if isinstance(values, list) and values else {}
    return first if isinstance(first, dict) else {}


def _permissions(run: Run, principal: Principal, *, writes: bool) -> Check:
    name = f"permissions to {'write' if writes else 'read'}"
    if principal.roles is None and principal.scopes is None:
        return Check(name, Status.WARNING, "the token does not tell which it holds")
    wanted = {desired.address: desired for desired in run.manifest.desired}
    if writes:
        needs = [*permissions.writing(run.kinds, {address.kind for address in wanted})]
    else:
        nothing = Live(run.clock.now(), "", "", principal, {})
        needs = [] if principal.scopes is not None else [permissions.ORGANIZATION]
        needs += permissions.reading(run, nothing, wanted, wanted)
    lacking = permissions.lacking(principal, needs)
    missing = [f"{name} (to {permissions.said(what)})" for name, what in lacking.items()]
    if missing:
        # Without them a plan still works, so a reader's doctor is not ill.
        status = Status.WARNING if writes else Status.FAILED
        remedy = "grant with admin consent, then sign in again: a token keeps its old rights"
        return Check(name, status, f"missing: {'; '.join(missing)}", remedy)
    return Check(name, Status.OK, "all that the manifest needs")


def _shown(surface: Surface, checks: list[Check]) -> str:
    if surface.form is Format.JSON:
        listed = [
            {
                "name": check.name,
                "status": check.status.value,
                "message": check.message,
                "remedy": check.remedy,
            }
            for check in checks
        ]
        return render.json.document({"formatVersion": FORMAT_VERSION, "checks": listed})
    lines = []
    for check in checks:
        lines.append(f"{check.status.value:>8} {check.name}: {check.message}")
        if check.remedy:
            lines.append(f"{'':>8} {check.remedy}")
    return "\n".join(map(render.escape.plain, lines)) + "\n"
