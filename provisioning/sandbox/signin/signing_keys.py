"""Keys that tokens are signed with, from the tenant's key sets; must not make keys or tokens.

Sources: P policy-keys-overview.md (the newest active key signs; all are published).
"""

from __future__ import annotations

from typing import Any

import jwt

from provisioning.sandbox import key_material, key_sets
from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.tokens import Tokens, loaded

Json = dict[str, Any]


def signed(standing: Standing, tokens: Tokens, key_set: str, claims: Json) -> str:
    """A JWT by the set's active key, or by the sandbox's own where no set is named.

    Raises:
        B2CError: 90073 without the set, 90220 without a usable RSA signing key.
    """
    if not key_set:
        return tokens.sign(claims)
    public, private = _active(standing, key_set)
    key = loaded(private["pem"])
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": public["kid"]})


def jwks(standing: Standing, tokens: Tokens, key_set: str) -> Json:
    """What the keys endpoint publishes: every enabled RSA key of the set.

    Raises:
        B2CError: 90073 without the set.
    """
    if not key_set:
        (key,) = tokens.jwks()["keys"]
        members = ("kid", "use", "kty", "e", "n")
        return {"keys": [{"nbf": 1493763266, **{name: key[name] for name in members}}]}
    body = _set(standing, key_set)
    return {
        "keys": [
            {
                "kid": each["kid"],
                **({} if each["nbf"] is None else {"nbf": each["nbf"]}),
                "use": each["use"],
                "kty": each["kty"],
                "e": each["e"],
                "n": each["n"],
            }
            for each in body["keys"]
            if each["kty"] == "RSA" and each["status"] == "enabled"
        ]
    }


def encryption_key_id(standing: Standing, key_set: str) -> str:
    """The kid that a new refresh token names.

    Raises:
        B2CError: 90073, 90220.
    """
    if not key_set:
        return "cpimcore_09252015"
    return str(_active(standing, key_set, use=None)[0]["kid"])


def has_key(standing: Standing, key_set: str, kid: str) -> bool:
    """Whether a set still holds a key, so that what it encrypted can be read."""
    if not key_set:
        return kid == "cpimcore_09252015"
    return any(each["kid"] == kid for each in _set(standing, key_set)["keys"])


def _set(standing: Standing, name: str) -> Json:
    record = standing.get(key_sets.STORED, key_sets.prefixed(name).casefold())
    if record is None:
        raise B2CError("90073", name, standing.tenant.id)
    return record.body


def _active(standing: Standing, name: str, use: str | None = "sig") -> tuple[Json, Json]:
    body = _set(standing, name)
    usable = [
        each
        for each in body["keys"]
        if key_material.is_active(each, standing.now)
        and use in (None, each["use"])
        and (use is None or body["_private"].get(each["kid"], {}).get("pem"))
    ]
    if not usable:
        raise B2CError("90220", standing.tenant.domain, name)
    found = max(reversed(usable), key=lambda each: each["nbf"] or 0)
    return found, body["_private"].get(found["kid"], {})
