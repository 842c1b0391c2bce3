"""Which properties of an application are compared, and how. Declarations only.

https://learn.microsoft.com/graph/api/resources/application. Booleans that Graph's metadata calls
nullable read null for false. Secure defaults follow the design: what opens a door on an
application that we made is closed when the manifest does not name it.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.kind import Compare, Field

SCOPES: Final = "api.oauth2PermissionScopes"
ROLES: Final = "appRoles"
PRE_AUTHORIZED: Final = "api.preAuthorizedApplications"

_IMPLICIT = "web.implicitGrantSettings"
_TOKENS = ("idToken", "accessToken", "saml2Token")
CLAIMS: Final = tuple(f"optionalClaims.{token}" for token in _TOKENS)

FIELDS: Final = (
    Field("displayName"),
    Field("uniqueName"),
    Field("description", deferrable=True),
    Field("notes", deferrable=True),
    Field("serviceManagementReference"),
    Field("signInAudience"),
    Field("groupMembershipClaims"),
    Field("tags", Compare.SET),
    Field("isFallbackPublicClient", null=False, secure=False),
    Field("isDeviceOnlyAuthSupported", null=False),
    Field("isDisabled", null=False),
    Field("oauth2RequirePostResponse", null=False),
    Field("defaultRedirectUri", deferrable=True),
    Field("nativeAuthenticationApisEnabled"),
    Field("tokenEncryptionKeyId"),
    Field("identifierUris", Compare.SET, secure=[], deferrable=True),
    Field("web.redirectUris", Compare.SET, secure=[], deferrable=True),
    Field("web.redirectUriSettings", Compare.KEYED, key="uri", deferrable=True),
    Field("web.homePageUrl", deferrable=True),
    Field("web.logoutUrl", deferrable=True),
    Field(f"{_IMPLICIT}.enableAccessTokenIssuance", null=False, secure=False),
    Field(f"{_IMPLICIT}.enableIdTokenIssuance", null=False, secure=False),
    Field("spa.redirectUris", Compare.SET, secure=[], deferrable=True),
    Field("publicClient.redirectUris", Compare.SET, secure=[], deferrable=True),
    Field("api.requestedAccessTokenVersion"),
    Field("api.acceptMappedClaims", null=False),
    Field("api.knownClientApplications", Compare.SET, secure=[], deferrable=True),
    Field(SCOPES, Compare.KEYED, key="id", label="value", ignores=("origin",), secure=[]),
    Field(
        PRE_AUTHORIZED,
        Compare.KEYED,
        key="appId",
        sets=("delegatedPermissionIds",),
        secure=[],
        deferrable=True,
    ),
    Field(
        ROLES,
        Compare.KEYED,
        key="id",
        label="value",
        sets=("allowedMemberTypes",),
        ignores=("origin",),
        secure=[],
    ),
    Field(
        "requiredResourceAccess",
        Compare.KEYED,
        key="resourceAppId",
        sets=("resourceAccess",),
        secure=[],
        deferrable=True,
    ),
    *(Field(path, Compare.SET) for path in CLAIMS),
    Field("info.marketingUrl", deferrable=True),
    Field("info.privacyStatementUrl", deferrable=True),
    Field("info.supportUrl", deferrable=True),
    Field("info.termsOfServiceUrl", deferrable=True),
    Field("parentalControlSettings.countriesBlockedForMinors", Compare.SET),
    Field("parentalControlSettings.legalAgeGroupRule"),
    Field("servicePrincipalLockConfiguration"),
    Field("authenticationBehaviors"),
    Field("requestSignatureVerification"),
    Field("addIns", Compare.KEYED, key="id", label="type"),
)

RARE: Final = frozenset(
    {
        "addIns",
        "authenticationBehaviors",
        "defaultRedirectUri",
        "isDeviceOnlyAuthSupported",
        "isDisabled",
        "nativeAuthenticationApisEnabled",
        "oauth2RequirePostResponse",
        "parentalControlSettings",
        "requestSignatureVerification",
        "servicePrincipalLockConfiguration",
        "tokenEncryptionKeyId",
    }
)
"""Properties that are read only when a manifest names them: few do, and not every cloud has all."""

IDENTITY: Final = ("id", "appId", "createdDateTime", "passwordCredentials", "keyCredentials")
"""Read besides the fields: ids, age, and the credentials that other kinds look at."""
