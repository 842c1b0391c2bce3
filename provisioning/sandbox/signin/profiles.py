"""Technical profiles that journeys may run, in one table; must not know journeys or tokens.

Sources: P technicalprofiles.md, active-directory-technical-profile.md,
openid-connect-technical-profile.md, custom-policy-reference-sso.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioning.sandbox.signin import (
    claim_resolvers,
    directory_profiles,
    local_accounts,
    transformations,
)
from provisioning.sandbox.signin.attempt import Attempt
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.trustframework.merged import Claim, Lineage, Profile

Claims = dict[str, Any]

LOCAL_SIGN_IN = "OpenIdConnect against the tenant's own directory"
DIRECTORY = "AzureActiveDirectoryProvider"
TRANSFORMATION = "ClaimsTransformationProtocolProvider"
REFRESH_SETUP = "None"
SELF_ASSERTED = "SelfAssertedAttributeProvider"
_SESSIONS = ("NoopSSOSessionProvider", "DefaultSSOSessionProvider", "OAuthSSOSessionProvider")
"""Session providers; the sandbox keeps no session, which is what a first sign-in meets."""


def kind(profile: Profile) -> str:
    """Which row of the table a profile is.

    A profile needs its Protocol (P technicalprofiles.md), one of OpenID Connect its METADATA
    (P openid-connect-technical-profile.md), and without authorization_endpoint the credentials
    would go to the endpoint for browsers. That the number is 90085 then is unverified.

    Raises:
        B2CError: 90085 for one that lacks what it needs.
        NotOfferedError: none.
    """
    if not profile.protocol:
        raise B2CError("90085")
    if profile.protocol == "OpenIdConnect" and profile.output_format != "JWT":
        endpoint = profile.metadata.get("authorization_endpoint", "")
        if not endpoint or "METADATA" not in profile.metadata:
            raise B2CError("90085")
        if "/{tenant}/oauth2/token" in endpoint.replace("//", "/"):
            return LOCAL_SIGN_IN
    if profile.protocol == "None":
        return REFRESH_SETUP
    if profile.protocol == "Proprietary":
        for known in (DIRECTORY, TRANSFORMATION, SELF_ASSERTED):
            if f".{known}," in f"{profile.handler},":
                return known
    described = profile.handler.split(",")[0] or profile.protocol or "no protocol"
    raise NotOfferedError(f"the technical profile {profile.id} ({described})")


def declared(lineage: Lineage, identity: str) -> Profile:
    """A profile with everything it includes, its session provider checked.

    Raises:
        B2CError: 90085 where it or its session provider is not declared, or has no handler.
        NotOfferedError: its session provider is not in the table.
    """
    profile = lineage.effective(identity)
    if profile is None:
        raise B2CError("90085")
    if profile.session:
        session = lineage.effective(profile.session)
        if session is None or not session.protocol:
            raise B2CError("90085")
        handler = session.handler
        if not any(f".{known}," in f"{handler}," for known in _SESSIONS):
            raise NotOfferedError(f"the session provider {profile.session}")
    return profile


def run(lineage: Lineage, profile: Profile, attempt: Attempt, claims: Claims) -> None:
    """Run a profile that shows no page; its output claims join the others.

    Raises:
        B2CError: what it refuses; 90085 for a missing input, 90129 where a refresh is asserted
            away (starterpack#138).
        NotOfferedError: it is not in the table.
    """
    runner = RUNNERS.get(kind(profile))
    if runner is None:
        raise NotOfferedError(f"the technical profile {profile.id} in this place")
    transform(lineage, profile.input_transformations, attempt, claims)
    found = runner(profile, attempt, claims)
    take(profile, attempt, claims, found)
    transform(lineage, profile.output_transformations, attempt, claims)


def take(profile: Profile, attempt: Attempt, claims: Claims, found: Mapping[str, Any]) -> None:
    """Put a profile's output claims among the others; `found` has case-folded partner names."""
    for identity, claim in profile.outputs.items():
        value = found.get(claim.partner.casefold())
        if claim.default is not None and (claim.always or value in (None, "")):
            value = claim_resolvers.resolved(claim.default, attempt, claims)
        if value is not None:
            claims[identity] = value


def transform(lineage: Lineage, names: list[str], attempt: Attempt, claims: Claims) -> None:
    """Run claims transformations in order, each once.

    Raises:
        B2CError: an assertion did not hold: 90129 while redeeming a refresh token, 90111 for a
            disabled account, else 90085.
    """
    for name in dict.fromkeys(names):
        try:
            transformations.run(lineage, name, claims, attempt.standing.now)
        except transformations.AssertionFailedError:
            if attempt.grant:
                raise B2CError("90129") from None
            disabled = claims.get("accountenabled") is False
            raise B2CError("90111" if disabled else "90085") from None


def value_of(claim: Claim, attempt: Attempt, claims: Mapping[str, Any]) -> Any:
    """An input claim's value: the claim, or the default with its resolvers replaced."""
    value = claims.get(claim.id.casefold())
    if claim.default is not None and (claim.always or value in (None, "")):
        return claim_resolvers.resolved(claim.default, attempt, claims)
    return value


def _inputs(profile: Profile, attempt: Attempt, claims: Mapping[str, Any]) -> Claims:
    """Input claims by their case-folded partner names."""
    given: Claims = {}
    for claim in profile.inputs.values():
        value = value_of(claim, attempt, claims)
        if claim.required and value in (None, ""):
            # The number for the password grant without one of its two is unverified.
            raise B2CError("90225" if claim.id.casefold() in _CREDENTIALS else "90085")
        if value is not None:
            given[claim.partner.casefold()] = value
    return given


_CREDENTIALS = {"logonidentifier", "signinname", "password"}


def _local_sign_in(profile: Profile, attempt: Attempt, claims: Claims) -> Mapping[str, Any]:
    sent = {name: str(value) for name, value in _inputs(profile, attempt, claims).items()}
    sent.setdefault("client_id", profile.metadata.get("client_id", ""))
    try:
        return local_accounts.sign_in(
            attempt.standing, sent, profile.metadata.get("IdTokenAudience")
        )
    except local_accounts.RefusedError as error:
        raise local_accounts.as_b2c(error, attempt.standing) from error


def _directory(profile: Profile, attempt: Attempt, claims: Claims) -> Mapping[str, Any]:
    given = _inputs(profile, attempt, claims)
    for claim in profile.persisted_claims.values():
        value = value_of(claim, attempt, claims)
        if value is not None:
            given[claim.partner.casefold()] = value
    return directory_profiles.run(profile, attempt, given)


def _transformation(profile: Profile, attempt: Attempt, claims: Claims) -> Mapping[str, Any]:
    _inputs(profile, attempt, claims)
    return claims


def _refresh_setup(_: Profile, attempt: Attempt, __: Claims) -> Mapping[str, Any]:
    """What the presented refresh token says (starterpack RefreshTokenReadAndSetup)."""
    return attempt.grant


RUNNERS: Mapping[str, Callable[[Profile, Attempt, Claims], Mapping[str, Any]]] = {
    LOCAL_SIGN_IN: _local_sign_in,
    DIRECTORY: _directory,
    TRANSFORMATION: _transformation,
    REFRESH_SETUP: _refresh_setup,
}
"""Profiles without a page; SELF_ASSERTED shows one and is run by the journey."""
