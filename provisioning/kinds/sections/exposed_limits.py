"""Faults of scopes and app roles: characters, lengths, counts, values and ids said twice.

learn.microsoft.com/graph/api/resources/permissionscope and .../approle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from provisioning.kinds.sections import exposed
from provisioning.kinds.sections.exposed import AppRole, Scope
from provisioning.kinds.sections.limits import Subject

PAGES: Final = {
    "scope": "learn.microsoft.com/graph/api/resources/permissionscope",
    "app role": "learn.microsoft.com/graph/api/resources/approle",
}
ROLE_VALUE: Final = 120

_VALUE = re.compile(r"[0-9A-Za-z!#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~]+")


def check(subject: Subject, entry: Any) -> None:
    """Report what is wrong with the scopes and roles of one application."""
    scopes, roles = exposed.scopes(entry) or {}, exposed.roles(entry) or {}
    at_scopes = subject.at("api.oauth2PermissionScopes")
    at_roles = subject.at("appRoles")
    subject.at_most(subject.audience.scopes, len(scopes), "scopes", *at_scopes)
    for key, scope in scopes.items():
        path = (*at_scopes, key)
        limit = subject.audience.scope_name
        _check_value(subject, "scope", scope.value or key, limit, *path)
    for key, role in roles.items():
        _check_value(subject, "app role", role.value or key, ROLE_VALUE, *at_roles, key)
        if len(set(role.allowed_member_types)) != len(role.allowed_member_types):
            subject.fault(
                "said-twice",
                f"app role {key} allows a member type twice",
                "write each once",
                *(*at_roles, key, "allowedMemberTypes"),
                page=PAGES["app role"],
            )
    if roles and subject.audience.personal:
        subject.fault(
            "app-roles",
            "app roles are not supported where personal accounts sign in",
            "write signInAudience AzureADMyOrg or AzureADMultipleOrgs, or delete appRoles",
            *at_roles,
        )
    _check_distinct(subject, {"scope": scopes, "app role": roles})


def _check_value(subject: Subject, what: str, value: str, limit: int, *path: str | int) -> None:
    subject.at_most(limit, len(value), f"characters in {what} {value}", *path)
    if " " in value:
        wrong = "holds a space"
    elif value.startswith("."):
        wrong = "starts with a full stop"
    elif _VALUE.fullmatch(value) is None:
        wrong = "holds a character that Graph refuses"
    else:
        return
    subject.fault(
        "permission-value",
        f"{what} value {value!r} {wrong}",
        "use letters, digits and full stops inside, such as Files.Read",
        *path,
        page=PAGES[what],
    )


def _check_distinct(
    subject: Subject, offered: Mapping[str, Mapping[str, Scope] | Mapping[str, AppRole]]
) -> None:
    """One id and value may stand for a scope and a role; everything else is said twice."""
    values: dict[str, tuple[str, str, str]] = {}
    ids: dict[str, tuple[str, str, str]] = {}
    for what, entries in offered.items():
        root = subject.at("appRoles" if what == "app role" else "api.oauth2PermissionScopes")
        for key, one in entries.items():
            value, fixed = one.value or key, str(one.id or f"derived for {what} {key}")
            by_value, by_id = values.get(value), ids.get(fixed)
            if by_value and by_value == by_id and by_value[0] != what:
                continue
            for said, first in ((f"value {value!r}", by_value), (f"id {fixed}", by_id)):
                if first is not None:
                    _twice(subject, f"{said} of {what} {key}", f"{first[0]} {first[1]}", *root, key)
            this = (what, key, fixed)
            values.setdefault(value, this)
            ids.setdefault(fixed, this)


def _twice(subject: Subject, said: str, first: str, *path: str | int) -> None:
    subject.fault(
        "said-twice",
        f"{said} is that of {first} already",
        "values and ids are unique over scopes and app roles: choose another",
        *path,
        page=PAGES["scope"],
    )
