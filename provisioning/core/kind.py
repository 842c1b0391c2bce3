"""What a kind of object may declare. Declarations and pure functions: a kind does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    LiveObject,
    Owner,
    Place,
    Principal,
    SinkState,
    Tenant,
    Value,
)
from provisioning.core.plan import Action, Change, Step, Unmanaged
from provisioning.core.request import Answer, ErrorMatch, Permission, Read, Request


class Compare(StrEnum):
    """How two values of a field are held against each other."""

    EXACT = "exact"
    SET = "set"
    KEYED = "keyed"
    IGNORE_CASE = "ignore-case"


class _Unset:
    """Marks a field without a secure default; None is a value."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a kind: where it stands and how it is compared."""

    path: str
    """Dotted, below the body: `web.implicitGrantSettings.enableAccessTokenIssuance`."""
    compare: Compare = Compare.EXACT
    key: str = ""
    """KEYED: the property that identifies an entry."""
    label: str = ""
    """KEYED: the property shown for an entry; `key` when empty."""
    sets: tuple[str, ...] = ()
    """KEYED: properties of an entry that are compared as sets."""
    ignores: tuple[str, ...] = ()
    """KEYED: properties of a live entry that only the server writes (`origin`)."""
    immutable: bool = False
    """A change needs a replace."""
    write_only: bool = False
    """Never read back, so never compared; sent on create."""
    secure: Value | _Unset = UNSET
    """Value that holds on an object that we created even when the manifest is silent."""
    null: Value = None
    """The value that null stands for on the wire (False for nullable switches, [] for lists)."""
    deferrable: bool = False
    """May be sent after the create, when it would close a circle of references."""


@dataclass(frozen=True, slots=True)
class Section:
    """A key that a kind adds to the manifest.

    `under` is "" for a top-level key or the name of a top-level section whose entries get the
    key (`applications`). `annotation` is what pydantic validates it with.
    """

    key: str
    annotation: Any
    description: str
    under: str = ""
    aliases: tuple[str, ...] = ()
    """Other spellings that are accepted, such as the portal's."""


class Source(Protocol):
    """What `desire` may ask of the manifest being loaded."""

    owner: Owner
    tenant: Tenant

    def entries(self, section: str) -> Mapping[str, Any]:
        """Validated entries of a top-level section, by key; empty when absent."""

    def place(self, *path: str | int) -> Place:
        """Where a key stands: `place("applications", "api", "scopes", "read")`."""

    def doubtful(self, *path: str | int) -> bool:
        """Whether the value at `path` lost a part that had a wrong form, or is itself missing so.

        That is told already: ask before reporting that something is not there.
        """

    def file(self, name: str, *path: str | int) -> bytes | None:
        """Content of a file of the user's (`fromFile` of a public certificate).

        `name` is relative to the manifest that names it. None after reporting why it can't be read.
        """

    def files(self, pattern: str, *path: str | int) -> tuple[tuple[str, bytes], ...]:
        """(name, content) of the files that a glob names, sorted; reports one that names none.

        Names are relative to the manifest's folder.
        """

    def report(self, finding: Finding) -> None:
        """Report a finding that knows its own place, such as one in a policy file."""

    def fault(
        self, rule: str, message: str, remedy: str, *path: str | int, warning: bool = False
    ) -> None:
        """Report a fault at a path; loading goes on so that all are found at once."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known while the tenant is being observed; grows from round to round."""

    owner: Owner
    tenant: Tenant
    principal: Principal
    observed_at: datetime
    desired: tuple[Desired, ...]
    """Of the kind that is asked."""
    wanted: Mapping[Address, Desired]
    """Of every kind."""
    answers: Mapping[str, Answer]
    """By `Read.key`."""
    objects: Mapping[Address, LiveObject]
    """Matched so far, of every kind."""
    sinks: Mapping[Address, SinkState] = field(default_factory=dict)
    purged: frozenset[Address] = frozenset()
    """Soft-deleted holders that make way for a new object, once that is planned."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Which live object is which address, as far as the answers tell."""

    objects: tuple[LiveObject, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that a kind asks for instead of the generic diff's."""

    action: Action
    reason: str
    changes: tuple[Change, ...] = ()
    manual: str = ""
    """What a person must do, with the portal's link; such a step is never sent."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A guard that a kind closes on a step."""

    guard: str
    reason: str
    aside: bool = False
    """Closed, it sets the step aside instead of holding it: the tenant is in sync without it."""
    unless: tuple[Address, ...] = ()
    """Steps of the same plan that lift the hold, if nothing holds any of them."""


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that `requests` may look at for one step."""

    step: Step
    desired: Desired | None
    """Adjusted; references that are not known yet are still in it."""
    live: LiveObject | None
    patch: Mapping[str, Value]
    """Field path -> the value to send, for the fields that differ (all desired ones on create)."""
    owner: Owner
    tenant: Tenant
    observed_at: datetime
    objects: Mapping[Address, LiveObject]
    wanted: Mapping[Address, Desired]
    sinks: Mapping[Address, SinkState] = field(default_factory=dict)
    circular: frozenset[Address] = frozenset()
    """References to these would close a circle: send them in a later request."""


def _no_reads(_view: View) -> Iterable[Read]:
    return ()


def _no_objects(_view: View) -> Matched:
    return Matched()


def _no_desire(_source: Source) -> Iterable[Desired]:
    return ()


def _as_is(desired: Desired, _live: LiveObject | None, _view: View) -> Desired:
    return desired


def _no_holds(_work: Work, _view: View) -> Iterable[Hold]:
    return ()


def _no_requests(_work: Work) -> tuple[Request, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: a table row with pure functions, never subclassed."""

    name: str
    fields: tuple[Field, ...] = ()
    sections: tuple[Section, ...] = ()
    desire: Callable[[Source], Iterable[Desired]] = _no_desire
    """Manifest -> desired objects; reports limits and dangling names through `source.fault`."""
    reads: Callable[[View], Iterable[Read]] = _no_reads
    """What to read next. Called every round with what is known so far; a path may hold
    references, and is sent once they are known. Ends when nothing new is asked."""
    match: Callable[[View], Matched] = _no_objects
    """Which live object is which address. Called after every round."""
    adjust: Callable[[Desired, LiveObject | None, View], Desired] = _as_is
    """Bring the desired body into the server's shape (marks, ids of living scopes)."""
    propose: Callable[[Desired | None, LiveObject | None, View], Proposal | None] | None = None
    """Replaces the generic diff where time or a sink decides (passwords)."""
    requests: Callable[[Work], tuple[Request, ...]] = _no_requests
    guards: Callable[[Work, View], Iterable[Hold]] = _no_holds
    findings: Callable[[View], Iterable[Finding]] = lambda _view: ()
    """Faults that only the tenant can show (unknown permission names)."""
    unmanaged: Callable[[View], Iterable[Unmanaged]] = lambda _view: ()
    """Live settings of adopted objects that are no field of their own (their credentials)."""
    read_permissions: tuple[Permission, ...] = ()
    """What each of its reads needs; what one needs besides is in `Read.needs`."""
    write_permissions: tuple[Permission, ...] = ()
    transient: tuple[ErrorMatch, ...] = ()
    prunable: bool = False
    """Deleted only with --prune (applications, policies …); children are not."""
    follows: bool = False
    """Comes and goes with other objects (a service principal with its application, the ledger with
    what it lists): mass guards count it among its own kind only."""
    lookup: bool = False
    """Only read, never a step."""
