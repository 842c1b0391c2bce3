"""Who has the roles of an application: declared, declared no more, or never declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stage import DOMAIN, Stage, holds, steps

from provisioning.core.plan import Action
from provisioning.sandbox import Fault

MARK = "provisioning-assignments"
ROLES = "{displayName: R, description: Reads, allowedMemberTypes: [User]}"
HEAD = f"existing: {{alice: {{user: alice@{DOMAIN}}}, helpdesk: {{group: Helpdesk}}}}"
BARE = f"staff: {{displayName: Staff, signInAudience: AzureADMyOrg, appRoles: {{reader: {ROLES}}}}}"


def members(*names: str, more: str = "") -> str:
    listed = ", ".join(f"{{principal: {name}, role: reader}}" for name in names)
    return f"{BARE[:-1]}, servicePrincipal: {{{more}assignments: [{listed}]}}}}"


def tenant(folder: Path, **switches: Any) -> Stage:
    stage = Stage.fresh(folder, type="workforce", **switches)
    made = stage.world.box.add_tenant(DOMAIN, "workforce")
    stage.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice")
    stage.world.box.add_user(DOMAIN, f"bob@{DOMAIN}", "Bob")
    stage.world.box.add_group(made.id, "Helpdesk")
    return stage


def holders(stage: Stage) -> list[str]:
    return sorted(
        one["principalDisplayName"]
        for one in stage.kept("appRoleAssignments")
        if one["resourceDisplayName"] == "Staff"
    )


async def assign(stage: Stage, name: str) -> None:
    """Assign somebody in the portal."""
    (person,) = (one for one in stage.kept("users") if one["displayName"] == name)
    (staff,) = (one for one in stage.kept("servicePrincipals") if one["displayName"] == "Staff")
    await stage.make(
        f"servicePrincipals/{staff['id']}/appRoleAssignedTo",
        principalId=person["id"],
        resourceId=staff["id"],
        appRoleId=stage.app("Staff")["appRoles"][0]["id"],
    )


@pytest.mark.parametrize("without", [BARE, f"{BARE[:-1]}, servicePrincipal: {{notes: x}}}}"])
@pytest.mark.parametrize("switches", [{}, {"read_lag": 2}], ids=["plain", "lag"])
async def test_those_that_were_declared_go_with_the_whole_key(
    tmp_path: Path, without: str, switches: dict[str, Any]
) -> None:
    stage = tenant(tmp_path, **switches)
    await stage.settle(members("alice", "helpdesk"), head=HEAD)
    assert holders(stage) == ["Alice", "Helpdesk"]
    assert MARK in stage.app("Staff")["tags"]
    report = await stage.apply(without, head=HEAD)
    assert not report.failed
    assert holders(stage) == []
    assert MARK not in stage.app("Staff")["tags"]
    for _ in range(3):
        after = await stage.plan(without, head=HEAD)
    assert after.steps == ()


async def test_one_that_the_portal_made_is_left_alone_where_none_was_ever_declared(
    tmp_path: Path,
) -> None:
    stage = tenant(tmp_path)
    await stage.settle(BARE)
    assert MARK not in stage.app("Staff")["tags"]
    await assign(stage, "Bob")
    assert (await stage.plan(BARE)).steps == ()
    await stage.settle(f"{BARE[:-1]}, servicePrincipal: {{notes: x}}}}")
    assert holders(stage) == ["Bob"]


async def test_after_the_key_went_the_portal_is_free_to_assign(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    await stage.settle(members("alice"), head=HEAD)
    await stage.settle(BARE)
    await assign(stage, "Bob")
    assert (await stage.plan(BARE)).steps == ()


async def test_an_empty_list_is_exact_and_keeps_its_mark(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    await stage.settle(members(), head=HEAD)
    await assign(stage, "Bob")
    await stage.settle(members(), head=HEAD)
    assert holders(stage) == []
    assert MARK in stage.app("Staff")["tags"]


@pytest.mark.parametrize("after_commit", [True, False])
@pytest.mark.parametrize("passed", range(4))
async def test_a_run_that_ends_in_between_forgets_nobody(
    tmp_path: Path, passed: int, after_commit: bool
) -> None:
    stage = tenant(tmp_path)
    await stage.settle(members("alice", "helpdesk"), head=HEAD)
    for method in ("DELETE", "PATCH"):
        stage.world.box.faults.add(
            Fault(path="/v1.0", method=method, skip=passed, status=403, after_commit=after_commit)
        )
    await stage.apply(BARE, head=HEAD)
    stage.world.box.faults.clear()
    await stage.settle(BARE, head=HEAD)
    assert holders(stage) == []
    assert MARK not in stage.app("Staff")["tags"]


async def test_a_role_and_who_has_it_go_in_one_apply(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    await stage.settle(members("alice", "helpdesk"), head=HEAD)
    plan = await stage.plan("staff: {displayName: Staff, signInAudience: AzureADMyOrg}")
    assert holds(plan) == {}
    assert sorted(steps(plan).values()) == [Action.DELETE, Action.DELETE, Action.UPDATE]
    await stage.settle("staff: {displayName: Staff, signInAudience: AzureADMyOrg}")
    assert stage.app("Staff")["appRoles"] == []
    assert holders(stage) == []


async def test_a_role_stays_as_long_as_something_holds_those_who_have_it(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    names = [f"user{number}" for number in range(10)]
    for name in names:
        stage.world.box.add_user(DOMAIN, f"{name}@{DOMAIN}", name)
    lines = ", ".join(f"{name}: {{user: {name}@{DOMAIN}}}" for name in names)
    head = f"existing: {{{lines}}}"
    await stage.settle(members(*names), head=head)
    gone = "staff: {displayName: Staff, signInAudience: AzureADMyOrg}"
    held = holds(await stage.plan(gone))
    assert held.pop("application.staff") == "role-in-use"
    assert list(held.values()) == ["deletions"] * 10
    await stage.settle(gone, allow=["deletions"])
    assert (holders(stage), stage.app("Staff")["appRoles"]) == ([], [])


async def test_one_role_of_two_goes_with_its_line(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    two = members("helpdesk").replace(f"reader: {ROLES}", f"reader: {ROLES}, writer: {ROLES}")
    more = two.replace("assignments: [", "assignments: [{principal: alice, role: writer}, ")
    await stage.settle(more, head=HEAD)
    await stage.settle(members("helpdesk"), head=HEAD)
    assert [role["value"] for role in stage.app("Staff")["appRoles"]] == ["reader"]
    assert holders(stage) == ["Helpdesk"]


async def test_a_role_that_the_portal_assigned_still_is_held(tmp_path: Path) -> None:
    stage = tenant(tmp_path)
    await stage.settle(BARE)
    await assign(stage, "Bob")
    plan = await stage.plan("staff: {displayName: Staff, signInAudience: AzureADMyOrg}")
    assert holds(plan) == {"application.staff": "role-in-use"}
