"""Limits of redirect URIs. learn.microsoft.com/entra/identity-platform/reply-url.

It judges texts; whether something listens there is nobody's business here.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.limits import Subject

PAGE: Final = "learn.microsoft.com/entra/identity-platform/reply-url"
PLATFORMS: Final = ("web.redirectUris", "spa.redirectUris", "publicClient.redirectUris")
LENGTH: Final = 256

_FORBIDDEN = re.compile(r"[!$'(),;\x00]")
"""A literal `${` reaches us with a NUL for its `$`."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})


def check(subject: Subject) -> None:
    """Report redirect URIs that Graph or the sign-in page refuses, and too many of them."""
    total = sum(len(subject.list(path)) for path in PLATFORMS)
    if total > subject.audience.redirect_uris:
        _fault(
            subject,
            f"{total} redirect URIs; at most {subject.audience.redirect_uris}",
            "send the place to return to in the state parameter",
            *("applications", subject.key),
        )
    seen: dict[str, str] = {}
    for platform in PLATFORMS:
        for index, uri in enumerate(subject.list(platform)):
            path = subject.at(platform)
            here = path if path[-1] == "replyUrlsWithType" else (*path, index)
            text = shapes.stand_in(str(uri))
            if text in seen:
                _fault(
                    subject,
                    f"redirect URI {uri} is there twice ({seen[text]} and {platform})",
                    "keep it on one platform",
                    *here,
                )
            seen[text] = platform
            _check_text(subject, text, *here)
            _check_scheme(subject, text, platform, *here)


def _check_text(subject: Subject, uri: str, *path: str | int) -> None:
    if len(uri) > LENGTH:
        _fault(
            subject,
            f"a redirect URI of {len(uri)} characters; at most {LENGTH}",
            "shorten it",
            *path,
        )
    if found := sorted(set(_FORBIDDEN.findall(uri))):
        _fault(
            subject,
            f"redirect URI {uri} holds {' '.join(found).replace(chr(0), '$')}",
            "leave out ! $ ' ( ) , ;",
            *path,
        )
    if "*" in uri:
        _fault(
            subject,
            f"redirect URI {uri} holds a wildcard",
            "write each URI out, or use the state parameter",
            *path,
            warning=not subject.audience.personal,
        )
    if "#" in uri:
        _fault(subject, f"redirect URI {uri} holds a fragment", "delete what follows #", *path)
    if "?" in uri and subject.audience.personal:
        _fault(
            subject,
            f"redirect URI {uri} has a query, which personal accounts exclude",
            "delete what follows ?",
            *path,
        )


def _check_scheme(subject: Subject, uri: str, platform: str, *path: str | int) -> None:
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        _fault(subject, f"{uri} is no URI", "write scheme://host/path", *path)
        return
    if host == "::1":
        _fault(subject, "the IPv6 loopback [::1] is not supported", "write 127.0.0.1", *path)
    elif not parts.scheme:
        _fault(subject, f"{uri} is no absolute URI", f"write https://{uri.lstrip('/')}", *path)
    elif parts.scheme == "http" and host not in _LOOPBACK:
        _fault(
            subject,
            f"redirect URI {uri} is not https",
            "write https; http is for localhost and 127.0.0.1",
            *path,
        )
    elif parts.scheme in {"http", "https"} and not host:
        _fault(subject, f"redirect URI {uri} names no host", "write https://host/path", *path)
    elif parts.scheme not in {"http", "https"} and platform != PLATFORMS[2]:
        _fault(
            subject,
            f"{platform} takes no scheme {parts.scheme}",
            "put it under publicClient.redirectUris",
            *path,
        )


def _fault(
    subject: Subject, message: str, remedy: str, *path: str | int, warning: bool = False
) -> None:
    subject.fault("redirect-uri", message, remedy, *path, page=PAGE, warning=warning)
