"""Graph's documented limits of an application by audience: counts, lengths, what is unsupported.

Redirect URIs and identifier URIs have modules of their own. Nothing here depends on the tenant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from provisioning.core.kind import Source
from provisioning.core.model import Value
from provisioning.kinds.sections.audiences import ACCOUNTS, Audience

RESOURCE: Final = "learn.microsoft.com/graph/api/resources/application"
TEXT: Final = 1024
"""Characters of `notes` and `description` (`RESOURCE`)."""
LOGOUT_URL: Final = 255
ITEMS: Final = 1200
"""Entries over all collections; the pages say "about 1000" and "1200"."""
ITEMS_ABOUT: Final = 1000
OWNERS: Final = 100
"""learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions."""
FEDERATED: Final = 20
"""learn.microsoft.com/graph/api/resources/federatedidentitycredentials-overview."""

_RESERVED_TAG = "provisioning"
_GROUP_CLAIMS = frozenset({"None", "SecurityGroup", "ApplicationGroup", "DirectoryRole", "All"})
_NATIONAL = (".onmicrosoft.us", ".partner.onmschina.cn")


@dataclass(frozen=True, slots=True)
class Subject:
    """One application's body by dotted Graph path, and where each property is written."""

    source: Source
    key: str
    audience: Audience
    values: Mapping[str, Value]
    written: Mapping[str, tuple[str | int, ...]]

    def list(self, path: str) -> list[Value]:
        """Return a collection; empty when it is not managed."""
        found = self.values.get(path)
        return found if isinstance(found, list) else []

    def at(self, path: str) -> tuple[str | int, ...]:
        """Return where a property is written in the manifest."""
        return self.written.get(path, ("applications", self.key))

    def fault(
        self,
        rule: str,
        message: str,
        remedy: str,
        *path: str | int,
        page: str = ACCOUNTS,
        warning: bool = False,
    ) -> None:
        """Report a limit with the page it is from."""
        self.source.fault(rule, f"{message} ({page})", remedy, *path, warning=warning)

    def at_most(
        self, limit: int | None, found: int, what: str, *path: str | int, page: str = ACCOUNTS
    ) -> None:
        """Report a count or length above its limit."""
        if limit is not None and found > limit:
            personal = self.audience.personal and page == ACCOUNTS
            who = "with personal accounts " if personal else ""
            remedy = "shorten it" if what.startswith("characters") else "make it fewer"
            message = f"{found} {what}; {who}at most {limit}"
            self.fault("limit", message, remedy, *path, page=page)


def check(subject: Subject) -> None:
    """Report every limit that the body breaks."""
    name = subject.values.get("displayName")
    if isinstance(name, str):
        subject.at_most(
            subject.audience.display_name,
            len(name),
            "characters in displayName",
            *subject.at("displayName"),
        )
    _check_texts(subject)
    _check_tags(subject.list("tags"), subject)
    _check_group_claims(subject)
    _check_logout(subject)
    _check_permissions(subject)
    _check_pre_authorized(subject)
    if subject.audience.personal:
        _check_personal(subject)


def check_size(subject: Subject, extra: int) -> None:
    """Report an application whose collections, with `extra` credentials, are too many."""
    total = extra + sum(len(value) for value in subject.values.values() if isinstance(value, list))
    total += sum(
        len(entry["resourceAccess"])
        for entry in subject.list("requiredResourceAccess")
        if isinstance(entry, dict) and isinstance(entry["resourceAccess"], list)
    )
    if total > ITEMS_ABOUT:
        subject.fault(
            "application-size",
            f"{total} entries over all collections of {subject.key}; "
            f"Graph takes about {ITEMS_ABOUT} and never more than {ITEMS}",
            "split the application or list fewer",
            *("applications", subject.key),
            page=RESOURCE,
            warning=total <= ITEMS,
        )


