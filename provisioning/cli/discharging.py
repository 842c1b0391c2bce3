"""Notes in the ledger that a sign-in has shown a user flow's application claims.

The one write that follows a check; must not touch anything but the ledger's tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioning.core.errors import ProvisioningError
from provisioning.core.kind import Work
from provisioning.core.report import Event
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.reconcile import Draft
from provisioning.engine.run import Run
from provisioning.engine.send import send
from provisioning.kinds import application_claims, claims, user_flow_claims
from provisioning.signin.checks import Check, Result


async def discharge(
    run: Run, draft: Draft, checks: Iterable[Check], results: Iterable[Result]
) -> None:
    """Discharge the manual steps whose claims passed checks have seen; a refusal is only told."""
    policies = {check.name: (check.policy or "").casefold() for check in checks}
    seen: dict[str, set[str]] = {}
    for result in results:
        if result.passed and result.check in policies:
            names = seen.setdefault(policies[result.check], set())
            names.update(name for token in result.claims for name in token.claims)
    shown = tuple(_shown(draft, seen))
    if not shown:
        return
    bodies = {a: thing.body for a, thing in draft.live.objects.items() if not thing.deleted}
    knowledge = Knowledge(draft.build.works, draft.build.wanted, bodies)
    try:
        run.journal.open(draft.plan.tenant_id)
        for work in shown:
            assert work.desired is not None
            address = work.step.address
            entry = claims.manual(address, work.desired.body["claims"])
            await send(run, knowledge, work, claims.note(work, entry))
            run.progress(Event("check", "seen in a token: nothing is left to do", address))
    except ProvisioningError as problem:
        run.progress(Event("check", f"seen, but not noted in the ledger: {problem.message}"))
    finally:
        run.journal.close()


def _shown(draft: Draft, seen: dict[str, set[str]]) -> Iterator[Work]:
    """Yield the steps left to a person whose claims all stood in tokens."""
    for address, work in draft.build.works.items():
        names = seen.get(address.key.casefold())
        if address.kind != user_flow_claims.KIND.name or not work.step.manual or not names:
            continue
        wanted = work.desired.body["claims"] if work.desired else None
        if isinstance(wanted, list) and not application_claims.unseen(map(str, wanted), names):
            yield work
