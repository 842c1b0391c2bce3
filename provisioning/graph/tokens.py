"""Access tokens for one run: fetched once, kept until they age, forgotten when refused.

Must not show a token. Most credentials keep their own cache, but the Azure CLI's starts a process
for every token, and the SDK asks once per request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Final, Self

import jwt
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ServiceRequestError

from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Principal
from provisioning.graph.clock import Clock

_EARLY: Final = 300.0
"""Seconds before expiry at which another token is asked for."""


_SHORTEST: Final = 4
"""Shorter values hide nothing and would eat into words."""


class Tokens:
    """An `AsyncTokenCredential` around another; many waiting requests sign in once."""

    def __init__(self, credential: AsyncTokenCredential, clock: Clock) -> None:
        self._credential = credential
        self._clock = clock
        self._kept: dict[tuple[str, ...], AccessToken] = {}
        self._lock = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **rest: Any,
    ) -> AccessToken:
        """Return a token; `claims` (a CAE challenge) always asks for a new one.

        Raises ProvisioningError when signing in fails.
        """
        kept = self._kept.get(scopes)
        if claims is None and kept is not None and self._fresh(kept):
            return kept
        async with self._lock:
            newest = self._kept.get(scopes)
            # Others may have signed in, or answered the same challenge, while this one waited.
            if newest is not None and newest is not kept and self._fresh(newest):
                return newest
            try:
                token = await self._credential.get_token(
                    *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **rest
                )
            except AzureError as error:
                raise failure(error) from None
            self._kept[scopes] = token
            return token

    def forget(self, refused: str) -> None:
        """Drop a token that Graph refused, so that the next request asks for another."""
        self._kept = {
            scopes: token for scopes, token in self._kept.items() if token.token != refused
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any text."""
        return tuple(token.token for token in self._kept.values())

    async def close(self) -> None:
        """Close the credential's own connections."""
        await self._credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def _fresh(self, token: AccessToken) -> bool:
        return token.expires_on - _EARLY > self._clock.now().timestamp()


def failure(error: Exception, *, secrets: Iterable[str] = ()) -> ProvisioningError:
    """Translate a failed sign-in: the first line of its message, with secrets taken out."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
    remedy = "check --auth, the AZURE_* variables and the tenant"
    if isinstance(error, ServiceRequestError):
        remedy = "check the network, the proxy (HTTPS_PROXY, NO_PROXY) and AZURE_AUTHORITY_HOST"
    return ProvisioningError(
        f"signing in to Graph failed: {redact(first, secrets)[:500]}", remedy=remedy
    )


_NO_ROLES: Final = frozenset(
    {
        "b79fbf4d-3ef9-4689-8143-76b194e85509",  # a user without any role
        "0997a1d0-0d1d-4acb-b408-d5ca73121e90",  # an application without any role
    }
)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "****")
    return text


def principal(token: str) -> Principal:
    """Read who signed in from an access token's payload; an opaque token tells nothing.

    The signature is not checked: the token is Graph's, we are its bearer and not its audience.
    Claims: learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
    """
    try:
        payload: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, json.JSONDecodeError):
        return Principal()
    scopes = payload.get("scp")
    delegated = isinstance(scopes, str)
    names = ("upn", "preferred_username", "unique_name", "app_displayname", "name")
    return Principal(
        tenant_id=_first(payload, "tid"),
        app_id=_first(payload, "appid", "azp"),
        object_id=_first(payload, "oid"),
        name=_first(payload, *(names if delegated else ("app_displayname", *names))),
        roles=None if delegated or _directory_roles(payload) else _words(payload.get("roles")),
        scopes=frozenset(scopes.split()) if isinstance(scopes, str) else None,
        directory_roles=_words(payload["wids"]) if "wids" in payload else None,
    )


def _directory_roles(payload: dict[str, Any]) -> frozenset[str]:
    """Directory roles of the principal: they admit an application without Graph's permissions.

    `wids` holds the ids of their templates, and one that stands for no role at all
    (learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
    """
    return _words(payload.get("wids")) - _NO_ROLES


def _first(payload: dict[str, Any], *claims: str) -> str | None:
    found = (payload.get(claim) for claim in claims)
    return next((value for value in found if isinstance(value, str) and value), None)


def _words(claim: object) -> frozenset[str]:
    listed = claim if isinstance(claim, list) else []
    return frozenset(word for word in listed if isinstance(word, str))
