from __future__ import annotations

import dataclasses
from typing import Any

import jwt
import pytest
from signin_service import (
    ADA,
    CLIENT,
    GUID,
    NAME,
    PASSWORD,
    TENANT,
    Service,
    key,
    nothing_leaked,
    ropc,
    verify_one,
)
from starlette.responses import JSONResponse

from provisioning.core.model import Secret, TenantType
from provisioning.signin.checks import Check, Flow, Outcome

WORKFORCE = dataclasses.replace(TENANT, type=TenantType.WORKFORCE)
SECRET = Secret(("fromEnv", "CLIENT_SECRET"))
WEB = "api://f2a76e08-93f2-4350-833c-965c02483b11"
CORRELATION = "1a3a36ed-b7cb-4d2a-8137-3e200fee16e6"
LOGIN = f"https://login.microsoftonline.com/{GUID}"


def entra(**changes: Any) -> Check:
    settings: dict[str, Any] = {
        "name": "auth0",
        "flow": Flow.ROPC,
        "client_id": CLIENT,
        "application": "applications.native",
        "user": ADA,
        "client_secret": SECRET,
    }
    return Check(**{**settings, **changes})


async def test_v2_sends_the_secret_and_no_response_type() -> None:
    service = Service()
    result = await verify_one(service, entra(scopes=(f"{WEB}/API.Access",)), tenant=WORKFORCE)
    assert result.passed, result.summary
    assert result.summary == "sign-in works"
    assert service.paths("POST") == [f"{LOGIN}/oauth2/v2.0/token"]
    assert list(service.forms()[0].items()) == [
        ("username", NAME),
        ("password", PASSWORD),
        ("grant_type", "password"),
        ("scope", f"{WEB}/API.Access"),
        ("client_id", CLIENT),
        ("client_secret", "client-secret-value"),
    ]
    assert nothing_leaked([result])


async def test_a_resource_asks_the_v1_endpoint() -> None:
    service = Service()
    result = await verify_one(service, entra(resource=WEB), tenant=WORKFORCE)
    assert result.passed, result.summary
    assert f"{LOGIN}/.well-known/openid-configuration" in service.paths("GET")
    assert service.paths("POST") == [f"{LOGIN}/oauth2/token"]
    assert list(service.forms()[0]) == [
        "username",
        "password",
        "grant_type",
        "resource",
        "client_id",
        "client_secret",
    ]


async def test_an_application_signs_in_as_itself() -> None:
    service = Service(access_claims={"roles": ["reader"]})
    check = entra(
        flow=Flow.CLIENT_CREDENTIALS,
        user=None,
        scopes=(f"{WEB}/.default",),
        expect={"roles": ["reader"]},
    )
    result = await verify_one(service, check, tenant=WORKFORCE)
    assert result.passed, result.summary
    assert list(service.forms()[0].items()) == [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", "client-secret-value"),
        ("scope", f"{WEB}/.default"),
    ]


async def test_an_application_without_a_secret_is_incomplete() -> None:
    check = entra(flow=Flow.CLIENT_CREDENTIALS, client_secret=None)
    result = await verify_one(Service(), check, tenant=WORKFORCE)
    assert result.diagnosis is not None
    assert result.diagnosis.path == "checks.auth0.secret"


async def test_a_token_of_another_resource_is_refused() -> None:
    service = Service(access_claims={"aud": "https://graph.microsoft.com"})
    result = await verify_one(service, entra(resource=WEB), tenant=WORKFORCE)
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "wrong-audience"


@pytest.mark.parametrize("algorithm", ["RS256", "HS256"])
async def test_graphs_own_tokens_are_opaque_but_never_weakly_signed(algorithm: str) -> None:
    def for_graph(answer: dict[str, Any]) -> dict[str, Any]:
        claims = {"aud": "00000003-0000-0000-c000-000000000000", "appid": CLIENT}
        material: Any = key("graph") if algorithm == "RS256" else "k" * 32
        headers = {"kid": "one", "nonce": "hashed"}
        token = jwt.encode(claims, material, algorithm=algorithm, headers=headers)
        return {**answer, "access_token": token}

    check = entra(scopes=("https://graph.microsoft.com/User.Read",))
    result = await verify_one(Service(rewrite=for_graph), check, tenant=WORKFORCE)
    assert result.passed is (algorithm == "RS256")
    assert bool(result.notes) is result.passed


