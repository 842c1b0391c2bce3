"""What the lines of an application mean in Graph's shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from declared import GUID, app, read, ref
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.application import Application

ALWAYS = {
    "displayName": "App",
    "signInAudience": "AzureADMyOrg",
    "api": {"requestedAccessTokenVersion": 2},
    "uniqueName": "demo-app",
}

EVERYTHING = f"""\
signInAudience: AzureADMultipleOrgs
isFallbackPublicClient: false
identifierUris: ["api://${{application.app.appId}}"]
web:
  redirectUris: [https://a.example/x]
  redirectUriSettings: [{{uri: https://a.example/x, index: 1}}]
  homePageUrl: https://a.example
  logoutUrl: https://a.example/out
  implicitGrantSettings: {{enableIdTokenIssuance: true, enableAccessTokenIssuance: false}}
spa: {{redirectUris: [http://localhost:3000]}}
publicClient: {{redirectUris: ["msal{GUID}://auth"]}}
api:
  requestedAccessTokenVersion: 1
  acceptMappedClaims: true
  knownClientApplications: [{GUID}]
  preAuthorizedApplications: [{{appId: {GUID}, delegatedPermissionIds: [{GUID}]}}]
  oauth2PermissionScopes:
    - {{id: {GUID}, value: read, type: User, isEnabled: false,
       adminConsentDisplayName: R, adminConsentDescription: R}}
appRoles: {{run: {{displayName: R, description: R, allowedMemberTypes: [User, Application]}}}}
requiredResourceAccess:
  - {{resourceAppId: {GUID}, resourceAccess: [{{id: {GUID}, type: Role}}]}}
optionalClaims: {{idToken: [{{name: email}}], accessToken: null}}
groupMembershipClaims: SecurityGroup
info: {{marketingUrl: https://a.example, supportUrl: null}}
notes: n
description: d
tags: [a]
defaultRedirectUri: https://a.example/x
isDeviceOnlyAuthSupported: true
serviceManagementReference: s
parentalControlSettings: {{countriesBlockedForMinors: [DE], legalAgeGroupRule: Allow}}
servicePrincipalLockConfiguration: {{isEnabled: true, allProperties: true}}
nativeAuthenticationApisEnabled: all
authenticationBehaviors: {{blockAzureADGraphAccess: true}}
requestSignatureVerification: {{isSignedRequestRequired: true}}
tokenEncryptionKeyId: {GUID}
isDisabled: false
addIns: [{{id: {GUID}, type: FileHandler, properties: [{{key: a, value: b}}]}}]
uniqueName: mine
"""

AS_GRAPH_HAS_IT = {
    "displayName": "App",
    "signInAudience": "AzureADMultipleOrgs",
    "isFallbackPublicClient": False,
    "identifierUris": [{"$template": ["api://", ref("application.app", "appId")]}],
    "web": {
        "redirectUris": ["https://a.example/x"],
        "redirectUriSettings": [{"uri": "https://a.example/x", "index": 1}],
        "homePageUrl": "https://a.example",
        "logoutUrl": "https://a.example/out",
        "implicitGrantSettings": {
            "enableIdTokenIssuance": True,
            "enableAccessTokenIssuance": False,
        },
    },
    "spa": {"redirectUris": ["http://localhost:3000"]},
    "publicClient": {"redirectUris": [f"msal{GUID}://auth"]},
    "api": {
        "requestedAccessTokenVersion": 1,
        "acceptMappedClaims": True,
        "knownClientApplications": [GUID],
        "preAuthorizedApplications": [{"appId": GUID, "delegatedPermissionIds": [GUID]}],
        "oauth2PermissionScopes": [
            {
                "id": GUID,
                "value": "read",
                "type": "User",
                "isEnabled": False,
                "adminConsentDisplayName": "R",
                "adminConsentDescription": "R",
                "userConsentDisplayName": None,
                "userConsentDescription": None,
            }
        ],
    },
    "appRoles": [
        {
            "id": "858e10b9-b593-586f-91a2-ce1c6ee558af",
            "value": "run",
            "displayName": "R",
            "description": "R",
            "allowedMemberTypes": ["User", "Application"],
            "isEnabled": True,
        }
    ],
    "requiredResourceAccess": [
        {"resourceAppId": GUID, "resourceAccess": [{"id": GUID, "type": "Role"}]}
    ],
    "optionalClaims": {
        "idToken": [
            {"name": "email", "source": None, "essential": False, "additionalProperties": []}
        ],
        "accessToken": [],
    },
    "groupMembershipClaims": "SecurityGroup",
    "info": {"marketingUrl": "https://a.example", "supportUrl": None},
    "notes": "n",
    "description": "d",
    "tags": ["a"],
    "defaultRedirectUri": "https://a.example/x",
    "isDeviceOnlyAuthSupported": True,
    "serviceManagementReference": "s",
    "parentalControlSettings": {
        "countriesBlockedForMinors": ["DE"],
        "legalAgeGroupRule": "Allow",
    },
    "servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True},
    "nativeAuthenticationApisEnabled": "all",
    "authenticationBehaviors": {"blockAzureADGraphAccess": True},
    "requestSignatureVerification": {"isSignedRequestRequired": True},
    "tokenEncryptionKeyId": GUID,
    "isDisabled": False,
    "addIns": [{"id": GUID, "type": "FileHandler", "properties": [{"key": "a", "value": "b"}]}],
    "uniqueName": "mine",
}


def body(folder: Path, lines: str, tenant: str = "workforce") -> Any:
    return read(folder, app(lines), tenant=tenant).body("application.app")


def test_every_writable_property_of_graph_has_a_line(tmp_path: Path) -> None:
    assert body(tmp_path, EVERYTHING) == AS_GRAPH_HAS_IT


def test_graphs_own_model_knows_every_property_of_the_body(tmp_path: Path) -> None:
    found = body(tmp_path, EVERYTHING.replace("api://${application.app.appId}", "api://x"))
    text = json.dumps(found).encode()
    node = JsonParseNodeFactory().get_root_parse_node("application/json", text)
    assert list(unknown(node.get_object_value(Application))) == []


def unknown(model: Any, path: str = "") -> Any:
    if isinstance(model, list):
        for item in model:
            yield from unknown(item, path)
    elif hasattr(model, "additional_data"):
        yield from (f"{path}.{name}" for name in model.additional_data)
        for name, value in vars(model).items():
            yield from unknown(value, f"{path}.{name}")


@pytest.mark.parametrize("lines", ["", "web: {}", "api: {}\ninfo: {}\noptionalClaims: {}"])
def test_absent_is_not_managed_and_neither_is_anything_in_an_empty_mapping(
    tmp_path: Path, lines: str
) -> None:
    assert body(tmp_path, lines) == ALWAYS


@pytest.mark.parametrize(
    ("lines", "cleared"),
    [
        ("notes: null", {"notes": None}),
        ("isFallbackPublicClient: null", {"isFallbackPublicClient": None}),
        ("identifierUris: null", {"identifierUris": []}),
        ("identifierUris: []", {"identifierUris": []}),
        ("tags: null", {"tags": []}),
        ("appRoles: null", {"appRoles": []}),
        ("appRoles: {}", {"appRoles": []}),
        ("permissions: null", {"requiredResourceAccess": []}),
        ("permissions: []", {"requiredResourceAccess": []}),
        ("optionalClaims: null", {"optionalClaims": None}),
        ("spa: null", {"spa": {"redirectUris": []}}),
        ("spa: {redirectUris: null}", {"spa": {"redirectUris": []}}),
        (
            "web: {implicitGrantSettings: null}",
            {
                "web": {
                    "implicitGrantSettings": {
                        "enableAccessTokenIssuance": None,
                        "enableIdTokenIssuance": None,
                    }
                }
            },
        ),
        (
            "api: null",
            {
                "api": {
                    "requestedAccessTokenVersion": None,
                    "acceptMappedClaims": None,
                    "knownClientApplications": [],
                    "oauth2PermissionScopes": [],
                    "preAuthorizedApplications": [],
                }
            },
        ),
        (
            "info: null",
            {
                "info": {
                    "marketingUrl": None,
                    "privacyStatementUrl": None,
                    "supportUrl": None,
                    "termsOfServiceUrl": None,
                }
            },
        ),
    ],
)
def test_null_and_empty_clear(tmp_path: Path, lines: str, cleared: dict[str, Any]) -> None:
    assert body(tmp_path, lines) == {**ALWAYS, **cleared}


@pytest.mark.parametrize(
    "lines",
    [
        "scopes: null",
        "scopes: {}",
        "oauth2Permissions: []",
        "api: {oauth2PermissionScopes: []}",
    ],
)
def test_scopes_are_cleared_in_every_spelling(tmp_path: Path, lines: str) -> None:
    assert body(tmp_path, lines)["api"] == {
        "requestedAccessTokenVersion": 2,
        "oauth2PermissionScopes": [],
    }


@pytest.mark.parametrize(
    ("portal", "graph"),
    [
        ("allowPublicClient: true", "isFallbackPublicClient: true"),
        (
            "oauth2AllowImplicitFlow: true",
            "web: {implicitGrantSettings: {enableAccessTokenIssuance: true}}",
        ),
        (
            "oauth2AllowIdTokenImplicitFlow: true",
            "web: {implicitGrantSettings: {enableIdTokenIssuance: true}}",
        ),
        ("logoutUrl: https://a.example", "web: {logoutUrl: https://a.example}"),
        ("signInUrl: https://a.example", "web: {homePageUrl: https://a.example}"),
        ("accessTokenAcceptedVersion: 1", "api: {requestedAccessTokenVersion: 1}"),
        ("acceptMappedClaims: true", "api: {acceptMappedClaims: true}"),
        (f"knownClientApplications: [{GUID}]", f"api: {{knownClientApplications: [{GUID}]}}"),
        (
            f"preAuthorizedApplications: [{{appId: {GUID}, permissionIds: [{GUID}]}}]",
            (
                "api: {preAuthorizedApplications: "
                f"[{{appId: {GUID}, delegatedPermissionIds: [{GUID}]}}]}}"
            ),
        ),
        (
            (
                "oauth2Permissions: "
                "[{value: read, adminConsentDisplayName: R, adminConsentDescription: R}]"
            ),
            "scopes: {read: {adminConsentDisplayName: R, adminConsentDescription: R}}",
        ),
        (
            (
                "replyUrlsWithType: [{url: https://a.example/w, type: Web}, "
                "{url: https://a.example/s, type: Spa}, {url: 'x://y', type: InstalledClient}]"
            ),
            (
                "web: {redirectUris: [https://a.example/w]}\n"
                "spa: {redirectUris: [https://a.example/s]}\n"
                "publicClient: {redirectUris: ['x://y']}"
            ),
        ),
    ],
)
def test_portal_names_mean_the_same_as_graphs(tmp_path: Path, portal: str, graph: str) -> None:
    assert body(tmp_path, portal) == body(tmp_path, graph)
    assert body(tmp_path, portal) != ALWAYS


def test_name_is_the_portals_display_name(tmp_path: Path) -> None:
    found = read(tmp_path, "applications: {app: {name: App}}")
    assert found.body("application.app") == ALWAYS


@pytest.mark.parametrize(
    ("tenant", "audience"),
    [
        ("b2c", "AzureADandPersonalMicrosoftAccount"),
        ("workforce", "AzureADMyOrg"),
        ("external", "AzureADMyOrg"),
    ],
)
def test_the_audience_follows_the_kind_of_tenant(
    tmp_path: Path, tenant: str, audience: str
) -> None:
    assert body(tmp_path, "", tenant) == {**ALWAYS, "signInAudience": audience}


def test_a_scope_keeps_its_id_when_its_value_is_renamed(tmp_path: Path) -> None:
    texts = "adminConsentDisplayName: R, adminConsentDescription: R"
    before = body(tmp_path, f"scopes: {{read: {{{texts}}}}}")["api"]["oauth2PermissionScopes"]
    after = body(tmp_path, f"scopes: {{read: {{value: Files.Read, {texts}}}}}")
    after = after["api"]["oauth2PermissionScopes"]
    assert before[0]["id"] == after[0]["id"] == "20d07589-a0a8-5723-b22a-8dd351bd16de"
    assert (before[0]["value"], after[0]["value"]) == ("read", "Files.Read")


def test_an_id_that_is_written_wins_and_is_not_called_derived(tmp_path: Path) -> None:
    texts = "adminConsentDisplayName: R, adminConsentDescription: R"
    lines = f"scopes: {{a: {{id: {GUID}, {texts}}}, b: {{{texts}}}}}"
    found = read(tmp_path, app(lines))
    ids = [s["id"] for s in found.body("application.app")["api"]["oauth2PermissionScopes"]]
    assert ids[0] == GUID
    assert found.settings("application.app")["derived"] == {ids[1]: True}


def test_a_scope_and_a_role_of_one_value_may_share_one_id(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app(
            f"scopes: {{run: {{id: {GUID}, adminConsentDisplayName: R, "
            "adminConsentDescription: R}}\n"
            f"appRoles: {{run: {{id: {GUID}, displayName: R, description: R, "
            "allowedMemberTypes: [User]}}"
        ),
    )
    assert found.faults == []


def test_clients_may_be_keys_existing_ones_or_app_ids(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"""\
        existing:
          partner: {{appId: 33333333-3333-4333-8333-333333333333}}
          legacy: {{application: Legacy}}
        applications:
          api:
            displayName: Api
            scopes: {{read: {{value: Files.Read, adminConsentDisplayName: R,
                             adminConsentDescription: R}}}}
            preAuthorized:
              - {{application: app, scopes: [read]}}
              - {{application: partner, scopes: [Files.Read]}}
              - {{application: legacy, scopes: [read]}}
              - {{application: {GUID}, scopes: [read]}}
            knownClients: [app, partner, legacy, {GUID}]
          app: {{displayName: App}}
        """,
    )
    scope = ref("application.api", "api.oauth2PermissionScopes[value=Files.Read].id")
    clients = [
        ref("application.app", "appId"),
        "33333333-3333-4333-8333-333333333333",
        ref("existing.legacy", "appId"),
        GUID,
    ]
    api = found.body("application.api")["api"]
    assert api["preAuthorizedApplications"] == [
        {"appId": client, "delegatedPermissionIds": [scope]} for client in clients
    ]
    assert api["knownClientApplications"] == clients
