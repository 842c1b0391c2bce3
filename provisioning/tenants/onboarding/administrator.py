"""Whether the person who onboards a tenant holds the directory roles for it. Pure.

Graph's access tokens name the directory roles of a person in `wids`, as template ids
(learn.microsoft.com/entra/identity-platform/access-token-claims-reference). Who may consent to
Graph's application permissions, under learn.microsoft.com/entra/identity:
enterprise-apps/grant-admin-consent; the ids: role-based-access-control/permissions-reference.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.errors import RefusedError
from provisioning.core.model import Principal

GLOBAL: Final = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE: Final = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION: Final = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION: Final = "158c047a-c907-4556-b7ef-446551a6b5f7"

_APPLICATIONS: Final = frozenset({APPLICATION, CLOUD_APPLICATION})


def check(principal: Principal, *, consent: bool) -> str:
    """Return what could not be told, empty when all is well.

    An application's own permissions are checked before the first write; roles are a person's.
    Raises RefusedError when the token tells roles and they are not enough.
    """
    if principal.scopes is None:
        return ""
    held = principal.directory_roles
    if held is None:
        return (
            "The token does not tell your directory roles; without Global Administrator Graph "
            "may refuse in the middle. Running again then goes on from there."
        )
    if GLOBAL in held or (held & _APPLICATIONS and (not consent or PRIVILEGED_ROLE in held)):
        return ""
    who = principal.name or "the signed-in account"
    if consent:
        message = f"{who} may not consent to application permissions of Microsoft Graph"
        remedy = (
            "sign in as Global Administrator, or as Privileged Role Administrator who is "
            "Application Administrator too; or leave the consent to one with --no-consent"
        )
    else:
        message = f"{who} may not register applications for others"
        remedy = "sign in as Application Administrator, or as Global Administrator"
    raise RefusedError(message, remedy=remedy)
