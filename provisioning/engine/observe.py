"""Read the tenant in rounds until no kind asks for more. Only GETs; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from provisioning.core import paths, refs
from provisioning.core.errors import RefusedError
from provisioning.core.kind import Kind, View
from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    Json,
    Live,
    LiveObject,
    Principal,
    Ref,
    SinkState,
    Tenant,
    TenantType,
)
from provisioning.core.refs import MISSING, Missing
from provisioning.core.report import Event
from provisioning.core.request import Answer, Read
from provisioning.engine import permissions
from provisioning.engine.run import Run

ORGANIZATION = Read(
    "organization",
    "/organization?$select=id,displayName,tenantType,verifiedDomains",
    many=True,
)
TENANT_TYPES = {
    "AAD B2C": TenantType.B2C,
    "AAD": TenantType.WORKFORCE,
    "CIAM": TenantType.EXTERNAL,
}
"""Values of organization.tenantType; an unknown one is not held against the manifest."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The tenant as read, and the answers it was read from."""

    live: Live
    answers: Mapping[str, Answer]
    rounds: int


@dataclass(slots=True)
class _Gathering:
    """State of one observation, growing from round to round."""

    run: Run
    now: datetime
    principal: Principal
    seed: Mapping[Address, LiveObject]
    wanted: Mapping[Address, Desired]
    answers: dict[str, Answer]
    objects: dict[Address, LiveObject]
    findings: tuple[Finding, ...] = ()
    sinks: Mapping[Address, SinkState] | None = None

    def view(self, kind: Kind, objects: Mapping[Address, LiveObject]) -> View:
        return View(
            owner=self.run.manifest.owner,
            tenant=self.run.manifest.tenant,
            principal=self.principal,
            observed_at=self.now,
            desired=tuple(d for a, d in self.wanted.items() if a.kind == kind.name),
            wanted=self.wanted,
            answers=self.answers,
            objects=objects,
            sinks=self.sinks or {},
        )

    def known(self, ref: Ref) -> Json | Missing:
        thing = self.objects.get(ref.address) or self.seed.get(ref.address)
        found = MISSING if thing is None else paths.select(thing.body, ref.path)
        return MISSING if isinstance(found, Missing) or found is None else found  # type: ignore[return-value]


async def observe(run: Run, seed: Mapping[Address, LiveObject] | None = None) -> Observation:
    """Observe everything that the manifest's kinds ask for.

    `seed` holds objects whose ids are known already (after an apply): their children are then
    read in the same round. Raises RefusedError for another tenant than the manifest's, GraphError.
    """
    principal = await run.graph.principal()
    wanted = {desired.address: desired for desired in run.manifest.desired}
    state = _Gathering(run, run.clock.now(), principal, seed or {}, wanted, {}, {})
    state.sinks = await run.sinks.state(
        {d.address: d.settings["store"] for d in wanted.values() if "store" in d.settings}
    )
    rounds = 0
    while asking := tuple(_pending(state)):
        pending = tuple(read for _, read in asking)
        rounds += 1
        _check_permissions(state, asking)
        run.progress(Event("observe", f"round {rounds}: {len(pending)} reads"))
        answers = await run.graph.read(pending)
        state.answers.update((read.key, a) for read, a in zip(pending, answers, strict=True))
        if rounds == 1:
            _check_tenant(run.manifest.tenant, principal, state.answers[ORGANIZATION.key])
        _match(state)
    organization = state.answers[ORGANIZATION.key].items[0]
    live = Live(
        observed_at=state.now,
        tenant_id=str(organization["id"]),
        tenant_name=_name(run.manifest.tenant, organization),
        principal=principal,
        objects=state.objects,
        findings=state.findings,
        sinks=state.sinks,
    )
    return Observation(live, state.answers, rounds)


def _pending(state: _Gathering) -> Iterable[tuple[Kind | None, Read]]:
    """Yield reads that nobody answered yet and whose references are known, and who asks."""
    asked = set(state.answers)
    if ORGANIZATION.key not in asked:
        asked.add(ORGANIZATION.key)
        yield None, ORGANIZATION
    objects = {**state.seed, **state.objects}
    for kind in state.run.kinds:
        for read in kind.reads(state.view(kind, objects)):
            if read.key in asked:
                continue
            path = refs.resolve(read.path, state.known)
            if isinstance(path, str):
                asked.add(read.key)
                yield kind, replace(read, path=path)


def _check_permissions(state: _Gathering, asking: Iterable[tuple[Kind | None, Read]]) -> None:
    """Refuse reads that Graph would refuse, naming what the whole manifest needs to be read."""
    # Every user may read the organization.
    needs = [permissions.ORGANIZATION] if state.principal.scopes is None else []
    for kind, read in asking:
        if kind is not None and not permissions.only_informs(read):
            needs += permissions.to_read(kind, [read])
    if not permissions.lacking(state.principal, needs):
        return
    declared = {address.kind for address in state.wanted}
    for kind in state.run.kinds:
        needs += permissions.to_read(kind) if kind.name in declared else []
    permissions.demand(state.principal, needs)


def _match(state: _Gathering) -> None:
    """Match anew from all answers; kinds come in the order of their dependencies."""
    state.objects = {}
    findings: list[Finding] = []
    for kind in state.run.kinds:
        matched = kind.match(state.view(kind, state.objects))
        state.objects.update((thing.address, thing) for thing in matched.objects)
        findings += matched.findings
    state.findings = tuple(dict.fromkeys(findings))


def _check_tenant(tenant: Tenant, principal: Principal, answer: Answer) -> None:
    """Refuse a tenant that is not the manifest's. There is no override."""
    if not answer.items:
        message = "Graph told no organization for this sign-in"
        raise RefusedError(message, remedy="sign in to a tenant; the token names none")
    organization = answer.items[0]
    live_id = str(organization.get("id"))
    if principal.tenant_id is not None and principal.tenant_id != live_id:
        message = f"the token is for tenant {principal.tenant_id}, Graph answers for {live_id}"
        raise RefusedError(message, remedy="sign in again for the manifest's tenant")
    if tenant.id is not None and tenant.id.lower() != live_id.lower():
        message = f"signed in to tenant {live_id}, the manifest is for {tenant.id}"
        raise RefusedError(message, remedy=f"sign in to {tenant.domain}")
    domains = _domains(organization)
    if tenant.domain.lower() not in domains:
        message = (
            f"signed in to tenant {live_id} ({', '.join(sorted(domains))}), "
            f"the manifest is for {tenant.domain}"
        )
        raise RefusedError(message, remedy=f"sign in to {tenant.domain}")
    actual = TENANT_TYPES.get(str(organization.get("tenantType")))
    if actual is not None and actual is not tenant.type:
        message = f"{tenant.domain} is a tenant of type {actual}, the manifest says {tenant.type}"
        raise RefusedError(
            message, remedy=f"write `type: {actual}` under `tenant:` if that is meant"
        )


def _domains(organization: Mapping[str, Json]) -> set[str]:
    domains = organization.get("verifiedDomains")
    entries = domains if isinstance(domains, list) else []
    return {str(entry["name"]).lower() for entry in entries if isinstance(entry, dict)}


def _name(tenant: Tenant, organization: Mapping[str, Json]) -> str:
    name = organization.get("displayName")
    return f"{name} ({tenant.domain})" if name else tenant.domain
