"""What one run works with: made by the command line, handed from room to room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioning.core.errors import SecretError
from provisioning.core.guards import Allowed
from provisioning.core.kind import Kind
from provisioning.core.model import (
    Address,
    Desired,
    Finding,
    Owner,
    Secret,
    SinkState,
    Tenant,
    Value,
)
from provisioning.core.report import Event
from provisioning.engine.journal import Journal
from provisioning.graph.client import Graph
from provisioning.graph.clock import Clock

LAG_WINDOW_SECONDS = 15 * 60
"""Worst replication delay that Graph's users report; younger objects are waited for."""


class Sinks(Protocol):
    """Where made secrets go; `provisioning.secrets.sinks` has the real ones."""

    async def state(self, stores: Mapping[Address, Value]) -> Mapping[Address, SinkState]:
        """Tell the stored key ids, never the values, by password address."""

    def check(self, store: Value) -> Finding | None:
        """Say why a sink can't be used; None when it can."""

    async def store(self, address: Address, store: Value, key_id: str, value: str) -> None:
        """Keep a value; raises SecretError when it can't."""


class Manifest(Protocol):
    """What the engine needs of a loaded manifest."""

    @property
    def owner(self) -> Owner:
        """Whose marks are ours."""

    @property
    def tenant(self) -> Tenant:
        """The directory it is for."""

    @property
    def desired(self) -> tuple[Desired, ...]:
        """Every object, by address."""


async def _no_secrets(secret: Secret) -> str:
    message = f"this run has no secret source to read {secret.source[0]} from"
    raise SecretError(message, remedy="report this: the run was put together without one")


def _silent(_event: Event) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """One run against one tenant."""

    graph: Graph
    kinds: tuple[Kind, ...]
    manifest: Manifest
    clock: Clock
    sinks: Sinks
    journal: Journal
    read_secret: Callable[[Secret], Awaitable[str]] = _no_secrets
    """Reads a value while a request is being sent; base64 where the secret asks for it."""
    allowed: Allowed = field(default_factory=Allowed)
    progress: Callable[[Event], None] = _silent
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first Ctrl-C: nothing new is sent, what is in flight is finished."""
    settle_seconds: float = 300.0

    def kind(self, name: str) -> Kind:
        """The kind with that name; raises KeyError for one that is not ours."""
        return next(kind for kind in self.kinds if kind.name == name)
