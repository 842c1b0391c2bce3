"""Graph permissions that the kinds need, least first. Facts only.

https://learn.microsoft.com/graph/permissions-reference and the tables of the operations' pages,
learn.microsoft.com/graph/api/{application-list, application-post-applications,
application-list-owners, application-post-owners, application-list-federatedidentitycredentials,
serviceprincipal-list-approleassignments, oauth2permissiongrant-list, user-get, group-list}.
Directory.AccessAsUser.All is what the Azure CLI's tokens carry: all that the user may do.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.request import Permission

_OWNED: Final = ("Application.ReadWrite.OwnedBy",)
_DIRECTORY: Final = (
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Directory.AccessAsUser.All",
)

READ_APPLICATIONS: Final = Permission(
    ("Application.Read.All", *_OWNED, "Application.ReadWrite.All", *_DIRECTORY), _OWNED
)
READ_DELETED: Final = Permission(
    ("Application.Read.All", "Application.ReadWrite.All", *_DIRECTORY),
)
"""Soft-deleted applications (learn.microsoft.com/graph/api/directory-deleteditems-list)."""
WRITE_APPLICATIONS: Final = Permission(
    (
        *_OWNED,
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ),
    _OWNED,
)
READ_DIRECTORY: Final = Permission(_DIRECTORY)
"""Owners can be users, groups or service principals."""
READ_USERS: Final = Permission(
    ("User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", *_DIRECTORY)
)
READ_GROUPS: Final = Permission(
    (
        "GroupMember.Read.All",
        "GroupMember.ReadWrite.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Group.ManageProtection.All",
        "Group-NestingSupport.ReadWrite.All",
        *_DIRECTORY,
    )
)
READ_GRANTS: Final = Permission(
    (
        "Directory.Read.All",
        "DelegatedPermissionGrant.Read.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    )
)
WRITE_GRANTS: Final = Permission(
    (
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    )
)
READ_ASSIGNMENTS: Final = Permission(
    (
        "Application.Read.All",
        *_OWNED,
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        *_DIRECTORY,
    ),
    _OWNED,
)
WRITE_ASSIGNMENTS: Final = Permission(
    ("AppRoleAssignment.ReadWrite.All", "Directory.AccessAsUser.All")
)
READ_KEY_SETS: Final = Permission(
    ("TrustFrameworkKeySet.Read.All", "TrustFrameworkKeySet.ReadWrite.All")
)
WRITE_KEY_SETS: Final = Permission(("TrustFrameworkKeySet.ReadWrite.All",))
READ_POLICIES: Final = Permission(("Policy.Read.All", "Policy.ReadWrite.TrustFramework"))
WRITE_POLICIES: Final = Permission(("Policy.ReadWrite.TrustFramework",))
READ_USER_FLOWS: Final = Permission(("IdentityUserFlow.Read.All", "IdentityUserFlow.ReadWrite.All"))
WRITE_USER_FLOWS: Final = Permission(("IdentityUserFlow.ReadWrite.All",))
READ_IDENTITY_PROVIDERS: Final = Permission(
    ("IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All")
)
WRITE_IDENTITY_PROVIDERS: Final = Permission(("IdentityProvider.ReadWrite.All",))
