"""Soft delete, restore and purge, with what hangs on the object; must not check permissions.

Sources: E:howto-restore-app.md; G:v1/api/application-delete.md.
"""

from __future__ import annotations

from provisioning.sandbox import errors
from provisioning.sandbox.call import Call
from provisioning.sandbox.layout import DELETED, LIVE, SUSPENDED
from provisioning.sandbox.store import Record

_ENDS = {
    "oauth2PermissionGrants": ("clientId", "resourceId"),
    "appRoleAssignments": ("principalId", "resourceId"),
}


def delete_application(call: Call, record: Record) -> None:
    """Move an application and its service principal of this tenant to deletedItems."""
    _soft(call, "applications", record)
    for principal in _principals(call, record, LIVE):
        delete_principal(call, principal)


def delete_principal(call: Call, record: Record) -> None:
    """Move a service principal to deletedItems; its grants and assignments are not seen."""
    _soft(call, "servicePrincipals", record)
    for collection, child in _links(call, record.id):
        if child.state == LIVE:
            call.view.put(collection, child.id, child.body, state=SUSPENDED)


def restore(call: Call, collection: str, record: Record) -> Record:
    """Bring an object back under its id.

    Raises:
        GraphError: 400 or 409 when its names are taken meanwhile.
    """
    if collection == "servicePrincipals":
        _check_names_free(call, record)
    body = {**record.body, "deletedDateTime": None}
    call.view.put(collection, record.id, body)
    if collection == "servicePrincipals":
        _resume(call, record.id)
    elif collection == "applications" and call.options.restore_service_principal:
        for principal in _principals(call, record, DELETED)[:1]:
            restore(call, "servicePrincipals", principal)
    return Record(record.seq, record.id, LIVE, body)


def purge(call: Call, collection: str, record: Record) -> None:
    """Remove a deleted object for good; an application's service principal stays deleted."""
    if collection == "servicePrincipals":
        for child_collection, child in _links(call, record.id):
            call.view.remove(child_collection, child.id)
    for child in call.store.find(
        call.tenant.id, "federatedIdentityCredentials", "_parent", record.id
    ):
        call.view.remove("federatedIdentityCredentials", child.id)
    call.view.remove(collection, record.id)


def _soft(call: Call, collection: str, record: Record) -> None:
    body = {**record.body, "deletedDateTime": call.timestamp()}
    call.view.put(collection, record.id, body, state=DELETED)


def _principals(call: Call, application: Record, state: int) -> list[Record]:
    found = call.store.find(call.tenant.id, "servicePrincipals", "appId", application.body["appId"])
    latest = sorted(
        (each for each in found if each.state == state), key=lambda each: each.seq, reverse=True
    )
    if state == DELETED and any(each.state == LIVE for each in found):
        return []
    return latest


def _links(call: Call, principal: str) -> list[tuple[str, Record]]:
    return [
        (collection, record)
        for collection, ends in _ENDS.items()
        for end in ends
        for record in call.store.find(call.tenant.id, collection, end, principal)
    ]


def _resume(call: Call, principal: str) -> None:
    for collection, child in _links(call, principal):
        ends = (child.body[name] for name in _ENDS[collection])
        if child.state == SUSPENDED and all(_lives(call, end) for end in ends):
            call.view.put(collection, child.id, child.body)


def _lives(call: Call, identity: str) -> bool:
    return any(
        call.view.truth(collection, identity) is not None
        for collection in ("servicePrincipals", "users", "groups")
    )


def _check_names_free(call: Call, record: Record) -> None:
    for name in record.body["servicePrincipalNames"]:
        found = call.store.find(call.tenant.id, "servicePrincipals", "servicePrincipalNames", name)
        if any(each.state == LIVE for each in found):
            raise errors.same_key(
                "The service principal cannot be created, updated, or restored because the "
                f"service principal name {name} is already in use."
            )
