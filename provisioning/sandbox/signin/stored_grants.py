"""Authorization codes and refresh tokens: opaque outside, kept here; must not judge requests.

Five segments with a header that names the encrypting key, like the service's JWEs. The database
keeps a hash and what the grant stands for, so that a restart redeems it still.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from provisioning.sandbox.store import Store

Json = dict[str, Any]


def keep(store: Store, tenant_id: str, kid: str, body: Json) -> str:
    """Store a grant; returns the token for it."""
    header = json.dumps({"kid": kid, "ver": "1.0", "zip": "Deflate", "ser": "1.0"})
    parts = [header.encode(), *(secrets.token_bytes(size) for size in (256, 12, 96, 16))]
    token = ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)
    _write(store, tenant_id, token, body)
    return token


def find(store: Store, tenant_id: str, token: str) -> Json | None:
    """What a token stands for in this tenant."""
    rows = store.query(
        "SELECT body FROM sign_in_grants WHERE digest=? AND tenant=?", _digest(token), tenant_id
    )
    return dict(json.loads(rows[0][0])) if rows else None


def change(store: Store, tenant_id: str, token: str, **changes: Any) -> None:
    """Change what a token stands for."""
    body = find(store, tenant_id, token)
    if body is not None:
        _write(store, tenant_id, token, body | changes)


def key_id(token: str) -> str | None:
    """The kid in a token's header; None for what has not five segments."""
    segments = token.split(".")
    if len(segments) != 5:
        return None
    try:
        text = segments[0] + "=" * (-len(segments[0]) % 4)
        header = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        return None
    return str(header.get("kid")) if isinstance(header, dict) else None


def _write(store: Store, tenant_id: str, token: str, body: Json) -> None:
    store.query(
        "INSERT OR REPLACE INTO sign_in_grants VALUES (?, ?, ?)",
        _digest(token),
        tenant_id,
        json.dumps(body),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
