from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provisioning.core import guards, paths, plan, refs
from provisioning.core.guards import Allowed
from provisioning.core.model import Address, Finding, Place, Ref, Severity, Template
from provisioning.core.plan import Action, Change, Held, Plan, Step, Unmanaged

APP = Address("application", "app")
API = Address("application", "api")


def sample() -> Plan:
    template = Template(("api://", Ref(API, "appId")))
    return Plan(
        tenant_id="t",
        tenant_name="Contoso",
        principal="deployer",
        client="c",
        steps=(
            Step(
                API,
                Action.CREATE,
                "not in the tenant",
                (Change("identifierUris", None, [template]),),
            ),
            Step(APP, Action.UPDATE, "differs", (Change("notes", "a", None),), depends_on=(API,)),
            Step(Address("application", "old"), Action.DELETE, "gone", held=Held("prune", "r")),
        ),
        findings=(Finding("x", "wrong", "right", Severity.WARNING, Place("m.yaml", 3, 5), APP),),
        unmanaged=(Unmanaged(APP, "isFallbackPublicClient", True),),
    )


def test_a_plan_survives_its_json() -> None:
    text = json.dumps(plan.to_json(sample()))
    assert plan.from_json(json.loads(text)) == sample()


def test_the_digest_covers_changes_and_nothing_about_who_or_what_is_held() -> None:
    one = sample()
    assert replace(one, principal="reader", client="d", tenant_name="x").digest == one.digest
    opened = replace(one, steps=tuple(replace(s, held=None, reason="") for s in one.steps))
    assert opened.digest == one.digest
    other = replace(one.steps[1], changes=(Change("notes", "a", "b"),))
    assert replace(one, steps=(one.steps[0], other, one.steps[2])).digest != one.digest
    assert replace(one, steps=one.steps[::-1]).digest == one.digest


def test_the_summary_counts_held_steps_only_as_held() -> None:
    assert sample().summary() == {
        "create": 1,
        "update": 1,
        "replace": 0,
        "delete": 0,
        "restore": 0,
        "held": 1,
        "manual": 0,
        "unmanaged": 1,
    }


@pytest.mark.parametrize("document", [None, [], {}, {"formatVersion": 2}, {"formatVersion": 1}])
def test_what_is_no_plan_is_said_to_be_none(document: object) -> None:
    with pytest.raises(ValueError, match=r"plan|lacks"):
        plan.from_json(document)


def steps(action: Action, count: int) -> tuple[Step, ...]:
    return tuple(Step(Address("application", f"a{i}"), action, "") for i in range(count))


def enforce(given: tuple[Step, ...], owned: int, *allow: str) -> Plan:
    addresses = {Address("application", f"a{i}") for i in range(owned)}
    draft = replace(sample(), steps=given)
    return counted(draft, addresses, *allow)


def counted(draft: Plan, owned: set[Address], *allow: str) -> Plan:
    whole = {"application": True, "custom_policy": True, "service_principal": False}
    return guards.enforce(draft, owned=owned, whole=whole, allowed=Allowed(frozenset(allow)))


def test_more_than_thirty_percent_of_ten_deletions_are_held() -> None:
    assert len(enforce(steps(Action.DELETE, 4), 10).held) == 4
    assert enforce(steps(Action.DELETE, 3), 10).held == ()
    assert enforce(steps(Action.DELETE, 4), 9).held == ()
    assert enforce(steps(Action.DELETE, 4), 10, "deletions").held == ()
    assert len(enforce(steps(Action.DELETE, 4), 10, "deletions=application.a0").held) == 3


def test_mass_updates_are_held_apart_from_deletions() -> None:
    held = enforce(steps(Action.UPDATE, 5), 10)
    assert {s.held.guard for s in held.held if s.held} == {"updates"}
    assert enforce(steps(Action.UPDATE, 5), 10, "deletions").held == held.held


def several(kind: str, count: int, start: int = 0) -> set[Address]:
    return {Address(kind, f"a{i}") for i in range(start, start + count)}


