"""User journeys end in a token and ask no ambiguous question. Must not look at claims.

A journey declared again in a child merges with its parent's: steps by Order, exchanges by Id
(samples#198), so the rules look at the merged journey.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from provisioning.core.model import Severity
from provisioning.policies import document as documents
from provisioning.policies.document import NAMESPACE, Element
from provisioning.policies.rules.rule import Hit, Rule
from provisioning.policies.rules.scope import Scope


@dataclass(slots=True)
class Step:
    """One orchestration step after merging; `element` is the nearest declaration."""

    order: int
    element: Element
    exchanges: dict[str, Element] = field(default_factory=dict)
    selections: list[Element] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The step's Type, such as ClaimsExchange."""
        return self.element.get("Type", "")


@dataclass(slots=True)
class Journey:
    """A journey as the policy sees it."""

    element: Element
    """The policy's own declaration."""
    steps: list[Step]

    @property
    def name(self) -> str:
        """The journey's Id."""
        return self.element.get("Id", "")


def declared(scope: Scope, kind: str = "UserJourney") -> Iterator[Journey]:
    """Yield the journeys that the policy itself declares, merged with its ancestors'."""
    for name, element in scope.index.declared[kind].items():
        yield merged(scope, name, element, kind)


def merged(scope: Scope, name: str, element: Element, kind: str = "UserJourney") -> Journey:
    """Return one journey with its steps in order; steps without a number are left out."""
    steps: dict[int, Step] = {}
    for declaration in scope.definitions(kind, name):
        for step in declaration.iter(f"{{{NAMESPACE}}}OrchestrationStep"):
            number = step.get("Order", "").strip()
            if number.isdecimal():
                here = steps.setdefault(int(number), Step(int(number), step))
                for exchange in step.iter(f"{{{NAMESPACE}}}ClaimsExchange"):
                    here.exchanges.setdefault(exchange.get("Id", ""), exchange)
                here.selections += step.iter(f"{{{NAMESPACE}}}ClaimsProviderSelection")
    return Journey(element, [steps[order] for order in sorted(steps)])


def _send_claims(scope: Scope) -> Iterator[Hit]:
    for journey in declared(scope) if scope.complete else ():
        senders = [step for step in journey.steps if step.type == "SendClaims"]
        if not senders:
            if not any(_transfers(scope, step) for step in journey.steps):
                message = f"user journey {journey.name} has no SendClaims step"
                remedy = "end it with a step of Type SendClaims"
                yield Hit(journey.element, message, remedy)
            continue
        for step in senders[1:]:
            message = (
                f"user journey {journey.name} sends claims in step {senders[0].order} and again "
                f"in step {step.order}"
            )
            yield Hit(step.element, message, "use the Order of the step that it is to replace")
        if len(senders) == 1 and journey.steps[-1] is not senders[0]:
            message = (
                f"user journey {journey.name} sends claims in step {senders[0].order}, but goes "
                f"on to step {journey.steps[-1].order}"
            )
            yield Hit(senders[0].element, message, "make it the last step")


def _transfers(scope: Scope, step: Step) -> bool:
    """Whether a step hands over to a sub journey that does not come back."""
    for candidate in step.element.iter(f"{{{NAMESPACE}}}Candidate"):
        for sub in scope.definitions("SubJourney", candidate.get("SubJourneyReferenceId", "")):
            if sub.get("Type") == "Transfer":
                return True
    return False


def _orders(scope: Scope) -> Iterator[Hit]:
    for element in scope.index.elements("OrchestrationStep"):
        if not element.get("Order", "1").strip().isdecimal():
            yield Hit(element, f"Order {element.get('Order')!r} is no number", "count from 1")
    if not scope.complete:
        return
    for kind in ("UserJourney", "SubJourney"):
        for journey in declared(scope, kind):
            for expected, step in enumerate(journey.steps, start=1):
                if step.order != expected:
                    message = f"step {expected} of {journey.name} is missing before {step.order}"
                    yield Hit(step.element, message)
                    break


def _selection(scope: Scope) -> Iterator[Hit]:
    for journey in declared(scope) if scope.complete else ():
        offered = False
        for step in journey.steps:
            if len(step.exchanges) > 1 and not (offered or step.selections):
                message = (
                    f"step {step.order} of {journey.name} has {len(step.exchanges)} claims "
                    f"exchanges, and no step before it lets the user choose"
                )
                yield Hit(step.element, message)
            offered = offered or bool(step.selections)


def _targets(scope: Scope) -> Iterator[Hit]:
    for journey in declared(scope) if scope.complete else ():
        later: set[str] = set()
        for step in reversed(journey.steps):
            for selection in step.selections:
                for attribute, known in (
                    ("TargetClaimsExchangeId", later),
                    ("ValidationClaimsExchangeId", step.exchanges.keys()),
                ):
                    name = selection.get(attribute)
                    if name is not None and name not in known:
                        message = f"{journey.name} offers {name} in step {step.order}"
                        where = "no later step" if known is later else "that step does not"
                        yield Hit(selection, f"{message}, but {where} has such an exchange")
            later |= step.exchanges.keys()


def _relying_party(scope: Scope) -> Iterator[Hit]:
    for party in scope.index.elements("RelyingParty") if scope.complete else ():
        for name, code in (("DefaultUserJourney", 90031), ("TechnicalProfile", 90228)):
            if not any(
                documents.child(index.document.root, "RelyingParty", name) is not None
                for index in scope.chain
            ):
                message = f"the relying party has no {name} (AADB2C{code})"
                yield Hit(party, message, f"add {name}")


RULES: Final = (
    Rule(
        "send-claims",
        Severity.ERROR,
        _send_claims,
        "A user journey has one SendClaims step, the last (AADB2C90040).",
        "end the journey with one SendClaims step",
        inherited=True,
    ),
    Rule(
        "step-order",
        Severity.ERROR,
        _orders,
        "Steps are numbered from 1 without gaps.",
        "renumber the steps",
        inherited=True,
    ),
    Rule(
        "exchange-selection",
        Severity.ERROR,
        _selection,
        "Several exchanges in one step need a selection before it (samples#198).",
        "add a ClaimsProviderSelection step, or use one exchange per step",
        inherited=True,
    ),
    Rule(
        "selection-target",
        Severity.ERROR,
        _targets,
        "What a selection offers is an exchange of a later step, or of its own when it validates.",
        "correct the exchange's id",
        inherited=True,
    ),
    Rule(
        "relying-party",
        Severity.ERROR,
        _relying_party,
        "A relying party knows its journey and its technical profile (AADB2C90031, 90228).",
        "complete the RelyingParty",
        inherited=True,
    ),
)
