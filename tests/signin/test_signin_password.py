from __future__ import annotations

import json

import pytest
from signin_service import (
    API,
    CLIENT,
    GUID,
    NAME,
    PASSWORD,
    POLICY,
    Service,
    nothing_leaked,
    refusal,
    ropc,
    verify,
    verify_one,
)
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from provisioning.core.model import Secret
from provisioning.core.report import Event
from provisioning.signin.checks import Outcome, Stamp, User, to_json

BASE = f"https://contoso.b2clogin.com/contoso.onmicrosoft.com/{POLICY}"
WRONG = User(Secret(("fromEnv", "TEST_USER")), Secret(("fromEnv", "WRONG")))


async def test_the_password_request_is_the_articles_own() -> None:
    service = Service()
    result = await verify_one(service, ropc())
    assert result.outcome is Outcome.PASSED
    assert service.paths("POST") == [f"{BASE}/oauth2/v2.0/token"]
    assert list(service.forms()[0].items()) == [
        ("username", NAME),
        ("password", PASSWORD),
        ("grant_type", "password"),
        ("scope", f"openid {CLIENT} offline_access"),
        ("client_id", CLIENT),
        ("response_type", "token id_token"),
    ]
    assert result.summary == "sign-in works; policy version not proven"
    assert result.expires_in == 3600
    assert result.requests == 3


async def test_the_refresh_request_is_the_articles_own() -> None:
    service = Service()
    result = await verify_one(service, ropc(refresh=True))
    assert result.passed
    assert list(service.forms()[1].items()) == [
        ("grant_type", "refresh_token"),
        ("response_type", "id_token"),
        ("client_id", CLIENT),
        ("resource", CLIENT),
        ("refresh_token", "jwe.refresh.1"),
    ]
    assert [shown.token for shown in result.claims] == [
        "id_token",
        "access_token",
        "id_token (refreshed)",
        "access_token (refreshed)",
    ]


async def test_claims_are_shown_and_tokens_never() -> None:
    service = Service(id_claims={"idp_access_token": "opaque", "note": f"x {PASSWORD} y"})
    service.id_claims["nested"] = {"jwt": "eyJhbGciOiJub25lIn0.e30."}
    result = await verify_one(service, ropc(refresh=True))
    claims = result.claims[0].claims
    assert claims["name"] == "Ada"
    assert claims["idp_access_token"] == "(sensitive)"
    assert claims["note"] == "x (sensitive) y"
    assert claims["nested"] == {"jwt": "(sensitive)"}
    assert result.asked[0].method == "POST"
    assert dict(result.asked[0].fields)["password"] == "(sensitive)"
    assert nothing_leaked([result], json.dumps(to_json(result)))


async def test_the_json_form_tells_the_whole_result() -> None:
    result = await verify_one(Service(), ropc(user=WRONG))
    document = to_json(result)
    assert document["outcome"] == "failed"
    assert document["error"] == {
        "cause": "wrong-credentials",
        "message": "wrong user name or password, or no such local account: "
        "AADB2C90225: The username or password is wrong.",
        "remedy": "correct the check's user name or password; when they are right, compare the "
        "Identity Experience Framework applications with the policy's login technical profiles",
        "path": "checks.sign_in.user",
        "code": "AADB2C90225",
        "status": 400,
        "correlationId": "00000000-0000-0000-0000-000000000007",
    }
    assert json.loads(json.dumps(document)) == document
    assert nothing_leaked([result])


async def test_a_wrong_password_is_not_tried_again_within_the_deadline() -> None:
    service = Service()
    result = await verify_one(service, ropc(user=WRONG), deadline=300.0)
    assert (result.outcome, result.attempts, service.time.slept) == (Outcome.FAILED, 1, [])


@pytest.mark.parametrize(
    ("error", "code", "cause", "path"),
    [
        ("unauthorized_client", "90057", "implicit-flow-off", "oauth2AllowImplicitFlow"),
        ("unauthorized_client", "90224", "public-client-off", "allowPublicClient"),
        ("invalid_request", "90007", "redirect-uri-not-registered", "publicClient.redirectUris"),
        ("invalid_request", "90117", "unknown-scope", "permissions"),
    ],
)
async def test_a_refusal_names_the_line_of_the_application_that_mends_it(
    error: str, code: str, cause: str, path: str
) -> None:
    service = Service(script=lambda _, form: refusal(error, f"AADB2C{code}") if form else None)
    result = await verify_one(service, ropc())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == cause
    assert result.diagnosis.path == f"applications.app.{path}"
    assert result.outcome is Outcome.FAILED


