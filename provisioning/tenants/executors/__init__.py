"""Where the work of a fleet run is done, when that is not this process.

Must not know the work: an executor carries plain data there and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from provisioning.core.fleet import TenantResult


@dataclass(frozen=True, slots=True)
class Job:
    """One tenant's work as plain JSON: names and paths, never a secret.

    Whoever carries it out reads manifests, variables of the environment and key files itself.
    """

    tenant: str
    document: Mapping[str, Any]


class Executor(Protocol):
    """Carries out jobs elsewhere. How many at once is for the caller to say."""

    async def result(self, job: Job) -> TenantResult:
        """Return what came of a job; a tenant that failed is a result too.

        Raises ProvisioningError when the job itself could not be carried out. Cancelled, it gives
        up a job that has not begun; one under way ends where it is.
        """
        ...
