"""What an onboarded tenant has: identities, the inventory's lines, GitHub's variables. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioning.core.model import Address, Live
from provisioning.tenants.model import Entry
from provisioning.tenants.onboarding.document import DEPLOYER, PEOPLE, READER, Onboarding

_GRAPH: Final = "microsoftGraph"
_CONSENT: Final = "{login}/{tenant}/adminconsent?client_id={client}"
"""Where an administrator consents (entra/identity/enterprise-apps/grant-admin-consent)."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Client ids of what onboarding made."""

    tenant_id: str
    reader: str
    deployer: str
    people: str

    @property
    def by_role(self) -> dict[str, str]:
        """Role -> client id."""
        return {READER: self.reader, DEPLOYER: self.deployer, PEOPLE: self.people}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of GitHub Actions; an environment's wins over the repository's."""

    name: str
    value: str
    environment: str | None = None


def identities(live: Live) -> Identities | None:
    """Find the client ids; None while one of the applications is missing."""
    found = []
    for role in (READER, DEPLOYER, PEOPLE):
        thing = live.objects.get(Address("application", role))
        if thing is None or thing.deleted:
            return None
        found.append(str(thing.body["appId"]))
    return Identities(live.tenant_id, *found)


def consented(live: Live) -> dict[str, frozenset[str]]:
    """Return what the tenant has consented to, by role: permissions of Graph."""
    found: dict[str, set[str]] = {role: set() for role in (READER, DEPLOYER, PEOPLE)}
    for address, thing in live.objects.items():
        role, _, rest = address.key.partition(".")
        if role not in found or not rest.startswith(_GRAPH):
            continue
        if address.kind == "app_role_assignment":
            found[role].add(rest.removeprefix(f"{_GRAPH}."))
        elif address.kind == "delegated_permission_grant":
            scope = thing.body.get("scope")
            names = scope.split() if isinstance(scope, str) else scope
            found[role] |= set(map(str, names if isinstance(names, list) else ()))
    return {role: frozenset(names) for role, names in found.items()}


def keys(
    wanted: Onboarding,
    made: Identities,
    *,
    ring: str | None,
    manifests: tuple[str, ...],
    variables: Mapping[str, str],
    proofs: Mapping[str, str],
) -> dict[str, Any]:
    """Return the tenant's keys in the inventory; `proofs` are files with a private key, by role."""
    tenant = wanted.tenant
    found: dict[str, Any] = {
        "domain": tenant.domain,
        "id": made.tenant_id,
        "type": tenant.type.value,
    }
    if wanted.cloud != "global":
        found["cloud"] = wanted.cloud
    if tenant.custom_domain is not None:
        found["customDomain"] = tenant.custom_domain
    if ring is not None:
        found["ring"] = ring
    if variables:
        found["variables"] = dict(variables)
    found["manifests"] = list(manifests)
    found["auth"] = {
        role: _sign_in(wanted, role, made.by_role[role], proofs) for role in (READER, DEPLOYER)
    }
    return found


def differs(entry: Entry, made: Identities) -> bool:
    """Whether an inventory knows the tenant by other applications than these."""
    pairs = ((entry.reader, made.reader), (entry.deployer, made.deployer))
    return any(known is None or known.client_id != client for known, client in pairs)


def variables(wanted: Onboarding, made: Identities) -> tuple[Variable, ...]:
    """Return what the workflows of the repository read; nothing without one.

    The protected environment has its own client id, so that only its jobs ask for the deployer.
    """
    if wanted.repository is None:
        return ()
    return (
        Variable("AZURE_TENANT_ID", made.tenant_id),
        Variable("AZURE_CLIENT_ID", made.reader),
        Variable("AZURE_CLIENT_ID", made.deployer, wanted.repository.environment),
    )


def commands(wanted: Onboarding, made: Identities) -> Iterator[str]:
    """Yield the lines of GitHub's command line that set the variables."""
    for one in variables(wanted, made):
        assert wanted.repository is not None
        where = ["--repo", wanted.repository.name]
        where += ["--env", one.environment] if one.environment is not None else []
        yield shlex.join(["gh", "variable", "set", one.name, *where, "--body", one.value])


def consents(made: Identities, login: str) -> dict[str, str]:
    """Return the page, by role, on which an administrator consents."""
    return {
        role: _CONSENT.format(login=login, tenant=made.tenant_id, client=client)
        for role, client in made.by_role.items()
    }


def _sign_in(
    wanted: Onboarding, role: str, client: str, proofs: Mapping[str, str]
) -> dict[str, Any]:
    # A certificate is the fallback that somebody chose to give: it goes first.
    if role in wanted.certificates:
        proof = {"certificate": {"fromFile": proofs[role]}} if role in proofs else {}
        return {"method": "certificate", "clientId": client, **proof}
    return {"method": "workload-identity", "clientId": client}
