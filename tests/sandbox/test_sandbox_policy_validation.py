"""What the service says about a policy it does not take: one test per rule, and its wording."""

from __future__ import annotations

import pytest
from sandbox_framework import (
    BASE,
    ENCRYPTION,
    EXTENSIONS,
    FRAMEWORK,
    NAMESPACE,
    RELYING_PARTY,
    SIGN_IN,
    SIGNING,
    changed,
    framework,
    policy,
    texts,
)
from sandbox_world import DOMAIN, message, refusal

from provisioning.sandbox import Options

IN = f"in namespace '{NAMESPACE}'"


def schema_error(line: int, column: int, identity: str, text: str) -> str:
    return (
        f"Schema validation error found at line {line} col {column} in policy "
        f'"{identity}" of tenant "{DOMAIN}": {text}'
    )


async def said(text: str, *before: str, options: Options | None = None) -> str:
    """What is said about a policy; an empty text means that it was taken."""
    async with framework(options) as f:
        f.store(*before)
        answer = await f.put(text)
    if answer.status_code == 201:
        return ""
    assert refusal(answer) == (400, "AADB2C")
    return texts(answer)


async def test_sound_policies_are_taken() -> None:
    assert await said(BASE) == ""
    assert await said(EXTENSIONS, BASE) == ""
    assert await said(SIGN_IN, BASE, EXTENSIONS) == ""


async def test_the_message_counts_names_and_joins_without_separators() -> None:
    """custom-policy-starterpack#113."""
    broken = policy(
        "B2C_1A_x",
        '<UserJourneys><UserJourney Id="A"/><UserJourney Id="B"/></UserJourneys>',
    )
    async with framework() as f:
        answer = await f.put(broken)
    assert message(answer) == (
        'Validation failed: 2 validation error(s) found in policy "B2C_1A_X" of tenant '
        "\"contoso.onmicrosoft.com\".User journey 'A' does not contain a send claims step.User "
        "journey 'B' does not contain a send claims step."
    )


async def test_the_message_may_say_everything_twice() -> None:
    """custom-policy-starterpack#113."""
    async with framework(Options(message_repeats=2)) as f:
        answer = await f.put(EXTENSIONS)
        tenant = f.world.tenant.id
    text = f"Policy with 'policyId': B2C_1A_BASE cannot be found in the directory '{tenant}'."
    assert message(answer) == (
        'Validation failed: 1 validation error(s) found in policy "B2C_1A_EXTENSIONS" of tenant '
        f'"contoso.onmicrosoft.com".{text}{text}'
    )


async def test_the_tenant_must_be_this_one() -> None:
    """azure-docs#30477."""
    text = (
        "TenantId in the policy xml 'yourtenant.onmicrosoft.com' is not same as the one in login "
        "tenant 'contoso.onmicrosoft.com'."
    )
    foreign = policy("B2C_1A_X", tenant="yourtenant.onmicrosoft.com")
    child = policy("B2C_1A_X", base="B2C_1A_Base", tenant="yourtenant.onmicrosoft.com")
    assert await said(foreign) == text
    assert await said(child, BASE) == text * 2
    assert await said(policy("B2C_1A_X", tenant="Contoso.onmicrosoft.com")) == ""


async def test_the_id_must_have_its_prefix() -> None:
    """azure-docs trustframeworkpolicy; the wording is unverified."""
    assert await said(policy("MyPolicy")) == (
        "PolicyId 'MyPolicy' in the policy xml must start with 'B2C_1A_'."
    )


@pytest.mark.parametrize("missing", [SIGNING, ENCRYPTION])
async def test_keys_must_be_there(missing: str) -> None:
    """azure-docs#20564."""
    async with framework() as f:
        await f.graph.delete(f"{FRAMEWORK}/keySets/{missing}")
        answer = await f.put(BASE)
        f.store(BASE)
        child = await f.put(EXTENSIONS)
    text = (
        f'Tenant "contoso.onmicrosoft.com" does not have CryptographicKey referenced by '
        f'storageReferenceId "{missing}".'
    )
    assert texts(answer) == text
    assert texts(child) == text


