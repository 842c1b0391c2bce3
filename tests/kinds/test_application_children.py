"""Service principals, consent, credentials and owners against a tenant."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from stage import DOMAIN, Stage, holds, steps

from provisioning.core.model import Severity
from provisioning.core.plan import Action, from_json, to_json
from provisioning.sandbox import Fault

CLIENT = """
app:
  displayName: App
  permissions: [{resource: microsoftGraph, delegated: [openid], adminConsent: true}]
"""
PLAIN = "app: {displayName: App}"
SECRET = (
    "{lifetime: P180D, rotateBefore: P30D, overlap: P7D, "
    "store: {dotenv: .secrets/app.env, name: CLIENT_SECRET}}"
)
WITH_SECRET = f"app: {{displayName: App, secrets: {{main: {SECRET}}}}}"
ISSUER = "https://token.actions.githubusercontent.com"


def principal(stage: Stage, name: str) -> dict[str, Any]:
    (found,) = (p for p in stage.kept("servicePrincipals") if p["displayName"] == name)
    return found


class TestGrants:
    """Tenant-wide consent to delegated permissions."""

    async def test_scopes_are_exact(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT.replace("[openid]", "[openid, offline_access]"))
        await stage.settle(CLIENT)
        (grant,) = stage.kept("oauth2PermissionGrants")
        assert grant["scope"].strip() == "openid"

    async def test_consent_that_goes_is_named_as_it_came(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        both = CLIENT.replace("[openid]", "[openid], application: [Directory.Read.All]")
        await stage.settle(both)
        draft = await stage.draft(PLAIN)
        assert steps(draft.plan) == {
            "application.app": Action.UPDATE,
            "delegated_permission_grant.app.microsoftGraph": Action.DELETE,
            "app_role_assignment.app.microsoftGraph.Directory.Read.All": Action.DELETE,
        }
        assert draft.stats.rounds <= 4
        await stage.settle(PLAIN)

    async def test_an_extra_grant_of_what_we_made_goes(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT)
        await stage.settle("api: {displayName: API}", name="other")
        await stage.make(
            "oauth2PermissionGrants",
            clientId=principal(stage, "App")["id"],
            resourceId=principal(stage, "API")["id"],
            consentType="AllPrincipals",
            scope="read",
        )
        plan = await stage.plan(CLIENT)
        assert list(steps(plan).values()) == [Action.DELETE]
        await stage.settle(CLIENT)
        assert len(stage.kept("oauth2PermissionGrants")) == 1

    async def test_consent_of_users_for_themselves_is_never_touched(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT)
        await stage.make(
            "oauth2PermissionGrants",
            clientId=principal(stage, "App")["id"],
            resourceId=principal(stage, "Microsoft Graph")["id"],
            consentType="Principal",
            principalId=stage.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice"),
            scope="openid profile",
        )
        await stage.settle(PLAIN)
        (left,) = stage.kept("oauth2PermissionGrants")
        assert left["consentType"] == "Principal"

    async def test_less_consent_of_an_adopted_application_is_held(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT.replace("[openid]", "[openid, offline_access]"), name="other")
        path = f"/applications/{stage.app('App')['id']}"
        await stage.change(path, tags=[])
        adopting = CLIENT.replace("displayName: App", "displayName: App, adopt: {displayName: App}")
        adopting = adopting.replace("  displayName: App, ", "  displayName: App\n  ")
        plan = await stage.plan(adopting)
        assert holds(plan) == {"delegated_permission_grant.app.microsoftGraph": "narrow-consent"}
        opened = await stage.plan(adopting, allow=["narrow-consent"])
        assert steps(opened)["delegated_permission_grant.app.microsoftGraph"] is Action.UPDATE

    async def test_an_adopted_application_keeps_grants_that_are_not_named(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT, name="other")
        await stage.change(f"/applications/{stage.app('App')['id']}", tags=[])
        await stage.settle("app: {displayName: App, adopt: {displayName: App}}")
        assert len(stage.kept("oauth2PermissionGrants")) == 1

    async def test_permissions_can_be_additive(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(CLIENT.replace("[openid]", "[openid, offline_access]"))
        additive = f"{CLIENT}  lifecycle: {{include: [requiredResourceAccess]}}\n"
        assert (await stage.plan(additive)).steps == ()

    async def test_an_unknown_permission_is_an_error_with_a_suggestion(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        plan = await stage.plan(CLIENT.replace("openid", "offline_acess"))
        (finding,) = plan.errors
        assert finding.rule == "unknown-permission"
        assert "offline_access" in finding.remedy


STAFF = """
staff:
  displayName: Staff
  signInAudience: AzureADMyOrg
  appRoles:
    reader: {displayName: R, description: Reads, allowedMemberTypes: [User, Application]}
  servicePrincipal: {appRoleAssignmentRequired: true, assignments: [{principal: job, role: reader}]}
