"""What happens when one leaf of a shipped manifest is broken. A literal table.

Codes: learn.microsoft.com/azure/active-directory-b2c/error-codes and
/entra/identity-platform/reference-error-codes. A cause stands where no service answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "ropc-custom-policy": {
        "applications.app.signInAudience": "AADB2C90085",
        "applications.app.allowPublicClient": "AADB2C90224",
        "applications.app.oauth2AllowImplicitFlow": "AADB2C90057",
        "applications.app.publicClient": "AADB2C90007",
        "applications.app.publicClient.redirectUris": "AADB2C90007",
        "applications.app.publicClient.redirectUris[${var.redirectUri}]": "AADB2C90007",
        "applications.app.permissions": "AADB2C90205",
        "applications.app.permissions[microsoftGraph]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].delegated[openid]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].delegated[offline_access]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].adminConsent": "AADB2C90205",
        # An unknown policy is a page with 404, not a code.
        "customPolicies": "unknown-policy",
        "customPolicies.files": "unknown-policy",
    },
    "ropc-user-flow": {
        "applications.app.signInAudience": "AADB2C90085",
        "applications.app.allowPublicClient": "AADB2C90224",
        "applications.app.oauth2AllowImplicitFlow": "AADB2C90057",
        "applications.app.publicClient": "AADB2C90007",
        "applications.app.publicClient.redirectUris": "AADB2C90007",
        "applications.app.publicClient.redirectUris[${var.redirectUri}]": "AADB2C90007",
        "applications.app.permissions": "AADB2C90205",
        "applications.app.permissions[microsoftGraph]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].delegated[openid]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].delegated[offline_access]": "AADB2C90205",
        "applications.app.permissions[microsoftGraph].adminConsent": "AADB2C90205",
        "userFlows": "unknown-policy",
        "userFlows.ROPC_Auth": "unknown-policy",
        "userFlows.ROPC_Auth.userFlowType": "AADB2C90086",
    },
    "access-token": {
        "applications.api.identifierUris": "AADSTS500011",
        "applications.api.identifierUris[https://${tenant.domain}/api]": "AADSTS500011",
        "applications.web.web": "AADSTS50011",
        "applications.web.web.redirectUris": "AADSTS50011",
        "applications.web.web.redirectUris[${var.redirectUri}]": "AADSTS50011",
        "applications.web.permissions": "AADSTS65001",
        "applications.web.permissions[api]": "AADSTS65001",
        "applications.web.permissions[api].delegated[read]": "AADSTS65001",
        "applications.web.permissions[api].delegated[write]": "AADSTS65001",
        "applications.web.permissions[api].adminConsent": "AADSTS65001",
    },
    "auth0-native": {
        "applications.web.identifierUris": "AADSTS500011",
        "applications.web.identifierUris[api://${application.web.appId}]": "AADSTS500011",
        "applications.web.api": "wrong-claim",
        "applications.web.api.requestedAccessTokenVersion": "wrong-claim",
        "applications.native.permissions": "AADSTS65001",
        "applications.native.permissions[microsoftGraph]": "AADSTS65001",
        "applications.native.permissions[microsoftGraph].adminConsent": "AADSTS65001",
        "applications.native.permissions[web]": "AADSTS65001",
        "applications.native.permissions[web].adminConsent": "AADSTS65001",
    },
}
"""Manifest -> leaf -> code, from the broken manifest's own check and, once only the tenant is
broken, from the sound manifest's."""

MOVED: Final[Mapping[str, Mapping[str, str]]] = {
    "access-token": {"variables.redirectUri.default": "AADSTS50011"},
    "auth0-native": {
        "variables.graphPermissions.default[User.Read]": "AADSTS65001",
        "variables.graphPermissions.default[Directory.Read.All]": "AADSTS65001",
    },
}
"""Leaves that a check reads too, so that it moves with them: noticed only as drift."""

OURS: Final[Mapping[str, Mapping[str, str]]] = {
    "access-token": {
        "applications.web.secrets.main.store.dotenv": "secret-unreadable",
        "applications.web.secrets.main.store.name": "secret-unreadable",
    },
    "auth0-native": {
        "applications.native.secrets.auth0.store.dotenv": "secret-unreadable",
        "applications.native.secrets.auth0.store.name": "secret-unreadable",
    },
}
"""Leaves that the tenant does not know: no drift."""