async def test_an_element_out_of_order_is_located() -> None:
    """azure-docs#99326."""
    text = policy(
        "B2C_1A_X",
        """
<ClaimsProviders>
  <ClaimsProvider>
    <DisplayName>A</DisplayName>
    <TechnicalProfiles>
      <TechnicalProfile Id="A">
        <DisplayName>A</DisplayName>
        <UseTechnicalProfileForSessionManagement ReferenceId="A" />
        <Protocol
          Name="None" />
      </TechnicalProfile>
    </TechnicalProfiles>
  </ClaimsProvider>
</ClaimsProviders>
""",
    )
    assert await said(text) == schema_error(
        10,
        10,
        "B2C_1A_X",
        f"The element 'TechnicalProfile' {IN} has invalid child element 'Protocol' {IN}. "
        f"List of possible elements expected: 'ErrorHandlers, EnabledForUserJourneys' {IN}.",
    )


def in_root(body: str) -> str:
    return policy("B2C_1A_X", f"\n{body}")


def profile(body: str) -> str:
    return in_root(
        "<ClaimsProviders><ClaimsProvider><TechnicalProfiles>\n"
        f'<TechnicalProfile Id="A">{body}</TechnicalProfile>'
        "\n</TechnicalProfiles></ClaimsProvider></ClaimsProviders>"
    )


@pytest.mark.parametrize(
    ("text", "parent", "child", "expected"),
    [
        (
            in_root(
                '<UserJourneys><UserJourney Id="J"/></UserJourneys><ClaimsProviders>'
                "<ClaimsProvider/></ClaimsProviders>"
            ),
            "TrustFrameworkPolicy",
            "ClaimsProviders",
            "SubJourneys, RelyingParty",
        ),
        (
            in_root("<BuildingBlocks><ClaimsTransformations/><ClaimsSchema/></BuildingBlocks>"),
            "BuildingBlocks",
            "ClaimsSchema",
            "ClientDefinitions, ContentDefinitions, Localization, DisplayControls",
        ),
        (
            in_root("<BuildingBlocks><ClaimsProvider/></BuildingBlocks>"),
            "BuildingBlocks",
            "ClaimsProvider",
            (
                "ClaimsSchema, Predicates, InputValidations, PredicateValidations, "
                "ClaimsTransformations, ClientDefinitions, ContentDefinitions, Localization, "
                "DisplayControls"
            ),
        ),
        (
            in_root(
                '<RelyingParty><Endpoints/><DefaultUserJourney ReferenceId="J"/></RelyingParty>'
            ),
            "RelyingParty",
            "DefaultUserJourney",
            "UserJourneyBehaviors, TechnicalProfile",
        ),
        (
            in_root('<UserJourney Id="J"/>'),
            "TrustFrameworkPolicy",
            "UserJourney",
            (
                "BasePolicy, PolicyConstraints, Contacts, DocumentReferences, BuildingBlocks, "
                "ClaimsProviders, UserJourneys, SubJourneys, RelyingParty"
            ),
        ),
        (
            in_root(
                "<RelyingParty><UserJourneyBehaviors><ScriptExecution>Allow</ScriptExecution>"
                '<SingleSignOn Scope="Tenant"/></UserJourneyBehaviors></RelyingParty>'
            ),
            "UserJourneyBehaviors",
            "SingleSignOn",
            "OnError",
        ),
        (
            profile("<Metadata><Key/></Metadata>"),
            "Metadata",
            "Key",
            "Item",
        ),
    ],
)
async def test_each_element_holds_its_children_in_order(
    text: str, parent: str, child: str, expected: str
) -> None:
    """TrustFrameworkPolicy_0.3.0.0.xsd; azure-docs#85661 for the behaviours."""
    found = await said(text)
    assert (
        f"The element '{parent}' {IN} has invalid child element '{child}' {IN}. List of possible "
        f"elements expected: '{expected}' {IN}."
    ) in found


async def test_a_foreign_namespace_is_named() -> None:
    text = in_root('<BuildingBlocks><x xmlns="urn:y"/></BuildingBlocks>')
    assert "has invalid child element 'x' in namespace 'urn:y'. List of" in await said(text)


async def test_only_the_first_fault_of_an_element_is_told_but_every_element_is_looked_at() -> None:
    text = in_root(
        "<BuildingBlocks><Localization/><ClaimsSchema/><Predicates/></BuildingBlocks>"
        "<RelyingParty><Endpoints/><DefaultUserJourney/></RelyingParty>"
    )
    found = await said(text)
    assert found.count("has invalid child element") == 2
    assert "The required attribute 'ReferenceId' is missing." in found


