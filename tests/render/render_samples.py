"""One plan and one report that show everything a renderer can meet."""

from __future__ import annotations

from provisioning.core.model import Address, Finding, Place, Ref, Severity, Template
from provisioning.core.plan import Action, Change, Held, Plan, Step, Unmanaged
from provisioning.core.report import Fault, Outcome, Report, Result, Stats

API = Address("application", "api")
APP = Address("application", "app")
GRANT = Address("delegated_permission_grant", "app.microsoftGraph")
OLD = Address("application", "old")


def _plan() -> Plan:
    app_id = Ref(API, "appId")
    return Plan(
        tenant_id="11111111-1111-1111-1111-111111111111",
        tenant_name="Contoso (contoso.onmicrosoft.com)",
        principal="alice@contoso.com",
        client="04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        steps=(
            Step(
                API,
                Action.CREATE,
                "not in the tenant",
                (
                    Change("displayName", None, "Contoso API"),
                    Change("identifierUris", None, [Template(("api://", app_id))]),
                ),
            ),
            Step(
                APP,
                Action.UPDATE,
                "differs from the manifest",
                (
                    Change("isFallbackPublicClient", False, True),
                    Change(
                        "web.redirectUris",
                        ["https://a", "https://b"],
                        ["https://b", "myapp://auth"],
                    ),
                    Change("requiredResourceAccess[api]", None, {"resourceAppId": app_id}),
                    Change("notes", "old", None),
                ),
            ),
            Step(
                GRANT,
                Action.DELETE,
                "not in the manifest",
                held=Held("narrow-consent", "consent would shrink"),
            ),
            Step(
                OLD, Action.DELETE, "not in the manifest", held=Held("prune", "not in the manifest")
            ),
            Step(
                Address("user_flow", "B2C_1_ROPC"),
                Action.CREATE,
                "not in the tenant",
                manual="Open the portal",
            ),
        ),
        findings=(
            Finding(
                "unknown-permission",
                "no scope named red",
                "did you mean read?",
                Severity.WARNING,
                Place("manifest.yaml", 7, 3),
            ),
        ),
        unmanaged=(Unmanaged(APP, "web.homePageUrl", "https://a"),),
    )


PLAN = _plan()
STATS = Stats(http_calls=5, requests=41, retries=1, rounds=3, seconds=1.25)
REPORT = Report(
    plan=PLAN,
    outcomes=(
        Outcome(API, Action.CREATE, Result.DONE, "not in the tenant", seconds=0.4),
        Outcome(
            APP,
            Action.UPDATE,
            Result.FAILED,
            fault=Fault(
                "Insufficient privileges to complete the operation.",
                "ask for Application.ReadWrite.All",
                403,
                "Authorization_RequestDenied",
                "0aa0",
                "PATCH",
                "/applications/1",
            ),
        ),
        Outcome(GRANT, Action.DELETE, Result.HELD, "consent would shrink"),
    ),
    after=PLAN,
    settled=True,
    run="20260102-030405",
    stats=STATS,
)
