"""What hangs on objects beside their bodies: owners, countdowns, secret hashes, settings.

Must not know what any of it is for.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.sandbox.store import Store

_ROUNDS = 1000
"""Key stretching for generated secrets of 40 random characters; they need little."""


def owners(store: Store, tenant: str, source: str) -> list[str]:
    """Ids of the owners of an object."""
    rows = store.query(
        "SELECT target FROM links WHERE tenant=? AND source=? ORDER BY target", tenant, source
    )
    return [row[0] for row in rows]


def add_owner(store: Store, tenant: str, source: str, target: str) -> None:
    """Link an owner; a link that is there stays."""
    store.query("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", tenant, source, target)


def remove_owner(store: Store, tenant: str, source: str, target: str) -> None:
    """Unlink an owner."""
    store.query(
        "DELETE FROM links WHERE tenant=? AND source=? AND target=?", tenant, source, target
    )


def counter(store: Store, tenant: str, name: str) -> int:
    """A stored number, 0 when never set."""
    rows = store.query("SELECT value FROM counters WHERE tenant=? AND name=?", tenant, name)
    return int(rows[0][0]) if rows else 0


def set_counter(store: Store, tenant: str, name: str, value: int) -> None:
    """Store a number; 0 forgets it."""
    if value <= 0:
        store.query("DELETE FROM counters WHERE tenant=? AND name=?", tenant, name)
    else:
        store.query("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", tenant, name, value)


def keep_secret(store: Store, tenant: str, key_id: str, secret: str) -> None:
    """Store a salted hash; the secret itself is not kept anywhere."""
    salt = os.urandom(16)
    store.query(
        "INSERT OR REPLACE INTO secrets VALUES (?, ?, ?, ?)",
        tenant,
        key_id,
        salt,
        _digest(secret, salt),
    )


def is_secret(store: Store, tenant: str, key_id: str, secret: str) -> bool:
    """Whether this is the secret kept under the key id."""
    rows = store.query(
        "SELECT salt, digest FROM secrets WHERE tenant=? AND key_id=?", tenant, key_id
    )
    return bool(rows) and hmac.compare_digest(_digest(secret, rows[0][0]), rows[0][1])


def forget_secret(store: Store, tenant: str, key_id: str) -> None:
    """Remove the hash."""
    store.query("DELETE FROM secrets WHERE tenant=? AND key_id=?", tenant, key_id)


def setting(store: Store, name: str) -> str | None:
    """A stored text of the whole sandbox."""
    rows = store.query("SELECT value FROM meta WHERE name=?", name)
    return str(rows[0][0]) if rows else None


def set_setting(store: Store, name: str, value: str) -> None:
    """Store a text of the whole sandbox."""
    store.query("INSERT OR REPLACE INTO meta VALUES (?, ?)", name, value)


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, _ROUNDS)
