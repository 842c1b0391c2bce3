"""Certificates of applications, and objects that are only looked up."""

from __future__ import annotations

from pathlib import Path

from stage import DOMAIN, Stage, holds, rules, steps
from test_bodies_fit_graph import certificate

from provisioning.core.plan import Action

WITH = "app: {displayName: App, certificates: {signing: {fromFile: app.cer}}}"
PLAIN = "app: {displayName: App}"


def fresh(folder: Path) -> Stage:
    (folder / "app.cer").write_bytes(certificate())
    return Stage.fresh(folder)


class TestCertificates:
    """Public keys that an application signs in with."""

    async def test_it_follows_its_file_and_its_line(self, tmp_path: Path) -> None:
        stage = fresh(tmp_path)
        await stage.settle(WITH)
        (first,) = stage.app("App")["keyCredentials"]
        (tmp_path / "app.cer").write_bytes(certificate())
        await stage.settle(WITH)
        (second,) = stage.app("App")["keyCredentials"]
        assert first["customKeyIdentifier"] != second["customKeyIdentifier"]
        gone = await stage.plan(PLAIN)
        assert list(steps(gone)) == ["application_certificate.app.signing"]
        await stage.settle(PLAIN)
        assert stage.app("App")["keyCredentials"] == []

    async def test_a_foreign_one_is_held_and_stays_beside_ours(self, tmp_path: Path) -> None:
        stage = fresh(tmp_path)
        await stage.settle(PLAIN)
        (tmp_path / "app.cer").write_bytes(certificate())
        other = "other: {displayName: Other, certificates: {x: {fromFile: app.cer}}}"
        await stage.settle(other, name="other")
        foreign = {**stage.app("Other")["keyCredentials"][0], "displayName": "theirs"}
        foreign["keyId"] = "99999999-0000-4000-8000-000000000009"
        await stage.change(f"/applications/{stage.app('App')['id']}", keyCredentials=[foreign])
        (tmp_path / "app.cer").write_bytes(certificate())
        plan = await stage.plan(WITH)
        assert holds(plan)[f"application_certificate.app.{foreign['keyId']}"] == "credential"
        assert steps(plan)["application_certificate.app.signing"] is Action.CREATE
        await stage.apply(WITH)
        names = {one["displayName"] for one in stage.app("App")["keyCredentials"]}
        assert names == {"theirs", "signing"}

    async def test_the_same_certificate_is_not_added_twice(self, tmp_path: Path) -> None:
        stage = fresh(tmp_path)
        await stage.settle(WITH)
        held = dict(stage.app("App")["keyCredentials"][0])
        moved = {**held, "keyId": "99999999-0000-4000-8000-000000000009"}
        await stage.change(f"/applications/{stage.app('App')['id']}", keyCredentials=[moved])
        plan = await stage.plan(WITH)
        assert plan.steps == ()


class TestExisting:
    """Lookups by name, id and appId."""

    async def test_what_is_nowhere_is_an_error(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        missing = "99999999-0000-4000-8000-000000000009"
        plan = await stage.plan(PLAIN, head=f"existing: {{x: {{appId: {missing}}}}}")
        assert rules(plan) == ["existing-not-found"]
        assert f"az ad sp create --id {missing}" in plan.errors[0].remedy

    async def test_two_of_a_name_are_an_error(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        for _ in range(2):
            await stage.make("applications", displayName="Twin", signInAudience="AzureADMyOrg")
        plan = await stage.plan(PLAIN, head="existing: {x: {application: Twin}}")
        assert rules(plan) == ["existing-ambiguous"]

    async def test_the_extensions_application_is_found_by_its_short_name(
        self, tmp_path: Path
    ) -> None:
        stage = Stage.fresh(tmp_path)
        head = "existing: {extensions: {application: b2c-extensions-app}}"
        await stage.settle(PLAIN, head=head)

    async def test_a_user_and_a_group_are_found(self, tmp_path: Path) -> None:
        stage = Stage.fresh(tmp_path)
        stage.world.box.add_tenant(DOMAIN, "b2c")
        alice = stage.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice")
        stage.world.box.add_group(DOMAIN, "Helpdesk")
        head = f"existing: {{alice: {{user: alice@{DOMAIN}}}, desk: {{group: Helpdesk}}}}"
        await stage.settle("app: {displayName: App, owners: [alice]}", head=head)
        async with stage.somebody() as graph:
            answer = await graph.get(f"/applications/{stage.app('App')['id']}/owners")
        assert [one["id"] for one in answer.json()["value"]] == [alice]


async def test_ids_may_be_written_in_upper_case(tmp_path: Path) -> None:
    stage = Stage.fresh(tmp_path, type="workforce")
    tenant = stage.world.box.add_tenant(DOMAIN, "workforce")
    alice = stage.world.box.add_user(DOMAIN, f"alice@{DOMAIN}", "Alice").upper()
    group = stage.world.box.add_group(tenant.id, "Helpdesk").upper()
    old = await stage.make(
        "applications", displayName="Old", signInAudience="AzureADMyOrg", uniqueName="demo-old"
    )
    await stage.make("servicePrincipals", appId=old["appId"])
    partner, graph = old["appId"].upper(), "00000003-0000-0000-C000-000000000000"
    scope, role = (f"ABCDEF01-AAAA-4AAA-8AAA-00000000000{n}" for n in (1, 2))
    openid = "37F7F235-527C-4136-ACCD-4A02D197296E"
    words = "adminConsentDisplayName: R, adminConsentDescription: R"
    head = f"existing: {{alice: {{user: {alice}}}, helpdesk: {{group: {group}}}}}"
    await stage.settle(
        f"""
api:
  displayName: API
  scopes: {{read: {{id: {scope}, {words}}}}}
  appRoles:
    reader: {{id: {role}, displayName: R, description: R, allowedMemberTypes: [User]}}
  preAuthorized: [{{application: {partner}, scopes: [read]}}]
  knownClients: [{partner}]
  servicePrincipal: {{assignments: [{{principal: helpdesk, role: reader}}]}}
  owners: [alice]
app:
  displayName: App
  permissions: [{{resource: {graph}, delegated: [openid], adminConsent: true}}]
raw:
  displayName: Raw
  requiredResourceAccess:
    - {{resourceAppId: {graph}, resourceAccess: [{{id: {openid}, type: Scope}}]}}
old: {{displayName: Old, adopt: {{appId: {partner}}}}}
""",
        head=head,
    )
