"""What a run over many tenants looks like on a terminal, in a comment and for programs."""

from __future__ import annotations

import json as stdlib
import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fleet_samples import (
    ALIKE,
    ALL,
    APPLIED,
    CALM,
    CHANGED,
    CHECKED,
    EMPTY,
    FAILED,
    FAULTY,
    HOSTILE,
    RUN,
    Spool,
    planned,
    run,
    tenant,
)
from render_samples import PLAN

from provisioning.core.fleet import (
    FleetRun,
    Part,
    Problem,
    Status,
    TenantResult,
    run_to_json,
    tenant_to_json,
)
from provisioning.core.model import Address
from provisioning.core.plan import Action, Change, Step
from provisioning.render import fleet
from provisioning.render.json import document

FORMATS: list[Callable[..., Iterator[str]]] = [
    fleet.text,
    fleet.markdown,
    fleet.html,
    fleet.json,
    fleet.sarif,
]

TABLE = """\
Tenant     Ring    Status   +  ~  -  held  manual  Digest        Seconds
adatum     canary  in-sync  0  0  0     0       0  aedf141058d0      1.2
contoso    broad   changes  1  1  0     2       1  d5e4529b90fd      1.2
fabrikam   broad   changes  1  1  0     2       1  d5e4529b90fd      1.2
litware    broad   failed   0  0  0     0       0  -                 1.2
northwind  broad   failed   0  0  0     0       0  -                 1.2
tailspin   broad   skipped  0  0  0     0       0  -                 0.0
"""

REST = f"""
fabrikam (fabrikam.onmicrosoft.com, ring broad): changes
Approval   --approved fabrikam={ALIKE.digest}
The same plan as contoso.

litware (litware.onmicrosoft.com, ring broad): failed
Error: AADSTS7000215: Invalid client secret
       renew the secret

northwind (northwind.onmicrosoft.com, ring broad): failed
Error: 1 fault in its manifest
       mend what the findings say
m.yaml:3:5: error: no variable named redirectUrl; did you mean redirectUri? [unknown-variable]

Plan of 6 tenants: 2 failed, 1 not begun, 2 with changes, 1 in sync.
2 to create, 2 to update, 0 to delete; 4 held, 2 manual.
Stopped: broad: 2 tenants failed, stopAfter is 2
Run 20260102-030405-abcdef: 12.5 s
"""

BLOCK = """\
<details><summary><code>litware</code> failed: AADSTS7000215&#58; Invalid client secret</summary>

**Error:** AADSTS7000215: Invalid client secret

What to do: renew the secret

</details>
"""


def shown(made: Iterable[str]) -> str:
    return "".join(made)


def big(name: str, steps: int) -> TenantResult:
    made = (
        Step(
            Address("application", f"{name}{number}"),
            Action.CREATE,
            "not in the tenant",
            (Change("notes", None, "n" * 300),),
        )
        for number in range(steps)
    )
    return tenant(name, Status.CHANGES, replace(EMPTY, steps=tuple(made)))


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_holds_more_than_a_few_plans_at_once(
    form: Callable[[FleetRun, Iterable[TenantResult]], Iterator[str]],
) -> None:
    class Document(dict[str, Any]):
        """A dictionary whose end can be watched."""

    seen: list[weakref.ref[Document]] = []
    most = 0

    class Watched:
        def __iter__(self) -> Iterator[TenantResult]:
            nonlocal most
            for number in range(30):
                made = Document(big(f"t{number}", 1).parts[0].document)
                seen.append(weakref.ref(made))
                yield replace(CHANGED, name=f"t{number}", parts=(Part("m", "m", made),))
                del made
                most = max(most, sum(each() is not None for each in seen))

    changed = run("plan", *(big(f"t{number}", 1) for number in range(30)))
    assert sum(len(chunk) for chunk in form(changed, Watched())) > 0
    assert 1 <= most <= 3


def test_an_iterator_is_refused_before_it_would_be_used_up() -> None:
    with pytest.raises(TypeError, match="more than once: give a list or a spool"):
        shown(fleet.text(RUN, iter(ALL)))


def test_text_is_a_table_then_what_is_not_in_sync_then_the_total() -> None:
    told = shown(fleet.text(RUN, Spool(ALL)))
    assert told.startswith(f"{TABLE}\ncontoso (contoso.onmicrosoft.com, ring broad): changes\n")
    assert told.endswith(REST)
    assert "  ~ application.app  # differs from the manifest\n" in told
    assert "adatum.onmicrosoft.com" not in told


def test_a_narrow_terminal_spares_the_columns_that_matter_least() -> None:
    def head(width: int) -> list[str]:
        line = shown(fleet.text(RUN, Spool((CALM,)), color=True, width=width)).splitlines()[0]
        return re.sub(r"\x1b\[[0-9;]*m", "", line).split()

    assert head(80)[-2:] == ["Digest", "Seconds"]
    assert head(60)[-2:] == ["manual", "Seconds"]
    assert head(45) == ["Tenant", "Status", "+", "~", "-", "held", "manual"]


