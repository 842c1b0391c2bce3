"""Runs sign-in checks side by side and waits, within a deadline, for what is not there yet.

Must not print, and must not let an attempt's secrets outlive it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import httpx

from provisioning.core.model import Secret, Tenant
from provisioning.core.report import Event
from provisioning.graph.clock import Clock
from provisioning.graph.clouds import Cloud
from provisioning.signin import authority, flows, refusal, wire
from provisioning.signin.checks import Check, Diagnosis, Outcome, Result
from provisioning.signin.flows import Attempt, Desk, ReadSecret
from provisioning.signin.obtaining import OpenBrowser, Person
from provisioning.signin.redaction import Redactor
from provisioning.signin.refusal import Refused
from provisioning.signin.wire import Session

AFTER_APPLY_SECONDS: Final = 300.0
"""How long a fresh change may take until sign-in shows it; what `apply --verify` passes."""

_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
_IN_FLIGHT: Final = 32


def _silent(_event: Event) -> None:
    return None


async def run(
    checks: Iterable[Check],
    *,
    tenant: Tenant,
    cloud: Cloud,
    clock: Clock,
    read_secret: ReadSecret,
    endpoint: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    deadline_seconds: float = 0.0,
    progress: Callable[[Event], None] = _silent,
    open_browser: OpenBrowser = webbrowser.open,
) -> tuple[Result, ...]:
    """Make every check, side by side; results come in the order of the checks.

    `read_secret` resolves the sources of a check, each once; one that asks a person has the source
    `("prompt", what to ask)`. Within `deadline_seconds` from now, refusals that a fresh change
    explains, throttling and server errors are tried again (0: everything fails at once); a
    person's browser is opened once. `endpoint` is `--signin-endpoint`.
    Raises ProvisioningError for an endpoint that is no origin; a check that fails is a Result.
    """
    listed = tuple(checks)
    for check in listed:
        authority.of(check, tenant, cloud=cloud, endpoint=endpoint)
    desk = Desk(
        tenant=tenant,
        cloud=cloud,
        endpoint=endpoint,
        clock=clock,
        read_secret=_Once(read_secret).read,
        person=Person(open_browser, clock),
    )
    slots = asyncio.Semaphore(_IN_FLIGHT)
    until = clock.monotonic() + deadline_seconds
    async with wire.client(transport) as client:
        teller = _Teller(progress, len(listed))

        async def one(check: Check) -> Result:
            patience = until if deadline_seconds else None
            async with slots:
                result = await _checked(check, desk, client, until=patience, teller=teller)
            teller.ended(result)
            return result

        return tuple(await asyncio.gather(*(one(check) for check in listed)))


@dataclass(slots=True)
class _Teller:
    progress: Callable[[Event], None]
    total: int
    done: int = 0

    def ended(self, result: Result) -> None:
        self.done += 1
        cause = f": {result.diagnosis.message}" if result.diagnosis else ""
        self.say(f"{result.check}: {result.outcome}{cause}")

    def say(self, text: str) -> None:
        self.progress(Event("check", text, done=self.done, total=self.total))


@dataclass(slots=True)
class _Once:
    """Reads each secret source once per run, one after the other: some ask a person."""

    source: ReadSecret
    _values: dict[Secret, str] = field(default_factory=dict, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, secret: Secret) -> str:
        async with self._lock:
            if secret not in self._values:
                self._values[secret] = await self.source(secret)
            return self._values[secret]


async def _checked(
    check: Check, desk: Desk, client: httpx.AsyncClient, *, until: float | None, teller: _Teller
) -> Result:
    """Try until the check passes, fails for good, or the deadline is reached."""
    begun = desk.clock.monotonic()
    redactor = Redactor()
    requests, attempts = 0, 0
    while True:
        attempt = Attempt(Session(client, redactor))
        refused: Refused | None = None
        try:
            await flows.attempt(check, desk, attempt)
        except Refused as problem:
            refused = problem
        attempts += 1
        requests += len(attempt.session.asked)
        pause = _pause(check, refused, attempts, until, desk.clock.monotonic())
        if refused is None or pause is None:
            result = _result(check, attempt, refused, waited=until is not None)
            seconds = desk.clock.monotonic() - begun
            return dataclasses.replace(
                result, requests=requests, attempts=attempts, seconds=seconds
            )
        left = (until or 0.0) - desk.clock.monotonic()
        teller.say(
            f"{check.name}: not yet ({refused.cause.id}); "
            f"again in {pause:.0f} s, {left:.0f} s until the deadline"
        )
        await desk.clock.sleep(pause)


def _pause(
    check: Check, refused: Refused | None, attempts: int, until: float | None, now: float
) -> float | None:
    """Return seconds until the next attempt, or None when there is none."""
    if refused is None or until is None or not refused.cause.not_yet or check.by_person:
        return None
    left = until - now
    asked = refused.retry_after or 0.0
    if left <= 0 or asked > left:
        return None
    usual = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return min(max(usual, asked), left)


def _result(check: Check, attempt: Attempt, refused: Refused | None, *, waited: bool) -> Result:
    redactor = attempt.session.redactor
    diagnosis = None
    if refused is not None:
        diagnosis = refusal.diagnose(refused, check, redact=redactor.text)
    outcome = Outcome.PASSED
    if refused is not None:
        outcome = Outcome.NOT_YET if waited and refused.cause.not_yet else Outcome.FAILED
    return Result(
        check=check.name,
        flow=check.flow,
        outcome=outcome,
        summary=_summary(check, diagnosis),
        asked=tuple(
            dataclasses.replace(asked, url=redactor.text(asked.url))
            for asked in attempt.session.asked
        ),
        claims=tuple(attempt.claims),
        expires_in=attempt.expires_in,
        diagnosis=diagnosis,
        notes=tuple(attempt.notes),
        place=check.place,
    )


def _summary(check: Check, diagnosis: Diagnosis | None) -> str:
    if diagnosis is not None:
        return diagnosis.message
    if check.policy is None:
        return "sign-in works"
    proven = "proven" if check.stamp is not None else "not proven"
    return f"sign-in works; policy version {proven}"