job:
  displayName: Job
  signInAudience: AzureADMyOrg
  permissions:
    - {resource: microsoftGraph, application: [Directory.Read.All], adminConsent: true}
"""


class TestAssignments:
    """App roles of people, groups and service principals."""

    @pytest.mark.parametrize(
        "switches",
        [{}, {"read_lag": 2}, {"assignment_race": "not_found", "read_lag": 2}],
        ids=["plain", "lag", "404"],
    )
    async def test_they_follow_their_lines(self, tmp_path: Path, switches: dict[str, Any]) -> None:
        stage = Stage.fresh(tmp_path, type="workforce", **switches)
        await stage.settle(STAFF)
        held = {one["principalDisplayName"] for one in stage.kept("appRoleAssignments")}
        assert "Job" in held
        await stage.settle(STAFF.partition("  permissions:")[0])
        names = [
            o["resourceDisplayName"]
            for o in stage.kept("appRoleAssignments")
            if o["principalDisplayName"] == "Job"
        ]
        assert names == ["Staff"]

    @pytest.mark.parametrize("wording", ["bad_request", "same_key"])
    async def test_one_that_is_there_already_is_taken(self, tmp_path: Path, wording: str) -> None:
        stage = Stage.fresh(tmp_path, type="workforce", assignment_duplicate=wording)
        await stage.settle(STAFF)
        draft = await stage.draft(STAFF)
        assert draft.plan.steps == ()


class TestServicePrincipal:
    """The application's presence in the tenant."""

    async def test_properties_are_changed_in_place(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(PLAIN)
        await stage.settle(
            "app: {displayName: App, servicePrincipal: {notes: ours, tags: [HideApp]}}"
        )
        assert principal(stage, "App")["notes"] == "ours"
        assert "HideApp" in principal(stage, "App")["tags"]

    async def test_opting_out_later_needs_prune(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(PLAIN)
        out = "app: {displayName: App, servicePrincipal: null}"
        assert holds(await stage.plan(out)) == {"service_principal.app": "prune"}
        await stage.settle(out, prune=True)
        assert [p for p in stage.kept("servicePrincipals") if p["displayName"] == "App"] == []


class TestPasswords:
    """Client secrets: made once, stored, tagged, rotated, retired."""

    def later(self, stage: Stage, days: int) -> None:
        stage.world.time.elapsed += timedelta(days=days).total_seconds()

    def ids(self, stage: Stage) -> list[str]:
        return [one["keyId"] for one in stage.app("App")["passwordCredentials"]]

    def stored(self, stage: Stage) -> list[str]:
        tags = stage.app("App")["tags"]
        return [t.split(":")[1] for t in tags if t.startswith("provisioning-stored:")]

    async def test_one_is_made_stored_and_tagged(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        (one,) = stage.app("App")["passwordCredentials"]
        assert one["displayName"] == "main"
        assert one["endDateTime"] == "2026-06-30T00:00:00Z"
        assert self.stored(stage) == [one["keyId"]]

    async def test_a_fresh_machine_rotates_nothing(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        assert (await stage.plan(WITH_SECRET, sinks=elsewhere)).steps == ()

    async def test_rotation_keeps_the_old_one_for_the_overlap(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        (first,) = self.ids(stage)
        self.later(stage, 151)
        await stage.settle(WITH_SECRET)
        assert first in self.ids(stage)
        assert len(self.ids(stage)) == 2
        self.later(stage, 6)
        assert (await stage.plan(WITH_SECRET)).steps == ()
        self.later(stage, 2)
        await stage.settle(WITH_SECRET)
        assert first not in self.ids(stage)
        assert self.stored(stage) == self.ids(stage)

    async def test_rotation_without_the_sink_is_held(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        self.later(stage, 151)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        here = await stage.plan(WITH_SECRET)
        there = await stage.plan(WITH_SECRET, sinks=elsewhere)
        assert holds(there) == {"application_password.app.main": "rotate"}
        assert here.digest == there.digest

    async def test_a_full_application_holds_the_rotation_until_it_is_opened(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        two = f"app: {{displayName: App, secrets: {{main: {SECRET}, next: {SECRET}}}}}"
        two = two.replace("CLIENT_SECRET", "OTHER", 1)
        await stage.settle(two)
        self.later(stage, 151)
        plan = await stage.plan(two)
        assert set(holds(plan).values()) == {"rotate"}
        (first, *_rest) = (step for step in plan.steps if step.held)
        assert first.held is not None
        assert "free on 2026-06-30" in first.held.reason

    async def test_one_that_was_never_delivered_is_made_anew(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(PLAIN)
        path = f"applications/{stage.app('App')['id']}/addPassword"
        lost = await stage.make(path, passwordCredential={"displayName": "main"})
        plan = await stage.plan(WITH_SECRET)
        (step,) = plan.steps
        assert step.reason == "a value was never delivered"
        await stage.settle(WITH_SECRET)
        assert lost["keyId"] not in self.ids(stage)
        assert self.stored(stage) == self.ids(stage)

    @pytest.mark.parametrize("choice", ["restore", "purge"])
    @pytest.mark.parametrize("lag", [0, 2])
    async def test_it_comes_back_with_its_application_or_is_made_anew(
        self, tmp_path: Path, choice: str, lag: int
    ) -> None:
        stage = Stage.fresh(tmp_path, read_lag=lag)
        await stage.settle(WITH_SECRET)
        before = self.ids(stage)
        async with stage.somebody() as graph:
            await graph.delete(f"/applications/{stage.app('App')['id']}")
        for _ in range(lag):
            await stage.plan(WITH_SECRET)
        await stage.settle(WITH_SECRET, allow=[f"{choice}=application.app"])
        assert (self.ids(stage) == before) is (choice == "restore")
        assert self.stored(stage) == self.ids(stage)

    async def test_the_plan_of_a_purge_shows_no_mark_of_a_secret_that_goes(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        async with stage.somebody() as graph:
            await graph.delete(f"/applications/{stage.app('App')['id']}")
        plan = await stage.plan(WITH_SECRET, allow=["purge=application.app"])
        (app,) = (step for step in plan.steps if str(step.address) == "application.app")
        (tags,) = (change.after for change in app.changes if change.path == "tags")
        assert tags == ["provisioning:demo", "provisioning:demo/app"]

    async def remove(self, stage: Stage, key_id: str) -> None:
        """Delete a secret in the portal."""
        await stage.make(f"applications/{stage.app('App')['id']}/removePassword", keyId=key_id)

    async def test_the_mark_of_one_deleted_by_hand_goes_with_the_next_secret(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        (first,) = self.ids(stage)
        await self.remove(stage, first)
        await stage.settle(WITH_SECRET)
        assert first not in self.stored(stage)
        assert self.stored(stage) == self.ids(stage)

    async def test_a_mark_without_its_secret_is_no_change_but_goes_with_one(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        await self.remove(stage, self.ids(stage)[0])
        assert (await stage.plan(PLAIN)).steps == ()
        assert len(self.stored(stage)) == 1
        await stage.settle("app: {displayName: App, tags: [HideApp]}")
        assert self.stored(stage) == []

    async def test_what_goes_has_the_address_that_it_came_with(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        assert steps(await stage.plan(PLAIN)) == {"application_password.app.main": Action.DELETE}
        self.later(stage, 151)
        await stage.settle(WITH_SECRET)
        old, new = self.ids(stage)
        plan = await stage.plan(PLAIN)
        assert steps(plan) == {
            "application_password.app.main": Action.DELETE,
            f"application_password.app.{old}": Action.DELETE,
        }
        (step,) = (s for s in plan.steps if s.address.key == "app.main")
        assert [(c.path, c.before) for c in step.changes] == [("keyId", new)]
        await stage.settle(PLAIN)
        assert self.ids(stage) == []

    async def test_a_foreign_one_is_held_and_ours_goes_with_its_line(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(WITH_SECRET)
        path = f"applications/{stage.app('App')['id']}/addPassword"
        foreign = await stage.make(path, passwordCredential={"displayName": "theirs"})
        address = f"application_password.app.{foreign['keyId']}"
        assert holds(await stage.plan(WITH_SECRET)) == {address: "credential"}
        await stage.apply(PLAIN)
        assert self.ids(stage) == [foreign["keyId"]]
        await stage.settle(PLAIN, allow=["credential"])
        assert self.ids(stage) == []

    async def test_secrets_of_an_adopted_application_count_as_delivered(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        old = await stage.make("applications", displayName="App", signInAudience="AzureADMyOrg")
        path = f"applications/{old['id']}/addPassword"
        await stage.make(path, passwordCredential={"displayName": "main"})
        await stage.make(path, passwordCredential={"displayName": "other"})
        adopting = WITH_SECRET.replace(
            "{displayName: App,", "{displayName: App, adopt: {displayName: App},"
        )
        plan = await stage.plan(adopting)
        assert list(steps(plan)) == ["service_principal.app"]
        assert [(item.path, item.value) for item in plan.unmanaged] == [
            ("passwordCredentials", ["other"])
        ]


def trusting(subjects: dict[str, int]) -> str:
    """An application whose credentials trust these subjects of one issuer."""
    entries = (f'{key}: {{issuer: "{ISSUER}", subject: "{it}"}}' for key, it in subjects.items())
    return f"app: {{displayName: App, federatedCredentials: {{{', '.join(entries)}}}}}"


class TestFederatedCredentials:
    """Sign-in by another provider's tokens."""

    CREDENTIAL = f'{{issuer: "{ISSUER}", subject: a}}'
    TEXT = f"app: {{displayName: App, federatedCredentials: {{ci: {CREDENTIAL}}}}}"

    async def test_they_are_made_changed_and_removed(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(self.TEXT)
        writes = await stage.settle(self.TEXT.replace("subject: a", "subject: b"))
        assert [one.split()[0] for one in writes] == ["PATCH"]
        writes = await stage.settle(PLAIN)
        assert [one.split()[0] for one in writes] == ["DELETE"]

    async def test_a_foreign_one_is_held(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(self.TEXT)
        await stage.make(
            f"applications/{stage.app('App')['id']}/federatedIdentityCredentials",
            name="theirs",
            issuer=ISSUER,
            subject="x",
            audiences=["api://AzureADTokenExchange"],
        )
        plan = await stage.plan(self.TEXT)
        assert holds(plan) == {"federated_identity_credential.app.theirs": "credential"}

    @pytest.mark.parametrize("own", ["", ", description: mine"], ids=["marked", "described"])
    async def test_another_key_for_the_same_trust_takes_one_apply(
        self, tmp_path: Path, own: str
    ) -> None:
        stage = Stage.fresh(tmp_path)
        old = self.TEXT.replace("subject: a", f"subject: a{own}")
        await stage.settle(old)
        renamed = old.replace("{ci:", "{deploy:")
        plan = await stage.plan(renamed)
        (step,) = plan.steps
        assert (str(step.address), step.action, step.held) == (
            "federated_identity_credential.app.deploy",
            Action.UPDATE,
            None,
        )
        assert [(c.path, c.before, c.after) for c in step.changes] == [("name", "ci", "deploy")]
        writes = await stage.settle(renamed)
        assert [one.split()[0] for one in writes] == ["DELETE", "POST"]
        (left,) = stage.kept("federatedIdentityCredentials")
        assert (left["name"], left["subject"]) == ("deploy", "a")

    @pytest.mark.parametrize("after_commit", [False, True])
    @pytest.mark.parametrize("method", ["DELETE", "POST"])
    async def test_a_rename_that_ends_in_between_is_finished_by_the_next_run(
        self, tmp_path: Path, method: str, after_commit: bool
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(self.TEXT)
        renamed = self.TEXT.replace("{ci:", "{deploy:")
        stage.world.box.faults.add(
            Fault(path="federated", method=method, status=403, after_commit=after_commit)
        )
        assert (await stage.apply(renamed)).failed
        await stage.settle(renamed)
        assert [one["name"] for one in stage.kept("federatedIdentityCredentials")] == ["deploy"]

    async def test_a_rename_waits_until_the_old_trust_is_gone_everywhere(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(self.TEXT)
        stage.world.box.faults.add(
            Fault(
                path="federated",
                method="POST",
                times=3,
                status=409,
                code="Request_MultipleObjectsWithSameKeyValue",
                message="FederatedIdentityCredential with the same issuer and subject exists.",
            )
        )
        await stage.settle(self.TEXT.replace("{ci:", "{deploy:"))

    async def test_one_of_somebody_else_is_taken_over_only_by_name_of_the_guard(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(PLAIN)
        await stage.make(
            f"applications/{stage.app('App')['id']}/federatedIdentityCredentials",
            name="theirs",
            issuer=ISSUER,
            subject="a",
            audiences=["api://AzureADTokenExchange"],
        )
        address = "federated_identity_credential.app.ci"
        assert holds(await stage.plan(self.TEXT)) == {address: "credential"}
        await stage.settle(self.TEXT, allow=[f"credential={address}"])
        assert [one["name"] for one in stage.kept("federatedIdentityCredentials")] == ["ci"]

    @pytest.mark.parametrize(
        ("before", "after", "writes"),
        [
            ({"a": 1, "b": 2}, {"a": 2, "b": 1}, ["PATCH"] * 3),
            ({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 3, "c": 1}, ["PATCH"] * 4),
            ({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 3, "c": 4}, ["PATCH"] * 3),
            ({"z": 1}, {"z": 2, "b": 1}, ["PATCH", "POST"]),
            ({"b": 1, "z": 2}, {"b": 2}, ["DELETE", "PATCH"]),
        ],
        ids=["swap", "circle", "chain", "new-takes-old", "stays-for-gone"],
    )
    async def test_trust_passes_from_one_to_another_in_one_apply(
        self, tmp_path: Path, before: dict[str, int], after: dict[str, int], writes: list[str]
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(trusting(before))
        sent = await stage.settle(trusting(after))
        assert [one.split()[0] for one in sent] == writes
        kept = stage.kept("federatedIdentityCredentials")
        assert {one["name"]: int(one["subject"]) for one in kept} == after
        assert {one["issuer"] for one in kept} == {ISSUER}

    @pytest.mark.parametrize("after_commit", [False, True])
    @pytest.mark.parametrize("skip", [0, 1, 2])
    async def test_a_swap_that_ends_in_between_is_finished_by_the_next_run(
        self, tmp_path: Path, skip: int, after_commit: bool
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(trusting({"a": 1, "b": 2}))
        stage.world.box.faults.add(
            Fault(
                path="federated", method="PATCH", skip=skip, status=403, after_commit=after_commit
            )
        )
        swapped = trusting({"a": 2, "b": 1})
        assert (await stage.apply(swapped)).failed
        await stage.settle(swapped)
        kept = stage.kept("federatedIdentityCredentials")
        assert {one["name"]: one["subject"] for one in kept} == {"a": "2", "b": "1"}

    async def test_trust_is_taken_from_one_of_somebody_else_only_by_name_of_the_guard(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        await stage.settle(trusting({"a": 1}))
        await stage.make(
            f"applications/{stage.app('App')['id']}/federatedIdentityCredentials",
            name="theirs",
            issuer=ISSUER,
            subject="2",
            audiences=["api://AzureADTokenExchange"],
        )
        taking = trusting({"a": 2})
        assert holds(await stage.plan(taking)) == {
            "federated_identity_credential.app.a": "credential",
            "federated_identity_credential.app.theirs": "credential",
        }
        await stage.settle(taking, allow=["credential"])
        (left,) = stage.kept("federatedIdentityCredentials")
        assert (left["name"], left["subject"]) == ("a", "2")


class TestOwners:
    """Who may change an application."""

    TEXT = "app: {displayName: App, owners: [job]}\njob: {displayName: Job}"

    async def test_declared_owners_are_exact(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path, type="workforce")
        await stage.settle(self.TEXT)
        other = await stage.make("applications", displayName="X", signInAudience="AzureADMyOrg")
        extra = await stage.make("servicePrincipals", appId=other["appId"])
        reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{extra['id']}"
        await stage.make(
            f"applications/{stage.app('App')['id']}/owners/$ref", **{"@odata.id": reference}
        )
        plan = await stage.plan(self.TEXT)
        assert steps(plan) == {f"application_owner.app.{extra['id']}": Action.DELETE}
        await stage.settle(self.TEXT)

    async def test_owners_that_nobody_declares_are_left_alone(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path, type="workforce")
        await stage.settle(self.TEXT)
        assert (await stage.plan(self.TEXT.replace(", owners: [job]", ""))).steps == ()


ADMINISTRATOR = (
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
)
OWNED_BY = ("Application.ReadWrite.OwnedBy", "Directory.Read.All")


@pytest.mark.parametrize(
    "who", [{"scopes": ADMINISTRATOR}, {"roles": OWNED_BY}], ids=["delegated", "owned-by"]
)
class TestTheOwnershipOfTheCreator:
    """Graph makes whoever creates an application its owner; the manifest may not know."""

    TEXT = TestOwners.TEXT

    def owners(self, stage: Stage) -> set[str]:
        return set(stage.app("App")["owners"])

    async def test_it_is_left_alone_and_the_next_plan_is_empty(
        self, tmp_path: Path, who: dict[str, Any]
    ) -> None:
        stage = Stage.fresh(tmp_path, type="workforce")
        await stage.settle(self.TEXT, **who)
        assert len(self.owners(stage)) == 2
        plan = await stage.plan(self.TEXT, **who)
        assert plan.steps == ()
        (finding,) = plan.findings
        assert (finding.rule, finding.severity) == ("left-alone", Severity.INFO)
        assert "application.app" in finding.message

    async def test_the_guard_opened_by_name_takes_it_back(
        self, tmp_path: Path, who: dict[str, Any]
    ) -> None:
        stage = Stage.fresh(tmp_path, type="workforce")
        await stage.settle(self.TEXT, **who)
        (finding,) = (await stage.plan(self.TEXT, **who)).findings
        await stage.settle(self.TEXT, allow=[f"self={finding.address}"], **who)
        assert len(self.owners(stage)) == 1
        assert (await stage.plan(self.TEXT, **who)).findings == ()

    async def test_the_digest_is_that_of_a_reader_to_whom_it_is_a_stranger(
        self, tmp_path: Path, who: dict[str, Any]
    ) -> None:
        stage = Stage.fresh(tmp_path, type="workforce")
        await stage.settle(self.TEXT, **who)
        another: dict[str, Any] = {} if "scopes" in who else {"scopes": ADMINISTRATOR}
        reader = await stage.plan(self.TEXT, **another)
        assert list(steps(reader).values()) == [Action.DELETE]
        mine = await stage.plan(self.TEXT, **who)
        assert mine.digest == reader.digest
        assert from_json(json.loads(json.dumps(to_json(mine)))) == mine


class TestTheRunningIdentity:
    """It must not saw off the branch it sits on."""

    async def adopted(self, folder: Path, more: str) -> dict[str, str]:
        stage = Stage.fresh(folder)
        own = stage.world.box.add_tenant("contoso.onmicrosoft.com", "b2c")
        automation = next(
            one for one in stage.kept("applications") if "automation" in one["displayName"]
        )
        assert own is not None
        adopt = f"adopt: {{appId: {automation['appId']}}}"
        name = automation["displayName"]
        return holds(await stage.plan(f"me: {{displayName: {name}, {adopt}{more}}}"))

    async def test_it_does_not_disable_itself(self, tmp_path: Path) -> None:
        held = await self.adopted(tmp_path, ", servicePrincipal: {accountEnabled: false}")
        assert held == {"service_principal.me": "self"}

    async def test_it_does_not_remake_the_credential_that_it_may_be_using(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        stage.world.box.add_tenant(DOMAIN, "b2c")
        (own,) = (a for a in stage.kept("applications") if "automation" in a["displayName"])
        await stage.make(
            f"applications/{own['id']}/federatedIdentityCredentials",
            name="old",
            issuer=ISSUER,
            subject="a",
            audiences=["api://AzureADTokenExchange"],
        )
        adopt = f"displayName: {own['displayName']}, adopt: {{appId: {own['appId']}}}"
        ci = f'federatedCredentials: {{ci: {{issuer: "{ISSUER}", subject: a}}}}'
        held = holds(await stage.plan(f"me: {{{adopt}, {ci}}}"))
        assert held == {"federated_identity_credential.me.ci": "self"}
