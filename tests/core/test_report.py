"""A report reads back as it was written, but for the plan made after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.core import report as reports
from provisioning.core.model import Address
from provisioning.core.plan import Action, Plan, Step
from provisioning.core.report import Fault, Outcome, Report, Result, Stats

API = Address("application", "api")
REPORT = Report(
    plan=Plan("1", "contoso", "alice", "client", (Step(API, Action.CREATE, "not in the tenant"),)),
    outcomes=(
        Outcome(API, Action.CREATE, Result.DONE, seconds=0.5),
        Outcome(
            API,
            Action.UPDATE,
            Result.FAILED,
            "differs",
            Fault("denied", "ask", 403, "Denied", "0aa0", "PATCH", "/applications/1"),
        ),
        Outcome(API, Action.DELETE, Result.FAILED, "", Fault("the connection was lost")),
    ),
    after=None,
    settled=False,
    run="20260102-030405",
    stats=Stats(1, 2, 3, 4, 5.5),
)


def test_a_report_reads_back_as_it_was_written() -> None:
    assert reports.report_from_json(reports.report_to_json(REPORT)) == REPORT


def test_the_plan_made_after_it_is_not_in_the_document() -> None:
    written = reports.report_to_json(replace(REPORT, after=REPORT.plan))
    assert reports.report_from_json(written) == REPORT


@pytest.mark.parametrize("missing", ["outcomes", "settled", "run", "stats"])
def test_what_a_document_lacks_is_named(missing: str) -> None:
    document = reports.report_to_json(REPORT)
    del document[missing]
    with pytest.raises(ValueError, match=f"^the report lacks '{missing}'$"):
        reports.report_from_json(document)
