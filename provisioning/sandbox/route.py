"""One verb on one path pattern; must not know which there are."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.sandbox.access import Access
from provisioning.sandbox.call import Operation


@dataclass(frozen=True, slots=True)
class Route:
    """One verb on one path pattern; `*` segments are handed to the operation.

    `beta_segment` is the segment that v1.0 does not know, None where it knows all of them.
    """

    method: str
    pattern: str
    operation: Operation
    access: Access
    beta_segment: str | None = None
