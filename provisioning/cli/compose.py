"""Composition root: from options to a run. The only place that makes clocks and credentials.

Must not contain a decision about a tenant; it joins rooms that do not know each other.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

from provisioning.cli import hints
from provisioning.cli.options import MEMORY, Auth
from provisioning.core.errors import ProvisioningError
from provisioning.core.guards import Allowed
from provisioning.core.model import Secret, Tenant
from provisioning.core.report import Event
from provisioning.engine.journal import Journal
from provisioning.engine.run import Run
from provisioning.graph import auth, clouds, spread
from provisioning.graph.client import Graph, connect
from provisioning.graph.clock import Clock
from provisioning.kinds import KINDS
from provisioning.manifest import Manifest
from provisioning.sandbox import Sandbox
from provisioning.secrets import github, sources
from provisioning.secrets.key_vault import Vaults
from provisioning.secrets.sinks import Sinks

CONNECTIONS = 64
"""Of a run over many tenants, together."""

_NO_RUNNER = {"", "0", "false"}
"""Values of CI that mean there is no runner."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants."""

    manifest: Path
    variables: tuple[str, ...] = ()
    """As written: K=V."""
    allow: tuple[str, ...] = ()
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How to get there."""

    sandbox: str | None
    auth: Auth | None
    graph_endpoint: str | None
    journal: Path
    signin_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs in to one tenant of many, and how."""

    method: str
    """As `--auth`."""
    env: Mapping[str, str] = field(repr=False)
    """Variables as azure-identity documents them."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the runs against many tenants have in common."""

    clock: Clock
    stop: asyncio.Event
    box: Sandbox | None = None
    transport: httpx.AsyncBaseTransport | None = None
    """Carries every tenant's requests; None lets each have its own connections."""


def clock() -> Clock:
    """Return the real time, the one place where it enters."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=asyncio.sleep)


@contextlib.asynccontextmanager
async def run(
    wanted: Manifest,
    way: Way,
    opened: Allowed,
    *,
    progress: Callable[[Event], None],
    prompt: Callable[[str], None],
    box: Sandbox | None = None,
    shared: Shared | None = None,
    journal: Journal | None = None,
    identity: Identity | None = None,
) -> AsyncIterator[Run]:
    """Yield everything that the engine works with; closes connections and the sandbox.

    `box` is a sandbox that the caller has opened, and closes. One tenant of many brings what they
    share, its own journal and its own identity.
    """
    shared = shared or Shared(clock(), asyncio.Event(), box)
    now = shared.clock
    journal = journal or new_journal(way, now)
    for hint in hints.before(wanted, way.auth) if way.sandbox is None and identity is None else ():
        prompt(hint)
    place = Directory(wanted.cloud, wanted.tenant)
    connection = graph(
        place,
        way,
        now,
        journal,
        progress=progress,
        prompt=prompt,
        box=shared.box,
        transport=shared.transport,
        identity=identity,
    )
    async with connection as (client, token):
        vaults = None if way.sandbox else Vaults(token)
        ci = os.environ.get("CI", "").lower() not in _NO_RUNNER
        yield Run(
            graph=client,
            kinds=KINDS,
            manifest=wanted,
            clock=now,
            sinks=Sinks(
                wanted.root,
                ci=ci,
                vaults=vaults,
                repositories=None if way.sandbox else github.connected(os.environ),
                sandbox=way.sandbox is not None,
            ),
            journal=journal,
            read_secret=_reader(wanted.root, vaults),
            allowed=opened,
            progress=progress,
            stop=shared.stop,
        )


def checked(way: Way) -> Way:
    """Return a way that can be gone; ProvisioningError for options that can't be met anywhere."""
    if way.sandbox is not None:
        _exclude(way)
    elif way.graph_endpoint is not None:
        clouds.at_endpoint(clouds.named("global"), way.graph_endpoint)
    return way


@contextlib.asynccontextmanager
async def side_by_side(
    now: Clock, stop: asyncio.Event, box: Sandbox | None
) -> AsyncIterator[Shared]:
    """Yield what the tenants of one command have in common: one pool of connections."""
    if box is not None:
        yield Shared(now, stop, box, spread.Lent(box.transport()))
        return
    pool = spread.transport(CONNECTIONS)
    try:
        yield Shared(now, stop, None, None if pool is None else spread.Lent(pool))
    finally:
        if pool is not None:
            await pool.aclose()


def new_journal(way: Way, now: Clock) -> Journal:
    """Return the journal of a new run; it is opened by whoever writes first."""
    return Journal(way.journal, now, new_run(now))


def new_run(now: Clock) -> str:
    """Return the id of a new run."""
    return f"{now.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def _reader(root: Path, vaults: Vaults | None) -> Callable[[Secret], Awaitable[str]]:
    """Return what reads the secrets that a manifest in `root` names, while they are sent."""

    async def read(secret: Secret) -> str:
        kind, name = secret.source
        value = await sources.read({kind: name}, root=root, env=os.environ, vaults=vaults)
        if secret.base64:
            return base64.b64encode(value.get_secret_value()).decode("ascii")
        return sources.text(value)

    return read


