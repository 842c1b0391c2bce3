"""The manifest of the design page, word for word where it concerns applications."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from declared import Reading, read, ref

EXAMPLE = """\
variables: {redirectUri: {default: "myapp://auth", description: where the app listens}}
existing:
  extensions: {application: b2c-extensions-app}
  partner: {appId: 33333333-3333-4333-8333-333333333333}
  helpdesk: {group: Helpdesk}
  alice: {user: alice@contoso.onmicrosoft.com}
applications:
  api:
    displayName: Contoso API
    signInAudience: AzureADandPersonalMicrosoftAccount
    identifierUris: ["https://${tenant.domain}/api"]
    scopes:
      read: {adminConsentDisplayName: Read, adminConsentDescription: Read for the user, type: Admin}
    preAuthorized: [{application: app, scopes: [read]}]
    knownClients: [app]
  staff:
    displayName: Staff portal
    signInAudience: AzureADMyOrg
    appRoles: {reader: {displayName: Reader, description: Reads, allowedMemberTypes: [User]}}
    servicePrincipal:
      appRoleAssignmentRequired: true
      assignments: [{principal: helpdesk, role: reader}]
  app:
    displayName: ROPC_Auth_app
    allowPublicClient: true
    oauth2AllowImplicitFlow: true
    publicClient: {redirectUris: ["${var.redirectUri}"]}
    web: {}
    permissions:
      - {resource: microsoftGraph, delegated: [openid, offline_access], application: [],
         adminConsent: true}
      - {resource: api, delegated: [read], adminConsent: true}
    secrets:
      main: {displayName: main, lifetime: P180D, rotateBefore: P30D, overlap: P7D,
             store: {dotenv: .secrets/app.env, name: CLIENT_SECRET}}
    certificates: {signing: {fromFile: app.cer}}
    federatedCredentials:
      main:
        issuer: https://token.actions.githubusercontent.com
        subject: "repo:o/r:environment:prod"
        audiences: ["api://AzureADTokenExchange"]
    owners: [alice]
    adopt: {displayName: ROPC_Auth_app, backfill: true}
    movedFrom: old_key
    uniqueName: keep-this-one
    lifecycle: {preventDestroy: true, ignore: [notes], include: [identifierUris]}
