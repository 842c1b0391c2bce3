"""Small HTML pages that work in a browser and for a program; must not decide what they ask.

A page is one form: POST to its own address, hidden `tx`, one input per claim, named like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from provisioning.sandbox.signin.attempt import Field, Page

_HEADERS = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
_NAMES = {"signinname", "email", "username", "logonidentifier"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f2f2f2; margin: 0 }
main { max-width: 22rem; margin: 12vh auto 0; padding: 2rem; background: #fff;
  border: 1px solid #ddd; border-radius: 6px }
h1 { font-size: 1.4rem; margin: 0 0 1rem; overflow-wrap: anywhere }
label { display: block; font-size: .9rem }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem;
  border: 1px solid #767676; border-radius: 4px }
button { font: inherit; padding: .5rem 1.2rem; border: 1px solid #767676; border-radius: 4px;
  background: #fff }
#next { background: #1f5fbf; border-color: #1f5fbf; color: #fff }
.error { color: #a4262c; overflow-wrap: anywhere }
footer { max-width: 26rem; margin: 1rem auto; text-align: center; font-size: .8rem; color: #595959 }
"""


def form(page: Page, action: str, hidden: Mapping[str, str], status: int = 200) -> HTMLResponse:
    """A page that asks."""
    empty = [each.name for each in page.fields if not each.value]
    rows = "".join(_row(each, focused=each.name in empty[:1]) for each in page.fields)
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


def _row(field: Field, *, focused: bool) -> str:
    name = escape(field.name)
    kind = "password" if field.secret else "text"
    marks = {
        f'autocomplete="{_autocomplete(field)}"': True,
        "required": field.required,
        "autofocus": focused,
    }
    more = " ".join(mark for mark, wanted in marks.items() if wanted)
    return (
        f'<p><label for="{name}">{escape(field.label)}</label> '
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(field.value)}" {more}></p>'
    )


def _autocomplete(field: Field) -> str:
    """What a browser may offer (WHATWG HTML, autofill)."""
    if not field.secret:
        return "username" if field.name.casefold() in _NAMES else "on"
    return "current-password" if field.name == "password" else "new-password"


def _document(title: str, body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        "<footer>A sandbox: not Microsoft, no real account.</footer></body></html>\n",
        status,
        _HEADERS,
    )
