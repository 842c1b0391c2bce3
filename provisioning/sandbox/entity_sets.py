"""The entity sets a path can name; must not read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collection:
    """An entity set: its place in contexts, its store collection, type and Graph class name."""

    name: str
    stored: str
    type: str
    title: str
    equality_only: bool = False


APPLICATIONS = Collection("applications", "applications", "application", "Application")
SERVICE_PRINCIPALS = Collection(
    "servicePrincipals", "servicePrincipals", "servicePrincipal", "ServicePrincipal"
)
GRANTS = Collection(
    "oauth2PermissionGrants",
    "oauth2PermissionGrants",
    "oAuth2PermissionGrant",
    "OAuth2PermissionGrant",
    equality_only=True,
)
ASSIGNMENTS = Collection(
    "appRoleAssignments", "appRoleAssignments", "appRoleAssignment", "AppRoleAssignment"
)
USERS = Collection("users", "users", "user", "User")
GROUPS = Collection("groups", "groups", "group", "Group")
FEDERATED = Collection(
    "federatedIdentityCredentials",
    "federatedIdentityCredentials",
    "federatedIdentityCredential",
    "FederatedIdentityCredential",
)
