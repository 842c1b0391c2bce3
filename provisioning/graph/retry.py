"""When a request is sent again, how long after, and how often. The only owner of retries.

Must not send anything itself, and sleeps only through the clock that it is given.

    cause        what it looks like                              again if            for
    throttled    429                                             always              10 times
    unsent       the connection could not be opened              always               6 times
                 and nothing has ever answered in this run       always               twice
    outage       500, 502, 503, 504, lost, unreadable            repeatable           6 times
    token        401                                             always               once
    concurrency  409/400 Directory_ConcurrencyViolation          always               5 minutes
    personal     409 Error_MsaAppDoesNotExist                    always              10 minutes
    replication  not visible everywhere yet, or `transient`      young               15 minutes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from provisioning.core.errors import GraphError
from provisioning.core.request import Call, ErrorMatch
from provisioning.graph import errors
from provisioning.graph.clock import Clock
from provisioning.graph.errors import AnswerError

Outcome = TypeVar("Outcome")

RETRY_AFTER_CAP: Final = 300.0
"""Seconds: Graph's longest window (learn.microsoft.com/graph/throttling-limits)."""


class Cause(Enum):
    """Why a request is worth sending again."""

    THROTTLED = "throttled"
    UNSENT = "unsent"
    OUTAGE = "outage"
    TOKEN = "token"  # noqa: S105 - the name of a cause, not a credential
    CONCURRENCY = "concurrency"
    PERSONAL = "personal"
    REPLICATION = "replication"


@dataclass(frozen=True, slots=True)
class Rule:
    """Full jitter between 0 and `first` seconds, doubling up to `cap`."""

    first: float
    cap: float
    attempts: int | None = None
    """Retries of one request for this cause."""
    deadline: float | None = None
    """Seconds since the request was first sent."""
    budgeted: bool = True
    """Counts against the run's budget; waiting for replication is no sign of trouble."""


RULES: Final[Mapping[Cause, Rule]] = MappingProxyType(
    {
        Cause.THROTTLED: Rule(first=1.0, cap=60.0, attempts=10),
        Cause.UNSENT: Rule(first=0.5, cap=15.0, attempts=6),
        Cause.OUTAGE: Rule(first=0.5, cap=30.0, attempts=6),
        Cause.TOKEN: Rule(first=0.0, cap=0.0, attempts=1),
        Cause.CONCURRENCY: Rule(first=0.25, cap=10.0, deadline=300.0, budgeted=False),
        Cause.PERSONAL: Rule(first=1.0, cap=30.0, deadline=600.0, budgeted=False),
        Cause.REPLICATION: Rule(first=0.02, cap=10.0, deadline=900.0, budgeted=False),
    }
)

UNREACHED: Final = Rule(first=0.5, cap=1.0, attempts=2)
"""Before anything has answered, a wrong endpoint is likelier than a bad moment."""

REPLICATION: Final = (
    ErrorMatch(status=(404,), code="Request_ResourceNotFound"),
    ErrorMatch(status=(404,), code="Directory_ObjectNotFound"),
    ErrorMatch(status=(400,), code="NoBackingApplicationObject"),
    ErrorMatch(status=(400,), message=r"Not a valid reference update"),
    ErrorMatch(status=(400,), message=r"does not reference a valid application object"),
    ErrorMatch(status=(400,), message=r"cannot be found in the AppPermissions sets"),
    ErrorMatch(status=(400,), code="CannotDeleteOrUpdateEnabledEntitlement"),
    ErrorMatch(status=(400, 404), message=r"queried reference-property objects are not present"),
    ErrorMatch(status=(403,), message=r"backing application\b.*\bmust\b.*\bin the local tenant"),
)
"""Errors that a write meets while what it names is not replicated."""

