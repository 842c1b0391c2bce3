from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from virtual_time import START, VirtualTime
from wire import TOKEN, Answer, Tokens, batch_of, line, refusal

from provisioning.core.errors import GraphError, ProvisioningError
from provisioning.core.request import Call, ErrorMatch, Read
from provisioning.graph import clouds
from provisioning.graph.client import connect

CREATE = Call("POST", "/applications", body={"displayName": "Größe"}, repeatable=False)
UPDATE = Call("PATCH", "/applications/1", body={"notes": None})
OK = httpx.Response(204)


async def test_a_write_carries_its_body_and_brings_status_headers_and_object() -> None:
    one = line([httpx.Response(201, json={"id": "1"}, headers={"Location": "/applications/1"})])
    answer = await one.graph.send(CREATE)
    assert (answer.status, answer.object) == (201, {"id": "1"})
    assert answer.headers["location"] == "/applications/1"
    (sent,) = one.wire.requests
    assert json.loads(sent.content) == {"displayName": "Größe"}
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["content-length"] == str(len(sent.content))
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert "graph-python" in sent.headers["sdkversion"]
    assert one.tokens.scopes == ("https://graph.microsoft.com/.default",)


async def test_an_explicit_null_is_sent() -> None:
    one = line([OK])
    assert (await one.graph.send(UPDATE)).status == 204
    assert one.wire.requests[0].content == b'{"notes":null}'


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_write_without_a_body_says_so(method: str) -> None:
    one = line([OK])
    await one.graph.send(Call(method, "/directory/deletedItems/1/restore"))
    headers = one.wire.requests[0].headers
    assert headers["content-length"] == "0"
    assert "transfer-encoding" not in headers
    assert "content-type" not in headers


async def test_policy_xml_is_sent_and_returned_as_bytes() -> None:
    xml = b"<TrustFrameworkPolicy/>"
    one = line([httpx.Response(201, content=xml, headers={"content-type": "application/xml"})])
    call = Call("PUT", "/p/$value", "beta", content=xml, content_type="application/xml")
    answer = await one.graph.send(call)
    assert (answer.raw, answer.body) == (xml, None)
    assert one.wire.requests[0].headers["content-type"] == "application/xml"
    assert one.wire.paths == ["PUT /beta/p/$value"]


async def test_headers_of_a_call_are_sent() -> None:
    one = line([httpx.Response(200, json={})])
    await one.graph.send(Call("PATCH", "/x", body={}, headers=(("Prefer", "create-if-missing"),)))
    assert one.wire.requests[0].headers["prefer"] == "create-if-missing"


@pytest.mark.parametrize("call", [CREATE, UPDATE])
async def test_throttling_is_waited_out_as_asked_even_for_a_create(call: Call) -> None:
    one = line([refusal(429, headers={"Retry-After": "12"}), OK])
    await one.graph.send(call)
    assert one.time.slept == [12.0]
    assert one.graph.stats.retries == 1
    assert one.notices == [
        f"{call.method} /v1.0{call.path}: 429 (throttled), again in 12.0 s",
    ]


async def test_retry_after_zero_means_at_once() -> None:
    one = line([refusal(429, headers={"Retry-After": "0"}), OK])
    await one.graph.send(CREATE)
    assert one.time.slept == [0.0]


async def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(START + timedelta(seconds=42), usegmt=True)
    one = line([refusal(503, headers={"Retry-After": date}), OK])
    await one.graph.send(UPDATE)
    assert one.time.slept == [42.0]


@pytest.mark.parametrize("text", ["soon", "", "-5", "99999999999999999999"])
async def test_a_strange_retry_after_never_waits_longer_than_the_cap(text: str) -> None:
    one = line([refusal(429, headers={"Retry-After": text}), OK])
    await one.graph.send(UPDATE)
    assert len(one.time.slept) == 1
    assert 0.0 <= one.time.slept[0] <= 300.0


