"""Gets the tokens of one flow: the requests, in order, and what a person or a form adds.

Must not verify a token; must not retry.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from provisioning.graph.clock import Clock
from provisioning.signin import causes, form, grants, loopback, tokens, wire
from provisioning.signin.authority import Authority
from provisioning.signin.checks import Check, Flow
from provisioning.signin.grants import Fields
from provisioning.signin.refusal import Cause, Refused
from provisioning.signin.tokens import Tokens
from provisioning.signin.wire import Session

BROWSER_SECONDS: Final = 300.0
"""How long a person may take to sign in."""

OpenBrowser: TypeAlias = Callable[[str], bool]
"""`webbrowser.open`: tells whether a browser was found."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever signs in with a browser, one sign-in at a time."""

    open_browser: OpenBrowser
    clock: Clock
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is sent; only what the check names is there."""

    name: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """One attempt's way to the token endpoint."""

    check: Check
    session: Session
    where: Authority
    credentials: Credentials
    person: Person

    @property
    def missing(self) -> Cause:
        """What a page with 404 means here."""
        return causes.NOT_FOUND if self.check.policy is None else causes.UNKNOWN_POLICY


@dataclass(frozen=True, slots=True)
class Obtained:
    """The tokens that came, and the nonce that was sent for them."""

    first: Tokens
    refreshed: Tokens | None
    nonce: str | None


async def obtain(visit: Visit) -> Obtained:
    """Ask for tokens, then redeem the refresh token where the check wants it; raises Refused."""
    check, credentials = visit.check, visit.credentials
    nonce: str | None = None
    if check.flow is Flow.CODE:
        nonce = secrets.token_urlsafe(24)
        fields = await _authorized(visit, nonce)
    elif check.flow is Flow.ROPC:
        fields = grants.password(
            check,
            name=credentials.name,
            secret=credentials.password,
            client_secret=credentials.client_secret,
        )
    else:
        fields = grants.client_credentials(check, client_secret=credentials.client_secret or "")
    first = await _token(visit, fields)
    _complete(check, first)
    if not check.refresh:
        return Obtained(first, None, nonce)
    if first.refresh is None:
        raise Refused(causes.NO_REFRESH_TOKEN)
    again = grants.refresh(check, token=first.refresh, client_secret=credentials.client_secret)
    refreshed = await _token(visit, again)
    if refreshed.access is None:
        raise Refused(causes.NO_ACCESS_TOKEN, "from the refresh token")
    return Obtained(first, refreshed, nonce)


async def _token(visit: Visit, fields: Fields) -> Tokens:
    response = await visit.session.post(visit.where.token, fields)
    answer = wire.json_answer(response, missing=visit.missing)
    found = tokens.read(answer)
    visit.session.redactor.hide(*found.values)
    return found


def _complete(check: Check, found: Tokens) -> None:
    if found.id is None and "openid" in check.scopes and check.flow is not Flow.CLIENT_CREDENTIALS:
        raise Refused(causes.NO_ID_TOKEN)
    if found.access is None:
        raise Refused(causes.NO_ACCESS_TOKEN)


async def _authorized(visit: Visit, nonce: str) -> Fields:
    """Get an authorization code; return the fields that redeem it."""
    check, session, credentials = visit.check, visit.session, visit.credentials
    if check.redirect_uri is None:
        raise Refused(causes.INCOMPLETE, "the code flow needs a redirect URI")
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    session.redactor.hide(state, verifier)

    def query(redirect_uri: str) -> Fields:
        return grants.authorize(
            check, redirect_uri=redirect_uri, state=state, nonce=nonce, verifier=verifier
        )

    redirect_uri = check.redirect_uri
    if check.by_person:
        redirect_uri, answer = await _by_person(visit, redirect_uri, query)
    else:
        answer = await form.sign_in(
            session,
            visit.where.authorize,
            query(redirect_uri),
            credentials=form.Credentials(credentials.name, credentials.password),
            redirect_uri=redirect_uri,
            missing=visit.missing,
        )
    code = _code(answer, state)
    session.redactor.hide(code)
    return grants.code(
        check,
        redirect_uri=redirect_uri,
        code=code,
        verifier=verifier,
        client_secret=credentials.client_secret,
    )


async def _by_person(
    visit: Visit, redirect_uri: str, query: Callable[[str], Fields]
) -> tuple[str, str]:
    """Open a browser; return the redirect URI that was used and the URL that came back."""
    person = visit.person
    async with person.busy, loopback.listen(redirect_uri) as door:
        url = f"{visit.where.authorize}?{urlencode(query(door.redirect_uri))}"
        if not await asyncio.to_thread(person.open_browser, url):
            raise Refused(causes.NO_BROWSER)
        patience = asyncio.ensure_future(person.clock.sleep(BROWSER_SECONDS))
        either: set[asyncio.Future[Any]] = {door.redirected, patience}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
        if not door.redirected.done():
            raise Refused(causes.NOBODY_SIGNED_IN)
        return door.redirect_uri, door.redirected.result()


def _code(answer: str, state: str) -> str:
    found = dict(parse_qsl(urlsplit(answer).query))
    if not secrets.compare_digest(found.get("state", "").encode(), state.encode()):
        raise Refused(causes.WRONG_STATE)
    if "error" in found:
        raise wire.oauth_refusal(found, status=None)
    if not found.get("code"):
        raise Refused(causes.NO_CODE)
    return found["code"]