async def test_a_token_that_only_claims_to_be_graphs_is_verified_like_any_other() -> None:
    def strange(answer: dict[str, Any]) -> dict[str, Any]:
        claims = {"aud": "https://graph.microsoft.com", "appid": CLIENT}
        headers = {"kid": "one", "nonce": "hashed"}
        token = jwt.encode(claims, key("graph"), algorithm="RS256", headers=headers)
        return {**answer, "access_token": token}

    result = await verify_one(Service(rewrite=strange), entra(resource=WEB), tenant=WORKFORCE)
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "bad-signature"
    policy = await verify_one(Service(rewrite=strange), ropc())
    assert policy.diagnosis is not None
    assert policy.diagnosis.cause == "bad-signature"


async def test_the_unsigned_id_token_of_v1_proves_nothing() -> None:
    def unsigned(answer: dict[str, Any]) -> dict[str, Any]:
        token = jwt.encode({"aud": CLIENT, "name": "Mallory"}, "", algorithm="none")
        return {**answer, "id_token": token}

    service = Service(rewrite=unsigned)
    v1 = entra(resource=WEB, scopes=("openid",))
    result = await verify_one(service, v1, tenant=WORKFORCE)
    assert result.passed, result.summary
    assert [shown.token for shown in result.claims] == ["access_token"]
    assert len(result.notes) == 1
    wanting = dataclasses.replace(v1, expect={"name": "Mallory"})
    assert not (await verify_one(service, wanting, tenant=WORKFORCE)).passed
    v2 = entra(scopes=(f"{WEB}/API.Access", "openid"))
    refused = await verify_one(service, v2, tenant=WORKFORCE)
    assert refused.diagnosis is not None
    assert refused.diagnosis.cause == "bad-algorithm"


CODES = [
    (7000218, 401, "invalid_client", "public-client-off", "applications.native.allowPublicClient"),
    (65001, 400, "invalid_grant", "consent-missing", "applications.native.permissions"),
    (50126, 400, "invalid_grant", "wrong-credentials", "checks.auth0.user"),
    (50076, 400, "interaction_required", "mfa-needed", "checks.auth0.user"),
    (50034, 400, "invalid_grant", "unknown-user", "checks.auth0.user.name"),
    (50053, 400, "invalid_grant", "account-locked", "checks.auth0.user"),
    (50055, 400, "invalid_grant", "password-expired", "checks.auth0.user.password"),
    (50057, 400, "invalid_grant", "account-disabled", "checks.auth0.user"),
    (700016, 400, "unauthorized_client", "unknown-client", "applications.native"),
    (70011, 400, "invalid_scope", "unknown-scope", "applications.native.permissions"),
    (90002, 400, "invalid_request", "unknown-tenant", "tenant"),
    (7000215, 401, "invalid_client", "wrong-client-secret", "checks.auth0.secret"),
    (7000222, 401, "invalid_client", "client-secret-expired", "applications.native.secrets"),
    (1, 400, "invalid_scope", "bad-scopes", "checks.auth0.scopes"),
    (2, 400, "something_new", "refused", None),
]


@pytest.mark.parametrize(("code", "status", "error", "cause", "path"), CODES)
async def test_entras_codes_are_told_apart(
    code: int, status: int, error: str, cause: str, path: str | None
) -> None:
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: Because. Trace ID: t Correlation ID: c Timestamp: now",
        "error_codes": [code],
        "correlation_id": CORRELATION,
    }
    service = Service(script=lambda _, form: JSONResponse(body, status) if form else None)
    result = await verify_one(service, entra(resource=WEB), tenant=WORKFORCE)
    assert result.outcome is Outcome.FAILED
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.path) == (cause, path)
    assert result.diagnosis.message.endswith(f": AADSTS{code}: Because.")
    assert result.diagnosis.correlation_id == CORRELATION
