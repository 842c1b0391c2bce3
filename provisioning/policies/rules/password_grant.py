"""Resource owner password credentials, and the refresh of its tokens. Must not need the tenant.

A technical profile counts as a password grant when a journey exchanges claims with it directly and
it sends `grant_type=password`, or when it takes `{OIDC:Password}`; a profile that only validates
a page (`login-NonInteractive`) is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies.document import Element
from provisioning.policies.rules import journeys, profiles
from provisioning.policies.rules.profiles import Profile
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Index, Scope

_RESOLVER: Final = "{oidc:password}"
_REQUIRED: Final = ("username", "password", "grant_type", "client_id", "resource")
_ADVISED: Final = ("scope", "nca")


def _grants(scope: Scope) -> list[tuple[Element, Profile]]:
    """Return the password grants that the policy itself declares or redeclares; kept."""
    if "grants" not in scope.cache:
        found: list[tuple[Element, Profile]] = []
        exchanged = {
            exchange.get("TechnicalProfileReferenceId", "").casefold()
            for index in scope.chain
            for exchange in index.elements("ClaimsExchange")
        }
        marked = {name for index in scope.chain for name in _marked(index)}
        for name, element in scope.index.declared["TechnicalProfile"].items():
            if marked.isdisjoint(profiles.family(scope, name)):
                continue
            profile = profiles.effective(scope, name)
            if _is_grant(profile, direct=name.casefold() in exchanged):
                found.append((element, profile))
        scope.cache["grants"] = found
    return scope.cache["grants"]  # type: ignore[return-value]


def _marked(index: Index) -> Iterator[str]:
    """Yield the profiles of a document that say of themselves what makes a password grant."""
    claims = (
        claim
        for claim in index.elements("InputClaim")
        if _RESOLVER in claim.get("DefaultValue", "").casefold()
    )
    items = (item for item in index.elements("Item") if item.get("Key") == "grant_type")
    for element in (*claims, *items):
        holder = element.getparent()
        profile = None if holder is None else holder.getparent()
        if profile is not None:
            yield profile.get("Id", "").casefold()


def _is_grant(profile: Profile, *, direct: bool) -> bool:
    defaults = (claim.default or "" for claim in profile.inputs.values())
    if any(_RESOLVER in default.casefold() for default in defaults):
        return True
    return direct and profile.metadata.get("grant_type", "").casefold() == "password"


def _inputs(scope: Scope) -> Iterator[Hit]:
    for element, profile in _grants(scope) if scope.complete else ():
        if not profile.inputs:
            yield Hit(element, f"password grant {profile.name} has no InputClaims (AADB2C99015)")


def _claims(scope: Scope) -> Iterator[Hit]:
    yield from _missing(scope, _REQUIRED, "AADB2C99016")


def _advised(scope: Scope) -> Iterator[Hit]:
    yield from _missing(scope, _ADVISED, "AADSTS50034 without nca")


def _missing(scope: Scope, wanted: tuple[str, ...], code: str) -> Iterator[Hit]:
    for element, profile in _grants(scope) if scope.complete else ():
        lacking = [name for name in wanted if name not in profile.inputs]
        if profile.inputs and lacking:
            message = f"password grant {profile.name} lacks input claim {', '.join(lacking)}"
            remedy = f"add an InputClaim with PartnerClaimType {lacking[0]}"
            yield Hit(element, f"{message} ({code})", remedy)


def _grant_type(scope: Scope) -> Iterator[Hit]:
    for _, profile in _grants(scope):
        claim = profile.inputs.get("grant_type")
        if claim is not None and claim.default != "password":
            said = "no DefaultValue" if claim.default is None else f"DefaultValue {claim.default!r}"
            message = f"grant_type of password grant {profile.name} has {said} (AADB2C99017)"
            yield Hit(claim.element, message)


def _first_step(scope: Scope) -> Iterator[Hit]:
    for journey in journeys.declared(scope) if scope.complete else ():
        for step in journey.steps:
            for exchange in step.exchanges.values():
                name = exchange.get("TechnicalProfileReferenceId", "")
                if step.order > 1 and _is_grant(profiles.effective(scope, name), direct=True):
                    message = (
                        f"{journey.name} reaches the password grant {name} in step {step.order}: "
                        f"clients would get a page instead of JSON"
                    )
                    yield Hit(exchange, message)


def _refresh(scope: Scope) -> Iterator[Hit]:
    """Compare what the endpoint says with what the journey's issuer says."""
    for endpoint in scope.index.elements("Endpoint") if scope.complete else ():
        if endpoint.get("Id", "").casefold() != "token":
            continue
        wanted = endpoint.get("UserJourneyReferenceId", "")
        for issuer in _issuers(scope):
            named = profiles.effective(scope, issuer).metadata.get("RefreshTokenUserJourneyId")
            if named is not None and named.casefold() != wanted.casefold():
                message = (
                    f"a refresh goes to {wanted} by this endpoint, but to {named} by "
                    f"RefreshTokenUserJourneyId of {issuer}"
                )
                yield Hit(endpoint, message)


def _issuers(scope: Scope) -> Iterator[str]:
    """Yield the issuers of the policy's default journey."""
    for index in scope.chain:
        chosen = documents.child(index.document.root, "RelyingParty", "DefaultUserJourney")
        if chosen is None:
            continue
        name = chosen.get("ReferenceId", "")
        for declaration in scope.definitions("UserJourney", name)[:1]:
            for step in journeys.merged(scope, name, declaration).steps:
                if issuer := step.element.get("CpimIssuerTechnicalProfileReferenceId"):
                    yield issuer
        return


RULES: Final = (
    Rule(
        "password-grant-inputs",
        Severity.ERROR,
        _inputs,
        "A password grant has input claims (AADB2C99015).",
        "add username, password, grant_type, scope, nca, client_id and resource",
        inherited=True,
    ),
    Rule(
        "password-grant-claims",
        Severity.ERROR,
        _claims,
        "A password grant has the input claims that the flow needs (AADB2C99016).",
        "add the input claim",
        inherited=True,
    ),
    Rule(
        "password-grant-advised-claims",
        Severity.WARNING,
        _advised,
        "A password grant sends scope and nca (samples#545).",
        "add the input claim",
        inherited=True,
    ),
    Rule(
        "password-grant-type",
        Severity.ERROR,
        _grant_type,
        "The grant_type input claim's DefaultValue is password (AADB2C99017).",
        'write DefaultValue="password"',
    ),
    Rule(
        "password-grant-first-step",
        Severity.WARNING,
        _first_step,
        "A password grant is its journey's first step (user-migration#26).",
        "make it step 1",
        inherited=True,
    ),
    Rule(
        "refresh-journey",
        Severity.WARNING,
        _refresh,
        "Endpoint and issuer name the same refresh journey; who wins is undocumented (pack#138).",
        "let both name one journey, or give the policy an issuer of its own",
        inherited=True,
    ),
)