async def test_without_retry_after_the_waits_are_jittered_and_grow_to_a_cap() -> None:
    one = line([*[refusal(429) for _ in range(10)], OK])
    await one.graph.send(UPDATE)
    limits = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert all(0 <= w <= most for w, most in zip(one.time.slept, limits, strict=True))
    assert len(set(one.time.slept)) == 10
    assert max(one.time.slept) > 16


async def test_throttling_without_end_is_an_error_in_the_end() -> None:
    one = line(lambda _request: refusal(429, "TooManyRequests", "slow down"))
    with pytest.raises(GraphError, match="slow down") as caught:
        await one.graph.send(CREATE)
    assert (caught.value.status, caught.value.ambiguous) == (429, False)
    assert len(one.wire.requests) == 11


@pytest.mark.parametrize(
    "failure",
    [
        refusal(500),
        refusal(502),
        refusal(503),
        refusal(504),
        httpx.Response(503, html="<html>"),
        httpx.Response(503),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(200, content=b"{"),
    ],
)
async def test_an_unknown_outcome_is_repeated_only_where_that_is_safe(failure: Answer) -> None:
    again = line([failure, OK])
    assert (await again.graph.send(UPDATE)).status == 204
    once = line([failure])
    with pytest.raises(GraphError) as caught:
        await once.graph.send(CREATE)
    assert caught.value.ambiguous
    assert len(once.wire.requests) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])
async def test_a_connection_that_never_opened_is_tried_again_even_for_a_create(
    failure: Exception,
) -> None:
    one = line([failure, OK])
    assert (await one.graph.send(CREATE)).status == 204
    answers = iter([OK])
    gone = line(lambda _request: next(answers, failure))
    await gone.graph.send(CREATE)
    with pytest.raises(GraphError, match=r"connection to graph\.microsoft\.com failed") as caught:
        await gone.graph.send(CREATE)
    assert not caught.value.ambiguous
    assert caught.value.status is None
    assert "network" in caught.value.remedy
    assert len(gone.wire.requests) == 1 + 7


async def test_an_endpoint_that_has_never_answered_is_given_up_in_seconds() -> None:
    gone = line(lambda _request: httpx.ConnectError("Name or service not known"))
    began = gone.time.now()
    with pytest.raises(GraphError, match=r"to graph\.microsoft\.com failed: Name or") as caught:
        await gone.graph.send(CREATE)
    assert "proxy (HTTPS_PROXY, NO_PROXY) and --graph-endpoint" in caught.value.remedy
    assert len(gone.wire.requests) == 3
    assert (gone.time.now() - began).total_seconds() < 2


