"""The client against whole applications: one of Starlette, and the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from virtual_time import VirtualTime
from wire import Tokens

from provisioning.core.errors import GraphError
from provisioning.core.request import Call, Read
from provisioning.graph import clouds
from provisioning.graph.client import Graph, connect
from provisioning.sandbox import Fault, Options, Sandbox


def _graph(transport: httpx.AsyncBaseTransport, credential: Any, time: VirtualTime) -> Graph:
    return connect(
        cloud=clouds.named("global"),
        credential=credential,
        clock=time.clock(),
        transport=transport,
        random=Random(1),
    )


async def test_bodies_lengths_and_paths_arrive_at_an_asgi_application() -> None:
    async def echo(request: Request) -> Response:
        body = await request.body()
        return JSONResponse(
            {
                "path": request.url.path,
                "query": request.url.query,
                "length": request.headers.get("content-length"),
                "body": body.decode(),
            },
            status_code=201,
        )

    app = Starlette(routes=[Route("/{rest:path}", echo, methods=["POST", "PATCH", "DELETE"])])
    graph = _graph(httpx.ASGITransport(app), Tokens(), VirtualTime())
    async with graph:
        posted = await graph.send(Call("POST", "/a?b=c d", body={"x": [None]}))
        empty = await graph.send(Call("POST", "/a"))
    assert posted.object == {
        "path": "/v1.0/a",
        "query": "b=c%20d",
        "length": "12",
        "body": '{"x":[null]}',
    }
    assert empty.object["length"] == "0"


class _FromSandbox:
    def __init__(self, box: Sandbox, tenant_id: str) -> None:
        self.box, self.tenant_id = box, tenant_id

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(self.box.issue_token(self.tenant_id), 2**31)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


def _sandbox(time: VirtualTime, options: Options | None = None) -> tuple[Sandbox, str]:
    box = Sandbox(None, options=options, clock=lambda: time.now().astimezone(UTC))
    return box, box.add_tenant("contoso.onmicrosoft.com", "b2c").id


async def test_an_application_is_created_read_in_pages_and_deleted(time: VirtualTime) -> None:
    box, tenant_id = _sandbox(time)
    box.seed(tenant_id, "applications", [{"displayName": f"app {n:03}"} for n in range(150)])
    async with _graph(box.transport(), _FromSandbox(box, tenant_id), time) as graph:
        created = await graph.send(Call("POST", "/applications", body={"displayName": "mine"}))
        assert created.status == 201
        one, every, none = await graph.read(
            [
                Read("one", f"/applications(appId='{created.object['appId']}')"),
                Read("every", "/applications?$select=id,displayName", many=True),
                Read("none", "/applications/00000000-0000-0000-0000-00000000dead"),
            ]
        )
        assert one.object["displayName"] == "mine"
        assert sum(str(item["displayName"]).startswith("app ") for item in every.items) == 150
        assert none.status == 404
        gone = await graph.send(Call("DELETE", f"/applications/{created.object['id']}"))
        assert gone.status == 204
        assert (await graph.principal()).tenant_id == tenant_id
    box.close()


async def test_faults_before_and_after_the_commit_are_told_apart_by_repeatability(
    time: VirtualTime,
) -> None:
    box, tenant_id = _sandbox(time)
    create = Call("POST", "/applications", body={"displayName": "mine"}, repeatable=False)
    async with _graph(box.transport(), _FromSandbox(box, tenant_id), time) as graph:
        box.faults.add(Fault(path=r"/applications", method="POST", status=503, after_commit=True))
        with pytest.raises(GraphError) as caught:
            await graph.send(create)
        assert caught.value.ambiguous
        names = [item.get("displayName") for item in box.dump(tenant_id)["applications"]]
        assert names.count("mine") == 1
        box.faults.add(
            Fault(path=r"/applications", status=429, times=2, headers={"Retry-After": "9"})
        )
        assert (await graph.send(create)).status == 201
        assert time.slept == [9.0, 9.0]
    box.close()


async def test_a_young_object_is_waited_for_until_it_is_visible(time: VirtualTime) -> None:
    box, tenant_id = _sandbox(time, Options(read_lag=3))
    async with _graph(box.transport(), _FromSandbox(box, tenant_id), time) as graph:
        created = await graph.send(Call("POST", "/applications", body={"displayName": "mine"}))
        path = f"/applications/{created.object['id']}"
        change = Call("PATCH", path, body={"notes": "n"}, young=True)
        assert (await graph.send(change)).status == 204
        assert graph.stats.retries == 3
    box.close()
    assert time.now() < datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
