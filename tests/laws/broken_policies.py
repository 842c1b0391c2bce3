"""What happens when one element of the shipped policies is gone from the tenant. A literal table.

Codes: learn.microsoft.com/azure/active-directory-b2c/error-codes; AADB2C90085 for what the service
only calls an internal error; 90225 without `nca` (azure-ad-b2c/samples#545). `UPLOAD`: the service
does not take such a policy, so that the error comes with the change. `MISSING`: a token comes
without a claim that the check expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UPLOAD, MISSING = "upload", "missing-claim"
INTERNAL = "AADB2C90085"

TOLD: Final = ("/DisplayName", "/DataType")
"""Ends of paths that no sign-in looks at: what people read; every claim here is text anyway."""

OUTCOMES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Base": {
        UPLOAD: (
            "BuildingBlocks",
            "ClaimsSchema",
            "ClaimType[objectId]",
            "ClaimType[displayName]",
            "ClaimType[givenName]",
            "ClaimType[surname]",
            "TechnicalProfile[AAD-Common]",
            "ClaimsProvider[Session Management]",
            "ClaimsProvider[Session Management]/TechnicalProfiles",
            "TechnicalProfile[SM-Noop]",
        ),
        INTERNAL: (
            "ClaimType[sub]",
            "ClaimType[userPrincipalName]",
            "ClaimType[password]",
            "ClaimType[client_id]",
            "ClaimType[resource_id]",
            "ClaimType[grant_type]",
            "ClaimType[scope]",
            "ClaimType[nca]",
            "ClaimsProviders",
            "ClaimsProvider[Azure Active Directory]",
            "ClaimsProvider[Azure Active Directory]/TechnicalProfiles",
            "TechnicalProfile[AAD-Common]/Protocol",
            "TechnicalProfile[AAD-UserReadUsingObjectId]",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/Metadata",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/Metadata/Item[Operation]",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/InputClaims",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/InputClaims/InputClaim[objectId]",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/IncludeTechnicalProfile[AAD-Common]",
            "TechnicalProfile[SM-Noop]/Protocol",
            "ClaimsProvider[Token Issuer]",
            "ClaimsProvider[Token Issuer]/TechnicalProfiles",
            "TechnicalProfile[JwtIssuer]",
            "TechnicalProfile[JwtIssuer]/Protocol",
            "TechnicalProfile[JwtIssuer]/OutputTokenFormat",
            "TechnicalProfile[JwtIssuer]/CryptographicKeys",
            "TechnicalProfile[JwtIssuer]/CryptographicKeys/Key[issuer_secret]",
            "TechnicalProfile[JwtIssuer]/CryptographicKeys/Key[issuer_refresh_token_key]",
        ),
        MISSING: (
            "TechnicalProfile[AAD-UserReadUsingObjectId]/OutputClaims",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/OutputClaims/OutputClaim[displayName]",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/OutputClaims/OutputClaim[givenName]",
            "TechnicalProfile[AAD-UserReadUsingObjectId]/OutputClaims/OutputClaim[surname]",
        ),
    },
    "Extensions": {
        UPLOAD: (
            "BasePolicy",
            "BasePolicy/PolicyId",
            "BuildingBlocks",
            "ClaimsSchema",
            "ClaimType[logonIdentifier]",
            "ClaimType[refreshTokenIssuedOnDateTime]",
            "ClaimType[refreshTokensValidFromDateTime]",
            "ClaimsTransformations",
            "ClaimsTransformation[CreateSubjectClaimFromObjectID]",
            "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]",
            "ClaimsProviders",
            "ClaimsProvider[Local Account SignIn]",
            "ClaimsProvider[Local Account SignIn]/TechnicalProfiles",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[logonIdentifier]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[password]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[grant_type]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/OutputClaims",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/OutputClaims/OutputClaim[objectId]",
            "ClaimsProvider[Azure Active Directory]",
            "ClaimsProvider[Azure Active Directory]/TechnicalProfiles",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]",
            "ClaimsProvider[Session Management]",
            "ClaimsProvider[Session Management]/TechnicalProfiles",
            "TechnicalProfile[SM-RefreshTokenReadAndSetup]",
            "TechnicalProfile[SM-RefreshTokenReadAndSetup]/OutputClaims",
            "TechnicalProfile[SM-RefreshTokenReadAndSetup]/OutputClaims/OutputClaim[objectId]",
            "UserJourneys",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationSteps",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[1]",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[1]/ClaimsExchanges",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[1]/ClaimsExchanges/ClaimsExchange[ResourceOwnerFlow]",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[3]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationSteps",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[1]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[1]/ClaimsExchanges",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[1]/ClaimsExchanges/ClaimsExchange[RefreshTokenSetupExchange]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[3]",
        ),
        INTERNAL: (
            "ClaimsTransformation[CreateSubjectClaimFromObjectID]/InputParameters",
            "ClaimsTransformation[CreateSubjectClaimFromObjectID]/InputParameters/InputParameter[value]",
            "ClaimsTransformation[CreateSubjectClaimFromObjectID]/OutputClaims",
            "ClaimsTransformation[CreateSubjectClaimFromObjectID]/OutputClaims/OutputClaim[sub]",
            "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]/InputClaims",
            "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]/InputClaims/InputClaim[refreshTokenIssuedOnDateTime]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/Protocol",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/Metadata",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/Metadata/Item[METADATA]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/Metadata/Item[authorization_endpoint]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/OutputClaimsTransformations",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/OutputClaimsTransformations/OutputClaimsTransformation[CreateSubjectClaimFromObjectID]",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/Metadata",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/Metadata/Item[Operation]",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/InputClaims",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/InputClaims/InputClaim[objectId]",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/OutputClaimsTransformations",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/OutputClaimsTransformations/OutputClaimsTransformation[CreateSubjectClaimFromObjectID]",
            "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]/IncludeTechnicalProfile[AAD-Common]",
            "TechnicalProfile[SM-RefreshTokenReadAndSetup]/Protocol",
            "TechnicalProfile[SM-RefreshTokenReadAndSetup]/OutputClaims/OutputClaim[refreshTokenIssuedOnDateTime]",
            "UserJourney[ResourceOwnerPasswordCredentials]",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[2]/ClaimsExchanges",
            "UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[2]/ClaimsExchanges/ClaimsExchange[AADUserReadWithObjectId]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[2]",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[2]/ClaimsExchanges",
            "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/OrchestrationStep[2]/ClaimsExchanges/ClaimsExchange[CheckRefreshTokenDateFromAadExchange]",
        ),
        "AADB2C90129": (
            "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]/InputParameters",
            "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]/InputParameters/InputParameter[AssertIfRightOperandIsNotPresent]",
        ),
        "AADB2C90225": (
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[nca]",
        ),
        "AADB2C90285": (
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[client_id]",
            "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]/InputClaims/InputClaim[resource_id]",
        ),
        MISSING: ("UserJourney[ResourceOwnerPasswordCredentials]/OrchestrationStep[2]",),
    },
    "ROPC_Auth": {
        UPLOAD: (
            "BasePolicy",
            "BasePolicy/PolicyId",
            "RelyingParty/DefaultUserJourney[ResourceOwnerPasswordCredentials]",
            "RelyingParty/TechnicalProfile[PolicyProfile]",
        ),
        "AADB2C90031": ("RelyingParty",),
        INTERNAL: (
            "RelyingParty/TechnicalProfile[PolicyProfile]/Protocol",
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims",
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims/OutputClaim[sub]",
        ),
        MISSING: (
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims/OutputClaim[objectId]",
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims/OutputClaim[displayName]",
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims/OutputClaim[givenName]",
            "RelyingParty/TechnicalProfile[PolicyProfile]/OutputClaims/OutputClaim[surname]",
        ),
    },
}
"""Policy -> code -> elements."""

_PASSWORD = "TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]"
_READ = "TechnicalProfile[AAD-UserReadUsingObjectId]"
_CHECK = "TechnicalProfile[AAD-UserReadUsingObjectId-CheckRefreshTokenDate]"
_ASSERT = "ClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]"
_NOOP = "UseTechnicalProfileForSessionManagement[SM-Noop]"

HARMLESS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Base": {
        "the directory's profiles sign nothing": (
            "TechnicalProfile[AAD-Common]/CryptographicKeys",
            "TechnicalProfile[AAD-Common]/CryptographicKeys/Key[issuer_secret]",
        ),
        "the password grant keeps no session": (
            "TechnicalProfile[AAD-Common]/IncludeInSso",
            f"TechnicalProfile[AAD-Common]/{_NOOP}",
            f"{_READ}/IncludeInSso",
            f"TechnicalProfile[JwtIssuer]/{_NOOP}",
        ),
        "the account has just been found by its password": (
            f"{_READ}/Metadata/Item[RaiseErrorIfClaimsPrincipalDoesNotExist]",
        ),
        "objectId is the identity claim that the page recommends; the others shape the answer": (
            "TechnicalProfile[JwtIssuer]/Metadata",
            "TechnicalProfile[JwtIssuer]/Metadata/Item[client_id]",
            (
                "TechnicalProfile[JwtIssuer]/Metadata/"
                "Item[issuer_refresh_token_user_identity_claim_type]"
            ),
            "TechnicalProfile[JwtIssuer]/Metadata/Item[SendTokenResponseBodyWithJsonNumbers]",
        ),
    },
    "Extensions": {
        "a base policy is looked for in the policy's own tenant": ("BasePolicy/TenantId",),
        "nobody's sessions were revoked: the checks of that stop nobody who signs in": (
            f"{_ASSERT}/InputClaims/InputClaim[refreshTokensValidFromDateTime]",
            f"{_ASSERT}/InputParameters/InputParameter[AssertIfEqualTo]",
            f"{_CHECK}/Metadata/Item[RaiseErrorIfClaimsPrincipalDoesNotExist]",
            f"{_CHECK}/OutputClaims/OutputClaim[refreshTokensValidFromDateTime]",
            (
                f"{_CHECK}/OutputClaimsTransformations/"
                "OutputClaimsTransformation[AssertRefreshTokenIssuedLaterThanValidFromDate]"
            ),
        ),
        "a refreshed token may say less than the first one": (
            f"{_CHECK}/OutputClaims",
            f"{_CHECK}/OutputClaims/OutputClaim[objectId]",
            f"{_CHECK}/OutputClaims/OutputClaim[displayName]",
            f"{_CHECK}/OutputClaims/OutputClaim[givenName]",
            f"{_CHECK}/OutputClaims/OutputClaim[surname]",
        ),
        "what users read when they are refused": (
            f"{_PASSWORD}/Metadata/Item[UserMessageIfClaimsPrincipalDoesNotExist]",
            f"{_PASSWORD}/Metadata/Item[UserMessageIfInvalidPassword]",
            f"{_PASSWORD}/Metadata/Item[UserMessageIfOldPasswordUsed]",
        ),
        "optional metadata by the page openid-connect-technical-profile": (
            f"{_PASSWORD}/Metadata/Item[DiscoverMetadataByTokenIssuer]",
            f"{_PASSWORD}/Metadata/Item[ValidTokenIssuerPrefixes]",
            f"{_PASSWORD}/Metadata/Item[response_types]",
            f"{_PASSWORD}/Metadata/Item[response_mode]",
            f"{_PASSWORD}/Metadata/Item[scope]",
            f"{_PASSWORD}/InputClaims/InputClaim[scope]",
        ),
        "the input claim of this name sends it; the item only chooses the texts of refusals": (
            f"{_PASSWORD}/Metadata/Item[grant_type]",
        ),
        "no later step and no token reads it": (
            f"{_PASSWORD}/OutputClaims/OutputClaim[userPrincipalName]",
        ),
        "the password grant keeps no session": (f"{_PASSWORD}/{_NOOP}",),
        "the relying party's endpoint names the same refresh journey": (
            "ClaimsProvider[Token Issuer]",
            "ClaimsProvider[Token Issuer]/TechnicalProfiles",
            "TechnicalProfile[JwtIssuer]",
            "TechnicalProfile[JwtIssuer]/Metadata",
            "TechnicalProfile[JwtIssuer]/Metadata/Item[RefreshTokenUserJourneyId]",
        ),
        "only a relying party that speaks SAML preserves an assertion": (
            "UserJourney[ResourceOwnerPasswordCredentials]/PreserveOriginalAssertion",
            (
                "UserJourney[ResourceOwnerPasswordCredentials-RedeemRefreshToken]/"
                "PreserveOriginalAssertion"
            ),
        ),
    },
    "ROPC_Auth": {
        "a base policy is looked for in the policy's own tenant": ("BasePolicy/TenantId",),
        "the issuer names the same refresh journey": (
            "RelyingParty/Endpoints",
            "RelyingParty/Endpoints/Endpoint[Token]",
        ),
        "sub is the subject's usual claim": (
            "RelyingParty/TechnicalProfile[PolicyProfile]/SubjectNamingInfo",
        ),
    },
}
"""Policy -> why no sign-in notices -> elements."""
