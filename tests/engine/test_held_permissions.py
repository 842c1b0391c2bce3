"""Rights held against rights needed: before the reads and before the writes that would fail."""

from __future__ import annotations

import pytest
from world import World

from provisioning.core.errors import RefusedError

ONE = """\
version: 1
name: one
tenant: {domain: contoso.onmicrosoft.com, type: workforce}
applications:
  app: {displayName: App}
"""
PEOPLE = (
    ONE
    + """\
existing:
  alice: {user: alice@contoso.onmicrosoft.com}
  helpdesk: {group: Helpdesk}
"""
)
ORGANIZATION = "Organization.Read.All"


def requests(world: World) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in world.box.log]


async def refusal(world: World, text: str, *, apply: bool = False, **rights: object) -> str:
    wanted = world.load(world.write(text))
    with pytest.raises(RefusedError) as caught:
        await (world.apply if apply else world.plan)(wanted, **rights)
    return f"{caught.value.message}; {caught.value.remedy}"


async def test_a_plan_names_every_missing_right_before_the_first_read(world: World) -> None:
    said = await refusal(world, PEOPLE, roles=())
    assert "lacks Organization.Read.All (to read organization)" in said
    assert said.count("Application.Read.All") == 1
    assert "User.ReadBasic.All (to read existing.alice)" in said
    assert "GroupMember.Read.All (to read existing.helpdesk)" in said
    assert "grant the application permissions with admin consent to client" in said
    assert requests(world) == []


async def test_what_hangs_on_an_application_that_is_made_is_read_so_its_right_is_asked_for_first(
    world: World,
) -> None:
    rights = (ORGANIZATION, "Application.ReadWrite.OwnedBy", "Application.Read.All")
    said = await refusal(world, ONE, apply=True, roles=rights)
    assert "lacks Directory.Read.All (to read delegated_permission_grant); grant" in said
    assert not [each for each in requests(world) if each.startswith(("POST /v1.0/app", "PATCH"))]


async def test_the_soft_deleted_are_no_reading_of_an_owner(world: World) -> None:
    said = await refusal(world, ONE, roles=(ORGANIZATION, "Application.ReadWrite.OwnedBy"))
    assert "lacks Application.Read.All (to read applications:deleted" in said


async def test_the_children_of_a_living_application_are_not_read_without_the_right(
    world: World,
) -> None:
    await world.apply(world.load(world.write(ONE)))
    said = await refusal(world, ONE, roles=(ORGANIZATION, "Application.Read.All"))
    assert "lacks Directory.Read.All (to read delegated_permission_grant)" in said


async def test_a_user_is_told_permissions_that_users_can_have(world: World) -> None:
    scopes = ("User.Read", "Directory.Read.All")
    said = await refusal(world, ONE, apply=True, scopes=scopes)
    assert "lacks Application.ReadWrite.All (to write application, service_principal)" in said
    assert "OwnedBy" not in said
    assert "grant the delegated permission with admin consent" in said


async def test_a_reader_plans_without_the_rights_to_write(world: World) -> None:
    rights = (ORGANIZATION, "Application.Read.All", "Directory.Read.All")
    drafted = await world.plan(world.load(world.write(ONE)), roles=rights)
    assert drafted.plan.summary()["create"] == 2
