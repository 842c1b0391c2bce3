"""Key Vault through its genuine SDK; the transport leads to a double on loopback.

The double follows the REST reference: a 401 challenge first, then PUT secrets/{name} and
GET secrets/{name}/versions. https://learn.microsoft.com/rest/api/keyvault/secrets
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
import uvicorn
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from provisioning.core.errors import SecretError
from provisioning.core.model import Address, SinkState, Value
from provisioning.secrets import key_vault, sources
from provisioning.secrets.key_vault import Vaults
from provisioning.secrets.sinks import Sinks

MAIN = Address("application_password", "app.main")
VAULT = "https://contoso.vault.azure.net"
STORE: Value = {"keyVault": VAULT, "name": "app-main"}
CHALLENGE = (
    'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'
)


@dataclass(slots=True)
class FakeVault:
    """Secrets by name, oldest version first."""

    versions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    refuses: bool = False

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/secrets/{name}", self.put, methods=["PUT"]),
                Route("/secrets/{name}/versions", self.list),
                Route("/secrets/{name}/", self.get),
                Route("/secrets/{name}/{version}", self.get),
            ]
        )

    def refusal(self, request: Request) -> Response | None:
        token = request.headers.get("authorization")
        if token is None:
            return Response(status_code=401, headers={"WWW-Authenticate": CHALLENGE})
        self.tokens.append(token)
        if self.refuses:
            error = {"code": "Forbidden", "message": "Caller is not authorized"}
            return JSONResponse({"error": error}, status_code=403)
        return None

    async def put(self, request: Request) -> Response:
        if refusal := self.refusal(request):
            return refusal
        name = request.path_params["name"]
        made = self.versions.setdefault(name, [])
        bundle = {
            **await request.json(),
            "id": f"{VAULT}/secrets/{name}/v{len(made)}",
            "attributes": {"enabled": True, "created": 1_700_000_000 + len(made)},
        }
        made.append(bundle)
        return JSONResponse(bundle)

    async def list(self, request: Request) -> Response:
        if refusal := self.refusal(request):
            return refusal
        made = self.versions.get(request.path_params["name"], [])
        hidden = [{key: item[key] for key in item if key != "value"} for item in made]
        return JSONResponse({"value": hidden})

    async def get(self, request: Request) -> Response:
        if refusal := self.refusal(request):
            return refusal
        return JSONResponse(self.versions[request.path_params["name"]][-1])


class Detour(AioHttpTransport):  # type: ignore[misc]  # untyped without aiohttp's stubs
    """The SDK's own transport, led to loopback; the SDK above it still sees the vault's URL."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def send(self, request: Any, **options: Any) -> Any:
        url = request.url
        parts = urlsplit(url)
        request.url = f"http://127.0.0.1:{self.port}{parts.path}?{parts.query}"
        try:
            return await super().send(request, **options)
        finally:
            request.url = url


class Signed:
    """A credential that signs for everything it is asked."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("signed", 4_000_000_000)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_reason: object) -> None:
        return None


@contextlib.asynccontextmanager
async def served(vault: FakeVault) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(vault.app(), log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def test_versions_carry_their_key_ids_and_are_listed_without_values(tmp_path: Path) -> None:
    vault, signed = FakeVault(), Signed()
    async with served(vault) as port:
        sinks = Sinks(tmp_path, ci=True, vaults=Vaults(signed, Detour(port)))
        assert sinks.check(STORE) is None
        assert await sinks.state({MAIN: STORE}) == {MAIN: SinkState(readable=False)}
    async with served(vault) as port:
        sinks = Sinks(tmp_path, ci=True, vaults=Vaults(signed, Detour(port)))
        await sinks.store(MAIN, STORE, "k1", "hush-1")
    async with served(vault) as port:
        sinks = Sinks(tmp_path, ci=True, vaults=Vaults(signed, Detour(port)))
        await sinks.store(MAIN, STORE, "k2", "hush-2")
    assert [item["value"] for item in vault.versions["app-main"]] == ["hush-1", "hush-2"]
    assert vault.versions["app-main"][1]["tags"] == {"keyId": "k2"}
    async with served(vault) as port:
        sinks = Sinks(tmp_path, ci=True, vaults=Vaults(signed, Detour(port)))
        state = await sinks.state({MAIN: STORE})
    assert state == {MAIN: SinkState(readable=True, key_ids=("k2", "k1"))}
    assert set(signed.scopes) == {"https://vault.azure.net/.default"}
    assert set(vault.tokens) == {"Bearer signed"}


async def test_a_refusal_names_the_vault_and_the_role_but_no_value(tmp_path: Path) -> None:
    vault = FakeVault(refuses=True)
    async with served(vault) as port:
        sinks = Sinks(tmp_path, vaults=Vaults(Signed(), Detour(port)))
        with pytest.raises(SecretError) as caught:
            await sinks.store(MAIN, STORE, "k1", "hush")
    assert caught.value.message == (
        f"cannot store app-main in {VAULT}: Key Vault answered 403 Forbidden"
    )
    assert "Key Vault Secrets Officer" in caught.value.remedy
    assert caught.value.__cause__ is None
    assert vault.versions == {}


async def test_an_unreadable_vault_is_unknown(tmp_path: Path) -> None:
    async with served(FakeVault(refuses=True)) as port:
        sinks = Sinks(tmp_path, vaults=Vaults(Signed(), Detour(port)))
        assert await sinks.state({MAIN: STORE}) == {MAIN: SinkState(readable=False)}


async def test_a_secret_is_read_by_its_identifier(tmp_path: Path) -> None:
    vault = FakeVault(versions={"facebook": [{"value": "hush", "id": f"{VAULT}/secrets/facebook"}]})
    async with served(vault) as port:
        secret = await sources.read(
            {"fromKeyVault": f"{VAULT}/secrets/facebook"},
            root=tmp_path,
            env={},
            vaults=Vaults(Signed(), Detour(port)),
        )
    assert sources.text(secret) == "hush"


@pytest.mark.parametrize(
    "url",
    [
        "https://contoso.vault.azure.net",
        "https://contoso.vault.azure.cn/",
        "https://contoso.vault.usgovcloudapi.net:443",
        "https://localhost:8443",
        "https://127.0.0.1:8443",
        "https://[::1]:8443",
    ],
)
def test_tokens_may_go_to_vaults_and_loopback(url: str) -> None:
    assert key_vault.check(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.vault.azure.net",
        "https://contoso.vault.azure.net.evil.example",
        "https://vault.azure.net@evil.example",
        "https://evil.example#.vault.azure.net",
        "https://user@contoso.vault.azure.net",
        "https://contoso.vault.azure.net:8443",
        "https://evilvault.azure.net",
        "https://127.0.0.1.evil.example",
        "https://[::1",
        "contoso",
        "",
    ],
)
def test_tokens_go_nowhere_else(url: str) -> None:
    assert key_vault.check(url) is not None


async def test_a_foreign_host_is_refused_before_a_token_is_asked_for() -> None:
    signed = Signed()
    with pytest.raises(SecretError):
        await Vaults(signed).write("https://evil.example", "a", key_id="k", value="hush")
    assert signed.scopes == []
