"""What the service says about an upload, taken apart and traced back to the user's lines."""

from __future__ import annotations

import pytest
from policy_samples import (
    BASE,
    EXTENSIONS,
    SIGN_IN,
    built,
    outputs,
    policy,
    profile,
    provider,
    read,
)

from provisioning.policies import document, overlays, server_message

WRAPPER = (
    'Validation failed: 2 validation error(s) found in policy "B2C_1A_SIGNIN" of tenant '
    '"contoso.onmicrosoft.com".'
)
CLAIM = (
    'Policy "B2C_1A_SIGNIN" of tenant "contoso.onmicrosoft.com" makes a reference to ClaimType '
    'with id "userId" but neither the policy nor any of its base policies contain such an element.'
)
TRANSFORMATION = CLAIM.replace("ClaimType", "ClaimsTransformation").replace("userId", "Make")
SCHEMA = (
    'Schema validation error found at line 4 col 10 in policy "B2C_1A_SIGNIN" of tenant '
    "\"contoso.onmicrosoft.com\": The element 'TechnicalProfile' in namespace "
    "'http://schemas.microsoft.com/online/cpim/schemas/2013/06' has invalid child element "
    "'Protocol' in namespace 'http://schemas.microsoft.com/online/cpim/schemas/2013/06'. List of "
    "possible elements expected: 'ErrorHandlers, EnabledForUserJourneys' in namespace "
    "'http://schemas.microsoft.com/online/cpim/schemas/2013/06'."
)
EXCHANGES = (
    'User journey "SignIn" in policy "B2C_1A_SIGNIN" of tenant "contoso.onmicrosoft.com" has step '
    "3 with 2 claims exchanges. It must be preceded by a claims provider selection in order to "
    "determine which claims exchange can be used."
)
KEY = (
    'Tenant "contoso.onmicrosoft.com" does not have CryptographicKey referenced by '
    'storageReferenceId "B2C_1A_TokenSigningKeyContainer".'
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (CLAIM, (CLAIM,)),
        (f"{WRAPPER}{CLAIM}{TRANSFORMATION}", (CLAIM, TRANSFORMATION)),
        (f"{WRAPPER}{CLAIM}{CLAIM}{TRANSFORMATION}{CLAIM}", (CLAIM, TRANSFORMATION)),
        (f"Unable to upload policy. Reason : {WRAPPER}{EXCHANGES}{KEY}", (EXCHANGES, KEY)),
        (f"{SCHEMA}{SCHEMA}{KEY}\n{CLAIM}", (SCHEMA, KEY, CLAIM)),
        ("Something new.", ("Something new.",)),
        ("", ()),
    ],
)
def test_messages_are_taken_apart_and_told_once(text: str, parts: tuple[str, ...]) -> None:
    assert server_message.split(text) == parts


PROFILE = (
    '<Protocol Name="OpenIdConnect" />\n<Metadata>\n<Item Key="client_id">x</Item></Metadata>'
    "<CryptographicKeys>\n<Key Id='k' StorageReferenceId='B2C_1A_Missing' /></CryptographicKeys>"
)
LINES = policy(
    "SignIn",
    "\n<ClaimsProviders>\n"
    + provider("Local", profile("login-NonInteractive", PROFILE + outputs("userId")))
    + "</ClaimsProviders>\n<UserJourneys>\n"
    '<UserJourney Id="SignIn"><OrchestrationSteps>\n'
    '<OrchestrationStep Order="1" Type="ClaimsExchange" />\n'
    '<OrchestrationStep Order="2" Type="SendClaims" />\n'
    "</OrchestrationSteps></UserJourney></UserJourneys>",
    base="Base",
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (CLAIM, "userId"),
        (KEY.replace("TokenSigningKeyContainer", "Missing"), "B2C_1A_Missing"),
        (EXCHANGES.replace("step 3", "step 2"), 'Order="2"'),
        (
            (
                'Claim type "x" is the input claim of technical profile "login-NonInteractive" in '
                'step "1" of user journey "SignIn" but it is not an output claim in any of the '
                "previous steps."
            ),
            'Order="1"',
        ),
        (
            (
                'TechnicalProfile "login-NonInteractive" in policy "B2C_1A_SignIn" of tenant "t" '
                'defines an invalid value "" for the metadata item "client_id."'
            ),
            'Item Key="client_id"',
        ),
        ("User journey 'SignIn' does not contain a send claims step.", "<UserJourney Id"),
        (
            (
                'Claim type "displayName" is the output claim of the relying party\'s technical '
                "profile, but it is not an output claim in any of the steps of user "
                'journey "SignIn".'
            ),
            "<UserJourney Id",
        ),
        (
            (
                "TenantId in the policy xml 'yourtenant.onmicrosoft.com' is not same as the one in "
                "login tenant 'contoso.onmicrosoft.com'."
            ),
            "<TrustFrameworkPolicy",
        ),
        ("Something new.", "<TrustFrameworkPolicy"),
    ],
)
def test_each_message_leads_to_its_element(text: str, word: str) -> None:
    documents = (read(BASE, "Base.xml"), read(LINES, "SignIn.xml"))
    (finding,) = server_message.locate(WRAPPER + text, documents)
    assert finding.rule == "server-validation"
    assert finding.message == text
    line = next(number for number, text in enumerate(LINES.splitlines(), 1) if word in text)
    assert finding.place is not None
    assert (finding.place.file, finding.place.line) == ("SignIn.xml", line)


def test_an_element_of_the_parent_is_found_there() -> None:
    documents = (read(BASE, "Base.xml"), read(EXTENSIONS, "Ext.xml"), read(SIGN_IN, "SignIn.xml"))
    (finding,) = server_message.locate(WRAPPER + KEY, documents)
    assert finding.place is not None
    assert finding.place.file == "Base.xml"


def test_a_line_of_the_upload_leads_to_the_line_of_its_file() -> None:
    stamp = overlays.built_in("build-stamp")
    assert stamp is not None
    spread = SIGN_IN.replace(" PolicyId=", "\n  PolicyId=").replace("><", ">\n<")
    found = built(
        read(BASE, "b.xml"), read(EXTENSIONS, "e.xml"), read(spread, "s.xml"), apply=(stamp,)
    )
    (sign_in,) = [one for one in found.documents if one.policy_id == "B2C_1A_SignIn"]
    uploaded = document.serialize(sign_in).splitlines()
    for word, file in (("<SubjectNamingInfo", "s.xml"), ("policySetDigest", "overlay:build-stamp")):
        line = next(number for number, text in enumerate(uploaded, 1) if word in text)
        column = uploaded[line - 1].index(word) + 2
        message = SCHEMA.replace("line 4 col 10", f"line {line} col {column}")
        (finding,) = server_message.locate(message, found.documents)
        assert finding.place is not None
        assert finding.place.file == file
    (subject,) = [
        n for n, text in enumerate(spread.splitlines(), 1) if "<SubjectNamingInfo" in text
    ]
    line = next(n for n, text in enumerate(uploaded, 1) if "<SubjectNamingInfo" in text)
    text = SCHEMA.replace("line 4 col 10", f"line {line} col 2")
    (finding,) = server_message.locate(text, found.documents)
    assert finding.place is not None
    assert finding.place.line == subject
    assert line != subject


def test_a_policy_that_is_not_ours_has_no_place() -> None:
    (finding,) = server_message.locate(CLAIM, [read(BASE)])
    assert finding.place is None
