"""A manifest and a made-up tenant, planned without any network. Asserts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioning import manifest
from provisioning.core import build
from provisioning.core.guards import Allowed
from provisioning.core.kind import View, Work
from provisioning.core.model import (
    Address,
    Json,
    Live,
    LiveObject,
    Ownership,
    Principal,
    SinkState,
)
from provisioning.core.request import Answer, Request
from provisioning.kinds import KINDS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TENANT = "11111111-1111-4111-8111-111111111111"
GRAPH: dict[str, Json] = {
    "id": "00000000-0000-4000-8000-00000000000a",
    "appId": "00000003-0000-0000-c000-000000000000",
    "displayName": "Microsoft Graph",
    "oauth2PermissionScopes": [
        {"id": "37f7f235-527c-4136-accd-4a02d197296e", "value": "openid"},
        {"id": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "value": "offline_access"},
    ],
    "appRoles": [{"id": "7ab1d382-f21e-4acd-a863-ba3e13f7da61", "value": "Directory.Read.All"}],
}


def load(folder: Path, text: str) -> manifest.Manifest:
    """Read a manifest from text; its faults are the test's."""
    path = folder / "manifest.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = manifest.load(path, kinds=KINDS)
    assert loaded.manifest is not None, loaded.findings
    return loaded.manifest


def thing(
    address: str,
    body: Mapping[str, Any],
    ownership: Ownership = Ownership.CREATED,
    *,
    deleted: bool = False,
    foreign: bool = False,
) -> LiveObject:
    """An object of the tenant."""
    return LiveObject(
        Address.parse(address), dict(body), ownership, deleted=deleted, foreign=foreign
    )


def graph() -> LiveObject:
    """Microsoft Graph's service principal, cut down."""
    return thing("existing.microsoftGraph", GRAPH, Ownership.LOOKUP)


def plan(
    wanted: manifest.Manifest,
    objects: Iterable[LiveObject] = (),
    *,
    allow: Iterable[str] = (),
    prune: bool = False,
    sinks: Mapping[str, SinkState] | None = None,
    answers: Mapping[str, Answer] | None = None,
    principal: Principal | None = None,
    now: datetime = NOW,
) -> build.Draft:
    """Plan a manifest against these objects."""
    live = Live(
        observed_at=now,
        tenant_id=TENANT,
        tenant_name="contoso",
        principal=principal or Principal(),
        objects={one.address: one for one in (graph(), *objects)},
        sinks={Address.parse(name): state for name, state in (sinks or {}).items()},
    )
    return build.plan(
        kinds=KINDS,
        owner=wanted.owner,
        tenant=wanted.tenant,
        desired=wanted.desired,
        live=live,
        allowed=Allowed(frozenset(allow), prune),
        answers=answers or {},
    )


def view(
    wanted: manifest.Manifest,
    kind: str,
    *,
    answers: Mapping[str, Answer] | None = None,
    objects: Iterable[LiveObject] = (),
) -> View:
    """What one kind sees while the tenant is being observed."""
    return View(
        owner=wanted.owner,
        tenant=wanted.tenant,
        principal=Principal(),
        observed_at=NOW,
        desired=tuple(d for d in wanted.desired if d.address.kind == kind),
        wanted={d.address: d for d in wanted.desired},
        answers=answers or {},
        objects={one.address: one for one in objects},
    )


def work(draft: build.Draft, address: str) -> Work:
    """The work of one step."""
    return draft.works[Address.parse(address)]


def requests(draft: build.Draft, address: str) -> tuple[Request, ...]:
    """What a step would send."""
    (kind,) = (kind for kind in KINDS if kind.name == address.partition(".")[0])
    return kind.requests(work(draft, address))


def every(request: Request) -> Iterator[Request]:
    """A request and those it may turn into."""
    yield request
    for way in request.alternatives:
        for other in way.then:
            yield from every(other)