async def test_text_between_elements_is_refused() -> None:
    """azure-ad-b2c/samples#618."""
    text = profile("<OutputClaims>x</OutputClaims>")
    assert await said(text) == schema_error(
        4,
        27,
        "B2C_1A_X",
        f"The element 'OutputClaims' {IN} cannot contain text. List of possible elements "
        f"expected: 'OutputClaim' {IN}.",
    )
    assert "The element 'Metadata'" in await said(
        profile('<Metadata><Item Key="a">1</Item>x</Metadata>')
    )


async def test_white_space_in_an_empty_element_is_refused() -> None:
    """azure-ad-b2c/samples#618."""
    text = profile('<IncludeTechnicalProfile ReferenceId="A"> </IncludeTechnicalProfile>')
    assert await said(text) == schema_error(
        4, 27, "B2C_1A_X", "The element cannot contain white space. Content model is empty."
    )


async def test_another_root_is_not_declared() -> None:
    async with framework() as f:
        other = await f.put('<Policy PolicyId="B2C_1A_X"/>')
        foreign = await f.put('<TrustFrameworkPolicy xmlns="urn:x" PolicyId="B2C_1A_X"/>')
    assert "The 'Policy' element is not declared." in texts(other)
    assert "The 'urn:x:TrustFrameworkPolicy' element is not declared." in texts(foreign)


@pytest.mark.parametrize(
    ("old", "name"),
    [
        (' PolicySchemaVersion="0.3.0.0"', "PolicySchemaVersion"),
        (' PublicPolicyUri="http://contoso.onmicrosoft.com/B2C_1A_Base"', "PublicPolicyUri"),
        (' Id="SignIn"', "Id"),
        (' Order="1"', "Order"),
        (' TransformationMethod="CopyClaim"', "TransformationMethod"),
        (' StorageReferenceId="B2C_1A_TokenSigningKeyContainer"', "StorageReferenceId"),
    ],
)
async def test_attributes_that_must_be_there_are_named(old: str, name: str) -> None:
    found = await said(changed(BASE, old, ""))
    assert f"The required attribute '{name}' is missing." in found


async def test_a_policy_without_an_id_says_what_is_missing() -> None:
    async with framework() as f:
        answer = await f.put(changed(BASE, ' PolicyId="B2C_1A_Base"', ""), "B2C_1A_Base")
    assert "The required attribute 'PolicyId' is missing." in texts(answer)


async def test_an_order_is_a_number() -> None:
    found = await said(changed(BASE, 'Order="1"', 'Order="first"'))
    assert "The 'Order' attribute is invalid - The value 'first' is invalid" in found


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('TechnicalProfile Id="Read"', 'TechnicalProfile Id="Ask"', "UniqueTechnicalProfileId"),
        ('ClaimType Id="sub"', 'ClaimType Id="surname"', "UniqueClaimTypeId"),
        ('Order="2"', 'Order="1"', "UniqueOrchestrationStepOrder"),
    ],
)
async def test_ids_are_unique_in_a_file(old: str, new: str, key: str) -> None:
    """TrustFrameworkPolicy_0.3.0.0.xsd, xs:key."""
    value = new.split('"')[1]
    assert (
        f"There is a duplicate key sequence '{value}' for the '{NAMESPACE}:{key}' key or unique "
        "identity constraint."
    ) in await said(changed(BASE, old, new))


