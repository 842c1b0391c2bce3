"""What a worker that takes over may do without asking: what was approved, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.core.model import Address, Ref, Template, Value
from provisioning.core.plan import Action, Change, Held, Plan, Step
from provisioning.tenants.rest import is_rest

API, APP = Address("application", "api"), Address("application", "app")
APP_ID = Ref(API, "appId")


def plan(*steps: Step) -> Plan:
    return Plan("1", "contoso", "alice", "client", steps)


def create(address: Address, **properties: Value) -> Step:
    changes = tuple(Change(path, None, value) for path, value in properties.items())
    return Step(address, Action.CREATE, "not in the tenant", changes)


def update(address: Address, path: str, before: Value, after: Value) -> Step:
    return Step(address, Action.UPDATE, "differs", (Change(path, before, after),))


APPROVED = plan(
    create(API, displayName="api", tags=["a", "b"]),
    create(APP, resourceAppId=APP_ID, uri=Template(("api://", APP_ID, "/x")), info={"a": 1}),
)


@pytest.mark.parametrize(
    "found",
    [
        plan(),
        plan(APPROVED.steps[1]),
        plan(create(APP, resourceAppId="0000", uri="api://0000/x", info={"a": 1})),
        plan(update(API, "tags", ["a"], ["a", "b"])),
        plan(
            update(API, "tags", [], ["a", "b"]),
            replace(create(Address("application", "x")), held=Held("self", "no")),
        ),
    ],
)
def test_fewer_steps_fewer_changes_and_values_known_by_now_are_the_rest(found: Plan) -> None:
    assert is_rest(found, APPROVED)


@pytest.mark.parametrize(
    "found",
    [
        plan(create(Address("application", "other"))),
        plan(Step(API, Action.DELETE, "")),
        plan(Step(API, Action.REPLACE, "")),
        plan(create(API, displayName="another")),
        plan(create(API, notes="more")),
        plan(create(API, tags=["a", "b", "c"])),
        plan(create(APP, uri="https://0000/x")),
        plan(create(APP, uri="api:///x")),
        plan(create(APP, info={"a": 1, "b": 2})),
        plan(create(APP, info={"a": True})),
        plan(create(APP, resourceAppId=7)),
        plan(create(API, displayName="api")),
        plan(create(APP, resourceAppId="", uri="api://0000/x", info={"a": 1})),
        plan(create(APP, resourceAppId="0000", uri="api://0000/y/x", info={"a": 1})),
        plan(create(APP, resourceAppId='0"><x a="', uri="api://0000/x", info={"a": 1})),
        replace(plan(APPROVED.steps[1]), tenant_id="2"),
    ],
)
def test_whatever_goes_beyond_the_approval_is_not(found: Plan) -> None:
    assert not is_rest(found, APPROVED)


def test_a_held_step_approves_nothing() -> None:
    held = replace(APPROVED.steps[0], held=Held("deletions", "too many"))
    assert not is_rest(plan(APPROVED.steps[0]), plan(held))


def test_a_key_of_an_element_may_be_known_by_now() -> None:
    path = "requiredResourceAccess[${application.api.appId}]"
    approved = plan(Step(APP, Action.UPDATE, "", (Change(path, None, {"x": 1}),)))
    known = Change("requiredResourceAccess[0000]", None, {"x": 1})
    assert is_rest(plan(Step(APP, Action.UPDATE, "", (known,))), approved)
    for odd in ("appRoles[0000]", "requiredResourceAccess[0].resourceAccess[1]"):
        other = Change(odd, None, {"x": 1})
        assert not is_rest(plan(Step(APP, Action.UPDATE, "", (other,))), approved)


def test_an_update_never_became_a_create() -> None:
    approved = plan(update(API, "displayName", "a", "b"))
    assert not is_rest(plan(create(API, displayName="b")), approved)


def test_what_somebody_wrote_since_is_not_overwritten() -> None:
    approved = plan(update(API, "displayName", "a", "b"))
    assert is_rest(approved, approved)
    assert not is_rest(plan(update(API, "displayName", "c", "b")), approved)


def test_what_is_half_removed_may_be_removed_whole() -> None:
    scope: dict[str, Value] = {"value": "read", "isEnabled": True}
    approved = plan(update(API, "api.oauth2PermissionScopes[read]", scope, None))
    found = plan(
        update(API, "api.oauth2PermissionScopes[read]", {**scope, "isEnabled": False}, None)
    )
    assert is_rest(found, approved)
