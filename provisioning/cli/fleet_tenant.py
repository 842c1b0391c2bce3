"""One tenant of a fleet run: its manifests, its identity, its client, its journal.

Must not decide about other tenants; what is wrong here is raised or becomes this tenant's result.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioning import render
from provisioning.cli import compose, discharging, progress, verdict, verifying, whole_policies
from provisioning.cli.compose import Identity, Shared, Way
from provisioning.cli.fleet_manifests import Manifests
from provisioning.core import report as reports
from provisioning.core.errors import RefusedError
from provisioning.core.fleet import Part, Problem, Status, TenantResult, gravest
from provisioning.core.guards import Allowed
from provisioning.core.model import Finding
from provisioning.core.plan import Plan
from provisioning.engine import reconcile
from provisioning.engine.journal import Journal
from provisioning.engine.run import Run
from provisioning.manifest import Manifest
from provisioning.signin import checks as signin
from provisioning.signin.checks import Result as CheckResult
from provisioning.signin.run import AFTER_APPLY_SECONDS
from provisioning.tenants import fleet, sign_in
from provisioning.tenants.model import Entry
from provisioning.tenants.sign_in import SignIn

AGAIN = "tenant or manifest changed since; nothing was written: review a new plan"


_LOG = logging.getLogger(__name__)


def _quiet(_text: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the tenants of one command share."""

    way: Way
    shared: Shared
    opened: Allowed
    given: Path | None = None
    """The MANIFEST of the command line, which replaces every tenant's own."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """`--var`, which wins over the inventory's."""
    run: str = ""
    """Id of the fleet run: the folder of the journals."""
    full_xml: bool = False
    prompt: Callable[[str], None] = _quiet
    """Shows warnings, and what a person has to do to sign in."""
    _manifests: Manifests = field(init=False)

    def __post_init__(self) -> None:
        made = Manifests(self.given, self.variables, self._warn)
        object.__setattr__(self, "_manifests", made)

    def manifests(self, entry: Entry) -> tuple[tuple[Path, Manifest], ...]:
        """Load what a tenant is provisioned with. Raises InputError with every fault."""
        return self._manifests.of(entry)

    def method(self, entry: Entry, *, writes: bool) -> str:
        """Return how a tenant is signed in to, as `--auth` names it."""
        if self.way.auth is not None:
            return self.way.auth.value
        role = _role(entry, writes=writes)
        return role.way if role else sign_in.DEFAULT

    def _warn(self, findings: Iterable[Finding]) -> None:
        self.prompt(render.findings.text(findings).removesuffix("\n"))

    @contextlib.asynccontextmanager
    async def session(
        self, entry: Entry, wanted: Manifest, *, writes: bool, opened: Allowed | None = None
    ) -> AsyncIterator[Run]:
        """Yield a run against the tenant, with its own credential, client, budget and journal."""
        identity = None
        if self.way.sandbox is None:
            role = _role(entry, writes=writes)
            method = self.method(entry, writes=writes)
            identity = Identity(method, await sign_in.environment(role, entry.tenant, os.environ))
        session = compose.run(
            wanted,
            self.way,
            self.opened if opened is None else opened,
            progress=lambda event: _LOG.info("%s: %s", entry.name, progress.line(event)),
            prompt=lambda text: self.prompt(f"{entry.name}: {text}"),
            shared=self.shared,
            journal=Journal(self.way.journal / self.run, self.shared.clock, entry.name),
            identity=identity,
        )
        async with session as run:
            yield run

    def part(self, path: Path, wanted: Manifest, draft: reconcile.Draft) -> Part:
        """Return a plan as a part of a tenant's result."""
        wholes = whole_policies.of(draft, wanted=self.full_xml)
        return Part(
            path.as_posix(), wanted.owner.name, render.json.content(draft.plan, draft.stats, wholes)
        )


