"""The B2C authorize endpoint: pages, codes, redirects; must not run policies itself.

Source: P authorization-code-flow.md, P implicit-flow-single-page-application.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from provisioning.sandbox.signin import clients, issuance, pages, pkce, signing_keys, stored_grants
from provisioning.sandbox.signin.attempt import Attempt, Outcome, Page
from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.b2c_token import Policy
from provisioning.sandbox.signin.clients import Scopes
from provisioning.sandbox.signin.issuance import Issue
from provisioning.sandbox.signin.journey import Answers
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import Tokens

_TYPES = {"code", "id_token", "token"}
_MODES = ("query", "fragment", "form_post")
_CODE_LIFETIME = 600
_MOST_OPEN = 256


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """A request at one policy's authorize endpoint; `action` is where its forms go."""

    policy: Policy
    attempt: Attempt
    tokens: Tokens
    action: str

    @property
    def query(self) -> Mapping[str, str]:
        """Its parameters."""
        return self.attempt.parameters

    def client(self) -> Record:
        """The application, once its redirect URI is known to be its own.

        Raises:
            B2CError: 90008, 90018, 90092, 90007, 90006. These come as a page: there is nowhere
                to redirect to.
        """
        application = clients.registered(self.attempt.standing, self.query.get("client_id"))
        body, target = application.body, self.query.get("redirect_uri", "")
        if not any(body[kind]["redirectUris"] for kind in ("web", "spa", "publicClient")):
            raise B2CError("90007", body["appId"])
        if clients.kind_of(application, target) is None:
            raise B2CError("90006", target, body["appId"])
        return application

    def check(self, application: Record) -> Scopes:
        """The scopes, once everything else is fine.

        Raises:
            B2CError: 90068 (azure-docs#57651), 90013, 90014, 90057, 90010 and what `clients.scopes`
                raises, 90110, 90055, 90115, 90184, 99059, 90077.
        """
        standing, query = self.attempt.standing, self.query
        if not clients.is_own_audience(standing, application):
            raise B2CError("90068", application.body["appId"])
        types = self.types
        if not types or not types <= _TYPES:
            raise B2CError("90013", query.get("response_type", ""))
        if query.get("response_mode", "query") not in _MODES:
            raise B2CError("90014", query["response_mode"])
        implicit = application.body["web"]["implicitGrantSettings"]
        for kind, switch in (
            ("token", "enableAccessTokenIssuance"),
            ("id_token", "enableIdTokenIssuance"),
        ):
            if kind in types and not implicit.get(switch):
                raise B2CError("90057")
        scopes = clients.scopes(standing, application, query.get("scope"))
        if "id_token" in types and not scopes.openid:
            raise B2CError("90110")
        if "token" in types and scopes.resource is None:
            raise B2CError("90055", scopes.text)
        if "code" in types and scopes.resource is None and not scopes.openid:
            raise B2CError("90115")
        self._check_proof_key(application)
        if query.get("prompt") == "none":
            raise B2CError("90077", "None")
        return scopes

    @property
    def types(self) -> set[str]:
        """The parts of response_type."""
        return set(self.query.get("response_type", "").split())

    def granted(self, application: Record, scopes: Scopes, outcome: Outcome) -> dict[str, str]:
        """The parameters of a successful redirect."""
        given: dict[str, str] = {}
        if "code" in self.types:
            given["code"] = self._code(application, scopes, outcome)
        if self.types - {"code"}:
            issue = Issue(
                client_id=application.body["appId"],
                scopes=Scopes(scopes.text, scopes.openid, False, scopes.resource, scopes.granted),
                auth_time=self.attempt.seconds,
                nonce=self.query.get("nonce"),
                full=False,
                access="token" in self.types,
                identity="id_token" in self.types,
            )
            body = issuance.respond(self.attempt, self.tokens, outcome, issue)
            given |= {name: str(value) for name, value in body.items()}
        return given

    def redirect(self, parameters: Mapping[str, str]) -> Response:
        """Back to the application, with its state."""
        target = self.query["redirect_uri"]
        state = {"state": self.query["state"]} if "state" in self.query else {}
        sent = {**parameters, **state}
        usual = "query" if self.types <= {"code"} else "fragment"
        match self.query.get("response_mode", usual):
            case "form_post":
                return pages.posted(target, sent)
            case "fragment":
                return RedirectResponse(f"{target}#{urlencode(sent)}", 302)
            case _:
                mark = "&" if "?" in target else "?"
                return RedirectResponse(f"{target}{mark}{urlencode(sent)}", 302)

    def _check_proof_key(self, application: Record) -> None:
        challenge = self.query.get("code_challenge")
        kind = clients.kind_of(application, self.query["redirect_uri"])
        if kind == "spa" and "code" in self.types and not challenge:
            raise B2CError("99059")
        if challenge and self.query.get("code_challenge_method", "plain") not in pkce.METHODS:
            raise B2CError("90184")

    def _code(self, application: Record, scopes: Scopes, outcome: Outcome) -> str:
        attempt = self.attempt
        body: dict[str, Any] = {
            "kind": "code",
            "client_id": application.body["appId"],
            "policy": attempt.policy_id.casefold(),
            "scope": scopes.text,
            "redirect_uri": self.query["redirect_uri"],
            "nonce": self.query.get("nonce"),
            "challenge": self.query.get("code_challenge") or None,
            "method": self.query.get("code_challenge_method", "plain"),
            "objectid": outcome.object_id,
            "token_claims": dict(outcome.token_claims),
            "claims": {n: v for n, v in outcome.claims.items() if "password" not in n},
            "issued": attempt.seconds,
            "expires": attempt.seconds + _CODE_LIFETIME,
            "auth_time": attempt.seconds,
            "redeemed": False,
        }
        key_set = outcome.settings.encryption_key_set
        kid = signing_keys.encryption_key_id(attempt.standing, key_set)
        return stored_grants.keep(attempt.store, attempt.tenant.id, kid, body)


