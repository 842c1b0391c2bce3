from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from signin_service import (
    CLIENT,
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
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from provisioning.core.model import Secret
from provisioning.signin.checks import Check, Flow, User

BASE = f"https://contoso.b2clogin.com/contoso.onmicrosoft.com/{POLICY}/oauth2/v2.0"
REDIRECT = "https://jwt.ms/"


def code(**changes: Any) -> Check:
    return ropc(**{"flow": Flow.CODE, "redirect_uri": REDIRECT, **changes})


async def test_the_form_is_filled_in_and_the_code_redeemed_with_its_verifier() -> None:
    service = Service()
    result = await verify_one(service, code(refresh=True))
    assert result.passed, result.summary
    authorize = next(form for method, url, form in service.seen if url == f"{BASE}/authorize")
    assert {**authorize, "state": "", "nonce": "", "code_challenge": ""} == {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "response_mode": "query",
        "scope": f"openid {CLIENT} offline_access",
        "state": "",
        "nonce": "",
        "code_challenge": "",
        "code_challenge_method": "S256",
    }
    _, redeemed, refreshed = service.forms()
    assert list(redeemed) == [
        "grant_type",
        "client_id",
        "scope",
        "code",
        "redirect_uri",
        "code_verifier",
    ]
    assert 43 <= len(redeemed["code_verifier"]) <= 128
    assert list(refreshed) == ["grant_type", "client_id", "scope", "refresh_token"]
    assert nothing_leaked([result], redeemed["code_verifier"])
    assert redeemed["code_verifier"] not in repr(result)
    assert authorize["state"] not in repr(result)


async def test_the_form_flow_takes_three_requests_in_a_row() -> None:
    service = Service()
    await verify_one(service, code(), slow=True)
    assert service.time.elapsed == pytest.approx(0.3)


async def test_a_form_that_is_shown_again_means_wrong_credentials() -> None:
    wrong = User(Secret(("fromEnv", "TEST_USER")), Secret(("fromEnv", "WRONG")))
    service = Service()
    result = await verify_one(service, code(user=wrong))
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.path) == (
        "wrong-credentials",
        "checks.sign_in.user",
    )
    assert len(service.forms()) == 1


async def test_a_page_after_the_sign_in_is_told_apart_from_a_page_without_a_form() -> None:
    more = HTMLResponse("<form method=post><input name=displayName></form>")
    service = Service(script=lambda request, _: more if request.method == "POST" else None)
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, len(service.forms())) == ("another-page", 1)


ELSEWHERE = (
    "<form method=post action='https://evil.example/'>"
    "<input name=u><input name=p type=password></form>"
)


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        ("<html><p>Nothing here</p></html>", "no-form"),
        ("", "no-form"),
        (ELSEWHERE, "foreign-redirect"),
        (
            "<form method=get action=x><input name=u><input name=p type=password></form>",
            "no-form",
        ),
    ],
)
async def test_credentials_go_only_into_a_sign_in_form_of_the_same_host(
    page: str, cause: str
) -> None:
    service = Service(
        script=lambda request, _: HTMLResponse(page) if request.url.path.endswith("ize") else None
    )
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == cause
    assert service.forms() == []


def answering(response: Callable[[dict[str, str]], Response]) -> Service:
    return Service(
        script=lambda request, form: (
            response(form) if request.url.path.endswith("/authorize") else None
        )
    )


async def test_a_redirect_to_another_place_is_not_followed() -> None:
    service = answering(lambda _: RedirectResponse("https://jwt.ms.evil.example/?code=1&state=2"))
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "foreign-redirect"


async def test_a_redirect_within_the_host_is_followed_a_few_times_only() -> None:
    service = answering(lambda _: RedirectResponse(f"{BASE}/authorize"))
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "redirect"


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("code=c&state=other", "wrong-state"),
        ("code=c", "wrong-state"),
        ("state={state}", "no-code"),
        ("error=access_denied&error_description=AADB2C90091%3A+no&state={state}", "cancelled"),
        ("error=server_error&state={state}", "server-error"),
    ],
)
async def test_an_authorization_response_must_answer_our_request(query: str, cause: str) -> None:
    service = answering(
        lambda form: RedirectResponse(f"{REDIRECT}?{query.format(state=form['state'])}")
    )
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == cause


async def test_an_error_page_gives_its_code_away() -> None:
    page = "<html><p>AADB2C90006: The redirect URI is not registered.</p></html>"
    service = answering(lambda _: HTMLResponse(page, 400))
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.path == "applications.app.publicClient.redirectUris"
    web = await verify_one(service, code(client_secret=Secret(("fromEnv", "CLIENT_SECRET"))))
    assert web.diagnosis is not None
    assert web.diagnosis.path == "applications.app.web.redirectUris"


