"""Token and authorize requests as form fields, in the order that the documentation gives them.

Pure: no network. Sources: Azure AD B2C's ROPC article, RFC 6749, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias

from provisioning.signin.checks import Check, Flow

Fields: TypeAlias = tuple[tuple[str, str], ...]

SECRET: Final = frozenset(
    {
        "username",
        "password",
        "client_secret",
        "refresh_token",
        "code",
        "code_verifier",
        "state",
        "nonce",
        "code_challenge",
    }
)
"""Fields whose values are never shown."""

_PROTOCOL: Final = frozenset({"openid", "offline_access", "profile", "email"})


def resource_scopes(check: Check) -> tuple[str, ...]:
    """Return the scopes that name an API, the client itself not counted."""
    return tuple(
        scope for scope in check.scopes if scope not in _PROTOCOL and scope != check.client_id
    )


def scope(check: Check) -> str:
    """Join the scopes; a policy gets the client id where no scope names an API.

    `openid CLIENT offline_access` is the article's own order.
    """
    wanted = list(dict.fromkeys(check.scopes))
    named = check.client_id in wanted or resource_scopes(check)
    if check.policy is not None and not named:
        wanted.insert(1 if wanted[:1] == ["openid"] else 0, check.client_id)
    return " ".join(wanted)


def password(check: Check, *, name: str, secret: str, client_secret: str | None) -> Fields:
    """Resource owner password credentials; B2C serves public clients and gets no secret."""
    credentials = (("username", name), ("password", secret), ("grant_type", "password"))
    client = ("client_id", check.client_id)
    if check.policy is not None:
        return (*credentials, ("scope", scope(check)), client, ("response_type", "token id_token"))
    return (*credentials, *_entra_target(check), client, *_client_secret(client_secret))


def refresh(check: Check, *, token: str, client_secret: str | None) -> Fields:
    """Redeem a refresh token; after a B2C password sign-in as that article says."""
    grant = ("grant_type", "refresh_token")
    client = ("client_id", check.client_id)
    if check.policy is not None and check.flow is Flow.ROPC:
        return (
            grant,
            ("response_type", "id_token"),
            client,
            ("resource", check.client_id),
            ("refresh_token", token),
        )
    return (
        grant,
        client,
        *_entra_target(check),
        ("refresh_token", token),
        *_client_secret(client_secret),
    )


def client_credentials(check: Check, *, client_secret: str) -> Fields:
    """The application as itself."""
    return (
        ("grant_type", "client_credentials"),
        ("client_id", check.client_id),
        *_client_secret(client_secret),
        *_entra_target(check),
    )


def authorize(check: Check, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> Fields:
    """Query of the authorize request: response mode query, S256."""
    return (
        ("client_id", check.client_id),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("response_mode", "query"),
        *_entra_target(check),
        ("state", state),
        ("nonce", nonce),
        ("code_challenge", challenge(verifier)),
        ("code_challenge_method", "S256"),
    )


def code(
    check: Check, *, redirect_uri: str, code: str, verifier: str, client_secret: str | None
) -> Fields:
    """Redeem an authorization code."""
    return (
        ("grant_type", "authorization_code"),
        ("client_id", check.client_id),
        *_entra_target(check),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
        *_client_secret(client_secret),
    )


def challenge(verifier: str) -> str:
    """Hash a code verifier by S256 (RFC 7636, 4.2)."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def base64url(content: bytes) -> str:
    """Encode without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def shown(fields: Sequence[tuple[str, str]]) -> Fields:
    """Return what may be shown of a request: values of secret fields become `(sensitive)`."""
    return tuple((key, "(sensitive)" if key in SECRET else value) for key, value in fields)


def _entra_target(check: Check) -> Fields:
    if check.v1 and check.resource is not None:
        wanted = (("scope", "openid"),) if "openid" in check.scopes else ()
        return (("resource", check.resource), *wanted)
    return (("scope", scope(check)),)


def _client_secret(value: str | None) -> Fields:
    return () if value is None else (("client_secret", value),)
