"""Secrets of GitHub Actions: sealed for their repository or environment, with a readable key id.

GitHub gives no secret back, so the key ids stand beside it in a variable: `NAME_KEY_ID`, newest
first. Must not send a token to a host that is not the configured API. Needs the extra `github`.
https://docs.github.com/rest/actions/secrets, https://docs.github.com/rest/actions/variables
"""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib.util
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from provisioning.core.errors import SecretError
from provisioning.core.model import SinkState

NAME: Final = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
"""Names in capitals, as GitHub keeps them; those that begin with GITHUB_ are its own."""
REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]{1,39}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
API: Final = "https://api.github.com"
_VERSION: Final = "2022-11-28"
_KEPT: Final = 2
"""Key ids in the variable: the newest, and the one that lives on during an overlap."""


def installed() -> bool:
    """Whether the extra `github` is there; imports nothing of it."""
    return importlib.util.find_spec("nacl") is not None


@dataclass(frozen=True, slots=True)
class Place:
    """One secret of a repository, or of one of its environments."""

    repository: str
    """OWNER/REPOSITORY."""
    name: str
    environment: str | None = None

    @property
    def secret(self) -> str:
        """Path of the secret."""
        return f"{self._root}/secrets/{self.name}"

    @property
    def public_key(self) -> str:
        """Path of the key that values are sealed with; each environment has its own."""
        return f"{self._root}/secrets/public-key"

    @property
    def variables(self) -> str:
        """Path of the variables beside the secret."""
        return f"{self._root}/variables"

    @property
    def variable(self) -> str:
        """Name of the variable that holds the key ids."""
        return f"{self.name}_KEY_ID"

    def __str__(self) -> str:
        where = f" (environment {self.environment})" if self.environment else ""
        return f"{self.name} in {self.repository}{where}"

    @property
    def _root(self) -> str:
        if self.environment is None:
            return f"/repos/{self.repository}/actions"
        return f"/repos/{self.repository}/environments/{quote(self.environment, safe='')}"


@dataclass(frozen=True, slots=True)
class GitHub:
    """Access to every repository that a token may write to."""

    token: str = field(repr=False)
    api: str = API
    transport: httpx.AsyncBaseTransport | None = None
    """Another way to the same service; None is the network."""

    async def key_ids(self, place: Place) -> SinkState:
        """Return the key ids beside a secret, newest first. Raises SecretError."""
        async with self._client(f"read {place.variable} of {place.repository}") as client:
            answer = await client.get(f"{place.variables}/{place.variable}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return SinkState(readable=False)
            ids = tuple(str(_body(answer)["value"]).split())
        return SinkState(readable=bool(ids), key_ids=ids)

    async def write(self, place: Place, *, key_id: str, value: str) -> None:
        """Seal and store a value, then its key id. Raises SecretError.

        In this order a run that ends in between leaves a new value under an old id. The new key
        then counts as never delivered and is made anew; the other order would pass off the old
        value as the new one.
        """
        async with self._client(f"store {place}") as client:
            key = _body(await client.get(place.public_key))
            sealed = {"encrypted_value": _seal(value, str(key["key"])), "key_id": key["key_id"]}
            _require_done(await client.put(place.secret, json=sealed))
            await _note(client, place, key_id)

    @contextlib.asynccontextmanager
    async def _client(self, doing: str) -> AsyncIterator[httpx.AsyncClient]:
        if fault := check(self.api):
            raise SecretError(f"cannot {doing}: {fault}", remedy="mend GITHUB_API_URL")
        headers = {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {self.token}",
            "user-agent": "provisioning",
            "x-github-api-version": _VERSION,
        }
        try:
            async with httpx.AsyncClient(
                base_url=self.api,
                headers=headers,
                timeout=30,
                transport=self.transport,
                verify=_trust(),
            ) as client:
                yield client
        except httpx.HTTPStatusError as problem:
            # Not chained: the original holds the request, and with it the token.
            raise SecretError(
                f"cannot {doing}: GitHub answered {problem.response.status_code}",
                remedy=_remedy(problem.response),
            ) from None
        except httpx.HTTPError as problem:
            raise SecretError(
                f"cannot {doing}: {type(problem).__name__}", remedy="check the network; run again"
            ) from None
        except (ValueError, LookupError, TypeError):
            raise SecretError(
                f"cannot {doing}: the answer is not GitHub's", remedy="check GITHUB_API_URL"
            ) from None


def connected(env: Mapping[str, str]) -> GitHub | None:
    """Return the access that an environment offers, None without a token.

    GH_TOKEN goes before GITHUB_TOKEN, as in GitHub's own command line.
    """
    token = env.get("GH_TOKEN") or env.get("GITHUB_TOKEN")
    return GitHub(token, env.get("GITHUB_API_URL") or API) if token else None


def check(url: str) -> str | None:
    """Say what is wrong with an API's URL, None when a token may be sent to it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f"{url} is no URL"
    if not host or parts.username is not None:
        return f"{url} is no address of an API"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return None
    return f"{url} is no https URL"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@functools.cache
def _trust() -> ssl.SSLContext:
    """Reading the authorities takes longer than a request; every client shares them."""
    return httpx.create_ssl_context()


async def _note(client: httpx.AsyncClient, place: Place, key_id: str) -> None:
    """Put the key id first in the variable, which is made when it is missing."""
    path = f"{place.variables}/{place.variable}"
    found = await client.get(path)
    known = found.status_code != httpx.codes.NOT_FOUND
    before = str(_body(found)["value"]).split() if known else []
    ids = [key_id, *(old for old in before if old != key_id)][:_KEPT]
    content = {"name": place.variable, "value": " ".join(ids)}
    if known:
        _require_done(await client.patch(path, json=content))
    else:
        _require_done(await client.post(place.variables, json=content))


def _seal(value: str, public_key: str) -> str:
    """Return a value that only GitHub can open: libsodium's sealed box, in base64."""
    from nacl.encoding import Base64Encoder
    from nacl.public import PublicKey, SealedBox

    box = SealedBox(PublicKey(public_key.encode(), Base64Encoder))
    return base64.b64encode(box.encrypt(value.encode())).decode()


def _body(answer: httpx.Response) -> dict[str, Any]:
    found = _require_done(answer).json()
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _require_done(answer: httpx.Response) -> httpx.Response:
    """Redirects are refused too: nothing may lead the token or a value to another host."""
    return answer.raise_for_status()


def _remedy(answer: httpx.Response) -> str:
    match answer.status_code:
        case 401:
            return "GH_TOKEN is no valid token; make another"
        case 403 | 404 if answer.headers.get("x-ratelimit-remaining") != "0":
            return (
                "check repository and environment, and give GH_TOKEN a token that may write "
                "Secrets, Variables and Environments; the job's own GITHUB_TOKEN never may"
            )
        case 301 | 302 | 307 | 308:
            return "the repository has moved: write its new name"
        case _:
            return "run again"
