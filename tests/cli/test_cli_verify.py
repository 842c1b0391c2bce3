"""`verify` and `apply --verify`, against the embedded sandbox."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Shell, opened

from provisioning.sandbox import Sandbox

SHIPPED = Path(__file__).parents[2] / "manifests"
PASSWORD = "Correct-Horse-9"
APPLY = "apply . --sandbox box --yes --verify"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        os.environ |= {"TEST_USER": "alice@example.com", "TEST_PASSWORD": PASSWORD}
        os.environ.pop("PROVISIONING_SIGNIN_ENDPOINT", None)
        yield made


def shipped(shell: Shell, name: str) -> None:
    shutil.copytree(SHIPPED / name, shell.folder, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("name", "checks", "code"),
    [
        ("ropc-custom-policy", ["sign_in"], 0),
        ("ropc-user-flow", ["sign_in"], 3),
        ("access-token", ["call_the_api"], 0),
        ("auth0-native", ["profile", "sign_in", "sign_in_v1"], 0),
    ],
)
def test_a_shipped_manifest_passes_its_checks_after_an_apply(
    shell: Shell, name: str, checks: list[str], code: int
) -> None:
    shipped(shell, name)
    told = shell(f"{APPLY} --format json")
    assert told.code == code, told.stderr
    assert [(check["check"], check["outcome"]) for check in told.document["checks"]] == [
        (check, "passed") for check in checks
    ]
    assert PASSWORD not in told.stdout + told.stderr


BROWSER = """\
<TrustFrameworkPolicy xmlns="http://schemas.microsoft.com/online/cpim/schemas/2013/06"
    PolicySchemaVersion="0.3.0.0" TenantId="{Settings:Tenant}" PolicyId="B2C_1A_Browser"
    PublicPolicyUri="http://{Settings:Tenant}/B2C_1A_Browser">
  <BasePolicy>
    <TenantId>{Settings:Tenant}</TenantId><PolicyId>B2C_1A_Extensions</PolicyId>
  </BasePolicy>
  <BuildingBlocks>
    <ClaimsSchema>
      <ClaimType Id="signInName">
        <DisplayName>Email</DisplayName><DataType>string</DataType>
        <UserInputType>TextBox</UserInputType>
      </ClaimType>
    </ClaimsSchema>
    <ContentDefinitions>
      <ContentDefinition Id="api.signin">
        <LoadUri>~/tenant/default/unified.cshtml</LoadUri>
        <RecoveryUri>~/common/default_page_error.html</RecoveryUri>
        <DataUri>urn:com:microsoft:aad:b2c:elements:contract:unifiedssp:2.1.10</DataUri>
      </ContentDefinition>
    </ContentDefinitions>
  </BuildingBlocks>
  <ClaimsProviders>
    <ClaimsProvider>
      <DisplayName>Local account</DisplayName>
      <TechnicalProfiles>
        <TechnicalProfile Id="login-NonInteractive">
          <DisplayName>Local account</DisplayName>
          <Protocol Name="OpenIdConnect" />
          <Metadata>
            <Item Key="METADATA">https://login.microsoftonline.com/{tenant}/.well-known/openid-configuration</Item>
            <Item Key="authorization_endpoint">https://login.microsoftonline.com/{tenant}/oauth2/token</Item>
            <Item Key="response_types">id_token</Item>
            <Item Key="scope">email openid</Item>
            <Item Key="client_id">{Settings:ProxyIdentityExperienceFrameworkAppId}</Item>
            <Item Key="IdTokenAudience">{Settings:IdentityExperienceFrameworkAppId}</Item>
          </Metadata>
          <InputClaims>
            <InputClaim ClaimTypeReferenceId="signInName" PartnerClaimType="username"
              Required="true" />
            <InputClaim ClaimTypeReferenceId="password" Required="true" />
            <InputClaim ClaimTypeReferenceId="grant_type" DefaultValue="password" />
            <InputClaim ClaimTypeReferenceId="scope" DefaultValue="openid" />
            <InputClaim ClaimTypeReferenceId="nca" PartnerClaimType="nca" DefaultValue="1" />
            <InputClaim ClaimTypeReferenceId="client_id"
              DefaultValue="{Settings:ProxyIdentityExperienceFrameworkAppId}" />
            <InputClaim ClaimTypeReferenceId="resource_id" PartnerClaimType="resource"
              DefaultValue="{Settings:IdentityExperienceFrameworkAppId}" />
          </InputClaims>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="objectId" PartnerClaimType="oid" />
          </OutputClaims>
          <OutputClaimsTransformations>
            <OutputClaimsTransformation ReferenceId="CreateSubjectClaimFromObjectID" />
          </OutputClaimsTransformations>
        </TechnicalProfile>
        <TechnicalProfile Id="SelfAsserted-LocalAccountSignin-Email">
          <DisplayName>Sign in</DisplayName>
          <Protocol Name="Proprietary"
            Handler="Web.TPEngine.Providers.SelfAssertedAttributeProvider, Web.TPEngine" />
          <Metadata><Item Key="ContentDefinitionReferenceId">api.signin</Item></Metadata>
          <OutputClaims>
            <OutputClaim ClaimTypeReferenceId="signInName" Required="true" />
            <OutputClaim ClaimTypeReferenceId="password" Required="true" />
            <OutputClaim ClaimTypeReferenceId="objectId" />
            <OutputClaim ClaimTypeReferenceId="sub" />
          </OutputClaims>
          <ValidationTechnicalProfiles>
            <ValidationTechnicalProfile ReferenceId="login-NonInteractive" />
          </ValidationTechnicalProfiles>
          <UseTechnicalProfileForSessionManagement ReferenceId="SM-Noop" />
        </TechnicalProfile>
      </TechnicalProfiles>
    </ClaimsProvider>
  </ClaimsProviders>
  <UserJourneys>
    <UserJourney Id="Browser">
      <OrchestrationSteps>
        <OrchestrationStep Order="1" Type="CombinedSignInAndSignUp"
          ContentDefinitionReferenceId="api.signin">
          <ClaimsProviderSelections>
            <ClaimsProviderSelection ValidationClaimsExchangeId="SignIn" />
          </ClaimsProviderSelections>
          <ClaimsExchanges>
            <ClaimsExchange Id="SignIn"
              TechnicalProfileReferenceId="SelfAsserted-LocalAccountSignin-Email" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="2" Type="ClaimsExchange">
          <ClaimsExchanges>
            <ClaimsExchange Id="Read" TechnicalProfileReferenceId="AAD-UserReadUsingObjectId" />
          </ClaimsExchanges>
        </OrchestrationStep>
        <OrchestrationStep Order="3" Type="SendClaims"
          CpimIssuerTechnicalProfileReferenceId="JwtIssuer" />
      </OrchestrationSteps>
    </UserJourney>
  </UserJourneys>
  <RelyingParty>
    <DefaultUserJourney ReferenceId="Browser" />
    <Endpoints>
      <Endpoint Id="Token"
        UserJourneyReferenceId="ResourceOwnerPasswordCredentials-RedeemRefreshToken" />
    </Endpoints>
    <TechnicalProfile Id="PolicyProfile">
      <DisplayName>PolicyProfile</DisplayName>
      <Protocol Name="OpenIdConnect" />
      <OutputClaims>
        <OutputClaim ClaimTypeReferenceId="sub" />
        <OutputClaim ClaimTypeReferenceId="displayName" PartnerClaimType="name" />
      </OutputClaims>
      <SubjectNamingInfo ClaimType="sub" />
    </TechnicalProfile>
  </RelyingParty>
