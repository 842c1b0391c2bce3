from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import batch_of, batched, line, refusal

from provisioning.core.errors import GraphError
from provisioning.core.request import ErrorMatch, Read
from provisioning.graph import pipeline


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return {"status": 200, "headers": {"request-id": "r"}, "body": {"path": item["url"]}}


def _reads(count: int, **options: Any) -> list[Read]:
    return [Read(str(number), f"/applications/{number}", **options) for number in range(count)]


async def test_reads_travel_in_batches_of_twenty_per_version_with_relative_urls() -> None:
    one = line(lambda request: batch_of(request, _item))
    reads = [*_reads(45), *[Read(f"b{n}", f"/trust/{n}", version="beta") for n in range(2)]]
    found = await one.graph.read(reads)
    assert sorted(one.wire.paths) == [
        "POST /beta/$batch",
        "POST /v1.0/$batch",
        "POST /v1.0/$batch",
        "POST /v1.0/$batch",
    ]
    assert sorted(len(batched(request)) for request in one.wire.requests) == [2, 5, 20, 20]
    assert [answer.object["path"] for answer in found] == [read.path for read in reads]
    assert one.graph.stats.http_calls == 4
    assert one.graph.stats.requests == 47


async def test_a_single_read_goes_plain() -> None:
    one = line([httpx.Response(200, json={"id": "a"}, headers={"request-id": "q"})])
    (found,) = await one.graph.read([Read("a", "/applications/a?$select=id")])
    assert one.wire.paths == ["GET /v1.0/applications/a?$select=id"]
    assert found.object == {"id": "a"}
    assert found.headers["request-id"] == "q"


async def test_no_reads_need_no_call() -> None:
    one = line([])
    assert await one.graph.read([]) == []


async def test_equal_keys_are_read_once_and_answered_each() -> None:
    one = line([httpx.Response(200, json={"id": "a"})])
    found = await one.graph.read([Read("a", "/x"), Read("a", "/x")])
    assert [answer.object for answer in found] == [{"id": "a"}, {"id": "a"}]
    assert len(one.wire.requests) == 1


async def test_paths_are_encoded_alike_in_a_batch_and_plain() -> None:
    path = "/users?$filter=userPrincipalName eq 'a#EXT#@b.c'"
    encoded = "/users?$filter=userPrincipalName%20eq%20'a%23EXT%23@b.c'"
    plain = line([httpx.Response(200, json={})])
    await plain.graph.read([Read("a", path)])
    assert plain.wire.paths == [f"GET /v1.0{encoded}"]
    many = line(lambda request: batch_of(request, _item))
    await many.graph.read([Read("a", path), Read("b", "/x")])
    assert batched(many.wire.requests[0])[0]["url"] == encoded


async def test_headers_of_a_read_travel_with_its_item() -> None:
    one = line(lambda request: batch_of(request, _item))
    reads = [Read("a", "/x", headers=(("ConsistencyLevel", "eventual"),)), Read("b", "/y")]
    await one.graph.read(reads)
    first, second = batched(one.wire.requests[0])
    assert first["headers"]["ConsistencyLevel"] == "eventual"
    assert first["headers"]["client-request-id"] != second["headers"]["client-request-id"]


async def test_a_throttled_item_is_asked_again_alone_after_its_own_retry_after() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"alone": request.url.path})
        return batch_of(
            request,
            lambda item: (
                {"status": 429, "headers": {"Retry-After": item["url"][-1] + "0"}, "body": {}}
                if item["url"] in {"/applications/1", "/applications/2"}
                else _item(item)
            ),
        )

    one = line(respond)
    found = await one.graph.read(_reads(4))
    assert one.wire.paths == [
        "POST /v1.0/$batch",
        "GET /v1.0/applications/1",
        "GET /v1.0/applications/2",
    ]
    assert sorted(one.time.slept) == [10.0, 20.0]
    assert found[1].object == {"alone": "/v1.0/applications/1"}
    assert found[3].object == {"path": "/applications/3"}
    assert one.graph.stats.retries == 2


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_an_item_that_fails_in_passing_is_asked_again_alone(status: int) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"id": "later"})
        return batch_of(
            request,
            lambda item: {"status": status} if item["id"] == "1" else _item(item),
        )

    found = await line(respond).graph.read(_reads(2))
    assert found[0].object == {"id": "later"}


async def test_an_item_missing_from_the_batch_is_asked_again_alone() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"id": "found"})
        return batch_of(request, lambda item: None if item["id"] == "2" else _item(item))

    found = await line(respond).graph.read(_reads(2))
    assert found[1].object == {"id": "found"}


async def test_404_is_an_answer_in_a_batch_and_plain() -> None:
    gone = {"error": {"code": "Request_ResourceNotFound", "message": "gone"}}

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404, json=gone)
        return batch_of(
            request,
            lambda item: {"status": 404, "body": gone} if item["id"] == "1" else _item(item),
        )

    one = line(respond)
    missing, there = await one.graph.read(_reads(2))
    (plain,) = await one.graph.read(_reads(1))
    assert (missing.status, missing.found, missing.body) == (404, False, gone)
    assert there.found
    assert (plain.status, plain.object) == (404, {})


