"""Policies of our own and the ways to send them; must not assert anything."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
from sandbox_world import DOMAIN, World, world

from provisioning.sandbox import Options

NAMESPACE = "http://schemas.microsoft.com/online/cpim/schemas/2013/06"
BETA = "https://graph.microsoft.com/beta"
FRAMEWORK = f"{BETA}/trustFramework"
XML = {"Content-Type": "application/xml"}
SIGNING, ENCRYPTION = "B2C_1A_TokenSigningKeyContainer", "B2C_1A_TokenEncryptionKeyContainer"


def policy(identity: str, body: str = "", *, base: str | None = None, tenant: str = DOMAIN) -> str:
    """A policy around some XML."""
    parent = (
        f"<BasePolicy><TenantId>{tenant}</TenantId><PolicyId>{base}</PolicyId></BasePolicy>"
        if base
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<TrustFrameworkPolicy xmlns="{NAMESPACE}" '
        f'PolicySchemaVersion="0.3.0.0" TenantId="{tenant}" PolicyId="{identity}" '
        f'PublicPolicyUri="http://{tenant}/{identity}">{parent}{body}</TrustFrameworkPolicy>'
    )


BASE = policy(
    "B2C_1A_Base",
    """
  <BuildingBlocks>
    <ClaimsSchema>
      <ClaimType Id="signInName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="password"><DataType>string</DataType></ClaimType>
      <ClaimType Id="grant_type"><DataType>string</DataType></ClaimType>
      <ClaimType Id="objectId"><DataType>string</DataType></ClaimType>
      <ClaimType Id="displayName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="surname"><DataType>string</DataType></ClaimType>
      <ClaimType Id="sub"><DataType>string</DataType></ClaimType>
      <ClaimType Id="tenantId"><DataType>string</DataType></ClaimType>
    </ClaimsSchema>
    <ClaimsTransformations>
      <ClaimsTransformation Id="MakeSubject" TransformationMethod="CopyClaim">
        <InputClaims>
          <InputClaim ClaimTypeReferenceId="objectId" TransformationClaimType="inputClaim" />
        </InputClaims>
        <OutputClaims>
          <OutputClaim ClaimTypeReferenceId="sub" TransformationClaimType="outputClaim" />
        </OutputClaims>
      </ClaimsTransformation>
    </ClaimsTransformations>
    <ContentDefinitions>
      <ContentDefinition Id="api.signin"><LoadUri>~/tenant/default</LoadUri></ContentDefinition>
    </ContentDefinitions>
  </BuildingBlocks>
  <ClaimsProviders>
    <ClaimsProvider>
      <DisplayName>Local accounts</DisplayName>
      <TechnicalProfiles>
        <TechnicalProfile Id="login-NonInteractive">
          <DisplayName>Sign in</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <Metadata><Item Key="client_id">an-application</Item></Metadata>
          <InputClaims>
            <InputClaim ClaimTypeReferenceId="signInName" Required="true" />
            <InputClaim ClaimTypeReferenceId="password" Required="true" />
          </InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="objectId" />
            <OutputClaim ClaimTypeReferenceId="surName" />
          </OutputClaims>
        </TechnicalProfile>
        <TechnicalProfile Id="Ask">
          <DisplayName>Ask</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.Providers.SelfAssertedAttributeProvider, Web.TPEngine" />
          <Metadata><Item Key="ContentDefinitionReferenceId">api.signin</Item></Metadata>
          <InputClaims>
            <InputClaim ClaimTypeReferenceId="signInName" Required="true" />
          </InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="signInName" Required="true" />
            <OutputClaim ClaimTypeReferenceId="password" Required="true" />
          </OutputClaims>
          <ValidationTechnicalProfiles>
            <ValidationTechnicalProfile ReferenceId="login-NonInteractive" />
          </ValidationTechnicalProfiles>
        </TechnicalProfile>
        <TechnicalProfile Id="Read">
          <DisplayName>Read</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.Providers.AzureActiveDirectoryProvider, Web.TPEngine" />
          <InputClaims><InputClaim ClaimTypeReferenceId="objectId" Required="true" /></InputClaims>
          <OutputClaims><OutputClaim ClaimTypeReferenceId="displayName" /></OutputClaims>
          <OutputClaimsTransformations>
            <OutputClaimsTransformation ReferenceId="MakeSubject" />
          </OutputClaimsTransformations>
        </TechnicalProfile>
        <TechnicalProfile Id="JwtIssuer">
          <DisplayName>Issuer</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <OutputTokenFormat>JWT</OutputTokenFormat>
          <CryptographicKeys>
            <Key Id="issuer_secret" StorageReferenceId="B2C_1A_TokenSigningKeyContainer" />
            <Key Id="refresh_key" StorageReferenceId="B2C_1A_TokenEncryptionKeyContainer" />
          </CryptographicKeys>
        </TechnicalProfile>
      </TechnicalProfiles>
    </ClaimsProvider>
  </ClaimsProviders>
  <UserJourneys>
    <UserJourney Id="SignIn">
      <OrchestrationSteps>
        <OrchestrationStep Order="1" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="AskThem" TechnicalProfileReferenceId="Ask" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="2" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="ReadThem" TechnicalProfileReferenceId="Read" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="3" Type="SendClaims"
          CpimIssuerTechnicalProfileReferenceId="JwtIssuer" />
      </OrchestrationSteps>
    </UserJourney>
  </UserJourneys>
