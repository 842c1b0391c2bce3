"""How little is read: calls and rounds do not grow with the tenant."""

from __future__ import annotations

from math import ceil
from pathlib import Path

from stage import Stage

TRIPLES = 40


def triples(count: int) -> str:
    return "\n".join(
        f"app{number}: {{displayName: App {number}, permissions: "
        "[{resource: microsoftGraph, delegated: [openid], adminConsent: true}]}"
        for number in range(count)
    )


async def test_a_plan_in_sync_stays_within_its_budget(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    apps = triples(TRIPLES)
    await stage.settle(apps)
    for number in range(5):
        await stage.make(
            "applications", displayName=f"Foreign {number}", signInAudience="AzureADMyOrg"
        )
    draft = await stage.draft(apps)
    batches = ceil(TRIPLES / 20)
    per_object = ("servicePrincipals", "grants", "assignments", "federated credentials")
    assert draft.plan.steps == ()
    assert draft.stats.http_calls <= 6 + batches * len(per_object)
    assert draft.stats.rounds <= 4


async def test_no_collection_of_the_tenant_is_listed_whole(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path)
    await stage.settle(triples(2))
    before = len(stage.world.box.log)
    await stage.draft(triples(2))
    lists = {
        entry.path.split("?")[0]
        for entry in stage.world.box.log[before:]
        if entry.method == "GET" and "$filter" not in entry.path
    }
    whole = {"applications", "servicePrincipals", "oauth2PermissionGrants", "directory"}
    assert {path for path in lists if path.rsplit("/", 1)[-1] in whole} == set()
    assert not any("deletedItems" in path for path in lists)
