"""Small HTML pages that work in a browser and for a program; must not decide what they ask.

A page is one form: POST to its own address, hidden `tx`, one input per claim, named like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from provisioning.sandbox.signin.attempt import Field, Page

_HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}


def form(page: Page, action: str, hidden: Mapping[str, str], status: int = 200) -> HTMLResponse:
    """A page that asks."""
    rows = "".join(map(_row, page.fields))
    carried = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    problem = f'<p role="alert" class="error">{escape(page.problem)}</p>' if page.problem else ""
    return _document(
        page.title,
        f'{problem}<form id="signin" method="post" action="{escape(action)}">{carried}{rows}'
        '<p><button id="next" type="submit">Sign in</button> '
        '<button id="cancel" type="submit" name="cancel" value="1" formnovalidate>Cancel</button>'
        "</p></form>",
        status,
    )


def message(title: str, text: str, status: int) -> HTMLResponse:
    """A page that only says something."""
    return _document(title, f"<p>{escape(text)}</p>", status)


def posted(target: str, parameters: Mapping[str, str]) -> HTMLResponse:
    """response_mode=form_post (OAuth 2.0 Form Post Response Mode)."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    return _document(
        "Continue",
        f'<form id="auto" method="post" action="{escape(target)}">{fields}'
        "<noscript><button>Continue</button></noscript></form>"
        "<script>document.getElementById('auto').submit()</script>",
        200,
    )


def _row(field: Field) -> str:
    kind = "password" if field.secret else "text"
    required = " required" if field.required else ""
    name = escape(field.name)
    return (
        f'<p><label for="{name}">{escape(field.label)}</label> '
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(field.value)}"{required}>'
        "</p>"
    )


def _document(title: str, body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title></head><body><h1>{escape(title)}</h1>{body}</body></html>\n",
        status,
        _HEADERS,
    )
