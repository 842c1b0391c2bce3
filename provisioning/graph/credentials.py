"""azure-identity's credentials, one for each `--auth`. Must not show a secret in any text.

Asynchronous where azure.identity.aio has the credential; device code and browser run the
synchronous one in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from azure import identity
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity import aio

from provisioning.core.errors import ProvisioningError
from provisioning.graph import tokens, wrapped
from provisioning.graph.clouds import LOOPBACK
from provisioning.graph.sign_in import SignIn

_AUDIENCE: Final = "api://AzureADTokenExchange"
"""What Entra expects in an assertion of an outside issuer."""
_SILENT: Final = 2.0
"""Seconds of signing in that need no word."""
_PATIENCE: Final[Mapping[str, Any]] = MappingProxyType({"retry_connect": 2})
"""Of azure-core's pipeline: a login host that cannot be reached is told in seconds."""


def build(sign_in: SignIn, *, transport: httpx.AsyncBaseTransport | None) -> AsyncTokenCredential:
    """Build the credential of a sign-in; raises ProvisioningError for unusable settings."""
    try:
        return wrapped.Guarded(
            _choose(sign_in, transport), sign_in.secrets, slow=lambda: _tell(sign_in)
        )
    except (ValueError, OSError) as error:
        reason = tokens.redact(str(error), sign_in.secrets)
        raise ProvisioningError(f"--auth {sign_in.name} can't be used: {reason}") from None


async def _tell(sign_in: SignIn) -> None:
    """Say what is waited for when it takes long; people who sign in themselves know."""
    if sign_in.name in {"device-code", "browser"}:
        return
    await sign_in.clock.sleep(_SILENT)
    sign_in.prompt(f"signing in with --auth {sign_in.name}: waiting for {sign_in.authority}")


def _choose(sign_in: SignIn, transport: httpx.AsyncBaseTransport | None) -> AsyncTokenCredential:
    match sign_in.name:
        case "default":
            return wrapped.InTenant(
                aio.DefaultAzureCredential(
                    additionally_allowed_tenants=["*"], **_authority(sign_in)
                ),
                sign_in.tenant_id,
            )
        case "azure-cli":
            return aio.AzureCliCredential(tenant_id=sign_in.tenant_id or "", process_timeout=60)
        case "device-code":
            return wrapped.Threaded(_device_code(sign_in))
        case "browser":
            return wrapped.Threaded(
                identity.InteractiveBrowserCredential(**_public_client(sign_in))
            )
        case "token":
            return wrapped.Given(sign_in.variables["PROVISIONING_ACCESS_TOKEN"], sign_in.clock)
        case _:
            return _application(sign_in, transport)


def _application(
    sign_in: SignIn, transport: httpx.AsyncBaseTransport | None
) -> AsyncTokenCredential:
    variables = sign_in.variables
    tenant_id, client_id = sign_in.tenant_id or "", variables["AZURE_CLIENT_ID"]
    match sign_in.name:
        case "client-secret":
            return aio.ClientSecretCredential(
                tenant_id,
                client_id,
                variables["AZURE_CLIENT_SECRET"],
                **_authority(sign_in),
            )
        case "certificate":
            return aio.CertificateCredential(
                tenant_id,
                client_id,
                variables["AZURE_CLIENT_CERTIFICATE_PATH"],
                password=variables.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
                send_certificate_chain="AZURE_CLIENT_SEND_CERTIFICATE_CHAIN" in variables,
                **_authority(sign_in),
            )
        case _ if file := variables.get("AZURE_FEDERATED_TOKEN_FILE"):
            return aio.WorkloadIdentityCredential(
                tenant_id=tenant_id,
                client_id=client_id,
                token_file_path=file,
                **_authority(sign_in),
            )
        case _:
            return Runner(sign_in, tenant_id, client_id, transport)


def _authority(sign_in: SignIn) -> dict[str, Any]:
    """Name the authority; Microsoft's is not asked about one that it cannot know."""
    return {
        **_PATIENCE,
        "authority": sign_in.authority,
        "disable_instance_discovery": not sign_in.known_authority,
    }


def _device_code(sign_in: SignIn) -> identity.DeviceCodeCredential:
    def show(uri: str, code: str, expires: datetime) -> None:
        sign_in.prompt(f"Open {uri} and enter the code {code} (until {expires:%H:%M} UTC)")

    return identity.DeviceCodeCredential(prompt_callback=show, **_public_client(sign_in))


def _public_client(sign_in: SignIn) -> dict[str, Any]:
    options = _authority(sign_in)
    if sign_in.tenant_id is not None:
        options["tenant_id"] = sign_in.tenant_id
    if (client_id := sign_in.variables.get("AZURE_CLIENT_ID")) is not None:
        options["client_id"] = client_id
    return options


class Runner(wrapped.Credential):
    """Exchanges the identity of a GitHub Actions job for a token.

    docs.github.com/actions/security-for-github-actions: the runner hands out assertions at a URL
    that it puts into the job's environment.
    """

    def __init__(
        self,
        sign_in: SignIn,
        tenant_id: str,
        client_id: str,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._url = sign_in.variables["ACTIONS_ID_TOKEN_REQUEST_URL"]
        self._bearer = sign_in.variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        self._transport = transport
        self._assertion = ""
        url = urlsplit(self._url)
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            raise ValueError("ACTIONS_ID_TOKEN_REQUEST_URL is not https")
        self._inner = aio.ClientAssertionCredential(
            tenant_id, client_id, lambda: self._assertion, **_authority(sign_in)
        )

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Fetch a fresh assertion and exchange it; raises ProvisioningError."""
        self._assertion = await self._fetch()
        return await self._inner.get_token(*scopes, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._inner.close()

    async def _fetch(self) -> str:
        url = httpx.URL(self._url).copy_merge_params({"audience": _AUDIENCE})
        try:
            async with httpx.AsyncClient(transport=self._transport) as client:
                response = await client.get(
                    url, headers={"authorization": f"Bearer {self._bearer}"}
                )
            assertion = response.raise_for_status().json()["value"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise ProvisioningError(
                f"the runner gave no identity token ({type(error).__name__})",
                remedy="give the job permissions: id-token: write",
            ) from None
        if not isinstance(assertion, str):
            raise ProvisioningError("the runner gave no identity token")
        return assertion