_CONCURRENCY: Final = (
    ErrorMatch(status=(409, 400), code="Directory_ConcurrencyViolation"),
    ErrorMatch(status=(409, 400), message=r"concurrent requests being made to the tenant"),
)
_PERSONAL: Final = ErrorMatch(status=(409,), code="Error_MsaAppDoesNotExist")
_OUTAGES: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be assumed about one request."""

    repeatable: bool = True
    young: bool = False
    transient: tuple[ErrorMatch, ...] = ()
    turned: tuple[ErrorMatch, ...] = ()


READING: Final = Allowance()
"""Reads change nothing, so every outage is worth another try."""


def allowance(call: Call) -> Allowance:
    """What a write declares about itself."""
    return Allowance(
        repeatable=call.repeatable,
        young=call.young,
        transient=call.transient,
        turned=call.turned,
    )


def unknown_outcome(error: GraphError) -> bool:
    """Whether the request may have been carried out although it failed."""
    if isinstance(error, AnswerError):
        if not error.sent:
            return False
        if error.unreadable:
            return True
    return error.status is None or error.status in _OUTAGES


def cause(error: GraphError, allowed: Allowance) -> Cause | None:
    """Classify an error; None means that sending it again would be useless or unsafe."""
    if isinstance(error, AnswerError) and not error.sent:
        return None if error.distrusted else Cause.UNSENT
    if error.status == 429:
        return Cause.THROTTLED
    if error.status == 401:
        return Cause.TOKEN
    if any(errors.match(error, rule) for rule in _CONCURRENCY):
        return Cause.CONCURRENCY
    if errors.match(error, _PERSONAL):
        return Cause.PERSONAL
    if any(errors.match(error, rule) for rule in allowed.turned):
        return None
    if allowed.young and any(errors.match(error, r) for r in (*REPLICATION, *allowed.transient)):
        return Cause.REPLICATION
    if allowed.repeatable and unknown_outcome(error):
        return Cause.OUTAGE
    return None


class Retry:
    """The retries of one run: they share a budget, a clock and a source of jitter."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        budget: int,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.clock = clock
        self.random = random
        self.budget = budget
        self.notice = notice
        self.retries = 0
        self.reached = False
        """Whether the other side has answered anything yet."""

    async def run(
        self, attempt: Callable[[], Awaitable[Outcome]], allowed: Allowance = READING
    ) -> Outcome:
        """Await `attempt()` until it succeeds or its error is final; that error is raised."""
        attempts = _Attempts(self, allowed)

        # tenacity awaits coroutine functions only; a lambda's coroutine would be the result.
        async def once() -> Outcome:
            outcome = await attempt()
            self.reached = True
            return outcome

        retrying = AsyncRetrying(
            sleep=self.clock.sleep,
            retry=retry_if_exception(attempts.worth),
            wait=attempts.wait,
            stop=attempts.spent,
            before_sleep=attempts.announce,
            reraise=True,
        )
        return await retrying(once)


class _Attempts:
    """The attempts of one request, as tenacity asks about them."""

    def __init__(self, run: Retry, allowed: Allowance) -> None:
        self._run = run
        self._allowed = allowed
        self._began = run.clock.monotonic()
        self._cause = Cause.OUTAGE
        self._seen: Counter[Cause] = Counter()

    def worth(self, error: BaseException) -> bool:
        found = cause(error, self._allowed) if isinstance(error, GraphError) else None
        if found is not Cause.UNSENT and isinstance(error, GraphError):
            self._run.reached = True
        if found is not None:
            self._cause = found
            self._seen[found] += 1
        return found is not None

    def wait(self, state: RetryCallState) -> float:
        asked = _retry_after(_error(state), self._run.clock)
        if asked is not None:
            return asked
        rule = self._rule
        # An exponent above 30 would only overflow; every cap is reached long before.
        longest = rule.first * 2.0 ** min(self._seen[self._cause] - 1, 30)
        return self._run.random.uniform(0.0, min(rule.cap, longest))

    @property
    def _rule(self) -> Rule:
        unreached = self._cause is Cause.UNSENT and not self._run.reached
        return UNREACHED if unreached else RULES[self._cause]

    def spent(self, state: RetryCallState) -> bool:
        rule = self._rule
        if rule.attempts is not None and self._seen[self._cause] > rule.attempts:
            return True
        until = self._run.clock.monotonic() - self._began + state.upcoming_sleep
        if rule.deadline is not None and until > rule.deadline:
            return True
        if rule.budgeted and self._run.budget <= 0:
            _error(state).remedy = (
                "this run has used up its retries: Graph is overloaded or out of reach; "
                "run again later"
            )
            return True
        return False

    def announce(self, state: RetryCallState) -> None:
        self._run.retries += 1
        if RULES[self._cause].budgeted:
            self._run.budget -= 1
        if self._run.notice is not None:
            error = _error(state)
            answer = "no answer" if error.status is None else f"{error.status} {error.code}".strip()
            self._run.notice(
                f"{error.method} {error.path}: {answer} ({self._cause.value}), "
                f"again in {state.upcoming_sleep:.1f} s"
            )


def _error(state: RetryCallState) -> GraphError:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, GraphError)
    return error


def _retry_after(error: GraphError, clock: Clock) -> float | None:
    """Seconds that the server asks for, capped; seconds or an HTTP date (RFC 9110, 10.2.3)."""
    text = error.retry_after if isinstance(error, AnswerError) else None
    if text is None:
        return None
    if text.strip().isdecimal():
        return min(float(text), RETRY_AFTER_CAP)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return min(max((aware - clock.now()).total_seconds(), 0.0), RETRY_AFTER_CAP)
