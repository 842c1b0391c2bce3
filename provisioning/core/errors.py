"""Errors that reach the user.

    ProvisioningError          message and remedy; exit code 1, never a traceback
    ├── InputError             faults in the user's files or flags, all at once
    ├── GraphError             an answer from Graph that we could not turn into progress
    ├── SecretError            a source or sink that can't be read or written
    └── RefusedError           a safety rule that has no override (wrong tenant, missing right)

Bodies, tokens and secret values never enter a message.
"""

from __future__ import annotations

from provisioning.core.model import Finding


class ProvisioningError(Exception):
    """Base of everything that the command line reports; `remedy` says what to do next."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class InputError(ProvisioningError):
    """Faults in the user's input."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} fault(s) in the input")
        self.findings = findings


class GraphError(ProvisioningError):
    """An error answer from Graph, or none at all (`status` None: the connection was lost)."""

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        code: str = "",
        details: tuple[tuple[str, str], ...] = (),
        request_id: str | None = None,
        method: str = "",
        path: str = "",
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.code = code
        self.details = details
        """(code, message) of `error.details[]`."""
        self.request_id = request_id
        self.method = method
        self.path = path
        self.ambiguous = ambiguous
        """True when the write may have been carried out (lost connection, 5xx after sending)."""


class SecretError(ProvisioningError):
    """A secret source or sink failed; the value is never part of the message."""


class RefusedError(ProvisioningError):
    """The run stops before any write: wrong tenant, wrong type, missing permission, digest."""
