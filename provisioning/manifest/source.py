"""What a kind's `desire` sees of the manifest: `core.kind.Source`.

Reads files inside the manifest's folder only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from provisioning.core.model import Finding, Owner, Place, Severity, Tenant
from provisioning.manifest import files, nodes, tokens
from provisioning.manifest.doubts import Doubts
from provisioning.manifest.includes import Document
from provisioning.manifest.nodes import MappingNode

MAX_BYTES: Final = 1024 * 1024
"""Of one file that the manifest names."""

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class ManifestSource:
    """One manifest, validated, with its places."""

    def __init__(
        self,
        *,
        owner: Owner,
        tenant: Tenant,
        document: Document,
        root: MappingNode,
        sections: Mapping[str, Mapping[str, Any]],
        doubts: Doubts,
        findings: list[Finding],
    ) -> None:
        self.owner = owner
        self.tenant = tenant
        self._document = document
        self._root = root
        self._sections = sections
        self._doubts = doubts
        self._findings = findings

    def entries(self, section: str) -> Mapping[str, Any]:
        """Validated entries, sorted by key; what is faulty is left out.

        A section that is no mapping of entries is its own only entry, under the key "".
        """
        return self._sections.get(section, _NONE)

    def place(self, *path: str | int) -> Place:
        """Where a key stands, or its nearest parent that does."""
        return nodes.place(self._root, path)

    def doubtful(self, *path: str | int) -> bool:
        """Whether what is at `path`, or is not, was written wrongly."""
        return self._doubts.hold(self._root, path)

    def file(self, name: str, *path: str | int) -> bytes | None:
        """Content of a file named at `path`, at most 1 MiB; None after reporting why not."""
        name = tokens.release(name)
        place = nodes.value_place(self._root, path)
        why = files.escape(name)
        folder = self._document.folders.get(place.file, self._document.folder)
        target = folder / PurePosixPath(name)
        if why is None and not files.inside(target, self._document.folder):
            why = "a link that leads out of the folder"
        if why is not None:
            remedy = "name a file inside the manifest's folder"
            self._findings.append(Finding("file-outside", why, remedy, place=place))
            return None
        return files.read(target, name, MAX_BYTES, place, self._findings)

    def files(self, pattern: str, *path: str | int) -> tuple[tuple[str, bytes], ...]:
        """(name, content) of the files a glob at `path` names, sorted; reports one without any."""
        pattern = tokens.release(pattern)
        place = nodes.value_place(self._root, path)
        why = files.escape(pattern)
        folder = self._document.folders.get(place.file, self._document.folder)
        if why is not None:
            remedy = "name files inside the manifest's folder"
            self._findings.append(Finding("file-outside", why, remedy, place=place))
            return ()
        found = [p for p in sorted(folder.glob(pattern)) if p.is_file()]
        if not found:
            message, remedy = f"{pattern} names no file", "correct the path or the pattern"
            self._findings.append(Finding("file-missing", message, remedy, place=place))
        names = [p.relative_to(folder).as_posix() for p in found]
        contents = ((name, self.file(name, *path)) for name in names)
        return tuple((name, content) for name, content in contents if content is not None)

    def report(self, finding: Finding) -> None:
        """Report a finding that knows its own place."""
        self._findings.append(finding)

    def fault(
        self, rule: str, message: str, remedy: str, *path: str | int, warning: bool = False
    ) -> None:
        """Report a fault at a path."""
        severity = Severity.WARNING if warning else Severity.ERROR
        self._findings.append(
            Finding(
                rule,
                tokens.release(message),
                tokens.release(remedy),
                severity,
                nodes.value_place(self._root, path),
            )
        )
