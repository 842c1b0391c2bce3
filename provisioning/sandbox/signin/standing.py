"""A tenant as the login hosts see it, some changes behind; must not answer requests.

`Options.visible_after_token_requests`: what Graph has written shows its former state to the next n
token requests. P add-ropc-policy.md says "up to 5 minutes" for application settings; counting
requests instead of minutes is the sandbox's own, deterministic measure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.sandbox.layout import LIVE, values
from provisioning.sandbox.options import Options
from provisioning.sandbox.store import Record, Store, Tenant


@dataclass(frozen=True, slots=True)
class Standing:
    """One tenant at one moment; users are never behind."""

    store: Store
    tenant: Tenant
    options: Options
    now: datetime

    def get(self, collection: str, identity: str) -> Record | None:
        """The live object with this id, as it is in effect."""
        lagging = self._lags(collection)
        if identity in lagging:
            return _live(lagging[identity])
        return _live(self.store.get(self.tenant.id, collection, identity))

    def find(self, collection: str, name: str, value: str) -> list[Record]:
        """Live objects in effect whose indexed property has this value, case ignored."""
        lagging = self._lags(collection)
        current = [
            each
            for each in self.store.find(self.tenant.id, collection, name, value)
            if each.state == LIVE and each.id not in lagging
        ]
        former = [
            each
            for each in lagging.values()
            if each is not None
            and each.state == LIVE
            and (name, value.casefold()) in values(collection, each.body)
        ]
        return current + former

    def first(self, collection: str, name: str, value: str) -> Record | None:
        """The first of `find`."""
        return next(iter(self.find(collection, name, value)), None)

    def settle(self) -> None:
        """Count one token request."""
        if self.options.visible_after_token_requests <= 0:
            return
        with self.store.transaction():
            self.store.query(
                "UPDATE token_lags SET remaining = remaining - 1 WHERE tenant=?", self.tenant.id
            )
            self.store.query(
                "DELETE FROM token_lags WHERE tenant=? AND remaining <= 0", self.tenant.id
            )

    def _lags(self, collection: str) -> dict[str, Record | None]:
        if self.options.visible_after_token_requests <= 0:
            return {}
        rows = self.store.query(
            "SELECT id, seq, body, state FROM token_lags WHERE tenant=? AND collection=?",
            self.tenant.id,
            collection,
        )
        return {row[0]: _former(row) for row in rows}


def _former(row: tuple[Any, ...]) -> Record | None:
    return None if row[2] is None else Record(row[1], row[0], row[3], json.loads(row[2]))


def _live(record: Record | None) -> Record | None:
    return record if record is not None and record.state == LIVE else None
