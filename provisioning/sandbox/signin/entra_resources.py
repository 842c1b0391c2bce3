"""What a request at Entra asks a token for, and whether that was consented; must not issue it.

Sources: E:scopes-oidc.md, E:v2-oauth-ropc.md, E:reference-error-codes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.sandbox.aadsts import SignInError
from provisioning.sandbox.signin.standing import Standing
from provisioning.sandbox.store import Record
from provisioning.sandbox.tokens import AUDIENCES, GRAPH_APP_ID

_PROTOCOL = ("openid", "profile", "email", "offline_access")
_GRAPH = "https://graph.microsoft.com"
_DEFAULT = ".default"


@dataclass(frozen=True, slots=True)
class Resource:
    """What an access token is for.

    `audience` as it was asked for, `scopes` the granted values, `prefix` before them in the answer.
    """

    principal: Record
    audience: str
    scopes: tuple[str, ...]
    prefix: str


def asked(
    standing: Standing, application: Record, version: int, sent: Mapping[str, str]
) -> tuple[Resource, list[str]]:
    """The resource of a request at an endpoint of this version, and the protocol's own scopes.

    Raises:
        SignInError: 900144, 70011, 28000, 500011, 650053, 65001.
    """
    if version == 1:
        if not sent.get("resource"):
            raise missing("resource")
        own = [each for each in sent.get("scope", "").split() if each in _PROTOCOL]
        # The first endpoint gives refresh tokens unasked.
        protocol = list(dict.fromkeys([*own, "offline_access"]))
        return _resource(standing, application, sent["resource"], [_DEFAULT]), protocol
    if not sent.get("scope"):
        raise missing("scope")
    wanted: dict[str, list[str]] = {}
    protocol = []
    for each in sent["scope"].split():
        if each in _PROTOCOL:
            protocol.append(each)
        else:
            name, value = _split(each)
            wanted.setdefault(name, []).append(value)
    if len(wanted) > 1:
        raise _several(sent["scope"])
    if not wanted:
        # Without a resource the token is for Graph, with what the protocol's scopes allow.
        wanted = {_GRAPH: [each for each in protocol if each != "offline_access"]}
    name, values = next(iter(wanted.items()))
    if not values:
        raise _invalid(sent["scope"])
    return _resource(standing, application, name, values), protocol


def scope_of(sent: Mapping[str, str]) -> dict[str, str]:
    """The scope parameter, where there is one."""
    return {"scope": sent["scope"]} if sent.get("scope") else {}


def missing(parameter: str) -> SignInError:
    """900144."""
    return SignInError(
        400,
        "invalid_request",
        900144,
        f"The request body must contain the following parameter: '{parameter}'.",
    )


def _resource(standing: Standing, application: Record, name: str, values: list[str]) -> Resource:
    graph = name.rstrip("/") in AUDIENCES
    wanted = GRAPH_APP_ID if graph else name
    principal = standing.first("servicePrincipals", "servicePrincipalNames", wanted)
    if principal is None:
        raise SignInError(
            400,
            "invalid_resource",
            500011,
            f"The resource principal named {name} was not found in the tenant named "
            f"{standing.tenant.domain}.",
        )
    published = {
        each["value"] for each in principal.body["oauth2PermissionScopes"] if each["isEnabled"]
    }
    unknown = [each for each in values if each != _DEFAULT and each not in published]
    if unknown:
        raise SignInError(
            400,
            "invalid_client",
            650053,
            f"The application '{application.body['displayName']}' asked for scope "
            f"'{unknown[0]}' that doesn't exist on the resource '{principal.body['appId']}'.",
        )
    held = _consented(standing, application, principal) & published
    if not held or not set(values) - {_DEFAULT} <= held:
        raise _not_consented(application)
    return Resource(principal, name, tuple(sorted(held)), "" if graph else f"{name}/")


def _consented(standing: Standing, application: Record, resource: Record) -> set[str]:
    principal = standing.first("servicePrincipals", "appId", application.body["appId"])
    if principal is None:
        return set()
    return {
        value
        for each in standing.find("oauth2PermissionGrants", "clientId", principal.id)
        if each.body["resourceId"] == resource.id and each.body["consentType"] == "AllPrincipals"
        for value in each.body["scope"].split()
    }


def _not_consented(application: Record) -> SignInError:
    body = application.body
    return SignInError(
        400,
        "invalid_grant",
        65001,
        f"The user or administrator has not consented to use the application with ID "
        f"'{body['appId']}' named '{body['displayName']}'. Send an interactive authorization "
        "request for this user and resource.",
    )


def _several(scope: str) -> SignInError:
    return SignInError(
        400,
        "invalid_request",
        28000,
        "Provided value for the input parameter scope is not valid because it contains more than "
        f"one resource. Scope {scope} is not valid.",
    )


def _invalid(scope: str) -> SignInError:
    return SignInError(
        400,
        "invalid_scope",
        70011,
        "The provided request must include a 'scope' input parameter. The provided value for the "
        f"input parameter 'scope' is not valid. The scope {scope} is not valid.",
    )


def _split(scope: str) -> tuple[str, str]:
    """Resource and value; a bare value is Graph's."""
    name, slash, value = scope.rpartition("/")
    return (name, value) if slash else (_GRAPH, scope)
