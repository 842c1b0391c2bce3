"""Which operation answers which path and verb, with the permission it asks for.

Must not do the work of an operation.
"""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import unquote

from provisioning.sandbox import (
    access,
    applications,
    assignments,
    b2c_routes,
    credentials,
    deleted_items,
    directory,
    entity_sets,
    errors,
    federation,
    grants,
    owners,
    service_principals,
)
from provisioning.sandbox.call import Answer, Call, Operation
from provisioning.sandbox.route import Route

_APPS, _SPS = entity_sets.APPLICATIONS, entity_sets.SERVICE_PRINCIPALS
_READ, _WRITE = access.APPLICATION_READ, access.APPLICATION_WRITE
_CREATE = access.APPLICATION_CREATE


def _shared(collection: entity_sets.Collection, root: str) -> tuple[Route, ...]:
    """What applications and service principals have in common."""
    owner = f"{root}/*/owners"
    return (
        Route("GET", owner, partial(_with, owners.list_all, collection), _READ),
        Route("POST", f"{owner}/$ref", partial(_with, owners.add, collection), access.OWNER_ADD),
        Route("DELETE", f"{owner}/*/$ref", partial(_with, owners.remove, collection), _WRITE),
        Route(
            "POST",
            f"{root}/*/addPassword",
            partial(_with, credentials.add_password, collection),
            _WRITE,
        ),
        Route(
            "POST",
            f"{root}/*/removePassword",
            partial(_with, credentials.remove_password, collection),
            _WRITE,
        ),
    )


def _with(operation: Operation, argument: object, call: Call, *keys: str) -> Answer:
    return operation(call, argument, *keys)


_FEDERATED = "applications/*/federatedIdentityCredentials"
_ASSIGNED_TO, _ASSIGNMENTS = "servicePrincipals/*/appRoleAssignedTo", "*/appRoleAssignments"
ROUTES: tuple[Route, ...] = (
    Route("GET", "applications", applications.list_all, _READ),
    Route("POST", "applications", applications.create, _CREATE),
    Route("GET", "applications/*", applications.get, _READ),
    Route("PATCH", "applications/*", applications.update, _WRITE),
    Route("DELETE", "applications/*", applications.delete, _WRITE),
    *_shared(_APPS, "applications"),
    Route("GET", _FEDERATED, federation.list_all, _READ),
    Route("POST", _FEDERATED, federation.create, _WRITE),
    Route("GET", f"{_FEDERATED}/*", federation.get, _READ),
    Route("PATCH", f"{_FEDERATED}/*", federation.update, _WRITE),
    Route("DELETE", f"{_FEDERATED}/*", federation.delete, _WRITE),
    Route("GET", "servicePrincipals", service_principals.list_all, _READ),
    Route("POST", "servicePrincipals", service_principals.create, _WRITE),
    Route("GET", "servicePrincipals/*", service_principals.get, _READ),
    Route("PATCH", "servicePrincipals/*", service_principals.update, _WRITE),
    Route("DELETE", "servicePrincipals/*", service_principals.delete, _WRITE),
    *_shared(_SPS, "servicePrincipals"),
    Route(
        "GET",
        "servicePrincipals/*/oauth2PermissionGrants",
        grants.list_of_client,
        access.GRANT_READ,
    ),
    Route("GET", "oauth2PermissionGrants", grants.list_all, access.GRANT_READ),
    Route("POST", "oauth2PermissionGrants", grants.create, access.GRANT_WRITE),
    Route("GET", "oauth2PermissionGrants/*", grants.get, access.GRANT_READ),
    Route("PATCH", "oauth2PermissionGrants/*", grants.update, access.GRANT_WRITE),
    Route("DELETE", "oauth2PermissionGrants/*", grants.delete, access.GRANT_WRITE),
    Route("GET", _ASSIGNED_TO, assignments.list_assigned_to, access.ASSIGNMENT_READ),
    *(
        Route(
            "GET",
            f"{collection.name}/{_ASSIGNMENTS}",
            partial(_with, assignments.list_assignments, collection),
            access.ASSIGNMENT_READ,
        )
        for collection in (_SPS, entity_sets.USERS, entity_sets.GROUPS)
    ),
    *(
        route
        for end, pattern in (
            ("resourceId", _ASSIGNED_TO),
            ("principalId", f"servicePrincipals/{_ASSIGNMENTS}"),
        )
        for route in (
            Route(
                "POST",
                pattern,
                partial(_with, assignments.create, end),
                access.ASSIGNMENT_WRITE,
            ),
            Route(
                "GET",
                f"{pattern}/*",
                partial(_with, assignments.get, end),
                access.ASSIGNMENT_READ,
            ),
            Route(
                "DELETE",
                f"{pattern}/*",
                partial(_with, assignments.delete, end),
                access.ASSIGNMENT_WRITE,
            ),
        )
    ),
    Route("GET", "organization", directory.organization, access.ORGANIZATION_READ),
    Route("GET", "organization/*", directory.organization_by_id, access.ORGANIZATION_READ),
    Route("GET", "domains", directory.domains, access.DOMAIN_READ),
    Route("GET", "domains/*", directory.domain, access.DOMAIN_READ),
    Route("GET", "users", directory.users, access.USER_READ),
    Route("GET", "users/*", directory.user, access.USER_READ),
    Route("GET", "me", directory.me, access.ME_READ),
    Route("GET", "groups", directory.groups, access.GROUP_READ),
    Route("GET", "groups/*", directory.group, access.GROUP_READ),
    Route("GET", "directoryObjects/*", directory.directory_object, access.OBJECT_READ),
    Route("GET", "directory/deletedItems/*", deleted_items.list_cast, access.OBJECT_READ),
    Route("POST", "directory/deletedItems/*/restore", deleted_items.restore, _WRITE),
    Route("DELETE", "directory/deletedItems/*", deleted_items.purge, _WRITE),
    *b2c_routes.ROUTES,
)

