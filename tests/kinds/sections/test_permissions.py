"""Permissions, consent, assignments, owners and what they look up."""

from __future__ import annotations

from pathlib import Path

from declared import GUID, app, read, ref

GRAPH = "00000003-0000-0000-c000-000000000000"


def test_entries_on_one_api_are_merged_and_only_consented_names_are_granted(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path,
        app(
            "permissions:\n"
            "  - {resource: microsoftGraph, delegated: [openid, User.Read], adminConsent: true}\n"
            f"  - {{resource: {GRAPH}, delegated: [Mail.Read], application: [User.Read.All]}}"
        ),
    )
    [access] = found.body("application.app")["requiredResourceAccess"]
    assert access == {
        "resourceAppId": GRAPH,
        "resourceAccess": [
            {"id": ref("existing.microsoftGraph", f"{path}.id"), "type": sort}
            for path, sort in (
                ("oauth2PermissionScopes[value=openid]", "Scope"),
                ("oauth2PermissionScopes[value=User.Read]", "Scope"),
                ("oauth2PermissionScopes[value=Mail.Read]", "Scope"),
                ("appRoles[value=User.Read.All]", "Role"),
            )
        ],
    }
    assert found.body("delegated_permission_grant.app.microsoftGraph")["scope"] == [
        "User.Read",
        "openid",
    ]
    assert found.of("app_role_assignment") == []


