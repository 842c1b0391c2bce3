"""Who inherits from a policy, and whether a change breaks them. Pure.

The service checks an uploaded policy against its ancestors and never looks at its children; so
they are checked here, those that no manifest declares included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from provisioning.core.kind import Hold, View, Work
from provisioning.core.model import Desired, Finding, Severity
from provisioning.core.plan import Action
from provisioning.kinds import known, tenant_policies
from provisioning.kinds.custom_policy import content, observe
from provisioning.policies import document as documents
from provisioning.policies import lint


@dataclass(frozen=True, slots=True)
class _Texts:
    """All that a check depends on, so that it is made once however often it is asked for."""

    wanted: tuple[tuple[str, str, str], ...]
    """(text, file, places) of each declared policy."""
    living: tuple[tuple[str, str], ...]
    """(id, text) of those that are there."""
    others: tuple[tuple[str, bytes], ...]
    """(id, XML) of the tenant's other policies."""
    key_sets: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Checked:
    """Errors in our files, and what would newly be wrong in the tenant's own policies."""

    errors: tuple[Finding, ...]
    broken: tuple[Finding, ...]


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold what would take the base from others, or break policies that are not declared."""
    policy_id = work.step.address.key
    if work.step.action is Action.DELETE:
        heirs = [*_heirs(view, policy_id)]
        if heirs:
            yield Hold("inherited-policy", f"{', '.join(heirs)} inherit(s) from it")
    elif work.step.action is Action.UPDATE and (broken := _broken_by(view, policy_id)):
        where = str(broken[0].place).removeprefix(tenant_policies.PREFIX)
        yield Hold(
            "inherited-policy",
            "policies of the tenant that inherit from it would break: "
            f"{where}: {broken[0].message}",
        )


def findings(view: View) -> Iterable[Finding]:
    """Report what only the tenant shows: missing parents and keys, descendants that break."""
    if not any(_is_changing(view, desired) for desired in view.desired):
        return
    checked = _check(_texts(view))
    yield from checked.errors
    for finding in checked.broken:
        message = f"{finding.message} (once this plan is applied)"
        yield replace(finding, message=message, severity=Severity.WARNING)


def _heirs(view: View, policy_id: str) -> Iterator[str]:
    """Yield the policies right below one that stay when ours go."""
    going = {address.key.casefold() for address in observe.extras(view)}
    for other in tenant_policies.ids(view):
        base = tenant_policies.facts(view, other).base or ""
        if other.casefold() not in going and base.casefold() == policy_id.casefold():
            yield other


def _broken_by(view: View, policy_id: str) -> list[Finding]:
    """Return what breaks below one policy."""
    below = {f"{tenant_policies.PREFIX}{one}" for one in _strangers_below(view, policy_id)}
    if not below:
        return []
    broken = _check(_texts(view)).broken
    return [f for f in broken if f.place is not None and f.place.file.casefold() in below]


def _strangers_below(view: View, policy_id: str) -> set[str]:
    """Return the folded ids of undeclared policies that inherit from one, at any distance."""
    bases = {
        other.casefold(): (tenant_policies.facts(view, other).base or "").casefold()
        for other in _others(view)
    }
    strangers = set(bases)
    bases |= {d.address.key.casefold(): _base(d).casefold() for d in view.desired}
    below: set[str] = {policy_id.casefold()}
    while more := {one for one, base in bases.items() if base in below and one not in below}:
        below |= more
    return below & strangers


def _base(desired: Desired) -> str:
    return known.text(desired.settings, "base")


def _texts(view: View) -> _Texts:
    living = ((d.address.key, known.live(view, d.address)) for d in view.desired)
    return _Texts(
        wanted=tuple(
            (
                str(desired.body["content"]),
                known.text(desired.settings, "file"),
                known.text(desired.settings, "places"),
            )
            for desired in view.desired
        ),
        living=tuple(
            (key, str(thing.body["content"]))
            for key, thing in living
            if thing is not None and "content" in thing.body
        ),
        others=tuple((other, tenant_policies.raw(view, other)) for other in _others(view)),
        key_sets=observe.key_sets(view),
    )


@lru_cache(maxsize=1)
def _check(texts: _Texts) -> _Checked:
    """Check the set as it will be, and the tenant's other policies as they are and will be."""
    parsed = {name: documents.parse(raw, _name(name)) for name, raw in texts.others if raw}
    others = {name: one if one.sound else None for name, one in parsed.items()}
    after = lint.lint(
        [content.placed(*text) for text in texts.wanted],
        tenant_policies=others,
        key_sets=texts.key_sets,
    )
    errors = [finding for finding in after if finding.severity is Severity.ERROR]
    theirs = [finding for finding in errors if _is_theirs(finding)]
    if theirs:
        living = [content.parse(text, f"live:{name}") for name, text in texts.living]
        before = lint.lint(
            [one for one in living if one.sound], tenant_policies=others, key_sets=texts.key_sets
        )
        old = {(finding.rule, finding.message, finding.place) for finding in before}
        theirs = [f for f in theirs if (f.rule, f.message, f.place) not in old]
    ours = tuple(finding for finding in errors if not _is_theirs(finding))
    return _Checked(ours, tuple(theirs))


def _others(view: View) -> list[str]:
    """Return the tenant's policies that the manifest neither declares nor deletes."""
    named = [desired.address.key for desired in view.desired]
    named += [address.key for address in observe.extras(view)]
    return [*tenant_policies.others(view, named)]


def _is_changing(view: View, desired: Desired) -> bool:
    return known.live(view, desired.address) is None or observe.differs(view, desired)


def _name(policy_id: str) -> str:
    return f"{tenant_policies.PREFIX}{policy_id}"


def _is_theirs(finding: Finding) -> bool:
    return finding.place is not None and finding.place.file.startswith(tenant_policies.PREFIX)
