"""Client credentials at a B2C policy: azure-docs client-credentials-grant-flow.md."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_framework import changed
from sandbox_sign_in import BASE, HOST, POLICY, Stage, number, stage
from sandbox_world import DOMAIN, ROLE_ID, role

URI = f"https://{DOMAIN}/daemon-api"


async def prepared(s: Stage, *, assigned: bool = True) -> dict[str, Any]:
    """An API with a role, the web application's secret, and the article's request."""
    api = await s.world.application(
        displayName="Daemon API", identifierUris=[URI], appRoles=[role(value="app.read")]
    )
    resource = (await s.world.principal(api))["id"]
    client = s.apps["web"]
    if assigned:
        body = {
            "principalId": client["servicePrincipal"],
            "resourceId": resource,
            "appRoleId": ROLE_ID,
        }
        url = f"/servicePrincipals/{client['servicePrincipal']}/appRoleAssignments"
        assert (await s.web.post(url, json=body)).status_code == 201
    made = await s.web.post(f"/applications/{client['id']}/addPassword", json={})
    return {
        "grant_type": "client_credentials",
        "client_id": client["appId"],
        "client_secret": made.json()["secretText"],
        "scope": f"{URI}/.default",
    }


async def test_an_application_signs_in_as_itself_at_any_custom_policy() -> None:
    async with stage() as s:
        form = await prepared(s)
        answer = await s.ask(**form)
        claims = await s.claims(answer.json()["access_token"])
        resource = answer.json()["resource"]
        tenant, principal = s.world.tenant.id, s.apps["web"]["servicePrincipal"]
    assert sorted(answer.json()) == [
        "access_token",
        "expires_in",
        "expires_on",
        "not_before",
        "resource",
        "token_type",
    ]
    assert answer.json()["expires_in"] == 3600
    assert claims == {
        "iss": f"{HOST}/{tenant}/v2.0/",
        "aud": resource,
        "azp": form["client_id"],
        "sub": principal,
        "scp": "app.read",
        "exp": 1772370000,
        "nbf": 1772366400,
        "iat": 1772366400,
        "ver": "1.0",
    }


async def test_a_user_flow_of_any_type_serves_an_application() -> None:
    async with stage() as s:
        flow = {"id": "Susi", "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 3}
        s.world.box.seed(s.world.tenant.id, "b2cUserFlows", [flow])
        answer = await s.ask("B2C_1_Susi", **await prepared(s))
        claims = await s.claims(answer.json()["access_token"], "B2C_1_Susi")
    assert claims["scp"] == "app.read"


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"client_secret": None}, "invalid_request", "AADB2C90079"),
        ({"client_secret": "wrong"}, "invalid_client", "AADB2C90081"),
        ({"scope": None}, "invalid_request", "AADB2C90010"),
        ({"scope": "openid"}, "invalid_request", "AADB2C90055"),
        ({"scope": f"{URI}/app.read"}, "invalid_request", "AADB2C90117"),
        ({"scope": "https://a.test/.default"}, "invalid_request", "AADB2C90117"),
        ({"scope": f"{URI}/.default https://a.test/.default"}, "invalid_request", "AADB2C90146"),
    ],
)
async def test_what_the_request_lacks_has_its_number(
    changes: dict[str, Any], error: str, code: str
) -> None:
    async with stage() as s:
        answer = await s.ask(**(await prepared(s) | changes))
    assert number(answer) == (400, error, code)


async def test_a_role_must_be_assigned() -> None:
    async with stage() as s:
        answer = await s.ask(**await prepared(s, assigned=False))
    assert number(answer) == (400, "invalid_request", "AADB2C90205")


async def test_a_journey_for_client_credentials_is_not_interpreted() -> None:
    item = '<Item Key="SendTokenResponseBodyWithJsonNumbers">'
    own = '<Item Key="ClientCredentialsUserJourneyId">Password</Item>'
    async with stage() as s:
        form = await prepared(s)
        s.store_again(changed(BASE, item, own + item))
        answer = await s.ask(POLICY, **form)
    assert answer.status_code == 501
    assert "the client credentials journey Password" in answer.text
