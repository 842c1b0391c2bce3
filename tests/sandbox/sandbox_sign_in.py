"""A B2C tenant where one user can sign in by a custom policy; must not assert anything."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from sandbox_framework import ENCRYPTION, SIGNING, changed, policy
from sandbox_world import DOMAIN, SCOPE_ID, Json, World, scope, world

from provisioning.sandbox import Options

HOST = "https://contoso.b2clogin.com"
POLICY = "B2C_1A_Password"
ALICE = "alice@example.com"
PASSWORD = "correct horse"
REDIRECT = "myapp://auth"
API = f"https://{DOMAIN}/api"
VERIFIER = "a-verifier-of-a-length-that-the-standard-wants-1"

BASE = policy(
    "B2C_1A_PasswordBase",
    """
  <BuildingBlocks>
    <ClaimsSchema>
      <ClaimType Id="objectId">
        <DisplayName>Id</DisplayName>
        <DataType>string</DataType>
        <DefaultPartnerClaimTypes>
          <Protocol Name="OpenIdConnect" PartnerClaimType="oid" />
        </DefaultPartnerClaimTypes>
      </ClaimType>
      <ClaimType Id="displayName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="givenName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="sub"><DataType>string</DataType></ClaimType>
      <ClaimType Id="tenantId"><DataType>string</DataType></ClaimType>
      <ClaimType Id="userPrincipalName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="logonIdentifier"><DataType>string</DataType></ClaimType>
      <ClaimType Id="signInName"><DataType>string</DataType></ClaimType>
      <ClaimType Id="password"><DataType>string</DataType></ClaimType>
      <ClaimType Id="grant_type"><DataType>string</DataType></ClaimType>
      <ClaimType Id="scope"><DataType>string</DataType></ClaimType>
      <ClaimType Id="nca"><DataType>string</DataType></ClaimType>
      <ClaimType Id="client_id"><DataType>string</DataType></ClaimType>
      <ClaimType Id="resource_id"><DataType>string</DataType></ClaimType>
      <ClaimType Id="refreshTokenIssuedOnDateTime"><DataType>string</DataType></ClaimType>
      <ClaimType Id="refreshTokensValidFromDateTime"><DataType>string</DataType></ClaimType>
    </ClaimsSchema>
    <ClaimsTransformations>
      <ClaimsTransformation Id="MakeSubject" TransformationMethod="CreateStringClaim">
        <InputParameters>
          <InputParameter Id="value" DataType="string" Value="a subject" />
        </InputParameters>
        <OutputClaims>
          <OutputClaim ClaimTypeReferenceId="sub" TransformationClaimType="createdClaim" />
        </OutputClaims>
      </ClaimsTransformation>
      <ClaimsTransformation Id="AssertValid" TransformationMethod="AssertDateTimeIsGreaterThan">
        <InputClaims>
          <InputClaim ClaimTypeReferenceId="refreshTokenIssuedOnDateTime"
            TransformationClaimType="leftOperand" />
          <InputClaim ClaimTypeReferenceId="refreshTokensValidFromDateTime"
            TransformationClaimType="rightOperand" />
        </InputClaims>
        <InputParameters>
          <InputParameter Id="AssertIfEqualTo" DataType="boolean" Value="false" />
          <InputParameter Id="AssertIfRightOperandIsNotPresent" DataType="boolean" Value="true" />
        </InputParameters>
      </ClaimsTransformation>
    </ClaimsTransformations>
    <ContentDefinitions>
      <ContentDefinition Id="api.signin"><LoadUri>~/tenant/default</LoadUri></ContentDefinition>
    </ContentDefinitions>
  </BuildingBlocks>
  <ClaimsProviders>
    <ClaimsProvider>
      <DisplayName>All</DisplayName>
      <TechnicalProfiles>
        <TechnicalProfile Id="SM-Noop">
          <DisplayName>None</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.SSO.NoopSSOSessionProvider, Web.TPEngine" />
        </TechnicalProfile>
        <TechnicalProfile Id="Password-OAUTH2">
          <DisplayName>Password</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <Metadata>
            <Item Key="METADATA">https://login.microsoftonline.com/{tenant}/.well-known/openid-configuration</Item>
            <Item Key="authorization_endpoint">https://login.microsoftonline.com/{tenant}/oauth2/token</Item>
            <Item Key="grant_type">password</Item>
          </Metadata>
          <InputClaims>
            <InputClaim ClaimTypeReferenceId="logonIdentifier" PartnerClaimType="username"
              Required="true" DefaultValue="{OIDC:Username}" />
            <InputClaim ClaimTypeReferenceId="password" Required="true"
              DefaultValue="{OIDC:Password}" />
            <InputClaim ClaimTypeReferenceId="grant_type" DefaultValue="password" />
            <InputClaim ClaimTypeReferenceId="scope" DefaultValue="openid" />
            <InputClaim ClaimTypeReferenceId="nca" PartnerClaimType="nca" DefaultValue="1" />
            <InputClaim ClaimTypeReferenceId="client_id" DefaultValue="THE-PROXY" />
            <InputClaim ClaimTypeReferenceId="resource_id" PartnerClaimType="resource"
              DefaultValue="THE-FRAMEWORK" />
          </InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="objectId" PartnerClaimType="oid" />
            <OutputClaim ClaimTypeReferenceId="userPrincipalName" PartnerClaimType="upn" />
          </OutputClaims>
          <OutputClaimsTransformations>
            <OutputClaimsTransformation ReferenceId="MakeSubject" />
          </OutputClaimsTransformations>
          <UseTechnicalProfileForSessionManagement ReferenceId="SM-Noop" />
        </TechnicalProfile>
        <TechnicalProfile Id="login-NonInteractive">
          <DisplayName>Sign in</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <Metadata>
            <Item Key="METADATA">https://login.microsoftonline.com/{tenant}/.well-known/openid-configuration</Item>
            <Item Key="authorization_endpoint">https://login.microsoftonline.com/{tenant}/oauth2/token</Item>
            <Item Key="client_id">THE-PROXY</Item>
            <Item Key="IdTokenAudience">THE-FRAMEWORK</Item>
          </Metadata>
          <InputClaims>
            <InputClaim ClaimTypeReferenceId="signInName" PartnerClaimType="username"
              Required="true" />
            <InputClaim ClaimTypeReferenceId="password" Required="true" />
            <InputClaim ClaimTypeReferenceId="grant_type" DefaultValue="password" />
            <InputClaim ClaimTypeReferenceId="nca" PartnerClaimType="nca" DefaultValue="1" />
            <InputClaim ClaimTypeReferenceId="resource_id" PartnerClaimType="resource"
              DefaultValue="THE-FRAMEWORK" />
          </InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="objectId" PartnerClaimType="oid" />
          </OutputClaims>
        </TechnicalProfile>
        <TechnicalProfile Id="Ask">
          <DisplayName>Ask</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.Providers.SelfAssertedAttributeProvider, Web.TPEngine" />
          <Metadata><Item Key="ContentDefinitionReferenceId">api.signin</Item></Metadata>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="signInName" Required="true" />
            <OutputClaim ClaimTypeReferenceId="password" Required="true" />
            <OutputClaim ClaimTypeReferenceId="objectId" />
          </OutputClaims>
          <OutputClaimsTransformations>
            <OutputClaimsTransformation ReferenceId="MakeSubject" />
          </OutputClaimsTransformations>
          <ValidationTechnicalProfiles>
            <ValidationTechnicalProfile ReferenceId="login-NonInteractive" />
          </ValidationTechnicalProfiles>
        </TechnicalProfile>
        <TechnicalProfile Id="AAD-Common">
          <DisplayName>Directory</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.Providers.AzureActiveDirectoryProvider, Web.TPEngine" />
        </TechnicalProfile>
        <TechnicalProfile Id="Read">
          <Metadata>
            <Item Key="Operation">Read</Item>
            <Item Key="RaiseErrorIfClaimsPrincipalDoesNotExist">true</Item>
          </Metadata>
          <InputClaims><InputClaim ClaimTypeReferenceId="objectId" Required="true" /></InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="displayName" />
            <OutputClaim ClaimTypeReferenceId="givenName" />
          </OutputClaims>
          <IncludeTechnicalProfile ReferenceId="AAD-Common" />
        </TechnicalProfile>
        <TechnicalProfile Id="CheckDate">
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="refreshTokensValidFromDateTime" />
          </OutputClaims>
          <OutputClaimsTransformations>
            <OutputClaimsTransformation ReferenceId="AssertValid" />
            <OutputClaimsTransformation ReferenceId="MakeSubject" />
          </OutputClaimsTransformations>
          <IncludeTechnicalProfile ReferenceId="Read" />
        </TechnicalProfile>
        <TechnicalProfile Id="RefreshSetup">
          <DisplayName>Setup</DisplayName>
          <Protocol Name="None" />
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="objectId" />
            <OutputClaim ClaimTypeReferenceId="refreshTokenIssuedOnDateTime" />
          </OutputClaims>
        </TechnicalProfile>
        <TechnicalProfile Id="JwtIssuer">
          <DisplayName>Issuer</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <OutputTokenFormat>JWT</OutputTokenFormat>
          <Metadata>
            <Item Key="SendTokenResponseBodyWithJsonNumbers">true</Item>
          </Metadata>
          <CryptographicKeys>
            <Key Id="issuer_secret" StorageReferenceId="B2C_1A_TokenSigningKeyContainer" />
            <Key Id="issuer_refresh_token_key"
              StorageReferenceId="B2C_1A_TokenEncryptionKeyContainer" />
          </CryptographicKeys>
          <UseTechnicalProfileForSessionManagement ReferenceId="SM-Noop" />
        </TechnicalProfile>
      </TechnicalProfiles>
    </ClaimsProvider>
  </ClaimsProviders>
  <UserJourneys>
    <UserJourney Id="Password">
      <OrchestrationSteps>
        <OrchestrationStep Order="1" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="SignIn" TechnicalProfileReferenceId="Password-OAUTH2" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="2" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="ReadUser" TechnicalProfileReferenceId="Read" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="3" Type="SendClaims"
          CpimIssuerTechnicalProfileReferenceId="JwtIssuer" />
      </OrchestrationSteps>
    </UserJourney>
    <UserJourney Id="Redeem">
      <OrchestrationSteps>
        <OrchestrationStep Order="1" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="Setup" TechnicalProfileReferenceId="RefreshSetup" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="2" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="Check" TechnicalProfileReferenceId="CheckDate" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="3" Type="SendClaims"
          CpimIssuerTechnicalProfileReferenceId="JwtIssuer" />
      </OrchestrationSteps>
    </UserJourney>
    <UserJourney Id="Browser">
      <OrchestrationSteps>
        <OrchestrationStep Order="1" Type="CombinedSignInAndSignUp"
          ContentDefinitionReferenceId="api.signin">
          <ClaimsProviderSelections>
            <ClaimsProviderSelection ValidationClaimsExchangeId="AskThem" />
          </ClaimsProviderSelections>
          <ClaimsExchanges>
            <ClaimsExchange Id="AskThem" TechnicalProfileReferenceId="Ask" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="2" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="ReadUser" TechnicalProfileReferenceId="Read" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="3" Type="SendClaims"
          CpimIssuerTechnicalProfileReferenceId="JwtIssuer" />
      </OrchestrationSteps>
    </UserJourney>
  </UserJourneys>
