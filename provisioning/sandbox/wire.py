"""Requests and answers as they travel; must not decide what is answered.

Headers: G:concepts/json-batching.md, samples.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from provisioning.sandbox import errors

DROPPED = "x-sandbox-dropped"
"""Marks an answer that never reaches the client; the transports turn it into a lost connection."""
_JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
    "charset=utf-8"
)
_DIAGNOSTIC = json.dumps(
    {
        "ServerInfo": {
            "DataCenter": "Sandbox",
            "Slice": "E",
            "Ring": "1",
            "ScaleUnit": "000",
            "RoleInstance": "SANDBOX",
        }
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was answered; items of a batch share the batch's `outer_call`."""

    method: str
    path: str
    status: int
    tenant_id: str | None
    in_batch: bool
    outer_call: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in bytes-to-be: JSON `body`, or `raw` text or bytes."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    raw: str | bytes | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One Graph request, outer or inside a batch; `path` starts with the API version.

    `headers` have lower-case names; `content` is the outer request's bytes, `body` an item's JSON;
    `overlapping` says that another write on the same lane is under way.
    """

    method: str
    path: str
    origin: str
    headers: Mapping[str, str]
    content: bytes | None = None
    body: Any = None
    overlapping: bool = False

    @property
    def is_raw(self) -> bool:
        """Whether the body is no JSON: XML or other bytes."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind.endswith("xml") or kind == "application/octet-stream"

    @property
    def version(self) -> str:
        """`v1.0` or `beta`."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def resource(self) -> str:
        """The path behind the version, without query."""
        return "/" + self.path.lstrip("/").partition("/")[2].partition("?")[0]


def inner(
    question: Question, method: str, url: str, item_headers: Mapping[str, str], item_body: Any
) -> Question:
    """An item of a batch as a request of its own; it borrows the batch's token."""
    return Question(
        method=method,
        path=f"/{question.version}{url}",
        origin=question.origin,
        headers={"authorization": question.headers.get("authorization", ""), **item_headers},
        body=item_body,
    )


def identify(question: Question) -> tuple[str, str]:
    """request-id and client-request-id: the latter echoes the request's, else repeats the first."""
    request_id = str(uuid.uuid4())
    return request_id, question.headers.get("client-request-id", request_id)


def headers(ids: tuple[str, str], now: datetime, *, has_body: bool = True) -> dict[str, str]:
    """The headers of every Graph answer."""
    found = {
        "request-id": ids[0],
        "client-request-id": ids[1],
        "x-ms-ags-diagnostic": _DIAGNOSTIC,
        "x-ms-resource-unit": "1",
        "OData-Version": "4.0",
        "Cache-Control": "no-cache",
        "Date": now.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }
    if has_body:
        found["Content-Type"] = _JSON
    return found


def is_graph(path: str) -> bool:
    """Whether a path is Graph's (by its version) and not a login host's."""
    return urlsplit(path).path.split("/")[1] in {"v1.0", "beta"}


def options(question: Question) -> dict[str, str]:
    """Query options by name; `$` names in lower case, and the `$` may be left out."""
    known = {"filter", "select", "top", "skiptoken", "expand", "count", "search", "orderby"}
    found = {}
    for name, value in parse_qsl(question.path.partition("?")[2], keep_blank_values=True):
        lower = name.lower()
        if lower.lstrip("$") in known:
            lower = "$" + lower.lstrip("$")
        found[lower] = value
    return found


def body(question: Question) -> Any:
    """The JSON of a write.

    Raises:
        GraphError: 400 for a write without Content-Type or with anything but JSON.
    """
    if question.is_raw:
        return None
    if question.content is None:
        return question.body
    if question.method in {"GET", "DELETE"} or not question.content:
        return None
    if "content-type" not in question.headers:
        raise errors.malformed(
            "Write requests (excluding DELETE) must contain the Content-Type header declaration."
        )
    try:
        return json.loads(question.content)
    except ValueError:
        raise errors.malformed(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format."
        ) from None


def raw(question: Question) -> bytes | None:
    """The bytes of a body that is not JSON, None for any other.

    Inside a batch such a body is text in base64 (G:concepts/json-batching.md), plain or
    URL-safe.

    Raises:
        GraphError: 400 for anything else inside a batch.
    """
    if not question.is_raw:
        return None
    if question.content is not None:
        return question.content
    text = question.body if isinstance(question.body, str) else "?"
    text = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise errors.malformed("Invalid batch payload format.") from None
