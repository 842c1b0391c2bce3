"""What a reviewer reads in a pull request, where a tenant's names are foreign text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from render_samples import PLAN, REPORT, STATS

from provisioning.core.model import Address, Finding
from provisioning.core.plan import Action, Change, Step
from provisioning.render import escape, markdown


def test_a_plan_folds_every_step() -> None:
    shown = markdown.plan(PLAN, STATS)
    assert shown.startswith("### Plan: 1 to create, 1 to update, 0 to delete; 2 held, 1 manual\n")
    assert (
        "<details><summary><code>+ create application.api</code></summary>\n\n"
        "not in the tenant\n\n"
        "```diff\n"
        '+ displayName: "Contoso API"\n'
        "+ identifierUris:\n"
        '+     "api://(known after apply)"  # application.api.appId\n'
        "```\n\n</details>"
    ) in shown
    assert "`--allow narrow-consent=delegated_permission_grant.app.microsoftGraph`" in shown
    assert f"Digest `{PLAN.digest}`" in shown


def test_a_report_is_a_table_with_the_failures_below() -> None:
    shown = markdown.report(REPORT)
    assert "| failed | update application.app |  |\n" in shown
    assert (
        "**application.app**\n\n```\n"
        "error: 403 Authorization_RequestDenied "
        "Insufficient privileges to complete the operation.\n"
        "request: PATCH /applications/1\nrequest-id: 0aa0\n"
        "remedy: ask for Application.ReadWrite.All\n```"
    ) in shown


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("@octocat", "@<!-- -->octocat"),
        ("fixes #12", "fixes #<!-- -->12"),
        ("GH-7", "GH<!-- -->-7"),
        ("[a](https://evil.example)", "\\[a\\](https\\://evil.example)"),
        ("www.evil.example", "ww<!-- -->w.evil.example"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
        ("a | b", "a \\| b"),
        ("# head", "\\# head"),
        ("a\nb", "a\\\\x0ab"),
        ("1. list", "1\\. list"),
        ("plain words, nothing else.", "plain words, nothing else."),
    ],
)
def test_prose_cannot_link_mention_or_format(foreign: str, shown: str) -> None:
    assert escape.markdown(foreign) == shown


def test_backticks_cannot_leave_a_code_span_or_block() -> None:
    assert escape.code("a`b") == "``a`b``"
    assert escape.code("`a") == "`` `a ``"
    assert escape.block("```\n@octocat") == "````\n```\n@octocat\n````"


def test_foreign_names_stay_inside_their_block() -> None:
    evil = "x```\n</details><script>@octocat"
    step = Step(Address("application", evil), Action.UPDATE, evil, (Change(evil, evil, evil),))
    shown = markdown.plan(replace(PLAN, steps=(step,), tenant_name=evil))
    assert shown.count("</details>") == 2 + shown.count("x```\\x0a</details>")
    assert "<script>" not in shown.replace("x```\\x0a</details><script>@octocat", "")
    assert "````diff\n" in shown


def test_a_comment_fits_into_githubs_limit_and_counts_what_is_left_out() -> None:
    steps = tuple(
        Step(
            Address("application", f"a{number}"),
            Action.CREATE,
            "not in the tenant",
            (Change("notes", None, "n" * 500),),
        )
        for number in range(400)
    )
    shown = markdown.plan(replace(PLAN, steps=steps))
    assert 60_000 < len(shown) < 65_536
    assert " more left out; `--format json` shows all of them.\n" in shown
    assert shown.rstrip().endswith(f"Digest `{replace(PLAN, steps=steps).digest}`")


def test_findings_are_a_list() -> None:
    found = (Finding("odd", "it is _odd_", "make it even", address=Address("application", "a")),)
    assert markdown.findings(found) == (
        "- **error** `application.a`: it is \\_odd\\_; make it even\n"
    )
    assert markdown.findings(()) == "No findings.\n"
