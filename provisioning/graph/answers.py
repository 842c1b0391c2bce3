"""Turns responses into answers: JSON, bytes, pages. Must not send.

What is not JSON where JSON belongs is an AnswerError, never a decoding error.
"""

from __future__ import annotations

import json
from typing import Final

import httpx

from provisioning.core.model import Json
from provisioning.core.request import Answer
from provisioning.graph import refusal
from provisioning.graph.clouds import Cloud
from provisioning.graph.exchange import Outgoing

_NO_BODY: Final = frozenset({202, 204, 205})


def parsed(request: Outgoing, response: httpx.Response) -> Json:
    """Return the JSON of a 2xx response, None where it has no body; raises AnswerError."""
    if not response.content:
        if request.method == "GET" and response.status_code not in _NO_BODY:
            raise refusal.malformed(request, "the answer is empty", response=response)
        return None
    try:
        body: Json = json.loads(response.content)
    except (ValueError, RecursionError):
        kind = _media_type(response) or "of no stated type"
        reason = f"the answer is {kind} and can't be read as JSON"
        raise refusal.malformed(request, reason, response=response) from None
    return body


def written(request: Outgoing, response: httpx.Response) -> Answer:
    """Return the answer to a write: JSON as `body`, a policy's XML as `raw`."""
    kind = _media_type(response)
    if response.content and kind and "json" not in kind:
        return raw(request, response)
    return Answer(
        status=response.status_code,
        body=parsed(request, response),
        headers=dict(response.headers),
    )


def raw(request: Outgoing, response: httpx.Response) -> Answer:
    """Return the bytes of an answer; a web page of something between is an AnswerError."""
    if _media_type(response) == "text/html":
        raise refusal.malformed(request, "the answer is a web page", response=response)
    return Answer(status=response.status_code, raw=response.content, headers=dict(response.headers))


def page(request: Outgoing, body: Json) -> list[Json]:
    """Return the entries of one page of a collection; raises AnswerError when it is none."""
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, list):
        raise refusal.malformed(request, "the answer is no collection")
    return value


def following(request: Outgoing, body: Json, cloud: Cloud) -> str | None:
    """Return where the next page is, as `/{version}/…`; None on the last.

    Raises AnswerError for a link to another host or version: links are followed with our token.
    """
    link = body.get("@odata.nextLink") if isinstance(body, dict) else None
    if link is None:
        return None
    version = request.path.split("/")[1]
    try:
        url = httpx.URL(link) if isinstance(link, str) else None
    except httpx.InvalidURL:
        url = None
    if url is None:
        raise refusal.malformed(request, "the link to the next page is no URL")
    path = url.raw_path.decode("ascii")
    # Behind another endpoint Graph may still call itself by its own name.
    homes = {_origin(httpx.URL(home)) for home in (cloud.graph, cloud.resource)}
    if _origin(url) not in homes or not path.startswith(f"/{version}/") or url.userinfo:
        raise refusal.malformed(
            request, f"the link to the next page leads to {url.host}, where nothing is sent"
        )
    return path


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _media_type(response: httpx.Response) -> str:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()
