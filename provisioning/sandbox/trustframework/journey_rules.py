"""What the service asks of journeys and relying parties; must not look for missing elements.

Texts: azure-ad-b2c/samples#198 and #44, azure-docs#12948, AADB2C90031 and 90228 of B2CERR.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.sandbox.trustframework.merged import Journey, Lineage, Profile, Step
from provisioning.sandbox.trustframework.reader import tag

_SELECTING = {"ClaimsProviderSelection", "CombinedSignInAndSignUp"}


def broken(lineage: Lineage, tenant: str) -> Iterator[str]:
    """One text per broken rule."""
    for journey in lineage.journeys.values():
        yield from _shape(lineage, journey, tenant)
        yield from _flow(lineage, journey)
    if lineage.policy.root.find(tag("RelyingParty")) is not None:
        yield from _relying_party(lineage)


def _shape(lineage: Lineage, journey: Journey, tenant: str) -> Iterator[str]:
    before: Step | None = None
    for step in journey.in_order():
        chosen = before is not None and (before.selects or before.type in _SELECTING)
        if len(step.exchanges) > 1 and not (chosen or step.selects):
            yield (
                f'User journey "{journey.id}" in policy "{lineage.policy.id.upper()}" of tenant '
                f'"{tenant}" has step {step.order} with {len(step.exchanges)} claims exchanges. It '
                "must be preceded by a claims provider selection in order to determine which "
                "claims exchange can be used."
            )
        before = step
    if all(step.type != "SendClaims" for step in journey.steps.values()):
        yield f"User journey '{journey.id}' does not contain a send claims step."


def _flow(lineage: Lineage, journey: Journey) -> Iterator[str]:
    """Required input claims that no earlier step gives."""
    given = _asked_of_caller(lineage)
    for step in journey.in_order():
        for name in step.exchanges.values():
            profile = lineage.effective(name)
            if profile is None:
                continue
            known = given | _prepared(lineage, profile)
            for folded, claim in profile.inputs.items():
                if claim.required and claim.default is None and folded not in known:
                    yield (
                        f'Claim type "{claim.id}" is the input claim of technical profile '
                        f'"{profile.id}" in step "{step.order}" of user journey "{journey.id}" '
                        "but it is not an output claim in any of the previous steps."
                    )
        given |= _given(lineage, step, set())


def _relying_party(lineage: Lineage) -> Iterator[str]:
    defaults = [each.get("ReferenceId") or "" for each in lineage.elements("DefaultUserJourney")]
    outputs = [
        claim
        for party in lineage.elements("RelyingParty")
        for claim in party.iterfind(f"{tag('TechnicalProfile')}/{tag('OutputClaims')}/*")
    ]
    if not defaults:
        yield (
            f"Policy '{lineage.policy.id.upper()}' does not specify a default user journey. Ensure "
            "that the policy or its parents specify a default user journey as part of a relying "
            "party section."
        )
    if all(
        party.find(tag("TechnicalProfile")) is None for party in lineage.elements("RelyingParty")
    ):
        yield (
            "The RelyingParty section of TrustFramework Policy does not have required "
            "TechnicalProfiles."
        )
    journey = lineage.journeys.get(defaults[-1].casefold()) if defaults else None
    if journey is None:
        return
    given = _asked_of_caller(lineage)
    for step in journey.in_order():
        given |= _given(lineage, step, set())
    for output in outputs:
        identity = output.get("ClaimTypeReferenceId") or ""
        if output.get("DefaultValue") is None and identity.casefold() not in given:
            yield (
                f'Claim type "{identity}" is the output claim of the relying party\'s technical '
                "profile, but it is not an output claim in any of the steps of user journey "
                f'"{journey.id}".'
            )


def _asked_of_caller(lineage: Lineage) -> set[str]:
    """Claims that the relying party hands in with its request."""
    return {
        (claim.get("ClaimTypeReferenceId") or "").casefold()
        for party in lineage.elements("RelyingParty")
        for claim in party.iterfind(f"{tag('TechnicalProfile')}/{tag('InputClaims')}/*")
    }


def _prepared(lineage: Lineage, profile: Profile) -> set[str]:
    """What a profile has by itself: transformed beforehand, or typed by the user."""
    found = _transformed(lineage, profile.input_transformations)
    if profile.is_self_asserted:
        found |= profile.display | set(profile.outputs)
    return found


def _given(lineage: Lineage, step: Step, entered: set[str]) -> set[str]:
    """The claims that are there after a step; `entered` are sub-journeys already looked at."""
    found: set[str] = set()
    for name in [*step.exchanges.values(), step.issuer]:
        found |= _outputs(lineage, name, set())
    for name in step.sub_journeys:
        journey = lineage.sub_journeys.get(name.casefold())
        if journey is None or name.casefold() in entered:
            continue
        entered.add(name.casefold())
        for inner in journey.in_order():
            found |= _given(lineage, inner, entered)
    return found


def _outputs(lineage: Lineage, name: str, asked: set[str]) -> set[str]:
    profile = lineage.effective(name)
    if profile is None or name.casefold() in asked:
        return set()
    asked.add(name.casefold())
    found = set(profile.outputs) | profile.display
    found |= _transformed(lineage, profile.input_transformations)
    found |= _transformed(lineage, profile.output_transformations)
    for each in [*(each.profile for each in profile.validations), profile.session]:
        found |= _outputs(lineage, each, asked)
    return found | profile.persisted


def _transformed(lineage: Lineage, names: list[str]) -> set[str]:
    return {
        claim.casefold()
        for name in names
        for claim in lineage.transformations.get(name.casefold(), ())
    }
