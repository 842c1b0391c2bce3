"""Keys of key sets: made, taken from a body, shown; must not know sets or certificates.

A key is two mappings: what everybody may read, and what only the sandbox's own token endpoint may.
Members: G:b/resources/trustframeworkkey.md, RFC 7517 and 7518; texts: B2CERR.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioning.sandbox import cpim
from provisioning.sandbox.call import Call, Json

_MEMBERS = ("k", "x5c", "x5t", "kty", "use", "exp", "nbf", "kid", "e", "n")
_HIDDEN = ("d", "p", "q", "dp", "dq", "qi")
MEMBERS = (*_MEMBERS, *_HIDDEN, "status")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `public` with every member, the hidden ones null; `private` has `pem` or `k`."""

    public: Json
    private: Json


def generated(sent: Mapping[str, Any]) -> Key:
    """A new RSA key of 2048 bits or a new symmetric one of 256.

    Raises:
        GraphError: 400 AADB2C95030, 95031, 95033.
    """
    kind, use = _kind(sent), _use(sent)
    if kind == "oct":
        return _key(kind, use, sent, private={"k": base64url(secrets.token_bytes(32))})
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return rsa_key(private.public_key(), private, use, sent)


def secret(call: Call, sent: Mapping[str, Any]) -> Key:
    """An uploaded secret.

    Raises:
        GraphError: 400 AADB2C95033, 90138, an empty secret.
    """
    value = sent.get("k")
    if not isinstance(value, str) or not value:
        raise cpim.invalid_field("k")
    _check_secret(call, value.encode())
    return _key("oct", _use(sent), sent, private={"k": value})


def sent_in_full(call: Call, sent: Mapping[str, Any]) -> Key:
    """A key of a PUT, public and private members together.

    Raises:
        GraphError: 400 AADB2C95059 for a kid, 95030, 95031, 95033, 95029, 95039, 90137, 90138.
    """
    if sent.get("kid"):
        raise cpim.refused(
            "One of the keys in the payload has 'kid' which is not empty.", code="AADB2C95059"
        )
    kind, use = _kind(sent), _use(sent)
    if kind == "oct":
        value = sent.get("k")
        try:
            data = base64.b64decode(padded(str(value or "?")), altchars=b"-_", validate=True)
        except ValueError:
            raise cpim.refused(
                "The trustframework keyset parameter K is not base64 URL encoded.",
                code="AADB2C95029",
            ) from None
        _check_secret(call, data)
        return _key(kind, use, sent, private={"k": value})
    if not sent.get("n") or not sent.get("e"):
        raise cpim.refused(
            "The presented TrustFrameworkKey RSA entity is missing or the modulus or exponent.",
            code="AADB2C95039",
        )
    members = {name: str(sent[name]) for name in ("n", "e", *_HIDDEN) if sent.get(name)}
    check_modulus(call, 6 * len(members["n"]))
    try:
        key = jwt.PyJWK({**members, "kty": "RSA"}, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError) as error:
        raise badly_formatted(str(error)) from None
    private = key if isinstance(key, rsa.RSAPrivateKey) else None
    public = private.public_key() if private else key
    check_modulus(call, public.key_size)
    return rsa_key(public, private, use, sent)


def rsa_key(
    public: rsa.RSAPublicKey,
    private: rsa.RSAPrivateKey | None,
    use: str,
    sent: Mapping[str, Any],
) -> Key:
    """An RSA key, with its private half where there is one."""
    numbers = public.public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    members = {"e": base64url(numbers.e.to_bytes(3)), "n": base64url(numbers.n.to_bytes(size))}
    pem = private and private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = _key("RSA", use, sent, private={"pem": pem.decode()} if pem else {})
    return Key({**key.public, **members}, key.private)


def _key(kind: str, use: str, sent: Mapping[str, Any], *, private: Json) -> Key:
    public: Json = dict.fromkeys(MEMBERS)
    public |= {"kty": kind, "use": use, "kid": base64url(secrets.token_bytes(32)), "x5c": []}
    public |= {"nbf": moment(sent.get("nbf")), "exp": moment(sent.get("exp"))}
    return Key({**public, "status": "enabled"}, private)


def moment(value: object) -> int | None:
    """Seconds since 1970, or None; the samples send numbers and texts.

    Raises:
        GraphError: 400 for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not str(value).isdigit():
        raise cpim.invalid_field("nbf")
    return int(str(value))


def is_active(public: Mapping[str, Any], now: datetime) -> bool:
    """Whether a key may be used now: enabled, begun, not over."""
    seconds = now.timestamp()
    begun = public["nbf"] is None or public["nbf"] <= seconds
    return bool(
        public["status"] == "enabled"
        and begun
        and (public["exp"] is None or public["exp"] > seconds)
    )


def _kind(sent: Mapping[str, Any]) -> str:
    kind = sent.get("kty")
    if not kind:
        raise cpim.refused("Missing kty parameter for the trustframework key.", code="AADB2C95030")
    known = {"rsa": "RSA", "oct": "oct"}
    if str(kind).lower() not in known:
        raise bad_kind(kind)
    return known[str(kind).lower()]


def bad_kind(kind: object) -> Exception:
    """AADB2C95031."""
    return cpim.refused(
        f"Bad kty parameter '{kind}' for the trustframework key. Must be RSA or oct.",
        code="AADB2C95031",
    )


def _use(sent: Mapping[str, Any]) -> str:
    use = sent.get("use")
    if use not in ("sig", "enc"):
        raise cpim.refused(
            f"Bad use parameter '{use or ''}' for the trustframework key.", code="AADB2C95033"
        )
    return str(use)


def _check_secret(call: Call, data: bytes) -> None:
    if len(data) * 8 < call.options.min_oct_bits:
        raise cpim.refused(
            f"A secure OCT key requires at least {call.options.min_oct_bits} bits.",
            code="AADB2C90138",
        )


def check_modulus(call: Call, bits: int) -> None:
    """Refuse a short RSA key.

    Raises:
        GraphError: 400 AADB2C90137.
    """
    if bits < call.options.min_rsa_bits:
        raise cpim.refused(
            f"A secure RSA key requires at least {call.options.min_rsa_bits} bits.",
            code="AADB2C90137",
        )


def badly_formatted(reason: str) -> Exception:
    """AADB2C90215."""
    return cpim.refused(
        f"The uploaded key is badly formatted. Reason: '{reason}'.", code="AADB2C90215"
    )


def padded(text: str) -> str:
    """Base64 with the padding that may have been left out."""
    return text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)


def base64url(data: bytes) -> str:
    """Base64 as JSON Web Keys write it (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