def test_colour_adds_codes_and_nothing_else() -> None:
    plain = shown(fleet.text(RUN, Spool(ALL)))
    drawn = shown(fleet.text(RUN, Spool(ALL), color=True, width=200))
    assert re.sub(r"\x1b\[[0-9;]*m", "", drawn).split() == plain.split()
    assert "\x1b[1;31mfailed\x1b[0m" in re.sub(r" +", "", drawn)


def test_a_run_of_nothing_to_do_is_a_table_and_a_line() -> None:
    told = shown(fleet.text(run("plan", CALM), Spool((CALM,))))
    assert told.splitlines()[2:] == [
        "",
        "Plan of 1 tenant: 1 in sync.",
        "Run 20260102-030405-abcdef: 12.5 s",
    ]


def test_an_apply_counts_what_was_done_and_shows_the_fault() -> None:
    told = shown(fleet.text(run("apply", APPLIED), Spool((APPLIED,))))
    row = told.splitlines()[1].split()
    assert row[:8] == ["contoso", "broad", "failed", "1", "0", "0", "1", "0"]
    assert "     failed update application.app\n" in told
    assert "            ask for Application.ReadWrite.All\n" in told
    assert "--approved" not in told
    block = shown(fleet.markdown(run("apply", APPLIED), Spool((APPLIED,))))
    assert "</code> failed: 1 created, 0 updated, 0 deleted; 1 held; 1 not done</summary>" in block
    assert "- failed update application.app\n-     403 Authorization_RequestDenied " in block


def test_a_verify_counts_checks_and_names_the_mend() -> None:
    told = shown(fleet.text(run("verify", CHECKED), Spool((CHECKED,))))
    assert told.splitlines()[0].split() == (
        ["Tenant", "Ring", "Status", "passed", "failed", "not", "yet", "Digest", "Seconds"]
    )
    assert "  failed b (code)  # refused\n    policy (AADB2C90118): no\n    upload it\n" in told
    assert "1 passed, 1 failed.\n" in told


def test_a_replacement_is_one_more_and_one_less() -> None:
    step = Step(Address("policy_key", "a"), Action.REPLACE, "")
    made = tenant("contoso", Status.CHANGES, replace(EMPTY, steps=(step,)))
    row = shown(fleet.text(run("plan", made), Spool((made,)))).splitlines()[1]
    assert row.split()[3:6] == ["1", "0", "1"]


def test_a_tenant_of_several_manifests_has_one_row_and_a_title_for_each() -> None:
    made = tenant("contoso", Status.CHANGES, PLAN, PLAN)
    told = shown(fleet.text(run("plan", made), Spool((made,))))
    assert told.splitlines()[1].split()[3:8] == ["2", "2", "0", "4", "2"]
    assert "\nmanifests/0:\n" in told
    assert "\nmanifests/1:\n" in told


def test_a_document_that_cannot_be_read_does_not_hide_the_other_tenants() -> None:
    other = replace(CHANGED, name="other", parts=(Part("m", "m", {"steps": [], "findings": []}),))
    for form in FORMATS:
        told = shown(form(run("plan", other, CHANGED), Spool((other, CHANGED))))
        assert "contoso" in told or form is fleet.sarif
    assert "this document cannot be read: no plan of format version 1" in shown(
        fleet.text(run("plan", other), Spool((other,)))
    )


def test_a_comment_is_a_total_a_table_and_a_block_for_what_differs() -> None:
    told = shown(fleet.markdown(RUN, Spool(ALL)))
    assert told.startswith(
        "### Plan of 6 tenants: 2 failed, 1 not begun, 2 with changes, 1 in sync\n\n"
        "2 to create, 2 to update, 0 to delete; 4 held, 2 manual.\n\n"
        "**Stopped:** broad: 2 tenants failed, stopAfter is 2\n\n"
        r"| Tenant | Ring | Status | \+ | \~ | \- | Held | Manual | Digest | Seconds |"
        "\n|---|---|---|--:|--:|--:|--:|--:|---|--:|\n"
        "| litware | broad | failed | 0 | 0 | 0 | 0 | 0 |  | 1.2 |\n"
    )
    assert BLOCK in told
    assert "<details><summary>1 tenant with nothing to do</summary>\n\nadatum\n" in told
    assert "<details><summary>1 tenant not begun</summary>\n\ntailspin\n" in told
    assert "<code>contoso</code> and 1 more with changes: 1 to create, 1 to update" in told
    assert "The same in fabrikam\n" in told
    assert "\n+ application.api  # not in the tenant\n+     displayName:" in told


def test_the_gravest_tenants_come_first() -> None:
    told = shown(fleet.markdown(RUN, Spool(ALL)))
    places = [told.index(f"<summary><code>{name}") for name in ("litware", "northwind", "contoso")]
    assert places == sorted(places)


