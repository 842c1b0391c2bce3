"""JSON batches: many reads in one HTTP call (learn.microsoft.com/graph/json-batching).

Pure: builds the body, reads the answer. Must not send.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from provisioning.core.model import Json

LIMIT: Final = 20
"""Requests in one batch, by Graph's rule."""


@dataclass(frozen=True, slots=True)
class Item:
    """One GET of a batch; `path` is `/{version}/…`, encoded."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a batch; `headers` ignore case."""

    status: int
    body: Json = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)


def body(version: str, items: Sequence[Item]) -> bytes:
    """Encode a batch with URLs relative to the version and the ids 1, 2 and so on."""
    requests = [
        {
            "id": str(number),
            "method": "GET",
            "url": item.path.removeprefix(f"/{version}"),
            "headers": dict(item.headers),
        }
        for number, item in enumerate(items, start=1)
    ]
    return json.dumps({"requests": requests}).encode()


def replies(answer: Json, count: int) -> tuple[Reply | None, ...] | None:
    """Put the unordered answers of a batch in the order of its requests.

    None stands where an answer is missing or has no status; None alone means that the whole is
    no answer to a batch.
    """
    listed = answer.get("responses") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        return None
    found = {str(entry.get("id")): _reply(entry) for entry in listed if isinstance(entry, dict)}
    return tuple(found.get(str(number)) for number in range(1, count + 1))


def _reply(entry: dict[str, Json]) -> Reply | None:
    status = entry.get("status")
    if not isinstance(status, int) or isinstance(status, bool):
        return None
    headers = entry.get("headers")
    named = headers.items() if isinstance(headers, dict) else ()
    return Reply(
        status=status,
        body=entry.get("body"),
        headers=httpx.Headers([(str(name), str(value)) for name, value in named], encoding="utf-8"),
    )
