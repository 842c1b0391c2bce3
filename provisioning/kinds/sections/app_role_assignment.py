"""Who has which app role: `servicePrincipal.assignments` and consented application permissions.

It only knows roles of this manifest's applications; others are checked after observing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref, Value
from provisioning.kinds.sections import (
    exposed,
    permission_limits,
    permissions,
    references,
    shapes,
)
from provisioning.kinds.sections.references import Sort, Target

SECTIONS: Final[tuple[Section, ...]] = ()
"""The words are part of `servicePrincipal` and `permissions`."""

NO_ROLE: Final = str(UUID(int=0))
"""appRoleId of an assignment to an application that offers no roles."""
_PRINCIPALS: Final[tuple[Sort, ...]] = (
    "application",
    "appId",
    "existingApplication",
    "servicePrincipal",
    "group",
    "user",
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `app_role_assignment.PRINCIPAL.RESOURCE.ROLE`, each once."""
    seen: set[Address] = set()
    for desired in _consented(source):
        seen.add(desired.address)
        yield desired
    for key, entry in source.entries("applications").items():
        declared = shapes.given(entry, "servicePrincipal")
        for index, assignment in enumerate(getattr(declared, "assignments", None) or ()):
            path = ("applications", key, "servicePrincipal", "assignments", index)
            for desired in _one(source, key, entry, assignment, path):
                if desired.address in seen:
                    source.fault(
                        "said-twice",
                        f"{desired.address} is declared already",
                        "delete one of them",
                        *path,
                    )
                else:
                    yield desired
                seen.add(desired.address)


def _consented(source: Source) -> Iterator[Desired]:
    """The application permissions that `adminConsent` covers."""
    for key, entry in source.entries("applications").items():
        for one in permissions.wanted(source, key, entry):
            for name in one.granted_application if permissions.has_principals(source, one) else ():
                yield Desired(
                    address=Address("app_role_assignment", f"{key}.{one.target.key}.{name}"),
                    body={
                        "principalId": Ref(Address("service_principal", key)),
                        "resourceId": Ref(one.target.principal),
                        "appRoleId": one.target.role_id(
                            permissions.role(source, one.target, name)[1]
                        ),
                    },
                    place=one.places.get(name, one.place),
                    settings={"declaredBy": "permissions"},
                    parent=Address("application", key),
                )


def _one(
    source: Source, key: str, entry: Any, assignment: Any, path: tuple[str | int, ...]
) -> Iterator[Desired]:
    principal = references.require(
        source, assignment.principal, _PRINCIPALS, *path, "principal", bare=False
    )
    if principal is None:
        return
    found = _role(source, key, entry, assignment.role, path)
    if found is None:
        return
    name, role_id = found
    _check_member(source, entry, name, principal, path)
    if principal.sort == "application":
        other = source.entries("applications")[principal.key]
        if shapes.given(other, "servicePrincipal") is None:
            source.fault(
                "no-service-principal",
                f"{principal.key} has no service principal that could have a role",
                f"delete servicePrincipal: null in {principal.key}",
                *path,
                "principal",
            )
            return
    yield Desired(
        address=Address("app_role_assignment", f"{principal.key}.{key}.{name}"),
        body={
            "principalId": Ref(principal.principal),
            "resourceId": Ref(Address("service_principal", key)),
            "appRoleId": role_id,
        },
        place=source.place(*path),
        settings={"declaredBy": "assignments"},
        parent=Address("application", key),
    )


def _role(
    source: Source, key: str, entry: Any, name: str, path: tuple[str | int, ...]
) -> tuple[str, Value] | None:
    own, offered = Target("application", key), exposed.roles(entry)
    if name != "default" or exposed.find(offered or {}, name) is not None:
        permission_limits.check_offered(source, own, "application", name, *path, "role")
        role_key, value = permissions.role(source, own, name)
        return role_key, own.role_id(value)
    if offered:
        source.fault(
            "default-role",
            f"{key} offers roles, so nobody can have the default one "
            "(learn.microsoft.com/graph/api/resources/approleassignment)",
            f"write role: {next(iter(offered))} or another of its roles",
            *path,
            "role",
        )
        return None
    return name, NO_ROLE


def _check_member(
    source: Source, entry: Any, name: str, principal: Target, path: tuple[str | int, ...]
) -> None:
    role = (exposed.roles(entry) or {}).get(name)
    member = "User" if principal.sort in {"user", "group"} else "Application"
    if role is not None and member not in role.allowed_member_types:
        source.fault(
            "member-type",
            f"app role {name} is not for members of type {member}, as {principal.key} is",
            f"add {member} to allowedMemberTypes of {name}, or assign another role",
            *path,
        )
