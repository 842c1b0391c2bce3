"""What of the tenant differs from the manifest and bears on a sign-in. Pure: the plan tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from provisioning.core import refs
from provisioning.core.model import Address, Desired, Finding, Place, Value
from provisioning.core.plan import Action, Change, Step
from provisioning.engine.reconcile import Draft
from provisioning.kinds.custom_policy import content
from provisioning.manifest import Manifest
from provisioning.policies import difference
from provisioning.render import values
from provisioning.signin import lines, policy_lines
from provisioning.signin.checks import Check
from provisioning.signin.lines import APPLICATIONS

RULE: Final = "tenant-differs"
_FRAMEWORK: Final = ("ief", "ief_proxy")
_OVERLAY: Final = "overlay:"
_ASKED: Final = ", requiredResourceAccess"
"""What an application may ask for; a sign-in needs what it was granted, so this comes last."""
_CONSENTS: Final = frozenset({"delegated_permission_grant", "app_role_assignment"})
_WIDTH: Final = 60
_OF_NO_EFFECT: Final = ("displayName", "uniqueName", "description", "notes", "tags", "info", "logo")
"""First words of properties that no sign-in looks at."""


def of(manifest: Manifest, draft: Draft, check: Check) -> tuple[Finding, ...]:
    """Return a finding per difference, those of the check's own application first."""
    steps = {step.address: step for step in draft.plan.steps if not step.manual}
    found: list[Finding] = []
    for address in dict.fromkeys(_related(draft, check)):
        step, desired = steps.get(address), draft.build.wanted.get(address)
        if step is not None and desired is not None:
            found += _step(manifest, draft, step, desired)
    return tuple(sorted(dict.fromkeys(found), key=_is_late))


def _is_late(finding: Finding) -> bool:
    """Whether a difference only follows from another, or from what a sign-in does not ask."""
    place = finding.place
    derived = place is not None and place.file.startswith(_OVERLAY)
    return derived or _ASKED in finding.message


def _related(draft: Draft, check: Check) -> Iterator[Address]:
    """Yield what a sign-in rests on: its client, the APIs, the policy with what that rests on."""
    wanted = draft.build.wanted
    client = Address("application", check.application.removeprefix(f"{APPLICATIONS}."))
    yield from _family(wanted, client)
    grants = (
        d for d in wanted.values() if d.parent == client and d.address.kind.endswith("_grant")
    )
    for resource in (ref.address.key for grant in grants for ref in refs.find(dict(grant.body))):
        yield from _family(wanted, Address("application", resource))
    for address, thing in draft.live.objects.items():
        if address.kind == "application" and thing.body.get("appId") in check.audiences:
            yield from _family(wanted, address)
    if check.policy is None:
        return
    name: Value = check.policy.casefold()
    declared = {a.key.casefold(): d for a, d in wanted.items() if a.kind == policy_lines.KIND}
    while isinstance(name, str) and name.casefold() in declared:
        desired = declared.pop(name.casefold())
        yield desired.address
        name = desired.settings.get("base")
    for address in wanted:
        flow = address.kind.startswith("user_flow")
        if flow and address.key.casefold() == check.policy.casefold():
            yield address
    yield from (address for address in wanted if address.kind == "policy_key")
    for key in _FRAMEWORK:
        yield from _family(wanted, Address("application", key))


def _family(wanted: Mapping[Address, Desired], parent: Address) -> Iterator[Address]:
    yield parent
    yield from (address for address, desired in wanted.items() if desired.parent == parent)


def _step(manifest: Manifest, draft: Draft, step: Step, desired: Desired) -> Iterator[Finding]:
    remedy = "run apply"
    if step.held is not None:
        remedy = f"run apply --allow {step.held.guard}={step.address}: {step.held.reason}"
    if step.action is Action.CREATE:
        message = f"{step.address} is not in the tenant"
        place = desired.place
        if step.address.kind in _CONSENTS:
            place = lines.under(manifest, place, "adminConsent") or place
        yield Finding(RULE, message, remedy, place=place, address=step.address)
        return
    for change in step.changes:
        if change.path.partition(".")[0] in _OF_NO_EFFECT:
            continue
        before, after = (_short(value) for value in (change.before, change.after))
        message = (
            f"the tenant differs from the manifest at {step.address}, {change.path}: "
            f"it has {before}, not {after}"
        )
        place = _place(manifest, draft, desired, change)
        yield Finding(RULE, message, remedy, place=place, address=step.address)
    if not step.changes:
        message = f"the tenant differs from the manifest at {step.address}: {step.reason}"
        yield Finding(RULE, message, remedy, place=desired.place, address=step.address)


def _place(manifest: Manifest, draft: Draft, desired: Desired, change: Change) -> Place:
    if desired.address.kind == policy_lines.KIND:
        document = content.document(desired, draft.live.objects)
        return document.place(difference.element_at(document, change.path))
    lost = _items(change.after) - _items(change.before)
    whole, _, rest = change.path.partition("[")
    entry = rest.partition("]")[0]
    if entry and whole in desired.places:
        here = desired.places[whole]
        return lines.under(manifest, here, entry) or here
    for name in (*sorted(lost), change.path):
        if name in desired.places:
            return desired.places[name]
    return lines.under(manifest, desired.place, change.path) or desired.place


def _items(value: Value) -> set[str]:
    return {str(item) for item in value} if isinstance(value, list) else set()


def _short(value: Value) -> str:
    shown = "nothing" if value is None else values.show(value)
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 1]}…"
