"""Signs in without a browser: fetches the sign-in page, fills in its form, follows to the end.

Must not send credentials anywhere but to the host that was asked, and runs no script.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from lxml import etree, html

from provisioning.signin import causes, wire
from provisioning.signin.grants import Fields
from provisioning.signin.refusal import Cause, Refused
from provisioning.signin.wire import Session

_STEPS: Final = 10
_NAMES: Final = frozenset({"text", "email", "tel"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is typed into the page."""

    name: str = field(repr=False)
    password: str = field(repr=False)


async def sign_in(
    session: Session,
    url: str,
    query: Fields,
    *,
    credentials: Credentials,
    redirect_uri: str,
    missing: Cause,
) -> str:
    """Return the whole URL that the sign-in redirects to; raises Refused."""
    response = await session.get(url, query)
    filled = False
    for _ in range(_STEPS):
        if response.is_redirect:
            there = wire.joined(response, response.headers.get("location", ""))
            if _is_at(there, redirect_uri):
                return there
            if not _same_host(there, url):
                raise wire.redirected(response)
            response = await session.get(there)
            continue
        try:
            action, fields = _filled_in(response, credentials, missing=missing)
        except Refused as refused:
            if filled and refused.cause is causes.NO_FORM:
                raise Refused(causes.ANOTHER_PAGE) from None
            raise
        if filled:
            raise Refused(causes.FORM_AGAIN)
        if not _same_host(action, url):
            raise Refused(causes.FOREIGN_REDIRECT, f"form to {urlsplit(action).netloc}")
        filled = True
        response = await session.submit(action, fields)
    raise Refused(causes.REDIRECT, f"more than {_STEPS} steps")


def _filled_in(
    response: httpx.Response, credentials: Credentials, *, missing: Cause
) -> tuple[str, Fields]:
    """Return where a page's sign-in form goes and its fields, filled in; raises Refused."""
    page = _page(response, missing=missing)
    for form in page.forms:
        fields: list[tuple[str, str]] = []
        typed = set()
        for element in form.inputs:
            kind = str(element.get("type") or "text").lower()
            if not element.name or element.tag != "input":
                continue
            if kind == "password":
                fields.append((element.name, credentials.password))
                typed.add("password")
            elif kind in _NAMES and "name" not in typed:
                fields.append((element.name, credentials.name))
                typed.add("name")
            elif kind == "hidden":
                fields.append((element.name, element.get("value") or ""))
        if typed == {"name", "password"} and form.method == "POST":
            return wire.joined(response, form.get("action") or ""), tuple(fields)
    raise Refused(causes.NO_FORM)


def _page(response: httpx.Response, *, missing: Cause) -> Any:
    """Parse a page; anything else is a refusal of the authorize endpoint."""
    kind = response.headers.get("content-type", "")
    if response.status_code != 200 or "html" not in kind:
        wire.json_answer(response, missing=missing)
        raise Refused(causes.NO_FORM)
    try:
        return html.document_fromstring(response.text)
    except (etree.ParserError, ValueError):
        raise Refused(causes.NO_FORM) from None


def _is_at(url: str, redirect_uri: str) -> bool:
    found, wanted = urlsplit(url), urlsplit(redirect_uri)
    return (found.scheme, found.netloc, found.path or "/") == (
        wanted.scheme,
        wanted.netloc,
        wanted.path or "/",
    )


def _same_host(url: str, asked: str) -> bool:
    return urlsplit(url)[:2] == urlsplit(asked)[:2]
