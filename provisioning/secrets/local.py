"""The two sinks on this machine: `dotenv` (lines among others) and `file` (the bare value).

Must not read a value back: what comes out is which key ids are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioning.core.model import SinkState
from provisioning.secrets import dotenv, private_file

_MARK = "sandbox"

UNKNOWN = SinkState(readable=False)
"""Absent or unreadable: nobody can tell what was stored, so nothing counts as lost."""


@dataclass(frozen=True, slots=True)
class Dotenv:
    """`NAME=value`, `NAME_KEY_ID=…` and, during an overlap, `NAME_PREVIOUS_KEY_ID=…`."""

    path: Path
    name: str
    sandbox: bool = False
    """Mark what is written as a sandbox's: no tenant knows it."""

    def holds_real_value(self) -> bool:
        """Whether something is stored that no sandbox made. Raises SecretError."""
        found = dotenv.values(private_file.read(self.path) or "")
        return bool(found.get(self.name)) and not found.get(self._mark)

    def read(self) -> SinkState:
        """Return the key ids, newest first. Raises SecretError for a file that is not ours."""
        found = dotenv.values(private_file.read(self.path) or "")
        return _state(found.get(self.name, ""), map(found.get, self._key_id_names))

    def write(self, key_id: str, value: str) -> None:
        """Replace the value; its predecessor's key id is kept, its value is not."""
        current, previous = self._key_id_names
        with private_file.locked(self.path):
            text = private_file.read(self.path) or ""
            before = dotenv.values(text).get(current)
            # Re-storing the same key must not lose what came before it.
            kept = dotenv.values(text).get(previous) if before == key_id else before
            settings = {
                self.name: value,
                current: key_id,
                previous: kept or None,
                self._mark: "1" if self.sandbox else None,
            }
            private_file.replace(self.path, dotenv.merge(text, settings))

    @property
    def _key_id_names(self) -> tuple[str, str]:
        return f"{self.name}_KEY_ID", f"{self.name}_PREVIOUS_KEY_ID"

    @property
    def _mark(self) -> str:
        return f"{self.name}_SANDBOX"


@dataclass(frozen=True, slots=True)
class File:
    """The value alone in `path`, ready to be mounted; the key ids in `path` + `.keyid`."""

    path: Path
    sandbox: bool = False
    """Mark what is written as a sandbox's: no tenant knows it."""

    def holds_real_value(self) -> bool:
        """Whether something is stored that no sandbox made. Raises SecretError."""
        return bool(private_file.read(self.path)) and _MARK not in self._lines()

    def read(self) -> SinkState:
        """Return the key ids, newest first. Raises SecretError for a file that is not ours."""
        return _state(private_file.read(self.path) or "", self._key_ids())

    def write(self, key_id: str, value: str) -> None:
        """Replace the value, then the key ids.

        In this order a crash in between leaves a new value under an old id. The new key then
        counts as never delivered and is made anew; the other order would pass off the old value
        as the new one.
        """
        with private_file.locked(self.path):
            ids = (key_id, *(old for old in self._key_ids() if old != key_id))
            private_file.replace(self.path, value)
            lines = (*ids[:2], _MARK) if self.sandbox else ids[:2]
            private_file.replace(self._beside, "".join(f"{line}\n" for line in lines))

    def _key_ids(self) -> tuple[str, ...]:
        return tuple(line for line in self._lines() if line != _MARK)

    def _lines(self) -> list[str]:
        return (private_file.read(self._beside) or "").split()

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.keyid")


def _state(value: str, key_ids: Iterable[str | None]) -> SinkState:
    ids = tuple(item for item in key_ids if item)
    return SinkState(readable=True, key_ids=ids) if value and ids else UNKNOWN
