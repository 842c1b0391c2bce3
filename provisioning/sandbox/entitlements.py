"""Scopes, app roles and pre-authorisation of an application; must not write.

Sources: G:v1/resources/{permissionscope,approle}.md; microsoft-graph-docs#21667;
TF applications.go for what happens to enabled entries.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.sandbox import errors
from provisioning.sandbox.options import Options

Item = Mapping[str, Any]

_VALUE = re.compile(r"[0-9A-Za-z:!#$%&'()*+,\-./;<=>?@\[\]^_`{|}~]+")
_PERSONAL = {"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}


def check(before: Item, after: Item, options: Options) -> None:
    """Refuse an application body whose scopes or roles break a rule.

    `before` is the stored body as this replica sees it (empty for a new application), so that a
    scope disabled a moment ago may still count as enabled (TF applicationUpdateRetryFunc).

    Raises:
        GraphError: 400.
    """
    scopes, roles = _scopes(after), list(after.get("appRoles") or ())
    personal = after["signInAudience"] in _PERSONAL
    if personal and (len(scopes) > 100 or (roles and options.personal_app_roles == "refuse")):
        name = "appRoles" if roles else "oauth2PermissionScopes"
        raise errors.invalid_value(name, "Application")
    for scope in scopes:
        _check_value(scope, "PermissionScope", 40 if personal else 120)
        if scope.get("type") not in {"User", "Admin"}:
            raise errors.invalid_value("type", "PermissionScope")
    for role in roles:
        _check_value(role, "AppRole", 120)
        _check_members(role)
    _check_unique(scopes, roles)
    for kept, sent in ((_scopes(before), scopes), (before.get("appRoles") or (), roles)):
        _check_enabled(kept, sent, edits=options.scope_edit_while_enabled)


def check_pre_authorized(before: Item, after: Item) -> None:
    """Every pre-authorised permission must be a scope that is already stored.

    Source: msgraph-sdk-dotnet#2044: adding both in one PATCH is refused, and so is a second one
    that meets a replica without the scope.

    Raises:
        GraphError: 400 InvalidValue or DuplicateValue.
    """
    clients = (after.get("api") or {}).get("preAuthorizedApplications") or ()
    if not clients:
        return
    if max(Counter(each.get("appId") for each in clients).values()) > 1:
        raise errors.duplicate_value("preAuthorizedApplications")
    known = {scope["id"].lower() for scope in _scopes(before)}
    known &= {scope["id"].lower() for scope in _scopes(after)}
    for client in clients:
        if any(each.lower() not in known for each in client["delegatedPermissionIds"]):
            message = (
                "Property api.preAuthorizedApplications.delegatedPermissionIds has a Permission "
                "Id that cannot be found in the AppPermissions sets."
            )
            detail = errors.Detail("InvalidValue", message, "api")
            raise errors.GraphError(400, "InvalidValue", message, details=(detail,))
    if after["signInAudience"] in _PERSONAL:
        counts = [len(each["delegatedPermissionIds"]) for each in clients]
        if len(counts) > 100 or max(counts) > 30 or sum(counts) > 500:
            raise errors.invalid_value("preAuthorizedApplications", "Application")


def completed_scope(scope: Item) -> dict[str, Any]:
    """A scope with every property that Graph shows (G:v1/resources/permissionscope.md)."""
    empty = dict.fromkeys(
        (
            "adminConsentDescription",
            "adminConsentDisplayName",
            "id",
            "userConsentDescription",
            "userConsentDisplayName",
            "value",
        )
    )
    sent = {key: value for key, value in scope.items() if key != "origin"}
    return {**empty, "isEnabled": True, "type": "User", **sent}


def completed_role(role: Item) -> dict[str, Any]:
    """An app role with every property that Graph shows (G:v1/resources/approle.md)."""
    empty = dict.fromkeys(("description", "displayName", "id", "value"))
    return {"allowedMemberTypes": [], **empty, "isEnabled": True, **role, "origin": "Application"}


def _scopes(body: Item) -> list[Item]:
    return list((body.get("api") or {}).get("oauth2PermissionScopes") or ())


def _check_value(item: Item, resource: str, longest: int) -> None:
    if not item.get("id"):
        raise errors.invalid_value("id", resource)
    value = item.get("value")
    if value and (len(value) > longest or not _VALUE.fullmatch(value)):
        raise errors.invalid_value("value", resource)


def _check_members(role: Item) -> None:
    members = role.get("allowedMemberTypes")
    if not members:
        raise errors.bad_request(
            f"App role with identifier '{role['id']}' must have at least one value specified for "
            "'allowedMemberTypes'."
        )
    if not set(members) <= {"User", "Application"}:
        raise errors.invalid_value("allowedMemberTypes", "AppRole")


def _check_unique(scopes: list[Item], roles: list[Item]) -> None:
    for items, target in ((scopes, "api.oauth2PermissionScopes"), (roles, "appRoles")):
        if _twins(item["id"].lower() for item in items):
            raise errors.duplicate_value(target)
    by_id = {scope["id"].lower(): scope for scope in scopes}
    separate = [role for role in roles if not _same(by_id.get(role["id"].lower()), role)]
    if any(role["id"].lower() in by_id for role in separate):
        raise errors.duplicate_value("appRoles")
    values = (each["value"].casefold() for each in (*scopes, *separate) if each.get("value"))
    if _twins(values):
        raise errors.duplicate_value("appRoles" if roles else "api.oauth2PermissionScopes")


def _same(scope: Item | None, role: Item) -> bool:
    """One id for a scope and a role is allowed when they say the same (azure-docs#81899)."""
    return scope is not None and (
        scope.get("adminConsentDescription"),
        scope.get("adminConsentDisplayName"),
        scope.get("isEnabled"),
        scope.get("value"),
    ) == (role.get("description"), role.get("displayName"), role["isEnabled"], role.get("value"))


def _twins(values: Iterable[str]) -> bool:
    return any(count > 1 for count in Counter(values).values())


def _check_enabled(kept: Iterable[Item], sent: Iterable[Item], *, edits: str) -> None:
    by_id = {item["id"].lower(): item for item in sent}
    for old in kept:
        new = by_id.get(old["id"].lower())
        edited = new is not None and any(
            new.get(key) != value for key, value in old.items() if key != "isEnabled"
        )
        if old["isEnabled"] and (new is None or (edited and edits == "refuse")):
            message = (
                "Permission (scope or role) cannot be deleted or updated unless disabled first."
            )
            code = "CannotDeleteOrUpdateEnabledEntitlement"
            raise errors.GraphError(
                400, code, message, details=(errors.Detail(code, message, None),)
            )
