"""What a person reads on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from render_samples import PLAN, REPORT, STATS

from provisioning.core.model import Address, Finding, Place
from provisioning.core.plan import Action, Change, Held, Step
from provisioning.core.report import Outcome, Result
from provisioning.render import findings, summary, text

PLAN_TEXT = """\
Tenant     Contoso (contoso.onmicrosoft.com), 11111111-1111-1111-1111-111111111111
Principal  alice@contoso.com
Client     04b07795-8ddb-461a-bbee-02f9e1bf7b46
Digest     DIGEST

  + application.api  # not in the tenant
      + displayName: "Contoso API"
      + identifierUris:
          + "api://(known after apply)"  # application.api.appId

  ~ application.app  # differs from the manifest
      ~ isFallbackPublicClient: false -> true
      ~ web.redirectUris:
          - "https://a"
          + "myapp://auth"
            (1 unchanged element)
      + requiredResourceAccess[api]:
          + resourceAppId: (known after apply)  # application.api.appId
      - notes: "old"

  ! delegated_permission_grant.app.microsoftGraph  delete  # not in the manifest
      held by the guard narrow-consent: consent would shrink
      to carry it out: --allow narrow-consent=delegated_permission_grant.app.microsoftGraph

  ! application.old  delete  # not in the manifest
      held by the guard prune: not in the manifest
      to carry it out: --prune

  ? user_flow.B2C_1_ROPC  create  # not in the tenant
      Open the portal

Live, not managed (adopted objects; the manifest is silent on these):
    application.app: web.homePageUrl = "https://a"

manifest.yaml:7:3: warning: no scope named red; did you mean read? [unknown-permission]

Plan: 1 to create, 1 to update, 0 to delete; 2 held, 1 manual
5 HTTP calls, 41 requests, 1 retry, 3 rounds, 1.2 s
"""

REPORT_TEXT = """\
       done create application.api  0.4 s
     failed update application.app
            403 Authorization_RequestDenied Insufficient privileges to complete the operation.
            PATCH /applications/1
            request-id 0aa0
            ask for Application.ReadWrite.All
       held delete delegated_permission_grant.app.microsoftGraph  # consent would shrink

Apply: 1 done, 1 failed, 1 held
Second plan: 1 to create, 1 to update, 2 held, 1 manual still to do.
Run 20260102-030405: 5 HTTP calls, 41 requests, 1 retry, 3 rounds, 1.2 s
"""


def test_a_plan_shows_every_step_and_how_to_open_its_guard() -> None:
    assert text.plan(PLAN, STATS) == PLAN_TEXT.replace("DIGEST", PLAN.digest)


def test_a_report_shows_every_outcome_and_the_way_on() -> None:
    assert text.report(REPORT) == REPORT_TEXT


def test_colour_adds_codes_and_nothing_else() -> None:
    drawn = text.plan(PLAN, STATS, color=True, width=200)
    assert "\x1b[32m  + \x1b[0m\x1b[1mapplication.api\x1b[0m" in drawn
    assert "\x1b" not in text.plan(PLAN, STATS)


def test_an_empty_plan_says_that_the_tenant_matches() -> None:
    shown = text.plan(replace(PLAN, steps=(), findings=(), unmanaged=()))
    assert shown.splitlines()[-1] == "No changes. The tenant matches the manifest."


def test_a_report_proves_itself_by_an_empty_second_plan() -> None:
    after = replace(PLAN, steps=(), findings=(), unmanaged=())
    done = Outcome(Address("application", "api"), Action.CREATE, Result.DONE)
    shown = text.report(replace(REPORT, outcomes=(done,), after=after))
    assert "Apply: 1 done\n" in shown
    assert "Second plan: no changes. The tenant matches the manifest.\n" in shown


def test_control_characters_from_a_tenant_are_spelled_out() -> None:
    evil = "\x1b[2Jgone\r\n+ application.x \u202egpj.exe"
    step = Step(
        Address("application", evil),
        Action.UPDATE,
        evil,
        (Change(evil, evil, [evil, {evil: evil}]),),
    )
    evil_plan = replace(PLAN, tenant_name=evil, principal=evil, client=evil, steps=(step,))
    for color in (False, True):
        shown = text.plan(evil_plan, color=color, width=500)
        assert "\x1b[2J" not in shown
        assert "\r" not in shown
        assert "\u202e" not in shown
        assert "\\x1b[2Jgone\\x0d\\x0a+ application.x \\u202egpj.exe" in shown


def test_markup_from_a_tenant_is_text() -> None:
    step = Step(Address("application", "a"), Action.UPDATE, "[bold red]x[/bold red] :smile:")
    shown = text.plan(replace(PLAN, steps=(step,)), color=True, width=500)
    assert "[bold red]x[/bold red] :smile:" in shown


@pytest.mark.parametrize(
    ("held", "opening"),
    [
        (Held("rotate", "the sink is unknown"), "--allow rotate=application.a"),
        (Held("prune", "not in the manifest"), "--prune"),
        (Held("prune", "not in the manifest; --prune deletes it"), ""),
        (Held("restore", "waits for application.b, which is held"), ""),
    ],
)
def test_the_flag_that_opens_a_guard_is_named_once(held: Held, opening: str) -> None:
    step = Step(Address("application", "a"), Action.UPDATE, "", held=held)
    assert summary.opening(step) == opening


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (
            Finding("unknown-key", "no key colour", "write color", place=Place("m.yaml", 3, 5)),
            "m.yaml:3:5: error: no key colour; write color [unknown-key]\n",
        ),
        (
            Finding("two-candidates", "two objects", address=Address("application", "a")),
            "application.a: error: two objects [two-candidates]\n",
        ),
        (Finding("odd", "it is odd"), "error: it is odd [odd]\n"),
    ],
)
def test_a_finding_leads_with_its_place(finding: Finding, line: str) -> None:
    assert findings.text((finding,)) == line
