"""Limits of an application by its audience; must not read or write other objects.

Sources: E:supported-accounts-validation.md, E:reply-url.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provisioning.sandbox import errors
from provisioning.sandbox.options import Options

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one audience allows."""

    display_name: int
    redirect_uris: int
    permissions: int
    permissions_per_api: int
    personal: bool


_WORK = Limits(120, 256, 400, 400, personal=False)
_PERSONAL = Limits(90, 100, 200, 30, personal=True)
AUDIENCES: Mapping[str, Limits] = {
    "AzureADMyOrg": _WORK,
    "AzureADMultipleOrgs": _WORK,
    "AzureADandPersonalMicrosoftAccount": _PERSONAL,
    "PersonalMicrosoftAccount": _PERSONAL,
}
_UNSUPPORTED_IN_REDIRECTS = set("!$'(),;")
_LOOPBACK = {"localhost", "127.0.0.1"}
_MANIFEST_ITEMS = 1200


def is_personal(body: Body) -> bool:
    """Whether personal accounts may sign in."""
    limits = AUDIENCES.get(body.get("signInAudience") or "")
    return limits is not None and limits.personal


def check(body: Body, options: Options) -> None:
    """Refuse a resulting application body that breaks a limit.

    Raises:
        GraphError: 400.
    """
    limits = AUDIENCES.get(body["signInAudience"])
    if limits is None:
        raise errors.invalid_value("signInAudience", "Application")
    if not body["displayName"] or len(body["displayName"]) > limits.display_name:
        raise errors.invalid_value("displayName", "Application")
    _check_token_version(body, limits)
    _check_tags(body["tags"])
    _check_redirects(body, limits)
    _check_required_access(body, limits)
    claims = body.get("optionalClaims") or {}
    if limits.personal and options.personal_optional_claims == "refuse" and any(claims.values()):
        raise errors.invalid_value("optionalClaims", "Application")
    if _size(body) > _MANIFEST_ITEMS:
        raise errors.bad_request(
            "The size of the manifest has exceeded its limit. Please reduce the number of values "
            "and retry your request."
        )


def _check_token_version(body: Body, limits: Limits) -> None:
    """2 for personal audiences (azure-ad-b2c/Scripts#2, azure-cli#15512)."""
    version = (body.get("api") or {}).get("requestedAccessTokenVersion")
    if version not in {None, 1, 2} or (limits.personal and version != 2):
        message = "Property api.requestedAccessTokenVersion is invalid."
        code = "InvalidAccessTokenVersion"
        raise errors.GraphError(
            400,
            code,
            message,
            details=(errors.Detail(code, message, "api.requestedAccessTokenVersion"),),
        )


def _check_tags(tags: list[str]) -> None:
    for tag in tags:
        if not 1 <= len(tag) <= 256 or any(character.isspace() for character in tag):
            raise errors.invalid_value("tags", "Application")
    if max(Counter(tags).values(), default=0) > 1:
        raise errors.duplicate_value("tags")


def _redirects(body: Body) -> Iterator[tuple[str, str]]:
    for platform in ("web", "spa", "publicClient"):
        for uri in (body.get(platform) or {}).get("redirectUris") or ():
            yield platform, uri


def _check_redirects(body: Body, limits: Limits) -> None:
    uris = list(_redirects(body))
    if len(uris) > limits.redirect_uris:
        raise errors.invalid_value("redirectUris", "Application")
    if max(Counter(uris).values(), default=0) > 1:
        raise errors.duplicate_value("redirectUris")
    for platform, uri in uris:
        if not _is_redirect(platform, uri, limits):
            raise errors.invalid_value(f"{platform}.redirectUris", "Application")


def _is_redirect(platform: str, uri: str, limits: Limits) -> bool:
    """E:reply-url.md; custom schemes only for public clients (unverified)."""
    parts = urlsplit(uri)
    if not parts.scheme or len(uri) > 256 or parts.fragment or _UNSUPPORTED_IN_REDIRECTS & set(uri):
        return False
    if limits.personal and (parts.query or "*" in uri):
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return platform == "publicClient"


def _check_required_access(body: Body, limits: Limits) -> None:
    resources = body["requiredResourceAccess"]
    counts = [len(each["resourceAccess"]) for each in resources]
    if (
        len(resources) > 50
        or sum(counts) > limits.permissions
        or max(counts, default=0) > limits.permissions_per_api
    ):
        raise errors.invalid_value("requiredResourceAccess", "Application")
    if max(Counter(each["resourceAppId"] for each in resources).values(), default=0) > 1:
        raise errors.duplicate_value("requiredResourceAccess")
    for each in resources:
        if any(access.get("type") not in {"Scope", "Role"} for access in each["resourceAccess"]):
            raise errors.invalid_value("type", "ResourceAccess")


def _size(value: Any) -> int:
    """Items over all collections; the service's own count is between 1000 and 1200."""
    if isinstance(value, Mapping):
        return sum(_size(each) for each in value.values())
    if isinstance(value, list):
        return len(value) + sum(_size(each) for each in value)
    return 0
