"""Guards: safety rules that hold steps until each is opened by name. Pure.

A held step stays in the plan with its reason; nothing is dropped.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioning.core.model import Address, Finding, Severity
from provisioning.core.plan import Action, Held, Plan, Step

GUARDS = {
    "deletions": "more than 30 % of 10 or more owned objects, or of one kind, would be deleted",
    "updates": "more than 30 % of 10 or more owned objects, or of one kind, would be changed",
    "replace": "the object would be made anew; a new appId breaks shipped apps",
    "credential": "somebody else added this credential",
    "protected": "the object is protected (b2c-extensions-app, lifecycle.preventDestroy)",
    "last-key": "the last usable key of a key set would go",
    "inherited-policy": "other policies inherit from this one",
    "narrow-consent": "consent of an application that we did not create would shrink",
    "role-in-use": "the app role is assigned",
    "self": "the running identity would lose its own application, permission or credential",
    "restore": "a soft-deleted object holds this identity; restoring brings it back as it was",
    "purge": "a soft-deleted object holds this identity; purging it is final",
    "rotate": "the sink can't tell whether the secret is stored; a new one would be made",
}
"""Every guard that --allow opens, with what it stands for."""

PRUNE = "prune"
"""Holds deletions of whole objects until --prune; no --allow opens it."""

ADDRESSED = frozenset({"restore", "purge", "rotate"})
"""Guards that --allow opens for one ADDRESS only."""

SHARE = 0.30
FLOOR = 10
_MASS = {
    "deletions": frozenset({Action.DELETE, Action.REPLACE}),
    "updates": frozenset({Action.UPDATE}),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the user opened: `GUARD` or `GUARD=ADDRESS`, and --prune."""

    names: frozenset[str] = frozenset()
    prune: bool = False

    def opens(self, guard: str, address: Address) -> bool:
        """Whether a step at `address` may pass `guard`."""
        if f"{guard}={address}" in self.names:
            return True
        return guard in self.names and guard not in ADDRESSED

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """Every (guard, address) that is opened for one object, sorted."""
        parts = (name.partition("=") for name in sorted(self.names))
        return tuple((guard, address) for guard, equals, address in parts if equals)

    def faults(self, kinds: Collection[str]) -> tuple[str, ...]:
        """Say what is wrong with the names; empty when all of them may open something.

        `kinds` are the names that addresses can begin with.
        """
        found = []
        for name in sorted(self.names):
            guard, _, address = name.partition("=")
            if guard not in GUARDS:
                found.append(f"--allow {name}: no guard {guard!r}; guards: {', '.join(GUARDS)}")
            elif guard in ADDRESSED and not address:
                found.append(f"--allow {name}: name the object, --allow {guard}=ADDRESS")
            elif "=" in name and (reason := _no_address(address, kinds)):
                found.append(f"--allow {name}: {reason}")
        return tuple(found)


def _no_address(text: str, kinds: Collection[str]) -> str:
    """Say why a text can be no address; empty when it may be one."""
    try:
        kind = Address.parse(text).kind
    except ValueError as problem:
        return str(problem)
    if kind in kinds:
        return ""
    close = difflib.get_close_matches(kind, kinds, n=1)
    meant = f"did you mean {close[0]!r}?" if close else f"kinds: {', '.join(sorted(kinds))}"
    return f"there is no kind {kind!r}; {meant}"


def unmet(allowed: Allowed, known: Collection[Address]) -> Iterator[Finding]:
    """Warn of guards opened for an address that is neither in the manifest nor in the tenant.

    No error: what a run was allowed to delete is gone when a pipeline runs again with its flags.
    """
    names = sorted(map(str, known))
    for guard, address in allowed.addresses:
        if address not in names:
            close = difflib.get_close_matches(address, names, n=1)
            meant = f"did you mean {close[0]}?" if close else "copy it from the plan."
            yield Finding(
                "allow-nothing",
                f"--allow {guard}={address} opens nothing: there is no {address}",
                f"{meant} Where an earlier run has done it, leave the option out",
                Severity.WARNING,
            )


def enforce(
    plan: Plan,
    *,
    owned: Collection[Address],
    whole: Mapping[str, bool],
    allowed: Allowed,
    unless: Mapping[Address, Iterable[tuple[Held, Collection[Address]]]] | None = None,
) -> Plan:
    """Hold mass changes and replaces, then everything that waits for a held step.

    `owned` are the addresses of live objects that we created; `whole` names the kinds of whole
    objects and tells whether they stand on their own. Holds that kinds asked for are on the steps
    already, but for those in `unless`: what is held when one of the steps beside it is.

    What stands on its own is counted together, and every kind by itself. Counting everything
    together would let children hide what happens: those of objects that go are not read, those of
    kept ones are. Changes of children are no mass change: a rotation is what time asks for.
    """
    together = frozenset(address for address in owned if whole.get(address.kind))
    kinds = {kind: frozenset(a for a in owned if a.kind == kind) for kind in _kinds(owned)}
    steps = tuple(_replace(step, allowed) for step in plan.steps)
    steps = _mass(steps, "deletions", together, "owned objects", allowed)
    steps = _mass(steps, "updates", together, "owned objects", allowed)
    for kind, ours in kinds.items():
        steps = _mass(steps, "deletions", ours, f"{kind} objects", allowed)
        if kind in whole:
            steps = _mass(steps, "updates", ours, f"{kind} objects", allowed)
    steps = _lifted(steps, unless or {})
    return replace(plan, steps=_dependents(steps))


def _replace(step: Step, allowed: Allowed) -> Step:
    if step.action is not Action.REPLACE or step.held or allowed.opens("replace", step.address):
        return step
    return replace(step, held=Held("replace", GUARDS["replace"]))


def _kinds(owned: Collection[Address]) -> tuple[str, ...]:
    return tuple(sorted({address.kind for address in owned}))


def _mass(
    steps: tuple[Step, ...],
    guard: str,
    ours: Collection[Address],
    name: str,
    allowed: Allowed,
) -> tuple[Step, ...]:
    counted = {
        s.address
        for s in steps
        if s.action in _MASS[guard] and s.held is None and s.address in ours
    }
    if len(ours) < FLOOR or len(counted) <= SHARE * len(ours):
        return steps
    held = Held(guard, f"{len(counted)} of {len(ours)} {name}; {GUARDS[guard]}")
    return tuple(
        replace(s, held=held) if s.address in counted and not allowed.opens(guard, s.address) else s
        for s in steps
    )


def _lifted(
    steps: tuple[Step, ...],
    unless: Mapping[Address, Iterable[tuple[Held, Collection[Address]]]],
) -> tuple[Step, ...]:
    held = {step.address for step in steps if step.held is not None}

    def judged(step: Step) -> Step:
        holds = unless.get(step.address, ()) if step.held is None else ()
        closed = next((hold for hold, lifts in holds if held.intersection(lifts)), None)
        return step if closed is None else replace(step, held=closed)

    return tuple(map(judged, steps))


def _dependents(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Hold what waits for a held step; steps come in the order of their dependencies."""
    held: dict[Address, Held] = {}
    result = []
    for step in steps:
        kept = step
        blocker = next((a for a in step.depends_on if a in held and a != step.address), None)
        if blocker is not None and step.held is None:
            guard = held[blocker].guard
            kept = replace(step, held=Held(guard, f"waits for {blocker}, which is held"))
        if kept.held is not None:
            held[kept.address] = kept.held
        result.append(kept)
    return tuple(result)