</TrustFrameworkPolicy>
"""
API = """
  api:
    displayName: API
    identifierUris: ["https://${tenant.domain}/api"]
    scopes: {read: {adminConsentDisplayName: Read, adminConsentDescription: Reads}}
"""
AT_THE_API = """
  with_a_code:
    flow: code
    application: app
    policy: B2C_1A_Browser
    scopes: [openid, offline_access, "https://${tenant.domain}/api/read"]
    redirectUri: ${var.redirectUri}
    user: {name: {fromEnv: TEST_USER}, password: {fromEnv: TEST_PASSWORD}}
    refresh: true
    expect: {scp: read, acr: b2c_1a_browser, name: alice}
  with_a_password:
    flow: ropc
    application: app
    policy: B2C_1A_ROPC_Auth
    scopes: [openid, "https://${tenant.domain}/api/read"]
    user: {name: {fromEnv: TEST_USER}, password: {fromEnv: TEST_PASSWORD}}
    expect: {scp: read}
"""


def with_an_api(shell: Shell, checks: str) -> None:
    shipped(shell, "ropc-custom-policy")
    shell.write("policies/Browser.xml", BROWSER)
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    consent = "        adminConsent: true\n"
    assert text.count(consent) == 1
    more = f"{consent}      - {{resource: api, delegated: [read], adminConsent: true}}\n{API}"
    shell.write("manifest.yaml", text.replace(consent, more) + checks)


def test_a_custom_policy_gives_codes_with_proof_and_tokens_for_an_own_api(shell: Shell) -> None:
    with_an_api(shell, AT_THE_API)
    told = shell(APPLY)
    assert told.code == 0, told.stdout + told.stderr
    assert "Checks: 3 passed." in told.stdout
    assert "code_challenge_method=S256" in told.stdout


def test_a_misspelt_scope_is_corrected_where_it_is_asked_for(shell: Shell) -> None:
    with_an_api(shell, AT_THE_API.replace('openid, "https://${tenant.domain}/api/read', "MISSPELT"))
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    wrong = 'openid, "https://${tenant.domain}/api/raed'
    shell.write("manifest.yaml", text.replace("MISSPELT", wrong))
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box --format json")
    check = next(each for each in told.document["checks"] if each["check"] == "with_a_password")
    first = check["findings"][0]
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "MISSPELT" in each)
    assert (check["error"]["cause"], first["line"]) == ("consent-missing", line)
    assert first["remedy"] == "correct raed, or expose it: api has read"


def test_a_harmless_warning_of_a_policy_hides_no_cause(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    policy = (shell.folder / "policies/Extensions.xml").read_text(encoding="utf-8")
    shell.write("policies/Extensions.xml", policy.replace('Id="displayName"', 'Id="displayname"'))
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    shell.write("manifest.yaml", text.replace("AzureADandPersonalMicrosoftAccount", "AzureADMyOrg"))
    assert "[reference-case]" in shell("apply . --sandbox box --yes").stderr
    told = shell("verify . --sandbox box --format json")
    first = told.document["checks"][0]["findings"][0]
    assert first["remedy"] == "write signInAudience: AzureADandPersonalMicrosoftAccount"


@pytest.mark.parametrize(
    ("secret", "code", "cause"), [("auth0", 0, None), ("{fromEnv: WRONG}", 1, "AADSTS7000215")]
)
def test_an_application_of_entra_signs_in_as_itself(
    shell: Shell, secret: str, code: int, cause: str | None
) -> None:
    os.environ["WRONG"] = "wrong"
    shipped(shell, "auth0-native")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    scopes = '["api://${application.web.appId}/.default"]'
    check = f"flow: client_credentials, application: native, secret: {secret}, scopes: {scopes}"
    shell.write("manifest.yaml", f"{text}\n  as_itself: {{{check}}}\n")
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box --format json")
    assert told.code == code, told.stdout
    found = {check["check"]: check for check in told.document["checks"]}
    error = found["as_itself"]["error"]
    assert (error and error["code"]) == cause
    assert found["sign_in"]["outcome"] == "passed"


DAEMON = """\
  api:
    displayName: Daemon API
    signInAudience: AzureADMyOrg
    identifierUris: ["https://${tenant.domain}/daemon"]
    appRoles: {read: {displayName: Read, description: Reads, allowedMemberTypes: [Application]}}
  daemon:
    displayName: Daemon
    secrets:
      main: {displayName: main, lifetime: P180D, store: {dotenv: .secrets/app.env, name: SECRET}}
    permissions:
      - {resource: api, application: [read], adminConsent: true}

