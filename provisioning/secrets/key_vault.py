"""Secrets in Azure Key Vault: written with their key id as a tag, listed without their values.

Must not send a token to a host that is no Key Vault. Needs the extra `keyvault`.
https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from provisioning.core.errors import SecretError
from provisioning.core.model import SinkState

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.transport import AsyncHttpTransport
    from azure.keyvault.secrets.aio import SecretClient

NAME: Final = re.compile(r"[0-9A-Za-z-]{1,127}")
TAG: Final = "keyId"
_HOSTS: Final = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net")


def installed() -> bool:
    """Whether the extra `keyvault` is there; imports nothing of it."""
    try:
        return importlib.util.find_spec("azure.keyvault.secrets") is not None
    except ModuleNotFoundError:
        return False


def check(url: str) -> str | None:
    """Say what is wrong with a vault's URL, None when a token may be sent to it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.username is None and parts.port in {None, 443}
    except ValueError:
        return f"{url} is no URL"
    if parts.scheme != "https":
        return f"{url} is no https URL"
    if _loopback(host) or (plain and host.endswith(_HOSTS)):
        return None
    return f"{host or url} is no Key Vault host"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Vaults:
    """Access to every vault that the signed-in identity may use."""

    credential: AsyncTokenCredential
    transport: AsyncHttpTransport[Any, Any] | None = None
    """Another way to the same service, such as a served double; None is the SDK's own."""

    async def read(self, identifier: str) -> str:
        """Return the value at `https://VAULT/secrets/NAME[/VERSION]`. Raises SecretError."""
        vault, name, version = _parse(identifier)
        async with self._client(vault, f"read {identifier}") as client:
            return (await client.get_secret(name, version or None)).value or ""

    async def key_ids(self, vault: str, name: str) -> SinkState:
        """Return the key ids of the enabled versions, newest first; their values stay there.

        Raises SecretError when the vault refuses or cannot be reached.
        """
        async with self._client(vault, f"list the versions of {name} in {vault}") as client:
            versions = [
                (item.created_on.timestamp() if item.created_on else 0.0, (item.tags or {})[TAG])
                async for item in client.list_properties_of_secret_versions(name)
                if item.enabled and TAG in (item.tags or {})
            ]
        ids = tuple(key_id for _, key_id in sorted(versions, reverse=True))
        return SinkState(readable=bool(ids), key_ids=ids)

    async def write(self, vault: str, name: str, *, key_id: str, value: str) -> None:
        """Add a version that carries its key id. Raises SecretError."""
        async with self._client(vault, f"store {name} in {vault}") as client:
            await client.set_secret(name, value, tags={TAG: key_id})

    @contextlib.asynccontextmanager
    async def _client(self, vault: str, doing: str) -> AsyncIterator[SecretClient]:
        _require(vault, doing)
        from azure.core.exceptions import AzureError as Problem
        from azure.keyvault.secrets.aio import SecretClient

        # A vault that cannot be reached is told in seconds.
        options: dict[str, Any] = {"retry_connect": 2}
        if self.transport is not None:
            options["transport"] = self.transport
        # A loopback double cannot present a resource of the vault's domain in its challenge.
        verify = not _loopback(urlsplit(vault).hostname or "")
        try:
            async with SecretClient(
                vault, self.credential, verify_challenge_resource=verify, **options
            ) as client:
                yield client
        except Problem as problem:
            # Not chained: the original holds the request, and with it the value.
            raise _refusal(doing, problem) from None


def _refusal(doing: str, problem: AzureError) -> SecretError:
    from azure.core.exceptions import HttpResponseError

    match problem:
        case HttpResponseError(status_code=int(status)):
            code = problem.error.code if problem.error else problem.reason
            told, remedy = f"Key Vault answered {status} {code}", _remedy(status)
        case _:
            # Sign-in and network errors tell their reason in the first line.
            told = f"{type(problem).__name__}: {str(problem).partition(chr(10))[0]}"
            remedy = "check the sign-in, the vault's name and the network"
    return SecretError(f"cannot {doing}: {told}", remedy=remedy)


def _require(vault: str, doing: str) -> None:
    if fault := check(vault):
        raise SecretError(f"cannot {doing}: {fault}", remedy="write https://NAME.vault.azure.net")
    if not installed():
        raise SecretError(
            f"cannot {doing}: the extra keyvault is missing",
            remedy="pip install 'provisioning[keyvault]'",
        )


def _remedy(status: int) -> str:
    match status:
        case 401 | 403:
            return "grant the identity Key Vault Secrets Officer on the vault"
        case 404:
            return "check the name, or create the secret"
        case _:
            return "run again"


def _parse(identifier: str) -> tuple[str, str, str]:
    parts = urlsplit(identifier)
    match parts.path.split("/"):
        case ["", "secrets", name] if name:
            return f"{parts.scheme}://{parts.netloc}", name, ""
        case ["", "secrets", name, version] if name and version:
            return f"{parts.scheme}://{parts.netloc}", name, version
        case _:
            raise SecretError(
                f"{identifier} is no secret identifier",
                remedy="write https://VAULT.vault.azure.net/secrets/NAME",
            )
