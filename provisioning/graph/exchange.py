"""What goes over the wire: requests as they leave, and their trace for the journal.

Must not send anything. An `Exchange` holds no body, header or token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it leaves; `path` is `/{version}/…`, encoded."""

    method: str
    path: str
    content: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values of the body that must not come back in an error's text."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request, or one request inside a `$batch`."""

    method: str
    path: str
    """With version and query, e.g. `/v1.0/applications?$select=id`."""
    status: int | None
    """None when no answer came."""
    request_id: str | None
    """Graph's own id, as in the tenant's audit log."""
    client_request_id: str


Observer: TypeAlias = Callable[[Exchange], None]


def ignore(exchange: Exchange) -> None:
    """Observe nothing."""
    del exchange
