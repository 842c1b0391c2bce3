"""Accounts with passwords: made, found by sign-in name, checked; must not issue anything.

Sources: G:v1/resources/objectidentity.md for identities, G:v1/resources/passwordprofile.md for
the forced change; P user-profile-attributes.md for local accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from provisioning.sandbox import directory, side
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record, Store, Tenant

Json = dict[str, Any]
State = Literal["enabled", "locked", "disabled", "force_change"]
STATES: tuple[State, ...] = ("enabled", "locked", "disabled", "force_change")
STORED = "users"


def save(
    store: Store,
    tenant: Tenant,
    body: Mapping[str, Any],
    *,
    password: str | None,
    sign_in_names: Iterable[tuple[str, str, str]],
    state: State,
) -> str:
    """Write a user with sign-in names and the salted hash of a password; returns its id.

    Args:
        store: where users live.
        tenant: their directory.
        body: the user as `directory.new_user` makes it.
        password: None leaves what is there.
        sign_in_names: (sign-in type, issuer, name), such as
            ("emailAddress", "contoso.onmicrosoft.com", "alice@example.com").
        state: whether and how the account may sign in.
    """
    names = list(sign_in_names)
    if not names and password is not None and tenant.kind == "b2c":
        names = [("emailAddress", tenant.domain, body["userPrincipalName"])]
    if names:
        body = {**body, "identities": [_identity(*each) for each in names]}
    body = {
        **body,
        "accountEnabled": state != "disabled",
        "_state": state,
        "_signInNames": [each["issuerAssignedId"] for each in body.get("identities", ())],
    }
    store.put(tenant.id, STORED, body["id"], body)
    if password is not None:
        set_password(store, tenant, body["id"], password)
    return str(body["id"])


def set_password(store: Store, tenant: Tenant, user_id: str, password: str) -> None:
    """Keep the salted hash of a password."""
    side.keep_secret(store, tenant.id, f"password:{user_id}", password)


def is_password(store: Store, tenant: Tenant, user_id: str, password: str) -> bool:
    """Whether this is the account's password."""
    return side.is_secret(store, tenant.id, f"password:{user_id}", password)


def by_principal_name(store: Store, tenant: Tenant, name: str) -> Record | None:
    """The user with this userPrincipalName."""
    return _live(store.find(tenant.id, STORED, "userPrincipalName", name))


def by_sign_in_name(
    store: Store, tenant: Tenant, name: str, *, kind: str | None = None
) -> Record | None:
    """The local account with this sign-in name, of one type or of any."""
    for record in store.find(tenant.id, STORED, "_signInNames", name):
        for identity in record.body.get("identities", ()):
            local = identity["issuer"].casefold() == tenant.domain
            same = identity["issuerAssignedId"].casefold() == name.casefold()
            wanted = kind is None or identity["signInType"] == kind
            if record.state == LIVE and local and same and wanted:
                return record
    return None


def by_id(store: Store, tenant: Tenant, identity: str) -> Record | None:
    """The user with this object id."""
    record = store.get(tenant.id, STORED, identity.lower())
    return record if record is not None and record.state == LIVE else None


def new_local(tenant: Tenant, sign_in_name: str, display_name: str, created: str) -> Json:
    """A local account as a sign-up makes it: its UPN is its object id (P)."""
    body = directory.new_user("", display_name, created)
    return {**body, "userPrincipalName": f"{body['id']}@{tenant.domain}", "mail": sign_in_name}


def state(body: Mapping[str, Any]) -> State:
    """How the account may sign in; Graph's accountEnabled has the last word."""
    if body.get("accountEnabled") is False:
        return "disabled"
    found: State = body.get("_state", "enabled")
    return found


def _live(records: Iterable[Record]) -> Record | None:
    return next((each for each in records if each.state == LIVE), None)


def _identity(kind: str, issuer: str, name: str) -> Json:
    return {"signInType": kind, "issuer": issuer, "issuerAssignedId": name}