B2C = [
    ("90225", "wrong-credentials", False),
    ("90111", "account-locked", False),
    ("90114", "account-locked", False),
    ("90057", "implicit-flow-off", True),
    ("90058", "public-client-off", True),
    ("90224", "public-client-off", True),
    ("90248", "wrong-kind-of-application", False),
    ("90068", "wrong-kind-of-application", False),
    ("90018", "unknown-client", True),
    ("90010", "bad-scopes", False),
    ("90055", "bad-scopes", False),
    ("90146", "bad-scopes", False),
    ("90117", "unknown-scope", True),
    ("90205", "consent-missing", True),
    ("90086", "grant-not-offered", False),
    ("90007", "redirect-uri-not-registered", True),
    ("90080", "refresh-token-expired", False),
    ("90129", "grant-revoked", False),
    ("90128", "grant-revoked", False),
    ("90088", "foreign-grant", False),
    ("90279", "foreign-grant", False),
    ("90085", "internal-error", False),
    ("90090", "signing-key-missing", True),
    ("90284", "identity-experience-framework-broken", True),
    ("90285", "identity-experience-framework-broken", True),
    ("90081", "wrong-client-secret", True),
    ("90079", "client-secret-needed", False),
    ("90084", "client-secret-unwanted", False),
    ("90182", "pkce-refused", False),
    ("99027", "federated-credential-refused", False),
    ("90244", "throttled", True),
]


@pytest.mark.parametrize(("code", "cause", "waits"), B2C)
async def test_b2cs_codes_are_told_apart_and_only_fresh_changes_are_awaited(
    code: str, cause: str, waits: bool
) -> None:
    service = Service(script=lambda _, form: refusal("e", f"AADB2C{code}") if form else None)
    result = await verify_one(service, ropc(), deadline=5.0)
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.code) == (cause, f"AADB2C{code}")
    assert result.outcome is (Outcome.NOT_YET if waits else Outcome.FAILED)
    assert "{" not in str(result.diagnosis.path)


async def test_logs_hold_no_secret_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    results = await verify(Service(), ropc(refresh=True), ropc(name="wrong", user=WRONG))
    assert nothing_leaked(results, caplog.text)
    assert "HTTP Request" in caplog.text


async def test_a_client_that_the_tenant_does_not_know_is_told_apart() -> None:
    result = await verify_one(Service(), ropc(client_id=API))
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.path) == ("unknown-client", "applications.app")


async def test_a_policy_that_answers_404_with_a_page_is_unknown() -> None:
    result = await verify_one(Service(), ropc(policy="B2C_1A_Other"))
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "unknown-policy"
    assert result.diagnosis.path == "customPolicies.files"
    flow = await verify_one(Service(), ropc(policy="B2C_1_Other"))
    assert flow.diagnosis is not None
    assert flow.diagnosis.path == "userFlows.Other"


async def test_a_refresh_token_of_another_policy_is_told_apart() -> None:
    service = Service(response={"refresh_token": "jwe.foreign"})
    result = await verify_one(service, ropc(refresh=True))
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.code) == ("foreign-grant", "AADB2C90088")


async def test_no_refresh_token_points_at_the_scopes() -> None:
    result = await verify_one(Service(), ropc(refresh=True, scopes=("openid",)))
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.path) == (
        "no-refresh-token",
        "checks.sign_in.scopes",
    )


async def test_a_page_with_success_is_no_success() -> None:
    service = Service(script=lambda _, form: HTMLResponse("<html>Hi</html>") if form else None)
    result = await verify_one(service, ropc(), deadline=60.0)
    assert result.outcome is Outcome.FAILED
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "page-instead-of-token"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"token_type": "Bearer", "expires_in": 5}, "unreadable-answer"),
        ([], "unreadable-answer"),
        ({"error": "access_denied"}, "refused"),
        ({"access_token": 7, "token_type": "Bearer"}, "unreadable-answer"),
        ({"access_token": "a.b.c", "token_type": "mac"}, "unreadable-answer"),
        ({"access_token": "a.b.c", "token_type": "Bearer"}, "no-id-token"),
        ({"access_token": "a.b", "id_token": "a", "token_type": "Bearer"}, "bad-token"),
    ],
)
async def test_a_200_without_proper_tokens_is_no_success(answer: object, cause: str) -> None:
    service = Service(script=lambda _, form: JSONResponse(answer) if form else None)
    result = await verify_one(service, ropc())
    assert result.outcome is Outcome.FAILED
    assert result.diagnosis is not None
    assert result.diagnosis.cause == cause


@pytest.mark.parametrize(("sent", "read"), [("3600", 3600), (3599, 3599)])
async def test_expires_in_is_text_or_a_number(sent: object, read: int) -> None:
    result = await verify_one(Service(response={"expires_in": sent}), ropc())
    assert result.expires_in == read


@pytest.mark.parametrize("sent", ["soon", -1, True, 1.5, "²"])
async def test_an_expires_in_of_another_form_is_refused(sent: object) -> None:
    result = await verify_one(Service(response={"expires_in": sent}), ropc())
    assert result.summary.endswith("expires_in is no number of seconds")


