"""The service's error codes: what each means, what mends it, whether waiting may help.

A table. Sources: learn.microsoft.com/azure/active-directory-b2c/error-codes and
/entra/identity-platform/reference-error-codes. Texts drift, so codes alone are matched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provisioning.signin import causes
from provisioning.signin.refusal import Cause

_CODE: Final = re.compile(r"\b(?:AADB2C|AADSTS)\d+")

_CREDENTIALS: Final = Cause(
    "wrong-credentials",
    "wrong user name or password",
    "correct the check's user name or password",
    "{check}.user",
)
_LOCAL_CREDENTIALS: Final = Cause(
    "wrong-credentials",
    "wrong user name or password, or no such local account",
    "correct the check's user name or password; when they are right, compare the Identity "
    "Experience Framework applications with the policy's login technical profiles",
    "{check}.user",
)
_LOCKED: Final = Cause(
    "account-locked",
    "the account is locked after too many failures",
    "wait or unlock it, and check the password's source first",
    "{check}.user",
)
_IMPLICIT: Final = Cause(
    "implicit-flow-off",
    "the application does not allow the implicit flow, which B2C's password grant needs",
    "set oauth2AllowImplicitFlow: true",
    "{application}.oauth2AllowImplicitFlow",
    not_yet=True,
)
_PUBLIC: Final = Cause(
    "public-client-off",
    "the application is not a public client",
    "set allowPublicClient: true, or give the check a client secret where the flow takes one",
    "{application}.allowPublicClient",
    not_yet=True,
)
_KIND: Final = Cause(
    "wrong-kind-of-application",
    "B2C does not accept an application of this kind",
    "register it with signInAudience: AzureADandPersonalMicrosoftAccount",
    "{application}.signInAudience",
)
_CLIENT: Final = Cause(
    "unknown-client",
    "the tenant knows no application with this client id",
    "apply the manifest to this tenant, or correct the check's application",
    "{application}",
    not_yet=True,
)
_PRINCIPAL: Final = Cause(
    "no-service-principal",
    "the application has no enabled service principal in this tenant",
    "declare its service principal",
    "{application}.servicePrincipal",
    not_yet=True,
)
_SCOPES: Final = Cause(
    "bad-scopes", "the request's scopes are not acceptable", "correct them", "{check}.scopes"
)
_SCOPE: Final = Cause(
    "unknown-scope",
    "the scope is not exposed by its API, or not granted to the application",
    "expose it, and declare the permission with adminConsent: true",
    "{application}.permissions",
    not_yet=True,
)
_CONSENT: Final = Cause(
    "consent-missing",
    "nobody has consented to the application's permissions",
    "declare the permission with adminConsent: true",
    "{application}.permissions",
    not_yet=True,
)
_REDIRECTS: Final = Cause(
    "redirect-uri-not-registered",
    "the application does not register this redirect URI",
    "add it to the application",
    "{redirects}",
    not_yet=True,
)
_GRANT: Final = Cause(
    "grant-not-offered", "this grant is not offered here", "choose another flow", "{check}.flow"
)
_EXPIRED: Final = Cause(
    "refresh-token-expired",
    "the refresh token or code has expired",
    "look at the token lifetimes of the policy",
    "{policy}",
)
_REVOKED: Final = Cause(
    "grant-revoked", "the grant was revoked or its account is gone", "sign in anew", "{check}.user"
)
_FOREIGN: Final = Cause(
    "foreign-grant",
    "the refresh token or code was issued for another policy or client",
    "ask for the token and redeem it at the same policy with the same client",
    "{check}.policy",
)
_REDEEM: Final = Cause(
    "internal-error",
    "the service failed inside: the policy's refresh journey is incomplete, or the application is "
    "of a kind that B2C does not serve",
    "compare RefreshTokenUserJourneyId and its technical profiles, and signInAudience",
    "{policy}",
)
_JOURNEY: Final = Cause(
    "no-user-journey",
    "the policy names no user journey",
    "add a DefaultUserJourney to the policy's RelyingParty",
    "{policy}",
    not_yet=True,
)
_KEY: Final = Cause(
    "signing-key-missing",
    "a key that the policy signs or encrypts with is gone, inactive or expired",
    "declare the policy key, or rotate it",
    "policyKeys",
    not_yet=True,
)
_FRAMEWORK: Final = Cause(
    "identity-experience-framework-broken",
    "the Identity Experience Framework applications are missing or lack consent",
    "declare identityExperienceFramework",
    "identityExperienceFramework",
    not_yet=True,
)
_SECRET: Final = Cause(
    "wrong-client-secret",
    "the client secret is wrong",
    "point the check at the secret's value (its id is no secret)",
    "{check}.secret",
    not_yet=True,
)
_SECRET_EXPIRED: Final = Cause(
    "client-secret-expired",
    "the client secret has expired",
    "rotate it",
    "{application}.secrets",
)
_SECRET_NEEDED: Final = Cause(
    "client-secret-needed",
    "the application is confidential here and must send its secret",
    "give the check a client secret",
    "{check}.secret",
)
_SECRET_UNWANTED: Final = Cause(
    "client-secret-unwanted",
    "a public client must not send a secret",
    "leave the client secret out of the check",
    "{check}.secret",
)
_PKCE: Final = Cause(
    "pkce-refused", "the code challenge or verifier was refused", "", "{check}.flow"
)
_MFA: Final = Cause(
    "mfa-needed",
    "the account needs another factor or Conditional Access stands in the way",
    "check with an account that is excluded, or with the code flow and a browser",
    "{check}.user",
)
_TENANT: Final = Cause(
    "unknown-tenant", "there is no such tenant in this cloud", "correct tenant.domain", "tenant"
)
_USER: Final = Cause(
    "unknown-user", "the tenant has no such user", "correct the user name", "{check}.user.name"
)
_PASSWORD_EXPIRED: Final = Cause(
    "password-expired", "the password has expired", "change it", "{check}.user.password"
)
_DISABLED: Final = Cause("account-disabled", "the account is disabled", "enable it", "{check}.user")
_UNASSIGNED: Final = Cause(
    "user-not-assigned",
    "the application admits only assigned users",
    "assign the user or a group",
    "{application}.servicePrincipal.assignments",
    not_yet=True,
)
_RESOURCE: Final = Cause(
    "unknown-resource",
    "the tenant has no service principal for the API asked for",
    "correct the resource, or apply the manifest that declares it",
    "{check}.resource",
    not_yet=True,
)
_FEDERATED: Final = Cause(
    "federated-credential-refused",
    "b2clogin accepts no federated credentials",
    "use a client secret",
    "{application}.federatedCredentials",
)
_CANCELLED: Final = Cause("cancelled", "the person cancelled", "verify again")
_GONE: Final = Cause(
    "service-problem", "the service reports a problem without naming it", "verify again later"
)


def _table(*rows: tuple[Cause, str]) -> Mapping[str, Cause]:
    return MappingProxyType({code: cause for cause, codes in rows for code in codes.split()})


_B2C: Final = _table(
    (_LOCAL_CREDENTIALS, "90225"),
    (_LOCKED, "90111 90114"),
    (_IMPLICIT, "90057"),
    (_PUBLIC, "90224 90058"),
    (_KIND, "90248 90068"),
    (_CLIENT, "90018"),
    (_SCOPES, "90010 90055 90146 90110"),
    (_SCOPE, "90117 90012"),
    (_GRANT, "90083 90086"),
    (_REDIRECTS, "90006 90007"),
    (_EXPIRED, "90080"),
    (_REVOKED, "90129 90128"),
    (_FOREIGN, "90088 90279"),
    (_REDEEM, "90085 90288"),
    (_JOURNEY, "90031"),
    (_KEY, "90090 90220 90073"),
    (_FRAMEWORK, "90284 90285"),
    (_SECRET, "90081"),
    (_SECRET_NEEDED, "90079"),
    (_SECRET_UNWANTED, "90084"),
    (_PKCE, "90182 90183 90184 99059"),
    (causes.THROTTLED, "90244"),
    (causes.INCOMPLETE, "90008"),
    (_FEDERATED, "99027"),
    (_CANCELLED, "90091"),
    (_CONSENT, "90205"),
    (_PRINCIPAL, "90092"),
    (_GONE, "90063"),
)

_STS: Final = _table(
    (_CREDENTIALS, "50126"),
    (_USER, "50034 50020"),
    (_LOCKED, "50053"),
    (_PASSWORD_EXPIRED, "50055"),
    (_DISABLED, "50057"),
    (_MFA, "50076 50079 50074 50158 53003"),
    (_PUBLIC, "7000218"),
    (_CONSENT, "65001"),
    (_CANCELLED, "65004"),
    (_CLIENT, "700016"),
    (_PRINCIPAL, "7000229 7000112"),
    (_UNASSIGNED, "50105"),
    (_SCOPE, "70011 650053"),
    (_SCOPES, "1002012"),
    (_RESOURCE, "500011"),
    (_TENANT, "90002"),
    (_SECRET, "7000215"),
    (_SECRET_EXPIRED, "7000222"),
    (_SECRET_UNWANTED, "700025"),
    (_REDIRECTS, "50011"),
    (_EXPIRED, "70008 700082 700084"),
    (_REVOKED, "50173"),
    (_GRANT, "70003"),
    (_PKCE, "501481 9002325"),
)

KNOWN: Final[Mapping[str, Cause]] = MappingProxyType(
    {f"AADB2C{code}": cause for code, cause in _B2C.items()}
    | {f"AADSTS{code}": cause for code, cause in _STS.items()}
)
"""Code with its prefix -> cause."""

_OAUTH: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "temporarily_unavailable": causes.SERVER_ERROR,
        "server_error": causes.SERVER_ERROR,
        "invalid_scope": _SCOPES,
        "unsupported_grant_type": _GRANT,
    }
)


def code_of(description: str) -> str | None:
    """Return the first `AADB2Cn` or `AADSTSn` in an error's text."""
    found = _CODE.search(description)
    return None if found is None else found.group()


def cause_of(code: str | None, error: str) -> Cause:
    """Return what a code means; for an unknown one what the OAuth error says (RFC 6749, 5.2)."""
    if code is not None and code in KNOWN:
        return KNOWN[code]
    return _OAUTH.get(error, causes.REFUSED)