@dataclass(frozen=True, slots=True)
class Directory:
    """Which tenant of which cloud."""

    cloud: str | Mapping[str, object]
    """A name, or `{graph, login, signIn}`."""
    tenant: Tenant | str
    """As a manifest declares it, or the id of one that exists."""

    @property
    def name(self) -> str:
        """What the sign-in is asked for: the id where it is known, else the domain."""
        return self.tenant if isinstance(self.tenant, str) else self.tenant.id or self.tenant.domain


@contextlib.asynccontextmanager
async def graph(
    place: Directory,
    way: Way,
    now: Clock,
    journal: Journal,
    *,
    progress: Callable[[Event], None],
    prompt: Callable[[str], None],
    box: Sandbox | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    identity: Identity | None = None,
) -> AsyncIterator[tuple[Graph, AsyncTokenCredential]]:
    """Yield a client for a tenant, and the credential behind it.

    A `transport` that is given stays open. Without an `identity` the process's own signs in.
    """
    cloud = clouds.of(place.cloud)

    def on_retry(text: str) -> None:
        progress(Event("retry", text))

    if way.sandbox is not None:
        given = contextlib.nullcontext(box) if box is not None else None
        with given or contextlib.closing(sandbox(way.sandbox)) as opened:
            client_id = identity.env.get("AZURE_CLIENT_ID") if identity is not None else None
            token = _sandboxed(opened, place.tenant, way, client_id)
            async with connect(
                cloud=cloud,
                credential=token,
                clock=now,
                transport=transport or opened.transport(),
                observer=journal.exchange,
                on_retry=on_retry,
            ) as client:
                yield client, token
        return
    who = identity or Identity((way.auth or Auth.DEFAULT).value, os.environ)
    credential = auth.credential(
        who.method,
        cloud=cloud,
        env=who.env,
        tenant_id=place.name,
        clock=now,
        prompt=prompt,
        transport=transport,
    )
    async with connect(
        cloud=cloud,
        credential=credential,
        clock=now,
        transport=transport,
        graph_endpoint=way.graph_endpoint or os.environ.get("PROVISIONING_GRAPH_ENDPOINT") or None,
        observer=journal.exchange,
        on_retry=on_retry,
    ) as client:
        yield client, credential


@contextlib.contextmanager
def embedded(way: Way) -> Iterator[Sandbox | None]:
    """Yield the sandbox that takes Graph's place and the sign-in hosts'; None without one."""
    if way.sandbox is None:
        yield None
        return
    with contextlib.closing(sandbox(way.sandbox)) as box:
        yield box


def sandbox(place: str) -> Sandbox:
    """Open the sandbox in a folder, or one that is gone with the process."""
    try:
        return Sandbox(None if place == MEMORY else Path(place))
    except (OSError, sqlite3.Error) as problem:
        raise ProvisioningError(
            f"cannot keep a sandbox in {place}: {problem}",
            remedy="name a writable folder with --sandbox",
        ) from problem


@dataclass(frozen=True, slots=True)
class _SandboxCredential:
    """Signs in to the sandbox: as an application of the tenant, with what it was granted there.

    Without one as the built-in automation, which holds every permission.
    """

    box: Sandbox
    tenant_id: str
    client_id: str | None = None

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        issued = datetime.now(UTC).timestamp()
        return AccessToken(self._token(), int(issued) + 3600)

    def _token(self) -> str:
        if self.client_id is None:
            return self.box.issue_token(self.tenant_id)
        try:
            return self.box.application_token(self.tenant_id, self.client_id)
        except LookupError as problem:
            raise ProvisioningError(
                f"signing in to the sandbox failed: {problem}",
                remedy="onboard the tenant on this sandbox, or correct the clientId",
            ) from problem

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


def _exclude(way: Way) -> None:
    for option, given in (("--auth", way.auth), ("--graph-endpoint", way.graph_endpoint)):
        if given is not None:
            raise ProvisioningError(
                f"{option} and --sandbox exclude each other",
                remedy="the sandbox is in this process and signs in by itself",
            )


def _sandboxed(
    box: Sandbox, tenant: Tenant | str, way: Way, client_id: str | None
) -> _SandboxCredential:
    _exclude(way)
    if isinstance(tenant, str):
        if tenant not in {known.id for known in box.tenants()}:
            raise ProvisioningError(
                f"the sandbox in {way.sandbox} has no tenant {tenant}",
                remedy="name the --sandbox DIR that the run worked on",
            )
        return _SandboxCredential(box, tenant, client_id)
    try:
        added = box.add_tenant(tenant.domain, tenant.type.value, tenant_id=tenant.id)
    except ValueError as problem:
        raise ProvisioningError(
            str(problem), remedy="use another --sandbox DIR, or mend the manifest's tenant"
        ) from problem
    return _SandboxCredential(box, added.id, client_id)
