"""`permissions:` of an application: what it may do elsewhere, and the admin consent to it.

Names of Microsoft's and other people's permissions are checked after observing, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Place, Value
from provisioning.kinds.sections import exposed, references, shapes
from provisioning.kinds.sections.references import Target
from provisioning.kinds.sections.shapes import Items, Shape, Text


class Permission(Shape):
    """Permissions on one API."""

    resource: Text = Field(
        description="The API: microsoftGraph, a key of applications or existing, or an appId."
    )
    delegated: Items[Text] = Field(
        default=None, description="Delegated permissions (scopes) by value."
    )
    application: Items[Text] = Field(
        default=None, description="Application permissions (app roles) by value."
    )
    admin_consent: bool = Field(
        default=False,
        description="Grant them for the whole tenant: a grant for the delegated ones, an app "
        "role assignment for each application one.",
    )


SECTIONS: Final = (
    Section(
        key="permissions",
        annotation=tuple[Permission, ...] | None,
        description="What this application may ask of APIs; consent only where adminConsent says.",
        under="applications",
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that one application wants of one API; several entries on it are merged."""

    client: str
    target: Target
    place: Place
    places: Mapping[str, Place] = field(default_factory=dict)
    """Permission name -> where it stands."""
    delegated: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    """Keys of roles on applications of this manifest, values elsewhere."""
    granted_delegated: tuple[str, ...] = ()
    granted_application: tuple[str, ...] = ()


def written(entry: Any) -> tuple[Permission, ...]:
    """Return the entries as they stand in the manifest."""
    return shapes.items(entry, "permissions")


def wanted(source: Source, key: str, entry: Any) -> tuple[Wanted, ...]:
    """Merge an application's permissions by API; names that mean nothing are left out."""
    merged: dict[Address, Wanted] = {}
    for index, permission in enumerate(written(entry)):
        target = references.resolve(source, permission.resource)
        if target is None or target.sort not in references.CLIENTS:
            continue
        place = source.place("applications", key, "permissions", index)
        sofar = merged.get(target.address, Wanted(key, target, place))
        delegated = tuple(_scope(source, target, name) for name in permission.delegated or ())
        roles = tuple(role(source, target, name)[0] for name in permission.application or ())
        merged[target.address] = replace(
            sofar,
            places={**sofar.places, **_places(source, key, index, permission)},
            delegated=_union(sofar.delegated, delegated),
            application=_union(sofar.application, roles),
            granted_delegated=_union(
                sofar.granted_delegated, delegated if permission.admin_consent else ()
            ),
            granted_application=_union(
                sofar.granted_application, roles if permission.admin_consent else ()
            ),
        )
    return tuple(merged.values())


def required_resource_access(source: Source, key: str, entry: Any) -> list[Value]:
    """Write the permissions as Graph's requiredResourceAccess, ids as references."""
    return [
        {"resourceAppId": one.target.app_id, "resourceAccess": _access(source, one)}
        for one in wanted(source, key, entry)
    ]


def role(source: Source, target: Target, name: str) -> tuple[str, str]:
    """Return key and value of a role; both are the name where the manifest does not tell."""
    if target.sort == "application":
        offered = exposed.roles(source.entries("applications")[target.key]) or {}
        if (key := exposed.find(offered, name)) is not None:
            return key, exposed.value_of(offered, key)
    return name, name


def _places(source: Source, key: str, index: int, permission: Permission) -> dict[str, Place]:
    path = ("applications", key, "permissions", index)
    return {
        name: source.place(*path, way, at)
        for way in ("delegated", "application")
        for at, name in enumerate(getattr(permission, way) or ())
    }


def has_principals(source: Source, one: Wanted) -> bool:
    """Whether both sides have a service principal; where not, `permission_limits` says so."""
    sides = [one.client, one.target.key] if one.target.sort == "application" else [one.client]
    return all(
        shapes.given(source.entries("applications")[side], "servicePrincipal") is not None
        for side in sides
    )


def _scope(source: Source, target: Target, name: str) -> str:
    if target.sort == "application":
        offered = exposed.scopes(source.entries("applications")[target.key]) or {}
        if (key := exposed.find(offered, name)) is not None:
            return exposed.value_of(offered, key)
    return name


def _access(source: Source, one: Wanted) -> list[Value]:
    scopes: list[Value] = [
        {"id": one.target.scope_id(value), "type": "Scope"} for value in one.delegated
    ]
    roles: list[Value] = [
        {"id": one.target.role_id(role(source, one.target, key)[1]), "type": "Role"}
        for key in one.application
    ]
    return scopes + roles


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
