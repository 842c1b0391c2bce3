"""$batch: many operations in one call; must not know what they do.

Source: G:concepts/json-batching.md; wordings of whole-batch refusals are unverified.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.sandbox import errors

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch; `url` starts with a slash and holds the query."""

    id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    depends_on: tuple[str, ...] = ()


Perform = Callable[[Item], Awaitable[Json | None]]
"""Does one item; None when the connection was lost over it, which ends the batch."""


def read(document: Any, most: int) -> list[Item]:
    """The items of a batch body.

    Raises:
        GraphError: 400 for the whole batch: not a batch, too many, ids not unique (case
            ignored), absolute URLs, unknown dependencies, a body without Content-Type.
    """
    requests = document.get("requests") if isinstance(document, dict) else None
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise errors.malformed("Invalid batch payload format.")
    if len(requests) > most:
        raise errors.malformed(f"The number of batch requests exceeds the limit of {most}.")
    items = [_item(each) for each in requests]
    ids = [item.id.lower() for item in items]
    if len(set(ids)) < len(ids):
        raise errors.malformed("Request ids in a batch must be unique.")
    for item in items:
        if not set(item.depends_on) <= {other.id for other in items}:
            raise errors.malformed(f"Request '{item.id}' depends on an unknown request.")
    return items


async def run(items: list[Item], perform: Perform) -> list[Json]:
    """Do the items one by one, each after what it depends on; a failed dependency is a 424."""
    answers: dict[str, Json] = {}
    waiting = list(items)
    while waiting:
        ready = [item for item in waiting if all(each in answers for each in item.depends_on)]
        if not ready:
            raise errors.malformed("The batch contains circular dependencies.")
        for item in ready:
            failed = any(answers[each]["status"] >= 400 for each in item.depends_on)
            answer = _dependency_failed(item) if failed else await perform(item)
            if answer is None:
                return []
            answers[item.id] = answer
        waiting = [item for item in waiting if item.id not in answers]
    return [answers[item.id] for item in items]


def _item(request: Mapping[str, Any]) -> Item:
    identity, method, url = request.get("id"), request.get("method"), request.get("url")
    if not (isinstance(identity, str) and identity and isinstance(method, str)):
        raise errors.malformed("Invalid batch payload format.")
    if not isinstance(url, str) or not url or "://" in url:
        raise errors.malformed(f"Request '{identity}' must have a relative URL.")
    headers = {name.lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    verb, body = method.upper(), request.get("body")
    if verb not in {"GET", "DELETE"} and "content-type" not in headers and body is not None:
        raise errors.malformed(
            "Write requests (excluding DELETE) must contain the Content-Type header declaration."
        )
    depends_on = tuple(request.get("dependsOn") or ())
    return Item(identity, verb, "/" + url.lstrip("/"), headers, body, depends_on)


def _dependency_failed(item: Item) -> Json:
    error = {"code": "FailedDependency", "message": "A request this one depends on has failed."}
    return {
        "id": item.id,
        "status": 424,
        "headers": {"Content-Type": "application/json"},
        "body": {"error": error},
    }
