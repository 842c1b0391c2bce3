"""Policies shown whole: every line of before and after, those that differ marked.

Must not parse: it is given text that is laid out already.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from provisioning.core.model import Address
from provisioning.render import escape
from provisioning.render.values import Line


@dataclass(frozen=True, slots=True)
class Whole:
    """An object as text, before and after its step; None where it is not there."""

    before: str | None
    after: str | None


Wholes = Mapping[Address, Whole]
NONE: Final[Wholes] = MappingProxyType({})


def lines(whole: Whole) -> Iterator[Line]:
    """Yield a unified diff with all of its context."""
    before, after = ((text or "").splitlines() for text in (whole.before, whole.after))
    if before == after:
        yield from (Line(" ", escape.plain(line)) for line in before)
    context = len(before) + len(after)
    # The first three lines name the files and the only hunk.
    for line in [*difflib.unified_diff(before, after, n=context, lineterm="")][3:]:
        yield Line(line[:1], escape.plain(line[1:]))
