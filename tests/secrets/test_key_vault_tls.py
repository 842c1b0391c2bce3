"""Key Vault over TLS through the SDK's own transport: nothing between it and the wire is ours.

The double is that of `test_key_vault`, behind a certificate of an authority that the transport
trusts. (SSL_CERT_FILE, the way of a user, is read once in a process, when aiohttp is imported.)
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from azure.core.pipeline.transport import AioHttpTransport
from test_key_vault import MAIN, FakeVault, Signed

from provisioning.core.errors import SecretError
from provisioning.core.model import SinkState, Value
from provisioning.sandbox import tls
from provisioning.secrets import sources
from provisioning.secrets.key_vault import Vaults
from provisioning.secrets.sinks import Sinks


@contextlib.asynccontextmanager
async def served(vault: FakeVault, files: tls.Files) -> AsyncIterator[str]:
    config = uvicorn.Config(
        vault.app(),
        log_level="error",
        lifespan="off",
        ssl_certfile=str(files.certificate),
        ssl_keyfile=str(files.key),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def test_the_sink_and_the_source_work_over_tls(
    tmp_path: Path,
) -> None:
    files, vault, signed = tls.files(tmp_path / "tls"), FakeVault(), Signed()
    async with served(vault, files) as url:
        store: Value = {"keyVault": url, "name": "app-main"}

        def vaults() -> Vaults:
            return Vaults(signed, AioHttpTransport(connection_verify=str(files.authority)))

        def sinks() -> Sinks:
            return Sinks(tmp_path, ci=True, vaults=vaults())

        assert await sinks().state({MAIN: store}) == {MAIN: SinkState(readable=False)}
        await sinks().store(MAIN, store, "k1", "hush-1")
        await sinks().store(MAIN, store, "k2", "hush-2")
        state = await sinks().state({MAIN: store})
        identifier = {"fromKeyVault": f"{url}/secrets/app-main"}
        secret = await sources.read(identifier, root=tmp_path, env={}, vaults=vaults())
    assert state == {MAIN: SinkState(readable=True, key_ids=("k2", "k1"))}
    assert sources.text(secret) == "hush-2"
    assert set(vault.tokens) == {"Bearer signed"}
    assert set(signed.scopes) == {"https://vault.azure.net/.default"}


async def test_a_vault_that_is_not_trusted_gets_no_token_and_no_value(tmp_path: Path) -> None:
    files, vault, signed = tls.files(tmp_path / "tls"), FakeVault(), Signed()
    async with served(vault, files) as url:
        with pytest.raises(SecretError, match="certificate verify failed") as caught:
            await Vaults(signed).write(url, "app-main", key_id="k1", value="hush")
    assert "hush" not in str(caught.value)
    assert (vault.versions, vault.tokens, signed.scopes) == ({}, [], [])
