"""A service that lies: none of it passes, crashes the check, or brings a secret to light."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from signin_service import (
    API,
    CLIENT,
    PASSWORD,
    SECRETS,
    Service,
    key,
    refusal,
    ropc,
    verify_one,
)
from starlette.responses import JSONResponse, RedirectResponse, Response

from provisioning.core.model import Secret
from provisioning.signin import checks
from provisioning.signin.checks import Diagnosis, User
from provisioning.signin.redaction import Redactor
from provisioning.signin.refusal import Refused
from provisioning.signin.wire import Session

READ = "https://contoso.onmicrosoft.com/api/read"
AWKWARD = "Pass\\w\"ord'ä1+/"


async def refused(service: Service, **changes: Any) -> Diagnosis:
    result = await verify_one(service, ropc(**changes))
    assert result.diagnosis is not None
    return result.diagnosis


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, 10**15])
async def test_a_time_that_is_no_date_is_refused(name: str, value: float) -> None:
    found = await refused(Service(id_claims={name: value}))
    assert found.cause == "bad-token"
    assert found.message.endswith(f": its {name} is no time")


async def test_a_lifetime_of_five_thousand_digits_is_refused() -> None:
    found = await refused(Service(response={"expires_in": "9" * 5000}))
    assert found.message.endswith("expires_in is no number of seconds")


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"n": 5}, "unreadable-answer"),
        ({"n": "!"}, "unreadable-answer"),
        ({"e": None}, "unreadable-answer"),
        ({"e": "AQ" * 4000}, "unreadable-answer"),
    ],
)
async def test_a_key_that_is_none_is_told(members: dict[str, Any], cause: str) -> None:
    assert (await refused(Service(script=_publishing(members)))).cause == cause


async def test_a_private_key_that_is_published_still_verifies() -> None:
    private = jwt.algorithms.RSAAlgorithm.to_jwk(key("one"), as_dict=True)
    assert (await verify_one(Service(script=_publishing(private)), ropc())).passed


def _publishing(members: dict[str, Any]) -> Any:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key("one").public_key(), as_dict=True)
    answer = {"keys": [{**public, "kid": "one", "use": "sig", **members}]}
    return lambda request, _: JSONResponse(answer) if request.url.path.endswith("/keys") else None


class _Dripping(httpx.AsyncByteStream):
    """Sends without end; `pause` in seconds between chunks."""

    def __init__(self, chunk: bytes, pause: float) -> None:
        self.chunk, self.pause, self.sent = chunk, pause, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += len(self.chunk)
            yield self.chunk
            await asyncio.sleep(self.pause)


def _session(stream: _Dripping, seconds: float) -> Session:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    return Session(httpx.AsyncClient(transport=transport), Redactor(), seconds=seconds)


async def test_an_endless_answer_is_cut_off() -> None:
    stream = _Dripping(b" " * 2**20, 0)
    with pytest.raises(Refused) as told:
        await _session(stream, 30).get("https://contoso.b2clogin.com/")
    assert told.value.detail == "more than 4 MiB came"
    assert stream.sent < 10 * 2**20


async def test_an_answer_that_drips_is_given_up() -> None:
    with pytest.raises(Refused) as told:
        await _session(_Dripping(b" ", 0.002), 0.02).get("https://contoso.b2clogin.com/")
    assert told.value.cause.id == "no-answer"
    assert told.value.detail == "contoso.b2clogin.com: TimeoutError"


def _echoing(answer: dict[str, Any] | None = None, *, to: str = "") -> Any:
    def script(_request: object, form: dict[str, str]) -> Response | None:
        if not form:
            return None
        text = json.dumps(answer).replace("PASSWORD", json.dumps(form["password"])[1:-1])
        return RedirectResponse(f"{to}{form['password']}") if to else JSONResponse(json.loads(text))

    return script


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "PASSWORD"},
        {"error": "x", "error_description": "no", "correlation_id": "PASSWORD"},
        {"error": "x", "error_description": "d" * 292 + "PASSWORD"},
        {"error": "x" * 70 + "PASSWORD"},
        {"error": "x", "error_description": json.dumps(AWKWARD)},
        {"error": "x", "error_description": json.dumps(AWKWARD, ensure_ascii=False)},
        {"error": "x", "error_description": repr(AWKWARD)},
    ],
)
async def test_no_part_of_an_echoed_password_is_shown(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECRETS, ("fromEnv", "AWKWARD"), AWKWARD)
    user = User("ada@example.com", Secret(("fromEnv", "AWKWARD")))
    result = await verify_one(Service(script=_echoing(answer)), ropc(user=user))
    shown = json.dumps(checks.to_json(result)) + repr(result)
    assert "Pass" not in shown
    assert "(sensitive)" in shown or "correlation_id" in answer


async def test_a_key_id_that_holds_the_password_is_masked_before_it_is_cut() -> None:
    found = await refused(Service(signing="k" * 274 + PASSWORD))
    assert found.cause == "unknown-key"
    assert "Passx" not in found.message
    assert len(found.message) < 420


async def test_a_path_that_holds_the_password_is_masked() -> None:
    service = Service(script=_echoing(to="https://evil.example/"))
    result = await verify_one(service, ropc())
    assert "Passx" not in repr(result)


async def test_a_refresh_that_brings_no_access_token_is_no_success() -> None:
    def rewrite(answer: dict[str, Any]) -> dict[str, Any]:
        if service.forms()[-1]["grant_type"] == "refresh_token":
            del answer["access_token"]
        return answer

    service = Service(rewrite=rewrite)
    assert (await refused(service, refresh=True)).cause == "no-access-token"


async def test_only_a_refreshed_token_may_be_for_the_client_instead_of_the_api() -> None:
    check = {"scopes": ("openid", "offline_access", READ), "audiences": (API,), "refresh": True}
    assert (await verify_one(Service(), ropc(**check))).passed
    service = Service(access_claims={"aud": CLIENT, "scp": "read"})
    assert (await refused(service, **check)).cause == "wrong-audience"


async def test_an_odd_correlation_id_is_left_out() -> None:
    answer = {"error": "x", "error_description": "no", "correlation_id": "\x1b[31m"}
    assert (await refused(Service(script=_echoing(answer)))).correlation_id is None
    known = await refused(Service(script=lambda _, form: refusal("x", "Y") if form else None))
    assert known.correlation_id == "00000000-0000-0000-0000-000000000007"
