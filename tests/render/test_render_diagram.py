"""The drawing of what a manifest wants."""

from __future__ import annotations

from provisioning.core.model import Address, Desired, Place, Ref
from provisioning.render import diagram

PLACE = Place("m.yaml", 1, 1)
APP = Address("application", "app")
APP_PRINCIPAL = Address("service_principal", "app")
GRAPH = Address("existing", "microsoftGraph")


def test_objects_are_nodes_and_grants_are_arrows() -> None:
    objects = (
        Desired(
            Address("delegated_permission_grant", "app.microsoftGraph"),
            {
                "clientId": Ref(APP_PRINCIPAL),
                "resourceId": Ref(GRAPH),
                "scope": ["offline_access", "openid"],
            },
            PLACE,
            parent=APP,
        ),
        Desired(
            Address("app_role_assignment", "app.microsoftGraph.User.Read.All"),
            {"principalId": Ref(APP_PRINCIPAL), "resourceId": Ref(GRAPH)},
            PLACE,
            parent=APP,
        ),
        Desired(Address("application_password", "app.main"), {}, PLACE, parent=APP),
        Desired(APP_PRINCIPAL, {"appId": Ref(APP, "appId")}, PLACE, parent=APP),
        Desired(APP, {"displayName": 'My "app"|x'}, PLACE),
        Desired(GRAPH, {}, PLACE, {"value": "00000003-0000-0000-c000-000000000000"}),
    )
    assert diagram.mermaid(objects) == (
        "flowchart LR\n"
        '  application_2e_app["application.app<br/>My #34;app#34;#124;x"]\n'
        '  existing_2e_microsoftGraph{{"existing.microsoftGraph<br/>'
        '00000003-0000-0000-c000-000000000000"}}\n'
        '  service_5f_principal_2e_app(["service_principal.app"])\n'
        '  service_5f_principal_2e_app -->|"User.Read.All"| existing_2e_microsoftGraph\n'
        "  application_2e_app --- application_5f_password_2e_app_2e_main"
        '["application_password main"]\n'
        '  service_5f_principal_2e_app -->|"offline_access openid"| existing_2e_microsoftGraph\n'
        "  application_2e_app -.-> service_5f_principal_2e_app\n"
    )


def test_the_order_of_the_objects_does_not_matter() -> None:
    objects = [Desired(Address("application", key), {}, PLACE) for key in "cab"]
    assert diagram.mermaid(objects) == diagram.mermaid(reversed(objects))
