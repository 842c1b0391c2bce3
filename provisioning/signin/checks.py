"""What a sign-in check asks and what came of it. Pure data: no network, no secret value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import cast

from provisioning.core.model import Finding, Json, Place, Secret, Value
from provisioning.core.plan import finding_to_json


class Flow(StrEnum):
    """How the token is asked for; the manifest's `checks.KEY.flow`."""

    ROPC = "ropc"
    """Resource owner password credentials (RFC 6749, 4.3)."""
    CODE = "code"
    """Authorization code with PKCE (RFC 7636)."""
    CLIENT_CREDENTIALS = "client_credentials"
    """The application as itself (RFC 6749, 4.4)."""


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_YET = "not-yet"
    """Still refused, at the deadline, in a way that a fresh change explains."""


@dataclass(frozen=True, slots=True)
class User:
    """Whose credentials are sent; text for a name that stands in the manifest is no secret."""

    name: Secret | str
    password: Secret


@dataclass(frozen=True, slots=True)
class Stamp:
    """A claim that the current build of a policy puts into its tokens."""

    claim: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One sign-in, every reference replaced.

    With `policy` the B2C endpoint of that policy is asked; with `resource` (and no policy) the v1
    endpoint of Microsoft Entra ID; otherwise v2. A code flow without `user` opens a person's
    browser; with one, the sign-in form is filled in.
    """

    name: str
    """Key in the manifest's `checks`."""
    flow: Flow
    client_id: str
    application: str
    """Manifest path of the application, e.g. `applications.app`."""
    policy: str | None = None
    """Trust-framework policy or user flow id, with its prefix."""
    scopes: tuple[str, ...] = ()
    """As the manifest lists them; for a policy the client id is added when none names an API."""
    audiences: tuple[str, ...] = ()
    """What else an access token may be for: the API's appId and identifier URIs."""
    resource: str | None = None
    """The v1 endpoint's `resource`: an appId or an identifier URI."""
    user: User | None = None
    client_secret: Secret | None = None
    redirect_uri: str | None = None
    """Code flow; a loopback URI without a port stands for any free port."""
    refresh: bool = False
    """Also redeem the refresh token, and check the tokens that it brings."""
    expect: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    """Claim -> its value in the id token or the access token; null = in neither."""
    stamp: Stamp | None = None
    place: Place | None = None
    """Where the check stands in the manifest."""

    @property
    def path(self) -> str:
        """Its own place in the manifest."""
        return f"checks.{self.name}"

    @property
    def v1(self) -> bool:
        """Whether Microsoft Entra ID's v1 endpoint is asked."""
        return self.policy is None and self.resource is not None

    @property
    def by_person(self) -> bool:
        """Whether a person signs in with a browser."""
        return self.flow is Flow.CODE and self.user is None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it may be shown: the fields without user name, secret or token."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """What one verified token says; a value that is itself a token or secret is masked."""

    token: str
    """`id_token`, `access_token`, or either with ` (refreshed)`."""
    claims: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a sign-in failed, for a person."""

    cause: str
    """Stable id in kebab-case, e.g. `implicit-flow-off`."""
    message: str
    remedy: str = ""
    path: str | None = None
    """Manifest path that would mend it."""
    subject: str | None = None
    """The claim that it is about."""
    code: str | None = None
    """AADB2C or AADSTS code, or the OAuth error where there is none."""
    status: int | None = None
    correlation_id: str | None = None
    """Finds the refusal in the tenant's own sign-in log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check's end."""

    check: str
    flow: Flow
    outcome: Outcome
    summary: str
    """E.g. `sign-in works; policy version not proven`."""
    asked: tuple[Asked, ...]
    """The requests of the last attempt, in order."""
    claims: tuple[Claims, ...] = ()
    expires_in: int | None = None
    """Seconds that the service says the access token lives."""
    diagnosis: Diagnosis | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    """The lines that would mend it, the likeliest first; none where the check passed."""
    place: Place | None = None
    requests: int = 0
    attempts: int = 1
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether signing in works."""
        return self.outcome is Outcome.PASSED


def to_json(result: Result) -> dict[str, Value]:
    """Encode as `{check, flow, outcome, summary, asked, claims, error, …}`; tokens never."""
    problem = result.diagnosis
    return {
        "check": result.check,
        "flow": result.flow.value,
        "outcome": result.outcome.value,
        "summary": result.summary,
        "asked": [
            {"method": asked.method, "url": asked.url, "fields": {**dict(asked.fields)}}
            for asked in result.asked
        ],
        "claims": {shown.token: {**_values(shown.claims)} for shown in result.claims},
        "expiresIn": result.expires_in,
        "error": None
        if problem is None
        else {
            "cause": problem.cause,
            "message": problem.message,
            "remedy": problem.remedy,
            "path": problem.path,
            "code": problem.code,
            "status": problem.status,
            "correlationId": problem.correlation_id,
        },
        "findings": [{**finding_to_json(finding)} for finding in result.findings],
        "notes": list(result.notes),
        "place": None if result.place is None else str(result.place),
        "requests": result.requests,
        "attempts": result.attempts,
        "seconds": round(result.seconds, 3),
    }


def _values(claims: Mapping[str, Json]) -> dict[str, Value]:
    return {name: cast("Value", claim) for name, claim in claims.items()}
