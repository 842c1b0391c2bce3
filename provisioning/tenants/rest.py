"""What is left of an approved plan after a part of it was carried out. Pure.

A worker may die between two writes. Whoever takes over finds a smaller plan with another digest;
it is still what was approved when nothing in it goes beyond that. In doubt it is not: then
somebody reviews a new plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.core.model import Ref, Template, Value
from provisioning.core.plan import Action, Plan, Step

_REFERENCE: Final = re.compile(r"\$\{[^}]*\}")
_KNOWN: Final = r"[\w.-]+"
"""What a reference became: an id or a name, and no markup, path or further key around it."""
_BEGUN: Final = {
    Action.CREATE: frozenset({Action.CREATE, Action.UPDATE}),
    Action.RESTORE: frozenset({Action.RESTORE, Action.UPDATE}),
    Action.REPLACE: frozenset({Action.REPLACE, Action.CREATE, Action.UPDATE}),
}
"""Actions that can be left of one that was interrupted; of the others the same."""


def is_rest(found: Plan, approved: Plan) -> bool:
    """Tell whether applying `found` would write nothing that `approved` does not.

    Every step that would be sent stands at an approved address, and sets the same properties from
    the same to the same values; what was known only after apply may be known by now.
    """
    known = {step.address: step for step in approved.pending}
    return found.tenant_id == approved.tenant_id and all(
        step.address in known and _within(step, known[step.address]) for step in found.pending
    )


def _within(step: Step, approved: Step) -> bool:
    if step.action not in _BEGUN.get(approved.action, {approved.action}):
        return False
    if step.action is approved.action and step.action is not Action.UPDATE:
        # What an approved object is made with comes whole: without a part it might be wider.
        return len(step.changes) == len(approved.changes) and _covered(step, approved)
    return _covered(step, approved)


def _covered(step: Step, approved: Step) -> bool:
    begun = step.action is not approved.action
    return all(
        any(
            _at(change.path, wanted.path)
            and _same(change.after, wanted.after)
            # What somebody wrote since is not overwritten, but in an object half made by us.
            and (begun or change.after is None or _same(change.before, wanted.before))
            for wanted in approved.changes
        )
        for change in step.changes
    )


def _at(path: str, approved: str) -> bool:
    """Tell whether a path is the approved one; keys of elements may be known by now."""
    return path == approved or _fits(path, _REFERENCE.split(approved))


def _same(value: Value, approved: Value) -> bool:
    match approved:
        case Ref():
            return value == approved or (isinstance(value, str) and _fits(value, ("", "")))
        case Template():
            return value == approved or (isinstance(value, str) and _fits(value, _known(approved)))
        case dict():
            return (
                isinstance(value, dict)
                and value.keys() == approved.keys()
                and all(_same(value[key], item) for key, item in approved.items())
            )
        case list():
            return (
                isinstance(value, list)
                and len(value) == len(approved)
                and all(map(_same, value, approved))
            )
        case _:
            return value == approved and type(value) is type(approved)


def _known(template: Template) -> Iterator[str]:
    """Yield the texts before, between and after the references."""
    text = ""
    for part in template.parts:
        if isinstance(part, Ref):
            yield text
            text = ""
        else:
            text += part
    yield text


def _fits(text: str, known: Iterable[str]) -> bool:
    """Tell whether a text is made of these parts with an id or a name between each two."""
    return re.fullmatch(_KNOWN.join(map(re.escape, known)), text) is not None
