from __future__ import annotations

import dataclasses
from typing import Any

import jwt
import pytest
from signin_service import (
    API,
    CLIENT,
    GUID,
    POLICY,
    TENANT,
    Service,
    key,
    nothing_leaked,
    ropc,
    verify_one,
)
from starlette.requests import Request

from provisioning.signin.checks import Outcome

READ = "https://contoso.onmicrosoft.com/api/read"


async def cause(service: Service, **changes: Any) -> str:
    result = await verify_one(service, ropc(**changes))
    assert result.outcome is Outcome.FAILED
    assert nothing_leaked([result])
    assert result.diagnosis is not None
    return result.diagnosis.cause


def forged(token: str, **header: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, key("other"), algorithm="RS256", headers={"kid": "one", **header})


@pytest.mark.parametrize("name", ["id_token", "access_token"])
async def test_a_tampered_token_is_refused(name: str) -> None:
    def tampered(answer: dict[str, Any]) -> dict[str, Any]:
        head, body, signature = answer[name].split(".")
        return {**answer, name: f"{head}.{body[:-4]}AAAA.{signature}"}

    assert await cause(Service(rewrite=tampered)) in {"bad-signature", "bad-token"}


async def test_a_token_signed_with_another_key_under_our_key_id_is_refused() -> None:
    service = Service(rewrite=lambda answer: {**answer, "id_token": forged(answer["id_token"])})
    assert await cause(service) == "bad-signature"
    assert len(service.paths("GET")) == 2


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
@pytest.mark.parametrize("name", ["id_token", "access_token"])
async def test_no_algorithm_but_rs256_is_accepted(algorithm: str, name: str) -> None:
    def weakened(answer: dict[str, Any]) -> dict[str, Any]:
        claims = jwt.decode(answer[name], options={"verify_signature": False})
        secret = "" if algorithm == "none" else "k" * 32
        token = jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": "one"})
        return {**answer, name: token}

    assert await cause(Service(rewrite=weakened)) == "bad-algorithm"


async def test_a_key_rotated_between_discovery_and_validation_is_fetched_once_more() -> None:
    service = Service()

    def rotate(request: Request, _form: dict[str, str]) -> None:
        if len([url for url in service.paths() if url.endswith("/keys")]) == 2:
            service.published = ["one", "two"]

    service.script = rotate
    service.signing = "two"
    result = await verify_one(service, ropc(refresh=True))
    assert result.passed
    assert len([url for url in service.paths() if url.endswith("/keys")]) == 2


async def test_a_key_that_is_never_published_is_looked_for_twice() -> None:
    service = Service(signing="two")
    assert await cause(service) == "unknown-key"
    assert len([url for url in service.paths() if url.endswith("/keys")]) == 2


@pytest.mark.parametrize("seconds", [-240, 240])
async def test_clocks_may_be_five_minutes_apart(seconds: int) -> None:
    service = Service()
    now = int(service.time.now().timestamp()) + seconds
    service.id_claims = {"nbf": now, "iat": now, "exp": now + 1}
    assert (await verify_one(service, ropc())).passed


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"nbf": 400}, "it becomes valid 400 s from now"),
        ({"iat": 400, "nbf": None}, "it becomes valid 400 s from now"),
        ({"exp": -400}, "it expired 400 s ago"),
    ],
)
async def test_clocks_further_apart_are_told(claims: dict[str, Any], message: str) -> None:
    service = Service()
    now = int(service.time.now().timestamp())
    service.id_claims = {
        name: None if value is None else now + value for name, value in claims.items()
    }
    result = await verify_one(service, ropc())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "clock-skew"
    assert result.diagnosis.message.endswith(message)


