"""Access tokens: signing, issuing, checking; must not decide what they allow.

Claims follow E:access-token-claims-reference.md; refusals follow
G:concepts/errors.md.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from provisioning.sandbox import errors, side
from provisioning.sandbox.call import Caller
from provisioning.sandbox.store import Store, Tenant

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
AUDIENCES = {
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    GRAPH_APP_ID,
}
"""Graph of every cloud (G:concepts/deployments.md) and its appId."""
_SETTING = "signing_key"


@cache
def _process_key() -> str:
    """One key per process: making an RSA key takes longer than most tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@lru_cache(256)
def loaded(pem: str) -> rsa.RSAPrivateKey:
    """A private key from its PEM text, kept: reading one checks it, which takes long."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


class Tokens:
    """Issues and checks the tokens of one sandbox; its key is kept in the database."""

    def __init__(self, store: Store) -> None:
        pem = side.setting(store, _SETTING)
        if pem is None:
            pem = _process_key()
            side.set_setting(store, _SETTING, pem)
        self._key = loaded(pem)
        self._public = self._key.public_key()
        self._checked: dict[str, dict[str, Any]] = {}

    @property
    def key_id(self) -> str:
        """The `kid` of the signing key."""
        return base64.urlsafe_b64encode(uuid.uuid5(uuid.NAMESPACE_URL, self._modulus()).bytes)[
            :22
        ].decode()

    def sign(self, claims: dict[str, Any]) -> str:
        """A signed JWT."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [{**key, "kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def access_token(
        self,
        *,
        tenant: Tenant,
        audience: str,
        app_id: str,
        object_id: str,
        roles: Iterable[str],
        scopes: Iterable[str] | None,
        now: datetime,
        lifetime: int,
        directory_roles: Iterable[str] | None = None,
    ) -> str:
        """An access token for an application (scopes None) or for a user.

        `directory_roles` are role template ids: the claim `wids`, which Graph's tokens have and
        other resources' may lack (E:access-token-claims-reference.md; msgraph-sdk-powershell#1782).
        """
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant.id}/",
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
            "appid": app_id,
            "idtyp": "app" if scopes is None else "user",
            "oid": object_id,
            "sub": object_id,
            "tid": tenant.id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
        }
        if scopes is None:
            claims["roles"] = sorted(roles)
        else:
            claims["scp"] = " ".join(sorted(scopes))
        if directory_roles is not None:
            claims["wids"] = sorted(directory_roles)
        return self.sign(claims)

    def caller(self, authorization: str | None, now: datetime) -> tuple[str, Caller]:
        """The tenant id and caller a bearer token stands for.

        Raises:
            GraphError: 401 InvalidAuthenticationToken.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.unauthenticated("Access token is empty.")
        claims = self._claims(token.strip())
        if not claims["nbf"] - 300 <= now.timestamp() < claims["exp"]:
            raise errors.unauthenticated("Access token has expired or is not yet valid.")
        if str(claims["aud"]).rstrip("/") not in AUDIENCES:
            raise errors.unauthenticated("Access token validation failure. Invalid audience.")
        return claims["tid"], Caller(
            app_id=claims["appid"],
            object_id=claims["oid"],
            roles=frozenset(claims.get("roles", ())),
            scopes=frozenset(claims.get("scp", "").split()),
            is_user="scp" in claims,
        )

    def _claims(self, token: str) -> dict[str, Any]:
        known = self._checked.get(token)
        if known is not None:
            return known
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "require": ["aud", "tid", "oid", "appid", "exp", "nbf"],
                },
            )
        except jwt.InvalidTokenError:
            raise errors.unauthenticated(
                "CompactToken parsing failed with error code: 80049217"
            ) from None
        if len(self._checked) > 4096:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    def _modulus(self) -> str:
        return str(self._public.public_numbers().n)