_READ_ONLY_HERE = {"users", "groups", "organization", "domains", "directoryObjects"}
"""Graph takes writes here; the sandbox does not offer them."""
_NOT_KEYS = {"delta", "$count"}


def perform(call: Call) -> Answer:
    """Find the operation, check the permission, do it.

    Raises:
        GraphError: whatever the operation refuses; 405 for a wrong verb, 501 for a path that
            the sandbox does not offer.
    """
    segments = split(call.path)
    fitting = [
        (route, keys)
        for route, pattern in _COMPILED
        if (keys := _match(pattern, segments)) is not None
    ]
    if not fitting or _NOT_KEYS & set(segments):
        raise errors.not_offered(call.method, call.path)
    newest = fitting[0][0].beta_segment
    if newest is not None and call.version != "beta":
        raise errors.unknown_segment(newest)
    for route, keys in fitting:
        if route.method == call.method:
            access.authorize(call, route.access)
            return route.operation(call, *keys)
    if segments[0] in _READ_ONLY_HERE:
        raise errors.not_offered(call.method, call.path)
    raise errors.method_not_allowed()


def split(path: str) -> list[str]:
    """Segments of a raw path; `applications(appId='x')` becomes two, as does `users('x')`."""
    segments: list[str] = []
    for part in re.findall(r"(?:'[^']*'|[^/'])+", path):
        text = unquote(part)
        found = re.fullmatch(r"([^(]+)\((.*)\)", text)
        segments.extend([found[1], found[2]] if found else [text])
    return segments


def _match(pattern: list[str], segments: list[str]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    keys = []
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted == "*":
            keys.append(given)
        elif wanted.lower() != given.lower():
            return None
    return tuple(keys)


_COMPILED: tuple[tuple[Route, list[str]], ...] = tuple(
    (route, route.pattern.split("/")) for route in ROUTES
)
