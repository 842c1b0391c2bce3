"""Notes in the ledger that a sign-in has shown a user flow's application claims.

The one write that follows a check; must not touch anything but the ledger's tags.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from provisioning.core.errors import ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.model import Address
from provisioning.core.report import Event, Outcome, Report
from provisioning.core.report import Result as Ending
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.reconcile import Draft
from provisioning.engine.run import Run
from provisioning.engine.send import send
from provisioning.kinds import application_claims, claims, user_flow_claims
from provisioning.signin.checks import Check, Result

DONE, MANUAL = Ending.DONE, Ending.MANUAL


async def discharge(
    run: Run, draft: Draft, checks: Iterable[Check], results: Iterable[Result]
) -> frozenset[Address]:
    """Discharge the manual steps whose claims passed checks have seen, and return them.

    A refusal is only told.
    """
    policies = {check.name: (check.policy or "").casefold() for check in checks}
    seen: dict[str, set[str]] = {}
    for result in results:
        if result.passed and result.check in policies:
            names = seen.setdefault(policies[result.check], set())
            names.update(name for token in result.claims for name in token.claims)
    shown = tuple(_shown(draft, seen))
    noted: set[Address] = set()
    if not shown:
        return frozenset()
    bodies = {a: thing.body for a, thing in draft.live.objects.items() if not thing.deleted}
    knowledge = Knowledge(draft.build.works, draft.build.wanted, bodies)
    try:
        run.journal.open(draft.plan.tenant_id)
        for work in shown:
            assert work.desired is not None
            address = work.step.address
            entry = claims.manual(address, work.desired.body["claims"])
            await send(run, knowledge, work, claims.note(work, entry))
            noted.add(address)
            run.progress(Event("check", "seen in a token: nothing is left to do", address))
    except ProvisioningError as problem:
        run.progress(Event("check", f"seen, but not noted in the ledger: {problem.message}"))
    finally:
        run.journal.close()
    return frozenset(noted)


def settled(report: Report, discharged: Collection[Address]) -> Report:
    """Return a report in which discharged steps are done, and no longer asked for."""

    def done(outcome: Outcome) -> Outcome:
        if outcome.result is not MANUAL or outcome.address not in discharged:
            return outcome
        return replace(outcome, result=DONE, reason="seen in a token")

    after = report.after
    if after is not None:
        left = tuple(step for step in after.steps if step.address not in discharged)
        after = replace(after, steps=left)
    return replace(report, outcomes=tuple(map(done, report.outcomes)), after=after)


def in_place_of_the_portal(report: Report, sandbox: str) -> Iterator[str]:
    """Yield the commands that do on a sandbox what the report leaves to a person."""
    left = {outcome.address for outcome in report.outcomes if outcome.result is MANUAL}
    for step in report.plan.steps:
        if step.address in left and step.address.kind == user_flow_claims.KIND.name:
            chosen = next((change.after for change in step.changes), None)
            names = [*map(str, chosen)] if isinstance(chosen, list | tuple) else []
            words = ("provisioning", "sandbox", "user-flows", "claims", step.address.key, *names)
            yield shlex.join((*words, "--sandbox", sandbox))


def _shown(draft: Draft, seen: dict[str, set[str]]) -> Iterator[Work]:
    """Yield the steps left to a person whose claims all stood in tokens."""
    for address, work in draft.build.works.items():
        names = seen.get(address.key.casefold())
        if address.kind != user_flow_claims.KIND.name or not work.step.manual or not names:
            continue
        wanted = work.desired.body["claims"] if work.desired else None
        if isinstance(wanted, list) and not application_claims.unseen(map(str, wanted), names):
            yield work
