"""Objects in one SQLite file, with an index of their searchable values; must not know Graph rules.

An object is JSON under (tenant, collection, id). `keys` holds case-folded values of the indexed
properties, so that a filtered read never walks a collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning.sandbox.layout import LIVE, TABLES, values

_EMPTIED = (
    "objects",
    "keys",
    "lags",
    "links",
    "counters",
    "secrets",
    "token_lags",
    "sign_in_grants",
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One directory: its GUID, initial domain and kind (b2c, workforce, external)."""

    id: str
    domain: str
    kind: str


@dataclass(frozen=True, slots=True)
class Record:
    """One stored object; `seq` is the order of creation, `state` one of LIVE, DELETED, SUSPENDED.

    `body` is a fresh copy: changing it changes nothing until it is put.
    """

    seq: int
    id: str
    state: int
    body: dict[str, Any]


class Store:
    """The database; a file is created 0600 in a directory created 0700."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            ":memory:" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        # FULL: an acknowledged write outlives kill -9 and a power cut.
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Close the database; the file stays."""
        with self._lock:
            self._db.close()

    def image(self) -> bytes:
        """The whole database as it is now."""
        with self._lock:
            return self._db.serialize()

    def restore(self, image: bytes) -> None:
        """Go back to an image of this database; for one in memory."""
        with self._lock:
            self._db.deserialize(image)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested use joins the outer transaction."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement and fetch its rows."""
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def tenants(self) -> tuple[Tenant, ...]:
        """All tenants, in the order they were added."""
        return tuple(
            Tenant(*row) for row in self.query("SELECT id, domain, kind FROM tenants ORDER BY seq")
        )

    def tenant(self, id_or_domain: str) -> Tenant | None:
        """The tenant with this GUID or domain."""
        rows = self.query(
            "SELECT id, domain, kind FROM tenants WHERE id = ? OR domain = ?",
            id_or_domain.lower(),
            id_or_domain.lower(),
        )
        return Tenant(*rows[0]) if rows else None

    def add_tenant(self, tenant: Tenant) -> None:
        """Insert a tenant."""
        self.query(
            "INSERT INTO tenants (id, domain, kind) VALUES (?, ?, ?)",
            tenant.id,
            tenant.domain,
            tenant.kind,
        )

    def clear(self) -> None:
        """Remove every object and counter of every tenant; tenants and meta stay."""
        with self.transaction():
            for table in _EMPTIED:
                self.query(f"DELETE FROM {table}")  # noqa: S608 - names written above

    def get(self, tenant: str, collection: str, identity: str) -> Record | None:
        """The object with this id, in whatever state."""
        rows = self.query(
            "SELECT seq, id, state, body FROM objects WHERE tenant=? AND collection=? AND id=?",
            tenant,
            collection,
            identity,
        )
        return _record(rows[0]) if rows else None

    def fetch(self, seqs: Iterable[int]) -> Iterator[Record]:
        """The objects with these numbers, one by one, in the given order."""
        for seq in seqs:
            for row in self.query("SELECT seq, id, state, body FROM objects WHERE seq=?", seq):
                yield _record(row)

    def lookup(self, tenant: str, collection: str, name: str, value: str) -> list[int]:
        """Numbers of the objects whose indexed property has this value, case ignored."""
        rows = self.query(
            "SELECT seq FROM keys WHERE collection=? AND name=? AND value=? AND tenant=?",
            collection,
            name,
            value.casefold(),
            tenant,
        )
        return [row[0] for row in rows]

    def lookup_prefix(self, tenant: str, collection: str, name: str, prefix: str) -> list[int]:
        """As `lookup`, for values that start with the prefix."""
        low = prefix.casefold()
        rows = self.query(
            "SELECT seq FROM keys WHERE collection=? AND name=? AND value>=? AND value<? "
            "AND tenant=?",
            collection,
            name,
            low,
            low + "\U0010ffff",
            tenant,
        )
        return [row[0] for row in rows]

    def find(self, tenant: str, collection: str, name: str, value: str) -> list[Record]:
        """Objects in every state whose indexed property has this value."""
        return list(self.fetch(self.lookup(tenant, collection, name, value)))

    def find_anywhere(self, collection: str, name: str, value: str) -> list[tuple[str, Record]]:
        """As `find`, over all tenants, with the tenant's id."""
        rows = self.query(
            "SELECT tenant, seq FROM keys WHERE collection=? AND name=? AND value=?",
            collection,
            name,
            value.casefold(),
        )
        return [(row[0], record) for row in rows for record in self.fetch([row[1]])]

    def scan(self, tenant: str, collection: str, state: int, after: int) -> Iterator[Record]:
        """The whole collection in order of creation, from behind `after`, in small pages."""
        while True:
            rows = self.query(
                "SELECT seq, id, state, body FROM objects "
                "WHERE tenant=? AND collection=? AND state=? AND seq>? ORDER BY seq LIMIT 128",
                tenant,
                collection,
                state,
                after,
            )
            yield from map(_record, rows)
            if len(rows) < 128:
                return
            after = rows[-1][0]

    def put(
        self,
        tenant: str,
        collection: str,
        identity: str,
        body: Mapping[str, Any],
        *,
        state: int = LIVE,
    ) -> int:
        """Insert or replace an object; returns its number."""
        old = self.get(tenant, collection, identity)
        text = json.dumps(body, separators=(",", ":"))
        if old is None:
            rows = self.query(
                "INSERT INTO objects (tenant, collection, id, state, body) "
                "VALUES (?, ?, ?, ?, ?) RETURNING seq",
                tenant,
                collection,
                identity,
                state,
                text,
            )
            seq: int = rows[0][0]
            self._index(tenant, collection, seq, values(collection, body))
            return seq
        self.query("UPDATE objects SET state=?, body=? WHERE seq=?", state, text, old.seq)
        before, now = values(collection, old.body), values(collection, body)
        self._unindex(tenant, collection, old.seq, before - now)
        self._index(tenant, collection, old.seq, now - before)
        return old.seq

    def put_many(
        self, tenant: str, collection: str, items: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> None:
        """Insert many new objects at once."""
        with self.transaction():
            start = self.query("SELECT coalesce(max(seq), 0) FROM objects")[0][0]
            rows: list[tuple[Any, ...]] = []
            keys: list[tuple[Any, ...]] = []
            for seq, (identity, body) in enumerate(items, start + 1):
                text = json.dumps(body, separators=(",", ":"))
                rows.append((seq, tenant, collection, identity, LIVE, text))
                keys.extend(
                    (collection, name, value, tenant, seq)
                    for name, value in values(collection, body)
                )
            keys.sort()
            self._db.executemany("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", keys)

    def remove(self, tenant: str, collection: str, identity: str) -> None:
        """Remove an object for good, with its links."""
        old = self.get(tenant, collection, identity)
        if old is None:
            return
        self._unindex(tenant, collection, old.seq, values(collection, old.body))
        self.query("DELETE FROM objects WHERE seq=?", old.seq)
        self.query("DELETE FROM links WHERE tenant=? AND source=?", tenant, identity)

    def _index(
        self, tenant: str, collection: str, seq: int, values: Iterable[tuple[str, str]]
    ) -> None:
        self._db.executemany(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?)",
            [(collection, name, value, tenant, seq) for name, value in values],
        )

    def _unindex(
        self, tenant: str, collection: str, seq: int, values: Iterable[tuple[str, str]]
    ) -> None:
        self._db.executemany(
            "DELETE FROM keys WHERE collection=? AND name=? AND value=? AND tenant=? AND seq=?",
            [(collection, name, value, tenant, seq) for name, value in values],
        )


def _record(row: tuple[Any, ...]) -> Record:
    return Record(row[0], row[1], row[2], json.loads(row[3]))
