"""Scopes, app roles and pre-authorizations: the order in which Graph lets them change. Pure.

Graph refuses to remove an enabled scope or role (`CannotDeleteOrUpdateEnabledEntitlement`) and a
pre-authorization of a scope that is not stored (`InvalidValue`). Hence up to three phases:

| Phase   | When                               | Sends                                             |
|---------|------------------------------------|---------------------------------------------------|
| disable | an enabled scope or role leaves    | leaving ones disabled, the others as they are     |
| change  | always                             | the final scopes and roles                        |
| allow   | a new scope is pre-authorized      | the final pre-authorizations                      |

Whether an enabled entry may be edited in place is reported both ways, and a replica may not have
heard yet that a leaving one was disabled. `change` tries it, and `otherwise` disables first.

`api` is sent whole in each: whether Graph merges or replaces it is reported both ways.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

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
    """Paths of the `isEnabled` of entries that were switched off: `appRoles[id=…].isEnabled`."""
    otherwise: tuple[Phase, ...] = ()
    """What to send instead where Graph refuses to edit enabled entries."""


def phases(live: Mapping[str, Json], patch: Patch) -> tuple[Phase, ...]:
    """Divide a change of a living application into writes that Graph takes in this order."""
    if not patch:
        return ()
    target = _whole(live, patch)
    stored = _ids(known.items(live, SCOPES))
    kept = _ids(_entries(target.get(SCOPES), live, SCOPES))
    allowed = target.get(PRE_AUTHORIZED)
    if PRE_AUTHORIZED not in patch and allowed is not None:
        allowed = _allowed(allowed, kept)
    if allowed is not None:
        target[PRE_AUTHORIZED] = _allowed(allowed, stored & kept)
    result = []
    leaving = {path: _leavers(live, patch[path], path) for path in _touched(patch)}
    if any(leaving.values()):
        off = {path: _switched_off(live, path, ids) for path, ids in leaving.items()}
        result.append(Phase({**target, **off}, _switches(leaving)))
        target = {path: value for path, value in target.items() if path in {*_API, ROLES}}
    result.append(Phase(target, otherwise=_gently(live, target, leaving)))
    if allowed is not None and target.get(PRE_AUTHORIZED) != allowed:
        result.append(Phase({**_only_api(target), PRE_AUTHORIZED: allowed}))
    return tuple(result)


def _gently(
    live: Mapping[str, Json], target: Patch, leaving: Mapping[str, tuple[str, ...]]
) -> tuple[Phase, ...]:
    """Disable the entries that are edited or leave (perhaps once more), then write the target."""
    ids = {
        path: (*_edited(live, target[path], path), *leaving.get(path, ()))
        for path in _touched(target)
    }
    if not any(ids.values()):
        return ()
    off: Patch = {path: _switched_off(live, path, found) for path, found in ids.items()}
    return (Phase({**_only_api(target), **off}, _switches(ids)), Phase(target))


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


_MEMBERS: Final = frozenset(
    {
        "adminConsentDescription",
        "adminConsentDisplayName",
        "allowedMemberTypes",
        "description",
        "displayName",
        "id",
        "isEnabled",
        "type",
        "userConsentDescription",
        "userConsentDisplayName",
        "value",
    }
)
"""Of permissionScope and appRole; `origin` is the server's."""


def _writable(entry: Mapping[str, Json]) -> dict[str, Value]:
    """Keep what Graph documents as writable: a live entry may hold members that it refuses."""
    return {name: value for name, value in entry.items() if name in _MEMBERS}  # type: ignore[misc]


def _touched(patch: Patch) -> tuple[str, ...]:
    return tuple(path for path in (SCOPES, ROLES) if path in patch)


def _switches(ids: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"{path}[id={one}].isEnabled" for path, found in ids.items() for one in found)


def _leavers(live: Mapping[str, Json], target: Value, path: str) -> tuple[str, ...]:
    """Return the ids of the living entries that are still enabled and have to go."""
    kept = _ids(_dicts(target))
    return tuple(
        str(item.get("id")) for item in _enabled(live, path) if str(item.get("id")) not in kept
    )


def _edited(live: Mapping[str, Json], target: Value, path: str) -> tuple[str, ...]:
    """Return the ids of the living entries that are enabled and get another content."""
    wanted = {str(item.get("id")): item for item in _dicts(target)}
    return tuple(
        str(item.get("id"))
        for item in _enabled(live, path)
        if any(
            item.get(name) != value
            for name, value in wanted.get(str(item.get("id")), {}).items()
            if name != "isEnabled"
        )
    )


def _enabled(live: Mapping[str, Json], path: str) -> tuple[dict[str, Json], ...]:
    return tuple(i for i in known.items(live, path) if i.get("isEnabled") is not False)


def _switched_off(live: Mapping[str, Json], path: str, ids: Collection[str]) -> Value:
    """Return the living entries as they are, some of them disabled."""
    result: list[Value] = []
    for item in known.items(live, path):
        entry = _writable(item)
        result.append({**entry, "isEnabled": False} if str(item.get("id")) in ids else entry)
    return result


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
