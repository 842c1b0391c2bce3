"""Which application asks a B2C endpoint, and what it is allowed to; must not run policies.

Sources: P add-ropc-policy.md, P authorization-code-flow.md, P access-tokens.md, and the issues
named at each rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from provisioning.sandbox import side
from provisioning.sandbox.signin.b2c_errors import B2CError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import GRAPH_APP_ID

_PROTOCOL = {"openid", "offline_access", "profile", "email"}
_GRAPH_URL = "https://graph.microsoft.com/"


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a request asks for: `resource` is an appId, `granted` the values for `scp`."""

    text: str
    openid: bool
    offline: bool
    resource: str | None
    granted: tuple[str, ...]


def registered(standing: Standing, client_id: str | None) -> Record:
    """The application that a request names.

    Raises:
        B2CError: 90008, 90018, 90092. That an application without service principal is
            unknown to the endpoints is unverified.
    """
    if not client_id:
        raise B2CError("90008")
    application = standing.first("applications", "appId", client_id)
    principal = standing.first("servicePrincipals", "appId", client_id)
    if application is None or principal is None:
        raise B2CError("90018", client_id, standing.tenant.domain)
    if principal.body["accountEnabled"] is False:
        raise B2CError("90092", client_id, standing.tenant.domain)
    return application


def is_own_audience(standing: Standing, application: Record) -> bool:
    """Whether the application takes accounts of this directory's people as B2C wants it.

    AzureADMyOrg does not (Q&A 1501268).
    """
    wide = application.body["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    return wide or standing.options.my_org_audience == "accept"


def check_password_grant(standing: Standing, application: Record) -> None:
    """The switches that the password grant needs; their order is unverified.

    Raises:
        B2CError: 90085 (audience), 90224 or 90058 (azure-docs#50330), 90057 (P), 90007
            (azure-docs#44225).
    """
    body = application.body
    if not is_own_audience(standing, application):
        raise B2CError("90085")
    if not body.get("isFallbackPublicClient"):
        raise B2CError(standing.options.public_client_code.removeprefix("AADB2C"))
    if not body["web"]["implicitGrantSettings"].get("enableAccessTokenIssuance"):
        raise B2CError("90057")
    if not any(body[kind]["redirectUris"] for kind in ("web", "spa", "publicClient")):
        raise B2CError("90007", body["appId"])


def kind_of(application: Record, redirect_uri: str, *, any_port: bool = False) -> str | None:
    """Under which platform a redirect URI is registered: web, spa, publicClient.

    Args:
        application: the client.
        redirect_uri: as the request has it.
        any_port: Entra's exception for http on loopback (E:reply-url.md, RFC 8252, 7.3): a port
            is no part of the comparison. That B2C has none is unverified.
    """
    asked = _portless(redirect_uri) if any_port else redirect_uri
    for kind in ("web", "spa", "publicClient"):
        known = application.body[kind]["redirectUris"]
        if redirect_uri in known or (any_port and asked in map(_portless, known)):
            return kind
    return None


def _portless(url: str) -> str:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    return parts._replace(netloc=parts.hostname or "").geturl() if local else url


def check_secret(standing: Standing, application: Record, form: Mapping[str, str]) -> None:
    """The secret of a confidential web application.

    Raises:
        B2CError: 90079 without one, 90081 for a wrong or expired one.
    """
    if not form.get("client_secret"):
        raise B2CError("90079")
    for credential in application.body["passwordCredentials"]:
        known = side.is_secret(
            standing.store, standing.tenant.id, credential["keyId"], form["client_secret"]
        )
        if known and datetime.fromisoformat(credential["endDateTime"]) > standing.now:
            return
    raise B2CError("90081")


def scopes(standing: Standing, application: Record, text: str | None) -> Scopes:
    """Read and check a scope parameter.

    More than is granted may be asked for, as long as one is (P access-tokens.md).

    Raises:
        B2CError: 90010, 90117, 90146, 90205.
    """
    if not (text or "").strip():
        raise B2CError("90010")
    asked = (text or "").split()
    protocol = {each for each in asked if each in _PROTOCOL}
    _check_protocol_consent(standing, application, protocol & {"openid", "offline_access"})
    own = application.body["appId"]
    wanted: dict[str, list[str]] = {}
    for each in asked:
        if each in _PROTOCOL:
            continue
        resource, value = _resource(standing, own, each)
        wanted.setdefault(resource, []).append(value)
    if len(wanted) > 1:
        raise B2CError("90146", text)
    granted: tuple[str, ...] = ()
    for resource, values in wanted.items():
        # The application's own scopes need no grant.
        held = values if resource == own else _granted(standing, own, resource, values)
        granted = tuple(each for each in held if each)
        if resource != own and not granted:
            raise B2CError("90205")
    return Scopes(
        " ".join(asked),
        "openid" in protocol,
        "offline_access" in protocol,
        next(iter(wanted), None),
        granted,
    )


def _resource(standing: Standing, own: str, scope: str) -> tuple[str, str]:
    """The resource's appId and the permission's value; the own client id has none."""
    if scope.casefold() == own:
        return own, ""
    uri, _, value = scope.rpartition("/")
    if uri.casefold() == own or scope.startswith(f"api://{own}/"):
        return own, value
    if scope.startswith(_GRAPH_URL):
        return GRAPH_APP_ID, value
    found = standing.first("servicePrincipals", "servicePrincipalNames", uri) if uri else None
    if found is None:
        raise B2CError("90117", scope)
    scopes = {each["value"] for each in found.body["oauth2PermissionScopes"] if each["isEnabled"]}
    if found.body["appId"] == own and value in scopes:
        return own, value
    return str(found.body["appId"]), value if value in scopes else ""


def _granted(standing: Standing, client: str, resource: str, values: list[str]) -> list[str]:
    held = _held(standing, client, resource)
    return [each for each in dict.fromkeys(values) if each in held]


def _held(standing: Standing, client: str, resource: str) -> set[str]:
    principal = standing.first("servicePrincipals", "appId", client)
    target = standing.first("servicePrincipals", "appId", resource)
    if principal is None or target is None:
        return set()
    return {
        scope
        for each in standing.find("oauth2PermissionGrants", "clientId", principal.id)
        if each.body["resourceId"] == target.id and each.body["consentType"] == "AllPrincipals"
        for scope in each.body["scope"].split()
    }


def _check_protocol_consent(standing: Standing, application: Record, asked: set[str]) -> None:
    if standing.options.openid_consent == "unchecked":
        return
    if asked - _held(standing, application.body["appId"], GRAPH_APP_ID):
        raise B2CError("90205")
