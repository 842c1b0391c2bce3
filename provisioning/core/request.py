"""Reads and writes as data. Nothing here sends; `graph` does, `engine` decides when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioning.core.model import Address, Json, Template, Value

Version = Literal["v1.0", "beta"]


@dataclass(frozen=True, slots=True)
class ErrorMatch:
    """A class of Graph errors. Every part that is given must fit.

    `code` is compared with the top-level code and every `details[].code`; `message` is a regular
    expression searched, ignoring case, in the top-level and every detail's message.
    """

    status: tuple[int, ...] = ()
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """Graph permissions, least first; any one of `any_of` is enough."""

    any_of: tuple[str, ...]
    application_only: tuple[str, ...] = ()
    """Of these, the ones that no user can delegate (Application.ReadWrite.OwnedBy)."""

    def least(self, *, delegated: bool) -> str:
        """Return the least that such a sign-in can get."""
        left = [name for name in self.any_of if not delegated or name not in self.application_only]
        return (left or self.any_of)[0]


@dataclass(frozen=True, slots=True)
class Read:
    """One GET. `key` names the answer; equal keys are read once."""

    key: str
    path: str | Template
    """Below the version, with query, e.g. `/servicePrincipals(appId='…')?$select=id`."""
    version: Version = "v1.0"
    many: bool = False
    """A collection: pages are followed and joined into one `{"value": [...]}`."""
    headers: tuple[tuple[str, str], ...] = ()
    raw: bool = False
    """The answer is no JSON (policy XML): asked plain, never in a batch."""
    tolerate: tuple[ErrorMatch, ...] = ()
    """Errors besides 404 that are an answer, not a fault."""
    needs: tuple[Permission, ...] = ()
    """Besides what the kind's reads need."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is JSON, or None where `raw` holds the bytes. 404 is an answer."""

    status: int
    body: Json = None
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Whether the object exists."""
        return self.status < 300

    @property
    def items(self) -> tuple[dict[str, Json], ...]:
        """Entries of a collection; empty when nothing was found."""
        if isinstance(self.body, dict) and isinstance(value := self.body.get("value"), list):
            return tuple(item for item in value if isinstance(item, dict))
        return ()

    @property
    def object(self) -> dict[str, Json]:
        """The object itself; empty when nothing was found."""
        return self.body if self.found and isinstance(self.body, dict) else {}


@dataclass(frozen=True, slots=True)
class Call:
    """One write, every reference replaced: what `graph.send` takes."""

    method: str
    path: str
    version: Version = "v1.0"
    body: Json = None
    content: bytes | None = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    repeatable: bool = True
    """May be sent again when its outcome is unknown (lost connection, 5xx)."""
    transient: tuple[ErrorMatch, ...] = ()
    """Errors that mean "not replicated yet" for this call."""
    turned: tuple[ErrorMatch, ...] = ()
    """Errors that the caller turns around itself: not waited out as replication."""
    young: bool = False
    """An object it touches or names is younger than the replication window: wait for it."""
    paced: bool = False
    """Counts against the 60 writes a minute of personal-audience applications."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Poll `path` until `field` satisfies every expectation; used after a disable."""

    path: str | Template
    expect: tuple[tuple[str, Json], ...]
    """(path in the body, value): equal, or contained in a list; nothing there equals None."""
    version: Version = "v1.0"


@dataclass(frozen=True, slots=True)
class Append:
    """Read-merge-write of one collection that has no ETag: `tags`, `keyCredentials`.

    The engine reads the object, drops and adds entries, and sends the whole collection by PATCH
    when that changes it. Entries are matched by `key` ("" for plain values).
    """

    field: str
    add: tuple[Value, ...] = ()
    drop: tuple[Value, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """What to do instead when a request fails in a known way.

    The lookups are read in order; the first object that passes `proof` becomes the step's own
    body and `then` is sent. Found but not proven ours: the step fails with `otherwise`.
    Nothing found although `lookup` is given: visible later, so it is looked up again for
    `patience` seconds; with `absent` that is sent instead, after one look. No lookups: `then` is
    sent at once.
    """

    when: ErrorMatch
    lookup: tuple[Read, ...] = ()
    proof: tuple[tuple[str, Value], ...] = ()
    """(path, value): equal, or contained where the path selects a list."""
    then: tuple[Request, ...] = ()
    absent: tuple[Request, ...] = ()
    """What may only be sent while the lookups show nothing (an upsert would change a holder)."""
    otherwise: str = ""
    patience: float = 900.0
    """The worst replication delay; less where the holder may never show (another tenant's)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One write of a step; path and body may hold references.

    A request is sent when its references are known and the requests before it in its step are
    done. After the first request of a step, steps that depend on it may go on.
    """

    method: str
    path: str | Template
    version: Version = "v1.0"
    body: Value = None
    content: bytes | Template | None = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    repeatable: bool = True
    captures: bool = False
    """The response body becomes the step's own object, for references to its ids."""
    stores: bool = False
    """The response holds a secret: `secretText` goes to the step's sink before anything else."""
    append: Append | None = None
    """Instead of `body`: read, merge, PATCH."""
    wait: Wait | None = None
    """Done after the response, before the next request."""
    unless: Wait | None = None
    """Looked at for a while before the request: when it shows, the step has become needless.

    For a removal that rests on something not being there (the mark of a delivered secret), which
    replication may only be hiding.
    """
    transient: tuple[ErrorMatch, ...] = ()
    tolerate: tuple[ErrorMatch, ...] = ()
    """Errors that mean it is already so (a repeated DELETE that meets 404)."""
    alternatives: tuple[Alternative, ...] = ()
    then: Callable[[Answer], tuple[Request, ...]] | None = None
    """Pure: what the answer asks for besides (a note of how the server rewrote a policy)."""
    lock: Address | None = None
    """Writes with the same lock never overlap (credentials of one application)."""
    explain: Callable[[str], str] | None = None
    """Pure: turns Graph's message into one for the user (places in the user's own files)."""
    lane: str = ""
    """Requests of one lane run side by side until the service refuses that, then one by one."""
    replaces: bytes | None = None
    """What the request overwrites for good (policy XML): kept in the journal for a rollback."""
    touches: tuple[Address, ...] = ()
    """Objects besides its own whose age decides about replication errors."""
    paced: bool = False
