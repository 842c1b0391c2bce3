"""Which living application a manifest's entry means: the rungs, top first. Pure; sends nothing.

| Rung                     | Carries                     | Outcome                             |
|--------------------------|-----------------------------|-------------------------------------|
| our tag `NAME/KEY`       | the created mark            | CREATED                             |
| uniqueName               | our mark for this key       | CREATED, or ADOPTED after backfill  |
| uniqueName               | something else              | error, unless `adopt` means it      |
| `adopt`                  | no mark of another manifest | ADOPTED                             |
| `adopt`                  | another manifest's mark     | error                               |
| soft-deleted uniqueName  | anything                    | held: restore or purge              |

Two candidates on one rung are an error that names both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioning.core.kind import View
from provisioning.core.model import Desired, Finding, Json, LiveObject, Ownership
from provisioning.core.request import Answer
from provisioning.kinds import known, marks

Body = Mapping[str, Json]

DELETED = "applications:deleted"
"""Key of the read that lists the soft-deleted applications."""


def listing(name: str) -> str:
    """Key of the read that lists what the manifest `name` made."""
    return f"applications:{marks.owner(name)}"


def rung(desired: Desired, name: str) -> str:
    """Key of the read that looks one entry up by one rung."""
    return f"{desired.address}:{name}"


def owners(desired: Desired) -> str:
    """Key of the read that tells the owners of a soft-deleted holder."""
    return f"{desired.address}:deletedOwners"


@dataclass(frozen=True, slots=True)
class Step:
    """Where the climb ended."""

    found: LiveObject | None = None
    finding: Finding | None = None
    open: bool = False
    """Nothing found so far and an answer is still to come."""


def keys(desired: Desired) -> tuple[str, ...]:
    """Return the keys under which the entry may be marked: today's, then the one before."""
    old = known.text(desired.settings, "movedFrom")
    return (desired.address.key, old) if old else (desired.address.key,)


def unique_name(desired: Desired) -> str:
    """Return the uniqueName that the entry claims."""
    return known.text(desired.body, "uniqueName")


def adoption(desired: Desired) -> tuple[str, str] | None:
    """Return the rung and the value of `adopt`; None without it."""
    adopt = desired.settings.get("adopt")
    if not isinstance(adopt, Mapping) or not adopt:
        return None
    name, value = next(iter(adopt.items()))
    return str(name), str(value)


def listed(view: View) -> tuple[Body, ...]:
    """Return what carries our created mark, each object once."""
    found: dict[str, Body] = {}
    for name in view.owner.names:
        answer = view.answers.get(listing(name))
        for body in answer.items if answer else ():
            if marks.created_key(body, view.owner) is not None:
                found.setdefault(known.text(body, "id"), body)
    return tuple(found.values())


def marked(view: View) -> Mapping[str, tuple[Body, ...]]:
    """Return what carries our created mark, by key: made once for many climbs."""
    found: dict[str, tuple[Body, ...]] = {}
    for body in listed(view):
        key = marks.created_key(body, view.owner)
        if key is not None:
            found[key] = (*found.get(key, ()), body)
    return found


def climb(view: View, desired: Desired, ours: Mapping[str, tuple[Body, ...]]) -> Step:
    """Find the entry's application as far as the answers tell; `ours` is `marked(view)`."""
    if any(listing(name) not in view.answers for name in view.owner.names):
        return Step(open=True)
    if (step := _by_mark(desired, ours)) is not None:
        return step
    for look in (_by_unique_name, _by_adopted_mark, _by_adoption, _by_display_name):
        step = look(view, desired)
        if step is not None:
            return step
    return _deleted(view, desired)


def _by_mark(desired: Desired, ours: Mapping[str, tuple[Body, ...]]) -> Step | None:
    for key in keys(desired):
        if key in ours:
            return _only(desired, ours[key], Ownership.CREATED, f"our mark for {key!r}")
    return None


def _by_unique_name(view: View, desired: Desired) -> Step | None:
    answer = view.answers.get(rung(desired, "uniqueName"))
    if answer is None:
        return Step(open=True)
    if not answer.found:
        return None
    body = answer.object
    if marks.created_key(body, view.owner) in keys(desired):
        return _object(desired, body, Ownership.CREATED)
    if marks.adopted_key(body, view.owner) in keys(desired):
        return _object(desired, body, Ownership.ADOPTED)
    if _is_adopted(desired, body):
        return _adopted(view, desired, body)
    name = unique_name(desired)
    return _error(
        desired,
        "unique-name-taken",
        f"application {spell(body)} already holds uniqueName {name} and does not carry our mark",
        f"take it over with `adopt: {{uniqueName: {name}}}`, or write another `uniqueName`",
    )


