"""Read a run's journal back: which policies it replaced, and what they were before.

Must not send anything, nor trust a line that can't be read: it is told and left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Address, Finding, Place, Severity
from provisioning.core.request import Version
from provisioning.policies import document, inheritance
from provisioning.policies.document import Document

_POLICY: Final = re.compile(r"(?P<policy>/trustFramework/policies/[^/]+)(?:/\$value)?")
_VERSIONS: Final[Mapping[str, Version]] = {"v1.0": "v1.0", "beta": "beta"}


@dataclass(frozen=True, slots=True)
class Kept:
    """One policy as a run found it, before its first write to it."""

    address: Address
    path: str
    """Of its XML, below the API version."""
    version: Version
    document: Document
    content: bytes
    """UTF-8."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a journal tells about the policies of one run."""

    run: str
    tenant_id: str
    kept: tuple[Kept, ...]
    """Parents first: the service checks a policy against its ancestors and no one else."""
    created: tuple[Kept, ...] = ()
    """Policies that were not there before; `content` is empty."""
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _History:
    """What a journal tells of one policy, line by line."""

    address: Address
    version: Version
    before: str | None
    """What was there when the run first touched it; None when nothing was."""
    sending: bool = False
    """Its last line says what the next write replaces: the run may have ended in that write."""
    statuses: list[int | None] = field(default_factory=list)

    @property
    def is_written(self) -> bool:
        """Whether a write got through, or may have; one that was refused changed nothing."""
        through = (status is None or not 400 <= status < 500 for status in self.statuses)
        return self.sending or any(through)


def read(path: Path) -> Recording:
    """Read a journal file.

    Raises ProvisioningError when there is none, it is no journal, or it is of several tenants.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise ProvisioningError(
            f"the journal {path} can't be read: {why}",
            remedy="RUN is the id that apply printed; name the journal's folder with --journal",
        ) from problem
    findings: list[Finding] = []
    lines = [*_lines(path, text, findings)]
    tenants = {str(line["tenant"]) for line in lines}
    if len(tenants) != 1:
        told = ", ".join(sorted(tenants)) or "none"
        raise ProvisioningError(
            f"the journal {path} is of no single tenant ({told})",
            remedy="name the journal of one run against one tenant",
        )
    histories: dict[str, _History] = {}
    for line in lines:
        _note(line, histories)
    written = [(path, one) for path, one in histories.items() if one.is_written]
    kept = (_kept(path, one) for path, one in written if one.before is not None)
    return Recording(
        run=path.stem,
        tenant_id=tenants.pop(),
        kept=tuple(_parents_first(kept)),
        created=tuple(_kept(path, one) for path, one in written if one.before is None),
        findings=tuple(findings),
    )


def _lines(path: Path, text: str, findings: list[Finding]) -> Iterator[Mapping[str, object]]:
    # Not splitlines: JSON leaves other line ends than \n inside a policy as they are.
    for number, row in enumerate(text.split("\n"), start=1):
        try:
            line = json.loads(row) if row else None
        except ValueError:
            line = ()
        if isinstance(line, dict) and isinstance(line.get("tenant"), str):
            yield line
        elif line is not None:
            findings.append(
                Finding(
                    "journal-line",
                    "the line is no journal entry; a policy that it kept is not put back",
                    "compare the tenant with your own copy",
                    Severity.WARNING,
                    Place(str(path), number, 1),
                )
            )


def _note(line: Mapping[str, object], histories: dict[str, _History]) -> None:
    """Take in what a line tells of a policy; the first that is told of it counts."""
    match line:
        case {
            "replaced": str(path),
            "version": str(version),
            "content": str(content),
            "address": str(address),
        }:
            history = _history(histories, path, address, version, content)
            if history is not None:
                history.sending = True
        case {
            "method": "PUT" | "DELETE",
            "path": str(path),
            "status": int() | None as status,
            "address": str(address),
        }:
            version, _, below = path.removeprefix("/").partition("/")
            history = _history(histories, f"/{below}", address, version, None)
            if history is not None:
                history.sending = False
                history.statuses.append(status)


def _history(
    histories: dict[str, _History], path: str, address: str, version: str, before: str | None
) -> _History | None:
    found = _POLICY.fullmatch(path)
    if found is None or version not in _VERSIONS:
        return None
    fresh = _History(Address.parse(address), _VERSIONS[version], before)
    return histories.setdefault(f"{found['policy']}/$value", fresh)


def _kept(path: str, history: _History) -> Kept:
    content = (history.before or "").encode()
    parsed = document.parse(content, f"journal:{history.address.key}")
    return Kept(history.address, path, history.version, parsed, content)


def _parents_first(policies: Iterable[Kept]) -> Iterator[Kept]:
    left = {id(kept.document): kept for kept in policies}
    tree = inheritance.arrange(kept.document for kept in left.values())
    for wave in tree.waves:
        yield from (left.pop(id(one)) for one in wave)
    yield from left.values()