"""
AS_ITSELF = """\
  as_itself:
    {flow: client_credentials, application: daemon, policy: B2C_1A_ROPC_Auth, secret: main,
     scopes: ["https://${tenant.domain}/daemon/.default"], expect: {scp: read}}
"""


@pytest.mark.parametrize(
    ("line", "instead", "cause", "remedy"),
    [
        ("", "", None, ""),
        ("[read], adminConsent: true", "[read]", "consent-missing", "write adminConsent: true"),
        ("daemon/.default", "demon/.default", "unknown-scope", "begin the check's scopes with"),
        ("{scp: read}", "{scp: write}", "wrong-claim", "correct the policy, or what the check"),
    ],
)
def test_an_application_signs_in_as_itself_at_a_policy(
    shell: Shell, line: str, instead: str, cause: str | None, remedy: str
) -> None:
    shipped(shell, "ropc-custom-policy")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    head, mark, tail = text.partition("customPolicies:\n")
    text = f"{head}{DAEMON}{mark}{tail}{AS_ITSELF}"
    shell.write("manifest.yaml", text.replace(line, instead) if line else text)
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box --format json")
    check = next(each for each in told.document["checks"] if each["check"] == "as_itself")
    assert (check["error"] and check["error"]["cause"]) == cause
    assert [each["remedy"].startswith(remedy) for each in check["findings"][:1]] == [True] * bool(
        cause
    )


def test_verify_shows_a_table_and_hides_what_is_secret(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box")
    assert told.code == 0
    assert "sign-in works; policy version not proven" in told.stdout
    assert told.stdout.endswith("Checks: 1 passed.\n")
    assert "password=(sensitive)" in told.stdout
    assert "acr=b2c_1a_ropc_auth" in told.stdout
    assert PASSWORD not in told.stdout + told.stderr
    assert "eyJ" not in told.stdout + told.stderr


def test_a_closed_switch_is_told_with_the_line_that_mends_it(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    shell.write("manifest.yaml", text.replace("    oauth2AllowImplicitFlow: true\n", ""))
    shell("apply . --sandbox box --yes")
    told = shell("verify . --sandbox box --format json")
    assert told.code == 1
    (check,) = told.document["checks"]
    assert check["outcome"] == "failed"
    assert check["error"]["code"] == "AADB2C90057"
    assert check["error"]["path"] == "applications.app.oauth2AllowImplicitFlow"
    # The key is absent: the finding is at the application that lacks it.
    (finding,) = check["findings"]
    line = text.splitlines().index("  app:") + 1
    assert (finding["rule"], finding["file"]) == ("implicit-flow-off", "manifest.yaml")
    assert (finding["line"], finding["column"]) == (line, 3)
    remedy = "set oauth2AllowImplicitFlow: true (oauth2AllowImplicitFlow is absent here)"
    assert finding["remedy"] == remedy
    assert f"  manifest.yaml:{line}:3: {remedy}\n" in shell("verify . --sandbox box").stdout
    table = shell("verify . --sandbox box --format markdown").stdout
    assert f"\n- sign\\_in: `manifest.yaml:{line}:3`: " in table


def test_a_difference_of_the_tenant_is_told_with_the_line_that_says_otherwise(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    text = (shell.folder / "manifest.yaml").read_text(encoding="utf-8")
    switch = "    allowPublicClient: true"
    shell.write("manifest.yaml", text.replace(switch, switch.replace("true", "false")))
    shell("apply . --sandbox box --yes")
    shell.write("manifest.yaml", text)
    told = shell("verify . --sandbox box")
    line = text.splitlines().index(switch) + 1
    assert (
        f"  manifest.yaml:{line}:5: the tenant differs from the manifest at application.app, "
        "isFallbackPublicClient: it has false, not true; run apply\n"
    ) in told.stdout


def test_before_an_apply_a_check_fails_and_says_so(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    told = shell("verify . --sandbox box --format json")
    assert told.code == 1
    (check,) = told.document["checks"]
    assert check["summary"] == "application.app is not in the tenant"
    assert check["error"]["remedy"] == "apply the manifest first"


def test_an_unset_variable_is_named(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    shell("apply . --sandbox box --yes")
    del os.environ["TEST_PASSWORD"]
    told = shell("verify . --sandbox box")
    assert told.code == 1
    assert "the environment variable TEST_PASSWORD is not set" in told.stdout


def test_a_manifest_without_checks_says_so(shell: Shell) -> None:
    told = shell("verify . --sandbox box")
    assert (told.code, told.stdout) == (0, "The manifest declares no checks.\n")


def test_the_sandbox_answers_the_sign_in_hosts_itself(shell: Shell) -> None:
    shipped(shell, "ropc-custom-policy")
    told = shell("verify . --sandbox box --signin-endpoint https://localhost:1")
    assert told.code == 1
    assert "--signin-endpoint and --sandbox exclude each other" in told.stderr


def test_claims_that_a_token_shows_are_left_to_nobody(shell: Shell) -> None:
    shipped(shell, "ropc-user-flow")
    early = shell("sandbox user-flows claims ROPC_Auth --sandbox box")
    first = shell(APPLY)
    assert first.code == 3
    assert shell("plan . --sandbox box --detailed-exitcode").code == 3
    (portal,) = re.findall(r"The sandbox's portal: provisioning (.+)", first.stderr)
    chosen = shell.run(*shlex.split(portal))
    told = shell(APPLY)
    assert early.code == 1
    assert chosen.stderr == ("B2C_1_ROPC_Auth: Display Name, Email Addresses, Identity Provider\n")
    assert told.code == 0, told.stdout + told.stderr
    assert "Apply: 1 done" in told.stdout
    assert "idp=LocalAccount" in told.stdout
    assert shell("plan . --sandbox box --detailed-exitcode").code == 0


def test_a_claim_that_no_token_shows_stays_with_a_person(shell: Shell) -> None:
    shipped(shell, "ropc-user-flow")
    shell("apply . --sandbox box --yes")
    with contextlib.closing(Sandbox(shell.folder / "box")) as box:
        box.portal_set_claims("contoso.onmicrosoft.com", "B2C_1_ROPC_Auth", ["Display Name"])
    assert shell("verify . --sandbox box").code == 0
    told = shell(f"{APPLY} --format json")
    assert told.code == 3
    assert [outcome["result"] for outcome in told.document["outcomes"]] == ["manual"]
