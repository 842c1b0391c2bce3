"""Reads token responses and verifies JWTs by PyJWT: RS256 alone, issuer, audience, times.

Must not let a token into an error or a repr; must not know what a check expects of claims.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

import jwt

from provisioning.core.model import Json
from provisioning.signin import causes
from provisioning.signin.keys import Keys, Metadata
from provisioning.signin.refusal import Refused
from provisioning.signin.wire import Session

SKEW_SECONDS: Final = 300
"""How far clocks may be apart; Microsoft's own libraries allow as much."""

_ALGORITHM: Final = "RS256"
_LAST_SECOND: Final = 253402300799
"""Of the year 9999: what lies beyond is no NumericDate (RFC 7519, 2)."""
_DIGITS: Final = 12
"""More than any lifetime has."""

GRAPH: Final = frozenset(
    {
        "00000003-0000-0000-c000-000000000000",
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    }
)
"""Audiences of Microsoft Graph's access tokens."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token response (RFC 6749, 5.1). Nothing secret is in its repr."""

    access: str | None = field(repr=False)
    id: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_in: int | None
    """Seconds."""

    @property
    def values(self) -> tuple[str | None, ...]:
        """What must never be shown."""
        return (self.access, self.id, self.refresh)


def read(answer: Mapping[str, Json]) -> Tokens:
    """Read a token response; raises Refused when it holds no token or an odd lifetime.

    `expires_in` comes as a number or as text (B2C's SendTokenResponseBodyWithJsonNumbers).
    """
    found = Tokens(
        access=_text(answer, "access_token"),
        id=_text(answer, "id_token"),
        refresh=_text(answer, "refresh_token"),
        expires_in=_seconds(answer.get("expires_in")),
    )
    if found.access is None and found.id is None:
        raise Refused(causes.UNREADABLE, "the token response holds no token")
    kind = answer.get("token_type")
    if found.access is not None and str(kind).lower() != "bearer":
        raise Refused(causes.UNREADABLE, "token_type is not Bearer")
    return found


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies the tokens of one attempt."""

    keys: Keys
    session: Session
    metadata: Metadata
    now: Callable[[], datetime]

    async def claims(
        self, token: str, *, issuers: Collection[str], audiences: Collection[str]
    ) -> Mapping[str, Json]:
        """Return the claims of a token that is genuine, for us, and valid now; raises Refused."""
        key_id = _key_id(token)
        key = await self.keys.find(self.session, self.metadata, key_id)
        if key is None:
            raise Refused(causes.UNKNOWN_KEY, f"key {key_id!r}")
        claims = _decode(token, key, issuers, audiences)
        _within(claims, self.now().timestamp())
        return claims


def is_for_graph(token: str) -> bool:
    """Tell an access token for Microsoft Graph in the form that only Graph can verify.

    Its header has a `nonce`, which is hashed before signing; clients must treat it as opaque.
    """
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    audience = str(claims.get("aud")).rstrip("/")
    return header.get("alg") == _ALGORITHM and "nonce" in header and audience in GRAPH


def is_unsigned(token: str) -> bool:
    """Tell a token with `alg: none`: Microsoft Entra ID's v1 token endpoint sends such id tokens.

    Nothing in it may be relied on.
    """
    try:
        return jwt.get_unverified_header(token).get("alg") == "none"
    except jwt.PyJWTError:
        return False


def _key_id(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Refused(causes.BAD_TOKEN) from None
    if header.get("alg") != _ALGORITHM:
        raise Refused(causes.BAD_ALGORITHM, f"alg is {str(header.get('alg'))!r}")
    return str(header.get("kid"))


def _decode(
    token: str, key: jwt.PyJWK, issuers: Collection[str], audiences: Collection[str]
) -> Mapping[str, Json]:
    try:
        claims: dict[str, Json] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=list(issuers),
            audience=list(audiences),
            # PyJWT reads the machine's clock; times are judged by the run's own, below.
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "require": ["exp", "iat", "iss", "aud"],
            },
        )
    except jwt.InvalidSignatureError:
        raise Refused(causes.BAD_SIGNATURE) from None
    except jwt.InvalidIssuerError:
        raise Refused(causes.WRONG_ISSUER, f"not {', '.join(issuers)}") from None
    except jwt.InvalidAudienceError:
        raise Refused(causes.WRONG_AUDIENCE, f"not {', '.join(audiences)}") from None
    except jwt.MissingRequiredClaimError as problem:
        raise Refused(causes.BAD_TOKEN, f"it has no {problem.claim}") from None
    except jwt.PyJWTError:
        raise Refused(causes.BAD_TOKEN) from None
    return claims


def _within(claims: Mapping[str, Json], now: float) -> None:
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    begins = _instant(claims, "nbf") if "nbf" in claims else issued
    early = max(begins, issued) - now
    if early > SKEW_SECONDS:
        raise Refused(causes.CLOCK_SKEW, f"it becomes valid {early:.0f} s from now")
    if now - expires >= SKEW_SECONDS:
        raise Refused(causes.CLOCK_SKEW, f"it expired {now - expires:.0f} s ago")


def _instant(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    # JSON as Python reads it has NaN and Infinity, which no comparison would ever refuse.
    number = not isinstance(value, bool) and isinstance(value, int | float)
    if not number or not -_LAST_SECOND <= cast("float", value) <= _LAST_SECOND:
        raise Refused(causes.BAD_TOKEN, f"its {name} is no time")
    return float(cast("float", value))


def _text(answer: Mapping[str, Json], name: str) -> str | None:
    value = answer.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(causes.UNREADABLE, f"{name} is no text")
    return value


def _seconds(value: Json) -> int | None:
    if value is None:
        return None
    number = -1
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number <= 0:
        raise Refused(causes.UNREADABLE, "expires_in is no number of seconds")
    return number
