"""Client credentials at a B2C policy: what an application may ask for as itself.

Every user flow and custom policy offers it (P client-credentials-grant-flow.md). Which number goes
with a scope that is no `.default`, and with an API that gave no role, is unverified.
"""

from __future__ import annotations

from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.clients import Scopes
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record

_DEFAULT = "/.default"


def principal(standing: Standing, application: Record) -> Record:
    """The service principal of the client, which is the token's subject.

    Raises:
        B2CError: 90018 without one.
    """
    client = application.body["appId"]
    found = standing.first("servicePrincipals", "appId", client)
    if found is None:
        raise B2CError("90018", client, standing.tenant.domain)
    return found


def scopes(standing: Standing, client: Record, text: str | None) -> Scopes:
    """The API behind `URI/.default` and the application roles that its `scp` will list.

    Raises:
        B2CError: 90010, 90146, 90055, 90117, 90205.
    """
    asked = (text or "").split()
    if not asked:
        raise B2CError("90010")
    if len(asked) > 1:
        raise B2CError("90146", text)
    uri = asked[0].removesuffix(_DEFAULT)
    if uri == asked[0]:
        raise B2CError("90055" if "/" not in uri else "90117", text)
    api = standing.first("servicePrincipals", "servicePrincipalNames", uri)
    if api is None:
        raise B2CError("90117", text)
    roles = {
        each["id"]: each["value"]
        for each in api.body["appRoles"]
        if each["isEnabled"] and "Application" in each["allowedMemberTypes"]
    }
    assigned = standing.find("appRoleAssignments", "principalId", client.id)
    held = [
        roles[each.body["appRoleId"]]
        for each in assigned
        if each.body["resourceId"] == api.id and each.body["appRoleId"] in roles
    ]
    if not held:
        raise B2CError("90205")
    return Scopes(asked[0], False, False, str(api.body["appId"]), tuple(dict.fromkeys(held)))
