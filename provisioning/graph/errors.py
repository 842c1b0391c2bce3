"""What Graph's refusals mean: read error bodies, name a remedy, match error classes.

Must not import an SDK and must not decide about retries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from provisioning.core.errors import GraphError
from provisioning.core.model import Json
from provisioning.core.request import ErrorMatch

UNTRUSTED: Final = "certificate not trusted"
"""Stands where an error code would: the other side could not prove who it is."""
MALFORMED: Final = "malformed answer"
"""Stands where an error code would: the answer arrived but is not what Graph sends."""


class AnswerError(GraphError):
    """A GraphError with what a retry must know; above this room it is a GraphError."""

    retry_after: str | None = None
    """The header as sent: seconds or an HTTP date."""
    sent: bool = True
    """False when the request never left: the connection could not be opened."""
    distrusted: bool = False
    """Not sent because the other side's certificate is not trusted: that does not pass."""
    body: Json = None
    """The error body, for readers to whom this error is an answer; never shown."""

    @property
    def unreadable(self) -> bool:
        """Whether Graph agreed, but in words that could not be read."""
        return self.code == MALFORMED and (self.status is None or self.status < 300)

    def __str__(self) -> str:
        """Name the request, its status, Graph's words and the id to quote to support."""
        status = "" if self.status is None else f"{self.status} "
        code = "" if self.code == MALFORMED else self.code
        said = f"{status}{code}".strip()
        trace = f" (request-id {self.request_id})" if self.request_id else ""
        return ": ".join(filter(None, (f"{self.method} {self.path}", said, self.message))) + trace


@dataclass(frozen=True, slots=True)
class Complaint:
    """The words of an error body."""

    code: str = ""
    message: str = ""
    details: tuple[tuple[str, str], ...] = ()
    request_id: str | None = None


def read_body(body: object) -> Complaint:
    """Read an error body in any shape that has been seen; an unknown shape gives no words.

    Graph's envelope (learn.microsoft.com/graph/errors) with `message` as text or `{lang, value}`
    and `details` as a list or one object; OAuth's `{error, error_description}` (RFC 6749, 5.2);
    ASP.NET's `{message, messageDetail}`, which leaks through when routing fails.
    """
    if not isinstance(body, Mapping):
        return Complaint()
    error = body.get("error")
    if isinstance(error, str):
        return Complaint(code=error, message=_text(body.get("error_description")))
    if not isinstance(error, Mapping):
        words = (_text(body.get("message")), _text(body.get("messageDetail")))
        return Complaint(message=" ".join(word for word in words if word))
    inner = error.get("innerError") or error.get("innererror")
    request_id = _text(inner.get("request-id")) if isinstance(inner, Mapping) else ""
    return Complaint(
        code=_text(error.get("code")),
        message=_text(error.get("message")),
        details=_details(error.get("details")),
        request_id=request_id or None,
    )


def _details(details: object) -> tuple[tuple[str, str], ...]:
    listed = details if isinstance(details, list) else [details]
    return tuple(
        (_text(detail.get("code")), _text(detail.get("message")))
        for detail in listed
        if isinstance(detail, Mapping)
    )


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("value")
    return value if isinstance(value, str) else ""


def sentence(complaint: Complaint, status: int) -> str:
    """Join top-level message and details, each once; fall back to HTTP's own phrase."""
    words = dict.fromkeys(
        word.strip() for word in (complaint.message, *(text for _, text in complaint.details))
    )
    spoken = " ".join(word for word in words if word)
    if spoken:
        return spoken
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "unknown status"
    return f"{phrase}, and Graph gave no reason"


def match(error: GraphError, rule: ErrorMatch) -> bool:
    """Whether an error belongs to a class; every part of `rule` that is given must fit.

    Codes are compared with the top level and every detail: Graph puts the specific one in
    either place. The message is a regular expression searched ignoring case.
    """
    if rule.status and error.status not in rule.status:
        return False
    if rule.code is not None and rule.code not in (
        error.code,
        *(code for code, _ in error.details),
    ):
        return False
    if rule.message is None:
        return True
    pattern = _pattern(rule.message)
    texts = (error.message, *(text for _, text in error.details))
    return any(pattern.search(text) for text in texts)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_REMEDY_BY_CODE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Authorization_RequestDenied": (
            "grant the signed-in principal the permission that this call needs and consent to it; "
            "a fresh grant counts only for tokens issued after it"
        ),
        "AccessDenied": (
            "grant the signed-in principal the permission that this call needs and consent to it"
        ),
        "InvalidAuthenticationToken": (
            "sign in again; with --auth token put a fresh token for Graph into "
            "PROVISIONING_ACCESS_TOKEN"
        ),
        "Authorization_IdentityNotFound": (
            "the signed-in principal has no service principal in this tenant: consent to it there, "
            "or sign in to the right tenant"
        ),
        "Directory_QuotaExceeded": (
            "the directory is full: purge deleted objects, or ask for a higher quota"
        ),
        "Request_MultipleObjectsWithSameKeyValue": (
            "another object holds this key: adopt it, or choose another name"
        ),
        "ObjectConflict": "another object holds this key: adopt it, or choose another name",
        "HostNameNotOnVerifiedDomain": (
            "use api://<appId>, or verify the domain in this tenant first"
        ),
        "InvalidAccessTokenVersion": (
            "set api.requestedAccessTokenVersion to 2 for audiences with personal accounts"
        ),
        "CannotDeleteOrUpdateEnabledEntitlement": (
            "the scope or role must be disabled before it is changed or removed; run apply again"
        ),
        "Error_MsaAppDoesNotExist": (
            "Microsoft's account system has not caught up yet; run apply again in some minutes"
        ),
        "Request_UnsupportedQuery": "this tenant does not support the query; please report it",
        UNTRUSTED: (
            "if that is the right host, name the file of its certificate authority in SSL_CERT_FILE"
        ),
        MALFORMED: "something between here and Graph answered; check proxy and endpoint",
    }
)

_REMEDY_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "sign in again",
        403: "the signed-in principal lacks a permission, a role or a licence for this call",
        404: "it may not be replicated yet, or the path belongs to another kind of tenant",
        429: "Graph asks for fewer requests; run again later, or with less in flight",
        500: "Graph failed; run again later, and quote the request id to support if it stays",
        502: "Graph failed; run again later",
        503: "Graph is not available; run again later",
        504: "Graph took too long; run again later",
    }
)


def remedy(status: int | None, codes: tuple[str, ...]) -> str:
    """What to do about it: by the most specific code, else by status, else nothing."""
    for code in codes:
        if code in _REMEDY_BY_CODE:
            return _REMEDY_BY_CODE[code]
    if status is None:
        return "check the network, the proxy (HTTPS_PROXY, NO_PROXY) and --graph-endpoint"
    return _REMEDY_BY_STATUS.get(status, "")
