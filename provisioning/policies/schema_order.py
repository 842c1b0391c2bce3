"""The order of elements and the attributes they need, as a table. Must not look at documents.

Written from the element sequences that the policy schema 0.3.0.0 enforces (trust-framework-policy
reference, azure-docs#85661 for UserJourneyBehaviors). An element's name is looked up with its
parent's first, because some names mean different things: `UserJourney/ClientDefinition` is a
reference, `ClientDefinition` a definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# name, @required attributes, : children in order; `*` marks those that may repeat.
_TABLE: Final = """
TrustFrameworkPolicy @PolicySchemaVersion @TenantId @PolicyId @PublicPolicyUri : BasePolicy
 PolicyConstraints Contacts DocumentReferences BuildingBlocks ClaimsProviders UserJourneys
 SubJourneys RelyingParty
BasePolicy : TenantId PolicyId
PolicyConstraints : Inheritance RerouteRules
Inheritance @DerivingPolicies : Tenants ConstraintHandler
Tenants : Tenant*
Tenant @ReferenceId :
ConstraintHandler @Id @Handler :
RerouteRules @Type : RerouteRule*
RerouteRule @PolicyId :
Contacts : Contact*
Contact @Id : DisplayName TelephoneNumber Email Role
DocumentReferences : DocumentReference*
DocumentReference @Id : DisplayName Url

BuildingBlocks : ClaimsSchema Predicates InputValidations PredicateValidations
 ClaimsTransformations ClientDefinitions ContentDefinitions Localization DisplayControls
ClaimsSchema : ClaimType*
ClaimType @Id : DisplayName DataType DefaultPartnerClaimTypes* Mask AdminHelpText UserHelpText
 UserInputType Restriction InputValidationReference PredicateValidationReference
DefaultPartnerClaimTypes : Protocol*
DefaultPartnerClaimTypes/Protocol @Name @PartnerClaimType :
Mask @Type
Restriction : Enumeration* Pattern
Enumeration @Text @Value
Pattern @RegularExpression :
InputValidationReference @Id :
PredicateValidationReference @Id :
Predicates : Predicate*
Predicate @Id @Method : UserHelpText Parameters
Parameters : Parameter*
Parameter @Id
InputValidations : InputValidation*
InputValidation @Id : PredicateReferences*
PredicateReferences : PredicateReference*
PredicateReference @Id :
PredicateValidations : PredicateValidation*
PredicateValidation @Id : PredicateGroups*
PredicateGroups : PredicateGroup*
PredicateGroup @Id : UserHelpText PredicateReferences*
ClaimsTransformations : ClaimsTransformation*
ClaimsTransformation @Id @TransformationMethod : InputClaims InputParameters OutputClaims
InputParameters : InputParameter*
InputParameter @Id @DataType @Value :
ClientDefinitions : ClientDefinition*
ClientDefinition @Id : ClientUIFilterFlags
ContentDefinitions : ContentDefinition*
ContentDefinition @Id : LoadUri RecoveryUri DataUri Metadata LocalizedResourcesReferences
LocalizedResourcesReferences : LocalizedResourcesReference*
LocalizedResourcesReference @Language :
Localization : SupportedLanguages LocalizedResources*
SupportedLanguages : SupportedLanguage*
LocalizedResources : LocalizedCollections LocalizedStrings
LocalizedCollections : LocalizedCollection*
LocalizedCollection @ElementType @ElementId @TargetCollection : Item*
LocalizedCollection/Item @Text @Value
LocalizedStrings : LocalizedString*
LocalizedString @ElementType @StringId
DisplayControls : DisplayControl*
DisplayControl @Id @UserInterfaceControlType : InputClaims DisplayClaims OutputClaims Actions
Actions : Action*
Actions/Action @Id : ValidationClaimsExchange
ValidationClaimsExchange : ValidationClaimsExchangeTechnicalProfile*
ValidationClaimsExchangeTechnicalProfile @TechnicalProfileReferenceId : Preconditions*

ClaimsProviders : ClaimsProvider*
ClaimsProvider : Domains Domain DisplayName TechnicalProfiles
Domains : Domain*
TechnicalProfiles : TechnicalProfile*
TechnicalProfile @Id : Domains Domain DisplayName Description Protocol InputTokenFormat
 OutputTokenFormat AssuranceLevelOfOutputClaims RequiredAssuranceLevelsOfInputClaims
 SubjectAuthenticationRequirements Metadata CryptographicKeys Suppressions PreferredBinding
 IncludeInSso InputTokenSources InputClaimsTransformations* InputClaims DisplayClaims
 PersistedClaims OutputClaims OutputClaimsTransformations* ValidationTechnicalProfiles*
 SubjectNamingInfo Extensions IncludeClaimsFromTechnicalProfile IncludeTechnicalProfile
 UseTechnicalProfileForSessionManagement ErrorHandlers EnabledForUserJourneys
