"""The order of elements that the service's schema asks for, as data; must not check anything.

Facts of TrustFrameworkPolicy_0.3.0.0.xsd and of azure-docs#99326, #85661, #73324. `*` marks an
element that may come again. A name that means different things is written with its parent.
"""

from __future__ import annotations

from collections.abc import Mapping

_TECHNICAL_PROFILE = (
    "Domains Domain DisplayName Description Protocol InputTokenFormat OutputTokenFormat "
    "AssuranceLevelOfOutputClaims RequiredAssuranceLevelsOfInputClaims "
    "SubjectAuthenticationRequirements Metadata CryptographicKeys Suppressions PreferredBinding "
    "IncludeInSso InputTokenSources InputClaimsTransformations* InputClaims DisplayClaims "
    "PersistedClaims OutputClaims OutputClaimsTransformations* ValidationTechnicalProfiles* "
    "SubjectNamingInfo Extensions IncludeClaimsFromTechnicalProfile IncludeTechnicalProfile "
    "UseTechnicalProfileForSessionManagement ErrorHandlers EnabledForUserJourneys"
)

_SEQUENCES: Mapping[str, str] = {
    "TrustFrameworkPolicy": (
        "BasePolicy PolicyConstraints Contacts DocumentReferences BuildingBlocks ClaimsProviders "
        "UserJourneys SubJourneys RelyingParty"
    ),
    "BasePolicy": "TenantId PolicyId",
    "BuildingBlocks": (
        "ClaimsSchema Predicates InputValidations PredicateValidations ClaimsTransformations "
        "ClientDefinitions ContentDefinitions Localization DisplayControls"
    ),
    "ClaimsSchema": "ClaimType*",
    "ClaimType": (
        "DisplayName DataType DefaultPartnerClaimTypes* Mask AdminHelpText UserHelpText "
        "UserInputType Restriction InputValidationReference PredicateValidationReference"
    ),
    "DefaultPartnerClaimTypes": "Protocol*",
    "Restriction": "Enumeration* Pattern",
    "Predicates": "Predicate*",
    "Predicate": "UserHelpText Parameters",
    "InputValidations": "InputValidation*",
    "InputValidation": "PredicateReferences*",
    "PredicateValidations": "PredicateValidation*",
    "PredicateValidation": "PredicateGroups*",
    "PredicateGroups": "PredicateGroup*",
    "PredicateGroup": "UserHelpText PredicateReferences*",
    "PredicateReferences": "PredicateReference*",
    "ClaimsTransformations": "ClaimsTransformation*",
    "ClaimsTransformation": "InputClaims InputParameters OutputClaims",
    "InputParameters": "InputParameter*",
    "ContentDefinitions": "ContentDefinition*",
    "ContentDefinition": "LoadUri RecoveryUri DataUri Metadata LocalizedResourcesReferences",
    "LocalizedResourcesReferences": "LocalizedResourcesReference*",
    "Localization": "SupportedLanguages LocalizedResources*",
    "SupportedLanguages": "SupportedLanguage*",
    "LocalizedResources": "LocalizedCollections LocalizedStrings",
    "LocalizedCollections": "LocalizedCollection*",
    "LocalizedStrings": "LocalizedString*",
    "DisplayControls": "DisplayControl*",
    "DisplayControl": "InputClaims DisplayClaims OutputClaims Actions",
    "Actions": "Action*",
    "Actions/Action": "ValidationClaimsExchange",
    "ValidationClaimsExchange": "ValidationClaimsExchangeTechnicalProfile*",
    "ClaimsProviders": "ClaimsProvider*",
    "ClaimsProvider": "Domains Domain DisplayName TechnicalProfiles",
    "Domains": "Domain*",
    "TechnicalProfiles": "TechnicalProfile*",
    "TechnicalProfiles/TechnicalProfile": _TECHNICAL_PROFILE,
    "RelyingParty/TechnicalProfile": _TECHNICAL_PROFILE,
    "Metadata": "Item*",
    "CryptographicKeys": "Key*",
    "InputTokenSources": "TechnicalProfile*",
    "InputClaimsTransformations": "InputClaimsTransformation*",
    "InputClaims": "InputClaim*",
    "DisplayClaims": "DisplayClaim*",
    "PersistedClaims": "PersistedClaim*",
    "OutputClaims": "OutputClaim*",
    "OutputClaimsTransformations": "OutputClaimsTransformation*",
    "ValidationTechnicalProfiles": "ValidationTechnicalProfile*",
    "ValidationTechnicalProfile": "Preconditions*",
    "UserJourneys": "UserJourney*",
    "UserJourney": (
        "AssuranceLevel PreserveOriginalAssertion Authorization OrchestrationSteps "
        "ClientDefinition CryptographicKeys"
    ),
    "Authorization": "AuthorizationTechnicalProfiles",
    "AuthorizationTechnicalProfiles": "AuthorizationTechnicalProfile*",
    "SubJourneys": "SubJourney*",
    "SubJourney": "OrchestrationSteps",
    "OrchestrationSteps": "OrchestrationStep*",
    "OrchestrationStep": "Preconditions* ClaimsProviderSelections* ClaimsExchanges* JourneyList*",
    "Preconditions": "Precondition*",
    "Precondition": "Value* Action*",
    "ClaimsProviderSelections": "ClaimsProviderSelection*",
    "ClaimsExchanges": "ClaimsExchange*",
    "JourneyList": "Candidate*",
    "RelyingParty": "DefaultUserJourney Endpoints UserJourneyBehaviors TechnicalProfile*",
    "Endpoints": "Endpoint*",
    "UserJourneyBehaviors": (
        "SingleSignOn SessionExpiryType SessionExpiryInSeconds AzureApplicationInsights "
        "JourneyInsights ContentDefinitionParameters JourneyFraming ScriptExecution OnError"
    ),
    "ContentDefinitionParameters": "Parameter*",
}