def losing(owned: set[Address], gone: set[Address]) -> set[str]:
    """Kinds of the deletions that are held."""
    deletions = tuple(Step(address, Action.DELETE, "") for address in sorted(gone))
    held = counted(replace(sample(), steps=deletions), owned).held
    assert all(step.held and step.held.guard == "deletions" for step in held)
    return {step.address.kind for step in held}


def test_children_of_kept_objects_do_not_dilute_a_mass_deletion() -> None:
    children = several("delegated_permission_grant", 7) | several("service_principal", 7)
    owned = several("application", 12) | children
    assert losing(owned, several("application", 5)) == {"application"}
    assert losing(owned, several("application", 3)) == set()


def test_children_that_go_do_not_make_one_deletion_a_mass() -> None:
    owned = several("application", 10) | several("delegated_permission_grant", 4)
    gone = several("application", 1) | several("delegated_permission_grant", 4)
    assert losing(owned, gone) == set()


def test_many_children_of_kept_objects_are_a_mass_of_their_own() -> None:
    owned = several("application", 100) | several("delegated_permission_grant", 100)
    assert losing(owned, several("delegated_permission_grant", 40)) == {
        "delegated_permission_grant"
    }
    assert losing(owned, several("delegated_permission_grant", 30)) == set()
    assert losing(several("application_owner", 9), several("application_owner", 9)) == set()


def test_what_stands_on_its_own_is_counted_together_and_by_kind() -> None:
    owned = several("application", 5) | several("custom_policy", 5)
    gone = several("application", 2) | several("custom_policy", 2)
    assert losing(owned, gone) == {"application", "custom_policy"}
    owned = several("application", 12) | several("custom_policy", 30)
    assert losing(owned, several("application", 4)) == {"application"}


@pytest.mark.parametrize(
    ("kind", "held"),
    [("application_password", 0), ("service_principal", 12), ("application", 12)],
)
def test_rotating_every_secret_is_no_mass_update(kind: str, held: int) -> None:
    owned = several("application", 12) | several("service_principal", 12) | several(kind, 12)
    updates = tuple(Step(address, Action.UPDATE, "") for address in sorted(several(kind, 12)))
    assert len(counted(replace(sample(), steps=updates), owned).held) == held


def test_creations_never_count() -> None:
    assert enforce(steps(Action.CREATE, 30), 10).held == ()


def test_what_waits_for_a_held_step_is_held_with_it() -> None:
    first = Step(API, Action.REPLACE, "")
    second = Step(APP, Action.UPDATE, "", depends_on=(API,))
    plan_ = enforce((first, second), 2)
    assert [s.held.guard for s in plan_.held if s.held] == ["replace", "replace"]
    assert plan_.held[1].held == Held("replace", "waits for application.api, which is held")
    assert enforce((first, second), 2, "replace").held == ()


def test_allow_names_are_checked() -> None:
    allowed = Allowed(frozenset({"replace", "restore", "nonsense", "purge=application.x"}))
    assert len(allowed.faults(["application"])) == 2
    assert "--allow restore=ADDRESS" in allowed.faults(["application"])[1]


def test_paths_pick_members_and_entries() -> None:
    body = {"api": {"scopes": [{"value": "a.b", "id": 1}, {"value": "c", "id": None}]}}
    assert paths.select(body, "api.scopes[value=a.b].id") == 1
    assert paths.select(body, "api.scopes[value=c].id") is None
    assert paths.select(body, "api.scopes[value=x].id") is refs.MISSING
    assert paths.select(body, "web.x") is refs.MISSING
    with pytest.raises(ValueError, match="no path"):
        paths.select(body, "api..x")


def test_templates_are_filled_as_far_as_known() -> None:
    template = Template(("api://", Ref(API, "appId"), "/", Ref(APP, "appId")))
    half = refs.resolve(template, lambda ref: "1" if ref.address == API else refs.MISSING)
    assert half == Template(("api://1/", Ref(APP, "appId")))
    assert refs.resolve(half, lambda _: "2") == "api://1/2"
