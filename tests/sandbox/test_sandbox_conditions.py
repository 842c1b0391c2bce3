"""Preconditions, ContinueOn… and EnabledForUserJourneys: azure-docs userjourneys.md,
validation-technical-profile.md, technicalprofiles.md."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_framework import changed
from sandbox_sign_in import BASE, PARTY, Stage, stage
from test_sandbox_authorize import came_back, filled, opened

from provisioning.sandbox.signin import conditions
from provisioning.sandbox.signin.b2c_errors import NotOfferedError
from provisioning.sandbox.trustframework.merged import Precondition, Profile

CLAIMS = {"kind": "Phone", "new": True, "mails": ["a", "b"], "empty": None}
READ = '<TechnicalProfile Id="Read">'
LOGIN = '<ValidationTechnicalProfile ReferenceId="login-NonInteractive" />'
NEVER = "<EnabledForUserJourneys>Never</EnabledForUserJourneys>"
EXISTS = (
    '<Preconditions><Precondition Type="ClaimsExist" ExecuteActionsIf="true">'
    "<Value>signInName</Value><Action>SkipThis{}</Action></Precondition></Preconditions>"
)


@pytest.mark.parametrize(
    ("kind", "values", "if_true", "if_false"),
    [
        ("ClaimsExist", ("kind",), True, False),
        ("ClaimsExist", ("empty",), False, True),
        ("ClaimEquals", ("kind", "Phone"), True, False),
        ("ClaimEquals", ("kind", "phone"), False, True),
        ("ClaimEquals", ("kind", "kind"), False, True),
        ("ClaimEquals", ("new", "True"), True, False),
        ("ClaimEquals", ("new", "true"), False, True),
        ("ClaimEquals", ("empty", ""), False, False),
        ("ClaimEquals", ("absent", "x"), False, False),
    ],
)
def test_a_precondition_skips_as_it_is_documented(
    kind: str, values: tuple[str, ...], *, if_true: bool, if_false: bool
) -> None:
    found = [
        conditions.skips(
            [Precondition(kind, values, side, conditions.STEP)], CLAIMS, conditions.STEP
        )
        for side in (True, False)
    ]
    assert found == [if_true, if_false]


def test_another_action_is_not_interpreted() -> None:
    with pytest.raises(NotOfferedError):
        conditions.skips([Precondition("ClaimsExist", ("kind",), True, "Go")], CLAIMS, "Skip")


@pytest.mark.parametrize(
    ("enabled", "claim", "value", "expected"),
    [
        ("", "", None, True),
        ("Always", "", None, True),
        ("true", "", None, True),
        ("Never", "", None, False),
        ("false", "", None, False),
        ("OnClaimsExistence", "kind", None, True),
        ("OnClaimsExistence", "kind", "Email", False),
        ("OnClaimsExistence", "absent", None, False),
        ("OnItemExistenceInStringCollectionClaim", "mails", "b", True),
        ("OnItemExistenceInStringCollectionClaim", "mails", "c", False),
        ("OnItemAbsenceInStringCollectionClaim", "mails", "c", True),
        ("OnItemAbsenceInStringCollectionClaim", "absent", "c", True),
    ],
)
def test_a_profile_runs_when_it_is_enabled(
    enabled: str, claim: str, value: str | None, *, expected: bool
) -> None:
    metadata = {"ClaimTypeOnWhichToEnable": claim}
    metadata |= {} if value is None else {"ClaimValueOnWhichToEnable": value}
    profile = Profile("Any", metadata=metadata, enabled=enabled)
    assert conditions.is_enabled(profile, CLAIMS) is expected


def test_an_unknown_condition_is_not_interpreted() -> None:
    with pytest.raises(NotOfferedError):
        conditions.is_enabled(Profile("Any", enabled="Sometimes"), CLAIMS)


async def _name(s: Stage) -> Any:
    return (await s.claims((await s.sign_in()).json()["id_token"])).get("name")


async def test_a_profile_that_is_never_enabled_adds_nothing() -> None:
    include = '<IncludeTechnicalProfile ReferenceId="AAD-Common" />\n        </TechnicalProfile>'
    enabled = include.replace("</TechnicalProfile>", f"{NEVER}</TechnicalProfile>")
    async with stage() as s:
        before = await _name(s)
        s.store_again(PARTY, changed(BASE, include, enabled))
        after = await _name(s)
    assert (before, after) == ("Alice", None)


@pytest.mark.parametrize(
    ("validations", "signed_in"),
    [
        (LOGIN, True),
        (LOGIN.replace(" />", ' ContinueOnSuccess="false" />') + "REST", True),
        (LOGIN.replace(" />", ' ContinueOnError="true" />') + LOGIN, True),
        (f"{LOGIN}REST", False),
        (LOGIN + "SKIPPED", True),
    ],
)
async def test_validations_follow_each_other_as_they_say(
    validations: str, *, signed_in: bool
) -> None:
    rest = '<ValidationTechnicalProfile ReferenceId="Rest" />'
    skipped = (
        '<ValidationTechnicalProfile ReferenceId="Rest">'
        f"{EXISTS.format('ValidationTechnicalProfile')}</ValidationTechnicalProfile>"
    )
    declared = (
        '<TechnicalProfile Id="Rest"><DisplayName>R</DisplayName><Protocol Name="Proprietary" '
        'Handler="Web.TPEngine.Providers.RestfulProvider, Web.TPEngine" /></TechnicalProfile>'
    )
    wanted = validations.replace("REST", rest).replace("SKIPPED", skipped)
    async with stage() as s:
        s.store_again(changed(changed(BASE, LOGIN, wanted), READ, declared + READ))
        done = await filled(s, await opened(s))
    assert done.status_code == (302 if signed_in else 501)
    assert not signed_in or came_back(done)["code"]


async def test_an_error_that_is_passed_over_shows_no_page() -> None:
    async with stage() as s:
        passing = LOGIN.replace(" />", ' ContinueOnError="true" />')
        s.store_again(changed(BASE, LOGIN, passing))
        done = await filled(s, await opened(s), password="wrong")
    assert "Invalid username or password." not in done.text
    assert "AADB2C90085" in came_back(done)["error_description"]


async def test_an_infinite_window_lets_refresh_tokens_renew_themselves() -> None:
    item = '<Item Key="SendTokenResponseBodyWithJsonNumbers">'
    window = '<Item Key="rolling_refresh_token_lifetime_secs">86400</Item>'
    forever = '<Item Key="allow_infinite_rolling_refresh_token">true</Item>'
    found = []
    for more in (window, window + forever):
        async with stage() as s:
            s.store_again(changed(BASE, item, more + item))
            token = (await s.sign_in()).json()["refresh_token"]
            s.world.clock.advance(86000)
            token = (await s.refresh(token)).json()["refresh_token"]
            s.world.clock.advance(1000)
            found.append((await s.refresh(token)).status_code)
    assert found == [400, 200]
