"""Permissions that lead to control over a tenant, each with its risk. Facts only.

learn.microsoft.com/graph/permissions-reference (the cautions there) and
learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

TIER_ZERO: Final = MappingProxyType(
    {
        "Application.ReadWrite.All": "can add a secret to any application of the tenant and act as "
        "it, with all that it may do",
        "Application.ReadWrite.OwnedBy": "can add a secret to the applications that it owns and "
        "act as them, with all that they may do",
        "AppRoleAssignment.ReadWrite.All": "can grant any application permission to any "
        "application, itself included, up to making administrators",
        "DelegatedPermissionGrant.ReadWrite.All": "can consent for every user, so that an "
        "application acts as an administrator who signs in to it",
        "Directory.ReadWrite.All": "can change almost everything in the directory",
        "IdentityProvider.ReadWrite.All": "can send users of a sign-in page to a provider that "
        "vouches for anybody",
        "Policy.ReadWrite.TrustFramework": "can rewrite the sign-in journeys, and so sign in as "
        "any user or collect passwords",
        "RoleManagement.ReadWrite.Directory": "can make anybody Global Administrator",
        "TrustFrameworkKeySet.ReadWrite.All": "can replace the keys that sign tokens, and so "
        "forge them for every application",
    }
)


def named(permissions: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (permission, risk) of those that are of tier 0, in the order given."""
    return tuple((name, TIER_ZERO[name]) for name in permissions if name in TIER_ZERO)