""",
)
RELYING_PARTY = """
  <RelyingParty>
    <DefaultUserJourney ReferenceId="SignIn" />
    <TechnicalProfile Id="PolicyProfile">
      <DisplayName>PolicyProfile</DisplayName>
      <Protocol Name="OpenIdConnect" />
      <OutputClaims>
        <OutputClaim ClaimTypeReferenceId="displayName" />
        <OutputClaim ClaimTypeReferenceId="sub" />
        <OutputClaim ClaimTypeReferenceId="tenantId" DefaultValue="{Policy:TenantObjectId}" />
      </OutputClaims>
      <SubjectNamingInfo ClaimType="sub" />
    </TechnicalProfile>
  </RelyingParty>
"""
EXTENSIONS = policy("B2C_1A_Extensions", base="B2C_1A_Base")
SIGN_IN = policy("B2C_1A_SignIn", RELYING_PARTY, base="B2C_1A_Extensions")


@dataclass(frozen=True, slots=True)
class Framework:
    """A B2C tenant whose trust framework a test writes."""

    world: World

    @property
    def graph(self) -> httpx.AsyncClient:
        return self.world.graph

    async def put(self, text: str | bytes, identity: str | None = None) -> httpx.Response:
        """Upload a policy under its own id, or under another."""
        data = text.encode() if isinstance(text, str) else text
        name = identity or data.split(b'PolicyId="')[1].split(b'"')[0].decode()
        return await self.graph.put(
            f"{FRAMEWORK}/policies/{name}/$value", content=data, headers=XML
        )

    async def value(self, identity: str) -> httpx.Response:
        return await self.graph.get(f"{FRAMEWORK}/policies/{identity}/$value")

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """POST JSON below trustFramework."""
        return await self.graph.post(f"{FRAMEWORK}/{path}", json=body)

    async def get(self, path: str) -> httpx.Response:
        """GET below trustFramework."""
        return await self.graph.get(f"{FRAMEWORK}/{path}")

    def keys(self) -> None:
        """The two key sets that BASE refers to."""
        sets = [{"id": SIGNING}, {"id": ENCRYPTION}]
        self.world.box.seed(self.world.tenant.id, "keySets", sets)

    def store(self, *texts: str) -> None:
        """Policies that are there already, unchecked."""
        self.world.box.seed(self.world.tenant.id, "policies", texts)


@contextlib.asynccontextmanager
async def framework(
    options: Options | None = None, *, kind: str = "b2c", **more: Any
) -> AsyncIterator[Framework]:
    """A fresh B2C tenant that holds the two key sets and no policy."""
    async with world(options, kind=kind, **more) as opened:
        found = Framework(opened)
        found.keys()
        yield found


def changed(text: str, old: str, new: str) -> str:
    """A policy with one spot changed; the spot must be there."""
    if text.count(old) < 1:
        raise AssertionError(f"not in the policy: {old}")
    return text.replace(old, new)


def texts(response: httpx.Response) -> str:
    """What a validation message says behind its head."""
    message = str(response.json()["error"]["message"])
    head, mark, rest = message.partition(f'of tenant "{DOMAIN}".')
    if not (head.startswith("Validation failed: ") and mark):
        raise AssertionError(message)
    return rest