"""


def certificate() -> bytes:
    key = ec.derive_private_key(42, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    made = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=name,
        public_key=key.public_key(),
        serial_number=7,
        not_valid_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2028, 1, 1, tzinfo=UTC),
    ).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    folder = tmp_path_factory.mktemp("example")
    (folder / "app.cer").write_bytes(certificate())
    return read(folder, EXAMPLE, tenant="b2c")


def test_it_has_no_faults(example: Reading) -> None:
    assert example.faults == []


def test_it_means_these_objects(example: Reading) -> None:
    assert sorted(example.desired) == [
        "app_role_assignment.helpdesk.staff.reader",
        "application.api",
        "application.app",
        "application.staff",
        "application_certificate.app.signing",
        "application_owner.app.alice",
        "application_password.app.main",
        "delegated_permission_grant.app.api",
        "delegated_permission_grant.app.microsoftGraph",
        "existing.alice",
        "existing.extensions",
        "existing.helpdesk",
        "existing.microsoftGraph",
        "existing.partner",
        "federated_identity_credential.app.main",
        "service_principal.api",
        "service_principal.app",
        "service_principal.staff",
    ]


def test_everything_that_hangs_on_an_application_shares_its_ownership(example: Reading) -> None:
    parents = {
        name: str(item.parent) for name, item in example.desired.items() if item.parent is not None
    }
    assert parents == {
        "app_role_assignment.helpdesk.staff.reader": "application.staff",
        "application_certificate.app.signing": "application.app",
        "application_owner.app.alice": "application.app",
        "application_password.app.main": "application.app",
        "delegated_permission_grant.app.api": "application.app",
        "delegated_permission_grant.app.microsoftGraph": "application.app",
        "federated_identity_credential.app.main": "application.app",
        "service_principal.api": "application.api",
        "service_principal.app": "application.app",
        "service_principal.staff": "application.staff",
    }


def test_the_api_in_graphs_shape(example: Reading) -> None:
    assert example.body("application.api") == {
        "displayName": "Contoso API",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "identifierUris": ["https://contoso.onmicrosoft.com/api"],
        "api": {
            "requestedAccessTokenVersion": 2,
            "oauth2PermissionScopes": [
                {
                    "id": "0bb75c10-f282-5120-8d47-2c6d08469a9d",
                    "value": "read",
                    "type": "Admin",
                    "isEnabled": True,
                    "adminConsentDisplayName": "Read",
                    "adminConsentDescription": "Read for the user",
                    "userConsentDisplayName": None,
                    "userConsentDescription": None,
                }
            ],
            "preAuthorizedApplications": [
                {
                    "appId": ref("application.app", "appId"),
                    "delegatedPermissionIds": [
                        ref("application.api", "api.oauth2PermissionScopes[value=read].id")
                    ],
                }
            ],
            "knownClientApplications": [ref("application.app", "appId")],
        },
        "uniqueName": "demo-api",
    }


def test_roles_and_who_has_them(example: Reading) -> None:
    assert example.body("application.staff")["appRoles"] == [
        {
            "id": "5bc45259-ccd7-5956-a345-3fe3241e041c",
            "value": "reader",
            "displayName": "Reader",
            "description": "Reads",
            "allowedMemberTypes": ["User"],
            "isEnabled": True,
        }
    ]
    assert example.body("service_principal.staff") == {
        "appId": ref("application.staff", "appId"),
        "appRoleAssignmentRequired": True,
    }
    assert example.body("app_role_assignment.helpdesk.staff.reader") == {
        "principalId": ref("existing.helpdesk"),
        "resourceId": ref("service_principal.staff"),
        "appRoleId": ref("application.staff", "appRoles[value=reader].id"),
    }
    assert example.settings("app_role_assignment.helpdesk.staff.reader") == {
        "declaredBy": "assignments"
    }


def test_portal_names_end_up_under_graphs(example: Reading) -> None:
    assert example.body("application.app") == {
        "displayName": "ROPC_Auth_app",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": ["myapp://auth"]},
        "web": {"implicitGrantSettings": {"enableAccessTokenIssuance": True}},
        "api": {"requestedAccessTokenVersion": 2},
        "requiredResourceAccess": [
            {
                "resourceAppId": "00000003-0000-0000-c000-000000000000",
                "resourceAccess": [
                    {
                        "id": ref(
                            "existing.microsoftGraph", "oauth2PermissionScopes[value=openid].id"
                        ),
                        "type": "Scope",
                    },
                    {
                        "id": ref(
                            "existing.microsoftGraph",
                            "oauth2PermissionScopes[value=offline_access].id",
                        ),
                        "type": "Scope",
                    },
                ],
            },
            {
                "resourceAppId": ref("application.api", "appId"),
                "resourceAccess": [
                    {
                        "id": ref("application.api", "api.oauth2PermissionScopes[value=read].id"),
                        "type": "Scope",
                    }
                ],
            },
        ],
        "uniqueName": "keep-this-one",
    }


def test_how_the_application_is_found_and_kept(example: Reading) -> None:
    assert example.settings("application.app") == {
        "key": "app",
        "movedFrom": "old_key",
        "adopt": {"displayName": "ROPC_Auth_app"},
        "backfill": True,
        "derived": {},
        "defaulted": ["signInAudience", "api.requestedAccessTokenVersion"],
        "declared": ["permissions", "secrets", "certificates", "federatedCredentials", "owners"],
    }
    lifecycle = example.desired["application.app"].lifecycle
    assert lifecycle.prevent_destroy
    assert lifecycle.ignore == ("notes",)
    assert lifecycle.include == ("identifierUris",)


def test_consent_to_delegated_permissions(example: Reading) -> None:
    assert example.body("delegated_permission_grant.app.microsoftGraph") == {
        "clientId": ref("service_principal.app"),
        "resourceId": ref("existing.microsoftGraph"),
        "consentType": "AllPrincipals",
        "scope": ["offline_access", "openid"],
    }
    assert example.body("delegated_permission_grant.app.api") == {
        "clientId": ref("service_principal.app"),
        "resourceId": ref("service_principal.api"),
        "consentType": "AllPrincipals",
        "scope": ["read"],
    }


def test_credentials_and_owners(example: Reading) -> None:
    assert example.body("application_password.app.main") == {"displayName": "main"}
    assert example.settings("application_password.app.main") == {
        "lifetime": "P180D",
        "rotateBefore": "P30D",
        "overlap": "P7D",
        "store": {"dotenv": ".secrets/app.env", "name": "CLIENT_SECRET"},
    }
    assert example.body("federated_identity_credential.app.main") == {
        "name": "main",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:o/r:environment:prod",
        "audiences": ["api://AzureADTokenExchange"],
        "description": "provisioning:demo",
    }
    assert example.body("application_owner.app.alice") == {"id": ref("existing.alice")}
    signing = example.body("application_certificate.app.signing")
    assert signing["displayName"] == "signing"
    assert (signing["type"], signing["usage"]) == ("AsymmetricX509Cert", "Verify")
    assert signing["startDateTime"] == "2026-01-01T00:00:00Z"
    assert signing["endDateTime"] == "2028-01-01T00:00:00Z"
    assert len(signing["customKeyIdentifier"]) == 28


def test_what_is_looked_up(example: Reading) -> None:
    assert {name: example.settings(name) for name in example.of("existing")} == {
        "existing.alice": {
            "type": "user",
            "by": "userPrincipalName",
            "value": "alice@contoso.onmicrosoft.com",
        },
        "existing.extensions": {
            "type": "application",
            "by": "displayName",
            "value": "b2c-extensions-app",
        },
        "existing.helpdesk": {"type": "group", "by": "displayName", "value": "Helpdesk"},
        "existing.microsoftGraph": {
            "type": "servicePrincipal",
            "by": "appId",
            "value": "00000003-0000-0000-c000-000000000000",
        },
        "existing.partner": {
            "type": "servicePrincipal",
            "by": "appId",
            "value": "33333333-3333-4333-8333-333333333333",
        },
    }


def test_properties_know_their_places(example: Reading) -> None:
    places = example.desired["application.app"].places
    assert example.line(places["isFallbackPublicClient"]) == "allowPublicClient: true"
    assert example.line(places["read"]).startswith("read]")
    grant = example.desired["delegated_permission_grant.app.microsoftGraph"]
    assert example.line(grant.places["offline_access"]).startswith("offline_access]")
