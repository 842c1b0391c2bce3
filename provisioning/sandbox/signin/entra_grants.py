"""The grants of Entra's token endpoints that stand for a user; must not answer requests.

Sources: E:v2-oauth-ropc.md, E:v2-oauth2-auth-code-flow.md, E:reference-error-codes.md,
E:access-token-claims-reference.md, E:id-token-claims-reference.md; the first endpoint: the v1
documents that preceded them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox import accounts
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.signin import (
    entra_resources,
    entra_tokens,
    local_accounts,
    pkce,
    stored_grants,
)
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import Tokens

Json = dict[str, Any]
_LIFETIME = 3599
_REFRESH_LIFETIME = 7776000
_REFUSALS = {
    50034: "The user account {EUII Hidden} does not exist in the directory. To sign into this "
    "application, the account must be added to the directory.",
    50053: "The account is locked, you've tried to sign in too many times with an incorrect user "
    "ID or password.",
    50055: "The password is expired.",
    50057: "The user account is disabled.",
    50126: "Error validating credentials due to invalid username or password.",
}


@dataclass(frozen=True, slots=True)
class UserGrant:
    """One request for a user's tokens.

    Attributes:
        standing: the tenant's objects in effect.
        tokens: the sandbox's own key.
        application: the client, authenticated where it must be.
        form: the form.
        root: scheme and host.
        version: 1 or 2, of the endpoint.
    """

    standing: Standing
    tokens: Tokens
    application: Record
    form: Mapping[str, str]
    root: str
    version: int

    def password(self) -> Json:
        """grant_type=password (E:v2-oauth-ropc.md)."""
        entra_resources.asked(self.standing, self.application, self.version, self.form)
        user = self._checked(self.form.get("username"), self.form.get("password"))
        self._check_assignment(user)
        return self._respond(user, self.form)

    def refresh(self) -> Json:
        """grant_type=refresh_token.

        Raises:
            SignInError: 900144, 9002313, 70008, 50173, 700082-like refusals of the token.
        """
        grant = self._stored("refresh_token", "refresh")
        user = accounts.by_id(self.standing.store, self.standing.tenant, grant["objectid"])
        if user is None or accounts.state(user.body) == "disabled":
            raise refused(50057 if user else 50034)
        revoked = user.body.get("signInSessionsValidFromDateTime") or ""
        if grant["issued_at"][:19] < revoked[:19]:
            raise SignInError(
                400,
                "invalid_grant",
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is "
                "needed.",
            )
        return self._respond(user, {**grant["asked"], **entra_resources.scope_of(self.form)})

    def code(self) -> Json:
        """grant_type=authorization_code.

        Raises:
            SignInError: 54005 redeemed, 500112 redirect, 50148 and 501481 proof key.
        """
        grant = self._stored("code", "code")
        if grant["redeemed"]:
            raise SignInError(
                400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed."
            )
        if self.form.get("redirect_uri") != grant["redirect_uri"]:
            raise SignInError(
                400,
                "invalid_client",
                500112,
                "The reply address does not match the reply address provided when requesting "
                "Authorization code.",
            )
        verifier = self.form.get("code_verifier", "")
        if grant["challenge"] and not verifier:
            raise entra_resources.missing("code_verifier")
        if grant["challenge"] and not pkce.matches(verifier, grant["challenge"], grant["method"]):
            raise SignInError(
                400,
                "invalid_grant",
                501481,
                "The Code_Verifier does not match the code_challenge supplied in the "
                "authorization request.",
            )
        tenant = self.standing.tenant
        stored_grants.change(self.standing.store, tenant.id, self.form["code"], redeemed=True)
        user = accounts.by_id(self.standing.store, tenant, grant["objectid"])
        if user is None:
            raise refused(50034)
        sent = {**grant["asked"], **entra_resources.scope_of(self.form)}
        return self._respond(user, sent, grant["nonce"])

    def issue_code(self, user: Record) -> str:
        """An authorization code for a user who has signed in."""
        self._check_assignment(user)
        seconds = int(self.standing.now.timestamp())
        body: Json = {
            "kind": "code",
            "client_id": self.application.body["appId"],
            "objectid": user.id,
            "asked": {k: self.form[k] for k in ("scope", "resource") if k in self.form},
            "redirect_uri": self.form["redirect_uri"],
            "challenge": self.form.get("code_challenge"),
            "method": self.form.get("code_challenge_method", "plain"),
            "nonce": self.form.get("nonce"),
            "expires": seconds + 600,
            "redeemed": False,
        }
        return stored_grants.keep(
            self.standing.store, self.standing.tenant.id, self.tokens.key_id, body
        )

    def _checked(self, name: str | None, password: str | None) -> Record:
        for parameter, value in (("username", name), ("password", password)):
            if not value:
                raise entra_resources.missing(parameter)
        standing = self.standing
        store, tenant = standing.store, standing.tenant
        user = accounts.by_principal_name(store, tenant, name or "")
        user = user or accounts.by_sign_in_name(store, tenant, name or "")
        return checked(standing, user, password or "")

    def _check_assignment(self, user: Record) -> None:
        """AppRoleAssignmentRequired of the client (50105)."""
        app_id = self.application.body["appId"]
        principal = self.standing.first("servicePrincipals", "appId", app_id)
        if principal is None or not principal.body["appRoleAssignmentRequired"]:
            return
        assigned = self.standing.find("appRoleAssignments", "principalId", user.id)
        if not any(each.body["resourceId"] == principal.id for each in assigned):
            raise SignInError(
                400,
                "invalid_grant",
                50105,
                "Your administrator has configured the application "
                f"{principal.body['displayName']} ('{app_id}') to block users unless they are "
                "specifically granted ('assigned') access to the application.",
            )

    def _stored(self, name: str, kind: str) -> Json:
        token = self.form.get(name)
        if not token:
            raise entra_resources.missing(name)
        tenant = self.standing.tenant
        grant = stored_grants.find(self.standing.store, tenant.id, token)
        if grant is None or grant["kind"] != kind or "asked" not in grant:
            raise SignInError(
                400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."
            )
        if grant["client_id"] != self.application.body["appId"]:
            raise SignInError(
                400,
                "invalid_grant",
                700005,
                "The provided authorization code or refresh token has been issued to a different "
                "client id.",
            )
        if grant["expires"] <= self.standing.now.timestamp():
            raise SignInError(
                400,
                "invalid_grant",
                70008,
                "The provided authorization code or refresh token has expired due to inactivity. "
                "Send a new interactive authorization request for this user and resource.",
            )
        return grant

    def _respond(self, user: Record, asked: Mapping[str, str], nonce: str | None = None) -> Json:
        resource, protocol = entra_resources.asked(
            self.standing, self.application, self.version, asked
        )
        body: Json = {
            "token_type": "Bearer",
            "scope": " ".join([*(resource.prefix + each for each in resource.scopes), *protocol]),
            "expires_in": _LIFETIME,
            "ext_expires_in": _LIFETIME,
            "access_token": entra_tokens.access_token(self._maker(user), resource),
        }
        if "offline_access" in protocol:
            body["refresh_token"] = self._refresh_token(user, asked)
        if "openid" in protocol:
            body["id_token"] = entra_tokens.id_token(
                self._maker(user), nonce, modern=self.version == 2
            )
        if self.version == 1:
            now = int(self.standing.now.timestamp())
            body |= {
                "scope": " ".join(resource.scopes),
                "expires_in": str(_LIFETIME),
                "ext_expires_in": str(_LIFETIME),
                "expires_on": str(now + _LIFETIME),
                "not_before": str(now),
                "resource": resource.audience,
            }
        return body

    def _maker(self, user: Record) -> entra_tokens.Maker:
        return entra_tokens.Maker(
            self.standing, self.tokens, self.application.body["appId"], user, self.root
        )

    def _refresh_token(self, user: Record, asked: Mapping[str, str]) -> str:
        now = self.standing.now
        body: Json = {
            "kind": "refresh",
            "client_id": self.application.body["appId"],
            "objectid": user.id,
            "asked": {k: asked[k] for k in ("scope", "resource") if k in asked},
            "issued_at": now.isoformat(),
            "expires": int(now.timestamp()) + _REFRESH_LIFETIME,
        }
        return stored_grants.keep(
            self.standing.store, self.standing.tenant.id, self.tokens.key_id, body
        )


def checked(standing: Standing, user: Record | None, password: str) -> Record:
    """The user, if this is the password and the account may sign in.

    Raises:
        SignInError: 50034, 50053, 50126, 50057, 50055.
    """
    try:
        return local_accounts.check(standing, user, password)
    except local_accounts.RefusedError as error:
        raise refused(error.number) from error


def refused(number: int) -> SignInError:
    """A refusal of a user, invalid_grant."""
    return SignInError(400, "invalid_grant", number, _REFUSALS[number])
