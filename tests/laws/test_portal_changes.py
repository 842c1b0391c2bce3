"""What somebody changes in the portal: the real error, and the line that says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proving import Stage, line_of, staged
from world import World

GRAPH = "https://graph.microsoft.com"
Change = Callable[[Stage], tuple[str, str, Any]]
"""The stage -> method, path and body of one request to Graph."""

FRAMEWORK = ("manifest.yaml", "identityExperienceFramework:")


def found(stage: Stage, collection: str, **wanted: object) -> dict[str, Any]:
    every = stage.world.dump(stage.wanted)[collection]
    return next(
        each for each in every if all(each.get(name) == value for name, value in wanted.items())
    )


def patched(display_name: str, body: dict[str, Any]) -> Change:
    def change(stage: Stage) -> tuple[str, str, Any]:
        identity = found(stage, "applications", displayName=display_name)["id"]
        return "PATCH", f"/v1.0/applications/{identity}", body

    return change


def deleted(collection: str, version: str = "v1.0", **wanted: object) -> Change:
    def change(stage: Stage) -> tuple[str, str, Any]:
        return "DELETE", f"/{version}/{collection}/{found(stage, collection, **wanted)['id']}", None

    return change


def principal(display_name: str, body: dict[str, Any] | None = None) -> Change:
    def change(stage: Stage) -> tuple[str, str, Any]:
        identity = found(stage, "servicePrincipals", displayName=display_name)["id"]
        return "PATCH" if body else "DELETE", f"/v1.0/servicePrincipals/{identity}", body

    return change


def consent_gone(client: str, resource: str) -> Change:
    def change(stage: Stage) -> tuple[str, str, Any]:
        ids = [
            found(stage, "servicePrincipals", displayName=name)["id"] for name in (client, resource)
        ]
        grant = found(stage, "oauth2PermissionGrants", clientId=ids[0], resourceId=ids[1])
        return "DELETE", f"/v1.0/oauth2PermissionGrants/{grant['id']}", None

    return change


def secret_gone(stage: Stage) -> tuple[str, str, Any]:
    application = found(stage, "applications", displayName="webapp1")
    (secret,) = application["passwordCredentials"]
    path = f"/v1.0/applications/{application['id']}/removePassword"
    return "POST", path, {"keyId": secret["keyId"]}


def scope_off(stage: Stage) -> tuple[str, str, Any]:
    application = found(stage, "applications", displayName="webapi1")
    scopes = [
        {**scope, "isEnabled": scope["value"] != "read"}
        for scope in application["api"]["oauth2PermissionScopes"]
    ]
    body = {"api": {"oauth2PermissionScopes": scopes}}
    return "PATCH", f"/v1.0/applications/{application['id']}", body


def key_set_gone(name: str) -> Change:
    return lambda _: ("DELETE", f"/beta/trustFramework/keySets/B2C_1A_{name}", None)


CUSTOM, FLOW, CODE, ENTRA = "ropc-custom-policy", "ropc-user-flow", "access-token", "auth0-native"


@pytest.mark.parametrize(
    ("name", "change", "code", "line"),
    [
        (
            CUSTOM,
            patched("IdentityExperienceFramework", {"api": {"requestedAccessTokenVersion": 2}}),
            "AADB2C90225",
            FRAMEWORK,
        ),
        (
            CUSTOM,
            patched("ProxyIdentityExperienceFramework", {"isFallbackPublicClient": False}),
            "AADB2C90225",
            FRAMEWORK,
        ),
        (
            CUSTOM,
            deleted("applications", displayName="ProxyIdentityExperienceFramework"),
            "AADB2C90285",
            FRAMEWORK,
        ),
        (
            CUSTOM,
            consent_gone("ProxyIdentityExperienceFramework", "IdentityExperienceFramework"),
            "AADB2C90284",
            FRAMEWORK,
        ),
        (CUSTOM, key_set_gone("TokenSigningKeyContainer"), "AADB2C90073", FRAMEWORK),
        (CUSTOM, key_set_gone("TokenEncryptionKeyContainer"), "AADB2C90073", FRAMEWORK),
        (CUSTOM, principal("ROPC_Auth_app"), "AADB2C90018", ("manifest.yaml", "app:")),
        (
            FLOW,
            principal("ROPC_Auth_app", {"accountEnabled": False}),
            "AADB2C90092",
            ("manifest.yaml", "app:"),
        ),
        (CODE, secret_gone, "AADSTS7000215", ("manifest.yaml", "main:")),
        (CODE, scope_off, "AADSTS650053", ("manifest.yaml", "read:")),
        (
            ENTRA,
            principal("Auth0 native application", {"appRoleAssignmentRequired": True}),
            "AADSTS50105",
            ("manifest.yaml", "native:"),
        ),
    ],
)
async def test_a_change_in_the_portal_is_told_with_the_line_that_says_otherwise(
    world: World, name: str, change: Change, code: str, line: tuple[str, str]
) -> None:
    stage = await staged(world, name)
    method, path, body = change(stage)
    async with stage.graph() as graph:
        answer = await graph.request(method, f"{GRAPH}{path}", json=body)
    assert answer.status_code < 300, answer.text
    results = await stage.verify(stage.wanted)
    failed = [result for result in results if not result.passed]
    assert {r.diagnosis.code for r in failed if r.diagnosis} == {code}
    file, words = line
    place = failed[0].findings[0].place
    assert place is not None
    assert (Path(place.file).name, place.line) == (file, line_of(stage.folder / file, words))