_VARIABLES = {
    "variables": "undefined-variable",
    "variables.redirectUri": "undefined-variable",
}

REFUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "ropc-custom-policy": {
        **_VARIABLES,
        "identityExperienceFramework": "unknown-setting",
        "applications": "unknown-reference",
        "applications.app": "unknown-reference",
        "applications.app.permissions[microsoftGraph].resource": "existing-not-found",
        "applications.app.permissions[microsoftGraph].delegated": "no-permission",
        "customPolicies.files[policies/*.xml]": "invalid-value",
    },
    "ropc-user-flow": {
        **_VARIABLES,
        "applications": "unknown-reference",
        "applications.app": "unknown-reference",
        "applications.app.permissions[microsoftGraph].resource": "existing-not-found",
        "applications.app.permissions[microsoftGraph].delegated": "no-permission",
    },
    "access-token": {
        **_VARIABLES,
        "applications": "unknown-reference",
        "applications.api": "unknown-reference",
        "applications.api.scopes": "unknown-permission",
        "applications.api.scopes.read": "unknown-permission",
        "applications.api.scopes.write": "unknown-permission",
        "applications.web": "unknown-reference",
        "applications.web.permissions[microsoftGraph].resource": "existing-not-found",
        "applications.web.permissions[microsoftGraph].delegated": "no-permission",
        "applications.web.permissions[api].resource": "unknown-permission",
        "applications.web.permissions[api].delegated": "no-permission",
        "applications.web.secrets": "unknown-reference",
        "applications.web.secrets.main": "unknown-reference",
        "applications.web.secrets.main.store": "missing-key",
    },
    "auth0-native": {
        "variables": "undefined-variable",
        "variables.auth0Domain": "undefined-variable",
        "variables.nativeRedirectUri": "undefined-variable",
        "variables.graphPermissions": "undefined-variable",
        "variables.graphPermissions.default": "variable-without-value",
        "applications": "unknown-reference",
        "applications.web": "unknown-reference",
        "applications.web.scopes": "unknown-permission",
        "applications.web.scopes.API.Access": "unknown-permission",
        "applications.native": "unknown-reference",
        "applications.native.permissions[microsoftGraph].resource": "existing-not-found",
        "applications.native.permissions[microsoftGraph].delegated": "wrong-type",
        "applications.native.permissions[web].resource": "unknown-permission",
        "applications.native.permissions[web].delegated": "no-permission",
        "applications.native.permissions[web].delegated[API.Access]": "no-permission",
        "applications.native.secrets": "unknown-reference",
        "applications.native.secrets.auth0": "unknown-reference",
        "applications.native.secrets.auth0.store": "missing-key",
    },
}
"""Leaves without which the manifest is refused before anything is written: the rule."""

_NAMES = "a text that people read"
_OWN = "every account of the directory itself may still sign in"
_COMES_ALONG = "Entra includes openid and offline_access in whatever consent there is"
_BROWSER = "a redirect URI that only Auth0's own flows use, the password grant none"
_ROTATION = "when the secret is replaced, not what it is"
_PORTAL = "no API has application claims; the portal's choice stays"

