"""A small policy set of our own: base, extensions, sign-in, and ways to bend it."""

from __future__ import annotations

from pathlib import Path

from provisioning.core.model import Address, Finding, Ref, Tenant, TenantType
from provisioning.policies import build, document, lint
from provisioning.policies.build import PolicySet
from provisioning.policies.document import Document
from provisioning.policies.overlays import Overlay
from provisioning.policies.settings import Settings, SettingValue

NAMESPACE = "http://schemas.microsoft.com/online/cpim/schemas/2013/06"
TENANT = Tenant("contoso.onmicrosoft.com", TenantType.B2C)
IEF = Ref(Address("application", "ief"), "appId")
PROXY = Ref(Address("application", "ief_proxy"), "appId")
APPLICATIONS: dict[str, SettingValue] = {
    "IdentityExperienceFrameworkAppId": IEF,
    "ProxyIdentityExperienceFrameworkAppId": PROXY,
}

STARTER_PACK = Path(__file__).parents[3] / "shared" / "data" / "starterpack"
"""Microsoft's policies and schema, where they lie beside the project; never part of it."""


def policy(name: str, body: str = "", base: str = "", attributes: str = "") -> str:
    """Return a policy `B2C_1A_<name>` of one tenant."""
    inherits = (
        "<BasePolicy><TenantId>contoso.onmicrosoft.com</TenantId>"
        f"<PolicyId>B2C_1A_{base}</PolicyId></BasePolicy>"
        if base
        else ""
    )
    return (
        f'<TrustFrameworkPolicy xmlns="{NAMESPACE}" PolicySchemaVersion="0.3.0.0" '
        f'TenantId="contoso.onmicrosoft.com" PolicyId="B2C_1A_{name}" '
        f'PublicPolicyUri="http://contoso.onmicrosoft.com/B2C_1A_{name}"{attributes}>'
        f"{inherits}{body}</TrustFrameworkPolicy>"
    )


def claims(*names: str) -> str:
    """Return claim types of data type string."""
    return "".join(
        f'<ClaimType Id="{name}"><DisplayName>{name}</DisplayName>'
        "<DataType>string</DataType></ClaimType>\n"
        for name in names
    )


def profile(name: str, body: str = "") -> str:
    """Return a technical profile."""
    return f'<TechnicalProfile Id="{name}">{body}</TechnicalProfile>\n'


def provider(name: str, *profiles: str) -> str:
    """Return a claims provider."""
    return (
        f"<ClaimsProvider><DisplayName>{name}</DisplayName>\n<TechnicalProfiles>\n"
        f"{''.join(profiles)}</TechnicalProfiles></ClaimsProvider>\n"
    )


def outputs(*names: str) -> str:
    """Return output claims."""
    inner = "".join(f'<OutputClaim ClaimTypeReferenceId="{name}" />' for name in names)
    return f"<OutputClaims>{inner}</OutputClaims>"


def exchange(order: int, *profiles: str) -> str:
    """Return a ClaimsExchange step."""
    inner = "".join(
        f'<ClaimsExchange Id="E{order}{name}" TechnicalProfileReferenceId="{name}" />'
        for name in profiles
    )
    return (
        f'<OrchestrationStep Order="{order}" Type="ClaimsExchange">'
        f"<ClaimsExchanges>{inner}</ClaimsExchanges></OrchestrationStep>\n"
    )


def send(order: int, issuer: str = "JwtIssuer") -> str:
    """Return a SendClaims step."""
    return (
        f'<OrchestrationStep Order="{order}" Type="SendClaims" '
        f'CpimIssuerTechnicalProfileReferenceId="{issuer}" />\n'
    )


def journey(name: str, *steps: str) -> str:
    """Return a user journey."""
    inner = f"<OrchestrationSteps>{''.join(steps)}</OrchestrationSteps>"
    return f'<UserJourney Id="{name}">{inner}</UserJourney>\n'


