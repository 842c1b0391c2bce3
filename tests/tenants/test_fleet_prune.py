"""One manifest in two tenants: pruning in one leaves the other's service principals alone."""

from __future__ import annotations

from pathlib import Path

import httpx
from fleet_stage import MANIFEST, Stage

from provisioning.core.guards import Allowed

SHARED = (
    MANIFEST.replace("AzureADMyOrg", "AzureADMultipleOrgs")
    + """\
  other:
    displayName: Other
    signInAudience: AzureADMyOrg
"""
)


async def consented(stage: Stage, home: str, where: str) -> str:
    """Make a service principal for one tenant's app in another, as a consent does."""
    (app,) = (
        app["appId"]
        for app in stage.box.dump(stage.id(home))["applications"]
        if app["displayName"] == "App"
    )
    async with httpx.AsyncClient(transport=stage.box.transport()) as client:
        answer = await client.post(
            "https://graph.microsoft.com/v1.0/servicePrincipals",
            json={"appId": app},
            headers={"authorization": f"Bearer {stage.token(where)}"},
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_pruning_leaves_the_service_principal_of_another_tenants_app(tmp_path: Path) -> None:
    stage = Stage.made(tmp_path, ("alpha", "beta"), SHARED)
    assert set((await stage.apply()).statuses.values()) == {"applied"}
    guest = await consented(stage, "alpha", "beta")
    assert set((await stage.plan()).statuses.values()) == {"in-sync"}
    text = "".join(SHARED.partition("  other:")[1:])
    (tmp_path / "manifest.yaml").write_text(
        "version: 1\nname: demo\nvariables: {redirectUri: {default: a}}\napplications:\n" + text
    )
    desk = stage.desk(allow=Allowed(frozenset(), prune=True))
    ended = await stage.apply(desk)
    assert ended.statuses == {"alpha": "applied", "beta": "applied"}
    for name in stage.names:
        dumped = stage.box.dump(stage.id(name))
        assert "App" not in [app["displayName"] for app in dumped["applications"]]
        apps = [sp["id"] for sp in dumped["servicePrincipals"] if sp["displayName"] == "App"]
        assert apps == ([guest] if name == "beta" else [])
    stage.box.close()