HARMLESS: Final[Mapping[str, Mapping[str, str]]] = {
    "ropc-custom-policy": {
        "variables.redirectUri.default": "any redirect URI does, the grant uses none",
        "variables.redirectUri.description": _NAMES,
        "applications.app.displayName": _NAMES,
        "applications.app.oauth2AllowIdTokenImplicitFlow": "the grant asks for the other switch",
    },
    "ropc-user-flow": {
        "variables.redirectUri.default": "any redirect URI does, the grant uses none",
        "variables.redirectUri.description": _NAMES,
        "applications.app.displayName": _NAMES,
        "applications.app.oauth2AllowIdTokenImplicitFlow": "the grant asks for the other switch",
        "userFlows.ROPC_Auth.userFlowTypeVersion": "any version of the type signs people in",
        "userFlows.ROPC_Auth.claims": _PORTAL,
        "userFlows.ROPC_Auth.claims[Display Name]": _PORTAL,
        "userFlows.ROPC_Auth.claims[Email Addresses]": _PORTAL,
        "userFlows.ROPC_Auth.claims[Identity Provider]": _PORTAL,
    },
    "access-token": {
        "variables.redirectUri.description": _NAMES,
        "applications.api.displayName": _NAMES,
        "applications.api.signInAudience": _OWN,
        "applications.api.scopes.read.adminConsentDisplayName": _NAMES,
        "applications.api.scopes.read.adminConsentDescription": _NAMES,
        "applications.api.scopes.write.adminConsentDisplayName": _NAMES,
        "applications.api.scopes.write.adminConsentDescription": _NAMES,
        "applications.web.displayName": _NAMES,
        "applications.web.signInAudience": _OWN,
        "applications.web.permissions[microsoftGraph]": _COMES_ALONG,
        "applications.web.permissions[microsoftGraph].delegated[openid]": _COMES_ALONG,
        "applications.web.permissions[microsoftGraph].delegated[offline_access]": _COMES_ALONG,
        "applications.web.permissions[microsoftGraph].adminConsent": _COMES_ALONG,
        "applications.web.secrets.main.displayName": _NAMES,
        "applications.web.secrets.main.lifetime": _ROTATION,
        "applications.web.secrets.main.rotateBefore": _ROTATION,
        "applications.web.secrets.main.overlap": _ROTATION,
    },
    "auth0-native": {
        "variables.auth0Domain.default": _BROWSER,
        "variables.auth0Domain.description": _NAMES,
        "variables.nativeRedirectUri.default": _BROWSER,
        "variables.nativeRedirectUri.description": _NAMES,
        "variables.graphPermissions.description": _NAMES,
        "applications.web.displayName": _NAMES,
        "applications.web.signInAudience": _OWN,
        "applications.web.web": _BROWSER,
        "applications.web.web.redirectUris": _BROWSER,
        "applications.web.web.redirectUris[https://${var.auth0Domain}/login/callback]": _BROWSER,
        "applications.web.scopes.API.Access.type": "an administrator has consented already",
        "applications.web.scopes.API.Access.adminConsentDisplayName": _NAMES,
        "applications.web.scopes.API.Access.adminConsentDescription": _NAMES,
        "applications.web.scopes.API.Access.userConsentDisplayName": _NAMES,
        "applications.web.scopes.API.Access.userConsentDescription": _NAMES,
        "applications.native.displayName": _NAMES,
        "applications.native.signInAudience": _OWN,
        "applications.native.publicClient": _BROWSER,
        "applications.native.publicClient.redirectUris": _BROWSER,
        "applications.native.publicClient.redirectUris[${var.nativeRedirectUri}]": _BROWSER,
        "applications.native.secrets.auth0.displayName": _NAMES,
        "applications.native.secrets.auth0.lifetime": _ROTATION,
        "applications.native.secrets.auth0.rotateBefore": _ROTATION,
        "applications.native.secrets.auth0.overlap": _ROTATION,
    },
}
"""Leaves that no sign-in notices, and why."""

ELSEWHERE: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    # Whoever asks for a policy that the manifest has not says so in its check.
    ("customPolicies", "broken"): ("broken.yaml", "policy: B2C_1A_ROPC_Auth"),
    ("customPolicies.files", "broken"): ("broken.yaml", "policy: B2C_1A_ROPC_Auth"),
    ("userFlows", "broken"): ("broken.yaml", "policy: ROPC_Auth"),
    ("userFlows.ROPC_Auth", "broken"): ("broken.yaml", "policy: ROPC_Auth"),
    # The policy that is lacking stands in a file of its own.
    ("customPolicies", "drift"): ("ROPC_Auth.xml", "<TrustFrameworkPolicy"),
    ("customPolicies.files", "drift"): ("ROPC_Auth.xml", "<TrustFrameworkPolicy"),
    # The variable fills this line.
    ("variables.redirectUri.default", "drift"): ("manifest.yaml", "redirectUris:"),
    # Which half of the store is wrong, only the sink knows.
    ("applications.web.secrets.main.store.dotenv", "broken"): ("broken.yaml", "store:"),
    ("applications.web.secrets.main.store.name", "broken"): ("broken.yaml", "store:"),
    ("applications.native.secrets.auth0.store.dotenv", "broken"): ("broken.yaml", "store:"),
    ("applications.native.secrets.auth0.store.name", "broken"): ("broken.yaml", "store:"),
}
"""(Leaf, what is broken) -> the file and the first words of the line, where not the leaf's own."""