@pytest.mark.parametrize("only", ["token", "openid-configuration", "keys"])
async def test_a_redirect_to_another_host_is_not_followed(only: str) -> None:
    elsewhere = RedirectResponse("https://evil.example/token?x=1", 307)
    service = Service(
        script=lambda request, _: elsewhere if request.url.path.endswith(only) else None
    )
    result = await verify_one(service, ropc())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "foreign-redirect"
    assert result.diagnosis.message.endswith("from contoso.b2clogin.com to evil.example")
    assert not any("evil" in url for url in service.paths())


async def test_keys_announced_at_another_host_are_not_fetched() -> None:
    strange = {"issuer": f"https://contoso.b2clogin.com/{GUID}/v2.0/"}
    strange["jwks_uri"] = "https://evil.example/keys"
    service = Service(
        script=lambda request, _: (
            JSONResponse(strange) if "well-known" in str(request.url) else None
        )
    )
    result = await verify_one(service, ropc())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "foreign-redirect"
    assert not any("evil" in url for url in service.paths())


async def test_a_secret_that_cannot_be_read_names_its_source() -> None:
    missing = User(Secret(("fromEnv", "TEST_USER")), Secret(("fromEnv", "NOWHERE")))
    result = await verify_one(Service(), ropc(user=missing))
    assert result.diagnosis is not None
    assert result.diagnosis.path == "checks.sign_in.user.password"
    assert "NOWHERE" in result.diagnosis.message


async def test_a_service_that_echoes_the_password_does_not_get_it_shown() -> None:
    echo = refusal("access_denied", "AADB2C90225", "not-the-password eyJh.eyJi.c is wrong")
    service = Service(script=lambda _, form: echo if form else None)
    result = await verify_one(service, ropc(user=WRONG))
    assert "AADB2C90225: (sensitive) (sensitive) is wrong" in result.summary
    assert nothing_leaked([result])


async def test_what_a_change_explains_is_awaited_visibly() -> None:
    service = Service()
    refusals = iter([True] * 3)

    def not_yet(_request: object, form: dict[str, str]) -> object:
        late = form.get("grant_type") == "password" and next(refusals, False)
        return refusal("unauthorized_client", "AADB2C90057") if late else None

    service.script = not_yet  # type: ignore[assignment]
    events: list[Event] = []
    result = await verify_one(service, ropc(), deadline=300.0, events=events)
    assert (result.outcome, result.attempts, service.time.slept) == (Outcome.PASSED, 4, [1, 2, 4])
    assert [event.text for event in events] == [
        "sign_in: not yet (implicit-flow-off); again in 1 s, 300 s until the deadline",
        "sign_in: not yet (implicit-flow-off); again in 2 s, 299 s until the deadline",
        "sign_in: not yet (implicit-flow-off); again in 4 s, 297 s until the deadline",
        "sign_in: passed",
    ]
    assert result.requests == 6


async def test_the_deadline_ends_the_waiting() -> None:
    service = Service()
    result = await verify_one(service, ropc(policy="B2C_1A_New"), deadline=20.0)
    assert (result.outcome, service.time.elapsed) == (Outcome.NOT_YET, 20.0)
    assert result.seconds == 20.0


async def test_throttling_waits_as_long_as_it_is_told() -> None:
    service = Service()
    busy = [JSONResponse({}, 429, {"Retry-After": "30"})]
    service.script = lambda _, form: busy.pop() if form and busy else None
    result = await verify_one(service, ropc(), deadline=300.0)
    assert (result.passed, service.time.slept) == (True, [30])


async def test_a_build_stamp_proves_the_policy_version() -> None:
    stamped = ropc(stamp=Stamp("build", "abc"))
    service = Service(id_claims={"build": "abc"})
    assert (await verify_one(service, stamped)).summary == "sign-in works; policy version proven"
    service.id_claims["build"] = "old"
    result = await verify_one(service, stamped, deadline=10.0)
    assert result.outcome is Outcome.NOT_YET
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "old-policy-version"


async def test_with_a_proven_version_a_wrong_claim_fails_at_once() -> None:
    check = ropc(stamp=Stamp("build", "abc"), expect={"name": "Grace"})
    service = Service(id_claims={"build": "abc"})
    assert (await verify_one(service, check, deadline=60.0)).outcome is Outcome.FAILED
    assert service.time.slept == []


async def test_independent_checks_share_keys_and_run_side_by_side() -> None:
    service = Service()
    checks = [ropc(name=f"sign_in_{n}", refresh=True) for n in range(8)]
    results = await verify(service, *checks, slow=True)
    assert [result.check for result in results] == [check.name for check in checks]
    assert all(result.passed for result in results)
    assert service.time.elapsed == pytest.approx(0.2)
    assert len(service.paths("GET")) == 2
    assert sum(result.requests for result in results) == 18
