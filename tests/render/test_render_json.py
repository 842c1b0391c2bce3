"""The frozen document that other programs read."""

from __future__ import annotations

import json as stdlib

from render_samples import PLAN, REPORT, STATS

from provisioning.core import plan as plans
from provisioning.core.model import Finding, Place
from provisioning.render import json


def test_a_plan_document_has_the_frozen_keys_and_reads_back() -> None:
    document = stdlib.loads(json.plan(PLAN, STATS))
    assert list(document) == [
        "formatVersion",
        "tenant",
        "digest",
        "steps",
        "summary",
        "findings",
        "unmanaged",
        "stats",
    ]
    assert document["stats"] == {
        "httpCalls": 5,
        "requests": 41,
        "retries": 1,
        "rounds": 3,
        "seconds": 1.25,
    }
    assert document["steps"][0]["changes"][1] == {
        "path": "identifierUris",
        "before": None,
        "after": [
            {"$template": ["api://", {"$ref": "application.api", "path": "appId"}]},
        ],
    }
    assert plans.from_json(document) == PLAN


def test_extra_keys_stand_at_the_top() -> None:
    document = stdlib.loads(json.plan(PLAN, STATS, extra={"manifest": "/m", "variables": {}}))
    assert document["manifest"] == "/m"
    assert plans.from_json(document) == PLAN


def test_a_report_adds_outcomes() -> None:
    document = stdlib.loads(json.report(REPORT))
    assert [item["result"] for item in document["outcomes"]] == ["done", "failed", "held"]
    assert document["outcomes"][1]["error"]["requestId"] == "0aa0"
    assert document["stats"]["retries"] == 1


def test_findings_alone_are_a_document_too() -> None:
    found = Finding("unknown-key", "no key \x1b", "remove it", place=Place("m.yaml", 1, 2))
    shown = json.findings((found,))
    assert shown.isascii()
    assert "\x1b" not in shown
    assert stdlib.loads(shown) == {
        "formatVersion": 1,
        "findings": [
            {
                "rule": "unknown-key",
                "severity": "error",
                "file": "m.yaml",
                "line": 1,
                "column": 2,
                "message": "no key \x1b",
                "remedy": "remove it",
                "address": None,
            }
        ],
        "summary": {"error": 1, "warning": 0, "info": 0},
    }
