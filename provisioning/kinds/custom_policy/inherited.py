"""Who inherits from a policy, and whether a change breaks them. Pure.

The service checks an uploaded policy against its ancestors and never looks at its children; so
they are checked here, those that no manifest declares included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioning.core.kind import Hold, View, Work
from provisioning.core.model import Desired, Finding, Severity
from provisioning.core.plan import Action
from provisioning.kinds import known, tenant_policies
from provisioning.kinds.custom_policy import content, observe
from provisioning.policies import inheritance, lint
from provisioning.policies.document import Document

_TENANT = "tenant:"


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold what would take the base from others, or break policies that are not declared."""
    policy_id = work.step.address.key
    if work.step.action is Action.DELETE:
        heirs = [*_heirs(view, policy_id)]
        if heirs:
            yield Hold("inherited-policy", f"{', '.join(heirs)} inherit(s) from it")
    elif work.step.action is Action.UPDATE and (broken := _broken_by(view, policy_id)):
        first = broken[0]
        where = str(first.place).removeprefix(_TENANT)
        yield Hold(
            "inherited-policy",
            f"policies of the tenant that inherit from it would break: {where}: {first.message}",
        )


def findings(view: View) -> Iterable[Finding]:
    """Report what only the tenant shows: missing parents and keys, descendants that break."""
    changing = [d for d in view.desired if _is_changing(view, d)]
    if not changing:
        return
    local = [content.document(desired) for desired in view.desired]
    others = _others(view)
    shown = lint.lint(local, tenant_policies=others, key_sets=observe.key_sets(view))
    for finding in shown:
        if finding.severity is Severity.ERROR and not _is_tenants(finding):
            yield finding
    for finding in _broken(view):
        message = f"{finding.message} (once this plan is applied)"
        yield Finding(finding.rule, message, finding.remedy, Severity.WARNING, finding.place)


def _heirs(view: View, policy_id: str) -> Iterator[str]:
    """Yield the policies below one that stay when ours go."""
    going = {address.key.casefold() for address in observe.extras(view)}
    for other in tenant_policies.ids(view):
        document = tenant_policies.document(view, other)
        base = document.base_policy if document is not None else None
        if base is None or other.casefold() in going:
            continue
        if base.policy_id.casefold() == policy_id.casefold():
            yield other


def _broken_by(view: View, policy_id: str) -> list[Finding]:
    """Return what breaks below one policy."""
    others = [document for document in _others(view).values() if document is not None]
    local = [content.document(desired) for desired in view.desired]
    tree = inheritance.arrange((*local, *others))
    below = {f"{_TENANT}{one.policy_id}".casefold() for one in tree.descendants(policy_id)}
    if not any(document.file.casefold() in below for document in others):
        return []
    broken = _broken(view)
    return [f for f in broken if f.place is not None and f.place.file.casefold() in below]


def _broken(view: View) -> list[Finding]:
    """Return errors that the tenant's other policies have after the change and not before."""
    others = _others(view)
    if not others:
        return []
    keys = observe.key_sets(view)
    after = lint.lint(
        [content.document(desired) for desired in view.desired],
        tenant_policies=others,
        key_sets=keys,
    )
    before = lint.lint([*_living(view)], tenant_policies=others, key_sets=keys)
    old = {(finding.rule, finding.message, finding.place) for finding in before}
    return [
        finding
        for finding in after
        if finding.severity is Severity.ERROR
        and _is_tenants(finding)
        and (finding.rule, finding.message, finding.place) not in old
    ]


def _living(view: View) -> Iterator[Document]:
    for desired in view.desired:
        live = known.live(view, desired.address)
        text = live.body.get("content") if live is not None else None
        if isinstance(text, str):
            document = content.parse(text, f"live:{desired.address.key}")
            if document.sound:
                yield document


def _others(view: View) -> dict[str, Document | None]:
    """Return the tenant's policies that the manifest neither declares nor deletes."""
    named = [desired.address.key for desired in view.desired]
    named += [address.key for address in observe.extras(view)]
    found: dict[str, Document | None] = {}
    for policy_id in tenant_policies.others(view, named):
        document = tenant_policies.document(view, policy_id)
        found[policy_id] = document if document is not None and document.sound else None
    return found


def _is_changing(view: View, desired: Desired) -> bool:
    return known.live(view, desired.address) is None or observe.differs(view, desired)


def _is_tenants(finding: Finding) -> bool:
    return finding.place is not None and finding.place.file.startswith(_TENANT)
