"""Tokens of Entra for a user; must not decide whether they are due.

Sources: E:access-token-claims-reference.md, E:id-token-claims-reference.md.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox import discovery
from provisioning.sandbox.signin.entra_resources import Resource
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import Tokens

Json = dict[str, Any]
LIFETIME = 3599
_NAMES = {"name": "displayName", "given_name": "givenName", "family_name": "surname"}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who a token is made for, and by: the client's appId, the user, scheme and host."""

    standing: Standing
    tokens: Tokens
    client_id: str
    user: Record
    root: str


def access_token(maker: Maker, resource: Resource) -> str:
    """Its version is the resource's own: requestedAccessTokenVersion."""
    app_id = resource.principal.body["appId"]
    owner = maker.standing.first("applications", "appId", app_id)
    modern = owner is not None and owner.body["api"].get("requestedAccessTokenVersion") == 2
    claims = _claims(maker, modern=modern)
    claims["scp"] = " ".join(resource.scopes)
    if modern:
        return maker.tokens.sign(claims | {"aud": app_id, "azp": maker.client_id})
    name = maker.user.body["userPrincipalName"]
    claims |= {"aud": resource.audience, "appid": maker.client_id, "idtyp": "user"}
    return maker.tokens.sign(claims | {"upn": name, "unique_name": name})


def id_token(maker: Maker, nonce: str | None, *, modern: bool) -> str:
    """The ID token of an endpoint, the second one when `modern`."""
    claims = _claims(maker, modern=modern)
    claims |= {
        "aud": maker.client_id,
        "preferred_username": maker.user.body["userPrincipalName"],
    }
    return maker.tokens.sign(claims if nonce is None else {**claims, "nonce": nonce})


def _claims(maker: Maker, *, modern: bool) -> Json:
    tenant, user = maker.standing.tenant, maker.user
    now = int(maker.standing.now.timestamp())
    # The second endpoint's issuer has the host that discovery names; the first one's is fixed.
    host = f"https://sts.windows.net/{tenant.id}/"
    if modern:
        host = discovery.issuer(maker.root, tenant.id)
    known = {claim: user.body.get(stored) for claim, stored in _NAMES.items()}
    return {
        "iss": host,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        **{claim: value for claim, value in known.items() if value},
        "oid": user.id,
        "sub": uuid.uuid5(uuid.UUID(user.id), maker.client_id).hex,
        "tid": tenant.id,
        "uti": uuid.uuid4().hex[:22],
        "ver": "2.0" if modern else "1.0",
    }
