"""Reads as a client sees them, some writes behind; must not answer requests.

Replication lag is counted in reads, not in seconds: a written object shows its former state to
the next n reads that touch it (`Options.read_lag`). Counters live in the database, so the lag
goes on after a restart. Source for lag as such: TF internal/helpers/consistency;
its length in reads is the sandbox's own, deterministic measure.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioning.sandbox import filters
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record, Store

if TYPE_CHECKING:
    from provisioning.sandbox.options import Options


@dataclass(frozen=True, slots=True)
class Lag:
    """An object that still shows `former` (None: it did not exist)."""

    seq: int
    former: Record | None


class View:
    """The store of one tenant as one request sees it.

    `touched` collects the lagging objects that the request looked at; `settle` counts them down
    once the request is over, whether it succeeded or not.
    """

    def __init__(self, store: Store, tenant: str, options: Options) -> None:
        self.store = store
        self.tenant = tenant
        self._options = options
        self._touched: set[tuple[str, str]] = set()

    def get(self, collection: str, identity: str, state: int = LIVE) -> Record | None:
        """The object as it is visible, if it is visible in this state."""
        record = self.store.get(self.tenant, collection, identity)
        lag = self._lags(collection, identity).get(identity)
        if lag is not None:
            self._touched.add((collection, identity))
            record = lag.former
        return record if record is not None and record.state == state else None

    def truth(self, collection: str, identity: str) -> Record | None:
        """The live object as it really is."""
        record = self.store.get(self.tenant, collection, identity)
        return record if record is not None and record.state == LIVE else None

    def find(self, collection: str, name: str, value: str) -> Record | None:
        """The first visible live object whose indexed property has this value."""
        return next(self.select(collection, filters.Compare("eq", name, value)), None)

    def select(
        self,
        collection: str,
        condition: filters.Filter | None = None,
        *,
        state: int = LIVE,
        after: int = 0,
    ) -> Iterator[Record]:
        """Visible objects in order of creation that satisfy the condition."""
        lags = self._lags(collection)
        former = []
        for identity, lag in lags.items():
            truth = self.store.get(self.tenant, collection, identity)
            shown = [each for each in (lag.former, truth) if each and self._fits(condition, each)]
            if shown:
                self._touched.add((collection, identity))
            if lag.former in shown and lag.former is not None and lag.former.state == state:
                former.append(lag.former)
        current = (
            record
            for record in self._candidates(collection, condition, state, after)
            if record.state == state and record.id not in lags and self._fits(condition, record)
        )
        behind = sorted(
            (record for record in former if record.seq > after), key=lambda each: each.seq
        )
        return heapq.merge(current, behind, key=lambda each: each.seq)

    def put(
        self, collection: str, identity: str, body: Mapping[str, Any], *, state: int = LIVE
    ) -> None:
        """Write an object; its former state stays visible for a while when there is lag."""
        former = self.store.get(self.tenant, collection, identity)
        seq = self.store.put(self.tenant, collection, identity, body, state=state)
        self._delay(collection, identity, seq, former)

    def remove(self, collection: str, identity: str) -> None:
        """Remove an object for good."""
        former = self.store.get(self.tenant, collection, identity)
        if former is not None:
            self.store.remove(self.tenant, collection, identity)
            self._delay(collection, identity, former.seq, former)

    def settle(self) -> None:
        """Count down every lagging object that this request touched."""
        for collection, identity in sorted(self._touched):
            self.store.query(
                "UPDATE lags SET remaining = remaining - 1 "
                "WHERE tenant=? AND collection=? AND id=?",
                self.tenant,
                collection,
                identity,
            )
        if self._touched:
            self.store.query("DELETE FROM lags WHERE tenant=? AND remaining <= 0", self.tenant)
        self._touched.clear()

    @property
    def unsettled(self) -> bool:
        """Whether `settle` has anything to write."""
        return bool(self._touched)

    def _fits(self, condition: filters.Filter | None, record: Record) -> bool:
        return condition is None or filters.matches(
            condition, record.body, case_sensitive=self._options.case_sensitive_filters
        )

    def _candidates(
        self, collection: str, condition: filters.Filter | None, state: int, after: int
    ) -> Iterator[Record]:
        planned = filters.plan(condition) if condition is not None else None
        if planned is None:
            return self.store.scan(self.tenant, collection, state, after)
        seqs: set[int] = set()
        for lookup in planned[1]:
            seqs.update(self._seqs(collection, lookup))
        return self.store.fetch(sorted(seq for seq in seqs if seq > after))

    def _seqs(self, collection: str, lookup: filters.Lookup) -> list[int]:
        if lookup.name == "id":
            record = self.store.get(self.tenant, collection, lookup.value.lower())
            return [] if record is None else [record.seq]
        ask = self.store.lookup_prefix if lookup.prefix else self.store.lookup
        return ask(self.tenant, collection, lookup.name, lookup.value)

    def _lags(self, collection: str, identity: str | None = None) -> dict[str, Lag]:
        rows = self.store.query(
            "SELECT id, seq, body, state FROM lags "
            "WHERE tenant=? AND collection=? AND (? IS NULL OR id=?)",
            self.tenant,
            collection,
            identity,
            identity,
        )
        return {
            row[0]: Lag(
                row[1],
                None if row[2] is None else Record(row[1], row[0], row[3], json.loads(row[2])),
            )
            for row in rows
        }

    def _delay(self, collection: str, identity: str, seq: int, former: Record | None) -> None:
        self._hold_for_sign_in(collection, identity, seq, former)
        if self._options.read_lag <= 0:
            return
        self._touched.discard((collection, identity))
        # An object written again while it lags keeps showing what it showed, a full term longer.
        self.store.query(
            "INSERT INTO lags VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET remaining = excluded.remaining",
            self.tenant,
            collection,
            identity,
            seq,
            self._options.read_lag,
            None if former is None else json.dumps(former.body),
            None if former is None else former.state,
        )

    def _hold_for_sign_in(
        self, collection: str, identity: str, seq: int, former: Record | None
    ) -> None:
        """The login hosts go on with the former state for a number of token requests."""
        if self._options.visible_after_token_requests <= 0:
            return
        self.store.query(
            "INSERT INTO token_lags VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET remaining = excluded.remaining",
            self.tenant,
            collection,
            identity,
            seq,
            self._options.visible_after_token_requests,
            None if former is None else json.dumps(former.body),
            None if former is None else former.state,
        )
