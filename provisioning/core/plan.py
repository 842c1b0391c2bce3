"""The plan: frozen, ordered data with a digest. It holds no client, closure or secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioning.core import refs
from provisioning.core.model import Address, Finding, Place, Severity, Value

FORMAT_VERSION = 1


class Action(StrEnum):
    """What a step does to its object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    RESTORE = "restore"
    NOOP = "noop"


@dataclass(frozen=True, slots=True)
class Change:
    """One property: `path` in Graph's names, `before` and `after` (None = absent)."""

    path: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Held:
    """Why a step is not carried out: the guard to open with --allow, and the reason."""

    guard: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One object's way from live to desired."""

    address: Address
    action: Action
    reason: str
    changes: tuple[Change, ...] = ()
    held: Held | None = None
    depends_on: tuple[Address, ...] = ()
    manual: str = ""
    """Portal link and instruction where no API exists; such a step is never sent."""
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """What ids in the changes stand for, for a reader: no part of the document or the digest."""


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live setting of an adopted object that the manifest does not name."""

    address: Address
    path: str
    value: Value


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps for one tenant. Steps with action noop do not occur."""

    tenant_id: str
    tenant_name: str
    principal: str
    client: str
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    aside: tuple[Step, ...] = ()
    """Steps that this identity leaves alone though another one would take them. A finding tells
    of each; they are in the digest, which covers no identity."""

    @property
    def pending(self) -> tuple[Step, ...]:
        """Steps that an apply would carry out."""
        return tuple(step for step in self.steps if step.held is None and not step.manual)

    @property
    def held(self) -> tuple[Step, ...]:
        """Steps that a guard holds."""
        return tuple(step for step in self.steps if step.held is not None)

    @property
    def manual(self) -> tuple[Step, ...]:
        """Steps that only a person can take."""
        return tuple(step for step in self.steps if step.manual)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that forbid an apply."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over address, action and changes; not over identity or held state."""
        content = [
            [str(step.address), step.action, [_change(change) for change in step.changes]]
            for step in sorted((*self.steps, *self.aside), key=lambda step: step.address)
        ]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def summary(self) -> dict[str, int]:
        """Counts by action, then held, manual and unmanaged; held steps count only as held."""
        actions = ("create", "update", "replace", "delete", "restore")
        counts = {name: sum(step.action == name for step in self.pending) for name in actions}
        return {
            **counts,
            "held": len(self.held),
            "manual": len(self.manual),
            "unmanaged": len(self.unmanaged),
        }


def to_json(plan: Plan) -> dict[str, Value]:
    """Encode a plan as the document that the command line prints (without stats)."""
    return {
        "formatVersion": FORMAT_VERSION,
        "tenant": {
            "id": plan.tenant_id,
            "name": plan.tenant_name,
            "principal": plan.principal,
            "client": plan.client,
        },
        "digest": plan.digest,
        "steps": [_step(step) for step in plan.steps],
        "summary": dict(plan.summary()),
        "findings": [finding_to_json(finding) for finding in plan.findings],
        "unmanaged": [
            {"address": str(item.address), "path": item.path, "value": refs.to_json(item.value)}
            for item in plan.unmanaged
        ],
        **({"aside": [_step(step) for step in plan.aside]} if plan.aside else {}),
    }


def from_json(document: object) -> Plan:
    """Read what `to_json` wrote; raises ValueError with the reason when it is something else."""
    if not isinstance(document, dict) or document.get("formatVersion") != FORMAT_VERSION:
        message = f"no plan of format version {FORMAT_VERSION}"
        raise ValueError(message)
    try:
        tenant = document["tenant"]
        return Plan(
            tenant_id=tenant["id"],
            tenant_name=tenant["name"],
            principal=tenant["principal"],
            client=tenant["client"],
            steps=tuple(_read_step(step) for step in document["steps"]),
            findings=tuple(finding_from_json(item) for item in document["findings"]),
            unmanaged=tuple(
                Unmanaged(
                    Address.parse(item["address"]), item["path"], refs.from_json(item["value"])
                )
                for item in document.get("unmanaged", ())
            ),
            aside=tuple(_read_step(step) for step in document.get("aside", ())),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        message = f"the plan lacks {problem}"
        raise ValueError(message) from problem


def finding_to_json(finding: Finding) -> dict[str, Value]:
    """Encode a finding as frozen in the design: rule, severity, file, line, column, message."""
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "message": finding.message,
        "remedy": finding.remedy,
        "address": str(finding.address) if finding.address else None,
    }


def finding_from_json(item: Mapping[str, object]) -> Finding:
    """Read what `finding_to_json` wrote. Raises KeyError and ValueError for anything else."""
    match item:
        case {"file": str(file), "line": int(line), "column": int(column)}:
            place: Place | None = Place(file, line, column)
        case _:
            place = None
    address = item.get("address")
    return Finding(
        rule=str(item["rule"]),
        message=str(item["message"]),
        remedy=str(item["remedy"]),
        severity=Severity(str(item["severity"])),
        place=place,
        address=Address.parse(str(address)) if address else None,
    )


def _change(change: Change) -> dict[str, Value]:
    return {
        "path": change.path,
        "before": refs.to_json(change.before),
        "after": refs.to_json(change.after),
    }


def _step(step: Step) -> dict[str, Value]:
    return {
        "address": str(step.address),
        "action": step.action.value,
        "reason": step.reason,
        "changes": [_change(change) for change in step.changes],
        "held": {"guard": step.held.guard, "reason": step.held.reason} if step.held else None,
        "dependsOn": [str(address) for address in step.depends_on],
        "manual": step.manual or None,
    }


def _read_step(step: dict[str, object]) -> Step:
    match step:
        case {
            "address": str(address),
            "action": str(action),
            "reason": str(reason),
            "changes": list(changes),
            "dependsOn": list(depends_on),
        }:
            held = step.get("held")
            return Step(
                address=Address.parse(address),
                action=Action(action),
                reason=reason,
                changes=tuple(
                    Change(c["path"], refs.from_json(c["before"]), refs.from_json(c["after"]))
                    for c in changes
                ),
                held=Held(held["guard"], held["reason"]) if isinstance(held, dict) else None,
                depends_on=tuple(Address.parse(item) for item in depends_on),
                manual=str(step.get("manual") or ""),
            )
        case _:
            message = f"no step: {sorted(step)}"
            raise ValueError(message)
