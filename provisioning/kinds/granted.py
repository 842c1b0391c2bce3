"""Graph permissions that the kinds need, least first. Facts only.

https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from typing import Final

from provisioning.core.kind import Permission

READ_APPLICATIONS: Final = Permission(
    (
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    )
)
WRITE_APPLICATIONS: Final = Permission(
    ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Directory.ReadWrite.All")
)
READ_DIRECTORY: Final = Permission(("Directory.Read.All", "Directory.ReadWrite.All"))
"""Owners can be users, groups or service principals."""

READ_GRANTS: Final = Permission(
    (
        "Directory.Read.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.ReadWrite.All",
    )
)
WRITE_GRANTS: Final = Permission(
    ("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
)
WRITE_ASSIGNMENTS: Final = Permission(("AppRoleAssignment.ReadWrite.All",))
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
