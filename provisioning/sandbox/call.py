"""One Graph operation on its way through the sandbox: question, caller, answer.

Must not know any resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioning.sandbox import errors, side
from provisioning.sandbox.lag import View
from provisioning.sandbox.options import Options
from provisioning.sandbox.store import Store, Tenant

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body (None: no content) or `content` in bytes, and extra headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


Operation = Callable[..., Answer]
"""Takes a Call and the keys of its path."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who the token speaks for: client, its or the user's object id, and what it may do."""

    app_id: str
    object_id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    is_user: bool


@dataclass(slots=True, kw_only=True)
class Call:
    """Everything an operation needs.

    `root` is the address of the API version (`https://graph.microsoft.com/v1.0`), `query` maps
    lower-case option names (`$filter`) to their texts, `headers` have lower-case names;
    `projection` is what an answer shows without `$select` (empty: everything). `content` is a
    body that is not JSON; `overlapping` says that another write on the same lane is under way.
    """

    view: View
    tenant: Tenant
    options: Options
    caller: Caller
    now: datetime
    method: str
    path: str
    root: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    content: bytes | None = None
    overlapping: bool = False
    owned_only: bool = False
    projection: tuple[str, ...] = ()
    throttle: Throttle
    countdowns: list[str] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The tables beside the objects."""
        return self.view.store

    @property
    def version(self) -> str:
        """`v1.0` or `beta`."""
        return self.root.rsplit("/", 1)[-1]

    @property
    def creates_if_missing(self) -> bool:
        """Whether the request is an upsert (G:v1/api/application-upsert.md)."""
        wishes = self.headers.get("prefer", "").lower().split(",")
        return "create-if-missing" in (wish.strip() for wish in wishes)

    def timestamp(self) -> str:
        """Now, as Graph writes it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def require_owner(self, *sources: str) -> None:
        """Under Application.ReadWrite.OwnedBy the caller must own one of the objects.

        Raises:
            GraphError: 403 (G:v1/api/application-update.md, permission table).
        """
        if self.owned_only and not any(
            self.caller.object_id in side.owners(self.store, self.tenant.id, source)
            for source in sources
        ):
            raise errors.denied()

    def own(self, source: str) -> None:
        """Make the creator an owner where Graph does."""
        if self.owned_only or (self.caller.is_user and self.options.delegated_owner):
            side.add_owner(self.store, self.tenant.id, source, self.caller.object_id)

    def count_down(self, name: str) -> bool:
        """Whether a countdown still runs; this request takes one off, even when it fails."""
        if side.counter(self.store, self.tenant.id, name) <= 0:
            return False
        self.countdowns.append(name)
        return True

    @property
    def unsettled(self) -> bool:
        """Whether `settle` has anything to write."""
        return bool(self.countdowns) or self.view.unsettled

    def settle(self) -> None:
        """Write what a request changes by being made, whatever became of it."""
        for name in self.countdowns:
            left = side.counter(self.store, self.tenant.id, name) - 1
            side.set_counter(self.store, self.tenant.id, name, left)
        self.view.settle()


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a minute in one bucket; `scope` is Write or ReadWrite."""

    bucket: str
    most: int
    scope: str


PERSONAL_WRITES = Limit("applications", 60, "Write")
"""Writes on personal-audience applications (G:concepts/throttling-limits.md)."""


class Throttle:
    """The requests of the last minute, per bucket and tenant.

    Kept in memory, like the service's own buckets.
    """

    _WINDOW = 60

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[datetime]] = {}

    def admit(
        self, tenant_id: str, app_id: str, now: datetime, *, limit: Limit = PERSONAL_WRITES
    ) -> None:
        """Count one request.

        Raises:
            GraphError: 429 with Retry-After and the throttling headers.
        """
        recent = [
            each
            for each in self._seen.get((limit.bucket, tenant_id), [])
            if (now - each).total_seconds() < self._WINDOW
        ]
        self._seen[limit.bucket, tenant_id] = recent
        if len(recent) >= limit.most:
            wait = self._WINDOW - int((now - recent[0]).total_seconds())
            raise errors.GraphError(
                429,
                "UnknownError",
                "This request is throttled. Please try again after the value specified in the "
                "Retry-After header",
                headers={
                    "Retry-After": str(max(1, wait)),
                    "x-ms-throttle-scope": (
                        f"Tenant_Application/{limit.scope}/{app_id}/{tenant_id}"
                    ),
                    "x-ms-throttle-information": (
                        "WriteLimitExceeded"
                        if limit.scope == "Write"
                        else "ResourceUnitLimitExceeded"
                    ),
                },
            )
        recent.append(now)