async def test_a_tolerated_error_is_an_answer() -> None:
    read = Read("a", "/policies", tolerate=(ErrorMatch(status=(403,), code="AADB2C"),))
    (plain,) = await line([refusal(403, "AADB2C", "no")]).graph.read([read])
    assert plain.status == 403

    def respond(request: httpx.Request) -> httpx.Response:
        body = {"error": {"code": "AADB2C", "message": "no"}}
        return batch_of(request, lambda _item: {"status": 403, "body": body})

    first, second = await line(respond).graph.read([read, Read("b", "/b", tolerate=read.tolerate)])
    assert (first.status, second.status) == (403, 403)


async def test_another_error_of_an_item_is_raised_with_its_path() -> None:
    body = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}

    def respond(request: httpx.Request) -> httpx.Response:
        return batch_of(
            request,
            lambda item: (
                {"status": 403, "headers": {"request-id": "of-item"}, "body": body}
                if item["id"] == "2"
                else _item(item)
            ),
        )

    with pytest.raises(GraphError, match="Insufficient privileges") as caught:
        await line(respond).graph.read(_reads(3))
    error = caught.value
    assert (error.status, error.code) == (403, "Authorization_RequestDenied")
    assert (error.method, error.path) == ("GET", "/v1.0/applications/1")
    assert error.request_id == "of-item"


async def test_pages_are_followed_and_joined_within_batches() -> None:
    base = "https://graph.microsoft.com/v1.0"

    def respond(request: httpx.Request) -> httpx.Response:
        def page(item: dict[str, Any]) -> dict[str, Any]:
            name, _, skip = item["url"].partition("?$skiptoken=")
            number = int(skip or 0)
            body: dict[str, Any] = {"value": [{"id": f"{name}-{number}"}]}
            if number < 2:
                body["@odata.nextLink"] = f"{base}{name}?$skiptoken={number + 1}"
            return {"status": 200, "body": body}

        return batch_of(request, page)

    one = line(respond)
    reads = [Read("a", "/applications", many=True), Read("g", "/groups", many=True)]
    first, second = await one.graph.read(reads)
    assert [item["id"] for item in first.items] == [f"/applications-{n}" for n in range(3)]
    assert [item["id"] for item in second.items] == [f"/groups-{n}" for n in range(3)]
    assert one.wire.paths == ["POST /v1.0/$batch"] * 3
    assert first.body == {"value": list(first.items)}


async def test_pages_of_a_single_collection_are_followed_plain() -> None:
    link = "https://graph.microsoft.com/v1.0/applications?$skiptoken=x"
    one = line(
        [
            httpx.Response(200, json={"value": [{"id": "1"}], "@odata.nextLink": link}),
            httpx.Response(200, json={"value": [{"id": "2"}]}),
        ]
    )
    (found,) = await one.graph.read([Read("a", "/applications", many=True)])
    assert [item["id"] for item in found.items] == ["1", "2"]
    assert one.wire.paths[1] == "GET /v1.0/applications?$skiptoken=x"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/applications?$skiptoken=x",
        "http://graph.microsoft.com/v1.0/applications?$skiptoken=x",
        "https://graph.microsoft.com:444/v1.0/applications",
        "https://graph.microsoft.com@evil.example/v1.0/applications",
        "https://user@graph.microsoft.com/v1.0/applications",
        "https://graph.microsoft.com/beta/applications",
        "//evil.example/v1.0/applications",
        "https://[broken",
        7,
    ],
)
async def test_a_next_link_that_leads_elsewhere_is_refused(link: object) -> None:
    one = line(lambda _request: httpx.Response(200, json={"value": [], "@odata.nextLink": link}))
    with pytest.raises(GraphError, match="next page"):
        await one.graph.read([Read("a", "/applications", many=True)])
    assert {request.url.host for request in one.wire.requests} == {"graph.microsoft.com"}


async def test_pages_that_go_round_in_circles_are_refused() -> None:
    link = "https://graph.microsoft.com/v1.0/applications?$skiptoken=x"
    one = line(lambda _request: httpx.Response(200, json={"value": [], "@odata.nextLink": link}))
    with pytest.raises(GraphError, match="circles"):
        await one.graph.read([Read("a", "/applications", many=True)])
    assert len(one.wire.requests) == 2


async def test_a_collection_without_entries_is_refused() -> None:
    one = line([httpx.Response(200, json={"id": "no collection"})])
    with pytest.raises(GraphError, match="no collection"):
        await one.graph.read([Read("a", "/applications", many=True)])


async def test_raw_reads_go_plain_and_keep_their_bytes() -> None:
    xml = b'<?xml version="1.0"?><TrustFrameworkPolicy/>'

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batch_of(request, _item)
        if request.url.path.endswith("gone/$value"):
            return refusal(404, "AADB2C", "gone")
        return httpx.Response(200, content=xml, headers={"content-type": "application/xml"})

    one = line(respond)
    policy = "/trustFramework/policies/B2C_1A_X/$value"
    found = await one.graph.read(
        [
            Read("p", policy, version="beta", raw=True),
            Read("q", "/trustFramework/policies/gone/$value", version="beta", raw=True),
            *_reads(2),
        ]
    )
    assert (found[0].raw, found[0].body) == (xml, None)
    assert (found[1].status, found[1].found) == (404, False)
    assert f"GET /beta{policy}" in one.wire.paths
    assert len(one.wire.requests) == 3