BASE = policy(
    "Base",
    "<BuildingBlocks><ClaimsSchema>\n"
    + claims(
        *("objectId", "signInName", "password", "userPrincipalName", "sub"),
        *("displayName", "givenName", "surname", "grant_type"),
        *("refreshTokenIssuedOnDateTime", "refreshTokensValidFromDateTime"),
    )
    + "</ClaimsSchema>"
    '<ContentDefinitions><ContentDefinition Id="page.signin">'
    "<LoadUri>~/tenant/templates/AzureBlue/unified.cshtml</LoadUri></ContentDefinition>"
    "</ContentDefinitions></BuildingBlocks>\n"
    "<ClaimsProviders>\n"
    + provider(
        "Directory",
        profile(
            "AAD-Common",
            '<Protocol Name="Proprietary" Handler="Directory" />'
            '<CryptographicKeys><Key Id="issuer_secret" '
            'StorageReferenceId="B2C_1A_TokenSigningKeyContainer" /></CryptographicKeys>'
            '<UseTechnicalProfileForSessionManagement ReferenceId="SM-Noop" />',
        ),
        profile(
            "AAD-UserReadUsingObjectId",
            '<Metadata><Item Key="Operation">Read</Item></Metadata>'
            '<InputClaims><InputClaim ClaimTypeReferenceId="objectId" /></InputClaims>'
            + outputs("displayName", "givenName", "surname")
            + '<IncludeTechnicalProfile ReferenceId="AAD-Common" />',
        ),
    )
    + provider("Session Management", profile("SM-Noop", '<Protocol Name="Proprietary" />'))
    + provider(
        "Page",
        profile(
            "Page-SignIn",
            '<Metadata><Item Key="ContentDefinitionReferenceId">page.signin</Item></Metadata>'
            + outputs("signInName", "password", "objectId")
            + '<ValidationTechnicalProfiles><ValidationTechnicalProfile ReferenceId="Login" />'
            "</ValidationTechnicalProfiles>",
        ),
    )
    + provider(
        "Local Account SignIn",
        profile(
            "Login",
            '<Protocol Name="OpenIdConnect" />'
            '<Metadata><Item Key="grant_type">password</Item></Metadata>'
            '<InputClaims><InputClaim ClaimTypeReferenceId="signInName" '
            'PartnerClaimType="username" /><InputClaim ClaimTypeReferenceId="password" />'
            '<InputClaim ClaimTypeReferenceId="grant_type" DefaultValue="password" />'
            "</InputClaims>" + outputs("objectId", "userPrincipalName"),
        ),
    )
    + provider(
        "Token Issuer",
        profile(
            "JwtIssuer",
            '<Protocol Name="OpenIdConnect" /><OutputTokenFormat>JWT</OutputTokenFormat>'
            '<Metadata><Item Key="client_id">{service:te}</Item></Metadata>'
            '<CryptographicKeys><Key Id="issuer_secret" '
            'StorageReferenceId="B2C_1A_TokenSigningKeyContainer" /><Key '
            'Id="issuer_refresh_token_key" '
            'StorageReferenceId="B2C_1A_TokenEncryptionKeyContainer" /></CryptographicKeys>',
        ),
    )
    + "</ClaimsProviders>\n<UserJourneys>\n"
    + journey(
        "SignIn", exchange(1, "Page-SignIn"), exchange(2, "AAD-UserReadUsingObjectId"), send(3)
    )
    + "</UserJourneys>",
)
EXTENSIONS = policy(
    "Extensions", "<BuildingBlocks>\n</BuildingBlocks>\n<!-- nothing yet -->", base="Base"
)
SIGN_IN = policy(
    "SignIn",
    '<RelyingParty><DefaultUserJourney ReferenceId="SignIn" />'
    '<TechnicalProfile Id="PolicyProfile"><DisplayName>PolicyProfile</DisplayName>'
    '<Protocol Name="OpenIdConnect" />' + outputs("displayName") + "<SubjectNamingInfo "
    'ClaimType="sub" /></TechnicalProfile></RelyingParty>',
    base="Extensions",
)
PROFILE_EDIT = SIGN_IN.replace("B2C_1A_SignIn", "B2C_1A_ProfileEdit")


def read(text: str, file: str = "policy.xml") -> Document:
    """Parse a policy that has to be readable."""
    found = document.parse(text.encode(), file)
    assert found.sound, found.findings
    return found


def small_set() -> tuple[Document, ...]:
    """Return base, extensions and two relying parties."""
    return (
        read(PROFILE_EDIT, "policies/ProfileEdit.xml"),
        read(SIGN_IN, "policies/SignIn.xml"),
        read(EXTENSIONS, "policies/Extensions.xml"),
        read(BASE, "policies/Base.xml"),
    )


def settings(**values: SettingValue) -> Settings:
    """Return settings with both application ids."""
    return Settings(TENANT.domain, {**APPLICATIONS, **values})


def built(*documents: Document, apply: tuple[Overlay, ...] = ()) -> PolicySet:
    """Build a set for the tenant of the samples."""
    return build.policy_set(documents, settings=settings(), tenant=TENANT, apply=apply)


def rules(*texts: str) -> list[str]:
    """Return the rules that a set offends, in the order of lint."""
    documents = [read(text, f"{number}.xml") for number, text in enumerate(texts)]
    return [finding.rule for finding in lint.lint(documents)]


def brief(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Return (place, rule) of findings."""
    return [(str(finding.place), finding.rule) for finding in findings]