def _by_adopted_mark(view: View, desired: Desired) -> Step | None:
    answer = view.answers.get(rung(desired, "adoptedMark"))
    if answer is None or not answer.items:
        return None
    return _only(desired, answer.items, Ownership.ADOPTED, "our mark of an adopted application")


def _by_adoption(view: View, desired: Desired) -> Step | None:
    adopt = adoption(desired)
    if adopt is None:
        return None
    answer = view.answers.get(rung(desired, "adopt"))
    if answer is None:
        return Step(open=True)
    candidates = answer.items or ((answer.object,) if answer.object.get("id") else ())
    name, value = adopt
    if len(candidates) == 1:
        return _adopted(view, desired, candidates[0])
    if candidates:
        return _only(desired, candidates, Ownership.ADOPTED, f"{name} {value!r}")
    if name == "appId":
        return _error(
            desired,
            "adopt-not-found",
            f"no application with appId {value} is in this tenant",
            "correct `adopt`, or delete it to create the application",
        )
    return None


def _by_display_name(view: View, desired: Desired) -> Step | None:
    """The way out where a tenant refuses the uniqueName key: our mark on one of that name."""
    answer = view.answers.get(rung(desired, "displayName"))
    if answer is None:
        return Step(open=True) if refuses_unique_name(view, desired) else None
    ours = [b for b in answer.items if marks.created_key(b, view.owner) in keys(desired)]
    return _only(desired, ours, Ownership.CREATED, "our mark") if ours else None


def refuses_unique_name(view: View, desired: Desired) -> bool:
    """Whether the tenant answered that it does not know the key uniqueName."""
    answer = view.answers.get(rung(desired, "uniqueName"))
    return answer is not None and not answer.found and answer.status != 404


def _deleted(view: View, desired: Desired) -> Step:
    answer: Answer | None = view.answers.get(DELETED)
    if answer is None:
        return Step(open=True)
    name = unique_name(desired)
    holders = [body for body in answer.items if known.text(body, "uniqueName") == name != ""]
    unnamed = [
        body
        for body in answer.items
        if not known.text(body, "uniqueName")
        and marks.created_key(body, view.owner) in keys(desired)
    ]
    unnamed.sort(key=lambda body: known.text(body, "deletedDateTime"), reverse=True)
    for body in (*holders, *unnamed):
        ours = marks.created_key(body, view.owner) in keys(desired)
        ownership = Ownership.CREATED if ours else Ownership.ADOPTED
        told = view.answers.get(owners(desired))
        more = {"owners": told.items[0].get("owners")} if told and told.items else {}
        return Step(LiveObject(desired.address, {**body, **more}, ownership, deleted=True))
    return Step()


def _is_adopted(desired: Desired, body: Body) -> bool:
    match adoption(desired):
        case ("identifierUri", value):
            uris = body.get("identifierUris")
            return isinstance(uris, list) and value in uris
        case (name, value):
            return known.text(body, name) == value
        case _:
            return False


def _adopted(view: View, desired: Desired, body: Body) -> Step:
    other = marks.stranger(body, view.owner)
    own = marks.created_key(body, view.owner)
    if other is not None:
        return _error(
            desired,
            "adopt-not-ours",
            f"application {spell(body)} was made by the manifest {other!r}",
            f"manage it there, or write `movedFrom: {other}` if that manifest was renamed to this",
        )
    if own is not None and own not in keys(desired):
        return _error(
            desired,
            "adopt-not-ours",
            f"application {spell(body)} is application.{own} of this manifest",
            f"write `movedFrom: {own}` if the key was renamed, or correct `adopt`",
        )
    return _object(desired, body, Ownership.CREATED if own else Ownership.ADOPTED)


def _only(desired: Desired, found: Iterable[Body], ownership: Ownership, by: str) -> Step:
    first, *others = found
    if not others:
        return _object(desired, first, ownership)
    names = " and ".join(spell(body) for body in (first, *others))
    return _error(
        desired,
        "two-candidates",
        f"{len(others) + 1} applications answer to {by}: {names}",
        "delete or unmark all but one, or write `adopt: {appId: …}` for the right one",
    )


def _object(desired: Desired, body: Body, ownership: Ownership) -> Step:
    return Step(LiveObject(desired.address, body, ownership))


def _error(desired: Desired, rule: str, message: str, remedy: str) -> Step:
    return Step(
        finding=Finding(rule, message, remedy, place=desired.place, address=desired.address)
    )


def spell(body: Body) -> str:
    """Name an application so that it can be found in the portal."""
    name, app_id, identity = (known.text(body, part) for part in ("displayName", "appId", "id"))
    return f"{name!r} (appId {app_id}, object id {identity})"
