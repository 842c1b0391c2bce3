"""Policy key: a key set that custom policies sign, encrypt and authenticate with.

https://learn.microsoft.com/graph/api/resources/trustframeworkkeyset (beta). Every generateKey and
every upload adds a key, and no value can be read back; so a key is generated only after a read
has shown that it is missing, and an upload is repeated only when its `version` rises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from provisioning.core.kind import Hold, Kind, Matched, Proposal, View, Work
from provisioning.core.model import (
    Address,
    Desired,
    Json,
    LiveObject,
    Value,
)
from provisioning.core.plan import Action, Change
from provisioning.core.request import Alternative, Answer, Read, Request
from provisioning.kinds import claims, granted, key_findings, key_rotation, known, trust_framework
from provisioning.kinds.key_rotation import Decision
from provisioning.kinds.sections import policy_keys as section

_PUBLIC: Final = ("kid", "kty", "use", "nbf", "exp", "status", "x5t")
_CALLS: Final = {
    "upload": "uploadSecret",
    "certificate": "uploadCertificate",
    "pkcs12": "uploadPkcs12",
}


def reads(view: View) -> Iterable[Read]:
    """Ask for every declared key set, then for those of ours that nobody declares any more."""
    known_ones = {address.key.casefold() for address in view.wanted if address.kind == KIND.name}
    for desired in view.desired:
        yield _read(desired.address)
    for address in claims.claimed(view, KIND.name):
        if address.key.casefold() not in known_ones:
            yield _read(address)


def match(view: View) -> Matched:
    """A key set has its id; ours is what the ledger claims."""
    objects = []
    declared = [desired.address for desired in view.desired]
    named = {address.key.casefold() for address in declared}
    others = [a for a in claims.claimed(view, KIND.name) if a.key.casefold() not in named]
    for address in (*declared, *others):
        answer = view.answers.get(_read(address).key)
        if answer is not None and answer.object:
            objects.append(claims.live(view, address, _public(answer.object)))
    return Matched(tuple(objects))


def propose(desired: Desired | None, live: LiveObject | None, view: View) -> Proposal | None:
    """Say what time, version and key set ask for; times stay out of the changes."""
    if desired is None:
        gone = Proposal(Action.DELETE, "not in the manifest", (Change("id", _id(live), None),))
        return gone if live is not None else None
    decision = _decide(desired, live, view)
    if not decision.add:
        return None
    action = Action.CREATE if live is None else Action.UPDATE
    return Proposal(action, decision.reason, tuple(_changes(desired, live, decision)))


def requests(work: Work) -> tuple[Request, ...]:
    """Create the set, add one key to it, record the version; or delete the set."""
    if work.desired is None:
        path = trust_framework.key_set(work.step.address.key)
        return (claims.released(work, _write("DELETE", path)),)
    filled = _fill(work, work.desired)
    return filled if work.live is not None else (_create(work.desired, filled),)


def _fill(work: Work, desired: Desired) -> tuple[Request, ...]:
    decision = _decide(desired, work.live, work)
    if desired.settings.get("way") == "generate":
        return (_generate_unless_there(work, desired, decision),)
    what = desired.settings.get("version", desired.settings.get("x5t"))
    return (_upload(work, desired), claims.note_version(work, str(what)))


def guards(work: Work, view: View) -> Iterable[Hold]:
    """Hold the deletion of a set with a usable key: a policy may sign with it."""
    if work.step.action is not Action.DELETE or work.live is None:
        return
    keys = known.items(work.live.body, "keys")
    if any(key_rotation.is_usable(key, view.observed_at) for key in keys):
        yield Hold("last-key", "it holds a usable key; policies that name it would stop working")


def _decide(desired: Desired, live: LiveObject | None, view: View | Work) -> Decision:
    return key_rotation.decide(
        desired,
        None if live is None else known.items(live.body, "keys"),
        uploaded=claims.uploaded(view, desired.address),
        adopted=not claims.is_claimed(view, desired.address),
        now=view.observed_at,
    )


def _changes(desired: Desired, live: LiveObject | None, decision: Decision) -> Iterable[Change]:
    settings = desired.settings
    if live is None:
        yield Change("id", None, desired.body["id"])
    yield Change("keys[new].kty", None, settings.get("kty"))
    yield Change("keys[new].use", None, settings.get("use"))
    if settings.get("lifetime") is not None:
        yield Change("keys[new].lifetime", None, settings.get("lifetime"))
    if settings.get("way") == "certificate":
        yield Change("keys[new].x5t", None, settings.get("x5t"))
    elif settings.get("way") != "generate":
        yield Change("version", decision.recorded, settings.get("version"))


def _create(desired: Desired, filled: tuple[Request, ...]) -> Request:
    """Make the set with its key in one go: policies that name it must not find it empty."""
    name = trust_framework.without_prefix(str(desired.body["id"]))
    create = _write("POST", "/trustFramework/keySets", body={"id": name})
    there = Alternative(when=trust_framework.KEY_SET_EXISTS, then=filled)
    return replace(create, then=lambda _made: filled, alternatives=(there,))


def _generate_unless_there(work: Work, desired: Desired, decision: Decision) -> Request:
    """Read once more, and generate when no key came since: each call would add another one."""
    path = trust_framework.key_set(str(desired.body["id"]))
    seen = known.items(work.live.body, "keys") if work.live is not None else ()
    return Request(
        "GET",
        path,
        version=trust_framework.BETA,
        transient=trust_framework.NOT_THERE,
        then=_unless_new({known.text(key, "kid") for key in seen}, _generate(work, decision)),
    )


def _unless_new(seen: set[str], request: Request) -> Callable[[Answer], tuple[Request, ...]]:
    def then(answer: Answer) -> tuple[Request, ...]:
        now = {known.text(key, "kid") for key in known.items(answer.object, "keys")}
        return () if now - seen else (request,)

    return then


def _generate(work: Work, decision: Decision) -> Request:
    desired = work.desired
    assert desired is not None
    body: dict[str, Value] = {"use": desired.settings["use"], "kty": desired.settings["kty"]}
    body.update(_times(work, desired, decision.starts))
    return _add(desired, "generateKey", body)


def _upload(work: Work, desired: Desired) -> Request:
    settings = desired.settings
    way = str(settings["way"])
    match way:
        case "upload":
            body = {"use": settings["use"], "k": settings["value"], **_times(work, desired, None)}
        case "pkcs12":
            # An absent password is an empty one; Graph wants the property.
            body = {"key": settings["value"], "password": settings.get("password") or ""}
        case _:
            body = {"key": settings["value"]}
    return _add(desired, _CALLS[way], body)


def _add(desired: Desired, call: str, body: dict[str, Value]) -> Request:
    return _write(
        "POST",
        f"{trust_framework.key_set(str(desired.body['id']))}/{call}",
        body=body,
        repeatable=False,
    )


def _times(work: Work, desired: Desired, starts: datetime | None) -> dict[str, Value]:
    """Write nbf and exp in seconds since 1970; neither for a key that never ends."""
    times: dict[str, Value] = {}
    if starts is not None:
        times["nbf"] = int(starts.timestamp())
    lifetime = key_rotation.lifetime(desired)
    if lifetime is not None:
        times["exp"] = int(((starts or work.observed_at) + lifetime).timestamp())
    return times


def _write(
    method: str,
    path: str,
    *,
    body: Value = None,
    repeatable: bool = True,
) -> Request:
    return Request(
        method,
        path,
        version=trust_framework.BETA,
        body=body,
        repeatable=repeatable,
        transient=(*trust_framework.NOT_THERE, trust_framework.KEY_SET_NOT_CREATED),
        lane=trust_framework.LANE,
    )


def _read(address: Address) -> Read:
    return Read(
        str(address),
        trust_framework.key_set(address.key),
        version=trust_framework.BETA,
        tolerate=trust_framework.NOT_THERE,
    )


def _public(body: dict[str, Json]) -> dict[str, Json]:
    """Keep what can be told: were a private member sent, it would not enter the plan."""
    keys: list[Json] = [
        {name: key[name] for name in _PUBLIC if name in key} for key in known.items(body, "keys")
    ]
    return {"id": body.get("id"), "keys": keys}


def _id(live: LiveObject | None) -> str | None:
    return known.text(live.body, "id") if live is not None else None


KIND = Kind(
    name="policy_key",
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    propose=propose,
    requests=requests,
    guards=guards,
    findings=key_findings.findings,
    read_permissions=(granted.READ_KEY_SETS, granted.READ_APPLICATIONS),
    write_permissions=(granted.WRITE_KEY_SETS, granted.WRITE_APPLICATIONS),
    prunable=True,
)
