"""What would keep a command from working in a tenant: looked at, one check each, nothing changed.

A run is given in; which clock, credential and transport are behind it is not known here. Must not
write to a tenant, and must not show a token.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from provisioning.core.errors import GraphError, ProvisioningError
from provisioning.core.model import Address, Desired, Live, LiveObject, Principal, Severity, Tenant
from provisioning.core.plan import Plan
from provisioning.core.request import Answer, Read
from provisioning.engine import reconcile
from provisioning.engine.observe import TENANT_TYPES
from provisioning.engine.run import Manifest, Run
from provisioning.kinds import key_rotation, known, rotation
from provisioning.tenants import permissions
from provisioning.tenants.onboarding import risks

FORBIDDEN: Final = 403
SKEW_SECONDS: Final = 120
"""Token lifetimes are checked within five minutes; warn before that."""

SOON: Final = timedelta(days=30)
"""How long before its end a credential is told."""

ORGANIZATION: Final = Read(
    "doctor", "/organization?$select=id,displayName,tenantType,verifiedDomains", raw=True
)
"""Raw, so that it is asked outside a batch and brings the server's own Date header."""

_REMEDY: Final = "grant with admin consent, then sign in again: a token keeps its old rights"

_PREREQUISITES: Final = frozenset({"unknown-key-container", "placeholder-left"})
"""Rules of policies about what the tenant must hold."""
_ENDINGS: Final = frozenset({"key-ends", "certificate-ended"})
"""Findings about expiries, which are told with the others of their sort."""


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not possible from here."""


class Command(StrEnum):
    """The commands that sign in to Graph."""

    PLAN = "plan"
    APPLY = "apply"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    status: Status
    message: str
    remedy: str = ""


async def session(
    run: Run,
    manifests: Collection[Manifest],
    required: Collection[Command],
    *,
    others: bool = False,
    reads_only: bool = False,
) -> AsyncIterator[Check]:
    """Check one way to sign in: token, reachability, clock, tenant, permissions per command.

    `manifests` are all that the tenant is provisioned with. With `others` the commands that are
    not `required` of this identity are looked at too, and only warned about; one that `reads_only`
    is warned about for what it can write. Without a token there are no further checks.
    """
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
        if problem.status == FORBIDDEN:
            yield Check("graph", Status.OK, "reached")
            message = f"can't be read: {problem.message}"
            yield Check("tenant", Status.FAILED, message, "grant what is missing below")
        else:
            yield Check("graph", Status.FAILED, problem.message, problem.remedy)
    else:
        yield Check("graph", Status.OK, "reached")
        yield _clock(answer, before.timestamp(), run.clock.now().timestamp())
        yield _tenant(answer, run.manifest.tenant, principal)
    # The token tells these without Graph, and a lacking one may be why Graph refused.
    needed = permissions.needed(run.kinds, manifests)
    desired = [each for one in manifests for each in one.desired]
    for command in Command:
        if not (others or command in required):
            continue
        if command is Command.VERIFY and not any(d.address.kind == "check" for d in desired):
            continue
        rights = (*needed.read, *(needed.write if command is Command.APPLY else ()))
        missing = permissions.lacking(principal, rights)
        yield _permissions(command, principal, missing, required=command in required)
    if reads_only and (serious := risks.named(sorted(_held(principal)))):
        names = ", ".join(name for name, _ in serious)
        remedy = "take them away: whoever opens a pull request can act as the reader"
        yield Check("permissions beyond reading", Status.WARNING, names, remedy)


async def contents(run: Run) -> AsyncIterator[Check]:
    """Check what the run's manifest finds in the tenant: prerequisites of policies, expiries."""
    try:
        draft = await reconcile.draft(run)
    except ProvisioningError as problem:
        yield Check("manifest", Status.FAILED, problem.message, problem.remedy)
        return
    for check in (
        *_framework(run.manifest.desired, draft.live),
        *_key_containers(run.manifest.desired, draft.plan),
        *_findings(draft.plan),
        *expiries(draft.live.objects, draft.live.observed_at),
    ):
        yield check


