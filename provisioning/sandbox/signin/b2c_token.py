"""The B2C token endpoint, all four grants; must not show pages.

Sources: P add-ropc-policy.md, P authorization-code-flow.md, P access-tokens.md,
P client-credentials-grant-flow.md; errors: PERR.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from provisioning.sandbox.signin import (
    b2c_clients,
    clients,
    issuance,
    pkce,
    signing_keys,
    stored_grants,
)
from provisioning.sandbox.signin.attempt import Attempt, Outcome, Page, TokenSettings
from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.issuance import Issue
from provisioning.sandbox.signin.journey import Answers, PageNeededError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import Tokens

Json = dict[str, Any]
_GRANTS = ("password", "refresh_token", "authorization_code", "client_credentials")


class Policy(Protocol):
    """What custom policies and user flows have in common."""

    @property
    def id(self) -> str:
        """As it was written."""

    @property
    def claim_names(self) -> list[str]:
        """Claims of its tokens beside the protocol's own."""

    def sign_in(self, attempt: Attempt) -> Generator[Page, Answers, Outcome]:
        """Run what signs a user in."""

    def redeem(self, attempt: Attempt) -> Generator[Page, Answers, Outcome]:
        """Run what redeems a refresh token."""

    def as_client(self, attempt: Attempt, subject: str) -> Outcome:
        """Return what an application gets that signs in as itself."""

    def settings(self, standing: Standing, root: str) -> TokenSettings:
        """How its tokens are made."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at one policy's token endpoint."""

    policy: Policy
    attempt: Attempt
    tokens: Tokens

    @property
    def form(self) -> Mapping[str, str]:
        """The form."""
        return self.attempt.parameters

    def answer(self) -> Json:
        """The token response.

        Raises:
            B2CError: every refusal.
            PageNeededError: the policy wants to show a page.
            NotOfferedError: the policy has something that the sandbox does not interpret.
        """
        grant = self.form.get("grant_type")
        if not grant:
            raise B2CError("90083", "grant_type")
        if grant not in _GRANTS:
            raise B2CError("90086", grant)
        standing = self.attempt.standing
        application = clients.registered(standing, self.form.get("client_id"))
        if "client_assertion" in self.form:
            # P client-credentials-grant-flow.md: no assertions, so no federated credentials.
            raise B2CError("99027", self.policy.id)
        if grant == "password":
            return self._password(application)
        if not clients.is_own_audience(standing, application):
            raise B2CError("90085")
        if grant == "client_credentials":
            return self._as_itself(application)
        if grant == "refresh_token":
            return self._refresh(application)
        return self._code(application)

    def _password(self, application: Record) -> Json:
        attempt = self.attempt
        clients.check_password_grant(attempt.standing, application)
        scopes = clients.scopes(attempt.standing, application, self.form.get("scope"))
        wanted = self.form.get("response_type", "").split()
        if "id_token" in wanted and not scopes.openid:
            raise B2CError("90110")
        if "token" in wanted and scopes.resource is None:
            raise B2CError("90055", scopes.text)
        outcome = finished(self.policy.sign_in(attempt))
        issue = Issue(
            client_id=application.body["appId"],
            scopes=scopes,
            auth_time=attempt.seconds,
            full=False,
            access=not wanted or "token" in wanted,
            # Who leaves response_type out gets no ID token (msal-js#3883, msal-dotnet#1034).
            identity="id_token" in wanted,
        )
        return issuance.respond(attempt, self.tokens, outcome, issue)

    def _refresh(self, application: Record) -> Json:
        attempt = self.attempt
        grant = self._grant("refresh_token", application)
        settings = self.policy.settings(attempt.standing, attempt.root)
        kid = stored_grants.key_id(self.form["refresh_token"]) or ""
        if not signing_keys.has_key(attempt.standing, settings.encryption_key_set, kid):
            raise B2CError(
                "90090", f"The key with kid '{kid}' that the provided JWE names cannot be found."
            )
        text = self.form.get("scope") or grant["scope"]
        scopes = clients.scopes(attempt.standing, application, text)
        outcome = finished(self.policy.redeem(dataclasses.replace(attempt, grant=grant)))
        issue = Issue(
            client_id=application.body["appId"],
            scopes=scopes,
            auth_time=grant["auth_time"],
            sliding_end=grant["sliding_end"],
        )
        return issuance.respond(attempt, self.tokens, outcome, issue)

    def _code(self, application: Record) -> Json:
        attempt = self.attempt
        grant = self._grant("code", application)
        self._check_code(application, grant)
        stored_grants.change(attempt.store, attempt.tenant.id, self.form["code"], redeemed=True)
        text = self.form.get("scope") or grant["scope"]
        outcome = Outcome(
            grant["objectid"],
            grant["token_claims"],
            grant["claims"],
            self.policy.settings(attempt.standing, attempt.root),
        )
        issue = Issue(
            client_id=application.body["appId"],
            scopes=clients.scopes(attempt.standing, application, text),
            auth_time=grant["auth_time"],
            nonce=grant["nonce"],
        )
        return issuance.respond(attempt, self.tokens, outcome, issue)

    def _as_itself(self, application: Record) -> Json:
        """The subject is the service principal; nobody signs in, so no journey runs."""
        attempt = self.attempt
        clients.check_secret(attempt.standing, application, self.form)
        principal = b2c_clients.principal(attempt.standing, application)
        issue = Issue(
            client_id=application.body["appId"],
            scopes=b2c_clients.scopes(attempt.standing, principal, self.form.get("scope")),
            auth_time=attempt.seconds,
            user=False,
        )
        outcome = self.policy.as_client(attempt, principal.id)
        return issuance.respond(attempt, self.tokens, outcome, issue)

    def _check_code(self, application: Record, grant: Json) -> None:
        """Redirect URI, secret and proof key; numbers for the redirect URI are unverified."""
        redirect_uri = self.form.get("redirect_uri", "")
        if redirect_uri != grant["redirect_uri"]:
            raise B2CError("90088", redirect_uri, grant["redirect_uri"])
        if grant["redeemed"]:
            raise B2CError("90129")
        if clients.kind_of(application, redirect_uri) == "web":
            clients.check_secret(self.attempt.standing, application, self.form)
        elif self.form.get("client_secret"):
            raise B2CError("90084")
        if grant["challenge"] is None:
            return
        verifier = self.form.get("code_verifier", "")
        if not pkce.is_verifier(verifier):
            raise B2CError("90183")
        if not pkce.matches(verifier, grant["challenge"], grant["method"]):
            raise B2CError("90182")

    def _grant(self, name: str, application: Record) -> Json:
        """What a refresh token or code stands for, if it is this client's at this policy.

        Raises:
            B2CError: 90083, 90090, 90279, 90088, 90080. The text behind 90090 is unverified.
        """
        token = self.form.get(name)
        if not token:
            raise B2CError("90083", name)
        if stored_grants.key_id(token) is None:
            raise B2CError("90090", "The provided JWE is not a valid 5 segment token.")
        attempt = self.attempt
        grant = stored_grants.find(attempt.store, attempt.tenant.id, token)
        kind = "code" if name == "code" else "refresh"
        if grant is None or grant["kind"] != kind:
            raise B2CError("90090", "The provided JWE could not be decrypted.")
        client = application.body["appId"]
        if grant["client_id"] != client:
            raise B2CError("90279", client)
        policy = attempt.policy_id
        if grant["policy"] != policy.casefold():
            raise B2CError("90088", grant["policy"].upper(), policy.upper())
        if grant["expires"] <= attempt.seconds:
            issued, ends = (_stamp(grant[each]) for each in ("issued", "expires"))
            raise B2CError("90080", _stamp(attempt.seconds), issued, ends)
        return grant


def finished(steps: Generator[Page, Answers, Outcome]) -> Outcome:
    """The outcome of a journey that shows no page.

    Raises:
        PageNeededError: it does.
    """
    try:
        page = next(steps)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    raise PageNeededError(page)


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%Y %I:%M:%S %p")
