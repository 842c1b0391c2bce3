"""A sandbox with one tenant and a client, opened inside a test; must not assert anything."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from provisioning.sandbox import Options, Sandbox, Tenant

Json = dict[str, Any]
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
DOMAIN = "contoso.onmicrosoft.com"
SCOPE_ID = "11111111-0000-4000-8000-000000000001"
ROLE_ID = "22222222-0000-4000-8000-000000000001"
NOBODY = "99999999-0000-4000-8000-000000000009"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class World:
    box: Sandbox
    tenant: Tenant
    graph: httpx.AsyncClient
    clock: Clock

    def client(self, **token: Any) -> httpx.AsyncClient:
        """A client with a token of its own (the keywords of issue_token)."""
        return client(self.box, self.box.issue_token(self.tenant.id, **token))

    async def application(self, **properties: Any) -> Json:
        """Create an application, single-tenant unless said otherwise."""
        body = {"displayName": "Portal", "signInAudience": "AzureADMyOrg", **properties}
        return created(await self.graph.post("/applications", json=body))

    async def principal(self, application: Json | None = None) -> Json:
        """Create the service principal of an application."""
        application = application or await self.application()
        body = {"appId": application["appId"]}
        return created(await self.graph.post("/servicePrincipals", json=body))

    async def microsoft_graph(self) -> Json:
        """The service principal of Microsoft Graph."""
        response = await self.graph.get(f"/servicePrincipals(appId='{MICROSOFT_GRAPH}')")
        return dict(response.json())

    async def grant(self, client_id: str, resource_id: str, scope: str = "openid") -> Json:
        """Consent for everybody."""
        body = {
            "clientId": client_id,
            "resourceId": resource_id,
            "consentType": "AllPrincipals",
            "scope": scope,
        }
        return created(await self.graph.post("/oauth2PermissionGrants", json=body))


@contextlib.asynccontextmanager
async def world(
    options: Options | None = None,
    *,
    kind: str = "workforce",
    directory: Path | None = None,
) -> AsyncIterator[World]:
    """A fresh sandbox, or the one that lives in a directory."""
    clock = Clock()
    box = Sandbox(directory, options=options, clock=clock)
    tenant = box.add_tenant(DOMAIN, kind)
    async with client(box, box.issue_token(tenant.id, lifetime=10**6)) as graph:
        yield World(box, tenant, graph, clock)
    box.close()


def client(box: Sandbox, token: str) -> httpx.AsyncClient:
    """A Graph client over the sandbox's transport."""
    return httpx.AsyncClient(
        transport=box.transport(),
        base_url="https://graph.microsoft.com/v1.0",
        headers={"Authorization": f"Bearer {token}"},
    )


def created(response: httpx.Response) -> Json:
    """The body of a 201; anything else ends the test with what was said instead."""
    if response.status_code != httpx.codes.CREATED:
        raise AssertionError(response.text)
    return dict(response.json())


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and top-level code of an error."""
    return response.status_code, response.json()["error"]["code"]


def message(response: httpx.Response) -> str:
    """The message of an error."""
    return str(response.json()["error"]["message"])


def details(response: httpx.Response) -> list[str]:
    """The specific codes of an error."""
    return [each["code"] for each in response.json()["error"].get("details", ())]


def names(response: httpx.Response, key: str = "displayName") -> list[str]:
    """One property over a list answer."""
    return [each[key] for each in response.json()["value"]]


def scope(**changes: Any) -> Json:
    """An enabled scope."""
    return {
        "id": SCOPE_ID,
        "value": "read",
        "type": "Admin",
        "isEnabled": True,
        "adminConsentDisplayName": "Read",
        "adminConsentDescription": "Reads",
        **changes,
    }


def role(**changes: Any) -> Json:
    """An enabled app role for users and applications."""
    return {
        "id": ROLE_ID,
        "value": "reader",
        "isEnabled": True,
        "displayName": "Reader",
        "description": "Reads",
        "allowedMemberTypes": ["User", "Application"],
        **changes,
    }


def batch(*requests: Iterable[tuple[str, Any]] | Json) -> Json:
    """The body of a $batch."""
    return {"requests": [dict(each) for each in requests]}
