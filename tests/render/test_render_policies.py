"""Policies shown whole, manual steps, and the way back from a broken apply."""

from __future__ import annotations

import json as stdlib
from dataclasses import replace

import pytest
from render_samples import PLAN, REPORT, STATS

from provisioning.core.model import Address
from provisioning.core.plan import Action, Change, Step
from provisioning.core.report import Outcome, Result
from provisioning.render import json, markdown, text
from provisioning.render.whole import Whole, lines

BASE = Address("custom_policy", "B2C_1A_Base")
BEFORE = "<A>\n  <B>old</B>\n  <C/>\n</A>"
AFTER = "<A>\n  <B>new</B>\n  <C/>\n</A>"
STEP = Step(BASE, Action.UPDATE, "differs from the manifest", (Change("B", "old", "new"),))
POLICY_PLAN = replace(PLAN, steps=(STEP,), findings=(), unmanaged=())
WHOLES = {BASE: Whole(BEFORE, AFTER)}
COMMAND = "provisioning rollback r --sandbox box"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (BEFORE, AFTER, [" <A>", "-  <B>old</B>", "+  <B>new</B>", "   <C/>", " </A>"]),
        (None, "<A/>", ["+<A/>"]),
        ("<A/>", None, ["-<A/>"]),
        ("<A/>", "<A/>", [" <A/>"]),
        ("-- a\n++ b", "++ b", ["--- a", " ++ b"]),
        (None, None, []),
    ],
)
def test_every_line_is_shown_and_those_that_differ_are_marked(
    before: str | None, after: str | None, shown: list[str]
) -> None:
    assert [f"{line.symbol}{line.text}" for line in lines(Whole(before, after))] == shown


def test_a_whole_policy_stands_in_place_of_its_changes() -> None:
    assert (
        "  ~ custom_policy.B2C_1A_Base  # differs from the manifest\n"
        "        <A>\n"
        "      -   <B>old</B>\n"
        "      +   <B>new</B>\n"
        "          <C/>\n"
        "        </A>\n\n"
    ) in text.plan(POLICY_PLAN, wholes=WHOLES)
    assert "```diff\n  <A>\n-   <B>old</B>\n+   <B>new</B>\n    <C/>\n  </A>\n```" in (
        markdown.plan(POLICY_PLAN, wholes=WHOLES)
    )
    coloured = text.plan(POLICY_PLAN, wholes=WHOLES, color=True, width=200)
    assert "\x1b[31m-   <B>old</B>\x1b[0m" in coloured
    assert "\x1b[32m+   <B>new</B>\x1b[0m" in coloured


def test_json_has_the_whole_policy_when_it_is_asked_for() -> None:
    plain = stdlib.loads(json.plan(POLICY_PLAN, STATS))
    full = stdlib.loads(json.plan(POLICY_PLAN, STATS, wholes=WHOLES))
    assert full["steps"][0].pop("xml") == {"before": BEFORE, "after": AFTER}
    assert full == plain


def test_control_characters_of_a_policy_are_spelled_out() -> None:
    evil = {BASE: Whole(None, "<A>\u202e\x1b[2J</A>")}
    assert "      + <A>\\u202e\\x1b[2J</A>\n" in text.plan(POLICY_PLAN, wholes=evil)


def test_a_manual_step_shows_what_to_do_and_where() -> None:
    portal = "https://portal.azure.com/#view/B2C/Flows?flow=B2C_1_A"
    step = Step(
        Address("user_flow", "B2C_1_A"),
        Action.CREATE,
        "not in the tenant",
        manual=f"Make it by hand: {portal}. See [x](https://evil.example).",
    )
    plan = replace(PLAN, steps=(step,))
    shown = text.plan(plan)
    assert "  ? user_flow.B2C_1_A  create  # not in the tenant\n" in shown
    assert f"      Make it by hand: {portal}. See [x](https://evil.example).\n" in shown
    assert f"Make it by hand: <{portal}>. See \\[x\\](https\\://evil.example)." in (
        markdown.plan(plan)
    )
    document = stdlib.loads(json.plan(plan, STATS))
    assert document["steps"][0]["manual"] == step.manual
    assert document["summary"]["manual"] == 1


def test_a_report_ends_with_the_command_that_undoes_it() -> None:
    shown = text.report(REPORT, way_back=COMMAND)
    assert shown.endswith(f"\nTo put back the policies that this run replaced:\n  {COMMAND}\n")
    assert f"To put back the policies that this run replaced:\n\n```\n{COMMAND}\n```" in (
        markdown.report(REPORT, way_back=COMMAND)
    )
    assert "To put back" not in text.report(REPORT) + markdown.report(REPORT)


def test_a_rollback_is_measured_by_what_the_run_found() -> None:
    empty = replace(PLAN, steps=(), findings=(), unmanaged=())
    done = replace(REPORT, outcomes=(Outcome(BASE, Action.UPDATE, Result.DONE),), after=empty)
    goal = "what run r found"
    assert "No changes. The tenant matches what run r found.\n" in text.plan(empty, goal=goal)
    assert "### No changes. The tenant matches what run r found." in markdown.plan(empty, goal=goal)
    proof = "Second plan: no changes. The tenant matches what run r found."
    assert proof in text.report(done, goal=goal)
    assert proof in markdown.report(done, goal=goal)
