"""GitHub's REST for secrets and variables, as its reference describes it, on loopback.

https://docs.github.com/rest/actions/secrets: 200 with `{key_id, key}`, 201 for a new secret, 204
for a replaced one, 422 for one that cannot be opened. https://docs.github.com/rest/actions/variables:
200, 201, 204; 409 for a second one of the same name. A token without rights meets 403 and, where
it may not even know, 404.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import uvicorn
from nacl.encoding import Base64Encoder
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "ghs_double"
REPOSITORY = "/repos/{owner}/{repo}/actions"
ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment:path}"


@dataclass(slots=True)
class Double:
    """Secrets (opened with the place's private key) and variables, by path of their place."""

    token: str = TOKEN
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    broken: str = ""
    """A request, METHOD and path, that answers 500."""
    moved: bool = False
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                route
                for root in (REPOSITORY, ENVIRONMENT)
                for route in (
                    Route(f"{root}/secrets/public-key", self.key),
                    Route(f"{root}/secrets/{{name}}", self.put, methods=["PUT"]),
                    Route(f"{root}/variables", self.create, methods=["POST"]),
                    Route(f"{root}/variables/{{name}}", self.variable, methods=["GET", "PATCH"]),
                )
            ]
        )

    def _refusal(self, request: Request) -> Response | None:
        self.log.append(f"{request.method} {request.scope['raw_path'].decode()}")
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["user-agent"]
        if self.log[-1] == self.broken:
            return JSONResponse({"message": "Server Error"}, 500)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "Bad credentials"}, 401)
        if self.moved:
            return Response(status_code=301, headers={"location": "https://evil.example/"})
        return None

    def _place(self, request: Request) -> str:
        path = request.url.path.partition("/repos/")[2]
        return path.partition("/secrets")[0].partition("/variables")[0]

    def _key(self, request: Request) -> PrivateKey:
        return self.keys.setdefault(self._place(request), PrivateKey.generate())

    async def key(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        key = self._key(request).public_key.encode(Base64Encoder).decode()
        return JSONResponse({"key_id": f"key of {self._place(request)}", "key": key})

    async def put(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        sent = await request.json()
        try:
            assert sent["key_id"] == f"key of {self._place(request)}"
            sealed = base64.b64decode(sent["encrypted_value"], validate=True)
            opened = SealedBox(self._key(request)).decrypt(sealed).decode()
        except (AssertionError, CryptoError, ValueError):
            return JSONResponse({"message": "Validation Failed"}, 422)
        path = f"{self._place(request)}:{request.path_params['name']}"
        status = 204 if path in self.secrets else 201
        self.secrets[path] = opened
        return Response(status_code=204) if status == 204 else JSONResponse({}, 201)

    async def create(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        sent = await request.json()
        path = f"{self._place(request)}:{sent['name']}"
        if path in self.variables:
            return JSONResponse({"message": "Already exists"}, 409)
        self.variables[path] = sent["value"]
        return JSONResponse({}, 201)

    async def variable(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        name = request.path_params["name"]
        path = f"{self._place(request)}:{name}"
        if path not in self.variables:
            return JSONResponse({"message": "Not Found"}, 404)
        if request.method == "PATCH":
            self.variables[path] = (await request.json())["value"]
            return Response(status_code=204)
        return JSONResponse({"name": name, "value": self.variables[path]})


@contextlib.asynccontextmanager
async def served(double: Double) -> AsyncIterator[str]:
    """The double on a free port; its address is what GITHUB_API_URL would say."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(double.app(), log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
