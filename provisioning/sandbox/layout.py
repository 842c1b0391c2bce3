"""Tables, states and indexed properties of the database; must not open it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIVE, DELETED, SUSPENDED = 0, 1, 2
"""States: in its collection; in deletedItems; waiting for a deleted end to come back."""

INDEXED: Mapping[str, tuple[str, ...]] = {
    "applications": (
        "appId",
        "displayName",
        "uniqueName",
        "identifierUris",
        "tags",
        "signInAudience",
        "publisherDomain",
    ),
    "servicePrincipals": (
        "appId",
        "displayName",
        "servicePrincipalNames",
        "servicePrincipalType",
        "tags",
        "appOwnerOrganizationId",
    ),
    "oauth2PermissionGrants": ("clientId", "resourceId", "principalId", "consentType"),
    "appRoleAssignments": ("principalId", "resourceId", "appRoleId", "principalDisplayName"),
    "federatedIdentityCredentials": ("_parent", "name"),
    "users": ("userPrincipalName", "displayName", "mail", "_signInNames"),
    "groups": ("displayName", "mail", "mailNickname"),
    "policies": ("_base",),
    "keySets": (),
    "b2cUserFlows": (),
    "userFlowAttributes": (),
    "identityProviders": (),
}

TABLES = """
CREATE TABLE IF NOT EXISTS tenants (
  seq INTEGER PRIMARY KEY, id TEXT UNIQUE, domain TEXT UNIQUE, kind TEXT);
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT, collection TEXT, id TEXT,
  state INTEGER, body TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS objects_id ON objects (tenant, collection, id);
CREATE INDEX IF NOT EXISTS objects_list ON objects (tenant, collection, state, seq);
CREATE TABLE IF NOT EXISTS keys (
  collection TEXT, name TEXT, value TEXT, tenant TEXT, seq INTEGER,
  PRIMARY KEY (collection, name, value, tenant, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lags (
  tenant TEXT, collection TEXT, id TEXT, seq INTEGER, remaining INTEGER,
  body TEXT, state INTEGER, PRIMARY KEY (tenant, collection, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (
  tenant TEXT, source TEXT, target TEXT, PRIMARY KEY (tenant, source, target)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (
  tenant TEXT, name TEXT, value INTEGER, PRIMARY KEY (tenant, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (
  tenant TEXT, key_id TEXT, salt BLOB, digest BLOB, PRIMARY KEY (tenant, key_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token_lags (
  tenant TEXT, collection TEXT, id TEXT, seq INTEGER, remaining INTEGER,
  body TEXT, state INTEGER, PRIMARY KEY (tenant, collection, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sign_in_grants (
  digest TEXT PRIMARY KEY, tenant TEXT, body TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


def values(collection: str, body: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Names and case-folded values of an object's indexed properties."""
    found: set[tuple[str, str]] = set()
    for name in INDEXED.get(collection, ()):
        value = body.get(name)
        if isinstance(value, str):
            found.add((name, value.casefold()))
        elif isinstance(value, list):
            found.update((name, str(each).casefold()) for each in value)
    return found