def expiries(objects: Mapping[Address, LiveObject], now: datetime) -> tuple[Check, ...]:
    """Tell which secrets, certificates and policy keys of ours have ended or soon will."""
    found = []
    known_ends = 0
    for address, thing in sorted(objects.items()):
        last = None if thing.deleted else _end(thing)
        if last is None:
            continue
        known_ends += 1
        if last <= now + SOON:
            ended = last <= now
            message = f"{address} {'ended' if ended else 'ends'} {last:%Y-%m-%d}"
            status = Status.FAILED if ended else Status.WARNING
            found.append(Check("expiries", status, message, _renewal(address)))
    if found or not known_ends:
        return tuple(found)
    return (Check("expiries", Status.OK, f"none of {known_ends} ends within {SOON.days} days"),)


def failed(checks: Iterable[Check]) -> bool:
    """Whether any check failed."""
    return any(check.status is Status.FAILED for check in checks)


def _held(principal: Principal) -> frozenset[str]:
    return (principal.roles or frozenset()) | (principal.scopes or frozenset())


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


def _permissions(
    command: Command, principal: Principal, missing: Sequence[str], *, required: bool
) -> Check:
    name = f"permissions to {command}"
    if principal.roles is None and principal.scopes is None:
        return Check(name, Status.WARNING, "the token does not tell which it holds")
    if not missing:
        return Check(name, Status.OK, "all that is needed")
    if not required:
        # An identity that only reads is not ill.
        return Check(name, Status.WARNING, f"missing: {'; '.join(missing)}", _REMEDY)
    return Check(name, Status.FAILED, f"missing: {'; '.join(missing)}", _REMEDY)


def _framework(desired: Iterable[Desired], live: Live) -> Iterator[Check]:
    """The two applications that custom policies sign local accounts in with."""
    pair = [d.address for d in desired if d.settings.get("framework")]
    missing = [
        address for address in pair if (thing := live.objects.get(address)) is None or thing.deleted
    ]
    if missing:
        names = " and ".join(map(str, missing))
        message = f"{names}: not in the tenant yet"
        remedy = "apply makes them before the policies"
        yield Check("policy applications", Status.WARNING, message, remedy)
    elif pair:
        yield Check("policy applications", Status.OK, " and ".join(map(str, pair)))


def _key_containers(desired: Iterable[Desired], plan: Plan) -> Iterator[Check]:
    if not any(each.address.kind == "custom_policy" for each in desired):
        return
    missing = [finding for finding in plan.findings if finding.rule in _PREREQUISITES]
    for finding in missing:
        place = f"{finding.place}: " if finding.place is not None else ""
        yield Check(
            "policy prerequisites", Status.FAILED, f"{place}{finding.message}", finding.remedy
        )
    if not missing:
        message = "every key container that the policies name is declared or in the tenant"
        yield Check("policy prerequisites", Status.OK, message)


def _findings(plan: Plan) -> Iterator[Check]:
    found = [f for f in plan.findings if f.rule not in _PREREQUISITES | _ENDINGS]
    for finding in found:
        status = Status.FAILED if finding.severity is Severity.ERROR else Status.WARNING
        place = f"{finding.place}: " if finding.place is not None else ""
        yield Check("manifest", status, f"{place}{finding.message}", finding.remedy)
    if not found:
        yield Check("manifest", Status.OK, "can be planned")


def _end(thing: LiveObject) -> datetime | None:
    match thing.address.kind:
        case "application_password" | "application_certificate":
            return rotation.end(thing.body)
        case "policy_key":
            # Keys retire by their own end; the set is well while the newest is.
            keys = [
                key for key in known.items(thing.body, "keys") if key.get("status") != "disabled"
            ]
            return key_rotation.newest_end(keys)
        case _:
            return None


def _renewal(address: Address) -> str:
    match address.kind:
        case "application_password":
            return "write lifetime and rotateBefore, and apply: the next one is made in time"
        case "application_certificate":
            return "add the next certificate under another key before this one ends"
        case _:
            return "raise its version, or write lifetime and rotateBefore, and apply"
