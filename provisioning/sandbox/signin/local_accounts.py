"""Signing a local account in at the tenant's own directory; must not know claims or journeys.

This is what a profile such as `login-NonInteractive` does: the password grant of the directory's
first endpoint, with the proxy application as client and the framework's application as resource
(P tutorial-create-user-flows, custom-policy part).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import accounts
from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record


class RefusedError(Exception):
    """The directory refused; `number` as in AADSTS50126, 50034, 50053, 50057, 50055, 7000218."""

    def __init__(self, number: int) -> None:
        super().__init__(f"AADSTS{number}")
        self.number = number


def sign_in(
    standing: Standing, sent: Mapping[str, str], id_token_audience: str | None
) -> dict[str, Any]:
    """The claims of the directory's ID token.

    Args:
        standing: the tenant.
        sent: username, password, client_id, resource, grant_type, scope, nca.
        id_token_audience: metadata IdTokenAudience, where the profile names it.

    Raises:
        B2CError: AADB2C90285 or 90284, where one of the two applications or its consent is
            missing (PERR; that these are what the endpoint says is unverified).
        RefusedError: everything else. An application of token version 2 gives the
            same picture as a wrong password (starterpack#22), as does a wrong audience
            (starterpack#72, samples#638).
    """
    client, resource = sent.get("client_id", ""), sent.get("resource", "")
    proxy, framework = _application(standing, client), _application(standing, resource)
    proxy_principal = _principal(standing, client)
    framework_principal = _principal(standing, resource)
    if not _is_granted(standing, proxy_principal.id, framework_principal.id):
        raise B2CError("90284", client)
    if sent.get("grant_type") != "password":
        raise RefusedError(70003)
    if not proxy.body.get("isFallbackPublicClient"):
        raise RefusedError(7000218)
    user = _user(standing, sent)
    if framework.body["api"].get("requestedAccessTokenVersion") == 2:
        raise RefusedError(50126)
    if id_token_audience is not None and id_token_audience != resource:
        raise RefusedError(50126)
    body = user.body
    return {
        "oid": body["id"],
        "tid": standing.tenant.id,
        "upn": body["userPrincipalName"],
        "unique_name": body["userPrincipalName"],
        "name": body["displayName"],
        "given_name": body.get("givenName"),
        "family_name": body.get("surname"),
        "aud": resource,
        "iss": f"https://sts.windows.net/{standing.tenant.id}/",
    }


def check(standing: Standing, user: Record | None, password: str) -> Record:
    """The account, if this is its password and it may sign in.

    Raises:
        RefusedError: 50034, 50053, 50126, 50057, 50055 (E:reference-error-codes.md).
    """
    if user is None:
        raise RefusedError(50034)
    state = accounts.state(user.body)
    if state == "locked":
        raise RefusedError(50053)
    if not accounts.is_password(standing.store, standing.tenant, user.id, password):
        raise RefusedError(50126)
    if state != "enabled":
        raise RefusedError(50057 if state == "disabled" else 50055)
    return user


def as_b2c(error: RefusedError, standing: Standing) -> B2CError:
    """What B2C makes of a refusal: wrong password and unknown user alike (azure-docs#43340).

    AADB2C90111 for a disabled account is the page's text for it; that the password grant says so
    is unverified. An expired password and a broken pair of applications have no number of their
    own.
    """
    if error.number == 50053:
        return B2CError(standing.options.locked_account_code.removeprefix("AADB2C"))
    return B2CError("90111" if error.number == 50057 else "90225")


def _user(standing: Standing, sent: Mapping[str, str]) -> Record:
    """The local account; without nca=1 the directory does not look there (samples#545)."""
    if sent.get("nca") != "1":
        raise RefusedError(50034)
    found = accounts.by_sign_in_name(standing.store, standing.tenant, sent.get("username", ""))
    return check(standing, found, sent.get("password", ""))


def _application(standing: Standing, app_id: str) -> Record:
    found = standing.first("applications", "appId", app_id)
    if found is None:
        raise B2CError("90285", app_id)
    return found


def _principal(standing: Standing, app_id: str) -> Record:
    found = standing.first("servicePrincipals", "appId", app_id)
    if found is None or found.body["accountEnabled"] is False:
        raise B2CError("90285", app_id)
    return found


def _is_granted(standing: Standing, client: str, resource: str) -> bool:
    grants = standing.find("oauth2PermissionGrants", "clientId", client)
    return any(
        each.body["resourceId"] == resource
        and each.body["consentType"] == "AllPrincipals"
        and "user_impersonation" in each.body["scope"].split()
        for each in grants
    )
