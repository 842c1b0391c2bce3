"""Outside issuers whose tokens federated credentials accept: where their keys are found.

Must not fetch anything that nobody named. Sources: E:workload-identity-federation.md and
-considerations.md (RS256), OpenID Connect Discovery 1.0, 4 (documents), RFC 7517 (keys). Entra asks
the issuer itself; here that is done for issuers named by `trust`, so that a rehearsal sends
nothing to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from provisioning.sandbox.aadsts import SignInError

ALGORITHM = "RS256"
_DOCUMENT = "/.well-known/openid-configuration"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TIMEOUT = 5.0

Key = Mapping[str, Any]


class Issuers:
    """Key sets by issuer: registered ones, and ones fetched when a token needs them."""

    def __init__(self) -> None:
        self._keys: dict[str, Sequence[Key]] = {}
        self._places: dict[str, str] = {}

    def trust(self, issuer: str, keys: Mapping[str, Any] | str) -> None:
        """Register a key set, or the URL under which discovery finds one.

        Raises:
            ValueError: a URL that is neither https nor loopback.
        """
        self._keys.pop(issuer, None)
        self._places.pop(issuer, None)
        if isinstance(keys, str):
            self._places[issuer] = _allowed(keys).rstrip("/")
        else:
            self._keys[issuer] = [dict(each) for each in keys.get("keys", ())]

    async def prepare(self, assertion: str | None) -> None:
        """Fetch the keys that an assertion needs, when its issuer was named by a URL.

        Known keys are kept until a token names another one. An issuer that does not answer has
        no keys: `find` says so.
        """
        try:
            claims = jwt.decode(assertion or "", options={"verify_signature": False})
            key_id = jwt.get_unverified_header(assertion or "").get("kid")
        except jwt.InvalidTokenError:
            return
        issuer = str(claims.get("iss"))
        held = self._keys.get(issuer)
        if issuer not in self._places or (held and any(k.get("kid") == key_id for k in held)):
            return
        try:
            self._keys[issuer] = await _fetched(issuer, self._places[issuer])
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError):
            self._keys.pop(issuer, None)

    def find(self, issuer: str, key_id: str | None) -> tuple[Any, ...]:
        """The public keys that a token's header may mean: all of them when it names none.

        Raises:
            SignInError: 50166 for an issuer whose keys cannot be had (azure-workload-identity#642),
                7000272 for a key that it does not publish (azure-workload-identity#1232).
        """
        if issuer not in self._keys:
            raise SignInError(
                400, "invalid_request", 50166, "Request to External OIDC endpoint failed."
            )
        published = [k for k in self._keys[issuer] if k.get("kty") == "RSA"]
        named = [k for k in published if key_id is None or k.get("kid") == key_id]
        if not named:
            raise SignInError(
                401,
                "invalid_client",
                7000272,
                f"The certificate with identifier {key_id} used to sign the federated credential "
                f"could not be found in the metadata of identity provider {issuer}. Please "
                "validate that your Identity Provider's metadata exposes the key used to sign the "
                "incoming token.",
            )
        return tuple(jwt.PyJWK(dict(key), algorithm=ALGORITHM).key for key in named)


async def _fetched(issuer: str, place: str) -> Sequence[Key]:
    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
        document = (await client.get(place + _DOCUMENT)).raise_for_status().json()
        if document["issuer"] != issuer:
            raise ValueError(issuer)
        keys = (await client.get(_allowed(str(document["jwks_uri"])))).raise_for_status().json()
    return [dict(each) for each in keys["keys"]]


def _allowed(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return url
    raise ValueError(f"{url} is neither https nor http to loopback")