@pytest.mark.parametrize(
    ("old", "new", "title", "identity"),
    [
        (
            '<OutputClaim ClaimTypeReferenceId="displayName" />',
            '<OutputClaim ClaimTypeReferenceId="userId" />',
            "ClaimType",
            "userId",
        ),
        (
            'OutputClaimsTransformation ReferenceId="MakeSubject"',
            'OutputClaimsTransformation ReferenceId="MakeNothing"',
            "a ClaimsTransformation",
            "MakeNothing",
        ),
        (
            'ValidationTechnicalProfile ReferenceId="login-NonInteractive"',
            'ValidationTechnicalProfile ReferenceId="login"',
            "a TechnicalProfile",
            "login",
        ),
        (
            'Id="ReadThem" TechnicalProfileReferenceId="Read"',
            'Id="ReadThem" TechnicalProfileReferenceId="Reader"',
            "a TechnicalProfile",
            "Reader",
        ),
        (
            'CpimIssuerTechnicalProfileReferenceId="JwtIssuer"',
            'CpimIssuerTechnicalProfileReferenceId="Saml"',
            "a TechnicalProfile",
            "Saml",
        ),
        (
            "</OutputClaimsTransformations>",
            '</OutputClaimsTransformations><IncludeTechnicalProfile ReferenceId="AAD" />',
            "a TechnicalProfile",
            "AAD",
        ),
        (
            "</OutputClaimsTransformations>",
            (
                "</OutputClaimsTransformations><UseTechnicalProfileForSessionManagement "
                'ReferenceId="SM-AAD" />'
            ),
            "a TechnicalProfile",
            "SM-AAD",
        ),
        (
            '<OrchestrationStep Order="1" Type="ClaimsExchange">',
            (
                '<OrchestrationStep Order="1" Type="ClaimsExchange" '
                'ContentDefinitionReferenceId="api.gone">'
            ),
            "a ContentDefinition",
            "api.gone",
        ),
        (
            '<OrchestrationStep Order="2" Type="ClaimsExchange">',
            (
                '<OrchestrationStep Order="2" Type="ClaimsExchange"><Preconditions><Precondition '
                'Type="ClaimsExist" ExecuteActionsIf="true"><Value>idp</Value>'
                "<Action>SkipThisOrchestrationStep</Action></Precondition></Preconditions>"
            ),
            "ClaimType",
            "idp",
        ),
    ],
)
async def test_references_lead_somewhere(old: str, new: str, title: str, identity: str) -> None:
    """azure-ad-b2c/samples#53."""
    assert await said(changed(BASE, old, new)) == (
        f'Policy "B2C_1A_BASE" of tenant "contoso.onmicrosoft.com" makes a reference to {title} '
        f'with id "{identity}" but neither the policy nor any of its base policies contain such '
        "an element."
    )


async def test_references_are_followed_over_the_whole_chain_in_any_case() -> None:
    child = policy(
        "B2C_1A_X",
        "<ClaimsProviders><ClaimsProvider><TechnicalProfiles>"
        '<TechnicalProfile Id="Mine"><OutputClaims>'
        '<OutputClaim ClaimTypeReferenceId="DISPLAYNAME"/></OutputClaims>'
        '<IncludeTechnicalProfile ReferenceId="read"/></TechnicalProfile>'
        "</TechnicalProfiles></ClaimsProvider></ClaimsProviders>",
        base="B2C_1A_Extensions",
    )
    assert await said(child, BASE, EXTENSIONS) == ""


async def test_children_are_not_looked_at() -> None:
    """azure-docs: an upload is judged with its ancestors, not with its children."""
    child = policy(
        "B2C_1A_X",
        "<RelyingParty><DefaultUserJourney ReferenceId='SignIn'/></RelyingParty>",
        base="B2C_1A_Base",
    )
    async with framework() as f:
        f.store(BASE, child)
        answer = await f.put(policy("B2C_1A_Base"))
    assert answer.status_code == 200


async def test_a_default_journey_must_exist() -> None:
    gone = changed(SIGN_IN, 'ReferenceId="SignIn"', 'ReferenceId="SignUp"')
    assert 'makes a reference to a UserJourney with id "SignUp"' in await said(
        gone, BASE, EXTENSIONS
    )


async def test_the_journey_that_redeems_refresh_tokens_must_exist() -> None:
    """B2CERR: AADB2C90288."""
    issuer = changed(
        BASE,
        "<OutputTokenFormat>JWT</OutputTokenFormat>",
        "<OutputTokenFormat>JWT</OutputTokenFormat><Metadata>"
        '<Item Key="RefreshTokenUserJourneyId">Redeem</Item></Metadata>',
    )
    assert await said(issuer) == (
        "UserJourney with id 'Redeem' referenced in TechnicalProfile 'JwtIssuer' for refresh token "
        "redemption for tenant 'contoso.onmicrosoft.com' does not exist in policy 'B2C_1A_BASE' or "
        "any of its base policies."
    )


async def test_a_client_id_must_not_be_empty() -> None:
    """custom-policy-starterpack#57."""
    empty = changed(BASE, ">an-application<", "><")
    assert await said(empty) == (
        'TechnicalProfile "login-NonInteractive" in policy "B2C_1A_BASE" of tenant '
        '"contoso.onmicrosoft.com" defines an invalid value "" for the metadata item "client_id."'
    )


