"""Unmodified clients at Microsoft's own hosts: `program BOX CLIENT_ID`, inside `public_hosts.run`.

Serves the sandbox at port 443 and prints as JSON what MSAL and the command line made of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from served import served

from provisioning import cli
from provisioning.cli import invitation
from provisioning.sandbox import Sandbox, tls

TENANT = "contoso.onmicrosoft.com"
POLICY = f"https://contoso.b2clogin.com/{TENANT}/B2C_1A_ROPC_Auth"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
GRAPH = "https://graph.microsoft.com/.default"


def people(client_id: str) -> dict[str, Any]:
    """The password grant and its refresh token, at a policy."""
    import msal  # type: ignore[import-untyped]

    application = msal.PublicClientApplication(client_id, authority=POLICY)
    found = application.acquire_token_by_username_password(
        os.environ["TEST_USER"], os.environ["TEST_PASSWORD"], [client_id]
    )
    asked = application.acquire_token_by_username_password(
        os.environ["TEST_USER"],
        os.environ["TEST_PASSWORD"],
        [client_id],
        data={"response_type": "token id_token"},
    )
    wrong = application.acquire_token_by_username_password(
        os.environ["TEST_USER"], "wrong", [client_id]
    )
    (account,) = application.get_accounts()
    again = application.acquire_token_silent_with_error([client_id], account, force_refresh=True)
    return {
        "ropc": asked.get("id_token_claims", asked),
        "bare": sorted({"access_token", "id_token", "error"} & set(found)),
        "wrong": wrong.get("error_description", wrong)[:11],
        "refreshed": sorted({"access_token", "id_token"} & set(again or {})),
    }


def clients(client_id: str) -> dict[str, Any]:
    """Client credentials at the login host; a federated credential at b2clogin."""
    import msal

    own = msal.ConfidentialClientApplication(
        os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"], authority=LOGIN
    )
    federated = msal.ConfidentialClientApplication(
        client_id, {"client_assertion": "e30.e30.x"}, authority=POLICY
    )
    refused = federated.acquire_token_by_authorization_code("code", [client_id])
    return {
        "client": own.acquire_token_for_client([GRAPH]).get("token_type"),
        "federated": refused["error_description"][:11],
    }


def product() -> list[int]:
    """The command line without an endpoint of ours."""
    codes = []
    for line in ("plan . --auth client-secret --detailed-exitcode", "verify . --auth default"):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            codes.append(cli.main(line.split()))
        if codes[-1]:
            sys.stderr.write(out.getvalue())
    return codes


def main(folder: str, client_id: str) -> None:
    """Serve, ask, print."""
    place = Path(folder) / "tls"
    with (
        contextlib.closing(Sandbox(Path(folder))) as box,
        served(box, place, port=443) as url,
    ):
        led = invitation.of(box, url, tls.files(place))
        variables = {**led.environment, **dict(led.tenants[0][1])}
        ours = ("PROVISIONING_", "AZURE_AUTHORITY_HOST")
        os.environ |= {k: v for k, v in variables.items() if not k.startswith(ours)}
        told = {**people(client_id), **clients(client_id), "product": product()}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