@pytest.mark.parametrize("limit", [fleet.LIMIT, 8_000])
def test_a_comment_never_exceeds_its_limit_and_counts_what_is_left_out(limit: int) -> None:
    tenants = (FAILED, *(big(f"t{number}", 40) for number in range(60)), CHANGED)
    told = shown(fleet.markdown(run("plan", *tenants), Spool(tenants), limit=limit))
    assert limit * 0.6 < len(told) <= limit
    assert BLOCK in told
    assert re.search(
        r"Of the steps [\d, ]+ (by name only|left out)[^:]*: the JSON report has all of it\.", told
    )
    assert re.search(r"\n\d+ more plans and errors: the JSON report has all of it\.\n", told)
    assert told.count("<details>") == told.count("</details>")
    assert told.count("```") % 2 == 0
    assert told.endswith("<sub>Run 20260102-030405-abcdef, 12.5 s</sub>\n")


def test_hundreds_of_different_failures_fit_into_a_comment() -> None:
    tenants = tuple(
        replace(FAILED, name=f"{number:0>60}", problem=Problem(f"{number} " * 600, "`" * 900))
        for number in range(300)
    )
    told = shown(fleet.markdown(run("plan", *tenants), Spool(tenants), limit=fleet.LIMIT))
    assert len(told) <= fleet.LIMIT
    assert re.search(r"\n\d+ more rows: ", told)


def test_one_outage_is_one_block_however_many_tenants_it_hits() -> None:
    tenants = tuple(replace(FAILED, name=f"t{number}") for number in range(100))
    told = shown(fleet.markdown(run("plan", *tenants), Spool(tenants), limit=fleet.LIMIT))
    assert told.count("**Error:**") == 1
    assert "<code>t0</code> and 99 more failed: " in told
    assert "t20 and 79 more\n" in told


def test_a_tenants_words_stay_in_their_cell_and_block() -> None:
    told = shown(fleet.markdown(run("plan", HOSTILE), Spool((HOSTILE,))))
    outside = re.sub(r"(`{3,})diff\n.*?\n\1\n", "", told, flags=re.DOTALL)
    assert outside.count("</details>") == 1
    assert "<img" not in outside
    assert "@octocat" not in outside
    assert "](https://" not in outside
    (row,) = (line for line in outside.splitlines() if line.startswith("| &lt;"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 11


@pytest.mark.parametrize("color", [True, False])
def test_control_characters_from_a_tenant_are_spelled_out(color: bool) -> None:
    told = shown(fleet.text(run("plan", HOSTILE), Spool((HOSTILE,)), color=color, width=400))
    assert "\x1b[2J" not in told
    assert "\\x1b[2J`|@octocat" in told


@pytest.mark.parametrize("tenants", [(), (CALM,), (*ALL, HOSTILE, APPLIED)])
def test_the_streamed_document_is_the_whole_one(tenants: tuple[TenantResult, ...]) -> None:
    made = run("plan", *tenants)
    told = shown(fleet.json(made, iter(tenants)))
    assert told == document({**run_to_json(made), "tenants": [*map(tenant_to_json, tenants)]})
    assert [each["name"] for each in stdlib.loads(told)["tenants"]] == [t.name for t in tenants]


def test_a_finding_of_many_tenants_is_told_once_with_their_names() -> None:
    (result,) = stdlib.loads(shown(fleet.sarif(RUN, (CHANGED, ALIKE))))["runs"][0]["results"]
    assert result["message"]["text"] == (
        "no scope named red (tenants contoso, fabrikam); did you mean read?"
    )
    many = [replace(FAULTY, name=f"t{number}") for number in range(9)]
    (result,) = stdlib.loads(shown(fleet.sarif(RUN, many)))["runs"][0]["results"]
    assert "(tenants t0, t1, t2 and 6 more)" in result["message"]["text"]


def test_a_tenant_that_failed_is_a_result_of_its_own() -> None:
    (result,) = stdlib.loads(shown(fleet.sarif(RUN, (FAILED,))))["runs"][0]["results"]
    assert result["ruleId"] == "tenant-failed"
    assert result["message"]["text"] == (
        "AADSTS7000215: Invalid client secret (tenant litware); renew the secret"
    )


def test_policies_shown_whole_stay_whole() -> None:
    content = planned(PLAN)
    steps = content["steps"]
    assert isinstance(steps, list)
    xml = {"before": None, "after": "<A>\n  <B/>\n</A>"}
    told = replace(
        CHANGED,
        parts=(Part("m", "m", {**content, "steps": [{**steps[0], "xml": xml}, *steps[1:]]}),),
    )
    for form in (fleet.text, fleet.markdown):
        assert re.search(r"\+ +<B/>", shown(form(RUN, Spool((told,)))))
