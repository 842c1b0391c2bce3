"""Policies against a tenant: compared by meaning, uploaded parents first, guarded, explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from b2c_stage import DOMAIN, POLICIES, SHIPPED, B2c, holds, rules, steps

from provisioning.core.plan import Action, Change
from provisioning.core.report import Result
from provisioning.core.request import Call
from provisioning.engine import reconcile
from provisioning.kinds import KINDS
from provisioning.manifest import load
from provisioning.sandbox import Fault

MODES = ["echo", "drop_declaration_and_comments", "reindent", "rewrite"]
BASE, EXTENSIONS, SIGN_IN = "B2C_1A_Base", "B2C_1A_Extensions", "B2C_1A_ROPC_Auth"
NO_POLICIES = POLICIES.partition("customPolicies:")[0]


def relying_party(policy_id: str, base: str = EXTENSIONS) -> str:
    text = (SHIPPED / "ROPC_Auth.xml").read_text(encoding="utf-8")
    return (
        text.replace(SIGN_IN, policy_id)
        .replace(f"<PolicyId>{EXTENSIONS}", f"<PolicyId>{base}")
        .replace("{Settings:Tenant}", DOMAIN)
    )


def uploads(writes: list[str]) -> list[str]:
    return [write.split("/")[-2] for write in writes if write.startswith("PUT")]


@pytest.fixture
def stage(tmp_path: Path) -> B2c:
    made = B2c.fresh(tmp_path)
    made.policies()
    return made


@pytest.mark.parametrize("mode", MODES)
async def test_the_second_plan_is_empty_however_the_service_rewrites(
    tmp_path: Path, mode: str
) -> None:
    stage = B2c.fresh(tmp_path, get_policy=mode)
    stage.policies()
    writes = await stage.settle(POLICIES)
    assert uploads(writes) == [BASE, EXTENSIONS, SIGN_IN]
    assert await stage.settle(POLICIES) == []
    digests = [tag for tag in stage.ledger() if tag.startswith("provisioning-digest:")]
    assert len(digests) == (3 if mode == "rewrite" else 0)


@pytest.mark.parametrize("mode", MODES)
async def test_changing_one_claim_is_one_update(tmp_path: Path, mode: str) -> None:
    stage = B2c.fresh(tmp_path, get_policy=mode)
    stage.policies()
    await stage.settle(POLICIES)
    stage.edit("ROPC_Auth", 'Id="displayName" DefaultValue=""', 'Id="displayName"')
    plan = await stage.plan(POLICIES)
    assert steps(plan) == {f"custom_policy.{SIGN_IN}": Action.UPDATE}
    assert any("displayName" in change.path for change in plan.steps[0].changes)
    assert uploads(await stage.settle(POLICIES)) == [SIGN_IN]


async def test_the_plan_names_the_element_that_changes(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.edit("Extensions", ">email openid<", ">openid<")
    plan = await stage.plan(POLICIES)
    assert plan.steps[0].changes == (
        Change(
            "ClaimsProviders/TechnicalProfile[ResourceOwnerPasswordCredentials-OAUTH2]"
            "/Metadata/scope",
            "email openid",
            "openid",
        ),
    )


async def test_comments_and_layout_change_nothing(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.edit("ROPC_Auth", "<RelyingParty>", "<!-- who asks -->\n\n  <RelyingParty>")
    assert (await stage.plan(POLICIES)).steps == ()


async def test_a_change_without_a_visible_effect_ends_in_an_empty_plan(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, get_policy="rewrite")
    stage.policies()
    await stage.settle(POLICIES)
    item = '<Item Key="response_mode">query</Item>'
    scope = '<Item Key="scope">email openid</Item>'
    stage.edit("Extensions", item, "")
    stage.edit("Extensions", scope, f"{scope}\n{item}")
    assert len(uploads(await stage.settle(POLICIES))) == 2
    assert await stage.settle(POLICIES) == []


async def test_a_policy_edited_in_the_portal_is_put_back(stage: B2c) -> None:
    await stage.settle(POLICIES)
    drifted = stage.policy(SIGN_IN).replace('DefaultValue=""', 'DefaultValue="x"', 1)
    await stage.elsewhere("PUT", f"/trustFramework/policies/{SIGN_IN}/$value", drifted)
    assert steps(await stage.plan(POLICIES)) == {f"custom_policy.{SIGN_IN}": Action.UPDATE}
    assert uploads(await stage.settle(POLICIES)) == [SIGN_IN]
    lines = [
        json.loads(line)
        for path in sorted((stage.world.folder / "journal").iterdir())
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    (replaced,) = (line for line in lines if "replaced" in line)
    assert 'DefaultValue="x"' in replaced["content"]


async def test_an_edit_between_plan_and_apply_is_refused_and_not_lost(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.edit("ROPC_Auth", ' DefaultValue=""', "")
    theirs = stage.policy(SIGN_IN).replace('DefaultValue=""', 'DefaultValue="x"')
    async with stage.world.run(stage.world.load(stage.write(POLICIES))) as run:
        draft = await reconcile.draft(run)
        await run.graph.send(
            Call(
                "PUT",
                f"/trustFramework/policies/{SIGN_IN}/$value",
                version="beta",
                content=theirs.encode(),
                content_type="application/xml",
            )
        )
        report = await reconcile.carry_out(run, draft)
    (outcome,) = report.outcomes
    assert outcome.result is Result.FAILED
    assert outcome.fault is not None
    assert "was changed by somebody" in outcome.fault.message
    assert stage.policy(SIGN_IN) == theirs


async def test_a_policy_deleted_in_the_portal_is_made_again(stage: B2c) -> None:
    await stage.settle(POLICIES)
    await stage.elsewhere("DELETE", f"/trustFramework/policies/{SIGN_IN}")
    assert uploads(await stage.settle(POLICIES)) == [SIGN_IN]


async def test_a_no_op_plan_of_fifty_policies_takes_three_rounds(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.policies(**{f"RP{n}": relying_party(f"B2C_1A_RP{n}") for n in range(47)})
    await stage.settle(POLICIES)
    before = len(stage.world.box.log)
    draft = await stage.draft(POLICIES)
    assert draft.plan.steps == ()
    assert draft.stats.rounds <= 3
    read = [e.path for e in stage.world.box.log[before:] if e.path.endswith("$value")]
    assert len(read) == len(set(read)) == 50


async def test_siblings_go_one_by_one_once_the_service_asks_for_it(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, concurrent_policy_writes="refuse")
    stage.policies(**{f"RP{n}": relying_party(f"B2C_1A_RP{n}") for n in range(5)})
    stage.world.box.latency = 0.001
    writes = await stage.settle(POLICIES)
    assert len(uploads(writes)) == 8
    assert any(e.method == "PUT" and e.status == 409 for e in stage.world.box.log)


async def test_one_ledger_write_claims_everything_before_it_is_made(stage: B2c) -> None:
    writes = await stage.settle(POLICIES)
    assert writes[0] == "POST /applications"
    assert [write for write in writes if "applications" in write] == ["POST /applications"]
    assert len(stage.ledger()) == 5


async def test_policies_that_were_there_are_managed_and_never_deleted(stage: B2c) -> None:
    await stage.settle(NO_POLICIES)
    theirs = (SHIPPED / "Base.xml").read_text(encoding="utf-8").replace("{Settings:Tenant}", DOMAIN)
    stage.world.box.seed(stage.tenant, "policies", [theirs])
    assert uploads(await stage.settle(POLICIES)) == [EXTENSIONS, SIGN_IN]
    await stage.settle(NO_POLICIES, prune=True)
    assert [one["id"] for one in stage.kept("policies")] == [BASE]


async def test_deletions_wait_for_prune_and_go_children_first(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, policy_delete_with_children="refuse")
    stage.policies()
    await stage.settle(POLICIES)
    assert set(holds(await stage.plan(NO_POLICIES)).values()) == {"prune"}
    writes = await stage.settle(NO_POLICIES, prune=True)
    assert [write.split("/")[-1] for write in writes if write.startswith("DELETE")] == [
        SIGN_IN,
        EXTENSIONS,
        BASE,
    ]
    assert not any("custom_policy" in tag for tag in stage.ledger())


async def test_key_sets_go_after_the_policies_that_name_them(tmp_path: Path) -> None:
    stage = B2c.fresh(
        tmp_path, referenced_key_set_delete="refuse", policy_delete_with_children="refuse"
    )
    stage.policies()
    await stage.settle(POLICIES)
    allow = ["last-key", "deletions"]
    await stage.settle("applications: {}\n", prune=True, allow=allow)
    assert stage.kept("policies") == stage.kept("keySets") == []


async def test_a_base_whose_child_could_not_be_deleted_stays(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.world.box.faults.add(
        Fault(path=f"policies/{SIGN_IN}$", method="DELETE", times=9, status=403, code="AADB2C")
    )
    report = await stage.apply(NO_POLICIES, prune=True)
    results = {str(o.address): o.result for o in report.outcomes}
    assert results == {
        f"custom_policy.{SIGN_IN}": Result.FAILED,
        f"custom_policy.{EXTENSIONS}": Result.BLOCKED,
        f"custom_policy.{BASE}": Result.BLOCKED,
    }
    assert len(stage.kept("policies")) == 3


async def test_a_policy_that_others_inherit_from_is_not_deleted(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.world.box.seed(stage.tenant, "policies", [relying_party("B2C_1A_Theirs")])
    plan = await stage.plan(NO_POLICIES, prune=True)
    reasons = {str(step.address): step.held.reason for step in plan.held if step.held}
    assert reasons[f"custom_policy.{EXTENSIONS}"] == "B2C_1A_Theirs inherit(s) from it"
    assert (
        reasons[f"custom_policy.{BASE}"] == f"waits for custom_policy.{EXTENSIONS}, which is held"
    )
    assert steps(plan) == {f"custom_policy.{SIGN_IN}": Action.DELETE}


async def test_the_applications_that_a_kept_policy_names_are_kept_too(stage: B2c) -> None:
    framework = "identityExperienceFramework: {}\n"
    await stage.settle(framework + "customPolicies: {files: [policies/*.xml]}\n")
    stage.world.box.seed(stage.tenant, "policies", [relying_party("B2C_1A_Theirs")])
    nothing = "applications: {}\n"
    plan = await stage.plan(nothing, prune=True)
    reasons = {str(step.address): step.held.reason for step in plan.held if step.held}
    for key in ("ief", "ief_proxy"):
        assert reasons[f"application.{key}"].startswith(f"waits for custom_policy.{EXTENSIONS}")
    opened = await stage.plan(nothing, prune=True, allow=["inherited-policy"])
    assert steps(opened)["application.ief"] is Action.DELETE


async def test_a_change_that_breaks_somebody_elses_policy_is_held(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.world.box.seed(stage.tenant, "policies", [relying_party("B2C_1A_Theirs")])
    journey = "ResourceOwnerPasswordCredentials-RedeemRefreshToken"
    stage.edit("Extensions", journey, "Renamed")
    stage.edit("ROPC_Auth", journey, "Renamed")
    plan = await stage.plan(POLICIES)
    held = holds(plan)
    assert held[f"custom_policy.{EXTENSIONS}"] == "inherited-policy"
    assert any(f.place and f.place.file == "tenant:B2C_1A_Theirs" for f in plan.findings)
    assert plan.errors == ()
    opened = await stage.plan(POLICIES, allow=["inherited-policy"])
    assert steps(opened) == {
        f"custom_policy.{EXTENSIONS}": Action.UPDATE,
        f"custom_policy.{SIGN_IN}": Action.UPDATE,
    }


async def test_a_change_that_harms_nobody_is_not_held(stage: B2c) -> None:
    await stage.settle(POLICIES)
    stage.world.box.seed(stage.tenant, "policies", [relying_party("B2C_1A_Theirs")])
    stage.edit("Extensions", ">email openid<", ">openid<")
    plan = await stage.plan(POLICIES)
    assert holds(plan) == {}
    assert rules(plan) == []


async def test_a_key_set_that_nobody_has_is_an_error_before_the_upload(stage: B2c) -> None:
    stage.edit("Base", "B2C_1A_TokenEncryptionKeyContainer", "B2C_1A_Forgotten")
    plan = await stage.plan(POLICIES)
    (error,) = plan.errors
    assert "B2C_1A_Forgotten" in error.message
    assert str(error.place).rpartition("/")[2].startswith("Base.xml:")


async def test_a_parent_that_is_nowhere_is_an_error_before_the_upload(stage: B2c) -> None:
    stage.edit("Extensions", "<PolicyId>B2C_1A_Base<", "<PolicyId>B2C_1A_Lost<")
    plan = await stage.plan(POLICIES)
    assert "missing-base-policy" in {error.rule for error in plan.errors}


async def test_what_the_service_says_is_led_back_to_the_file(stage: B2c) -> None:
    said = (
        'Validation failed: 1 validation error(s) found in policy "B2C_1A_EXTENSIONS" of tenant '
        f'"{DOMAIN}".Policy "{EXTENSIONS}" of tenant "{DOMAIN}" makes a reference to ClaimType '
        'with id "logonIdentifier" but neither the policy nor any of its base policies contain '
        "such an element."
    )
    stage.world.box.faults.add(
        Fault(path=f"{EXTENSIONS}/", method="PUT", status=400, code="AADB2C", message=said)
    )
    report = await stage.apply(POLICIES)
    results = {str(o.address): o for o in report.outcomes if o.result is not Result.DONE}
    fault = results[f"custom_policy.{EXTENSIONS}"].fault
    assert fault is not None
    assert fault.message.startswith(f"{stage.world.folder.as_posix()}/policies/Extensions.xml:")
    assert "Validation failed" not in fault.message
    assert results[f"custom_policy.{SIGN_IN}"].result is Result.BLOCKED
    assert len(stage.kept("policies")) == 1


async def test_an_application_made_in_the_same_run_is_named_in_the_policy(stage: B2c) -> None:
    text = POLICIES.replace("11111111-1111-4111-8111-111111111111", '"${application.mine.appId}"')
    text += "applications: {mine: {displayName: Mine}}\n"
    await stage.settle(text)
    (mine,) = (app for app in stage.kept("applications") if app["displayName"] == "Mine")
    assert mine["appId"] in stage.policy(EXTENSIONS)
    assert await stage.settle(text) == []


def test_every_fault_of_the_files_is_told_at_its_place(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.policies(Broken="<TrustFrameworkPolicy", Alien="<a/>")
    stage.edit("ROPC_Auth", "B2C_1A_Extensions<", "{Settings:Parent}<")
    text = POLICIES.replace("files:", "overlays: [ropcc]\n  files:")
    found = {(f.rule, str(f.place).rpartition("/")[2].split(":")[0]) for f in stage.findings(text)}
    assert {
        ("not-xml", "Broken.xml"),
        ("wrong-root", "Alien.xml"),
        ("unknown-setting", "ROPC_Auth.xml"),
        ("unknown-overlay", "manifest.yaml"),
    } <= found


def test_appsettings_of_the_extension_are_taken_as_they_are(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.policies()
    values = {
        "IdentityExperienceFrameworkAppId": "1" * 8,
        "ProxyIdentityExperienceFrameworkAppId": "x",
    }
    environments = {"Environments": [{"Name": "Dev", "Tenant": "t", "PolicySettings": values}]}
    (tmp_path / "appsettings.json").write_text(json.dumps(environments), encoding="utf-8")
    text = POLICIES.partition("  settings:")[0] + "  appsettings: appsettings.json#Dev\n"
    assert stage.findings(text) == ()
    (found,) = stage.findings(text.replace("#Dev", "#Prod"))
    assert found.rule == "appsettings"
    assert "no environment 'Prod'" in found.message


def test_policies_belong_in_a_b2c_tenant(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.policies()
    text = f"version: 1\nname: demo\ntenant: {{domain: {DOMAIN}, type: workforce}}\n{POLICIES}"
    found = load(stage.world.write(text), kinds=KINDS).findings
    assert {finding.rule for finding in found} == {"not-in-this-tenant"}