PASSWORD = '<Metadata><Item Key="grant_type">password</Item></Metadata>'
USERNAME = '<InputClaim ClaimTypeReferenceId="signInName" PartnerClaimType="username" />'
SECRET = '<InputClaim ClaimTypeReferenceId="password" />'
GRANT = '<InputClaim ClaimTypeReferenceId="grant_type" DefaultValue="password" />'
PLACE = "Profile 'A' in policy 'B2C_1A_X' in tenant 'contoso.onmicrosoft.com'"
FLOW = "for resource owner password credential flow."


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (f"<InputClaims>{USERNAME}{SECRET}{GRANT}</InputClaims>", ""),
        ("", f"{PLACE} is missing all InputClaims required {FLOW}"),
        (
            f"<InputClaims>{USERNAME}{GRANT}</InputClaims>",
            f"{PLACE} is missing the 'password' InputClaim required {FLOW}",
        ),
        (
            f"<InputClaims>{SECRET}</InputClaims>",
            (
                f"{PLACE} is missing the 'username' InputClaim required {FLOW}"
                f"{PLACE} is missing the 'grant_type' InputClaim required {FLOW}"
            ),
        ),
        (
            f"<InputClaims>{USERNAME}{SECRET}{GRANT}</InputClaims>".replace(
                'DefaultValue="password"', 'DefaultValue="code"'
            ),
            (
                f"{PLACE} has a 'grant_type' InputClaim with a DefaultValue of 'code' instead of "
                f"the required 'password' {FLOW}"
            ),
        ),
    ],
)
async def test_a_password_grant_sends_what_it_must(claims: str, expected: str) -> None:
    """B2CERR: AADB2C99015, 99016, 99017."""
    text = changed(profile(PASSWORD + claims), "\n<ClaimsProviders>", "<ClaimsProviders>")
    text = changed(
        text,
        'B2C_1A_X">',
        'B2C_1A_X"><BasePolicy><TenantId>contoso.onmicrosoft.com</TenantId>'
        "<PolicyId>B2C_1A_Base</PolicyId></BasePolicy>",
    )
    assert await said(text, BASE) == expected


async def test_two_exchanges_need_a_selection() -> None:
    """azure-ad-b2c/samples#198."""
    two = changed(
        BASE,
        '<ClaimsExchange Id="ReadThem"',
        '<ClaimsExchange Id="Other" TechnicalProfileReferenceId="Read" />'
        '<ClaimsExchange Id="ReadThem"',
    )
    assert await said(two) == (
        'User journey "SignIn" in policy "B2C_1A_BASE" of tenant "contoso.onmicrosoft.com" has '
        "step 2 with 2 claims exchanges. It must be preceded by a claims provider selection in "
        "order to determine which claims exchange can be used."
    )
    selecting = changed(
        two,
        'Order="1" Type="ClaimsExchange">',
        'Order="1" Type="CombinedSignInAndSignUp"><ClaimsProviderSelections>'
        '<ClaimsProviderSelection TargetClaimsExchangeId="ReadThem" /></ClaimsProviderSelections>',
    )
    assert await said(selecting) == ""


async def test_steps_of_a_journey_merge_by_order_over_the_chain() -> None:
    """azure-ad-b2c/samples#198: the child's exchange joins the parent's."""
    child = policy(
        "B2C_1A_X",
        '<UserJourneys><UserJourney Id="SignIn"><OrchestrationSteps>'
        '<OrchestrationStep Order="2" Type="ClaimsExchange"><ClaimsExchanges>'
        '<ClaimsExchange Id="More" TechnicalProfileReferenceId="Read"/></ClaimsExchanges>'
        "</OrchestrationStep></OrchestrationSteps></UserJourney></UserJourneys>",
        base="B2C_1A_Base",
    )
    assert "has step 2 with 2 claims exchanges." in await said(child, BASE)


async def test_a_journey_sends_claims() -> None:
    """azure-ad-b2c/samples#44."""
    mute = changed(BASE, 'Type="SendClaims"', 'Type="ClaimsExchange"')
    assert await said(mute) == "User journey 'SignIn' does not contain a send claims step."


async def test_required_inputs_come_from_earlier_steps() -> None:
    """azure-docs#12948."""
    early = changed(BASE, 'Order="2"', 'Order="0"')
    assert await said(early) == (
        'Claim type "objectId" is the input claim of technical profile "Read" in step "0" of user '
        'journey "SignIn" but it is not an output claim in any of the previous steps.'
    )


