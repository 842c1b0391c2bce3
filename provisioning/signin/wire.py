"""Sends the requests of one attempt and tells answers from refusals.

Must not follow a redirect, share cookies between checks, or let a body into an error.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx

from provisioning.core.model import Json
from provisioning.signin import causes, codes, grants
from provisioning.signin.checks import Asked
from provisioning.signin.redaction import Redactor
from provisioning.signin.refusal import Cause, Refused

_TIMEOUT_SECONDS: Final = 30.0
_MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one answer: a key set or a sign-in page has a hundredth of it."""
_TRAIL: Final = re.compile(r"\s*(?:Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)
_GUID: Final = re.compile(r"[0-9a-fA-F-]{36}")
_CORRELATION: Final = re.compile(rf"Correlation ID:\s*({_GUID.pattern})")


def client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Make the run's client: it follows no redirect and keeps no cookie."""
    forgetful = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        transport=transport,
        cookies=forgetful,
        timeout=_TIMEOUT_SECONDS,
        follow_redirects=False,
    )


@dataclass(slots=True)
class Session:
    """One attempt of one check: its requests, its cookies, what it must not show."""

    client: httpx.AsyncClient
    redactor: Redactor
    asked: list[Asked] = field(default_factory=list)
    seconds: float = _TIMEOUT_SECONDS
    """How long one answer may take, to its last byte."""
    _cookies: httpx.Cookies = field(default_factory=httpx.Cookies, repr=False)

    async def get(self, url: str, fields: Sequence[tuple[str, str]] = ()) -> httpx.Response:
        """GET with a query; raises Refused when nothing answers."""
        return await self._send("GET", url, fields, params=list(fields) or None)

    async def post(self, url: str, fields: Sequence[tuple[str, str]]) -> httpx.Response:
        """POST a form (`application/x-www-form-urlencoded`); raises Refused."""
        return await self._send("POST", url, fields, data=dict(fields))

    async def submit(self, url: str, fields: Sequence[tuple[str, str]]) -> httpx.Response:
        """POST a page's own form, whose field names are unknown and therefore not shown."""
        return await self._send("POST", url, (), data=dict(fields))

    async def _send(
        self, method: str, url: str, shown: Sequence[tuple[str, str]], **content: Any
    ) -> httpx.Response:
        place = urlsplit(url)
        bare = f"{place.scheme}://{place.netloc}{place.path}"
        self.asked.append(Asked(method, bare, grants.shown(shown)))
        try:
            request = self.client.build_request(method, url, **content)
            self._cookies.set_cookie_header(request)
            async with asyncio.timeout(self.seconds):
                response = await _whole(await self.client.send(request, stream=True))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
            # Its text may quote the request; its class says enough.
            detail = f"{place.netloc}: {type(problem).__name__}"
            raise Refused(causes.NO_ANSWER, detail) from None
        self._cookies.extract_cookies(response)
        return response


async def _whole(streamed: httpx.Response) -> httpx.Response:
    """Read an answer to its end; raises Refused for one that has no end in sight."""
    content = bytearray()
    try:
        async for chunk in streamed.aiter_bytes():
            content += chunk
            if len(content) > _MOST_BYTES:
                detail = f"more than {_MOST_BYTES // 1024**2} MiB came"
                raise Refused(causes.UNREADABLE, detail, status=streamed.status_code)
    finally:
        await streamed.aclose()
    headers = httpx.Headers(streamed.headers)
    # The content is decoded already.
    headers.pop("content-encoding", None)
    return httpx.Response(
        streamed.status_code, headers=headers, content=bytes(content), request=streamed.request
    )


def json_answer(response: httpx.Response, *, missing: Cause) -> Mapping[str, Json]:
    """Return the JSON object of a 200; raises Refused for everything else.

    `missing` is what a 404 without an OAuth error means here: an unknown policy answers with a
    page. A page that comes with success is a refusal too.
    """
    if response.is_redirect:
        raise redirected(response)
    body = _object(response)
    if body is not None and isinstance(body.get("error"), str):
        raise oauth_refusal(body, status=response.status_code, response=response)
    if response.status_code == 200 and body is not None:
        return body
    detail = f"HTTP {response.status_code}, {_content_type(response)}"
    # B2C shows its interactive errors on a page: the code is all that is taken from it.
    code = codes.code_of(response.text) if body is None else None
    raise Refused(
        codes.KNOWN.get(code or "") or _plain_cause(response, missing),
        detail,
        code=code,
        status=response.status_code,
        retry_after=_retry_after(response),
    )


def oauth_refusal(
    fields: Mapping[str, Json], *, status: int | None, response: httpx.Response | None = None
) -> Refused:
    """Turn an OAuth error (of a body or of a redirect's query) into what it means."""
    error = str(fields.get("error", ""))
    description = str(fields.get("error_description") or "")
    code = codes.code_of(description)
    throttled = status == 429 and code is None
    sentence = _TRAIL.sub("", description).strip()
    found = _CORRELATION.search(description)
    named = _GUID.fullmatch(str(fields.get("correlation_id")))
    return Refused(
        causes.THROTTLED if throttled else codes.cause_of(code, error),
        sentence or error,
        code=code or error,
        status=status,
        correlation_id=named.group() if named else found and found.group(1),
        retry_after=None if response is None else _retry_after(response),
    )


def redirected(response: httpx.Response) -> Refused:
    """Refuse a redirect, naming only the host that it leads to."""
    here = response.request.url
    there = urlsplit(joined(response, response.headers.get("location", "")))
    same = (there.scheme, there.netloc) == (here.scheme, here.netloc.decode())
    return Refused(
        causes.REDIRECT if same else causes.FOREIGN_REDIRECT,
        f"from {here.netloc.decode()} to {there.netloc or there.scheme}",
        status=response.status_code,
    )


def joined(response: httpx.Response, reference: str) -> str:
    """Resolve what an answer refers to (RFC 3986, 5); raises Refused for what is no URL."""
    try:
        url = urljoin(str(response.request.url), reference)
        urlsplit(url)
    except ValueError:
        raise Refused(causes.UNREADABLE, "it refers to something that is no URL") from None
    return url


def _plain_cause(response: httpx.Response, missing: Cause) -> Cause:
    match response.status_code:
        case 404:
            return missing
        case 429:
            return causes.THROTTLED
        case status if status >= 500:
            return causes.SERVER_ERROR
        case 200 if "html" in _content_type(response):
            return causes.PAGE
        case 200:
            return causes.UNREADABLE
        case _:
            return causes.REFUSED


def _object(response: httpx.Response) -> Mapping[str, Json] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _content_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "no content type")).partition(";")[0]


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None