""",
)
PARTY = policy(
    POLICY,
    """
  <RelyingParty>
    <DefaultUserJourney ReferenceId="Password" />
    <Endpoints><Endpoint Id="Token" UserJourneyReferenceId="Redeem" /></Endpoints>
    <TechnicalProfile Id="PolicyProfile">
      <DisplayName>PolicyProfile</DisplayName>
      <Protocol Name="OpenIdConnect" />
      <OutputClaims>
        <OutputClaim ClaimTypeReferenceId="sub" DefaultValue="" />
        <OutputClaim ClaimTypeReferenceId="objectId" />
        <OutputClaim ClaimTypeReferenceId="displayName" PartnerClaimType="name" />
        <OutputClaim ClaimTypeReferenceId="givenName" DefaultValue="" />
        <OutputClaim ClaimTypeReferenceId="tenantId" PartnerClaimType="tid"
          AlwaysUseDefaultValue="true" DefaultValue="{Policy:TenantObjectId}" />
      </OutputClaims>
      <SubjectNamingInfo ClaimType="sub" />
    </TechnicalProfile>
  </RelyingParty>
""",
    base="B2C_1A_PasswordBase",
)
BROWSER = changed(
    changed(PARTY, f'PolicyId="{POLICY}"', 'PolicyId="B2C_1A_Browser"'),
    'ReferenceId="Password"',
    'ReferenceId="Browser"',
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A tenant that is ready, and who is in it."""

    world: World
    apps: dict[str, Json]
    alice: str

    @property
    def client_id(self) -> str:
        return str(self.apps["app"]["appId"])

    @property
    def web(self) -> httpx.AsyncClient:
        return self.world.graph

    def url(self, end: str, name: str = POLICY) -> str:
        """An endpoint of a policy."""
        return f"{HOST}/{DOMAIN}/{name}{end}"

    def store(self, *texts: str) -> None:
        """Policies with the two applications in their places, unchecked."""
        made = [
            text.replace("THE-PROXY", self.apps["proxy"]["appId"]).replace(
                "THE-FRAMEWORK", self.apps["framework"]["appId"]
            )
            for text in texts
        ]
        self.world.box.seed(self.world.tenant.id, "policies", made)

    def store_again(self, *texts: str) -> None:
        """Replace policies that are there, unchecked."""
        store, tenant = self.world.box._store, self.world.tenant.id
        for text in texts:
            store.remove(tenant, "policies", text.split('PolicyId="')[1].split('"')[0].casefold())
        self.store(*texts)

    async def ask(self, name: str = POLICY, **form: Any) -> httpx.Response:
        """POST a form to the token endpoint of a policy, without what is None."""
        sent = {key: value for key, value in form.items() if value is not None}
        return await self.web.post(self.url("/oauth2/v2.0/token", name), data=sent)

    async def sign_in(self, name: str = POLICY, **changes: Any) -> httpx.Response:
        """The password grant as the article writes it, with changes."""
        form = {
            "username": ALICE,
            "password": PASSWORD,
            "grant_type": "password",
            "scope": f"openid {self.client_id} offline_access",
            "client_id": self.client_id,
            "response_type": "token id_token",
        }
        return await self.ask(name, **(form | changes))

    async def refresh(self, token: str, name: str = POLICY, **changes: Any) -> httpx.Response:
        """The refresh request as the article writes it."""
        form = {
            "grant_type": "refresh_token",
            "response_type": "id_token",
            "client_id": self.client_id,
            "resource": self.client_id,
            "refresh_token": token,
        }
        return await self.ask(name, **(form | changes))

    async def change(self, app: str, **properties: Any) -> None:
        """PATCH one of the applications."""
        response = await self.web.patch(f"/applications/{self.apps[app]['id']}", json=properties)
        if response.status_code != httpx.codes.NO_CONTENT:
            raise AssertionError(response.text)

    async def claims(self, token: str, name: str = POLICY) -> Json:
        """The claims of a token whose signature the published keys prove."""
        answer = await self.web.get(self.url("/discovery/v2.0/keys", name))
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(each for each in answer.json()["keys"] if each["kid"] == kid)
        return dict(
            jwt.decode(
                token,
                jwt.PyJWK(key, algorithm="RS256").key,
                algorithms=["RS256"],
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        )


@contextlib.asynccontextmanager
async def stage(options: Options | None = None) -> AsyncIterator[Stage]:
    """A tenant with the applications, consent, keys, policies and Alice."""
    async with world(options, kind="b2c") as w:
        seed, tenant = w.box.seed, w.tenant.id
        apps = {name: _seeded(w, body) for name, body in _applications().items()}
        sps = {name: body["servicePrincipal"] for name, body in apps.items()}
        graph = (await w.microsoft_graph())["id"]
        grants = [
            ("proxy", sps["framework"], "user_impersonation"),
            *((name, graph, "openid offline_access") for name in ("app", "web")),
            *((name, sps["api"], "read") for name in ("app", "web")),
        ]
        seed(
            tenant,
            "oauth2PermissionGrants",
            [
                {"clientId": sps[name], "resourceId": resource, "scope": granted}
                for name, resource, granted in grants
            ],
        )
        seed(
            tenant,
            "keySets",
            [
                {"id": SIGNING, "keys": [{"kty": "RSA", "use": "sig"}]},
                {"id": ENCRYPTION, "keys": [{"kty": "RSA", "use": "enc"}]},
            ],
        )
        alice = w.box.add_user(
            tenant,
            f"alice@{DOMAIN}",
            "Alice",
            password=PASSWORD,
            sign_in_names=[("emailAddress", DOMAIN, ALICE)],
        )
        made = Stage(w, apps, alice)
        made.store(BASE, PARTY, BROWSER)
        yield made


def _applications() -> dict[str, Json]:
    personal = {
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "api": {"requestedAccessTokenVersion": 2},
    }
    impersonation = {**scope(), "value": "user_impersonation"}
    return {
        "framework": {
            "displayName": "IdentityExperienceFramework",
            "api": {"oauth2PermissionScopes": [impersonation]},
        },
        "proxy": {
            "displayName": "ProxyIdentityExperienceFramework",
            "isFallbackPublicClient": True,
            "publicClient": {"redirectUris": ["myapp://auth"]},
        },
        "api": {
            **personal,
            "displayName": "API",
            "identifierUris": [API],
            "api": {
                "requestedAccessTokenVersion": 2,
                "oauth2PermissionScopes": [
                    scope(),
                    {**scope(), "id": SCOPE_ID[:-1] + "9", "value": "write"},
                ],
            },
        },
        "app": {
            **personal,
            "displayName": "ROPC_Auth_app",
            "isFallbackPublicClient": True,
            "publicClient": {"redirectUris": [REDIRECT]},
            "web": {
                "redirectUris": [],
                "implicitGrantSettings": {
                    "enableAccessTokenIssuance": True,
                    "enableIdTokenIssuance": True,
                },
            },
        },
        "web": {
            **personal,
            "displayName": "webapp1",
            "web": {
                "redirectUris": ["https://jwt.ms"],
                "implicitGrantSettings": {
                    "enableAccessTokenIssuance": False,
                    "enableIdTokenIssuance": False,
                },
            },
        },
    }


def _seeded(w: World, body: Json) -> Json:
    (identity,) = w.box.seed(w.tenant.id, "applications", [body])
    made = next(each for each in w.box.dump(w.tenant.id)["applications"] if each["id"] == identity)
    (principal,) = w.box.seed(w.tenant.id, "servicePrincipals", [{"appId": made["appId"]}])
    return {**made, "servicePrincipal": principal}


def number(response: httpx.Response) -> tuple[int, str, str]:
    """Status, OAuth error and number of a refusal."""
    body = response.json()
    return response.status_code, body["error"], body["error_description"].partition(":")[0]
