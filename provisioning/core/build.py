"""Desired + live -> plan. Pure: the same inputs, in any order, give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from provisioning.core import diff, guards, paths, refs, steps
from provisioning.core.guards import Allowed
from provisioning.core.kind import Hold, Kind, Proposal, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    Json,
    Live,
    LiveObject,
    Owner,
    Ownership,
    Ref,
    Severity,
    Tenant,
)
from provisioning.core.plan import Action, Change, Held, Plan, Step, Unmanaged
from provisioning.core.refs import MISSING, Missing
from provisioning.core.request import Answer


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan, and what its steps need to be carried out."""

    plan: Plan
    works: Mapping[Address, Work]
    wanted: Mapping[Address, Desired] = field(default_factory=dict)
    """Adjusted desired objects, their references as written."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """Inputs of one planning, and the lookups derived from them."""

    kinds: Mapping[str, Kind]
    owner: Owner
    tenant: Tenant
    live: Live
    allowed: Allowed
    wanted: dict[Address, Desired]
    answers: Mapping[str, Answer]

    def view(self, kind: Kind) -> View:
        return View(
            owner=self.owner,
            tenant=self.tenant,
            principal=self.live.principal,
            observed_at=self.live.observed_at,
            desired=tuple(d for d in self.wanted.values() if d.address.kind == kind.name),
            wanted=self.wanted,
            answers=self.answers,
            objects=self.live.objects,
            sinks=self.live.sinks,
            purged=frozenset(a for a in self.wanted if _purges(self, a)),
        )

    def known(self, ref: Ref) -> Json | Missing:
        """What the tenant, or else the manifest, says a reference stands for."""
        thing = self.live.objects.get(ref.address)
        if thing is not None and not thing.deleted:
            found = paths.select(thing.body, ref.path)
            if not isinstance(found, Missing) and found is not None:
                return found  # type: ignore[return-value]
        desired = self.wanted.get(ref.address)
        if desired is not None:
            found = paths.select(desired.body, ref.path)
            if not isinstance(found, Missing) and next(refs.find(found), None) is None:
                return found  # type: ignore[return-value]
        return MISSING


def plan(
    *,
    kinds: Iterable[Kind],
    owner: Owner,
    tenant: Tenant,
    desired: Iterable[Desired],
    live: Live,
    allowed: Allowed,
    answers: Mapping[str, Answer] | None = None,
) -> Draft:
    """Build the plan for one tenant; findings of severity error in it forbid an apply."""
    table = {kind.name: kind for kind in kinds}
    items = {d.address: d for d in sorted(desired, key=lambda d: d.address)}
    scene = _Scene(table, owner, tenant, live, allowed, items, answers or {})
    views = {name: scene.view(kind) for name, kind in table.items()}
    adjusted = {
        address: table[address.kind].adjust(item, live.objects.get(address), views[address.kind])
        for address, item in items.items()
    }
    scene = replace(scene, wanted=adjusted)
    views = {name: scene.view(kind) for name, kind in table.items()}
    findings = [*live.findings, *_findings(scene, views)]
    broken = {f.address for f in findings if f.address and f.severity is Severity.ERROR}
    works: dict[Address, Work] = {}
    for address, item in adjusted.items():
        if address not in broken and not table[address.kind].lookup:
            _add(works, _wanted_work(scene, views[address.kind], item))
    for address, thing in sorted(live.objects.items()):
        if address not in items and thing.ownership is Ownership.CREATED:
            _add(works, _extra_work(scene, views[address.kind], thing))
    works, circles = steps.sequence(scene.kinds, works)
    holds = {a: _closed(scene, views[a.kind], work) for a, work in works.items()}
    closed = {a: next((h for h in found if not h.unless), None) for a, found in holds.items()}
    aside = {a: hold for a, hold in closed.items() if hold is not None and hold.aside}
    alone = tuple(works[a].step for a in aside)
    works = {a: _held(work, closed[a]) for a, work in works.items() if a not in aside}
    findings += [_left_alone(address, hold) for address, hold in aside.items()]
    draft = Plan(
        tenant_id=live.tenant_id,
        tenant_name=live.tenant_name,
        principal=live.principal.name or live.principal.object_id or "unknown",
        client=live.principal.app_id or "unknown",
        steps=tuple(work.step for work in works.values()),
        findings=tuple(dict.fromkeys([*findings, *circles])),
        unmanaged=tuple(_unmanaged(scene, views)),
        aside=alone,
    )
    agreed = _enforced(scene, draft, holds)
    known = {*works, *items, *live.objects}
    agreed = replace(agreed, findings=(*agreed.findings, *guards.unmet(allowed, known)))
    final = {step.address: replace(works[step.address], step=step) for step in agreed.steps}
    return Draft(agreed, final, adjusted)


def _add(works: dict[Address, Work], work: Work | None) -> None:
    if work is not None:
        works[work.step.address] = work


def _work(scene: _Scene, step: Step, desired: Desired | None, live: LiveObject | None) -> Work:
    return Work(
        step=step,
        desired=desired,
        live=live,
        patch={},
        owner=scene.owner,
        tenant=scene.tenant,
        observed_at=scene.live.observed_at,
        objects=scene.live.objects,
        wanted=scene.wanted,
        sinks=scene.live.sinks,
    )


def _wanted_work(scene: _Scene, view: View, desired: Desired) -> Work | None:
    kind = scene.kinds[desired.address.kind]
    live = scene.live.objects.get(desired.address)
    if desired.parent is not None and _purges(scene, desired.parent):
        live = None
    if kind.propose is not None:
        return _proposed(scene, kind.propose(desired, live, view), desired, live)
    body = {name: refs.resolve(value, scene.known) for name, value in desired.body.items()}
    resolved = replace(desired, body=body)
    revives = live is not None and live.deleted
    purges = _purges(scene, desired.address)
    difference = diff.compare(kind.fields, resolved, None if purges else live)
    if live is None or purges:
        step = Step(desired.address, Action.CREATE, _why_create(live), difference.changes)
    elif revives:
        step = _restore(scene, desired, live, difference.changes)
    elif difference.changes:
        action = Action.REPLACE if difference.replace else Action.UPDATE
        step = Step(desired.address, action, "differs from the manifest", difference.changes)
    else:
        return None
    step = replace(step, names=dict(refs.names(dict(desired.body), body)))
    return replace(_work(scene, step, desired, live), patch=difference.patch)


def _purges(scene: _Scene, address: Address) -> bool:
    """Whether the soft-deleted holder of an identity, and all it has, goes for good."""
    live = scene.live.objects.get(address)
    return live is not None and live.deleted and scene.allowed.opens("purge", address)


def _why_create(live: LiveObject | None) -> str:
    return "not in the tenant" if live is None else "after purging its soft-deleted holder"


def _restore(
    scene: _Scene, desired: Desired, live: LiveObject, changes: tuple[Change, ...]
) -> Step:
    """Show what would come back with a soft-deleted object before anybody agrees to it."""
    back = ", ".join(_returning(live)) or "no credentials and no redirect URIs"
    reason = f"a soft-deleted object holds this identity; it would come back with {back}"
    step = Step(desired.address, Action.RESTORE, reason, changes)
    if scene.allowed.opens("restore", desired.address):
        return step
    remedy = f"--allow restore={desired.address} or --allow purge={desired.address}"
    return replace(step, held=Held("restore", f"{reason}; {remedy}"))


def _returning(live: LiveObject) -> Iterable[str]:
    for label, path in (
        ("secret", "passwordCredentials"),
        ("certificate", "keyCredentials"),
        ("web redirect URI", "web.redirectUris"),
        ("SPA redirect URI", "spa.redirectUris"),
        ("public-client redirect URI", "publicClient.redirectUris"),
        ("owner", "owners"),
    ):
        found = paths.select(live.body, path)
        if isinstance(found, list) and found:
            yield f"{len(found)} {label}{'s' if len(found) > 1 else ''}"


def _extra_work(scene: _Scene, view: View, live: LiveObject) -> Work | None:
    kind = scene.kinds[live.address.kind]
    if live.deleted or kind.lookup:
        return None
    if kind.propose is not None:
        return _proposed(scene, kind.propose(None, live, view), None, live)
    step = Step(live.address, Action.DELETE, "not in the manifest")
    return _work(scene, _withheld(scene, step, live), None, live)


def _proposed(
    scene: _Scene, proposal: Proposal | None, desired: Desired | None, live: LiveObject | None
) -> Work | None:
    address = desired.address if desired else live.address if live else None
    if proposal is None or address is None:
        return None
    step = Step(address, proposal.action, proposal.reason, proposal.changes, manual=proposal.manual)
    if proposal.action is Action.DELETE and live is not None:
        step = _withheld(scene, step, live)
    return _work(scene, step, desired, live)


def _withheld(scene: _Scene, step: Step, live: LiveObject) -> Step:
    """Hold a deletion of what somebody else added, or of a whole object without --prune."""
    if live.foreign and not scene.allowed.opens("credential", live.address):
        return replace(step, held=Held("credential", guards.GUARDS["credential"]))
    if scene.kinds[live.address.kind].prunable and not scene.allowed.prune:
        return replace(step, held=Held(guards.PRUNE, "not in the manifest; --prune deletes it"))
    return step


def _closed(scene: _Scene, view: View, work: Work) -> tuple[Hold, ...]:
    """Return the closed guards of the kind for a step that nothing holds yet."""
    if work.step.held is not None:
        return ()
    holds = scene.kinds[work.step.address.kind].guards(work, view)
    return tuple(h for h in holds if not scene.allowed.opens(h.guard, work.step.address))


def _enforced(scene: _Scene, draft: Plan, holds: Mapping[Address, tuple[Hold, ...]]) -> Plan:
    """Close the guards that look at the plan as a whole."""
    objects = scene.live.objects
    return guards.enforce(
        draft,
        owned={a for a, thing in objects.items() if thing.ownership is Ownership.CREATED},
        whole={name: not kind.follows for name, kind in scene.kinds.items() if kind.prunable},
        allowed=scene.allowed,
        unless={
            address: [(Held(h.guard, h.reason), h.unless) for h in found if h.unless]
            for address, found in holds.items()
        },
    )


def _held(work: Work, hold: Hold | None) -> Work:
    if hold is None:
        return work
    return replace(work, step=replace(work.step, held=Held(hold.guard, hold.reason)))


def _left_alone(address: Address, hold: Hold) -> Finding:
    return Finding(
        "left-alone",
        f"{hold.reason}; it is left alone",
        f"name it in the manifest, or take it back with --allow {hold.guard}={address}",
        Severity.INFO,
        address=address,
    )


def _findings(scene: _Scene, views: Mapping[str, View]) -> Iterable[Finding]:
    for name, kind in scene.kinds.items():
        yield from kind.findings(views[name])


def _unmanaged(scene: _Scene, views: Mapping[str, View]) -> Iterable[Unmanaged]:
    for address, desired in scene.wanted.items():
        live = scene.live.objects.get(address)
        if live is not None and not live.deleted:
            yield from diff.unmanaged(scene.kinds[address.kind].fields, desired, live)
    for name, kind in scene.kinds.items():
        yield from kind.unmanaged(views[name])