@pytest.mark.parametrize(
    ("id_claims", "access_claims", "expected"),
    [
        ({"iss": f"https://evil.example/{GUID}/v2.0/"}, {}, "wrong-issuer"),
        ({"iss": None}, {}, "bad-token"),
        ({"exp": None}, {}, "bad-token"),
        ({"exp": "later"}, {}, "bad-token"),
        ({"aud": API}, {}, "wrong-audience"),
        ({"aud": None}, {}, "bad-token"),
        ({"acr": "b2c_1a_other"}, {}, "wrong-policy"),
        ({"acr": None}, {}, "no-policy-claim"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, {}, "wrong-at-hash"),
        ({}, {"aud": API}, "wrong-audience"),
        ({}, {"azp": API}, "wrong-client"),
        ({}, {"azp": None}, "wrong-client"),
        ({}, {"tfp": "B2C_1A_Other"}, "wrong-policy"),
        ({}, {"iss": f"https://sts.windows.net/{GUID}/"}, "wrong-issuer"),
    ],
)
async def test_a_genuine_token_for_somebody_else_is_refused(
    id_claims: dict[str, Any], access_claims: dict[str, Any], expected: str
) -> None:
    service = Service(id_claims=id_claims, access_claims=access_claims)
    assert await cause(service) == expected


async def test_the_policy_may_stand_in_tfp_in_any_case() -> None:
    service = Service(policy_claim="tfp", id_claims={"tfp": POLICY.upper()})
    assert (await verify_one(service, ropc(expect={"tfp": POLICY}))).passed


async def test_a_discovery_of_another_tenant_is_refused() -> None:
    other = "11111111-2222-3333-4444-555555555555"
    result = await verify_one(Service(), ropc(), tenant=dataclasses.replace(TENANT, id=other))
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "wrong-issuer"


async def test_an_access_token_for_an_api_names_its_scope() -> None:
    check = {"scopes": ("openid", READ), "audiences": (API,)}
    service = Service()
    result = await verify_one(service, ropc(**check))
    assert result.passed
    assert service.forms()[0]["scope"] == f"openid {READ}"
    assert result.claims[1].claims["scp"] == "read"
    service.granted = ()
    refused = await verify_one(service, ropc(**check))
    assert refused.diagnosis is not None
    assert refused.diagnosis.cause == "missing-scope"
    assert refused.diagnosis.path == "applications.app.permissions"


async def test_an_api_whose_audience_nobody_named_is_not_taken_on_trust() -> None:
    assert await cause(Service(), scopes=("openid", READ)) == "wrong-audience"
    named = ropc(scopes=("openid", READ), expect={"aud": API})
    assert (await verify_one(Service(), named)).passed


@pytest.mark.parametrize(
    ("expect", "path"),
    [
        ({"name": "Grace"}, "checks.sign_in.expect.name"),
        ({"email": "ada@example.com"}, "customPolicies.files"),
        ({"name": None}, "checks.sign_in.expect.name"),
        ({"newUser": 1}, "checks.sign_in.expect.newUser"),
    ],
)
async def test_an_expected_claim_that_differs_fails_the_check(
    expect: dict[str, Any], path: str
) -> None:
    result = await verify_one(Service(id_claims={"newUser": True}), ropc(expect=expect))
    assert result.outcome is Outcome.FAILED
    assert result.diagnosis is not None
    assert result.diagnosis.path == path
    assert result.claims[0].claims["name"] == "Ada"


async def test_expected_claims_may_stand_in_either_token() -> None:
    expect = {"acr": POLICY, "azp": CLIENT, "name": "Ada", "emails": ["a@b.c"], "absent": None}
    result = await verify_one(Service(id_claims={"emails": ["a@b.c"]}), ropc(expect=expect))
    assert result.passed


async def test_a_refreshed_token_of_another_person_is_refused() -> None:
    service = Service()
    people = iter(["one", "two"])

    def changing(request: Request, _form: dict[str, str]) -> None:
        if request.method == "POST":
            service.id_claims = {"oid": next(people)}

    service.script = changing
    assert await cause(service, refresh=True) == "other-subject"