async def test_inputs_with_a_value_of_their_own_ask_nothing_of_earlier_steps() -> None:
    early = changed(BASE, 'Order="2"', 'Order="0"')
    for old, new in (
        ('"objectId" Required="true"', '"objectId" Required="true" DefaultValue="{Claim:oid}"'),
        ('"objectId" Required="true"', '"objectId"'),
    ):
        assert await said(changed(early, old, new)) == ""


async def test_the_caller_may_hand_claims_in() -> None:
    early = changed(BASE, 'Order="2"', 'Order="0"')
    party = changed(
        RELYING_PARTY,
        "<OutputClaims>",
        '<InputClaims><InputClaim ClaimTypeReferenceId="objectId" /></InputClaims><OutputClaims>',
    )
    child = policy("B2C_1A_SignIn", party, base="B2C_1A_Base")
    assert await said(child, early) == ""


async def test_outputs_of_a_relying_party_come_from_its_journey() -> None:
    """azure-docs#12948."""
    more = changed(
        SIGN_IN,
        '<OutputClaim ClaimTypeReferenceId="sub" />',
        '<OutputClaim ClaimTypeReferenceId="grant_type" />',
    )
    assert await said(more, BASE, EXTENSIONS) == (
        'Claim type "grant_type" is the output claim of the relying party\'s technical profile, '
        'but it is not an output claim in any of the steps of user journey "SignIn".'
    )


async def test_claims_of_sub_journeys_and_sessions_count_and_circles_end() -> None:
    more = changed(
        SIGN_IN,
        '<OutputClaim ClaimTypeReferenceId="sub" />',
        '<OutputClaim ClaimTypeReferenceId="grant_type" />',
    )
    child = changed(
        more,
        "<RelyingParty>",
        """<ClaimsProviders><ClaimsProvider><DisplayName>D</DisplayName><TechnicalProfiles>
        <TechnicalProfile Id="Session"><PersistedClaims>
          <PersistedClaim ClaimTypeReferenceId="grant_type" /></PersistedClaims>
        </TechnicalProfile>
        <TechnicalProfile Id="More"><IncludeTechnicalProfile ReferenceId="More" />
          <UseTechnicalProfileForSessionManagement ReferenceId="Session" /></TechnicalProfile>
        </TechnicalProfiles></ClaimsProvider></ClaimsProviders>
        <UserJourneys><UserJourney Id="SignIn"><OrchestrationSteps>
          <OrchestrationStep Order="9" Type="InvokeSubJourney">
            <JourneyList><Candidate SubJourneyReferenceId="Sub" /></JourneyList>
          </OrchestrationStep></OrchestrationSteps></UserJourney></UserJourneys>
        <SubJourneys><SubJourney Id="Sub" Type="Call"><OrchestrationSteps>
          <OrchestrationStep Order="1" Type="InvokeSubJourney">
            <JourneyList><Candidate SubJourneyReferenceId="sub" /></JourneyList>
          </OrchestrationStep>
          <OrchestrationStep Order="2" Type="ClaimsExchange"><ClaimsExchanges>
            <ClaimsExchange Id="M" TechnicalProfileReferenceId="More" /></ClaimsExchanges>
          </OrchestrationStep></OrchestrationSteps></SubJourney></SubJourneys>
        <RelyingParty>""",
    )
    assert await said(child, BASE, EXTENSIONS) == ""


async def test_a_relying_party_has_a_default_journey_and_a_profile() -> None:
    """B2CERR: AADB2C90031, AADB2C90228."""
    bare = policy("B2C_1A_X", "<RelyingParty><Endpoints/></RelyingParty>", base="B2C_1A_Base")
    assert await said(bare, BASE) == (
        "Policy 'B2C_1A_X' does not specify a default user journey. Ensure that the policy or its "
        "parents specify a default user journey as part of a relying party section."
        "The RelyingParty section of TrustFramework Policy does not have required "
        "TechnicalProfiles."
    )


async def test_a_relying_party_inherits_journey_and_profile() -> None:
    child = policy("B2C_1A_X", "<RelyingParty><Endpoints/></RelyingParty>", base="B2C_1A_SignIn")
    assert await said(child, BASE, EXTENSIONS, SIGN_IN) == ""


async def test_a_refused_policy_changes_nothing() -> None:
    async with framework() as f:
        await f.put(BASE)
        await f.put(changed(BASE, 'Type="SendClaims"', 'Type="ClaimsExchange"'))
        value = await f.value("B2C_1A_Base")
    assert value.text == BASE
