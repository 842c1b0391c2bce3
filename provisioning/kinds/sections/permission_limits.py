"""Faults of `permissions:`: unknown names, names said twice, consent without anybody to give it to.

Counts by audience are in `limits`.
"""

from __future__ import annotations

from typing import Any, Final

from provisioning.core.kind import Source
from provisioning.kinds.sections import exposed, permissions, references, shapes
from provisioning.kinds.sections.references import Target

MAX_GRANT: Final = 3850
"""Characters of a grant's scope (learn.microsoft.com/graph/api/resources/oauth2permissiongrant)."""


def check(source: Source, key: str, entry: Any) -> None:
    """Report what is wrong with one application's permissions."""
    seen: set[tuple[object, str, str]] = set()
    for index, permission in enumerate(permissions.written(entry)):
        path = ("applications", key, "permissions", index)
        target = references.require(
            source, permission.resource, references.CLIENTS, *path, "resource"
        )
        if target is None:
            continue
        silent = not permission.delegated and not permission.application
        if silent and not source.doubtful(*path):
            source.fault(
                "no-permission",
                f"nothing is asked of {permission.resource}",
                "list names under delegated or application, or delete the entry",
                *path,
            )
        for way in ("delegated", "application"):
            names = getattr(permission, way) or ()
            for at, name in enumerate(names):
                _check_name(source, target, way, name, (*path, way, at))
                if (target.address, way, name) in seen:
                    source.fault(
                        "said-twice",
                        f"{way} permission {name} on {permission.resource} is there twice",
                        "delete one of them",
                        *(*path, way, at),
                    )
                seen.add((target.address, way, name))
        if permission.admin_consent:
            _check_consent(source, key, target, path)
    for one in permissions.wanted(source, key, entry):
        if (length := len(" ".join(one.granted_delegated))) > MAX_GRANT:
            source.fault(
                "grant-too-long",
                f"the grant of {key} on {one.target.key} has {length} characters; "
                f"Graph keeps {MAX_GRANT} "
                "(learn.microsoft.com/graph/api/resources/oauth2permissiongrant)",
                "consent to fewer delegated permissions",
                *("applications", key, "permissions"),
            )


def check_offered(source: Source, target: Target, way: str, name: str, *path: str | int) -> None:
    """Report a scope or role that an application of this manifest does not offer.

    An adopted application whose scopes or roles are not managed may offer anything.
    """
    if target.sort != "application":
        return
    entry = source.entries("applications")[target.key]
    found = exposed.scopes(entry) if way == "delegated" else exposed.roles(entry)
    what = "scope" if way == "delegated" else "app role"
    if found is None and entry.adopt is not None:
        return
    offered = found or {}
    if exposed.find(offered, name) is None and not source.doubtful("applications", target.key):
        source.fault(
            "unknown-permission",
            f"application {target.key} offers no {what} {name!r}",
            references.suggest(name, offered, f"declare it in {target.key}, or name another"),
            *path,
        )


def _check_name(
    source: Source, target: Target, way: str, name: str, path: tuple[str | int, ...]
) -> None:
    if shapes.is_guid(name):
        source.fault(
            "permission-by-id",
            f"{name} is an id",
            "write the permission's value, such as User.Read; ids go into requiredResourceAccess",
            *path,
        )
    elif " " in name:
        source.fault(
            "permission-with-space",
            f"{name!r} holds a space",
            "write one list item per permission",
            *path,
        )
    else:
        check_offered(source, target, way, name, *path)


def _check_consent(
    source: Source,
    key: str,
    target: Target,
    path: tuple[str | int, ...],
) -> None:
    sides = {key, target.key} if target.sort == "application" else {key}
    for side in sorted(sides):
        entry = source.entries("applications")[side]
        if shapes.given(entry, "servicePrincipal") is None:
            source.fault(
                "consent-without-service-principal",
                f"adminConsent needs the service principal of {side}, "
                "which servicePrincipal: null leaves out",
                f"delete servicePrincipal: null in {side}, or adminConsent here",
                *(*path, "adminConsent"),
            )
