"""Which permission each operation asks for; must not look at objects.

Sources: DEVX permissions.json and the permission tables of the pages
G:v1/api/{application,serviceprincipal,oauth2permissiongrant,domain,organization}-*.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.sandbox import errors
from provisioning.sandbox.call import Call

_DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
_OWNED = "Application.ReadWrite.OwnedBy"


@dataclass(frozen=True, slots=True)
class Access:
    """Any one of `any_of`, or `owned` for objects one owns; and any one of `also`."""

    any_of: frozenset[str]
    delegated: frozenset[str] = frozenset()
    owned: bool = False
    also: frozenset[str] = frozenset()
    b2c: bool = False
    """Refused in the words of the B2C service instead of the directory's."""


APPLICATION_READ = Access(
    _DIRECTORY | {"Application.Read.All", "Application.ReadWrite.All", _OWNED}
)
APPLICATION_WRITE = Access(frozenset({"Application.ReadWrite.All"}), owned=True)
APPLICATION_CREATE = Access(
    frozenset({"Application.ReadWrite.All", "AppRegistration.Create"}), owned=True
)
OWNER_ADD = Access(frozenset({"Application.ReadWrite.All"}), owned=True, also=_DIRECTORY)
GRANT_READ = Access(
    _DIRECTORY | {"DelegatedPermissionGrant.Read.All", "DelegatedPermissionGrant.ReadWrite.All"}
)
GRANT_WRITE = Access(
    frozenset({"DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"})
)
ASSIGNMENT_READ = Access(
    _DIRECTORY
    | {"Application.Read.All", "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}
)
ASSIGNMENT_WRITE = Access(
    frozenset({"AppRoleAssignment.ReadWrite.All"}),
    also=_DIRECTORY | {"Application.Read.All", "Application.ReadWrite.All"},
)
ORGANIZATION_READ = Access(
    _DIRECTORY | {"Organization.Read.All", "Organization.ReadWrite.All"},
    delegated=frozenset({"User.Read"}),
)
DOMAIN_READ = Access(_DIRECTORY | {"Domain.Read.All", "Domain.ReadWrite.All"})
USER_READ = Access(_DIRECTORY | {"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All"})
ME_READ = Access(
    _DIRECTORY | {"User.Read.All", "User.ReadWrite.All"}, delegated=frozenset({"User.Read"})
)
GROUP_READ = Access(_DIRECTORY | {"Group.Read.All", "GroupMember.Read.All", "Group.ReadWrite.All"})
OBJECT_READ = Access(
    _DIRECTORY | {"Application.Read.All", "Application.ReadWrite.All", "User.Read.All"}
)
_POLICY, _KEY_SET = "Policy.ReadWrite.TrustFramework", "TrustFrameworkKeySet.ReadWrite.All"
_FLOW, _PROVIDER = "IdentityUserFlow.ReadWrite.All", "IdentityProvider.ReadWrite.All"
POLICY_READ = Access(frozenset({"Policy.Read.All", _POLICY}), b2c=True)
POLICY_WRITE = Access(frozenset({_POLICY}), b2c=True)
KEY_SET_READ = Access(frozenset({"TrustFrameworkKeySet.Read.All", _KEY_SET}), b2c=True)
KEY_SET_WRITE = Access(frozenset({_KEY_SET}), b2c=True)
FLOW_READ = Access(frozenset({"IdentityUserFlow.Read.All", _FLOW}), b2c=True)
FLOW_WRITE = Access(frozenset({_FLOW}), b2c=True)
PROVIDER_READ = Access(frozenset({"IdentityProvider.Read.All", _PROVIDER}), b2c=True)
PROVIDER_WRITE = Access(frozenset({_PROVIDER}), b2c=True)
READ_BY_CAST = {"users": USER_READ, "groups": GROUP_READ}


def authorize(call: Call, access: Access) -> None:
    """Admit the caller or refuse.

    Raises:
        GraphError: 403 Authorization_RequestDenied.
    """
    held = call.caller.scopes if call.caller.is_user else call.caller.roles
    if access.b2c and not held & access.any_of:
        raise _b2c_denied(call, access)
    if access.also and not held & access.also:
        raise errors.denied()
    if held & access.any_of or (call.caller.is_user and held & access.delegated):
        return
    if access.owned and _OWNED in held:
        call.owned_only = True
        return
    raise errors.denied()


def _b2c_denied(call: Call, access: Access) -> errors.GraphError:
    """403 with the trailing space (azure-ad-b2c/samples#349); for users' tokens unverified."""
    kind = "delegated" if call.caller.is_user else "application"
    wanted = ", ".join(sorted(access.any_of))
    return errors.GraphError(
        403,
        "AADB2C",
        f"The application does not have any of the required {kind} permissions ({wanted}) to "
        "access the resource. ",
    )
