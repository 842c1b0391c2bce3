"""What one run over many tenants came to: plain data that streams, one tenant at a time. Pure.

Must not hold more than one tenant's plan: totals are counted while results pass by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FORMAT_VERSION = 1


class Status(StrEnum):
    """How a tenant ended; a tenant of several manifests has the gravest of theirs."""

    IN_SYNC = "in-sync"
    """Nothing to do (plan), or nothing was left to do (apply)."""
    CHANGES = "changes"
    """A plan with steps to apply."""
    APPLIED = "applied"
    PASSED = "passed"
    """Every sign-in check passed."""
    WAITING = "waiting"
    """Only held or manual steps are left."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not begun: the run stopped before its turn."""
    INTERRUPTED = "interrupted"


GRAVITY = (
    Status.IN_SYNC,
    Status.PASSED,
    Status.APPLIED,
    Status.WAITING,
    Status.CHANGES,
    Status.SKIPPED,
    Status.INTERRUPTED,
    Status.FAILED,
)
"""From harmless to grave."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a tenant failed: one sentence, and the way out."""

    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One manifest in one tenant."""

    manifest: str
    """Its path as the inventory or the command line has it."""
    name: str
    """Its `name:`, the owner mark."""
    document: dict[str, Any]
    """The plan's or report's document, as `core.plan.to_json` and `core.report.report_to_json`
    write it; `{"checks": […]}` for sign-in checks."""

    @property
    def digest(self) -> str:
        """Digest of the plan; empty for a document without one."""
        return str(self.document.get("digest", ""))


@dataclass(frozen=True, slots=True)
class TenantResult:
    """One tenant's end."""

    name: str
    domain: str
    tenant_id: str
    """Empty when the tenant was never reached."""
    ring: str
    status: Status
    tags: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    problem: Problem | None = None
    findings: tuple[dict[str, Any], ...] = ()
    """Faults of a manifest for this tenant's variables, as `core.plan.finding_to_json` writes."""
    seconds: float = 0.0

    @property
    def digest(self) -> str:
        """The one digest that binds an apply to this tenant's reviewed plan; empty without one."""
        return digest((part.name, part.digest) for part in self.parts)


@dataclass(frozen=True, slots=True)
class FleetRun:
    """A whole run, without its tenants."""

    command: str
    """plan, apply or verify."""
    run: str
    started: str
    """ISO 8601, UTC."""
    seconds: float
    counts: dict[str, int]
    """How many tenants ended with each status; every status is a key."""
    stopped: str = ""
    """Why no further tenant was begun; empty when all had their turn."""


def digest(parts: Iterable[tuple[str, str]]) -> str:
    """SHA-256 (hex) over (manifest name, plan digest), in the order of names; "" for none."""
    listed = sorted((name, text) for name, text in parts if text)
    if not listed:
        return ""
    return hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest()


def gravest(statuses: Iterable[Status]) -> Status:
    """Return the one that a person must know; in-sync for none."""
    return max(statuses, key=GRAVITY.index, default=Status.IN_SYNC)


def tenant_to_json(result: TenantResult) -> dict[str, Any]:
    """Encode one tenant: `{name, domain, tenantId, ring, tags, status, digest, parts, …}`."""
    return {
        "name": result.name,
        "domain": result.domain,
        "tenantId": result.tenant_id,
        "ring": result.ring,
        "tags": list(result.tags),
        "status": result.status.value,
        "digest": result.digest,
        "parts": [
            {"manifest": part.manifest, "name": part.name, "document": part.document}
            for part in result.parts
        ],
        "error": None
        if result.problem is None
        else {"message": result.problem.message, "remedy": result.problem.remedy},
        "findings": list(result.findings),
        "seconds": round(result.seconds, 3),
    }


def tenant_from_json(document: dict[str, Any]) -> TenantResult:
    """Read what `tenant_to_json` wrote. Raises KeyError and ValueError for anything else."""
    error = document["error"]
    return TenantResult(
        name=document["name"],
        domain=document["domain"],
        tenant_id=document["tenantId"],
        ring=document["ring"],
        status=Status(document["status"]),
        tags=tuple(document["tags"]),
        parts=tuple(
            Part(part["manifest"], part["name"], part["document"]) for part in document["parts"]
        ),
        problem=None if error is None else Problem(error["message"], error["remedy"]),
        findings=tuple(document["findings"]),
        seconds=document["seconds"],
    )


def run_to_json(run: FleetRun) -> dict[str, Any]:
    """Encode the head of a run; a document adds `tenants`."""
    return {
        "formatVersion": FORMAT_VERSION,
        "command": run.command,
        "run": run.run,
        "started": run.started,
        "seconds": round(run.seconds, 3),
        "summary": run.counts,
        "stopped": run.stopped or None,
    }
