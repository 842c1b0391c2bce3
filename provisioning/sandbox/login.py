"""The login hosts: discovery, keys and app-only tokens; must not know Graph's operations.

Sources: E:v2-oauth2-client-creds-grant-flow.md, E:reference-error-codes.md, E:v2-protocols-oidc.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from provisioning.sandbox import client_assertions, discovery, side
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.store import Record, Store, Tenant
from provisioning.sandbox.tokens import AUDIENCES, GRAPH_APP_ID, Tokens

_CLIENT_CREDENTIALS = "client_credentials"
_LIFETIME = 3599


class Login:
    """Answers what lies on the login hosts."""

    def __init__(self, store: Store, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._issuers: dict[str, Mapping[str, Any]] = {}

    def trust_issuer(self, issuer: str, jwks: Mapping[str, Any]) -> None:
        """Register an outside issuer's keys."""
        self._issuers[issuer] = jwks

    async def answer(self, request: Request) -> tuple[Response, str | None]:
        """The response and the tenant it was about."""
        parts = request.url.path.strip("/").split("/")
        root = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if parts == ["common", "discovery", "instance"]:
            return JSONResponse(discovery.instance(request, root)), None
        form = {
            name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()
        }
        tenant: Tenant | None = None
        try:
            match (request.method, *parts):
                case ("GET", name, "v2.0", ".well-known", "openid-configuration") if (
                    name == "common"
                ):
                    return JSONResponse(discovery.configuration(root, "common", "{tenantid}")), None
                case ("GET", name, "v2.0", ".well-known", "openid-configuration"):
                    tenant = self._tenant(name)
                    return JSONResponse(discovery.configuration(root, name, tenant.id)), tenant.id
                case ("GET", _, "discovery", "v2.0", "keys"):
                    return JSONResponse(self._tokens.jwks()), None
                case ("POST", name, "oauth2", "v2.0", "token"):
                    tenant = self._tenant(name)
                    return JSONResponse(self._token(tenant, form, root)), tenant.id
        except SignInError as error:
            body = error.envelope(self._clock())
            return JSONResponse(body, error.status), tenant.id if tenant else None
        message = f"The sandbox does not offer {request.method} {request.url.path}."
        return JSONResponse({"error": "not_implemented", "error_description": message}, 501), None

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

    def _token(self, tenant: Tenant, form: Mapping[str, str], root: str) -> dict[str, Any]:
        if form.get("grant_type") != _CLIENT_CREDENTIALS:
            raise SignInError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
            )
        app_id = form.get("client_id", "")
        application = self._application(tenant, app_id)
        self._authenticate(tenant, application, form, root)
        principal = self._principal(tenant, app_id)
        audience, resource = self._resource(tenant, form.get("scope", ""))
        token = self._tokens.access_token(
            tenant=tenant,
            audience=audience,
            app_id=application.body["appId"],
            object_id=principal.id,
            roles=self._roles(tenant, principal.id, resource),
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

    def _application(self, tenant: Tenant, app_id: str) -> Record:
        for record in self._store.find(tenant.id, "applications", "appId", app_id):
            if record.state == LIVE:
                return record
        raise SignInError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{app_id}' was not found in the directory "
            f"'{tenant.domain}'. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant.",
        )

    def _principal(self, tenant: Tenant, app_id: str) -> Record:
        for record in self._store.find(tenant.id, "servicePrincipals", "appId", app_id):
            if record.state == LIVE and record.body["accountEnabled"] is False:
                raise SignInError(
                    400,
                    "unauthorized_client",
                    7000112,
                    f"Application '{app_id}'({record.body['displayName']}) is disabled.",
                )
            if record.state == LIVE:
                return record
        raise SignInError(
            400,
            "unauthorized_client",
            7000229,
            f"The client application {app_id} is missing service principal in the tenant "
            f"{tenant.id}.",
        )

    def _authenticate(
        self, tenant: Tenant, application: Record, form: Mapping[str, str], root: str
    ) -> None:
        if "client_assertion" in form:
            client_assertions.check(
                self._store,
                tenant,
                application,
                assertion=form["client_assertion"],
                audience_root=root,
                issuers=self._issuers,
                now=self._clock(),
            )
        elif "client_secret" in form:
            self._check_secret(tenant, application, form["client_secret"])
        else:
            raise SignInError(
                401,
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'.",
            )

    def _check_secret(self, tenant: Tenant, application: Record, secret: str) -> None:
        app_id = application.body["appId"]
        for credential in application.body["passwordCredentials"]:
            if not side.is_secret(self._store, tenant.id, credential["keyId"], secret):
                continue
            if datetime.fromisoformat(credential["endDateTime"]) <= self._clock():
                raise SignInError(
                    401,
                    "invalid_client",
                    7000222,
                    f"The provided client secret keys for app '{app_id}' are expired. Visit the "
                    "Azure portal to create new keys for your app.",
                )
            return
        raise SignInError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID, for a secret added to app "
            f"'{app_id}'.",
        )

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

    def _roles(self, tenant: Tenant, principal: str, resource: Record) -> list[str]:
        values = {role["id"]: role["value"] for role in resource.body["appRoles"]}
        assigned = self._store.find(tenant.id, "appRoleAssignments", "principalId", principal)
        return [
            values[each.body["appRoleId"]]
            for each in assigned
            if each.state == LIVE
            and each.body["resourceId"] == resource.id
            and each.body["appRoleId"] in values
        ]
