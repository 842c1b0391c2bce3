"""Every way in which an answer can fail, as an AnswerError. Must not send or retry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import httpx
from kiota_abstractions.api_error import APIError
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from provisioning.core.model import Json
from provisioning.graph import errors, tokens
from provisioning.graph.errors import AnswerError, Complaint
from provisioning.graph.exchange import Outgoing

_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_WORDS: Final[Mapping[type[Exception], str]] = MappingProxyType(
    {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.PoolTimeout: "no connection was free in time",
    }
)
"""What httpx leaves without words."""


def refused(
    request: Outgoing, response: httpx.Response, error: APIError, secrets: Iterable[str]
) -> AnswerError:
    """Translate an error answer that the SDK has parsed, or could not."""
    body = _json(response)
    words = _both(_parsed(error), errors.read_body(body))
    refusal = item(request, response.status_code, response.headers, words, secrets=secrets)
    refusal.body = body
    return refusal


def item(
    request: Outgoing,
    status: int,
    headers: Mapping[str, str],
    words: Complaint,
    *,
    secrets: Iterable[str] = (),
) -> AnswerError:
    """Build the error of an answer, or of one item of a batch, from the words of its body."""
    hidden = (*request.secrets, *secrets)
    codes = (*(code for code, _ in words.details if code), words.code)
    refusal = AnswerError(
        tokens.redact(errors.sentence(words, status), hidden),
        remedy=errors.remedy(status, codes),
        status=status,
        code=words.code,
        details=tuple((code, tokens.redact(text, hidden)) for code, text in words.details),
        request_id=headers.get("request-id") or words.request_id,
        method=request.method,
        path=request.path,
    )
    refusal.retry_after = headers.get("retry-after")
    return refusal


def lost(request: Outgoing, error: httpx.RequestError, host: str) -> AnswerError:
    """Build the error of a request to `host` that got no answer."""
    reason = str(error) or _WORDS.get(type(error), type(error).__name__)
    distrusted = isinstance(error, httpx.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in reason
    refusal = AnswerError(
        f"the connection to {host} failed: {reason}",
        remedy=errors.remedy(None, (errors.UNTRUSTED,) if distrusted else ()),
        method=request.method,
        path=request.path,
    )
    refusal.sent = not isinstance(error, _UNSENT)
    refusal.distrusted = distrusted
    return refusal


def malformed(
    request: Outgoing, reason: str, *, response: httpx.Response | None = None
) -> AnswerError:
    """Build the error of an answer that is not what Graph sends; its body is not shown."""
    return AnswerError(
        reason,
        remedy=errors.remedy(None, (errors.MALFORMED,)),
        status=None if response is None else response.status_code,
        code=errors.MALFORMED,
        request_id=None if response is None else response.headers.get("request-id"),
        method=request.method,
        path=request.path,
    )


def redirected(request: Outgoing, response: httpx.Response) -> AnswerError:
    """Build the error of a redirect: Graph has none, and none is followed."""
    return AnswerError(
        "the answer is a redirect, which is not followed",
        remedy=errors.remedy(None, (errors.MALFORMED,)),
        status=response.status_code,
        request_id=response.headers.get("request-id"),
        method=request.method,
        path=request.path,
    )


def _parsed(error: APIError) -> Complaint:
    main = error.error if isinstance(error, ODataError) else None
    if main is None:
        return Complaint()
    return Complaint(
        code=main.code or "",
        message=main.message or "",
        details=tuple((entry.code or "", entry.message or "") for entry in main.details or ()),
        request_id=main.inner_error.request_id if main.inner_error is not None else None,
    )


def _both(parsed: Complaint, raw: Complaint) -> Complaint:
    """Fill what the SDK's models drop: `message` as an object, `details` that are no list."""
    return Complaint(
        code=parsed.code or raw.code,
        message=parsed.message or raw.message,
        details=parsed.details or raw.details,
        request_id=parsed.request_id or raw.request_id,
    )


def _json(response: httpx.Response) -> Json:
    try:
        body: Json = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body
