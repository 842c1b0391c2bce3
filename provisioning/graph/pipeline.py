"""One HTTP exchange through the genuine Graph SDK: authentication, telemetry, CAE, error parsing.

Must not retry, batch or page. Nothing leaves for another host than the cloud's.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from typing import Final
from uuid import uuid4

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.options import (
    RedirectHandlerOption,
    RetryHandlerOption,
    UrlReplaceHandlerOption,
)
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_request_adapter import options as sdk_options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from provisioning.core.errors import ProvisioningError
from provisioning.graph import refusal, spread
from provisioning.graph.clouds import Cloud
from provisioning.graph.errors import AnswerError
from provisioning.graph.exchange import Exchange, Observer, Outgoing
from provisioning.graph.tokens import Tokens

_TIMEOUT: Final = httpx.Timeout(100.0, connect=10.0)
_OPTIONS: Final = {
    **sdk_options,
    # The SDK repeats every POST on 503; what may be repeated is for provisioning.graph.retry.
    RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False),
    RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
    # It serves the typed /me builder alone and would parse every URL twice.
    UrlReplaceHandlerOption.get_key(): UrlReplaceHandlerOption(enabled=False),
}

_ENCODED: Final = re.compile(r"/[A-Za-z0-9/._~$,()-]*(\?[A-Za-z0-9/._~&=$,()-]+)?")
"""Paths that every URL encoder leaves as they are, but for dot segments."""


def encoded(path: str) -> str:
    """Encode a path with its query as httpx will send it."""
    if _ENCODED.fullmatch(path) and "/." not in path:
        # Most paths; parsing them all as URLs took a tenth of a run over many tenants.
        return path
    # No request to Graph has a fragment; unencoded '#' stands in guests' user names.
    return httpx.URL(f"https://graph{path}".replace("#", "%23")).raw_path.decode("ascii")


class Pipeline:
    """The SDK's request adapter over one `httpx.AsyncClient`, at most `width` at a time."""

    def __init__(
        self,
        cloud: Cloud,
        held: Tokens,
        *,
        transport: httpx.AsyncBaseTransport | None,
        width: int,
        observer: Observer,
    ) -> None:
        self.http_calls = 0
        self._origin = httpx.URL(cloud.graph)
        self._tokens = held
        self._observer = observer
        self._slots = asyncio.Semaphore(width)
        self._answers: dict[str, httpx.Response] = {}
        client = httpx.AsyncClient(
            base_url=cloud.graph,
            transport=transport or spread.transport(width),
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=width, max_keepalive_connections=width),
            follow_redirects=False,
            event_hooks={"request": [self._leaves], "response": [self._arrives]},
        )
        # The SDK wraps the transports (one more for each proxy of the environment) in one that
        # never closes them; a transport that was given belongs to who gave it.
        made = (client._transport, *client._mounts.values())  # noqa: SLF001
        self._made = () if transport is not None else made
        self._client = GraphClientFactory.create_with_default_middleware(
            client=client, options=_OPTIONS
        )
        provider = AzureIdentityAuthenticationProvider(
            held, scopes=[cloud.scope], allowed_hosts=[self._origin.host]
        )
        self._adapter = GraphRequestAdapter(provider, self._client)
        # Building the client registers the parsers that the adapter reads errors with.
        self._service = GraphServiceClient(request_adapter=self._adapter)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        for transport in self._made:
            if transport is not None:
                await transport.aclose()

    def target(self, version: str, path: str) -> str:
        """Encode a path below the version as httpx will send it: `/{version}/…`."""
        return encoded(f"/{version}/{path.lstrip('/')}")

    async def ask(self, request: Outgoing) -> httpx.Response:
        """Send and return a 2xx response, its body read; raises AnswerError for all else."""
        trace = str(uuid4())
        information = self._information(request, trace)
        try:
            async with self._slots:
                await self._adapter.send_primitive_async(
                    information, "bytes", {"4XX": ODataError, "5XX": ODataError}
                )
            response = self._answers[trace]
        except APIError as error:
            raise self._refused(request, self._answers[trace], error) from None
        except httpx.RequestError as error:
            self._observer(Exchange(request.method, request.path, None, None, trace))
            raise refusal.lost(request, error, self._origin.netloc.decode()) from None
        except (binascii.Error, UnicodeDecodeError):
            # kiota decodes the claims of a CAE challenge without checking them first.
            raise refusal.malformed(
                request, "the sign-in challenge can't be read", response=self._answers.get(trace)
            ) from None
        finally:
            self._answers.pop(trace, None)
        if not response.is_success:
            raise refusal.redirected(request, response)
        return response

    def _information(self, request: Outgoing, trace: str) -> RequestInformation:
        information = RequestInformation(method=Method(request.method))
        information.url = f"{self._origin}{request.path}"
        for name, value in request.headers:
            information.headers.add(name, value)
        information.headers.add("client-request-id", trace)
        information.content = request.content
        return information

    def _refused(self, request: Outgoing, response: httpx.Response, error: APIError) -> AnswerError:
        token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
        if response.status_code == 401:
            self._tokens.forget(token)
        return refusal.refused(request, response, error, (token, *self._tokens.secrets))

    async def _leaves(self, request: httpx.Request) -> None:
        url, origin = request.url, self._origin
        if (url.scheme, url.host, url.port) != (origin.scheme, origin.host, origin.port):
            raise ProvisioningError(f"refused to send a request to {url.host}: not {origin.host}")
        self.http_calls += 1

    async def _arrives(self, response: httpx.Response) -> None:
        request = response.request
        trace = request.headers["client-request-id"]
        self._answers[trace] = response
        self._observer(
            Exchange(
                method=request.method,
                path=request.url.raw_path.decode("ascii"),
                status=response.status_code,
                request_id=response.headers.get("request-id"),
                client_request_id=trace,
            )
        )
