"""Scripted faults: which request fails, and how; must not know what requests mean.

Requests of Graph and of the sign-in hosts alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault; `path` is a regular expression searched in path and query.

    Paths of Graph start with its version, those of the sign-in hosts with the tenant:
    `^/v1.0/applications`, `/oauth2/v2.0/token`.
    """

    path: str = ""
    method: str | None = None
    """HTTP method, None for any."""
    skip: int = 0
    """The first n matching requests pass."""
    times: int = 1
    """How many matching requests then fail; -1 for ever."""
    status: int = 503
    code: str = ""
    """Empty: Graph's ServiceUnavailable, or a sign-in host's temporarily_unavailable."""
    message: str = "Service temporarily unavailable."
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer, for example Retry-After."""
    body: str | None = None
    """Sent as it is in place of the host's error envelope: HTML, broken JSON."""
    after_commit: bool = False
    """Do the work first, then answer with the fault."""
    drop: bool = False
    """Lose the connection instead of answering."""
    delay: float = 0.0
    """Seconds waited before anything else."""

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> Self:
        """Read a fault from a file's mapping.

        Raises:
            ValueError: an unknown key; the message names it.
        """
        known = {each.name for each in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            message = f"unknown fault key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            raise ValueError(message)
        return cls(**document)


class Faults:
    """The faults of one sandbox and how often each has matched."""

    def __init__(self) -> None:
        self._scripted: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Script one more fault; earlier ones are asked first."""
        self._scripted.append((fault, [0]))

    def clear(self) -> None:
        """Forget all faults."""
        self._scripted.clear()

    def due(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counting the match; None when it passes."""
        for fault, seen in self._scripted:
            if fault.method is not None and fault.method.upper() != method:
                continue
            if re.search(fault.path, path) is None:
                continue
            seen[0] += 1
            past = seen[0] - fault.skip
            if past > 0 and (fault.times < 0 or past <= fault.times):
                return fault
        return None