def check_tags(tags: Iterable[str], source: Source, *path: str | int) -> None:
    """Report tags that Graph refuses, tags said twice, and tags that look like our marks."""
    seen: set[str] = set()
    for index, tag in enumerate(tags):
        if not 1 <= len(tag) <= 256 or re.search(r"\s", tag):
            source.fault(
                "tag",
                f"{tag!r} is no tag: 1 to 256 characters without white space ({ACCOUNTS})",
                "shorten it, or write a hyphen for a space",
                *path,
                index,
            )
        if tag in seen:
            source.fault(
                "said-twice",
                f"tag {tag!r} is there twice ({ACCOUNTS})",
                "delete one of them",
                *path,
                index,
            )
        if tag.startswith(_RESERVED_TAG):
            source.fault(
                "reserved-tag",
                f"tags that start with {_RESERVED_TAG!r} mark ownership",
                "choose another word",
                *path,
                index,
            )
        seen.add(tag)


def _check_tags(tags: Iterable[Value], subject: Subject) -> None:
    check_tags((str(tag) for tag in tags), subject.source, *subject.at("tags"))


def _check_texts(subject: Subject) -> None:
    for path in ("notes", "description"):
        text = subject.values.get(path)
        if isinstance(text, str):
            what = f"characters in {path}"
            subject.at_most(TEXT, len(text), what, *subject.at(path), page=RESOURCE)


def _check_group_claims(subject: Subject) -> None:
    claims = subject.values.get("groupMembershipClaims")
    if not isinstance(claims, str):
        return
    unknown = sorted({claim.strip() for claim in claims.split(",")} - _GROUP_CLAIMS)
    if unknown:
        subject.fault(
            "group-claims",
            f"groupMembershipClaims knows no {', '.join(unknown)}",
            f"write some of {', '.join(sorted(_GROUP_CLAIMS))}, separated by commas",
            *subject.at("groupMembershipClaims"),
            page=RESOURCE,
        )


def _check_logout(subject: Subject) -> None:
    url, path = subject.values.get("web.logoutUrl"), subject.at("web.logoutUrl")
    if not isinstance(url, str):
        return
    subject.at_most(LOGOUT_URL, len(url), "characters in the logout URL", *path)
    if not url.startswith("https://"):
        subject.fault("logout-url", f"logout URL {url} is not https", "write https://…", *path)
    elif subject.audience.personal and "*" in url:
        subject.fault("logout-url", f"logout URL {url} holds a wildcard", "write it out", *path)


def _check_permissions(subject: Subject) -> None:
    apis, path = subject.list("requiredResourceAccess"), subject.at("requiredResourceAccess")
    counts = [
        len(api["resourceAccess"])
        for api in apis
        if isinstance(api, dict) and isinstance(api["resourceAccess"], list)
    ]
    subject.at_most(subject.audience.apis, len(apis), "APIs in permissions", *path)
    subject.at_most(subject.audience.permissions, sum(counts), "permissions", *path)
    for count in counts:
        subject.at_most(
            subject.audience.permissions_per_api, count, "permissions on one API", *path
        )


def _check_pre_authorized(subject: Subject) -> None:
    clients = subject.list("api.preAuthorizedApplications")
    path = subject.at("api.preAuthorizedApplications")
    counts = [
        len(client["delegatedPermissionIds"])
        for client in clients
        if isinstance(client, dict) and isinstance(client["delegatedPermissionIds"], list)
    ]
    audience = subject.audience
    subject.at_most(audience.pre_authorized_clients, len(clients), "clients", *path)
    subject.at_most(
        audience.pre_authorized, len(clients) + sum(counts), "clients and scopes", *path
    )
    for count in counts:
        subject.at_most(audience.pre_authorized_scopes, count, "scopes of one client", *path)


def _check_personal(subject: Subject) -> None:
    version = "api.requestedAccessTokenVersion"
    if subject.values.get(version) != 2:
        subject.fault(
            "token-version",
            "access tokens are of version 2 where personal accounts sign in",
            "write 2, or delete the line",
            *subject.at(version),
        )
    if subject.values.get("optionalClaims"):
        subject.fault(
            "optional-claims",
            "personal accounts get no optional claims",
            "delete optionalClaims, or write AzureADMyOrg or AzureADMultipleOrgs",
            *subject.at("optionalClaims"),
            page="learn.microsoft.com/entra/identity-platform/optional-claims",
        )
    if subject.source.tenant.domain.endswith(_NATIONAL):
        subject.fault(
            "national-cloud",
            "national clouds have no personal accounts",
            "write AzureADMyOrg or AzureADMultipleOrgs",
            *subject.at("signInAudience"),
            warning=True,
        )
