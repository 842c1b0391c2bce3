"""What the service asks of single technical profiles; must not follow journeys.

Texts: AADB2C99015, 99016 and 99017 of B2CERR; custom-policy-starterpack#57.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.sandbox.trustframework.merged import Lineage, Profile

_NEEDED = ("username", "password", "grant_type")


def broken(lineage: Lineage, tenant: str) -> Iterator[str]:
    """One text per broken rule."""
    policy = lineage.policy.id.upper()
    for name in lineage.profiles:
        profile = lineage.effective(name)
        if profile is None:
            continue
        if profile.metadata.get("client_id") == "":
            yield (
                f'TechnicalProfile "{profile.id}" in policy "{policy}" of tenant "{tenant}" '
                'defines an invalid value "" for the metadata item "client_id."'
            )
        if profile.metadata.get("grant_type") == "password":
            place = f"Profile '{profile.id}' in policy '{policy}' in tenant '{tenant}'"
            yield from _password_grant(profile, place)


def _password_grant(profile: Profile, place: str) -> Iterator[str]:
    flow = "for resource owner password credential flow."
    if not profile.inputs:
        yield f"{place} is missing all InputClaims required {flow}"
        return
    sent = {claim.partner.casefold(): claim for claim in profile.inputs.values()}
    for needed in _NEEDED:
        if needed not in sent:
            yield f"{place} is missing the '{needed}' InputClaim required {flow}"
    grant = sent.get("grant_type")
    if grant is not None and grant.default != "password":
        yield (
            f"{place} has a 'grant_type' InputClaim with a DefaultValue of '{grant.default or ''}' "
            f"instead of the required 'password' {flow}"
        )
