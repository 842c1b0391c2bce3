"""The nouns that every room shares. Pure data: no behaviour beyond spelling themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
"""What Graph sends and what a plan file holds."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Name of one object of the manifest, e.g. `application.api`. The key may hold dots."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `kind.key`; raises ValueError when either half is missing."""
        kind, dot, key = text.partition(".")
        if not (kind and dot and key):
            message = f"{text!r} is no address: write KIND.KEY, such as application.api"
            raise ValueError(message)
        return cls(kind, key)


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that only the tenant knows: `path` in the body of the object at `address`.

    `path` follows `provisioning.core.paths`: `id`, `appRoles[value=reader].id`.
    """

    address: Address
    path: str = "id"

    def __str__(self) -> str:
        return f"${{{self.address}.{self.path}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """Text with references inside, such as `api://${application.api.appId}`."""

    parts: tuple[str | Ref, ...]

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret value comes from; the value itself is read while sending, never before.

    `source` is the manifest's setting: `fromEnv`, `fromFile` or `fromKeyVault` and its argument.
    """

    source: tuple[str, str]
    base64: bool = False
    """Send the bytes as base64 (a PKCS#12 file) instead of as text."""

    def __str__(self) -> str:
        return "(sensitive)"


Value: TypeAlias = (
    "None | bool | int | float | str | Ref | Template | Secret | list[Value] | dict[str, Value]"
)
"""JSON that may still hold references and secrets."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the user's files something stands; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """How bad a finding is: an error stops the run, the others are shown."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth telling: what is wrong and what to write or do instead."""

    rule: str
    """Stable id in kebab-case, e.g. `unknown-permission`."""
    message: str
    remedy: str = ""
    severity: Severity = Severity.ERROR
    place: Place | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The manifest's `lifecycle:` of one object; paths are Graph property paths."""

    prevent_destroy: bool = False
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """Collections that are additive: live entries that the manifest does not list are kept."""


@dataclass(frozen=True, slots=True)
class Desired:
    """One object as the manifest wants it."""

    address: Address
    body: Mapping[str, Value]
    """In Graph's own names and shapes. Absent = not managed, null or empty = cleared."""
    place: Place
    settings: Mapping[str, Value] = field(default_factory=dict)
    """What its kind needs beyond the body (adoption, lookups, lifetimes); never sent as is."""
    lifecycle: Lifecycle = Lifecycle()
    parent: Address | None = None
    """The object whose ownership this one shares (an application, for its children)."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Body path -> place, where finer than `place`."""
    after: tuple[Address, ...] = ()
    """Whose steps come first although the body does not refer to them: they free what it takes.
    Cut where it would close a circle, which the kind then finds in `Work.circular`."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose marks count as ours: the manifest's name, and the name it had before."""

    name: str
    moved_from: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Today's name first."""
        return (self.name,) if self.moved_from is None else (self.name, self.moved_from)


class TenantType(StrEnum):
    """Kinds of directory; the manifest's `tenant.type`."""

    B2C = "b2c"
    WORKFORCE = "workforce"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Tenant:
    """The directory that the manifest is for."""

    domain: str
    type: TenantType
    id: str | None = None
    custom_domain: str | None = None


class Ownership(StrEnum):
    """What we may do to a live object."""

    CREATED = "created"
    """This manifest made it: secure defaults hold, prune may delete it."""
    ADOPTED = "adopted"
    """It lived before: only what the manifest names is managed, never deleted."""
    LOOKUP = "lookup"
    """Only read."""


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object of the tenant, matched to an address."""

    address: Address
    body: Mapping[str, Json]
    ownership: Ownership
    deleted: bool = False
    """True for a soft-deleted holder of the identity (restore or purge decides)."""
    foreign: bool = False
    """True for a child that somebody else added to an object of ours (guard `credential`)."""
    needs: tuple[Address, ...] = ()
    """Objects that this one rests on: it is deleted before they are."""


@dataclass(frozen=True, slots=True)
class SinkState:
    """What a secret sink tells without its values.

    `readable` False means unknown, never lost. `key_ids` are the ids stored beside the value.
    """

    readable: bool
    key_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed in to Graph, as its access token says; all None for an opaque token."""

    tenant_id: str | None = None
    app_id: str | None = None
    object_id: str | None = None
    name: str | None = None
    roles: frozenset[str] | None = None
    """Application permissions; None when the token does not tell."""
    scopes: frozenset[str] | None = None
    """Delegated permissions; None for app-only or opaque tokens."""
    directory_roles: frozenset[str] | None = None
    """Template ids of the directory roles; None when the token does not tell."""


@dataclass(frozen=True, slots=True)
class Live:
    """The tenant as observed for one manifest."""

    observed_at: datetime
    """Aware, UTC: the core's only notion of now."""
    tenant_id: str
    tenant_name: str
    principal: Principal
    objects: Mapping[Address, LiveObject]
    """By address; also objects of ours that the manifest no longer names."""
    findings: tuple[Finding, ...] = ()
    sinks: Mapping[Address, SinkState] = field(default_factory=dict)
