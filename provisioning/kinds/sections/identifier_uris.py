"""Limits of identifier URIs (App ID URIs).

learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions. Which domains a tenant
has verified is not known here: only what no tenant takes is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.limits import Subject

PAGE: Final = "learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions"
_SHARED_SUFFIXES = (".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn")


def check(subject: Subject) -> None:
    """Report identifier URIs of one application."""
    uris, path = subject.list("identifierUris"), subject.at("identifierUris")
    subject.at_most(subject.audience.identifier_uris, len(uris), "identifier URIs", *path)
    for index, uri in enumerate(uris):
        text = shapes.stand_in(str(uri))
        subject.at_most(
            subject.audience.identifier_uri,
            len(text),
            "characters in an identifier URI",
            *path,
            index,
        )
        _check_form(subject, text, *path, index)


def check_unique(subjects: Iterable[Subject]) -> None:
    """Report a URI that two places of the manifest claim: it is unique in the tenant."""
    seen: dict[str, str] = {}
    for subject in subjects:
        for index, uri in enumerate(subject.list("identifierUris")):
            if str(uri) in seen:
                subject.fault(
                    "identifier-uri",
                    f"identifier URI {uri} is claimed by {seen[str(uri)]} already",
                    "give each application its own",
                    *subject.at("identifierUris"),
                    index,
                )
            seen.setdefault(str(uri), subject.key)


def _check_form(subject: Subject, uri: str, *path: str | int) -> None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        _fault(subject, f"{uri} is no URI", "write api://… or https://…", *path)
        return
    if not parts.scheme:
        _fault(
            subject,
            f"identifier URI {uri} has no scheme",
            f"write api://… or https://{subject.source.tenant.domain}/…",
            *path,
        )
    if "*" in uri:
        _fault(subject, f"identifier URI {uri} holds a wildcard", "write it out", *path)
    if subject.audience.personal:
        _check_personal(subject, uri, *path)
    host = parts.hostname or ""
    tenant = subject.source.tenant
    if parts.scheme == "https" and host.endswith(_SHARED_SUFFIXES) and host != tenant.domain:
        _fault(
            subject,
            f"identifier URI {uri} is of another tenant than {tenant.domain}",
            f"write https://{tenant.domain}/… or a domain that the tenant has verified",
            *path,
            warning=True,
        )
    elif parts.scheme == "api":
        _check_api(subject, uri, *path)


def _check_personal(subject: Subject, uri: str, *path: str | int) -> None:
    wrong = [
        what
        for what, found in (
            ("the scheme urn", uri.lower().startswith("urn:")),
            ("a query", "?" in uri),
            ("a fragment", "#" in uri),
        )
        if found
    ]
    if wrong:
        _fault(
            subject,
            f"identifier URI {uri} has {' and '.join(wrong)}, which personal accounts exclude",
            "write api://… or https://… without them",
            *path,
        )


def _check_api(subject: Subject, uri: str, *path: str | int) -> None:
    """`api://` of version 1 tokens must hold the tenant's or the application's id."""
    parts = uri.removeprefix("api://").split("/")
    proven = any(shapes.is_guid(part) or part == subject.source.tenant.domain for part in parts)
    if not proven and subject.values.get("api.requestedAccessTokenVersion") == 1:
        _fault(
            subject,
            f"identifier URI {uri} holds no tenant id, application id or verified domain, "
            "which most tenants demand for access tokens of version 1",
            f"write api://${{application.{subject.key}.appId}}",
            *path,
            warning=True,
        )


def _fault(
    subject: Subject, message: str, remedy: str, *path: str | int, warning: bool = False
) -> None:
    subject.fault("identifier-uri", message, remedy, *path, page=PAGE, warning=warning)
