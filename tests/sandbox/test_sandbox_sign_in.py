"""The B2C token endpoint over custom policies: azure-docs add-ropc-policy, error-codes."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from sandbox_framework import ENCRYPTION, SIGNING, changed
from sandbox_sign_in import (
    ALICE,
    API,
    BASE,
    HOST,
    PARTY,
    PASSWORD,
    POLICY,
    number,
    stage,
)
from sandbox_world import DOMAIN

from provisioning.sandbox import Options


async def test_the_articles_request_answers_three_tokens() -> None:
    async with stage() as s:
        answer = await s.sign_in()
        body = answer.json()
        access, identity = await s.claims(body["access_token"]), await s.claims(body["id_token"])
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(body["refresh_token"].split(".")) == 5
    assert access == {
        "iss": f"{HOST}/{s.world.tenant.id}/v2.0/",
        "aud": s.client_id,
        "azp": s.client_id,
        "exp": 1772370000,
        "nbf": 1772366400,
        "iat": 1772366400,
        "ver": "1.0",
        "sub": "a subject",
        "oid": s.alice,
        "name": "Alice",
        "tid": s.world.tenant.id,
    }
    assert (identity["acr"], identity["aud"]) == ("b2c_1a_password", s.client_id)
    assert (identity["auth_time"], len(identity["at_hash"])) == (1772366400, 22)


async def test_without_a_response_type_there_is_no_id_token() -> None:
    async with stage() as s:
        bare = (await s.sign_in(response_type=None)).json()
        named = (await s.sign_in(response_type=None, client_info="1")).json()
    assert sorted(bare) == ["access_token", "expires_in", "refresh_token", "token_type"]
    known = jwt.utils.base64url_decode(named["client_info"])
    assert json.loads(known) == {
        "uid": f"{s.alice}-b2c_1a_password",
        "utid": s.world.tenant.id,
    }


async def test_every_form_of_the_address_leads_to_the_policy() -> None:
    async with stage() as s:
        form = {
            "grant_type": "password",
            "client_id": s.client_id,
            "scope": "openid",
            "username": ALICE,
            "password": PASSWORD,
        }
        end = "oauth2/v2.0/token"
        found = [
            (await s.web.post(url, data=form)).status_code
            for url in (
                f"{HOST}/{DOMAIN}/b2c_1a_PASSWORD/{end}",
                f"{HOST}/{s.world.tenant.id}/{POLICY}/{end}",
                f"{HOST}/{DOMAIN}/{end}?p={POLICY}",
                f"{HOST}/tfp/{DOMAIN}/{POLICY}/{end}",
                f"https://login.contoso.com/{DOMAIN}/{POLICY}/{end}",
                f"https://fabrikam.b2clogin.com/{DOMAIN}/{POLICY}/{end}",
                f"https://login.microsoftonline.com/{DOMAIN}/{POLICY}/{end}",
                f"{HOST}/nowhere.test/{POLICY}/{end}",
                f"{HOST}/{DOMAIN}/B2C_1A_None/{end}",
                f"{HOST}/{DOMAIN}/{end}",
            )
        ]
        unknown = await s.ask("B2C_1A_None")
    assert found == [200] * 5 + [404] * 5
    assert unknown.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, ("access_denied", "AADB2C90225")),
        ({"username": "bob@example.com"}, ("access_denied", "AADB2C90225")),
        ({"client_id": "nobody"}, ("invalid_client", "AADB2C90018")),
        ({"client_id": None}, ("invalid_request", "AADB2C90008")),
        ({"scope": None}, ("invalid_request", "AADB2C90010")),
        ({"scope": "openid"}, ("invalid_request", "AADB2C90055")),
        ({"scope": f"{API}/read"}, ("invalid_request", "AADB2C90110")),
        ({"scope": "openid https://a.test/read"}, ("invalid_request", "AADB2C90117")),
        ({"scope": f"openid {API}/write"}, ("invalid_request", "AADB2C90205")),
        ({"grant_type": None}, ("invalid_request", "AADB2C90083")),
        ({"grant_type": "implicit"}, ("unsupported_grant_type", "AADB2C90086")),
        ({"client_assertion": "x"}, ("invalid_request", "AADB2C99027")),
    ],
)
async def test_what_a_request_lacks_has_its_number(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    async with stage() as s:
        answer = await s.sign_in(**changes)
    assert number(answer) == (400, *expected)


async def test_an_error_has_its_shape() -> None:
    async with stage() as s:
        answer = await s.sign_in(password="wrong")
    lines = answer.json()["error_description"].split("\r\n")
    assert lines[0] == (
        "AADB2C90225: The username or password provided in the request are invalid."
    )
    assert lines[1].startswith("Correlation ID: ")
    assert lines[2:] == ["Timestamp: 2026-03-01 12:00:00Z", ""]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("app", "change", "code"),
    [
        ("app", {"isFallbackPublicClient": False}, "AADB2C90224"),
        (
            "app",
            {"web": {"implicitGrantSettings": {"enableAccessTokenIssuance": False}}},
            "AADB2C90057",
        ),
        ("app", {"publicClient": {"redirectUris": []}}, "AADB2C90007"),
        ("framework", {"api": {"requestedAccessTokenVersion": 2}}, "AADB2C90225"),
        ("proxy", {"isFallbackPublicClient": False}, "AADB2C90225"),
    ],
)
async def test_a_switch_of_an_application_is_felt(
    app: str, change: dict[str, Any], code: str
) -> None:
    async with stage() as s:
        await s.change(app, **change)
        answer = await s.sign_in()
    assert number(answer)[2] == code


async def test_the_two_framework_applications_must_be_there_and_consented() -> None:
    async with stage() as s:
        proxy = s.apps["proxy"]
        granted = await s.web.get(
            f"/servicePrincipals/{proxy['servicePrincipal']}/oauth2PermissionGrants"
        )
        await s.web.delete(f"/oauth2PermissionGrants/{granted.json()['value'][0]['id']}")
        unconsented = await s.sign_in()
        await s.web.delete(f"/applications/{proxy['id']}")
        missing = await s.sign_in()
    assert number(unconsented) == (400, "unauthorized_client", "AADB2C90284")
    assert number(missing) == (400, "unauthorized_client", "AADB2C90285")


async def test_the_audience_must_be_the_wide_one() -> None:
    async with stage() as s:
        body = s.apps["framework"]
        answer = await s.sign_in(client_id=body["appId"], scope=f"openid {body['appId']}")
    assert number(answer) == (400, "invalid_grant", "AADB2C90085")


@pytest.mark.parametrize(
    ("state", "code"),
    [("locked", "AADB2C90114"), ("disabled", "AADB2C90111"), ("force_change", "AADB2C90225")],
)
async def test_an_account_that_may_not_sign_in_is_refused(state: Any, code: str) -> None:
    async with stage() as s:
        s.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice", state=state)
        answer = await s.sign_in()
    assert number(answer) == (400, "access_denied", code)


async def test_an_own_api_gets_what_was_granted() -> None:
    async with stage() as s:
        answer = await s.sign_in(scope=f"openid {API}/read {API}/write")
        claims = await s.claims(answer.json()["access_token"])
    assert (claims["aud"], claims["azp"]) == (s.apps["api"]["appId"], s.client_id)
    assert claims["scp"] == "read"
    assert "refresh_token" not in answer.json()


async def test_a_refresh_token_is_bound_to_policy_and_client_and_ends() -> None:
    async with stage() as s:
        other = changed(PARTY, f'PolicyId="{POLICY}"', 'PolicyId="B2C_1A_Other"')
        s.store(other)
        token = (await s.sign_in()).json()["refresh_token"]
        fine = await s.refresh(token)
        claims = await s.claims(fine.json()["id_token"])
        foreign = await s.refresh(token, "B2C_1A_Other")
        client = await s.refresh(token, client_id=s.apps["web"]["appId"])
        garbage = await s.refresh("garbage")
        s.world.clock.advance(1209601)
        late = await s.refresh(token)
    assert (fine.status_code, claims["name"], claims["oid"]) == (200, "Alice", s.alice)
    assert fine.json()["refresh_token_expires_in"] == 1209600
    assert number(foreign) == (400, "invalid_grant", "AADB2C90088")
    assert number(client) == (400, "invalid_grant", "AADB2C90279")
    assert number(garbage) == (400, "invalid_grant", "AADB2C90090")
    assert number(late) == (400, "invalid_grant", "AADB2C90080")


async def test_a_refresh_token_ends_with_its_session_its_account_and_its_key() -> None:
    async with stage() as s:
        token = (await s.sign_in()).json()["refresh_token"]
        s.world.clock.advance(60)
        s.world.box.revoke_sign_in_sessions(DOMAIN, s.alice)
        revoked = await s.refresh(token)
        s.world.clock.advance(60)
        token = (await s.sign_in()).json()["refresh_token"]
        s.world.box.remove_user(DOMAIN, s.alice)
        gone = await s.refresh(token)
        beta = "https://graph.microsoft.com/beta/trustFramework/keySets"
        await s.web.put(f"{beta}/{ENCRYPTION}", json={"id": ENCRYPTION, "keys": []})
        unreadable = await s.refresh(token)
    assert number(revoked) == (400, "invalid_grant", "AADB2C90129")
    assert number(gone) == (400, "invalid_grant", "AADB2C90128")
    assert number(unreadable) == (400, "invalid_grant", "AADB2C90090")


async def test_changes_of_the_policy_change_the_token() -> None:
    async with stage() as s:
        s.store_again(changed(PARTY, 'PartnerClaimType="name"', 'PartnerClaimType="nickname"'))
        renamed = await s.claims((await s.sign_in()).json()["id_token"])
        s.store_again(
            changed(PARTY, '<OutputClaim ClaimTypeReferenceId="objectId" />', ""),
        )
        removed = await s.claims((await s.sign_in()).json()["id_token"])
        s.store_again(
            PARTY,
            changed(
                BASE,
                ">true</Item>\n          </Metadata>\n          <Cry",
                ">false</Item>\n          </Metadata>\n          <Cry",
            ),
        )
        texts = (await s.sign_in()).json()
    assert (renamed["nickname"], "name" in renamed) == ("Alice", False)
    assert "oid" not in removed
    assert texts["expires_in"] == "3600"


async def test_the_named_key_set_signs() -> None:
    async with stage() as s:
        before = jwt.get_unverified_header((await s.sign_in()).json()["id_token"])["kid"]
        beta = "https://graph.microsoft.com/beta/trustFramework/keySets"
        made = await s.web.post(f"{beta}/{SIGNING}/generateKey", json={"kty": "RSA", "use": "sig"})
        after = jwt.get_unverified_header((await s.sign_in()).json()["id_token"])["kid"]
        published = (await s.web.get(s.url("/discovery/v2.0/keys"))).json()["keys"]
        await s.web.delete(f"{beta}/{SIGNING}")
        missing = await s.sign_in()
    assert (before != after, after) == (True, made.json()["kid"])
    assert [each["kid"] for each in published] == [before, after]
    assert number(missing)[2] == "AADB2C90073"


async def test_what_is_not_interpreted_is_501_and_a_page_is_html() -> None:
    async with stage() as s:
        s.store_again(
            PARTY, changed(BASE, "NoopSSOSessionProvider", "ExternalLoginSSOSessionProvider")
        )
        session = await s.sign_in()
        s.store_again(
            PARTY,
            changed(BASE, "AzureActiveDirectoryProvider", "RestfulProvider"),
        )
        rest = await s.sign_in()
        page = await s.sign_in("B2C_1A_Browser")
    assert session.status_code == 501
    assert (rest.status_code, rest.json()["error"]) == (501, "not_implemented")
    assert "RestfulProvider" in rest.json()["error_description"]
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_changes_appear_after_some_token_requests() -> None:
    async with stage(Options(visible_after_token_requests=2)) as s:
        await s.change("app", isFallbackPublicClient=False)
        found = [(await s.sign_in()).status_code for _ in range(4)]
    assert found == [200, 200, 400, 400]


async def test_discovery_echoes_the_form_of_the_request() -> None:
    async with stage() as s:
        end = "v2.0/.well-known/openid-configuration"
        by_path = (await s.web.get(s.url(f"/{end}"))).json()
        by_query = (await s.web.get(f"{HOST}/{DOMAIN}/{end}?p={POLICY}")).json()
        keys = await s.web.get(by_query["jwks_uri"])
    assert by_path["issuer"] == f"{HOST}/{s.world.tenant.id}/v2.0/"
    assert by_path["token_endpoint"] == f"{HOST}/{DOMAIN}/b2c_1a_password/oauth2/v2.0/token"
    assert by_query["token_endpoint"] == (f"{HOST}/{DOMAIN}/oauth2/v2.0/token?p=b2c_1a_password")
    assert [each["kty"] for each in keys.json()["keys"]] == ["RSA"]


async def test_a_user_flow_issues_what_the_portal_chose() -> None:
    async with stage() as s:
        box, tenant = s.world.box, s.world.tenant.id
        flow = {"id": "ROPC_Auth", "userFlowType": "resourceOwner", "userFlowTypeVersion": 1}
        box.seed(tenant, "b2cUserFlows", [flow])
        bare = await s.sign_in("B2C_1_ROPC_Auth")
        box.portal_set_claims(
            tenant, "B2C_1_ROPC_Auth", ["Display Name", "Email Addresses", "Identity Provider"]
        )
        full = await s.sign_in("B2C_1_ROPC_Auth")
        claims = [
            await s.claims(each.json()["id_token"], "B2C_1_ROPC_Auth") for each in (bare, full)
        ]
        refreshed = await s.refresh(full.json()["refresh_token"], "B2C_1_ROPC_Auth")
        wrong = await s.sign_in("B2C_1_ROPC_Auth", password="wrong")
    assert (claims[0]["tfp"], claims[0]["sub"], "name" in claims[0]) == (
        "B2C_1_ROPC_Auth",
        s.alice,
        False,
    )
    assert (claims[1]["name"], claims[1]["emails"], claims[1]["idp"]) == (
        "Alice",
        [ALICE],
        "LocalAccount",
    )
    assert (full.json()["expires_in"], refreshed.status_code) == ("3600", 200)
    assert number(wrong) == (400, "access_denied", "AADB2C90225")


async def test_passwords_are_kept_as_salted_hashes(tmp_path: Any) -> None:
    from sandbox_world import world

    async with world(kind="b2c", directory=tmp_path) as w:
        w.box.add_user(w.tenant.id, f"bob@{DOMAIN}", "Bob", password="plainly visible")
        dumped = str(w.box.dump(w.tenant.id))
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"plainly visible" not in content
    assert "plainly visible" not in dumped
