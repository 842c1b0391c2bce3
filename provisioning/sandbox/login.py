"""The login hosts: discovery, keys and app-only tokens; must not know Graph's operations.

Sources: E:v2-oauth2-client-creds-grant-flow.md, E:reference-error-codes.md, E:v2-protocols-oidc.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from provisioning.sandbox import discovery, seeds
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.issuers import Issuers
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.options import Options
from provisioning.sandbox.signin import (
    clients,
    entra_authorize,
    entra_clients,
    entra_resources,
    places,
)
from provisioning.sandbox.signin.b2c import B2C
from provisioning.sandbox.signin.entra_grants import UserGrant
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record, Store, Tenant
from provisioning.sandbox.tokens import AUDIENCES, GRAPH_APP_ID, Tokens

_CLIENT_CREDENTIALS = "client_credentials"
_LIFETIME = 3599
_SHARED = ("common", "organizations", "consumers")


class Login:
    """Answers what lies on the login hosts."""

    def __init__(
        self, store: Store, tokens: Tokens, options: Options, clock: Callable[[], datetime]
    ) -> None:
        self._b2c = B2C(store, tokens, options, clock)
        self._options = options
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self.issuers = Issuers()

    def graph_roles(self, tenant: Tenant, app_id: str) -> list[str]:
        """The application permissions on Graph that an application was granted.

        Raises:
            LookupError: it has no service principal in the tenant.
        """
        _, resource = self._resource(tenant, f"{GRAPH_APP_ID}/.default")
        for record in self._store.find(tenant.id, "servicePrincipals", "appId", app_id):
            if record.state == LIVE:
                return self._roles(tenant, record, resource)
        raise LookupError(f"{app_id} has no service principal in {tenant.domain}")

    async def answer(self, request: Request) -> tuple[Response, str | None]:
        """The response and the tenant it was about."""
        parts = request.url.path.strip("/").split("/")
        root = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if parts == ["common", "discovery", "instance"]:
            return JSONResponse(discovery.instance(request, root)), None
        form = {
            name: values[-1]
            for name, values in parse_qs(
                (await request.body()).decode(errors="replace"), keep_blank_values=True
            ).items()
        }
        place = places.find(request.url.path, request.query_params, root)
        if place is not None:
            return self._b2c.answer(request, place, form)
        await self.issuers.prepare(form.get("client_assertion"))
        try:
            found = self._answered(request, parts, form, root)
        except SignInError as error:
            known = self._store.tenant(parts[0])
            body = error.envelope(self._clock())
            return JSONResponse(body, error.status), None if known is None else known.id
        if found is not None:
            return found
        message = f"The sandbox does not offer {request.method} {request.url.path}."
        return JSONResponse({"error": "not_implemented", "error_description": message}, 501), None

    def _answered(
        self, request: Request, parts: Sequence[str], form: Mapping[str, str], root: str
    ) -> tuple[Response, str | None] | None:
        """The answer of Entra's own endpoints, None for a path that is not offered."""
        match (request.method, *parts):
            case ("GET", name, "v2.0", ".well-known", "openid-configuration") if name in _SHARED:
                return JSONResponse(discovery.configuration(root, name, "{tenantid}")), None
            case ("GET", name, "v2.0", ".well-known", "openid-configuration"):
                tenant = self._tenant(name)
                return JSONResponse(discovery.configuration(root, name, tenant.id)), tenant.id
            case ("GET", name, ".well-known", "openid-configuration"):
                tenant = self._tenant(name)
                return JSONResponse(discovery.first(root, name, tenant.id)), tenant.id
            case ("GET", _, "discovery", "v2.0", "keys") | ("GET", _, "discovery", "keys"):
                return JSONResponse(self._tokens.jwks()), None
            case ("POST", name, "oauth2", *version, "token") if version in ([], ["v2.0"]):
                tenant = self._addressed(name, form)
                body = self._token(tenant, form, root, 2 if version else 1)
                return JSONResponse(body), tenant.id
            case ("GET", "common", "userrealm", name):
                return JSONResponse(discovery.realm(name)), None
            case ("GET" | "POST", name, "oauth2", "v2.0", "authorize"):
                tenant = self._tenant(name)
                sent = {**request.query_params, **({} if "tx" in form else form)}
                grant = self._user_grant(tenant, sent, root, 2)
                with self._store.transaction():
                    return entra_authorize.answer(request, grant, form), tenant.id
        return None

    def _tenant(self, name: str) -> Tenant:
        tenant = self._store.tenant(name)
        if tenant is None:
            raise SignInError(
                400,
                "invalid_request",
                90002,
                f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID "
                "and are signing into the correct cloud.",
            )
        return tenant

    def _addressed(self, name: str, form: Mapping[str, str]) -> Tenant:
        """The tenant of a token request; `organizations` finds it by the user's domain.

        Raises:
            SignInError: 90002, and 9001023 for the password grant at common or consumers.
        """
        if name not in _SHARED:
            return self._tenant(name)
        if name != "organizations":
            raise SignInError(
                400,
                "invalid_request",
                9001023,
                "The grant type is not supported over the /common or /consumers endpoints. Please "
                "use the /organizations or tenant-specific endpoint.",
            )
        return self._tenant(form.get("username", "").rpartition("@")[2])

    def _token(
        self, tenant: Tenant, form: Mapping[str, str], root: str, version: int
    ) -> dict[str, Any]:
        try:
            with self._store.transaction():
                return self._granted(tenant, form, root, version)
        finally:
            self._standing(tenant).settle()

    def _granted(
        self, tenant: Tenant, form: Mapping[str, str], root: str, version: int
    ) -> dict[str, Any]:
        kind = form.get("grant_type")
        if kind == _CLIENT_CREDENTIALS:
            return self._client_credentials(tenant, form, root, version)
        if kind not in ("password", "refresh_token", "authorization_code"):
            raise SignInError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{kind}'.",
            )
        grant = self._user_grant(tenant, form, root, version)
        if self._must_authenticate(grant.application, form):
            entra_clients.authenticate(
                self._standing(tenant), grant.application, form, root, self.issuers
            )
        match kind:
            case "password":
                return grant.password()
            case "refresh_token":
                return grant.refresh()
            case _:
                return grant.code()

    def _must_authenticate(self, application: Record, form: Mapping[str, str]) -> bool:
        """Public clients need no secret; one that is sent is checked all the same.

        Which a client is, a redirect URI says where there is one, else isFallbackPublicClient
        (E:reference-app-manifest.md, allowPublicClient).
        """
        if "client_secret" in form or "client_assertion" in form:
            return True
        platform = clients.kind_of(application, form.get("redirect_uri", ""), any_port=True)
        if platform is not None:
            return platform == "web"
        return not application.body.get("isFallbackPublicClient")

    def _user_grant(
        self, tenant: Tenant, form: Mapping[str, str], root: str, version: int
    ) -> UserGrant:
        if not form.get("client_id"):
            raise entra_resources.missing("client_id")
        application = entra_clients.application(self._standing(tenant), form["client_id"])
        entra_clients.principal(self._standing(tenant), application.body["appId"])
        standing = self._standing(tenant)
        return UserGrant(standing, self._tokens, application, form, root, version)

    def _standing(self, tenant: Tenant) -> Standing:
        return Standing(self._store, tenant, self._options, self._clock())

    def _client_credentials(
        self, tenant: Tenant, form: Mapping[str, str], root: str, version: int
    ) -> dict[str, Any]:
        if version == 1 and "resource" in form:
            form = {**form, "scope": form["resource"] + "/.default"}
        app_id = form.get("client_id", "")
        application = entra_clients.application(self._standing(tenant), app_id)
        entra_clients.authenticate(self._standing(tenant), application, form, root, self.issuers)
        principal = entra_clients.principal(self._standing(tenant), app_id)
        audience, resource = self._resource(tenant, form.get("scope", ""))
        token = self._tokens.access_token(
            tenant=tenant,
            audience=audience,
            app_id=application.body["appId"],
            object_id=principal.id,
            roles=self._roles(tenant, principal, resource),
            scopes=None,
            now=self._clock(),
            lifetime=_LIFETIME,
        )
        return {
            "token_type": "Bearer",
            "expires_in": _LIFETIME,
            "ext_expires_in": _LIFETIME,
            "access_token": token,
        }

    def _resource(self, tenant: Tenant, scope: str) -> tuple[str, Record]:
        name = scope.removesuffix("/.default")
        if name == scope:
            raise SignInError(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier "
                "(application ID URI).",
            )
        graph = name.rstrip("/") in AUDIENCES
        wanted = GRAPH_APP_ID if graph else name
        for record in self._store.find(
            tenant.id, "servicePrincipals", "servicePrincipalNames", wanted
        ):
            if record.state == LIVE:
                return name.rstrip("/") if graph else record.body["appId"], record
        raise SignInError(
            400,
            "invalid_resource",
            500011,
            f"The resource principal named {name} was not found in the tenant named "
            f"{tenant.domain}.",
        )

    def _roles(self, tenant: Tenant, principal: Record, resource: Record) -> list[str]:
        values = {role["id"]: role["value"] for role in resource.body["appRoles"]}
        if principal.body["appId"] == seeds.automation_app_id(tenant):
            # As `Sandbox.issue_token` has it: the built-in client may do everything.
            return [*values.values()]
        assigned = self._store.find(tenant.id, "appRoleAssignments", "principalId", principal.id)
        return [
            values[each.body["appRoleId"]]
            for each in assigned
            if each.state == LIVE
            and each.body["resourceId"] == resource.id
            and each.body["appRoleId"] in values
        ]
