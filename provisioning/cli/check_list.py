"""The manifest's `checks:` as sign-ins: references replaced by what lives, sources named.

Must not ask for a token or read a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from provisioning.core import refs
from provisioning.core.model import Desired, Finding, Json, Place, Secret, Value
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.reconcile import Draft
from provisioning.signin.checks import Check, Diagnosis, Flow, Outcome, Result, Stamp, User

KIND = "check"
POLICY_KIND = "custom_policy"
DOTENV = "dotenv"
"""Source of a secret that stands in a dotenv sink: its argument is `PATH#NAME`."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Every check of a manifest, in the order of their names."""

    ready: tuple[Check, ...]
    missing: tuple[Result, ...] = ()
    """Checks of what is not in the tenant: failed without asking."""


def of(draft: Draft) -> Listed:
    """Return the checks of a tenant as it was observed."""
    bodies = {a: thing.body for a, thing in draft.live.objects.items() if not thing.deleted}
    known = Knowledge({}, draft.build.wanted, bodies).known
    ready: list[Check] = []
    missing: list[Result] = []
    for address, desired in sorted(draft.build.wanted.items()):
        if address.kind != KIND:
            continue
        settings = refs.resolve(dict(desired.settings), known)
        unknown = next(refs.find(settings), None)
        if unknown is None:
            check = _check(desired, cast("Mapping[str, Value]", settings))
            ready.append(replace(check, stamp=_stamp(draft, check.policy)))
        else:
            needed = draft.build.wanted.get(unknown.address, desired)
            missing.append(_missing(desired, str(unknown.address), needed.place))
    return Listed(tuple(ready), tuple(missing))


def _check(desired: Desired, settings: Mapping[str, Value]) -> Check:
    return Check(
        name=desired.address.key,
        flow=Flow(str(settings["flow"])),
        client_id=str(settings["clientId"]),
        application=str(settings["application"]),
        policy=_text(settings, "policy"),
        scopes=_texts(settings, "scopes"),
        audiences=_texts(settings, "audiences"),
        resource=_text(settings, "resource"),
        user=_user(settings.get("user")),
        client_secret=_source(settings.get("secret")),
        redirect_uri=_text(settings, "redirectUri"),
        refresh=settings.get("refresh") is True,
        expect=cast("Mapping[str, Json]", settings.get("expect") or {}),
        place=desired.place,
    )


def _stamp(draft: Draft, policy: str | None) -> Stamp | None:
    """Return what a policy of the manifest puts into its tokens where it has a build stamp."""
    if policy is None:
        return None
    for address, desired in draft.build.wanted.items():
        if address.kind == POLICY_KIND and address.key.casefold() == policy.casefold():
            match desired.settings.get("stamp"):
                case {"claim": str(claim), "value": str(value)}:
                    return Stamp(claim, value)
    return None


def _missing(desired: Desired, address: str, place: Place) -> Result:
    message = f"{address} is not in the tenant"
    return Result(
        check=desired.address.key,
        flow=Flow(str(desired.settings["flow"])),
        outcome=Outcome.FAILED,
        summary=message,
        asked=(),
        diagnosis=Diagnosis(
            cause="not-applied",
            message=message,
            remedy="apply the manifest first",
            path=str(desired.settings["application"]),
        ),
        findings=(Finding("not-applied", message, "apply the manifest first", place=place),),
        place=desired.place,
    )


def _user(value: Value) -> User | None:
    match value:
        case {"name": name, "password": password}:
            source = _source(password)
            assert source is not None
            return User(name if isinstance(name, str) else _source(name) or "", source)
        case _:
            return None


def _source(value: Value) -> Secret | None:
    """Read `{fromEnv: NAME}` and its siblings, and `{stored: STORE}`."""
    match value:
        case {"stored": {"dotenv": str(path), "name": str(name)}}:
            return Secret((DOTENV, f"{path}#{name}"))
        case {"stored": {"file": str(path)}}:
            return Secret(("fromFile", path))
        case {"stored": {"keyVault": str(vault), "name": str(name)}}:
            return Secret(("fromKeyVault", f"{vault.rstrip('/')}/secrets/{name}"))
        case dict() if len(value) == 1:
            ((kind, argument),) = value.items()
            return Secret((kind, str(argument)))
        case _:
            return None


def _text(settings: Mapping[str, Value], name: str) -> str | None:
    value = settings.get(name)
    return None if value is None else str(value)


def _texts(settings: Mapping[str, Value], name: str) -> tuple[str, ...]:
    value = settings.get(name)
    return tuple(map(str, value)) if isinstance(value, list) else ()
