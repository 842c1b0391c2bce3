"""Why a sign-in does not work, on its way from where it is seen to the check's result.

Must not hold a token, a password or an answer's body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provisioning.core.errors import ProvisioningError
from provisioning.signin.checks import Check, Diagnosis

_USER_FLOW = "B2C_1_"
_DETAIL = 300
_CODE = 80


@dataclass(frozen=True, slots=True)
class Cause:
    """One known way to fail."""

    id: str
    """Kebab-case, stable."""
    message: str
    remedy: str = ""
    path: str | None = None
    """Manifest path; `{application}`, `{check}`, `{policy}` and `{redirects}` are the check's."""
    not_yet: bool = False
    """A change that was just applied explains it: it may go away by itself."""


class Refused(ProvisioningError):  # noqa: N818 - a refusal is what a server answers, not our fault
    """A sign-in was refused, by the service or by us."""

    def __init__(
        self,
        cause: Cause,
        detail: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        correlation_id: str | None = None,
        retry_after: float | None = None,
        path: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(cause.message, remedy=cause.remedy)
        self.cause = cause
        self.detail = detail
        """The service's own sentence, or what was found instead."""
        self.code = code
        self.status = status
        self.correlation_id = correlation_id
        self.retry_after = retry_after
        """Seconds that the service asks to wait."""
        self.path = path
        """Finer than the cause's."""
        self.subject = subject
        """The claim that it is about."""


def diagnose(refused: Refused, check: Check, *, redact: Callable[[str], str]) -> Diagnosis:
    """Spell a refusal for the check that met it; every text goes through `redact`."""
    cause = refused.cause
    # What must not be shown is masked before the cut: half a password is one too.
    detail = _cut(redact(refused.detail), _DETAIL)
    message = f"{cause.message}: {detail}" if detail else cause.message
    path = refused.path or cause.path
    return Diagnosis(
        cause=cause.id,
        message=message,
        remedy=redact(cause.remedy),
        path=None if path is None else located(path, check),
        subject=refused.subject,
        code=None if refused.code is None else _cut(redact(refused.code), _CODE),
        status=refused.status,
        correlation_id=refused.correlation_id,
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def located(path: str, check: Check) -> str:
    """Fill in a manifest path of the table: `{application}.permissions` and the like."""
    kind = "web" if check.client_secret is not None else "publicClient"
    values = {
        "{application}": check.application,
        "{check}": check.path,
        "{policy}": policy_path(check),
        "{redirects}": f"{check.application}.{kind}.redirectUris",
    }
    for placeholder, value in values.items():
        path = path.replace(placeholder, value)
    return path


def policy_path(check: Check) -> str:
    """Return where the manifest declares the check's policy: `userFlows.NAME` or its files."""
    if check.policy is None:
        return check.application
    if check.policy.upper().startswith(_USER_FLOW):
        return f"userFlows.{check.policy[len(_USER_FLOW) :]}"
    return "customPolicies.files"