def test_consent_to_application_permissions_is_an_assignment_each(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        applications:
          api:
            displayName: Api
            appRoles: {run: {value: Jobs.Run, displayName: R, description: R,
                             allowedMemberTypes: [Application]}}
          app:
            displayName: App
            permissions:
              - {resource: microsoftGraph, application: [User.Read.All], adminConsent: true}
              - {resource: api, application: [Jobs.Run], adminConsent: true}
        """,
    )
    assert found.of("app_role_assignment") == [
        "app_role_assignment.app.api.run",
        "app_role_assignment.app.microsoftGraph.User.Read.All",
    ]
    assert found.body("app_role_assignment.app.microsoftGraph.User.Read.All") == {
        "principalId": ref("service_principal.app"),
        "resourceId": ref("existing.microsoftGraph"),
        "appRoleId": ref("existing.microsoftGraph", "appRoles[value=User.Read.All].id"),
    }
    assert found.body("app_role_assignment.app.api.run")["appRoleId"] == ref(
        "application.api", "appRoles[value=Jobs.Run].id"
    )
    assert found.settings("app_role_assignment.app.api.run") == {"declaredBy": "permissions"}


def test_apis_may_be_app_ids_and_existing_objects(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"""\
        existing:
          legacy: {{application: Legacy}}
          partner: {{appId: 33333333-3333-4333-8333-333333333333}}
          named: {{servicePrincipal: Named API}}
        applications:
          app:
            displayName: App
            permissions:
              - {{resource: legacy, delegated: [a], adminConsent: true}}
              - resource: 33333333-3333-4333-8333-333333333333
                delegated: [b]
                adminConsent: true
              - {{resource: named, delegated: [c]}}
              - {{resource: {GUID.upper()}, delegated: [d], adminConsent: true}}
        """,
    )
    assert [
        (access["resourceAppId"], access["resourceAccess"][0]["id"])
        for access in found.body("application.app")["requiredResourceAccess"]
    ] == [
        (
            ref("existing.legacy", "appId"),
            ref("existing.legacy/service_principal", "oauth2PermissionScopes[value=a].id"),
        ),
        (
            "33333333-3333-4333-8333-333333333333",
            ref("existing.partner", "oauth2PermissionScopes[value=b].id"),
        ),
        (
            ref("existing.named", "appId"),
            ref("existing.named", "oauth2PermissionScopes[value=c].id"),
        ),
        (GUID, ref(f"existing.{GUID}", "oauth2PermissionScopes[value=d].id")),
    ]
    assert found.of("delegated_permission_grant") == [
        f"delegated_permission_grant.app.{GUID}",
        "delegated_permission_grant.app.legacy",
        "delegated_permission_grant.app.partner",
    ]
    grant = found.body("delegated_permission_grant.app.legacy")
    assert grant["resourceId"] == ref("existing.legacy/service_principal")
    assert {name: found.settings(name) for name in found.of("existing")} == {
        f"existing.{GUID}": {"type": "servicePrincipal", "by": "appId", "value": GUID},
        "existing.legacy": {"type": "application", "by": "displayName", "value": "Legacy"},
        "existing.legacy/service_principal": {
            "type": "servicePrincipal",
            "by": "appId",
            "value": ref("existing.legacy", "appId"),
        },
        "existing.named": {
            "type": "servicePrincipal",
            "by": "displayName",
            "value": "Named API",
        },
        "existing.partner": {
            "type": "servicePrincipal",
            "by": "appId",
            "value": "33333333-3333-4333-8333-333333333333",
        },
    }


def test_people_and_groups_may_be_found_by_id(tmp_path: Path) -> None:
    found = read(tmp_path, f"existing: {{g: {{group: {GUID}}}, u: {{user: {GUID}}}}}")
    assert found.settings("existing.g") == {"type": "group", "by": "id", "value": GUID}
    assert found.settings("existing.u") == {"type": "user", "by": "id", "value": GUID}


def test_an_api_that_is_adopted_may_offer_what_the_manifest_does_not_name(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path,
        """\
        applications:
          api: {displayName: Api, adopt: {displayName: Api}}
          app: {displayName: App, permissions: [{resource: api, delegated: [read]}]}
        """,
    )
    assert found.faults == []


def test_an_application_may_do_without_a_service_principal(tmp_path: Path) -> None:
    found = read(tmp_path, app("servicePrincipal: null"))
    assert sorted(found.desired) == ["application.app"]


def test_a_service_principal_carries_what_is_declared(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app(
            "servicePrincipal: {accountEnabled: false, tags: [HideApp], notes: null, "
            "alternativeNames: null, preferredSingleSignOnMode: saml, "
            "notificationEmailAddresses: [a@contoso.com], loginUrl: https://a.example}"
        ),
    )
    assert found.body("service_principal.app") == {
        "appId": ref("application.app", "appId"),
        "accountEnabled": False,
        "tags": ["HideApp"],
        "notes": None,
        "loginUrl": "https://a.example",
        "notificationEmailAddresses": ["a@contoso.com"],
        "preferredSingleSignOnMode": "saml",
        "alternativeNames": [],
    }


def test_without_roles_an_assignment_is_to_the_application_itself(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "existing: {alice: {user: a@contoso.com}, old: {application: Old}}\n"
        + app("servicePrincipal: {assignments: [{principal: alice}, {principal: old}]}"),
    )
    assert found.body("app_role_assignment.alice.app.default") == {
        "principalId": ref("existing.alice"),
        "resourceId": ref("service_principal.app"),
        "appRoleId": "00000000-0000-0000-0000-000000000000",
    }
    assert found.body("app_role_assignment.old.app.default")["principalId"] == ref(
        "existing.old/service_principal"
    )


def test_owners_are_users_or_service_principals(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"existing: {{alice: {{user: a@contoso.com}}, ci: {{appId: {GUID}}}}}\n"
        + app("owners: [alice, ci, app]"),
    )
    assert {name: found.body(name) for name in found.of("application_owner")} == {
        "application_owner.app.alice": {"id": ref("existing.alice")},
        "application_owner.app.app": {"id": ref("service_principal.app")},
        "application_owner.app.ci": {"id": ref("existing.ci")},
    }
    assert found.settings("application_owner.app.ci") == {"exact": True}


def test_no_owners_at_all_are_remembered_as_declared(tmp_path: Path) -> None:
    found = read(tmp_path, app("owners: []"))
    assert found.of("application_owner") == []
    assert found.settings("application.app")["declared"] == ["owners"]