async def plan(desk: Desk, entry: Entry, *, writes: bool = False) -> TenantResult:
    """Plan a tenant; `writes` signs in as its deployer, for a plan that an apply shows."""
    parts: list[Part] = []
    plans: list[Plan] = []
    for path, wanted in desk.manifests(entry):
        async with desk.session(entry, wanted, writes=writes) as run:
            draft = await reconcile.draft(run)
        parts.append(desk.part(path, wanted, draft))
        plans.append(draft.plan)
    status, problem = verdict.planned(plans)
    return fleet.ended(
        entry,
        status,
        tenant_id=plans[0].tenant_id if plans else "",
        parts=tuple(parts),
        problem=problem,
    )


async def apply(
    desk: Desk, entry: Entry, shown: TenantResult, *, verify: bool = False
) -> TenantResult:
    """Plan a tenant anew and carry out exactly what was shown; then, with `verify`, sign in.

    Raises RefusedError, before any write, for another plan than the one that was shown.
    """
    listed = desk.manifests(entry)
    digests = {part.name: part.digest for part in shown.parts}
    if len(listed) > 1:
        # All of a tenant's plans are compared before the first of them is carried out.
        _same(shown.digest, (await plan(desk, entry, writes=True)).digest)
    parts: list[Part] = []
    statuses: list[Status] = []
    problem: Problem | None = None
    for path, wanted in listed:
        if problem is not None or desk.shared.stop.is_set():
            statuses.append(Status.FAILED if problem is not None else Status.INTERRUPTED)
            break
        async with desk.session(entry, wanted, writes=True) as run:
            draft = await reconcile.draft(run)
            _same(digests.get(wanted.owner.name, ""), draft.plan.digest)
            report = await reconcile.carry_out(run, draft)
            status, problem = verdict.carried_out(report, stopped=run.stop.is_set())
            checks: tuple[CheckResult, ...] | None = None
            if verify and status in _PROVABLE:
                proof = await verifying.results(
                    run,
                    wanted,
                    desk.way,
                    desk.shared.box,
                    transport=desk.shared.transport,
                    patience=AFTER_APPLY_SECONDS,
                )
                checks = proof.checks
                report = discharging.settled(report, proof.discharged)
                status, problem = verdict.carried_out(report, stopped=run.stop.is_set())
                if (failure := verdict.refused(checks)) is not None:
                    status, problem = Status.FAILED, failure
            document = {**reports.report_to_json(report)}
            if checks is not None:
                document["checks"] = [signin.to_json(result) for result in checks]
        parts.append(Part(path.as_posix(), wanted.owner.name, document))
        statuses.append(status)
    return fleet.ended(
        entry,
        gravest(statuses),
        tenant_id=shown.tenant_id,
        parts=tuple(parts),
        problem=problem,
    )


async def verify(desk: Desk, entry: Entry) -> TenantResult:
    """Make the sign-in checks of a tenant's manifests."""
    parts: list[Part] = []
    every: list[CheckResult] = []
    tenant_id = entry.tenant.id or ""
    for path, wanted in desk.manifests(entry):
        async with desk.session(entry, wanted, writes=False, opened=Allowed()) as run:
            tenant_id = (await run.graph.principal()).tenant_id or tenant_id
            proof = await verifying.results(
                run, wanted, desk.way, desk.shared.box, transport=desk.shared.transport
            )
        found = proof.checks
        checks = [signin.to_json(result) for result in found]
        parts.append(Part(path.as_posix(), wanted.owner.name, {"checks": checks}))
        every += found
    problem = verdict.refused(every)
    return fleet.ended(
        entry,
        Status.PASSED if problem is None else Status.FAILED,
        tenant_id=tenant_id,
        parts=tuple(parts),
        problem=problem,
    )


_PROVABLE = frozenset({Status.APPLIED, Status.IN_SYNC, Status.WAITING})


def _role(entry: Entry, *, writes: bool) -> SignIn | None:
    return entry.deployer if writes else entry.reader


def _same(shown: str, found: str) -> None:
    if shown != found:
        raise RefusedError(f"the plan's digest is {found}, approved was {shown}", remedy=AGAIN)
