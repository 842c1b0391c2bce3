"""A custom policy as an endpoint sees it: journeys, relying party, issuer; must not sign tokens.

Sources: P relyingparty.md, jwt-issuer-technical-profile.md, claimsschema.md.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provisioning.sandbox import policies
from provisioning.sandbox.signin import claim_resolvers, journey, profiles
from provisioning.sandbox.signin.attempt import Attempt, Outcome, Page, TokenSettings
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.trustframework import merged, reader
from provisioning.sandbox.trustframework.merged import Claim, Lineage, Profile
from provisioning.sandbox.trustframework.reader import Document, tag

_LIFETIMES = (
    ("token_lifetime_secs", 3600),
    ("id_token_lifetime_secs", 3600),
    ("refresh_token_lifetime_secs", 1209600),
    ("rolling_refresh_token_lifetime_secs", 7776000),
)
_NEVER_SECONDS = 100 * 366 * 86400
_KEYS = {"issuer_secret", "issuer_refresh_token_key"}
_NO_SUBJECT = "Not supported currently. Use oid claim."


@dataclass(frozen=True)
class CustomPolicy:
    """One relying party's policy over its ancestors."""

    id: str
    lineage: Lineage

    def sign_in(self, attempt: Attempt) -> Generator[Page, journey.Answers, Outcome]:
        """Run the default journey."""
        name = self.default_journey
        if not name:
            raise B2CError("90031", self.id)
        claims, _ = yield from journey.run(self.lineage, name, attempt)
        return self._outcome(attempt, claims, self.issuer)

    def redeem(self, attempt: Attempt) -> Generator[Page, journey.Answers, Outcome]:
        """Run the journey that redeems refresh tokens.

        The relying party's Token endpoint names it, and the issuer's RefreshTokenUserJourneyId;
        where neither does, the saved claims are issued again (unverified).
        """
        issuer = self.issuer
        own = issuer.metadata.get("RefreshTokenUserJourneyId", "")
        named = [self.token_endpoint, own]
        if attempt.standing.options.refresh_journey == "issuer":
            named.reverse()
        name = named[0] or named[1]
        if not name:
            saved = dict(attempt.grant.get("claims") or {})
            return self._outcome(attempt, saved, issuer)
        if name.casefold() not in self.lineage.journeys:
            raise B2CError("90288", name, issuer.id, attempt.tenant.domain, self.id)
        claims, issuer = yield from journey.run(self.lineage, name, attempt)
        return self._outcome(attempt, claims, issuer)

    def as_client(self, attempt: Attempt, subject: str) -> Outcome:
        """Client credentials without a journey of their own (P client-credentials-grant-flow.md).

        Raises:
            NotOfferedError: the issuer's ClientCredentialsUserJourneyId names a journey.
        """
        if name := self.issuer.metadata.get("ClientCredentialsUserJourneyId"):
            raise NotOfferedError(f"the client credentials journey {name}")
        settings = self._settings(self.issuer, attempt.standing, attempt.root)
        return Outcome("", {"sub": subject}, {}, settings)

    def settings(self, standing: Standing, root: str) -> TokenSettings:
        """How its tokens are made, without a journey: what discovery and JWKS need."""
        return self._settings(self.issuer, standing, root)

    @property
    def claim_names(self) -> list[str]:
        """Claims of the relying party, as tokens name them."""
        return [self._partner(each) for each in self.outputs.values()]

    @cached_property
    def default_journey(self) -> str:
        """Id of the default journey, empty when none is named."""
        found = [each.get("ReferenceId") for each in self.lineage.elements("DefaultUserJourney")]
        return found[-1] or "" if found else ""

    @cached_property
    def token_endpoint(self) -> str:
        """Id of the journey behind the Token endpoint, or empty."""
        found = [
            each.get("UserJourneyReferenceId") or ""
            for each in self.lineage.elements("Endpoint")
            if (each.get("Id") or "").casefold() == "token"
        ]
        return found[-1] if found else ""

    @cached_property
    def outputs(self) -> dict[str, Claim]:
        """Output claims of the relying party, a child's over its parent's."""
        found = {}
        for party in self.lineage.elements("RelyingParty"):
            for each in party.iterfind(f"{tag('TechnicalProfile')}/{tag('OutputClaims')}/*"):
                claim = merged.claim(each)
                found[claim.id.casefold()] = claim
        return found

    @cached_property
    def subject(self) -> str:
        """The token's claim that SubjectNamingInfo names, or empty."""
        found = [
            each.get("ClaimType") or ""
            for party in self.lineage.elements("RelyingParty")
            for each in party.iterfind(f"{tag('TechnicalProfile')}/{tag('SubjectNamingInfo')}")
        ]
        return found[-1] if found else ""

    @cached_property
    def issuer(self) -> Profile:
        """The profile of the default journey's last step.

        Raises:
            B2CError: 90031; 90085 where the issuer or the relying party lacks what it must have:
                Protocol, OutputTokenFormat JWT, both keys (P jwt-issuer-technical-profile.md,
                relyingparty.md; the number is unverified).
        """
        if not self.default_journey:
            raise B2CError("90031", self.id)
        found = self.lineage.journeys.get(self.default_journey.casefold())
        if found is None:
            raise B2CError("90085")
        issuers = [step.issuer for step in found.in_order() if step.type == "SendClaims"]
        issuer = profiles.declared(self.lineage, issuers[-1] if issuers else "")
        speaks = any(
            party.find(f"{tag('TechnicalProfile')}/{tag('Protocol')}") is not None
            for party in self.lineage.elements("RelyingParty")
        )
        whole = issuer.protocol and issuer.output_format and issuer.keys.keys() >= _KEYS
        if not speaks or not whole:
            raise B2CError("90085")
        return issuer

    @cached_property
    def _default_names(self) -> dict[str, str]:
        """DefaultPartnerClaimTypes for OpenIdConnect, by claim."""
        found = {}
        for schema in self.lineage.elements("ClaimsSchema"):
            for each in schema.iterfind(tag("ClaimType")):
                path = f"{tag('DefaultPartnerClaimTypes')}/{tag('Protocol')}"
                for protocol in each.iterfind(path):
                    if protocol.get("Name") == "OpenIdConnect":
                        identity = (each.get("Id") or "").casefold()
                        found[identity] = protocol.get("PartnerClaimType") or ""
        return found

    def _partner(self, claim: Claim) -> str:
        if claim.renamed:
            return claim.partner
        return self._default_names.get(claim.id.casefold()) or claim.id

    def _outcome(self, attempt: Attempt, claims: dict[str, Any], issuer: Profile) -> Outcome:
        """The claims of the tokens.

        SubjectNamingInfo names an output claim of the relying party (P relyingparty.md); that a
        token without it is 90085 is unverified.
        """
        shown: dict[str, Any] = {}
        for identity, claim in self.outputs.items():
            value = claims.get(identity)
            if claim.default is not None and (claim.always or value in (None, "")):
                value = _default(claim.default, self.id, attempt, claims)
            # The oldest sample token has no name although the relying party sends one with an
            # empty default: empty claims stay out.
            if value not in (None, ""):
                shown[self._partner(claim)] = value
        if (self.subject or "sub") not in shown:
            if self.subject:
                raise B2CError("90085")
            shown["sub"] = _NO_SUBJECT
        identity = issuer.metadata.get("issuer_refresh_token_user_identity_claim_type", "objectId")
        object_id = claims.get(identity.casefold()) or attempt.grant.get("objectid") or ""
        settings = self._settings(issuer, attempt.standing, attempt.root)
        return Outcome(str(object_id), shown, claims, settings)

    def _settings(self, issuer: Profile, standing: Standing, root: str) -> TokenSettings:
        metadata = issuer.metadata
        tenant, policy = standing.tenant, self.id.lower()
        pattern = metadata.get("IssuanceClaimPattern", "AuthorityAndTenantGuid")
        inner = f"tfp/{tenant.id}/{policy}" if pattern == "AuthorityWithTfp" else tenant.id
        bare = metadata.get("AuthenticationContextReferenceClaimPattern") == "None"
        lifetimes = [int(metadata.get(name) or default) for name, default in _LIFETIMES]
        if metadata.get("allow_infinite_rolling_refresh_token", "").lower() == "true":
            lifetimes[3] = _NEVER_SECONDS
        return TokenSettings(
            key_set=issuer.keys.get("issuer_secret", ""),
            encryption_key_set=issuer.keys.get("issuer_refresh_token_key", ""),
            issuer=f"{root}/{inner}/v2.0/",
            policy_claim="" if bare else "acr",
            numbers=metadata.get("SendTokenResponseBodyWithJsonNumbers", "").lower() == "true",
            lifetimes=(lifetimes[0], lifetimes[1], lifetimes[2], lifetimes[3]),
        )


def _default(text: str, policy: str, attempt: Attempt, claims: dict[str, Any]) -> str:
    """A default of the relying party, where `{policy}` is the policy's id."""
    if text == "{policy}":
        return policy
    return claim_resolvers.resolved(text, attempt, claims)


def load(standing: Standing, name: str) -> CustomPolicy | None:
    """The policy with this id, case ignored, over the chain that is in effect."""
    document = _document(standing, name)
    if document is None:
        return None
    most = standing.options.max_policy_depth
    lineage = merged.lineage(document, lambda base: _document(standing, base), most)
    return CustomPolicy(document.id, lineage)


def _document(standing: Standing, name: str) -> Document | None:
    record = standing.get(policies.STORED, name.casefold())
    return None if record is None else reader.read(policies.content(record.body))