InputTokenSources : TechnicalProfile*
InputTokenSources/TechnicalProfile @Id :
Protocol @Name :
RequiredAssuranceLevelsOfInputClaims : RequiredAssuranceLevelOfInputClaims*
SubjectAuthenticationRequirements @TimeToLive :
Metadata : Item*
Metadata/Item @Key
Suppressions : Item*
Suppressions/Item @Key @Value :
CryptographicKeys : Key*
Key @Id @StorageReferenceId :
InputClaimsTransformations : InputClaimsTransformation*
InputClaimsTransformation @ReferenceId :
OutputClaimsTransformations : OutputClaimsTransformation*
OutputClaimsTransformation @ReferenceId :
InputClaims : InputClaim*
InputClaim @ClaimTypeReferenceId : From*
From @TechnicalProfileReferenceId :
OutputClaims : OutputClaim*
OutputClaim @ClaimTypeReferenceId : From*
PersistedClaims : PersistedClaim*
PersistedClaim @ClaimTypeReferenceId :
DisplayClaims : DisplayClaim*
DisplayClaim :
ValidationTechnicalProfiles : ValidationTechnicalProfile*
ValidationTechnicalProfile @ReferenceId : Preconditions*
SubjectNamingInfo @ClaimType :
Extensions : ?
IncludeTechnicalProfile @ReferenceId :
UseTechnicalProfileForSessionManagement @ReferenceId :
ErrorHandlers : ErrorHandler*
ErrorHandler : ErrorResponseFormat ResponseMatch Action AdditionalRequestParameters*
AdditionalRequestParameters @Key

UserJourneys : UserJourney*
UserJourney @Id : AssuranceLevel PreserveOriginalAssertion Authorization OrchestrationSteps
 ClientDefinition CryptographicKeys
UserJourney/ClientDefinition :
Authorization : AuthorizationTechnicalProfiles
AuthorizationTechnicalProfiles : AuthorizationTechnicalProfile*
AuthorizationTechnicalProfile @ReferenceId :
OrchestrationSteps : OrchestrationStep*
OrchestrationStep @Order @Type : Preconditions* ClaimsProviderSelections* ClaimsExchanges*
 JourneyList*
Preconditions : Precondition*
Precondition @Type @ExecuteActionsIf : Value* Action*
ClaimsProviderSelections : ClaimsProviderSelection*
ClaimsProviderSelection :
ClaimsExchanges : ClaimsExchange*
ClaimsExchange @Id @TechnicalProfileReferenceId :
JourneyList : Candidate*
Candidate @SubJourneyReferenceId :
SubJourneys : SubJourney*
SubJourney @Id @Type : OrchestrationSteps

RelyingParty : DefaultUserJourney Endpoints UserJourneyBehaviors TechnicalProfile*
DefaultUserJourney @ReferenceId :
Endpoints : Endpoint*
Endpoint @Id @UserJourneyReferenceId :
UserJourneyBehaviors : SingleSignOn SessionExpiryType SessionExpiryInSeconds
 AzureApplicationInsights JourneyInsights ContentDefinitionParameters JourneyFraming
 ScriptExecution OnError
SingleSignOn @Scope :
AzureApplicationInsights @InstrumentationKey :
JourneyInsights @InstrumentationKey @TelemetryEngine :
ContentDefinitionParameters : Parameter*
ContentDefinitionParameters/Parameter @Name
JourneyFraming @Enabled @Sources :
OnError @Mode :
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand in an element."""

    attributes: tuple[str, ...] = ()
    """Required ones."""
    children: tuple[str, ...] = ()
    repeatable: frozenset[str] = frozenset()
    text: bool = True
    """Whether it may hold text; an element with children or none at all may not."""
    open: bool = False
    """Anything may stand in it."""

    def rank(self, child: str) -> int | None:
        """Return a child's place in the sequence, None when it does not belong here."""
        return self.children.index(child) if child in self.children else None


def _read(table: str) -> dict[str, Shape]:
    rows: list[list[str]] = []
    for line in filter(None, table.splitlines()):
        if line.startswith(" "):
            rows[-1] += line.split()
        else:
            rows.append(line.split())
    return {row[0]: _shape(row[1:]) for row in rows}


def _shape(words: list[str]) -> Shape:
    attributes = tuple(word[1:] for word in words if word.startswith("@"))
    if ":" not in words:
        return Shape(attributes)
    names = words[words.index(":") + 1 :]
    if names == ["?"]:
        return Shape(attributes, open=True)
    children = tuple(name.rstrip("*") for name in names)
    repeatable = frozenset(name.rstrip("*") for name in names if name.endswith("*"))
    return Shape(attributes, children, repeatable, text=False)


SHAPES: Final = _read(_TABLE)
LEAF: Final = Shape()
"""An element with text and nothing else."""

NAMES: Final = frozenset(
    {name.rpartition("/")[2] for name in SHAPES}
    | {child for shape in SHAPES.values() for child in shape.children}
)
"""Every element name that the schema knows anywhere."""


def shape(name: str, parent: str = "") -> Shape:
    """Return the shape of an element, of `LEAF` when the table has no row for it."""
    return SHAPES.get(f"{parent}/{name}") or SHAPES.get(name) or LEAF
