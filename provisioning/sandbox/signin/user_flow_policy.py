"""A user flow as an endpoint sees it: Microsoft's own journey; must not sign tokens.

Sources: P user-flow-overview.md, P add-ropc-policy.md; names of claims: P
user-profile-attributes.md and tokens-overview.md. Which claims come out is what
`Sandbox.portal_set_claims` has set.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox import accounts, user_flows
from provisioning.sandbox.signin import local_accounts
from provisioning.sandbox.signin.attempt import Attempt, Field, Outcome, Page, TokenSettings
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.signin.journey import Answers
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record

_SIGN_IN = {"signIn", "signUpOrSignIn"}
_PAGE = Page(
    "Sign in", (Field("signInName", "Email Address"), Field("password", "Password", secret=True))
)
_CLAIMS = {
    "city": ("city", "city"),
    "country/region": ("country", "country"),
    "display name": ("name", "displayName"),
    "given name": ("given_name", "givenName"),
    "job title": ("jobTitle", "jobTitle"),
    "postal code": ("postalCode", "postalCode"),
    "state/province": ("state", "state"),
    "street address": ("streetAddress", "streetAddress"),
    "surname": ("family_name", "surname"),
    "user's object id": ("oid", "id"),
}
"""The portal's name to the token's and the directory's."""


@dataclass(frozen=True, slots=True)
class UserFlow:
    """One user flow."""

    id: str
    type: str
    claims: tuple[str, ...]

    def sign_in(self, attempt: Attempt) -> Generator[Page, Answers, Outcome]:
        """Check the credentials of the request, or ask for them on a page.

        Raises:
            B2CError: 90086 for a password grant at a flow of another type (azure-docs#49743).
            NotOfferedError: a flow that does not sign in.
        """
        if self.type == "resourceOwner" and not attempt.interactive:
            return self._outcome(attempt, self._checked(attempt, attempt.parameters, "username"))
        if not attempt.interactive:
            raise B2CError("90086", "password")
        if self.type not in _SIGN_IN:
            raise NotOfferedError(f"the user flow type {self.type} in this place")
        page = _PAGE
        while True:
            answers = yield page
            try:
                return self._outcome(attempt, self._checked(attempt, answers, "signInName"))
            except B2CError as error:
                known = error.number == "90225"
                problem = "Invalid username or password." if known else error.text
                page = _PAGE.again(problem, answers)

    def redeem(self, attempt: Attempt) -> Generator[Page, Answers, Outcome]:
        """Read the account again.

        Raises:
            B2CError: 90128, 90129.
        """
        yield from ()
        user = accounts.by_id(attempt.store, attempt.tenant, str(attempt.grant["objectid"]))
        if user is None:
            raise B2CError("90128")
        valid_from = user.body.get("signInSessionsValidFromDateTime") or ""
        issued = str(attempt.grant["refreshtokenissuedondatetime"])
        if accounts.state(user.body) == "disabled" or issued[:19] < valid_from[:19]:
            raise B2CError("90129")
        return self._outcome(attempt, user)

    def as_client(self, attempt: Attempt, subject: str) -> Outcome:
        """Client credentials: every user flow gives them (P client-credentials-grant-flow.md)."""
        return Outcome("", {"sub": subject}, {}, self.settings(attempt.standing, attempt.root))

    def settings(self, standing: Standing, root: str) -> TokenSettings:
        """The portal's defaults; the password grant's sample prints numbers as text."""
        return TokenSettings(
            key_set="",
            encryption_key_set="",
            issuer=f"{root}/{standing.tenant.id}/v2.0/",
            policy_claim="tfp",
            numbers=self.type != "resourceOwner",
            lifetimes=(3600, 3600, 1209600, 7776000),
        )

    @property
    def claim_names(self) -> list[str]:
        """The application claims, as tokens name them."""
        known = {"email addresses": "emails", "identity provider": "idp"}
        known |= {portal: token for portal, (token, _) in _CLAIMS.items()}
        return [known.get(each.casefold(), f"extension_{each}") for each in self.claims]

    def _checked(self, attempt: Attempt, sent: Mapping[str, str], name: str) -> Record:
        standing = attempt.standing
        found = accounts.by_sign_in_name(standing.store, standing.tenant, sent.get(name, ""))
        try:
            return local_accounts.check(standing, found, sent.get("password", ""))
        except local_accounts.RefusedError as error:
            raise local_accounts.as_b2c(error, standing) from error

    def _outcome(self, attempt: Attempt, user: Record) -> Outcome:
        claims = {"sub": user.id} | {
            name: value
            for each in self.claims
            for name, value in self._claim(user.body, each)
            if value not in (None, "", [])
        }
        settings = self.settings(attempt.standing, attempt.root)
        return Outcome(user.id, claims, {}, settings)

    def _claim(self, body: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
        known = name.casefold()
        if known == "email addresses":
            mails = [
                each["issuerAssignedId"]
                for each in body.get("identities", ())
                if each["signInType"] == "emailAddress"
            ]
            return [("emails", mails)]
        if known == "identity provider":
            return [("idp", "LocalAccount")]
        if known in _CLAIMS:
            token, stored = _CLAIMS[known]
            return [(token, body.get(stored))]
        wanted = name.replace(" ", "").casefold()
        return [
            (f"extension_{key.rsplit('_', 1)[-1]}", value)
            for key, value in body.items()
            if key.startswith("extension_") and key.rsplit("_", 1)[-1].casefold() == wanted
        ]


def load(standing: Standing, name: str) -> UserFlow | None:
    """The user flow with this id, case ignored."""
    record = standing.get(user_flows.STORED, name.casefold())
    if record is None:
        return None
    body = record.body
    return UserFlow(body["id"], body["userFlowType"], tuple(body["_claims"]))
