"""References that lead nowhere, over a policy and its ancestors; must not look at journeys.

Texts: azure-ad-b2c/samples#53 for references, azure-docs#20564 for keys, AADB2C90288 of B2CERR.
Which elements refer to what: azure-docs, pages of the trust framework's elements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lxml import etree

from provisioning.sandbox.trustframework.merged import Lineage
from provisioning.sandbox.trustframework.reader import tag

_PROFILE_ELEMENTS = (
    "ValidationTechnicalProfile",
    "IncludeTechnicalProfile",
    "IncludeClaimsFromTechnicalProfile",
    "UseTechnicalProfileForSessionManagement",
)
_PROFILE_ATTRIBUTES = ("TechnicalProfileReferenceId", "CpimIssuerTechnicalProfileReferenceId")


def missing(lineage: Lineage, tenant: str) -> Iterator[str]:
    """One text for each thing that is referred to and declared nowhere."""
    policy = lineage.policy.id.upper()
    for title, identity in dict.fromkeys(_dangling(lineage)):
        yield (
            f'Policy "{policy}" of tenant "{tenant}" makes a reference to {title} with id '
            f'"{identity}" but neither the policy nor any of its base policies contain such an '
            "element."
        )
    yield from _redeemers(lineage, tenant)


def missing_keys(lineage: Lineage, tenant: str, held: Collection[str]) -> Iterator[str]:
    """One text for each key that the tenant lacks; `held` are case-folded ids of key sets."""
    wanted = [each.get("StorageReferenceId") or "" for each in lineage.elements("Key")]
    for identity in dict.fromkeys(wanted):
        if identity.casefold() not in held:
            yield (
                f'Tenant "{tenant}" does not have CryptographicKey referenced by '
                f'storageReferenceId "{identity}".'
            )


def _dangling(lineage: Lineage) -> Iterator[tuple[str, str]]:
    for title, container, name, found in (
        ("ClaimType", "ClaimsSchema", "ClaimType", _claims(lineage)),
        (
            "a ClaimsTransformation",
            "ClaimsTransformations",
            "ClaimsTransformation",
            _transformations(lineage),
        ),
        ("a TechnicalProfile", "ClaimsProviders", "TechnicalProfile", _profiles(lineage)),
        (
            "a ContentDefinition",
            "ContentDefinitions",
            "ContentDefinition",
            _attributes(lineage, "ContentDefinitionReferenceId"),
        ),
        ("a UserJourney", "UserJourneys", "UserJourney", _journeys(lineage)),
        (
            "a SubJourney",
            "SubJourneys",
            "SubJourney",
            _attributes(lineage, "SubJourneyReferenceId"),
        ),
        (
            "a DisplayControl",
            "DisplayControls",
            "DisplayControl",
            _attributes(lineage, "DisplayControlReferenceId"),
        ),
        ("a Predicate", "Predicates", "Predicate", _ids(lineage, "PredicateReference")),
        (
            "a PredicateValidation",
            "PredicateValidations",
            "PredicateValidation",
            _ids(lineage, "PredicateValidationReference"),
        ),
    ):
        declared = lineage.declared(container, name)
        for identity in found:
            if identity.casefold() not in declared:
                yield title, identity


def _claims(lineage: Lineage) -> Iterator[str]:
    yield from _attributes(lineage, "ClaimTypeReferenceId")
    for precondition in lineage.elements("Precondition"):
        value = precondition.find(tag("Value"))
        if value is not None and (value.text or "").strip():
            yield (value.text or "").strip()


def _transformations(lineage: Lineage) -> Iterator[str]:
    for name in ("InputClaimsTransformation", "OutputClaimsTransformation"):
        for each in lineage.elements(name):
            yield each.get("ReferenceId") or ""


def _profiles(lineage: Lineage) -> Iterator[str]:
    for name in _PROFILE_ELEMENTS:
        for each in lineage.elements(name):
            yield each.get("ReferenceId") or each.get("TechnicalProfileReferenceId") or ""
    for attribute in _PROFILE_ATTRIBUTES:
        yield from _attributes(lineage, attribute)


def _journeys(lineage: Lineage) -> Iterator[str]:
    for each in lineage.elements("DefaultUserJourney"):
        yield each.get("ReferenceId") or ""
    yield from _attributes(lineage, "UserJourneyReferenceId")


def _attributes(lineage: Lineage, name: str) -> Iterator[str]:
    for document in reversed(lineage.documents):
        for each in document.root.iter(tag=etree.Element):
            value = each.get(name)
            if value is not None:
                yield value


def _ids(lineage: Lineage, name: str) -> Iterator[str]:
    for each in lineage.elements(name):
        yield each.get("Id") or ""


def _redeemers(lineage: Lineage, tenant: str) -> Iterator[str]:
    """Journeys that redeem refresh tokens are named in the issuer's metadata."""
    for profile in lineage.profiles.values():
        identity = profile.metadata.get("RefreshTokenUserJourneyId")
        if identity is not None and identity.casefold() not in lineage.journeys:
            yield (
                f"UserJourney with id '{identity}' referenced in TechnicalProfile '{profile.id}' "
                f"for refresh token redemption for tenant '{tenant}' does not exist in policy "
                f"'{lineage.policy.id.upper()}' or any of its base policies."
            )
