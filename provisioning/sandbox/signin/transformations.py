"""Claims transformations that journeys may run; must not know profiles.

Sources: P claims-transformations-*.md and *-transformations.md. Methods that are not in the table
are 501.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.trustframework.merged import Lineage
from provisioning.sandbox.trustframework.reader import tag

Claims = dict[str, Any]


class AssertionFailedError(Exception):
    """An Assert… transformation did not hold; its id."""


@dataclass(frozen=True, slots=True)
class _Arguments:
    """What a transformation is given: claims and parameters by their case-folded roles."""

    claims: Mapping[str, Any]
    parameters: Mapping[str, str]
    now: datetime

    def text(self, role: str) -> str:
        value = self.claims.get(role, self.parameters.get(role, ""))
        return "" if value is None else str(value)

    def is_true(self, role: str) -> bool:
        return self.parameters.get(role, "").lower() == "true"


def run(lineage: Lineage, identity: str, claims: Claims, now: datetime) -> None:
    """Run one transformation on the claims of a journey.

    Raises:
        B2CError: 90085 for an operand that must be there and is not.
        NotOfferedError: a method that the sandbox does not interpret.
        AssertionFailedError: an assertion did not hold.
    """
    element = _declared(lineage, identity)
    method = element.get("TransformationMethod") or ""
    if method not in _METHODS:
        raise NotOfferedError(f"the claims transformation method {method}")
    given = {
        role: claims[claim]
        for claim, role in _roles(element, "InputClaims")
        if claims.get(claim) is not None
    }
    parameters = {
        (each.get("Id") or "").casefold(): each.get("Value") or ""
        for each in element.iterfind(f"{tag('InputParameters')}/{tag('InputParameter')}")
    }
    results = _METHODS[method](_Arguments(given, parameters, now))
    if results is None:
        raise AssertionFailedError(identity)
    for claim, role in _roles(element, "OutputClaims"):
        if role in results:
            claims[claim] = results[role]


def _declared(lineage: Lineage, identity: str) -> etree._Element:
    """The declaration nearest to the policy: a child's replaces its parent's."""
    found = None
    for parent in lineage.elements("ClaimsTransformations"):
        for each in parent.iterfind(tag("ClaimsTransformation")):
            if (each.get("Id") or "").casefold() == identity.casefold():
                found = each
    if found is None:
        raise NotOfferedError(f"the undeclared claims transformation {identity}")
    return found


def _roles(element: etree._Element, container: str) -> list[tuple[str, str]]:
    return [
        (
            (each.get("ClaimTypeReferenceId") or "").casefold(),
            (each.get("TransformationClaimType") or "").casefold(),
        )
        for each in element.iterfind(f"{tag(container)}/*")
    ]


def _create_string(given: _Arguments) -> Claims | None:
    return {"createdclaim": given.text("value")}


def _copy(given: _Arguments) -> Claims | None:
    return {"outputclaim": given.claims["inputclaim"]} if "inputclaim" in given.claims else {}


def _format_string(given: _Arguments) -> Claims | None:
    made = given.text("stringformat").replace("{0}", given.text("inputclaim"))
    return {"outputclaim": made}


def _format_strings(given: _Arguments) -> Claims | None:
    made = given.text("stringformat").replace("{0}", given.text("inputclaim1"))
    return {"outputclaim": made.replace("{1}", given.text("inputclaim2"))}


def _change_case(given: _Arguments) -> Claims | None:
    text = given.text("inputclaim1")
    made = text.upper() if given.text("tocase").upper() == "UPPER" else text.lower()
    return {"outputclaim": made}


def _compare(given: _Arguments) -> Claims | None:
    left = given.text("inputclaim1")
    right = given.text("inputclaim2") if "inputclaim2" in given.claims else given.text("compareto")
    if given.is_true("ignorecase"):
        left, right = left.casefold(), right.casefold()
    same = left == right
    if given.text("operator").upper().replace(" ", "") == "NOTEQUAL":
        same = not same
    return {"outputclaim": same}


def _exists(given: _Arguments) -> Claims | None:
    return {"outputclaim": given.claims.get("inputclaim") not in (None, "")}


def _now(given: _Arguments) -> Claims | None:
    return {"currentdatetime": given.now.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")}


def _add_item(given: _Arguments) -> Claims | None:
    items = list(given.claims.get("collection") or ())
    item = given.claims.get("item", given.parameters.get("item"))
    return {"collection": items if item is None or item in items else [*items, item]}


def _single_item(given: _Arguments) -> Claims | None:
    items = given.claims.get("collection") or ()
    return {"extracteditem": items[0]} if items else {}


def _nothing(_: _Arguments) -> Claims | None:
    return {"claim_to_null": None}


def _assert_boolean(given: _Arguments) -> Claims | None:
    same = given.text("inputclaim").lower() == given.text("valuetocompareto").lower()
    return {} if same else None


def _assert_equal(given: _Arguments) -> Claims | None:
    left, right = given.text("inputclaim1"), given.text("inputclaim2")
    if given.text("stringcomparison").lower() == "ordinalignorecase":
        left, right = left.casefold(), right.casefold()
    return {} if left == right else None


def _assert_later(given: _Arguments) -> Claims | None:
    """AssertDateTimeIsGreaterThan (P date-transformations.md): times in their own zone or UTC.

    Only the right operand may be missing; without the left one a refresh ends in an internal
    error (starterpack#138).
    """
    if not given.text("leftoperand"):
        raise B2CError("90085")
    if not given.text("rightoperand"):
        return {} if given.is_true("assertifrightoperandisnotpresent") else None
    left, right = _moment(given.text("leftoperand")), _moment(given.text("rightoperand"))
    tolerance = float(given.text("treatasequalifwithinmillseconds") or 0) / 1000
    if abs((left - right).total_seconds()) <= tolerance:
        return None if given.is_true("assertifequalto") else {}
    return {} if left > right else None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_METHODS: Mapping[str, Callable[[_Arguments], Claims | None]] = {
    "AddItemToStringCollection": _add_item,
    "AddParameterToStringCollection": _add_item,
    "AssertBooleanClaimIsEqualToValue": _assert_boolean,
    "AssertDateTimeIsGreaterThan": _assert_later,
    "AssertStringClaimsAreEqual": _assert_equal,
    "ChangeCase": _change_case,
    "CompareClaims": _compare,
    "CompareClaimToValue": _compare,
    "CopyClaim": _copy,
    "CreateStringClaim": _create_string,
    "DoesClaimExist": _exists,
    "FormatStringClaim": _format_string,
    "FormatStringMultipleClaims": _format_strings,
    "GetCurrentDateTime": _now,
    "GetSingleItemFromStringCollection": _single_item,
    "NullClaim": _nothing,
}
"""Everything that the sandbox runs; None from a method is an assertion that does not hold."""
