"""What an application offers others: delegated permissions (scopes) and app roles.

Ids are derived, so that a manifest gives the same ones on every machine; an id that lives in the
tenant for the same value wins, which is the kind's affair.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field

from provisioning.core.model import Value
from provisioning.kinds.sections.shapes import Shape, Text

NAMESPACE: Final = UUID("8a4f2c57-93d1-5b06-a7e8-1f60d2b94c3e")
"""UUIDv5 namespace (RFC 9562, 5.5) of every id that this project derives."""


class Scope(Shape):
    """A delegated permission that this application offers."""

    value: Text | None = Field(
        default=None, description="Name in tokens and in scope parameters; the key when absent."
    )
    id: UUID | None = Field(
        default=None, description="Fixed id; derived from manifest, application and key if absent."
    )
    type: Literal["User", "Admin"] = Field(
        default="Admin", description="Who may consent: Admin only, or every User for themselves."
    )
    is_enabled: bool = Field(default=True, description="Whether it can be asked for.")
    admin_consent_display_name: Text = Field(description="Title shown to administrators.")
    admin_consent_description: Text = Field(description="Explanation shown to administrators.")
    user_consent_display_name: str | None = Field(default=None, description="Title for users.")
    user_consent_description: str | None = Field(default=None, description="Explanation for users.")


class PermissionScope(Scope):
    """A delegated permission in Graph's spelling: an entry of a list."""

    value: Text = Field(description="Name in tokens and in scope parameters.")


class AppRole(Shape):
    """A role that users, groups or applications can have in this application."""

    value: Text | None = Field(
        default=None, description="Name in the `roles` claim; the key when absent."
    )
    id: UUID | None = Field(
        default=None, description="Fixed id; derived from manifest, application and key if absent."
    )
    display_name: Text = Field(description="Name shown when the role is assigned.")
    description: Text = Field(description="What the role allows.")
    allowed_member_types: tuple[Literal["User", "Application"], ...] = Field(
        min_length=1, description="Who can have it: User (and groups), Application, or both."
    )
    is_enabled: bool = Field(default=True, description="Whether it can be assigned.")


def derived_id(owner: str, application: str, what: str, entry: str) -> UUID:
    """Return the UUIDv5 of `OWNER/APPLICATION/WHAT/ENTRY` in `NAMESPACE`.

    `what` is `scope`, `role` or `certificate`; only the entry may hold a slash.
    """
    return uuid.uuid5(NAMESPACE, f"{owner}/{application}/{what}/{entry}")


def scope_body(owner: str, application: str, key: str, scope: Scope) -> dict[str, Value]:
    """Write a scope as Graph's permissionScope."""
    return {
        "id": str(scope.id or derived_id(owner, application, "scope", key)),
        "value": scope.value or key,
        "type": scope.type,
        "isEnabled": scope.is_enabled,
        "adminConsentDisplayName": scope.admin_consent_display_name,
        "adminConsentDescription": scope.admin_consent_description,
        "userConsentDisplayName": scope.user_consent_display_name,
        "userConsentDescription": scope.user_consent_description,
    }


def role_body(owner: str, application: str, key: str, role: AppRole) -> dict[str, Value]:
    """Write a role as Graph's appRole."""
    return {
        "id": str(role.id or derived_id(owner, application, "role", key)),
        "value": role.value or key,
        "displayName": role.display_name,
        "description": role.description,
        "allowedMemberTypes": list(role.allowed_member_types),
        "isEnabled": role.is_enabled,
    }


def scopes(entry: Any) -> dict[str, Scope] | None:
    """Return an application's scopes by key, whichever spelling; None when it names none.

    Entries of a list have their value for a key.
    """
    listed = entry.oauth2_permissions
    if listed is None and entry.api is not None:
        listed = entry.api.oauth2_permission_scopes
    if isinstance(entry.scopes, dict):
        return dict(entry.scopes)
    if listed is not None:
        return {scope.value: scope for scope in listed}
    cleared = "scopes" in entry.model_fields_set or (
        entry.api is None and "api" in entry.model_fields_set
    )
    return {} if cleared else None


def roles(entry: Any) -> dict[str, AppRole] | None:
    """Return an application's roles by key; None when it names none."""
    if isinstance(entry.app_roles, dict):
        return dict(entry.app_roles)
    return {} if "app_roles" in entry.model_fields_set else None


def find(offered: Mapping[str, Scope] | Mapping[str, AppRole], name: str) -> str | None:
    """Return the key of the entry with that key or, failing that, that value."""
    if name in offered:
        return name
    return next((key for key, entry in offered.items() if entry.value == name), None)


def value_of(offered: Mapping[str, Scope] | Mapping[str, AppRole], key: str) -> str:
    """Return the value that the entry has in tokens."""
    return offered[key].value or key
