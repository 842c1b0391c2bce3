"""The sandbox: one database, its tenants, its application; must not hold rules of Graph."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from provisioning.sandbox import (
    accounts,
    directory,
    dumps,
    gateway,
    login,
    seeding,
    seeds,
    side,
    wire,
)
from provisioning.sandbox.call import Throttle
from provisioning.sandbox.faults import Faults
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.options import Options
from provisioning.sandbox.overlaps import Overlaps
from provisioning.sandbox.signin import faults
from provisioning.sandbox.store import Store, Tenant
from provisioning.sandbox.tokens import Tokens
from provisioning.sandbox.transport import SandboxTransport
from provisioning.sandbox.wire import Seen

_NAMESPACE = uuid.UUID("6f8b7d0e-4a51-5c1e-9f6c-2d1f3a0b7c55")
_KINDS = {"b2c", "workforce", "external"}
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
_SETTING = "options"


class Sandbox:
    """An embedded stand-in for Microsoft Graph and its login hosts.

    Args:
        directory: where `sandbox.sqlite` lives, None for memory only.
        options: switches; stored when given, else the stored ones are used.
        latency: seconds waited before each HTTP request is worked on.
        clock: the current time, in UTC.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        options: Options | None = None,
        latency: float = 0.0,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.latency = latency
        self.faults = Faults()
        self.log: list[Seen] = []
        self._clock = clock or _now
        self._calls = 0
        self._overlaps = Overlaps()
        self._store = Store(None if directory is None else Path(directory) / "sandbox.sqlite")
        if options is not None:
            side.set_setting(self._store, _SETTING, options.dump())
        stored = side.setting(self._store, _SETTING)
        self.options = Options() if stored is None else Options.load(stored)
        self._tokens = Tokens(self._store)
        self._gateway = gateway.Gateway(
            store=self._store,
            tokens=self._tokens,
            faults=self.faults,
            options=self.options,
            clock=self._clock,
            throttle=Throttle(),
        )
        self._login = login.Login(self._store, self._tokens, self.options, self._clock)
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=_METHODS)])

    def add_tenant(self, domain: str, kind: str = "b2c", *, tenant_id: str | None = None) -> Tenant:
        """Add a tenant with its built-in objects; one that is there is returned as it is.

        Args:
            domain: the initial domain, such as contoso.onmicrosoft.com.
            kind: b2c, workforce or external.
            tenant_id: a GUID; by default derived from the domain.

        Raises:
            ValueError: an unknown kind, or a known domain with another kind or id.
        """
        if kind not in _KINDS:
            raise ValueError(f"unknown tenant kind {kind}; known: {', '.join(sorted(_KINDS))}")
        domain = domain.lower()
        identity = (tenant_id or str(uuid.uuid5(_NAMESPACE, domain))).lower()
        existing = self._store.tenant(domain) or self._store.tenant(identity)
        tenant = Tenant(identity, domain, kind)
        if existing is not None:
            if existing != tenant and (tenant_id is not None or existing.kind != kind):
                raise ValueError(f"tenant {domain} exists as {existing}")
            return existing
        with self._store.transaction():
            self._store.add_tenant(tenant)
            seeds.plant(self._store, tenant, self._timestamp())
        return tenant

    def tenants(self) -> tuple[Tenant, ...]:
        """All tenants."""
        return self._store.tenants()

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport that answers every host from this sandbox."""
        return SandboxTransport(self.app)

    def issue_token(
        self,
        tenant_id: str,
        *,
        app_id: str | None = None,
        roles: Iterable[str] | None = None,
        scopes: Iterable[str] | None = None,
        user_id: str | None = None,
        directory_roles: Iterable[str] | None = None,
        lifetime: int = 3600,
    ) -> str:
        """A Graph access token without asking the login host.

        Args:
            tenant_id: GUID or domain.
            app_id: the client; by default the built-in automation client.
            roles: application permissions; by default every one the sandbox knows.
            scopes: delegated permissions; makes it a user's token.
            user_id: the user; by default a built-in administrator, added when first needed.
            directory_roles: role template ids of the user; None leaves the claim `wids` out.
            lifetime: seconds.

        Raises:
            LookupError: no such tenant, or the client has no service principal in it.
        """
        tenant = self._tenant(tenant_id)
        client = app_id or seeds.automation_app_id(tenant)
        object_id = self._principal(tenant, client)
        if scopes is not None or user_id is not None:
            object_id = user_id or self._administrator(tenant)
            scopes = tuple(scopes or ())
        return self._tokens.access_token(
            tenant=tenant,
            audience="https://graph.microsoft.com",
            app_id=client,
            object_id=object_id,
            roles=seeds.application_permissions() if roles is None else roles,
            scopes=scopes,
            now=self._clock(),
            lifetime=lifetime,
            directory_roles=directory_roles,
        )

    def application_token(self, tenant_id: str, app_id: str) -> str:
        """A Graph access token with what an application was granted, its proof taken as given.

        Raises:
            LookupError: no such tenant, or the client has no service principal in it.
        """
        tenant = self._tenant(tenant_id)
        roles = self._login.graph_roles(tenant, app_id)
        return self.issue_token(tenant.id, app_id=app_id, roles=roles)

    def automation_secret(self, tenant_id: str) -> tuple[str, str]:
        """The built-in automation client's appId and a new secret, which replaces its last one.

        Raises:
            LookupError: no such tenant.
        """
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            secret = seeds.renew_automation_secret(self._store, tenant, self._clock())
        return seeds.automation_app_id(tenant), secret

    def trust_issuer(self, issuer: str, keys: Mapping[str, Any] | str) -> None:
        """Say where the keys of an outside issuer are, whose tokens federated credentials accept.

        Args:
            issuer: as tokens and federated credentials write it, such as
                https://token.actions.githubusercontent.com.
            keys: a JSON Web Key Set (RFC 7517), or the URL under which the issuer's discovery
                document lies: the issuer itself, or a stand-in for it on loopback.

        Raises:
            ValueError: a URL that is neither https nor loopback.
        """
        self._login.issuers.trust(issuer, keys)

    def add_user(
        self,
        tenant_id: str,
        user_principal_name: str,
        display_name: str,
        *,
        password: str | None = None,
        sign_in_names: Iterable[tuple[str, str, str]] = (),
        state: accounts.State = "enabled",
        properties: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a user, or change the one with this name; returns its object id.

        Args:
            tenant_id: GUID or domain.
            user_principal_name: tells users apart.
            display_name: what tokens call `name`.
            password: kept as a salted hash; None leaves what is there.
            sign_in_names: (type, issuer, name) of a local account, type emailAddress or
                userName. A B2C user with a password and without names signs in with its
                userPrincipalName as its email address.
            state: enabled, locked, disabled, force_change.
            properties: further properties as Graph names them, such as givenName.

        Raises:
            LookupError: no such tenant.
            ValueError: an unknown state.
        """
        if state not in accounts.STATES:
            raise ValueError(f"unknown state {state}; known: {', '.join(accounts.STATES)}")
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            known = accounts.by_principal_name(self._store, tenant, user_principal_name)
            body = (
                directory.new_user(user_principal_name, display_name, self._timestamp())
                if known is None
                else {**known.body, "displayName": display_name}
            )
            return accounts.save(
                self._store,
                tenant,
                body | dict(properties or {}),
                password=password,
                sign_in_names=sign_in_names,
                state=state,
            )

    def remove_user(self, tenant_id: str, user_id: str) -> None:
        """Remove a user for good."""
        with self._store.transaction():
            self._store.remove(self._tenant(tenant_id).id, "users", user_id)

    def revoke_sign_in_sessions(self, tenant_id: str, user_id: str) -> None:
        """Refresh tokens issued before now no longer count (G:v1/api/user-revokesigninsessions).

        Raises:
            LookupError: no such tenant or user.
        """
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            record = accounts.by_id(self._store, tenant, user_id)
            if record is None:
                raise LookupError(f"no user {user_id} in {tenant.domain}")
            body = {**record.body, "signInSessionsValidFromDateTime": self._timestamp()}
            self._store.put(tenant.id, "users", record.id, body)

    def add_group(self, tenant_id: str, display_name: str) -> str:
        """Add a security group; returns its object id."""
        body = directory.new_group(display_name, self._timestamp())
        return self._add(tenant_id, "groups", body)

    def seed(
        self, tenant_id: str, collection: str, objects: Iterable[Mapping[str, Any] | str]
    ) -> list[str]:
        """Insert ready objects with the server's defaults filled in, unchecked and fast.

        Returns their ids. Collections: applications, servicePrincipals,
        oauth2PermissionGrants, appRoleAssignments, users, groups, policies (XML texts), keySets,
        b2cUserFlows, userFlowAttributes, identityProviders.

        Raises:
            ValueError: another collection.
        """
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            bodies = seeding.completed(self._store, tenant, collection, objects, self._timestamp())
            items = ((seeding.identity(collection, body), body) for body in bodies)
            self._store.put_many(tenant.id, collection, items)
        return [body["id"] for body in bodies]

    def portal_set_claims(self, tenant_id: str, flow_id: str, claims: Iterable[str]) -> None:
        """Choose the application claims of a user flow, as one does in the portal.

        No API shows or sets them (azure-cli#28593); `dump` tells them.

        Raises:
            LookupError: no such tenant or user flow.
        """
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            record = self._store.get(tenant.id, "b2cUserFlows", flow_id.casefold())
            if record is None:
                raise LookupError(f"no user flow {flow_id} in {tenant.domain}")
            body = {**record.body, "_claims": list(claims)}
            self._store.put(tenant.id, "b2cUserFlows", record.id, body)

    def dump(self, tenant_id: str) -> dict[str, list[dict[str, Any]]]:
        """Everything in a tenant as it really is, without any secret; owners as ids."""
        return dumps.of(self._store, self._tenant(tenant_id))

    def reset(self) -> None:
        """Empty every tenant but for its built-in objects; forget log and faults."""
        with self._store.transaction():
            self._store.clear()
            for tenant in self._store.tenants():
                seeds.plant(self._store, tenant, self._timestamp())
        self.log.clear()
        self.faults.clear()

    def image(self) -> bytes:
        """Every tenant as it is now, to `restore` later; log and faults are no part of it."""
        return self._store.image()

    def restore(self, image: bytes) -> None:
        """Go back to an `image` of this sandbox, which must be one in memory."""
        self._store.restore(image)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    async def _answer(self, request: Request) -> Response:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.decode("ascii").split("?")[0]
        lane = self._gateway.lane(request, path)
        with self._overlaps.entered(lane) as overlapping:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self._work(request, path, overlapping=overlapping)

    async def _work(self, request: Request, path: str, *, overlapping: bool) -> Response:
        self._calls += 1
        number = self._calls
        if request.url.query:
            path += "?" + request.url.query
        if wire.is_graph(path):
            return await self._gateway.answer(
                request, path, number, self.log, overlapping=overlapping
            )
        response, tenant = await self._signed_in(request, path)
        self.log.append(
            Seen(request.method, path, response.status_code, tenant, False, self._calls)
        )
        return response

    async def _signed_in(self, request: Request, path: str) -> tuple[Response, str | None]:
        """What a sign-in host answers, or the scripted fault that is due."""
        fault = self.faults.due(request.method, path)
        if fault is None:
            return await self._login.answer(request)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        tenant = None
        if fault.after_commit:
            _, tenant = await self._login.answer(request)
        return faults.broken(fault, self._clock()), tenant

    def _tenant(self, identity: str) -> Tenant:
        tenant = self._store.tenant(identity)
        if tenant is None:
            raise LookupError(f"no tenant {identity} in the sandbox")
        return tenant

    def _principal(self, tenant: Tenant, app_id: str) -> str:
        for record in self._store.find(tenant.id, "servicePrincipals", "appId", app_id):
            if record.state == LIVE:
                return record.id
        raise LookupError(f"{app_id} has no service principal in {tenant.domain}")

    def _administrator(self, tenant: Tenant) -> str:
        name = f"admin@{tenant.domain}"
        for record in self._store.find(tenant.id, "users", "userPrincipalName", name):
            return record.id
        return self.add_user(tenant.id, name, "Administrator")

    def _add(self, tenant_id: str, collection: str, body: dict[str, Any]) -> str:
        tenant = self._tenant(tenant_id)
        with self._store.transaction():
            self._store.put(tenant.id, collection, body["id"], body)
        return str(body["id"])

    def _timestamp(self) -> str:
        return self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> datetime:
    return datetime.now(UTC)
