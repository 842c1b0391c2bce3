"""`onboard`: the identities of a tenant, made like any manifest, listed and tried.

Must not write to a tenant before the approval, nor to the inventory before the tenant is done.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioning import render
from provisioning.cli import (
    applying,
    compose,
    doctor,
    doctor_tenants,
    inputs,
    onboarding_input,
    reconciling,
)
from provisioning.cli.compose import Way
from provisioning.cli.doctor_tenants import Told
from provisioning.cli.onboarding_input import Listing, Prepared, Wanted
from provisioning.cli.options import Format
from provisioning.cli.planning import WAITING
from provisioning.cli.surface import Surface
from provisioning.core import report as reports
from provisioning.core.errors import InputError
from provisioning.core.model import Finding
from provisioning.core.report import Report
from provisioning.engine import reconcile
from provisioning.engine.run import Run
from provisioning.graph import clouds
from provisioning.tenants import inventory
from provisioning.tenants.model import Entry
from provisioning.tenants.onboarding import administrator, explanation, outcome
from provisioning.tenants.onboarding.outcome import Identities


def onboard(
    surface: Surface, wanted: Wanted, way: Way, *, allow: tuple[str, ...] = (), yes: bool = False
) -> int:
    """Exit 0 when the tenant is ready, 3 while something waits for a person, 1 for any failure."""
    opened = inputs.allowed(allow, prune=False)
    way = onboarding_input.as_person(way)
    ready = onboarding_input.prepare(surface, wanted, way)
    surface.beside(explanation.text(ready.onboarding))

    async def before(run: Run) -> Run:
        nonlocal ready
        consent = ready.onboarding.consent
        if told := administrator.check(await run.graph.principal(), consent=consent):
            surface.say(told)
        if not consent:
            # On an application that we made, a consent that no line wants would go.
            live = (await reconcile.draft(run)).live
            ready = onboarding_input.keeping(surface, way, ready, outcome.consented(live))
        return replace(run, manifest=ready.built_in)

    with compose.embedded(way) as box:
        done = reconciling.carried_out(
            surface, ready.built_in, way, opened, box, yes=yes, before=before
        )
        made = outcome.identities(done.live) if done.live is not None else None
        if done.report is None or made is None:
            if done.report is not None:
                applying.show(surface, done.report)
            return done.code
        added, faults = _added(ready, wanted, made)
        entry = _entry(wanted.listing.file, ready.name)
        # Each identity signs in by its own way, not by the administrator's.
        own = replace(way, auth=None)
        told = tuple(doctor_tenants.told(surface, [entry] if entry else [], own, box))
    _show(surface, done.report, _Outcome(ready, wanted.listing, made, added, told))
    _warn(surface, wanted.listing, faults)
    if entry is not None and outcome.differs(entry, made):
        surface.say(
            f"Warning: {wanted.listing.file} has other client ids for {ready.name}\n"
            f"         write reader {made.reader} and deployer {made.deployer} under auth:"
        )
    if ready.onboarding.waits:
        return done.code or WAITING
    return done.code or doctor.code(told) or (1 if faults else 0)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is told of an onboarded tenant."""

    ready: Prepared
    listing: Listing
    made: Identities
    added: bool
    told: tuple[Told, ...]


def _show(surface: Surface, report: Report, ended: _Outcome) -> None:
    if surface.form is Format.JSON:
        surface.document(
            render.json.document(
                {
                    **reports.report_to_json(report),
                    "onboarding": _as_json(ended),
                    "checks": doctor.to_json(ended.told),
                }
            )
        )
        return
    applying.show(surface, report)
    text = "\n".join(_lines(ended)) + f"\n\n{doctor.lines(ended.told)}"
    fenced = surface.form is Format.MARKDOWN
    surface.document(f"\n```text\n{text.lstrip()}```\n" if fenced else text)


def _warn(surface: Surface, listing: Listing, faults: tuple[Finding, ...]) -> None:
    for fault in faults:
        place = f"{fault.place}: " if fault.place is not None else f"{listing.file}: "
        surface.say(f"Warning: {place}{fault.message}\n         {fault.remedy}")


def _lines(ended: _Outcome) -> list[str]:
    wanted, made = ended.ready.onboarding, ended.made
    state = "added" if ended.added else "already there"
    lines = [
        "",
        f"Tenant {wanted.tenant.domain}, {made.tenant_id}",
        *(f"  {role:<9} {client}" for role, client in made.by_role.items()),
        "",
        f"{ended.listing.file}: {ended.ready.name} {state}",
        "",
        "To sign in yourself:",
        f"  AZURE_CLIENT_ID={made.people} provisioning plan … --auth device-code",
    ]
    if commands := list(outcome.commands(wanted, made)):
        lines += ["", "For GitHub Actions:", *(f"  {line}" for line in commands)]
    if wanted.waits:
        pages = outcome.consents(made, clouds.of(wanted.cloud).login)
        lines += ["", "An administrator consents here:"]
        lines += [f"  {role:<9} {page}" for role, page in pages.items()]
    return lines


def _as_json(ended: _Outcome) -> dict[str, Any]:
    wanted, made = ended.ready.onboarding, ended.made
    pages = {} if not wanted.waits else outcome.consents(made, clouds.of(wanted.cloud).login)
    return {
        "tenant": {"name": ended.ready.name, "domain": wanted.tenant.domain, "id": made.tenant_id},
        "identities": {
            role: {"clientId": made.by_role[role], **about}
            for role, about in explanation.to_json(wanted).items()
        },
        "inventory": {"path": ended.listing.file.as_posix(), "added": ended.added},
        "github": {
            "variables": [
                {"name": one.name, "value": one.value, "environment": one.environment}
                for one in outcome.variables(wanted, made)
            ],
            "commands": list(outcome.commands(wanted, made)),
        },
        "consent": pages,
    }


def _added(ready: Prepared, wanted: Wanted, made: Identities) -> tuple[bool, tuple[Finding, ...]]:
    file = wanted.listing.file
    root = file.parent.resolve()
    found = outcome.keys(
        ready.onboarding,
        made,
        ring=wanted.listing.ring,
        manifests=tuple(_relative(path, root) for path in wanted.manifests),
        variables=ready.variables,
        proofs={role: _relative(path, root) for role, path in ready.proofs.items()},
    )
    try:
        return inventory.add(file, ready.name, found), ()
    except InputError as problem:
        return False, problem.findings


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path.resolve(), root)).as_posix()


def _entry(file: Path, name: str) -> Entry | None:
    known = inventory.load(file).inventory if file.exists() else None
    return next((e for e in (known.tenants if known else ()) if e.name == name), None)
