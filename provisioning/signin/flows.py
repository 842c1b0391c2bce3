"""One attempt at a sign-in, left to right: authority, credentials, tokens, keys, claims.

Must not retry: whether a refusal may pass is the caller's to weigh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Json, Secret, Tenant
from provisioning.graph.clock import Clock
from provisioning.graph.clouds import Cloud
from provisioning.signin import authority, causes, judgement, obtaining, tokens
from provisioning.signin.checks import Check, Claims, Flow
from provisioning.signin.judgement import Claimed
from provisioning.signin.keys import Keys
from provisioning.signin.obtaining import Credentials, Person, Visit
from provisioning.signin.refusal import Refused
from provisioning.signin.tokens import Tokens, Verifier
from provisioning.signin.wire import Session

ReadSecret: TypeAlias = Callable[[Secret], Awaitable[str]]

_OPAQUE: Final = (
    "the access token is Microsoft Graph's own and opaque to everybody else: "
    "that it came is all that was checked"
)


_UNSIGNED: Final = "the v1 endpoint does not sign id tokens: this one is neither read nor shown"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the checks of one run share."""

    tenant: Tenant
    cloud: Cloud
    endpoint: str | None
    clock: Clock
    read_secret: ReadSecret
    person: Person
    keys: Keys = field(default_factory=Keys)


@dataclass(slots=True)
class Attempt:
    """What one attempt has brought to light, whether or not it ends well."""

    session: Session
    claims: list[Claims] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    expires_in: int | None = None


async def attempt(check: Check, desk: Desk, attempt: Attempt) -> None:
    """Sign in once and leave what was found in `attempt`; raises Refused.

    Keys are fetched beside the tokens, so that the chain of requests is the flow's own.
    """
    where = authority.of(check, desk.tenant, cloud=desk.cloud, endpoint=desk.endpoint)
    credentials = await _credentials(check, desk, attempt)
    visit = Visit(check, attempt.session, where, credentials, desk.person)
    obtained, metadata = await asyncio.gather(
        obtaining.obtain(visit),
        desk.keys.prefetch(attempt.session, where, missing=visit.missing),
        return_exceptions=True,
    )
    # Both may fail for one reason; the token endpoint's says more.
    if isinstance(obtained, BaseException):
        raise obtained
    if isinstance(metadata, BaseException):
        raise metadata
    attempt.expires_in = obtained.first.expires_in
    verifier = Verifier(desk.keys, attempt.session, metadata, desk.clock.now)
    issuers = where.issuers(metadata.issuer)
    before = await _verified(check, obtained.first, verifier, attempt, issuers)
    judgement.judge(check, before, nonce=obtained.nonce)
    if obtained.refreshed is not None:
        after = await _verified(
            check, obtained.refreshed, verifier, attempt, issuers, suffix=" (refreshed)"
        )
        judgement.judge_refreshed(check, before, after)


async def _verified(
    check: Check,
    found: Tokens,
    verifier: Verifier,
    attempt: Attempt,
    issuers: tuple[str, ...],
    *,
    suffix: str = "",
) -> Claimed:
    """Verify both tokens of a response and show their claims."""
    shown: dict[str, Mapping[str, Json] | None] = {"id_token": None, "access_token": None}
    audiences = judgement.audiences(check, refreshed=bool(suffix))
    for_graph = check.policy is None and not audiences.isdisjoint(tokens.GRAPH)
    if found.id is not None and check.v1 and tokens.is_unsigned(found.id):
        attempt.notes.append(f"{_UNSIGNED}{suffix}")
    elif found.id is not None:
        shown["id_token"] = await verifier.claims(
            found.id, issuers=issuers[:1], audiences=(check.client_id,)
        )
    if found.access is not None and for_graph and tokens.is_for_graph(found.access):
        attempt.notes.append(f"{_OPAQUE}{suffix}")
    elif found.access is not None:
        shown["access_token"] = await verifier.claims(
            found.access, issuers=issuers, audiences=audiences
        )
    for name, claims in shown.items():
        if claims is not None:
            masked = attempt.session.redactor.claims(claims)
            attempt.claims.append(Claims(f"{name}{suffix}", masked))
    return Claimed(shown["id_token"], shown["access_token"], found.access)


async def _credentials(check: Check, desk: Desk, attempt: Attempt) -> Credentials:
    """Read what the flow sends; raises Refused naming the source, never the value."""
    if check.flow is Flow.ROPC and check.user is None:
        raise Refused(causes.INCOMPLETE, "the password flow needs a user", path="{check}.user")
    if check.flow is Flow.CLIENT_CREDENTIALS and check.client_secret is None:
        raise Refused(
            causes.INCOMPLETE,
            "client credentials need a client secret",
            path="{check}.secret",
        )

    async def value(source: Secret | str | None, path: str) -> str | None:
        if source is None or isinstance(source, str):
            return source
        try:
            return await desk.read_secret(source)
        except ProvisioningError as problem:
            detail = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
            raise Refused(causes.SECRET_UNREADABLE, detail, path=path) from None

    user = check.user
    name = await value(user.name if user else None, "{check}.user.name")
    password = await value(user.password if user else None, "{check}.user.password")
    client_secret = await value(check.client_secret, "{check}.secret")
    attempt.session.redactor.hide(password, client_secret)
    return Credentials(name or "", password or "", client_secret)
