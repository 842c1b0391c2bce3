"""The shipped manifests mean these objects, and no key of the schema goes undescribed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from declared import KINDS, Reading, ref

from provisioning import manifest

EXAMPLES = Path(__file__).parents[3] / "manifests"


def load(name: str, **variables: str) -> Reading:
    path = EXAMPLES / name / "manifest.yaml"
    loaded = manifest.load(path, kinds=KINDS, variables=variables)
    return Reading(path.read_text(encoding="utf-8"), loaded)


@pytest.fixture(scope="module")
def access_token() -> Reading:
    return load("access-token")


@pytest.fixture(scope="module")
def auth0() -> Reading:
    return load("auth0-native")


def test_access_token_means_an_api_and_a_client_with_consent(access_token: Reading) -> None:
    assert access_token.faults == []
    assert sorted(access_token.desired) == [
        "application.api",
        "application.web",
        "application_password.web.main",
        "check.call_the_api",
        "delegated_permission_grant.web.api",
        "delegated_permission_grant.web.microsoftGraph",
        "existing.microsoftGraph",
        "service_principal.api",
        "service_principal.web",
    ]
    api = access_token.body("application.api")
    assert api["identifierUris"] == ["https://contoso.onmicrosoft.com/api"]
    assert [scope["value"] for scope in api["api"]["oauth2PermissionScopes"]] == ["read", "write"]
    assert access_token.body("application.web")["web"] == {"redirectUris": ["https://jwt.ms"]}
    assert access_token.body("delegated_permission_grant.web.api")["scope"] == ["read", "write"]
    assert access_token.body("delegated_permission_grant.web.microsoftGraph")["scope"] == [
        "offline_access",
        "openid",
    ]
    assert access_token.settings("application_password.web.main")["store"] == {
        "dotenv": ".secrets/web.env",
        "name": "CLIENT_SECRET",
    }


def test_auth0_means_an_api_and_a_native_client_with_a_secret(auth0: Reading) -> None:
    assert auth0.faults == []
    assert sorted(auth0.desired) == [
        "application.native",
        "application.web",
        "application_password.native.auth0",
        "check.profile",
        "check.sign_in",
        "check.sign_in_v1",
        "delegated_permission_grant.native.microsoftGraph",
        "delegated_permission_grant.native.web",
        "existing.microsoftGraph",
        "service_principal.native",
        "service_principal.web",
    ]
    web = auth0.body("application.web")
    assert web["signInAudience"] == "AzureADMultipleOrgs"
    assert web["web"] == {"redirectUris": ["https://contoso.eu.auth0.com/login/callback"]}
    assert web["identifierUris"] == [{"$template": ["api://", ref("application.web", "appId")]}]
    assert [s["value"] for s in web["api"]["oauth2PermissionScopes"]] == ["API.Access"]
    assert auth0.body("application.native")["publicClient"] == {
        "redirectUris": ["com.contoso.app://contoso.eu.auth0.com/ios/com.contoso.app/callback"]
    }
    assert auth0.body("delegated_permission_grant.native.web")["scope"] == ["API.Access"]
    assert auth0.body("delegated_permission_grant.native.microsoftGraph")["scope"] == [
        "Directory.Read.All",
        "User.Read",
    ]


def test_auth0_asks_for_more_when_a_variable_says_so() -> None:
    found = load(
        "auth0-native",
        auth0Domain="example.us.auth0.com",
        graphPermissions="[User.Read, Directory.AccessAsUser.All]",
    )
    assert found.body("application.web")["web"] == {
        "redirectUris": ["https://example.us.auth0.com/login/callback"]
    }
    assert found.body("delegated_permission_grant.native.microsoftGraph")["scope"] == [
        "Directory.AccessAsUser.All",
        "User.Read",
    ]


@pytest.mark.parametrize("name", ["access-token", "auth0-native"])
def test_editors_find_the_schema_and_readers_a_page(name: str) -> None:
    first = (EXAMPLES / name / "manifest.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == ("# yaml-language-server: $schema=../../provisioning/manifest/schema.json")
    assert (EXAMPLES / name / "README.md").is_file()


def test_every_key_is_described_and_refused_ones_are_not_offered() -> None:
    schema: Any = manifest.schema(KINDS)
    assert [
        f"{name}.{key}"
        for name, definition in {"Manifest": schema, **schema["$defs"]}.items()
        for key, entry in definition.get("properties", {}).items()
        if not entry.get("description")
    ] == []
    properties = schema["$defs"]["Application"]["properties"]
    assert {"displayName", "allowPublicClient", "secrets", "servicePrincipal"} <= set(properties)
    assert {"appId", "passwordCredentials", "logo"}.isdisjoint(properties)