async def test_a_web_page_instead_of_xml_is_refused() -> None:
    page = httpx.Response(200, html="<html>please log in</html>")
    one = line(lambda _request: page)
    with pytest.raises(GraphError, match="web page"):
        await one.graph.read([Read("p", "/x/$value", raw=True)])


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (httpx.Response(200, content=b'{"id": '), "can't be read as JSON"),
        (httpx.Response(200, html="<html/>"), "is text/html and can't be read as JSON"),
        (httpx.Response(200, content=b"\xff\xfe\x00", headers={"content-type": "x/y"}), "x/y"),
        (httpx.Response(200, content=b"[" * 200_000), "can't be read as JSON"),
        (httpx.Response(200), "holds no responses"),
        (httpx.Response(200, json=["no object"]), "holds no responses"),
        (httpx.Response(200, json={"responses": {}}), "holds no responses"),
    ],
)
async def test_what_is_no_batch_answer_is_asked_again_and_then_refused(
    response: httpx.Response, words: str
) -> None:
    one = line(lambda _request: response)
    with pytest.raises(GraphError, match=words) as caught:
        await one.graph.read(_reads(2))
    assert "proxy" in caught.value.remedy
    assert one.wire.paths == ["POST /v1.0/$batch"] * 7


@pytest.mark.parametrize(
    "responses",
    [[], [7, {"id": "1"}], [{"id": "1", "status": 200, "body": "PGE+"}, {"status": 200}], [None]],
)
async def test_items_that_no_answer_belongs_to_are_asked_for_alone(responses: object) -> None:
    one = line(
        lambda request: (
            httpx.Response(200, json={"responses": responses})
            if request.method == "POST"
            else httpx.Response(200, json={"alone": True})
        )
    )
    found = await one.graph.read(_reads(2))
    assert [answer.object for answer in found] == [{"alone": True}, {"alone": True}]
    assert len(one.wire.requests) == 3


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (httpx.Response(200, content=b"<"), "of no stated type and can't be read as JSON"),
        (httpx.Response(200, html="<html/>"), "is text/html and can't be read as JSON"),
        (httpx.Response(200), "the answer is empty"),
    ],
)
async def test_what_is_no_answer_to_a_plain_read_is_asked_again_and_then_refused(
    response: httpx.Response, words: str
) -> None:
    one = line(lambda _request: response)
    with pytest.raises(GraphError, match=words):
        await one.graph.read(_reads(1))
    assert len(one.wire.requests) == 7


async def test_a_malformed_answer_that_passes_is_forgiven() -> None:
    one = line([httpx.Response(200, content=b"{"), httpx.Response(200, json={"id": "a"})])
    (found,) = await one.graph.read(_reads(1))
    assert found.object == {"id": "a"}


async def test_a_throttled_batch_is_sent_again_as_a_whole() -> None:
    answered = False

    def respond(request: httpx.Request) -> httpx.Response:
        nonlocal answered
        if not answered:
            answered = True
            return refusal(429, headers={"Retry-After": "7"})
        return batch_of(request, _item)

    one = line(respond)
    await one.graph.read(_reads(3))
    assert one.time.slept == [7.0]
    assert one.wire.paths == ["POST /v1.0/$batch"] * 2


async def test_no_more_calls_are_in_flight_than_the_width() -> None:
    one = line(lambda request: batch_of(request, _item), width=3)
    await one.graph.read(_reads(200))
    assert len(one.wire.requests) == 10
    assert one.wire.most_in_flight == 3


async def test_every_call_and_every_item_is_shown_to_the_observer() -> None:
    one = line(lambda request: batch_of(request, _item))
    await one.graph.read(_reads(2))
    shown = [(e.method, e.path, e.status, e.request_id) for e in one.exchanges]
    assert shown == [
        ("POST", "/v1.0/$batch", 200, None),
        ("GET", "/v1.0/applications/0", 200, "r"),
        ("GET", "/v1.0/applications/1", 200, "r"),
    ]
    assert len({e.client_request_id for e in one.exchanges}) == 3
    sent = one.wire.requests[0].headers["client-request-id"]
    assert one.exchanges[0].client_request_id == sent


async def test_the_first_failure_cancels_the_other_batches() -> None:
    one = line(lambda _request: refusal(403, "Authorization_RequestDenied", "no"), width=1)
    with pytest.raises(GraphError, match="no"):
        await one.graph.read(_reads(60))
    assert len(one.wire.requests) < 3


@given(st.text("aZ0/._~?&=$,()-'# %é|:", max_size=12))
def test_a_path_is_encoded_as_httpx_would(path: str) -> None:
    whole = httpx.URL(f"https://graph.microsoft.com/v1.0/{path}".replace("#", "%23"))
    assert pipeline.encoded(f"/v1.0/{path}") == whole.raw_path.decode("ascii")
