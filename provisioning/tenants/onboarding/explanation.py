"""What an onboarding makes and what it risks, said before anybody is asked. Pure text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from provisioning.core.model import TenantType
from provisioning.tenants import permissions
from provisioning.tenants.onboarding import risks
from provisioning.tenants.onboarding.document import DEPLOYER, PEOPLE, READER, Onboarding

_OWNED: Final = (
    f"With {permissions.OWNED_BY} the deployer writes the applications that it made, and others "
    "only once it owns them (`owners:`). It cannot adopt, restore or delete what somebody else "
    "made, and creating a service principal works for applications of this tenant alone."
)
_NO_CONSENT: Final = (
    "Permissions are asked for, not consented to: nothing of this works before an administrator "
    "has consented."
)
_UNPROVEN: Final = (
    "Nobody documents that an Azure AD B2C tenant takes GitHub's tokens. `provisioning doctor` in "
    "a workflow tells; where it does not, give --certificate."
)
_LATER: Final = "Removed again by `provisioning offboard`."


def text(wanted: Onboarding) -> str:
    """Return the paragraphs for a person, ending without a line break."""
    return "\n".join(_lines(wanted))


def to_json(wanted: Onboarding) -> dict[str, Any]:
    """Return `{role: {permissions, risks}}`."""
    return {
        role: {"permissions": list(held), "risks": dict(risks.named(held))}
        for role, _, held in _identities(wanted)
    }


def _lines(wanted: Onboarding) -> Iterator[str]:
    yield f"Identities for {wanted.tenant.domain}. {_LATER}"
    told: set[str] = set()
    for role, purpose, held in _identities(wanted):
        yield ""
        yield f"{role}: {purpose}"
        serious = dict(risks.named(held))
        for name in held:
            yield f"  {name}{'  (tier 0)' if name in serious else ''}"
            if name in serious and name not in told:
                yield f"    {serious[name]}"
        told |= set(serious)
    if permissions.OWNED_BY in wanted.access.deployer:
        yield from ("", _OWNED)
    if not wanted.consent:
        yield from ("", _NO_CONSENT)
    if wanted.repository is not None and wanted.tenant.type is TenantType.B2C:
        yield from ("", _UNPROVEN)
    yield ""


def _identities(wanted: Onboarding) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return (
        (READER, f"plans and verifies; {_trusted(wanted, READER)}", wanted.access.reader),
        (DEPLOYER, f"applies; {_trusted(wanted, DEPLOYER)}", wanted.access.deployer),
        (
            PEOPLE,
            "people who sign in, each within their own directory roles",
            wanted.access.people,
        ),
    )


def _trusted(wanted: Onboarding, role: str) -> str:
    ways = []
    if (known := wanted.repository) is not None:
        jobs = (
            f"jobs of {known.name} for pull requests and on branch {known.branch}"
            if role == READER
            else f"jobs of {known.name} in environment {known.environment}, no other"
        )
        ways.append(jobs)
    if role in wanted.certificates:
        ways.append("whoever holds the key of its certificate")
    return " and ".join(ways) if ways else "nobody can sign in as it yet"
