"""The built-in manifest of an onboarded tenant, as the text of a manifest like any other.

Three identities, each with what it needs and no more:

| Application | Signs in                         | Trusted for                           |
|-------------|----------------------------------|---------------------------------------|
| reader      | GitHub Actions, or a certificate | pull requests, the branch (schedules) |
| deployer    | GitHub Actions, or a certificate | one protected environment, only       |
| people      | a person, device code or browser | what their own directory role allows  |

Subjects: docs.github.com/actions/reference/openid-connect-reference. The author of a pull request
can edit its workflow, so what trusts that subject must not write. A schedule runs on the default
branch. Must not read or write a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from provisioning.core.model import Tenant

NAME: Final = "provisioning-onboarding"
"""The manifest's name: mark of what onboarding made, and prefix of its uniqueNames."""

READER, DEPLOYER, PEOPLE = "reader", "deployer", "people"

ISSUER: Final = "https://token.actions.githubusercontent.com"
"""GitHub's own; an enterprise with its own issuer, or a GitHub Enterprise Server, has another."""
AUDIENCE: Final = "api://AzureADTokenExchange"

_NOTES: Final = "Made by `provisioning onboard`; `provisioning offboard` removes it."
_SCHEMA_HINT: Final = (
    "# What `provisioning onboard` made this tenant; it is written anew each time.\n"
)


@dataclass(frozen=True, slots=True)
class Repository:
    """Whose GitHub Actions jobs may sign in."""

    name: str
    """OWNER/REPO."""
    environment: str
    branch: str
    issuer: str = ISSUER


@dataclass(frozen=True, slots=True)
class Access:
    """Graph permissions by identity."""

    reader: tuple[str, ...]
    deployer: tuple[str, ...]
    people: tuple[str, ...]
    """Delegated."""


@dataclass(frozen=True, slots=True)
class Onboarding:
    """What a tenant is onboarded for."""

    tenant: Tenant
    cloud: str | Mapping[str, str]
    access: Access
    repository: Repository | None = None
    certificates: Mapping[str, str] = field(default_factory=dict)
    """Role -> name of the file with its public certificate, beside the manifest."""
    consent: bool = True
    consented: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Without `consent`: what an administrator has consented to already, by role. It stays."""

    @property
    def waits(self) -> bool:
        """Whether anything is asked for that nobody has consented to."""
        asked = {READER: self.access.reader, DEPLOYER: self.access.deployer}
        asked[PEOPLE] = self.access.people
        return not self.consent and any(
            set(names) - self.consented.get(role, frozenset()) for role, names in asked.items()
        )


def text(wanted: Onboarding) -> str:
    """Write the manifest."""
    applications = {
        READER: _automation(wanted, READER, wanted.access.reader),
        DEPLOYER: _automation(wanted, DEPLOYER, wanted.access.deployer),
        PEOPLE: _people(wanted),
    }
    return _dumped({**_head(wanted.tenant, wanted.cloud), "applications": applications})


def nothing(tenant: Tenant, cloud: str | Mapping[str, str]) -> str:
    """Write the manifest of a tenant in which nothing of onboarding is wanted any more."""
    return _dumped(_head(tenant, cloud))


def _head(tenant: Tenant, cloud: str | Mapping[str, str]) -> dict[str, Any]:
    about: dict[str, Any] = {"domain": tenant.domain, "type": tenant.type.value}
    if tenant.id is not None:
        about["id"] = tenant.id
    if cloud != "global":
        about["cloud"] = cloud if isinstance(cloud, str) else dict(cloud)
    return {"version": 1, "name": NAME, "tenant": about}


def _automation(wanted: Onboarding, role: str, permissions: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "displayName": f"Provisioning {role}",
        "signInAudience": "AzureADMyOrg",
        "notes": _NOTES,
        "permissions": _graph(wanted, role, "application", permissions),
    }
    if wanted.repository is not None:
        made["federatedCredentials"] = {
            name: {"issuer": wanted.repository.issuer, "subject": subject, "audiences": [AUDIENCE]}
            for name, subject in _subjects(wanted.repository, role).items()
        }
    if role in wanted.certificates:
        made["certificates"] = {"main": {"fromFile": wanted.certificates[role]}}
    return made


def _people(wanted: Onboarding) -> dict[str, Any]:
    return {
        "displayName": "Provisioning for people",
        "signInAudience": "AzureADMyOrg",
        "notes": _NOTES,
        "allowPublicClient": True,
        "publicClient": {"redirectUris": ["http://localhost"]},
        "permissions": _graph(wanted, PEOPLE, "delegated", wanted.access.people),
    }


def _subjects(repository: Repository, role: str) -> dict[str, str]:
    start = f"repo:{repository.name}"
    if role == DEPLOYER:
        # GitHub writes a colon of an environment's name as %3A.
        name = repository.environment.replace(":", "%3A")
        return {"environment": f"{start}:environment:{name}"}
    return {
        "pull-request": f"{start}:pull_request",
        "branch": f"{start}:ref:refs/heads/{repository.branch}",
    }


def _graph(
    wanted: Onboarding, role: str, how: str, permissions: tuple[str, ...]
) -> list[dict[str, Any]]:
    known = wanted.consented.get(role, frozenset())
    given = [name for name in permissions if wanted.consent or name in known]
    parts = ((given, True), ([name for name in permissions if name not in given], False))
    return [
        {"resource": "microsoftGraph", how: names, "adminConsent": consent}
        for names, consent in parts
        if names
    ]


def _dumped(document: Mapping[str, Any]) -> str:
    return _SCHEMA_HINT + yaml.safe_dump(
        dict(document), sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