@dataclass(slots=True)
class _Open:
    """A journey that waits for the user."""

    request: AuthorizeRequest
    application: Record
    scopes: Scopes
    steps: Generator[Page, Answers, Outcome]


class Transactions:
    """Journeys that wait; kept in memory, the oldest forgotten first."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def resumed(
        self, name: str, form: Mapping[str, str], clock: Callable[[], datetime]
    ) -> Response:
        """Hand what the user typed to the journey."""
        waiting = self._open.pop(name, None)
        if waiting is None:
            text = "We are having trouble loading your current state. Start again."
            return pages.message("Session expired", text, 400)
        if "cancel" in form:
            return waiting.request.redirect(B2CError("90091").parameters(clock()))
        return self._advanced(waiting, lambda: waiting.steps.send(form), clock)

    def started(self, waiting: _Open, clock: Callable[[], datetime]) -> Response:
        """Run a journey to its first page, or to its end."""
        return self._advanced(waiting, lambda: next(waiting.steps), clock)

    def _advanced(
        self, waiting: _Open, advance: Callable[[], Page], clock: Callable[[], datetime]
    ) -> Response:
        request = waiting.request
        try:
            page = advance()
        except StopIteration as end:
            given = request.granted(waiting.application, waiting.scopes, end.value)
            return request.redirect(given)
        except B2CError as error:
            return request.redirect(error.parameters(clock()))
        name = secrets.token_urlsafe(24)
        self._open[name] = waiting
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        return pages.form(page, request.action, {"tx": name})


def begun(
    transactions: Transactions, request: AuthorizeRequest, clock: Callable[[], datetime]
) -> Response:
    """Check a request and start its journey; refusals go where they may."""
    try:
        application = request.client()
    except B2CError as error:
        return pages.message("Sorry, but we're having trouble signing you in.", str(error), 400)
    try:
        scopes = request.check(application)
        waiting = _Open(request, application, scopes, request.policy.sign_in(request.attempt))
        return transactions.started(waiting, clock)
    except B2CError as error:
        return request.redirect(error.parameters(clock()))
