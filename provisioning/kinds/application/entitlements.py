"""Scopes, app roles and pre-authorizations: the order in which Graph lets them change. Pure.

Graph refuses to remove an enabled scope or role (`CannotDeleteOrUpdateEnabledEntitlement`) and a
pre-authorization of a scope that is not stored (`InvalidValue`). Hence up to three phases:

| Phase   | When                               | Sends                                             |
|---------|------------------------------------|---------------------------------------------------|
| disable | an enabled scope or role leaves    | leaving ones disabled, new ones not yet           |
| change  | always                             | the final scopes and roles                        |
| allow   | a new scope is pre-authorized      | the final pre-authorizations                      |

`api` is sent whole in each: whether Graph merges or replaces it is reported both ways.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from provisioning.core import paths
from provisioning.core.model import Json, Value
from provisioning.kinds import known
from provisioning.kinds.application.fields import PRE_AUTHORIZED, ROLES, SCOPES

Patch: TypeAlias = dict[str, Value]
"""Field path -> value."""

_API = (
    "api.requestedAccessTokenVersion",
    "api.acceptMappedClaims",
    "api.knownClientApplications",
    SCOPES,
    PRE_AUTHORIZED,
)
_SWITCHES = (
    "web.implicitGrantSettings.enableAccessTokenIssuance",
    "web.implicitGrantSettings.enableIdTokenIssuance",
)


@dataclass(frozen=True, slots=True)
class Phase:
    """One write, and what a read must show before the next one."""

    patch: Patch
    disabled: tuple[str, ...] = ()
    """Paths of the `isEnabled` of entries that leave: `appRoles[id=…].isEnabled`."""


def phases(live: Mapping[str, Json], patch: Patch) -> tuple[Phase, ...]:
    """Divide a change of a living application into writes that Graph takes in this order."""
    if not patch:
        return ()
    target = _whole(live, patch)
    stored = _ids(known.items(live, SCOPES))
    kept = _ids(_entries(target.get(SCOPES), live, SCOPES))
    allowed = target.get(PRE_AUTHORIZED)
    if allowed is not None:
        target[PRE_AUTHORIZED] = _allowed(allowed, stored & kept)
    result = []
    touched = [path for path in (SCOPES, ROLES) if path in patch]
    leaving = tuple(
        f"{path}[id={identity}].isEnabled"
        for path in touched
        for identity in _leavers(live, patch[path], path)
    )
    if leaving:
        held: Patch = {path: _with_disabled(live, patch[path], path) for path in touched}
        result.append(Phase({**target, **held}, leaving))
        target = {path: value for path, value in target.items() if path in {*_API, ROLES}}
    result.append(Phase(target))
    if allowed is not None and target.get(PRE_AUTHORIZED) != allowed:
        result.append(Phase({**_only_api(target), PRE_AUTHORIZED: allowed}))
    return tuple(result)


def whole_api(live: Mapping[str, Json], patch: Patch) -> Patch:
    """Complete a change of `api` with the living values of its other parts."""
    return {**_living(live, _API), **patch}


def _whole(live: Mapping[str, Json], patch: Patch) -> Patch:
    """Complete what is touched so that the whole of `api` and of the implicit flow is sent."""
    result = dict(patch)
    for group in (_API, _SWITCHES):
        if any(path in patch for path in group):
            result = {**_living(live, group), **result}
    return result


def _living(live: Mapping[str, Json], group: tuple[str, ...]) -> Patch:
    found: Patch = {}
    for path in group:
        value = paths.select(live, path)
        if path == SCOPES:
            found[path] = [_writable(item) for item in known.items(live, path)]
        elif value is None or isinstance(value, str | bool | int | list):
            found[path] = value
    return found


def _writable(entry: Mapping[str, Json]) -> Value:
    return {name: value for name, value in entry.items() if name != "origin"}  # type: ignore[misc]


def _leavers(live: Mapping[str, Json], target: Value, path: str) -> tuple[str, ...]:
    """Return the ids of the living entries that are still enabled and have to go."""
    kept = _ids(_dicts(target))
    return tuple(
        str(item.get("id"))
        for item in known.items(live, path)
        if str(item.get("id")) not in kept and item.get("isEnabled") is not False
    )


def _with_disabled(live: Mapping[str, Json], target: Value, path: str) -> Value:
    """Return the living entries as they will be, leaving ones disabled, new ones left out."""
    wanted = {str(item.get("id")): item for item in _dicts(target)}
    result: list[Value] = []
    for item in known.items(live, path):
        identity = str(item.get("id"))
        writable = _writable(item)
        result.append(wanted[identity] if identity in wanted else _off(writable))
    return result


def _off(entry: Value) -> Value:
    return {**entry, "isEnabled": False} if isinstance(entry, dict) else entry


def _allowed(value: Value, scopes: Collection[str]) -> Value:
    """Keep the pre-authorizations of these scopes; a client without any is left out."""
    result: list[Value] = []
    for client in _dicts(value):
        ids = client.get("delegatedPermissionIds")
        kept: list[Value] = [
            identity
            for identity in (ids if isinstance(ids, list) else [])
            if isinstance(identity, str) and identity in scopes
        ]
        if kept:
            result.append({**client, "delegatedPermissionIds": kept})
    return result


def _entries(value: Value, live: Mapping[str, Json], path: str) -> tuple[Mapping[str, object], ...]:
    return _dicts(value) if value is not None else known.items(live, path)


def _dicts(value: Value) -> tuple[dict[str, Value], ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, dict))


def _ids(entries: tuple[Mapping[str, object], ...]) -> frozenset[str]:
    return frozenset(str(entry.get("id")) for entry in entries)


def _only_api(patch: Patch) -> Patch:
    return {path: value for path, value in patch.items() if path in _API}
