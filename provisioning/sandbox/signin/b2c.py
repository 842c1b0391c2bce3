"""The front door of B2C's endpoints: places, policies, envelopes; must not check requests itself.

Sources: P openid-connect.md for discovery (what its documents hold: itk-dev's fixture), PERR for
errors; headers: azure-docs#23780.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from provisioning.sandbox.options import Options
from provisioning.sandbox.signin import (
    b2c_authorize,
    custom_policy,
    pages,
    signing_keys,
    user_flow_policy,
)
from provisioning.sandbox.signin.attempt import Attempt
from provisioning.sandbox.signin.b2c_authorize import AuthorizeRequest, Transactions
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError, UnknownPlaceError
from provisioning.sandbox.signin.b2c_token import Policy, TokenRequest
from provisioning.sandbox.signin.journey import PageNeededError
from provisioning.sandbox.signin.places import Place
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Store, Tenant
from provisioning.sandbox.tokens import Tokens

_PROTOCOL_CLAIMS = ["iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"]


class B2C:
    """Answers what lies under a policy."""

    def __init__(
        self, store: Store, tokens: Tokens, options: Options, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._options = options
        self._clock = clock
        self._transactions = Transactions()

    def answer(
        self, request: Request, place: Place, form: Mapping[str, str]
    ) -> tuple[Response, str | None]:
        """The response and the tenant it was about."""
        tenant: Tenant | None = None
        try:
            tenant = self._tenant(place)
            with self._store.transaction():
                response = self._answered(request, place, tenant, form)
        except UnknownPlaceError:
            text = "The resource you are looking for has been removed or had its name changed."
            response = pages.message("404 - File or directory not found.", text, 404)
        except B2CError as error:
            response = JSONResponse(error.parameters(self._clock()), 400)
        except PageNeededError as needed:
            response = pages.form(needed.page, request.url.path, {})
        except NotOfferedError as what:
            text = f"The sandbox does not interpret {what}."
            body = {"error": "not_implemented", "error_description": text}
            response = JSONResponse(body, 501)
        if tenant is not None and place.operation == "token":
            # After the request's own transaction, which a refusal has undone.
            Standing(self._store, tenant, self._options, self._clock()).settle()
        response.headers.setdefault("Cache-Control", "private")
        response.headers["x-ms-gateway-requestid"] = str(uuid.uuid4())
        return response, None if tenant is None else tenant.id

    def _tenant(self, place: Place) -> Tenant:
        tenant = self._store.tenant(place.tenant)
        refused = place.is_login_host and self._options.legacy_login_host == "refuse"
        if tenant is None or tenant.kind != "b2c" or refused:
            raise UnknownPlaceError
        if not place.policy or not place.belongs_to(tenant.domain):
            raise UnknownPlaceError
        return tenant

    def _answered(
        self, request: Request, place: Place, tenant: Tenant, form: Mapping[str, str]
    ) -> Response:
        standing = Standing(self._store, tenant, self._options, self._clock())
        policy = _policy(standing, place.policy)
        match request.method, place.operation:
            case "POST", "token":
                return self._token(request, place, standing, policy, form)
            case "GET" | "POST", "authorize":
                return self._authorize(request, place, standing, policy, form)
            case "GET", "configuration":
                return JSONResponse(_configuration(place, policy, standing))
            case "GET", "keys":
                key_set = policy.settings(standing, place.root).key_set
                return JSONResponse(signing_keys.jwks(standing, self._tokens, key_set))
            case "GET", "logout":
                target = request.query_params.get("post_logout_redirect_uri")
                if target:
                    return RedirectResponse(target, 302)
                return pages.message("Signed out", "You have signed out.", 200)
            case _:
                raise NotOfferedError(f"{request.method} of {place.operation}")

    def _token(
        self,
        request: Request,
        place: Place,
        standing: Standing,
        policy: Policy,
        form: Mapping[str, str],
    ) -> Response:
        sent = _basic(request) | dict(form)
        attempt = Attempt(standing=standing, root=place.root, policy_id=policy.id, parameters=sent)
        try:
            return JSONResponse(
                TokenRequest(policy, attempt, self._tokens).answer(),
                headers={"Cache-Control": "private, no-store, no-cache"},
                media_type="application/json; charset=utf-8",
            )
        except B2CError as error:
            return JSONResponse(error.parameters(self._clock()), 400)

    def _authorize(
        self,
        request: Request,
        place: Place,
        standing: Standing,
        policy: Policy,
        form: Mapping[str, str],
    ) -> Response:
        query = {name: value for name, value in request.query_params.items() if name != "p"}
        transaction = form.get("tx")
        if request.method == "POST" and transaction is not None:
            return self._transactions.resumed(transaction, form, self._clock)
        attempt = Attempt(
            standing=standing,
            root=place.root,
            policy_id=policy.id,
            parameters=query | dict(form),
            interactive=True,
        )
        action = place.url("oauth2/v2.0/authorize")
        asked = AuthorizeRequest(policy, attempt, self._tokens, action)
        return b2c_authorize.begun(self._transactions, asked, self._clock)


def _policy(standing: Standing, name: str) -> Policy:
    found = custom_policy.load(standing, name) or user_flow_policy.load(standing, name)
    if found is None:
        raise UnknownPlaceError
    return found


def _configuration(place: Place, policy: Policy, standing: Standing) -> dict[str, Any]:
    names = [each for each in policy.claim_names if each not in _PROTOCOL_CLAIMS]
    return {
        "issuer": policy.settings(standing, place.root).issuer,
        "authorization_endpoint": place.url("oauth2/v2.0/authorize"),
        "token_endpoint": place.url("oauth2/v2.0/token"),
        "end_session_endpoint": place.url("oauth2/v2.0/logout"),
        "jwks_uri": place.url("discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": [
            "code",
            "code id_token",
            "code token",
            "code id_token token",
            "id_token",
            "id_token token",
            "token",
            "token id_token",
        ],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [*names, *_PROTOCOL_CLAIMS],
    }


def _basic(request: Request) -> dict[str, str]:
    """Client id and secret in the header (RFC 6749, 2.3.1)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}
