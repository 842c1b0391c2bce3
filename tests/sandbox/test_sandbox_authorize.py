"""Authorization codes with PKCE: azure-docs authorization-code-flow, E:v2-oauth2-auth-code-flow."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sandbox_sign_in import ALICE, API, PASSWORD, REDIRECT, VERIFIER, Stage, number, stage
from sandbox_world import DOMAIN, world

LOGIN = "https://login.microsoftonline.com"
BROWSER = "B2C_1A_Browser"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def query(s: Stage, **changes: Any) -> dict[str, Any]:
    sent = {
        "client_id": s.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": f"openid offline_access {s.client_id}",
        "state": "a state",
        "nonce": "a nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in sent.items() if value is not None}


async def opened(s: Stage, **changes: Any) -> httpx.Response:
    return await s.web.get(s.url("/oauth2/v2.0/authorize", BROWSER), params=query(s, **changes))


async def filled(s: Stage, page: httpx.Response, **answers: str) -> httpx.Response:
    """Fill in the form of a page."""
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    action = html.unescape(re.findall(r'action="([^"]+)"', page.text)[0])
    sent = {**fields, "signInName": ALICE, "password": PASSWORD, **answers}
    return await s.web.post(action, data=sent)


def came_back(response: httpx.Response) -> dict[str, str]:
    """The parameters of a redirect to the application."""
    target = urlsplit(response.headers["location"])
    if f"{target.scheme}://{target.netloc}" != REDIRECT:
        raise AssertionError(response.headers["location"])
    return {name: values[0] for name, values in parse_qs(target.query).items()}


async def redeemed(s: Stage, code: str, **changes: Any) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": s.client_id,
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return await s.ask(BROWSER, **(form | changes))


async def test_a_person_signs_in_and_the_code_is_redeemed_once() -> None:
    async with stage() as s:
        page = await opened(s)
        wrong = await filled(s, page, password="wrong")
        done = came_back(await filled(s, wrong))
        tokens = await redeemed(s, done["code"])
        claims = await s.claims(tokens.json()["id_token"], BROWSER)
        again = await redeemed(s, done["code"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Invalid username or password." in wrong.text
    assert done["state"] == "a state"
    assert (claims["nonce"], claims["acr"], claims["name"]) == (
        "a nonce",
        "b2c_1a_browser",
        "Alice",
    )
    assert tokens.json()["resource"] == s.client_id
    assert number(again) == (400, "invalid_grant", "AADB2C90129")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_verifier": VERIFIER + "x"}, "AADB2C90182"),
        ({"code_verifier": None}, "AADB2C90183"),
        ({"redirect_uri": "https://elsewhere.test"}, "AADB2C90088"),
        ({"client_secret": "x"}, "AADB2C90084"),
    ],
)
async def test_a_code_needs_its_proof_and_its_redirect_uri(
    changes: dict[str, Any], code: str
) -> None:
    async with stage() as s:
        done = came_back(await filled(s, await opened(s)))
        answer = await redeemed(s, done["code"], **changes)
    assert number(answer)[2] == code


async def test_refusals_come_back_to_the_application_or_as_a_page() -> None:
    async with stage() as s:
        silent = came_back(await opened(s, prompt="none"))
        scopeless = came_back(await opened(s, scope=None))
        method = came_back(await opened(s, code_challenge_method="S512"))
        cancelled = came_back(await filled(s, await opened(s), cancel="1"))
        elsewhere = await opened(s, redirect_uri="https://elsewhere.test")
        client = await opened(s, client_id="nobody")
    assert silent["error"] == "interaction_required"
    assert scopeless["error_description"].startswith("AADB2C90010")
    assert method["error_description"].startswith("AADB2C90184")
    assert cancelled["error"] == "access_denied"
    assert (elsewhere.status_code, "AADB2C90006" in elsewhere.text) == (400, True)
    assert (client.status_code, "AADB2C90018" in client.text) == (400, True)


async def test_a_confidential_application_sends_its_secret() -> None:
    async with stage() as s:
        identity, app_id = s.apps["web"]["id"], s.apps["web"]["appId"]
        made = await s.web.post(f"/applications/{identity}/addPassword", json={})
        changes = {"client_id": app_id, "redirect_uri": "https://jwt.ms", "scope": f"{API}/read"}
        answers = []
        for secret in (None, "wrong", made.json()["secretText"]):
            back = await filled(s, await opened(s, **changes))
            code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
            answers.append(await redeemed(s, code, **changes, client_secret=secret))
        claims = await s.claims(answers[2].json()["access_token"], BROWSER)
    assert [number(each)[2] for each in answers[:2]] == ["AADB2C90079", "AADB2C90081"]
    assert (claims["scp"], claims["aud"]) == ("read", s.apps["api"]["appId"])
    assert "id_token" not in answers[2].json()


async def test_entra_gives_a_user_tokens_by_password_refresh_and_code() -> None:
    async with world() as w:
        application = await w.application(
            isFallbackPublicClient=True, publicClient={"redirectUris": [REDIRECT]}
        )
        principal = await w.principal(application)
        alice = w.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice", password=PASSWORD)
        url = f"{LOGIN}/{DOMAIN}/oauth2/v2.0"
        form = {
            "grant_type": "password",
            "client_id": application["appId"],
            "scope": "User.Read openid offline_access",
            "username": f"alice@{DOMAIN}",
            "password": PASSWORD,
        }
        unconsented = await w.graph.post(f"{url}/token", data=form)
        await w.grant(principal["id"], (await w.microsoft_graph())["id"], "User.Read")
        fine = (await w.graph.post(f"{url}/token", data=form)).json()
        again = {"grant_type": "refresh_token", "refresh_token": fine["refresh_token"]}
        refreshed = await w.graph.post(f"{url}/token", data={**form, **again})
        numbers = []
        for changes in (
            {"password": "wrong"},
            {"username": f"bob@{DOMAIN}"},
            {"scope": ""},
            {"scope": "https://nothing.test/x"},
            {"client_id": alice},
        ):
            answer = await w.graph.post(f"{url}/token", data={**form, **changes})
            numbers.append(answer.json()["error_codes"][0])
        first = await w.graph.post(
            f"{LOGIN}/{DOMAIN}/oauth2/token",
            data={**form, "resource": "https://graph.microsoft.com"},
        )
        await w.graph.patch(
            f"/applications/{application['id']}", json={"isFallbackPublicClient": False}
        )
        private = await w.graph.post(f"{url}/token", data=form)
        asked = urlencode(
            {
                "client_id": application["appId"],
                "response_type": "code",
                "redirect_uri": REDIRECT,
                "scope": "User.Read openid",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
            }
        )
        page = await w.graph.get(f"{url}/authorize?{asked}")
        action = html.unescape(re.findall(r'action="([^"]+)"', page.text)[0])
        sent = {"tx": "entra", "signInName": f"alice@{DOMAIN}", "password": PASSWORD}
        code = came_back(await w.graph.post(action, data=sent))["code"]
        proof = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        client = {"client_id": application["appId"]}
        bare = await w.graph.post(f"{url}/token", data={**client, **proof})
        done = await w.graph.post(
            f"{url}/token", data={**client, **proof, "code_verifier": VERIFIER}
        )
    assert unconsented.json()["error_codes"] == [65001]
    assert (fine["expires_in"], refreshed.status_code) == (3599, 200)
    assert numbers == [50126, 50034, 900144, 500011, 700016]
    assert (first.json()["expires_in"], first.json()["scope"]) == ("3599", "User.Read")
    assert (private.status_code, private.json()["error_codes"]) == (401, [7000218])
    assert bare.json()["error_codes"] == [900144]
    assert done.json()["id_token"] != ""