async def test_a_nonce_that_is_not_ours_is_refused() -> None:
    result = await verify_one(Service(id_claims={"nonce": "another"}), code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "wrong-nonce"


async def test_a_refused_verifier_is_told() -> None:
    service = Service()
    service.script = lambda _, form: (
        refusal("invalid_grant", "AADB2C90183") if "code_verifier" in form else None
    )
    result = await verify_one(service, code())
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "pkce-refused"


async def test_a_code_check_without_a_redirect_uri_is_incomplete() -> None:
    result = await verify_one(Service(), code(redirect_uri=None))
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "incomplete-check"


class Browser:
    """A browser in a thread of its own: signs in by the form, and brings the code to loopback."""

    def __init__(self, service: Service, ending: str = "") -> None:
        self.service = service
        self.ending = ending
        self.pages: list[tuple[int, str]] = []
        self.threads: list[threading.Thread] = []

    def open(self, url: str) -> bool:
        thread = threading.Thread(target=lambda: asyncio.run(self._visit(url)))
        self.threads.append(thread)
        thread.start()
        return True

    async def _visit(self, url: str) -> None:
        # trust_env: a proxy of this machine must not stand between us and loopback.
        async with httpx.AsyncClient(trust_env=False) as loopback:
            query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
            icon = await loopback.get(f"{query['redirect_uri'].rpartition('/')[0]}/favicon.ico")
            self.pages.append((icon.status_code, icon.text))
            transport = httpx.ASGITransport(self.service.app())
            async with httpx.AsyncClient(transport=transport) as client:
                await client.get(url)
                typed = {**query, "signInName": NAME, "password": PASSWORD}
                answer = await client.post(url.partition("?")[0], data=typed)
            page = await loopback.get(answer.headers["location"] + self.ending)
            self.pages.append((page.status_code, page.text))


async def never(_seconds: float) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("redirect_uri", ["http://localhost/back", "http://127.0.0.1/back"])
async def test_a_person_signs_in_and_the_browser_comes_back_to_loopback(redirect_uri: str) -> None:
    service = Service()
    browser = Browser(service)
    clock = dataclasses.replace(service.time.clock(), sleep=never)
    check = code(user=None, redirect_uri=redirect_uri)
    result = await verify_one(service, check, open_browser=browser.open, clock=clock)
    for thread in browser.threads:
        await asyncio.to_thread(thread.join)
    assert result.passed, result.summary
    assert [status for status, _ in browser.pages] == [404, 200]
    assert "You may close this window" in browser.pages[1][1]
    used = service.forms()[-1]["redirect_uri"]
    assert urlsplit(used).port not in {None, 0, 80}
    assert used.startswith(redirect_uri.removesuffix("/back"))


async def test_a_person_who_never_signs_in_is_not_waited_for_forever() -> None:
    check = code(user=None, redirect_uri="http://localhost")
    service = Service()
    result = await verify_one(service, check, open_browser=lambda _: True)
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "nobody-signed-in"
    assert service.time.slept == [300.0]


async def test_without_a_browser_the_check_fails_at_once() -> None:
    check = code(user=None, redirect_uri="http://localhost")
    result = await verify_one(Service(), check, open_browser=lambda _: False, deadline=60.0)
    assert result.diagnosis is not None
    assert result.diagnosis.cause == "no-browser"


@pytest.mark.parametrize("uri", ["https://jwt.ms", "myapp://auth", "http://example.com/"])
async def test_a_person_can_come_back_only_to_loopback(uri: str) -> None:
    opened: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        return True

    check = code(user=None, redirect_uri=uri)
    result = await verify_one(Service(), check, open_browser=open_browser)
    assert result.diagnosis is not None
    assert result.diagnosis.path == "checks.sign_in.redirectUri"
    assert opened == []


async def test_an_app_scheme_receives_the_code_headless() -> None:
    result = await verify_one(Service(), code(redirect_uri="myapp://auth"))
    assert result.passed, result.summary


async def test_cookies_of_one_check_do_not_reach_another() -> None:
    service = Service()

    def no_cookie_on_arrival(request: Request, _form: dict[str, str]) -> None:
        if request.method == "GET" and request.url.path.endswith("/authorize"):
            assert request.cookies == {}

    service.script = no_cookie_on_arrival
    for _ in range(2):
        assert (await verify_one(service, code())).passed
    assert all(each.passed for each in await verify(service, code(), code(name="other")))
