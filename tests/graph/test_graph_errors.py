from __future__ import annotations

import traceback
from typing import Any

import httpx
import pytest
from wire import TOKEN, Tokens, batch_of, line

from provisioning.core.errors import GraphError
from provisioning.core.request import Call, ErrorMatch, Read
from provisioning.graph import errors

WRITE = Call("PATCH", "/applications/1?x=y", body={"a": 1}, repeatable=False)


async def _error(response: httpx.Response, call: Call = WRITE) -> GraphError:
    with pytest.raises(GraphError) as caught:
        await line(lambda _request: response).graph.send(call)
    return caught.value


def _body(**error: Any) -> dict[str, Any]:
    return {"error": error}


async def test_an_error_names_the_request_the_codes_and_the_id() -> None:
    body = _body(
        code="Request_BadRequest",
        message="Invalid property.",
        details=[
            {"code": "NoBackingApplicationObject", "message": "No application.", "target": "appId"},
            {"code": "Other", "message": "Invalid property."},
        ],
        innerError={"date": "2026-01-01T00:00:00", "request-id": "inner", "client-request-id": "c"},
    )
    error = await _error(httpx.Response(400, json=body, headers={"request-id": "outer"}))
    assert (error.status, error.code, error.request_id) == (400, "Request_BadRequest", "outer")
    assert error.details == (
        ("NoBackingApplicationObject", "No application."),
        ("Other", "Invalid property."),
    )
    assert (error.method, error.path) == ("PATCH", "/v1.0/applications/1?x=y")
    assert error.message == "Invalid property. No application."
    assert str(error) == (
        "PATCH /v1.0/applications/1?x=y: 400 Request_BadRequest: "
        "Invalid property. No application. (request-id outer)"
    )


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (_body(code="C", message={"lang": "en", "value": "Said."}), "C", "Said."),
        (_body(code="C", message="M.", details={"code": "D", "message": "E."}), "C", "M. E."),
        (_body(code="UnknownError", message=""), "UnknownError", "gave no reason"),
        (_body(code=None, message=None, details=None, innerError=None), "", "gave no reason"),
        (_body(code=7, message=["x"], details="x", innerError="x"), "", "gave no reason"),
        ({"error": "invalid_client", "error_description": "No."}, "invalid_client", "No."),
        ({"message": "No HTTP resource.", "messageDetail": "No action."}, "", "No action."),
        ({"error": None}, "", "gave no reason"),
        (["list"], "", "gave no reason"),
        ("text", "", "gave no reason"),
        (None, "", "gave no reason"),
    ],
)
async def test_every_shape_of_error_body_is_read(body: object, code: str, message: str) -> None:
    error = await _error(httpx.Response(400, json=body))
    assert (error.status, error.code) == (400, code)
    assert message in error.message

    def respond(request: httpx.Request) -> httpx.Response:
        return batch_of(request, lambda _item: {"status": 400, "body": body})

    with pytest.raises(GraphError) as caught:
        await line(respond).graph.read([Read("a", "/a"), Read("b", "/b")])
    assert (caught.value.code, caught.value.message) == (code, error.message)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(400),
        httpx.Response(400, html="<html><body>Bad gateway said no</body></html>"),
        httpx.Response(413, text="too large"),
        httpx.Response(400, content=b"\xff\x00", headers={"content-type": "application/json"}),
        httpx.Response(400, content=b"{", headers={"content-type": "application/json"}),
        httpx.Response(499),
        httpx.Response(599),
    ],
)
async def test_bodies_that_are_no_errors_of_graph_are_not_shown(response: httpx.Response) -> None:
    error = await _error(response)
    assert error.status == response.status_code
    assert "gave no reason" in error.message
    assert "gateway said" not in str(error)
    assert error.code == ""


async def test_the_id_in_the_body_serves_where_the_header_is_missing() -> None:
    error = await _error(httpx.Response(403, json=_body(code="x", innerError={"request-id": "i"})))
    assert error.request_id == "i"


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (403, "Authorization_RequestDenied", "permission"),
        (403, "Whatever", "permission"),
        (401, "InvalidAuthenticationToken", "sign in again"),
        (400, "HostNameNotOnVerifiedDomain", "verify the domain"),
        (400, "Directory_QuotaExceeded", "purge deleted"),
    ],
)
async def test_a_remedy_follows_from_the_code_or_else_the_status(
    status: int, code: str, word: str
) -> None:
    top = await _error(httpx.Response(status, json=_body(code=code, message="m")))
    assert word in top.remedy
    detail = _body(code="Request_BadRequest", details=[{"code": code, "message": "m"}])
    assert word in (await _error(httpx.Response(status, json=detail))).remedy


RULE_CASES = [
    (ErrorMatch(), True),
    (ErrorMatch(status=(400, 409)), True),
    (ErrorMatch(status=(404,)), False),
    (ErrorMatch(code="Top"), True),
    (ErrorMatch(code="Deep"), True),
    (ErrorMatch(code="deep"), False),
    (ErrorMatch(message="top WORDS"), True),
    (ErrorMatch(message="^deep words$"), True),
    (ErrorMatch(message="other"), False),
    (ErrorMatch(status=(400,), code="Deep", message="words"), True),
    (ErrorMatch(status=(409,), code="Deep", message="words"), False),
    (ErrorMatch(status=(400,), code="None", message="words"), False),
]


@pytest.mark.parametrize(("rule", "fits"), RULE_CASES)
def test_a_rule_matches_when_every_given_part_fits(rule: ErrorMatch, fits: bool) -> None:
    error = GraphError("Top words", status=400, code="Top", details=(("Deep", "Deep words"),))
    assert errors.match(error, rule) is fits


async def test_no_token_and_no_secret_of_a_body_comes_back_in_a_text() -> None:
    secret = "s3cr3t-of-the-body"

    def respond(request: httpx.Request) -> httpx.Response:
        echo = f"got {request.headers['authorization']} and {request.content.decode()}"
        details = [{"code": "x", "message": echo}]
        return httpx.Response(400, json=_body(code="x", message=echo, details=details))

    one = line(respond, tokens=Tokens(TOKEN))
    call = Call(
        "POST", "/keySets/x/uploadSecret", "beta", body={"k": secret, "l": [{"key": secret}]}
    )
    with pytest.raises(GraphError) as caught:
        await one.graph.send(call)
    error = caught.value
    texts = [str(error), repr(error), error.message, repr(error.details), error.remedy]
    texts += traceback.format_exception(error)
    texts += [repr(one.exchanges), repr(one.graph), repr(one.graph.stats), *one.notices]
    for text in texts:
        assert TOKEN not in text
        assert secret not in text
    assert "****" in error.message