EMPTY = frozenset(
    {
        "DefaultUserJourney",
        "Endpoint",
        "IncludeTechnicalProfile",
        "UseTechnicalProfileForSessionManagement",
        "SubjectNamingInfo",
        "ClaimsExchange",
        "ClaimsProviderSelection",
        "Candidate",
        "Key",
        "PersistedClaim",
        "InputClaimsTransformation",
        "OutputClaimsTransformation",
        "PredicateReference",
        "PredicateValidationReference",
        "InputValidationReference",
        "InputParameter",
        "Pattern",
        "SingleSignOn",
        "JourneyInsights",
        "AzureApplicationInsights",
    }
)
"""Elements that hold nothing at all."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "TrustFrameworkPolicy": ("PolicySchemaVersion", "TenantId", "PolicyId", "PublicPolicyUri"),
    "ClaimType": ("Id",),
    "ClaimsTransformation": ("Id", "TransformationMethod"),
    "ContentDefinition": ("Id",),
    "DisplayControl": ("Id", "UserInterfaceControlType"),
    "TechnicalProfile": ("Id",),
    "Metadata/Item": ("Key",),
    "CryptographicKeys/Key": ("Id", "StorageReferenceId"),
    "OutputClaim": ("ClaimTypeReferenceId",),
    "PersistedClaim": ("ClaimTypeReferenceId",),
    "InputClaimsTransformation": ("ReferenceId",),
    "OutputClaimsTransformation": ("ReferenceId",),
    "ValidationTechnicalProfile": ("ReferenceId",),
    "IncludeTechnicalProfile": ("ReferenceId",),
    "UseTechnicalProfileForSessionManagement": ("ReferenceId",),
    "UserJourney": ("Id",),
    "SubJourney": ("Id", "Type"),
    "OrchestrationStep": ("Order", "Type"),
    "ClaimsExchange": ("Id", "TechnicalProfileReferenceId"),
    "Precondition": ("Type", "ExecuteActionsIf"),
    "DefaultUserJourney": ("ReferenceId",),
    "Endpoint": ("Id", "UserJourneyReferenceId"),
}
"""Attributes that must be there."""

UNIQUE: Mapping[str, tuple[str, str, str]] = {
    "ClaimsProviders": ("TechnicalProfile", "Id", "UniqueTechnicalProfileId"),
    "UserJourneys": ("UserJourney", "Id", "UniqueUserJourneyId"),
    "SubJourneys": ("SubJourney", "Id", "UniqueSubJourney"),
    "Endpoints": ("Endpoint", "Id", "UniqueEndpoint"),
    "ClaimsSchema": ("ClaimType", "Id", "UniqueClaimTypeId"),
    "ClaimsTransformations": ("ClaimsTransformation", "Id", "UniqueClaimsTransformationId"),
    "ContentDefinitions": ("ContentDefinition", "Id", "UniqueContentDefinitionId"),
    "OrchestrationSteps": ("OrchestrationStep", "Order", "UniqueOrchestrationStepOrder"),
}
"""Inside the element: which descendant's attribute must not come twice, and the key's name."""


def children(parent: str, name: str) -> tuple[str, ...] | None:
    """The elements that one may hold, in order, with their stars; None when unlimited."""
    text = _SEQUENCES.get(f"{parent}/{name}", _SEQUENCES.get(name))
    if f"{parent}/{name}" == "InputTokenSources/TechnicalProfile":
        text = None
    return None if text is None else tuple(text.split())


def required(parent: str, name: str) -> tuple[str, ...]:
    """The attributes that one must have."""
    return REQUIRED.get(f"{parent}/{name}", REQUIRED.get(name, ()))