async def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    refused = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    gone = line(lambda _request: refused)
    with pytest.raises(GraphError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        await gone.graph.send(CREATE)
    assert "SSL_CERT_FILE" in caught.value.remedy
    assert len(gone.wire.requests) == 1


async def test_a_wait_for_a_turn_to_write_is_told() -> None:
    one = line(lambda _request: httpx.Response(204))
    for _ in range(60):
        await one.graph.send(replace(UPDATE, paced=True))
    assert [note.rpartition(": ")[2] for note in one.notices] == ["waiting 60 s"]


async def test_a_lost_request_is_shown_to_the_observer_without_a_status() -> None:
    one = line([httpx.ReadError("reset"), httpx.Response(204, headers={"request-id": "q"})])
    await one.graph.send(UPDATE)
    assert [(e.status, e.request_id) for e in one.exchanges] == [(None, None), (204, "q")]
    assert one.graph.stats.http_calls == 2


async def test_an_outage_that_stays_is_given_up() -> None:
    one = line(lambda _request: refusal(503, "ServiceUnavailable", "down"))
    with pytest.raises(GraphError, match="down") as caught:
        await one.graph.send(UPDATE)
    assert not caught.value.ambiguous
    assert len(one.wire.requests) == 7


async def test_the_budget_of_a_run_is_shared_and_runs_out() -> None:
    one = line(lambda _request: refusal(503), retry_budget=3)
    with pytest.raises(GraphError) as caught:
        await one.graph.send(UPDATE)
    assert len(one.wire.requests) == 4
    assert "used up its retries" in caught.value.remedy
    with pytest.raises(GraphError):
        await one.graph.send(UPDATE)
    assert len(one.wire.requests) == 5


@pytest.mark.parametrize(
    "refused",
    [
        (409, "Directory_ConcurrencyViolation", ""),
        (400, "Directory_ConcurrencyViolation", ""),
        (
            400,
            "Request_BadRequest",
            "Error due to concurrent requests being made to the tenant. Please wait briefly",
        ),
        (409, "Error_MsaAppDoesNotExist", "not yet"),
    ],
)
async def test_concurrency_and_late_account_systems_are_waited_out_always(
    refused: tuple[int, str, str],
) -> None:
    one = line([*[refusal(*refused) for _ in range(12)], OK], retry_budget=0)
    assert (await one.graph.send(CREATE)).status == 204
    assert len(one.wire.requests) == 13


async def test_the_account_system_is_given_minutes_but_not_forever() -> None:
    one = line(lambda _request: refusal(409, "Error_MsaAppDoesNotExist", "not yet"))
    with pytest.raises(GraphError):
        await one.graph.send(CREATE)
    assert 300 < one.time.elapsed <= 600


LAG = [
    (404, "Request_ResourceNotFound", "Resource 'x' does not exist or one of its queried ..."),
    (404, "Directory_ObjectNotFound", "Unable to read the company information"),
    (400, "NoBackingApplicationObject", ""),
    (400, "Request_BadRequest", "Not a valid reference update."),
    (400, "Request_BadRequest", "The appId does not reference a valid application object."),
    (400, "InvalidValue", "'x' cannot be found in the AppPermissions sets for client 'y'"),
    (400, "CannotDeleteOrUpdateEnabledEntitlement", ""),
    (400, "x", "does not exist or one of its queried reference-property objects are not present."),
    (
        403,
        "Authorization_RequestDenied",
        "the backing application of the service principal being created must in the local tenant",
    ),
    (418, "OfTheCall", "as the kind declares"),
]


@pytest.mark.parametrize("refused", LAG)
async def test_replication_errors_are_waited_out_on_young_objects_alone(
    refused: tuple[int, str, str],
) -> None:
    transient = (ErrorMatch(status=(418,), code="OfTheCall"),)
    young = Call("POST", "/servicePrincipals", repeatable=False, young=True, transient=transient)
    one = line([*[refusal(*refused) for _ in range(5)], OK])
    assert (await one.graph.send(young)).status == 204
    limits = [0.02, 0.04, 0.08, 0.16, 0.32]
    assert all(0 <= w <= most for w, most in zip(one.time.slept, limits, strict=True))
    old = Call("POST", "/servicePrincipals", repeatable=False, transient=transient)
    settled = line([refusal(*refused)])
    with pytest.raises(GraphError) as caught:
        await settled.graph.send(old)
    assert not caught.value.ambiguous


async def test_replication_is_waited_for_a_quarter_of_an_hour_and_outside_the_budget() -> None:
    one = line(lambda _request: refusal(404, "Request_ResourceNotFound", "x"), retry_budget=0)
    with pytest.raises(GraphError):
        await one.graph.send(Call("DELETE", "/x/1", young=True))
    assert 880 < one.time.elapsed <= 900


async def test_the_code_may_sit_in_the_details() -> None:
    body = {
        "error": {
            "code": "Request_BadRequest",
            "message": "m",
            "details": [{"code": "NoBackingApplicationObject", "message": "d"}],
        }
    }
    one = line([httpx.Response(400, json=body), OK])
    assert (await one.graph.send(Call("POST", "/x", young=True))).status == 204


@pytest.mark.parametrize(
    "refused", [(400, "Request_BadRequest"), (403, "x"), (409, "ObjectConflict"), (501, "x")]
)
async def test_a_final_error_is_raised_at_once(refused: tuple[int, str]) -> None:
    one = line([refusal(*refused)])
    with pytest.raises(GraphError) as caught:
        await one.graph.send(CREATE)
    assert (caught.value.status, caught.value.ambiguous) == (refused[0], False)
    assert one.time.slept == []


async def test_an_expired_token_is_replaced_once() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["authorization"] == "Bearer second"
        return OK if fresh else refusal(401, "InvalidAuthenticationToken", "expired")

    one = line(respond, tokens=Tokens("first", "second"))
    assert (await one.graph.send(CREATE)).status == 204
    assert len(one.wire.requests) == 2


async def test_a_token_that_stays_refused_is_a_clear_error() -> None:
    expired = "Access token has expired or is not yet valid."
    one = line(lambda _request: refusal(401, "InvalidAuthenticationToken", expired))
    with pytest.raises(GraphError, match="expired") as caught:
        await one.graph.send(UPDATE)
    assert "PROVISIONING_ACCESS_TOKEN" in caught.value.remedy
    assert len(one.wire.requests) == 2


async def test_a_claims_challenge_is_answered_once_by_the_sdk() -> None:
    # base64 of {"access_token":{"nbf":{"essential":true}}}
    claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'

    def respond(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer second":
            return OK
        return httpx.Response(401, headers={"WWW-Authenticate": challenge})

    one = line(respond, tokens=Tokens("first", "second"))
    assert (await one.graph.send(CREATE)).status == 204
    assert one.tokens.asked[1]["claims"] == '{"access_token":{"nbf":{"essential":true}}}'
    assert [e.status for e in one.exchanges] == [401, 204]
    assert one.graph.stats.http_calls == 2


async def test_a_broken_claims_challenge_is_a_clear_error() -> None:
    challenge = 'Bearer claims="not base64!"'
    one = line(lambda _r: httpx.Response(401, headers={"WWW-Authenticate": challenge}))
    with pytest.raises(GraphError, match="challenge"):
        await one.graph.send(CREATE)


async def test_many_calls_sign_in_once() -> None:
    one = line(lambda _request: OK)
    await asyncio.gather(*[one.graph.send(UPDATE) for _ in range(40)])
    assert len(one.tokens.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["https://evil.example/x", "/v1.0/elsewhere"])
async def test_no_redirect_is_followed(status: int, to: str) -> None:
    one = line(lambda _request: httpx.Response(status, headers={"Location": to}))
    with pytest.raises(GraphError, match="redirect"):
        await one.graph.send(UPDATE)
    assert len(one.wire.requests) == 1


async def test_a_redirect_to_nowhere_is_an_error() -> None:
    one = line(lambda _request: httpx.Response(302))
    with pytest.raises(GraphError) as caught:
        await one.graph.send(UPDATE)
    assert caught.value.status == 302


async def test_no_path_can_lead_to_another_host() -> None:
    one = line(lambda _request: OK)
    for path in ("@evil.example/x", "//evil.example/x", ".evil.example/x", "https://evil.example"):
        await one.graph.send(Call("DELETE", path))
    assert {request.url.host for request in one.wire.requests} == {"graph.microsoft.com"}


async def test_another_endpoint_gets_the_requests_but_the_clouds_own_token() -> None:
    one = line([OK], graph_endpoint="http://127.0.0.1:8080")
    await one.graph.send(UPDATE)
    assert str(one.wire.requests[0].url) == "http://127.0.0.1:8080/v1.0/applications/1"
    assert one.wire.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert one.tokens.scopes == ("https://graph.microsoft.com/.default",)


async def test_behind_another_endpoint_pages_that_name_graph_are_asked_there() -> None:
    link = "https://graph.microsoft.com/v1.0/x?$skiptoken=2"
    one = line(
        [
            httpx.Response(200, json={"value": [], "@odata.nextLink": link}),
            httpx.Response(200, json={"value": []}),
        ],
        graph_endpoint="https://[::1]:9000",
    )
    await one.graph.read([Read("x", "/x", many=True)])
    assert str(one.wire.requests[1].url) == "https://[::1]:9000/v1.0/x?$skiptoken=2"


async def test_a_national_cloud_has_its_own_host_and_scope() -> None:
    one = line([OK], cloud=clouds.named("china"))
    await one.graph.send(UPDATE)
    assert one.wire.requests[0].url.host == "microsoftgraph.chinacloudapi.cn"
    assert one.tokens.scopes == ("https://microsoftgraph.chinacloudapi.cn/.default",)


async def test_a_clear_text_endpoint_elsewhere_is_refused() -> None:
    with pytest.raises(ProvisioningError, match="loopback"):
        line([], graph_endpoint="http://graph.example")


async def test_paced_writes_stay_under_sixty_in_any_minute() -> None:
    sent: list[float] = []
    one = line(lambda _request: OK)

    async def write(number: int) -> None:
        await one.graph.send(Call("PATCH", f"/applications/{number}", body={}, paced=True))
        sent.append(one.time.elapsed)

    for number in range(150):
        await write(number)
    assert sent[58] == 0.0
    assert all(later - earlier >= 60.0 for earlier, later in zip(sent, sent[59:], strict=False))
    assert sent[-1] < 130.0


async def test_unpaced_writes_do_not_wait() -> None:
    one = line(lambda _request: OK)
    for _ in range(100):
        await one.graph.send(UPDATE)
    assert one.time.elapsed == 0.0


async def test_leaving_the_client_closes_the_credential() -> None:
    one = line([])
    async with one.graph:
        pass
    assert one.tokens.closed


async def test_a_cancelled_write_is_not_retried() -> None:
    started = asyncio.Event()

    def respond(_request: httpx.Request) -> httpx.Response:
        started.set()
        return refusal(429, headers={"Retry-After": "1"})

    one = line(respond)
    task = asyncio.create_task(one.graph.send(UPDATE))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(one.wire.requests) <= 2


async def test_an_unexpected_type_of_item_is_no_traceback() -> None:
    one = line(
        lambda request: (
            batch_of(request, lambda _item: {"status": "200", "body": {}})
            if request.method == "POST"
            else httpx.Response(200, json={"ok": True})
        )
    )
    found = await one.graph.read([Read("a", "/a"), Read("b", "/b")])
    assert [answer.object for answer in found] == [{"ok": True}, {"ok": True}]


async def test_a_delete_that_was_carried_out_unheard_is_done() -> None:
    gone = refusal(404, "Request_ResourceNotFound", "gone")
    one = line([httpx.ReadError("reset"), gone])
    answer = await one.graph.send(Call("DELETE", "/applications/1", young=True))
    assert answer.status == 404
    first = line([gone])
    with pytest.raises(GraphError):
        await first.graph.send(Call("DELETE", "/applications/1"))


async def test_a_web_page_instead_of_an_answer_is_refused() -> None:
    one = line(lambda _request: httpx.Response(200, html="<html>"))
    with pytest.raises(GraphError, match="web page") as caught:
        await one.graph.send(CREATE)
    assert caught.value.ambiguous


async def test_connections_are_real_kept_and_closed() -> None:
    closed, heads = asyncio.Event(), list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        closed.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    graph = connect(
        cloud=clouds.named("global"),
        credential=Tokens(),
        clock=VirtualTime().clock(),
        graph_endpoint=f"http://127.0.0.1:{port}",
    )
    async with server, graph:
        for _ in range(2):
            await graph.send(Call("DELETE", "/applications/1"))
        await graph.__aexit__(None, None, None)
        await asyncio.wait_for(closed.wait(), 5)
    assert heads[0].startswith(b"DELETE /v1.0/applications/1 HTTP/1.1\r\n")
    assert len(heads) == 2


async def test_a_reference_by_url_names_the_graph_of_the_cloud() -> None:
    one = line([OK], cloud=clouds.named("usgov"))
    url = "https://graph.microsoft.com/v1.0/directoryObjects/1"
    await one.graph.send(Call("POST", "/applications/2/owners/$ref", body={"@odata.id": url}))
    assert json.loads(one.wire.requests[0].content) == {
        "@odata.id": "https://graph.microsoft.us/v1.0/directoryObjects/1"
    }
