"""Entra's authorize endpoint: one page, codes, redirects; must not issue tokens.

Source: E:v2-oauth2-auth-code-flow.md. Errors before the redirect URI is known come as a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from provisioning.sandbox import accounts
from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.signin import clients, entra_grants, entra_resources, pages, pkce
from provisioning.sandbox.signin.attempt import Field, Page
from provisioning.sandbox.signin.entra_grants import UserGrant

_PAGE = Page("Sign in", (Field("signInName", "Email"), Field("password", "Password", secret=True)))


def answer(request: Request, grant: UserGrant, form: Mapping[str, str]) -> Response:
    """The page, or after it the redirect; `grant.form` are the request's own parameters."""
    sent = grant.form
    application = grant.application
    target = sent.get("redirect_uri", "")
    if clients.kind_of(application, target, any_port=True) is None:
        text = (
            f"AADSTS50011: The redirect URI '{target}' specified in the request does not match "
            f"the redirect URIs configured for the application "
            f"'{application.body['appId']}'."
        )
        return pages.message("Sorry, but we’re having trouble signing you in.", text, 400)
    try:
        _check(grant)
    except SignInError as error:
        return _redirect(sent, {"error": error.error, "error_description": str(error)})
    if request.method != "POST":
        return pages.form(_PAGE, str(request.url), {"tx": "entra"})
    if "cancel" in form:
        text = "AADSTS65004: User declined to consent to access the app."
        return _redirect(sent, {"error": "access_denied", "error_description": text})
    store, tenant = grant.standing.store, grant.standing.tenant
    name = form.get("signInName", "")
    user = accounts.by_principal_name(store, tenant, name)
    user = user or accounts.by_sign_in_name(store, tenant, name)
    try:
        found = entra_grants.checked(grant.standing, user, form.get("password", ""))
    except SignInError as error:
        return pages.form(_PAGE.again(str(error), form), str(request.url), {"tx": "entra"})
    try:
        return _redirect(sent, {"code": grant.issue_code(found)})
    except SignInError as error:
        return _redirect(sent, {"error": error.error, "error_description": str(error)})


def _check(grant: UserGrant) -> None:
    """Everything that does not depend on the user.

    Raises:
        SignInError: 700016-like refusals of scopes, 700054 of a response type, 501491 of a proof
            key's method.
    """
    sent = grant.form
    if sent.get("response_type") != "code":
        raise SignInError(
            400,
            "unsupported_response_type",
            700054,
            f"response_type '{sent.get('response_type', '')}' is not enabled for the application.",
        )
    if sent.get("code_challenge_method", "plain") not in pkce.METHODS:
        raise SignInError(
            400, "invalid_request", 501491, "Invalid Code_Challenge_method specified."
        )
    entra_resources.asked(grant.standing, grant.application, grant.version, sent)


def _redirect(sent: Mapping[str, str], parameters: Mapping[str, str]) -> Response:
    target = sent["redirect_uri"]
    state = {"state": sent["state"]} if "state" in sent else {}
    given = {**parameters, **state}
    match sent.get("response_mode", "query"):
        case "form_post":
            return pages.posted(target, given)
        case "fragment":
            return RedirectResponse(f"{target}#{urlencode(given)}", 302)
        case _:
            mark = "&" if "?" in target else "?"
            return RedirectResponse(f"{target}{mark}{urlencode(given)}", 302)
