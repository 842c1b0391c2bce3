"""Clients of Entra's token endpoints and how they prove themselves; must not issue tokens.

Sources: E:v2-oauth2-client-creds-grant-flow.md, E:reference-error-codes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from provisioning.sandbox import client_assertions, side
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.issuers import Issuers
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record


def application(standing: Standing, app_id: str) -> Record:
    """The registered client.

    Raises:
        SignInError: 700016.
    """
    for record in standing.find("applications", "appId", app_id):
        if record.state == LIVE:
            return record
    raise SignInError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{app_id}' was not found in the directory "
        f"'{standing.tenant.domain}'. This can happen if the application has not been installed by "
        "the administrator of the tenant or consented to by any user in the tenant.",
    )


def principal(standing: Standing, app_id: str) -> Record:
    """The client's service principal.

    Raises:
        SignInError: 7000112 when it is disabled, 7000229 without one.
    """
    for record in standing.find("servicePrincipals", "appId", app_id):
        if record.state == LIVE and record.body["accountEnabled"] is False:
            raise SignInError(
                400,
                "unauthorized_client",
                7000112,
                f"Application '{app_id}'({record.body['displayName']}) is disabled.",
            )
        if record.state == LIVE:
            return record
    raise SignInError(
        400,
        "unauthorized_client",
        7000229,
        f"The client application {app_id} is missing service principal in the tenant "
        f"{standing.tenant.id}.",
    )


def authenticate(
    standing: Standing,
    application: Record,
    form: Mapping[str, str],
    root: str,
    issuers: Issuers,
) -> None:
    """Check the secret or assertion of a confidential client; `issuers` are trusted outside ones.

    Raises:
        SignInError: 7000218, 7000215, 7000222, or what an assertion is refused with.
    """
    if "client_assertion" in form:
        client_assertions.check(
            standing.store,
            standing.tenant,
            application,
            assertion=form["client_assertion"],
            audience_root=root,
            issuers=issuers,
            now=standing.now,
        )
    elif "client_secret" in form:
        _check_secret(standing, application, form["client_secret"])
    else:
        raise SignInError(
            401,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or "
            "'client_secret'.",
        )


def _check_secret(standing: Standing, application: Record, secret: str) -> None:
    app_id = application.body["appId"]
    for credential in application.body["passwordCredentials"]:
        if not side.is_secret(standing.store, standing.tenant.id, credential["keyId"], secret):
            continue
        if datetime.fromisoformat(credential["endDateTime"]) <= standing.now:
            raise SignInError(
                401,
                "invalid_client",
                7000222,
                f"The provided client secret keys for app '{app_id}' are expired. Visit the "
                "Azure portal to create new keys for your app.",
            )
        return
    raise SignInError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID, for a secret added to app "
        f"'{app_id}'.",
    )
