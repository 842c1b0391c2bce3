"""Findings as SARIF 2.1.0, which code scanning shows at the lines that they are about.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Must not sort or drop any: the caller's order is
shown. A place that is no file (a policy in the tenant) becomes a logical location.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

import provisioning
from provisioning.core.model import Finding, Place, Severity, Value
from provisioning.render import escape, json

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
"""`tenant:B2C_1A_Base`; a drive's letter is too short to be meant."""
_LINK: Final = re.compile(r"\](?=\()")


@dataclass(frozen=True, slots=True)
class RuleText:
    """What is known of a rule before anything broke it."""

    summary: str
    remedy: str = ""


def findings(findings: Iterable[Finding], rules: Mapping[str, RuleText] | None = None) -> str:
    """Return one log with one run; `rules` describes rules by id, where that is known."""
    listed = tuple(findings)
    ids = {rule: index for index, rule in enumerate(dict.fromkeys(item.rule for item in listed))}
    first = {item.rule: item for item in reversed(listed)}
    driver: Value = {
        "name": "provisioning",
        "version": provisioning.__version__,
        "rules": [_rule(first[rule], (rules or {}).get(rule)) for rule in ids],
    }
    results: list[Value] = [_result(item, ids[item.rule]) for item in listed]
    run: Value = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(example: Finding, known: RuleText | None) -> Value:
    words = example.rule.replace("-", " ")
    summary = known.summary if known else f"{words[:1].upper()}{words[1:]}."
    remedy = (known.remedy if known else "") or example.remedy or summary
    return {
        "id": example.rule,
        "shortDescription": {"text": _text(summary)},
        "help": {"text": _text(remedy)},
        "defaultConfiguration": {"level": _LEVELS[example.severity]},
    }


def _result(finding: Finding, index: int) -> Value:
    message = "; ".join(filter(None, (finding.message, finding.remedy)))
    location = _location(finding)
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _text(message)},
        "locations": [location] if location else [],
    }


def _location(finding: Finding) -> dict[str, Value]:
    place = finding.place
    location: dict[str, Value] = {}
    names = [str(finding.address)] if finding.address else []
    if place is not None and _ELSEWHERE.match(place.file):
        names.append(str(place))
    elif place is not None:
        location["physicalLocation"] = _physical(place)
    if names:
        location["logicalLocations"] = [{"fullyQualifiedName": _text(name)} for name in names]
    return location


def _physical(place: Place) -> Value:
    path = PurePath(place.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {
        "artifactLocation": {"uri": uri},
        "region": {"startLine": place.line, "startColumn": place.column},
    }


def _text(text: str) -> str:
    # `[words](target)` would become a link wherever the log is shown.
    return _LINK.sub("] ", escape.lines(text))
