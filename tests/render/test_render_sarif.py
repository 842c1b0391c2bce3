"""What code scanning reads."""

from __future__ import annotations

import json

import pytest

import provisioning
from provisioning.core.model import Address, Finding, Place, Severity
from provisioning.render import sarif
from provisioning.render.sarif import RuleText

FOUND = (
    Finding(
        "unknown-claim-type",
        "no claim type nobody",
        "declare it",
        place=Place("policies/My Base.xml", 7, 3),
    ),
    Finding(
        "several-roots",
        "two policies have no base",
        severity=Severity.WARNING,
        place=Place("tenant:B2C_1A_Old", 1, 1),
        address=Address("custom_policy", "B2C_1A_Base"),
    ),
    Finding("unknown-claim-type", "no claim type x", "declare it", Severity.INFO),
)
RULES = {"unknown-claim-type": RuleText("Claim types are declared.", "declare the claim type")}

DOCUMENT = {
    "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "provisioning",
                    "version": provisioning.__version__,
                    "rules": [
                        {
                            "id": "unknown-claim-type",
                            "shortDescription": {"text": "Claim types are declared."},
                            "help": {"text": "declare the claim type"},
                            "defaultConfiguration": {"level": "error"},
                        },
                        {
                            "id": "several-roots",
                            "shortDescription": {"text": "Several roots."},
                            "help": {"text": "Several roots."},
                            "defaultConfiguration": {"level": "warning"},
                        },
                    ],
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": [
                {
                    "ruleId": "unknown-claim-type",
                    "ruleIndex": 0,
                    "level": "error",
                    "message": {"text": "no claim type nobody; declare it"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "policies/My%20Base.xml"},
                                "region": {"startLine": 7, "startColumn": 3},
                            }
                        }
                    ],
                },
                {
                    "ruleId": "several-roots",
                    "ruleIndex": 1,
                    "level": "warning",
                    "message": {"text": "two policies have no base"},
                    "locations": [
                        {
                            "logicalLocations": [
                                {"fullyQualifiedName": "custom_policy.B2C_1A_Base"},
                                {"fullyQualifiedName": "tenant:B2C_1A_Old:1:1"},
                            ]
                        }
                    ],
                },
                {
                    "ruleId": "unknown-claim-type",
                    "ruleIndex": 0,
                    "level": "note",
                    "message": {"text": "no claim type x; declare it"},
                    "locations": [],
                },
            ],
        }
    ],
}


def test_findings_are_one_run_with_its_rules() -> None:
    assert json.loads(sarif.findings(FOUND, RULES)) == DOCUMENT


def test_no_findings_are_a_run_without_results() -> None:
    run = json.loads(sarif.findings(()))["runs"][0]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a/b.xml", "a/b.xml"),
        ("/srv/a b.xml", "file:///srv/a%20b.xml"),
        ("../é#1.xml", "../%C3%A9%231.xml"),
    ],
)
def test_a_place_is_a_uri_that_can_be_opened(file: str, uri: str) -> None:
    found = Finding("odd", "it is odd", place=Place(file, 1, 1))
    result = json.loads(sarif.findings((found,)))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_foreign_words_make_no_link_and_move_no_cursor() -> None:
    found = Finding("odd", "[here](https://evil.example) \x1b[2J")
    result = json.loads(sarif.findings((found,)))["runs"][0]["results"][0]
    assert result["message"]["text"] == "[here] (https://evil.example) \\x1b[2J"
