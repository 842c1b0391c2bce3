"""A user journey, step by step; must not issue tokens.

A journey is a generator: it yields the pages it has to show and is sent what the user typed.
Sources: P userjourneys.md, self-asserted-technical-profile.md.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from provisioning.sandbox.signin import conditions, profiles
from provisioning.sandbox.signin.attempt import Attempt, Field, Page
from provisioning.sandbox.signin.b2c_errors import B2CError, NotOfferedError
from provisioning.sandbox.trustframework import references
from provisioning.sandbox.trustframework.merged import Lineage, Profile, Step, Validation
from provisioning.sandbox.trustframework.reader import tag

Claims = dict[str, Any]
Answers = Mapping[str, str]
_ON_THE_PAGE = {
    "90225": "Invalid username or password.",
    "90128": "A user with the specified credential could not be found.",
    "90111": "",
    "90114": "",
}
"""Refusals that a page shows (AADB2C90052 and 90053 are texts of pages alone); empty: as it is."""
_SECRETS = {"password", "newpassword", "reenterpassword", "oldpassword"}


class PageNeededError(Exception):
    """A page where none can be shown; the token endpoint sends it with 200 (user-migration#26)."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.title)
        self.page = page


def run(
    lineage: Lineage, identity: str, attempt: Attempt
) -> Generator[Page, Answers, tuple[Claims, Profile]]:
    """Run a journey to its SendClaims step; returns the claims and the issuer's profile.

    An upload is checked against its ancestors, never its children, so that a stored policy may
    refer to what its parent has lost. Sign-in then fails inside (90085; the number is unverified).

    Raises:
        B2CError: what a step refuses; 90085 for a chain that does not hold together.
        NotOfferedError: a step or profile that the sandbox does not interpret.
    """
    journey = lineage.journeys.get(identity.casefold())
    if journey is None or any(references.missing(lineage, attempt.tenant.domain)):
        raise B2CError("90085")
    claims: Claims = {}
    chosen: str | None = None
    for step in journey.in_order():
        if conditions.skips(step.preconditions, claims, conditions.STEP):
            continue
        match step.type:
            case "SendClaims":
                return claims, profiles.declared(lineage, step.issuer)
            case "ClaimsProviderSelection" if len(step.targets) == 1:
                # A single provider is chosen without asking.
                chosen = step.targets[0]
            case "CombinedSignInAndSignUp" if len(step.validates) == 1:
                name = step.exchanges[step.validates[0]]
                yield from _exchange(lineage, name, attempt, claims)
                chosen = None
            case "ClaimsExchange":
                yield from _exchange(lineage, _name(step, chosen), attempt, claims)
                chosen = None
            case _:
                raise NotOfferedError(
                    f"step {step.order} ({step.type}) of the user journey {journey.id}"
                )
    raise B2CError("90085")


def _name(step: Step, chosen: str | None) -> str:
    if chosen is not None and chosen in step.exchanges:
        return step.exchanges[chosen]
    if not step.exchanges:
        raise B2CError("90085")
    if len(step.exchanges) != 1:
        raise NotOfferedError(f"step {step.order} with {len(step.exchanges)} claims exchanges")
    return next(iter(step.exchanges.values()))


def _exchange(
    lineage: Lineage, name: str, attempt: Attempt, claims: Claims
) -> Generator[Page, Answers, None]:
    profile = profiles.declared(lineage, name)
    if not conditions.is_enabled(profile, claims):
        return
    if profiles.kind(profile) == profiles.SELF_ASSERTED:
        yield from _asked(lineage, profile, attempt, claims)
    else:
        profiles.run(lineage, profile, attempt, claims)


def _asked(
    lineage: Lineage, profile: Profile, attempt: Attempt, claims: Claims
) -> Generator[Page, Answers, None]:
    profiles.transform(lineage, profile.input_transformations, attempt, claims)
    page = _page(lineage, profile, attempt, claims)
    shown = page
    while True:
        if not attempt.interactive:
            raise PageNeededError(page)
        answers = yield shown
        if problem := _missing(page, answers):
            shown = page.again(problem, answers)
            continue
        local = dict(claims)
        profiles.take(profile, attempt, local, local)
        local |= {each.name.casefold(): answers.get(each.name, "") for each in page.fields}
        try:
            _validate(lineage, profile.validations, attempt, local)
        except B2CError as error:
            if error.number not in _ON_THE_PAGE:
                raise
            shown = page.again(_ON_THE_PAGE[error.number] or error.text, answers)
            continue
        # Only what the profile itself puts out outlives it (P validation-technical-profile.md).
        claims |= {name: local[name] for name in profile.outputs if name in local}
        profiles.transform(lineage, profile.output_transformations, attempt, claims)
        return


def _validate(
    lineage: Lineage, validations: list[Validation], attempt: Attempt, claims: Claims
) -> None:
    """Run the validation profiles in their order.

    Raises:
        B2CError: the first refusal that ContinueOnError does not pass over.
        NotOfferedError: a profile that the sandbox does not interpret.
    """
    for each in validations:
        profile = profiles.declared(lineage, each.profile)
        skipped = conditions.skips(each.preconditions, claims, conditions.VALIDATION)
        if skipped or not conditions.is_enabled(profile, claims):
            continue
        try:
            profiles.run(lineage, profile, attempt, claims)
        except B2CError:
            if not each.goes_on_after_error:
                raise
            continue
        if not each.goes_on_after_success:
            return


def _missing(page: Page, answers: Answers) -> str:
    for each in page.fields:
        if each.required and not answers.get(each.name):
            return "A required field is missing. Please fill out all required fields and try again."
    if "reenterPassword" in answers and answers["reenterPassword"] != answers.get("newPassword"):
        return "The password entry fields do not match. Please enter the same password and retry."
    return ""


def _page(lineage: Lineage, profile: Profile, attempt: Attempt, claims: Claims) -> Page:
    """Output claims that a person can type: required, or with an input type of their own.

    A verified address (`Verified.Email`) is taken as verified; display controls are not offered.
    Labels are the claims' display names (P claimsschema.md).
    """
    types, labels = _of_claims(lineage, "UserInputType"), _of_claims(lineage, "DisplayName")
    fields = []
    for identity, claim in profile.outputs.items():
        known = types.get(identity, "")
        typed = known not in {"", "Readonly"}
        if not (claim.required or typed) or claim.default is not None:
            continue
        prefilled = profile.inputs.get(identity)
        value = profiles.value_of(prefilled, attempt, claims) if prefilled else None
        hidden = known == "Password" or identity in _SECRETS
        label = labels.get(identity) or claim.id
        fields.append(Field(claim.id, label, hidden, str(value or ""), claim.required))
    return Page(profile.id, tuple(fields))


def _of_claims(lineage: Lineage, name: str) -> dict[str, str]:
    """The text of one element of every claim that has it; a child's goes before its parent's."""
    found = {}
    for schema in lineage.elements("ClaimsSchema"):
        for each in schema.iterfind(tag("ClaimType")):
            element = each.find(tag(name))
            if element is not None:
                found[(each.get("Id") or "").casefold()] = (element.text or "").strip()
    return found
