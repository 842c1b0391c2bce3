"""Permissions computed from kinds: literal lists, and proof that they do and that none is idle."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import ROOT, World

from provisioning import manifest
from provisioning.core.errors import ProvisioningError
from provisioning.core.request import Permission
from provisioning.kinds import KINDS
from provisioning.sandbox import Options
from provisioning.tenants import permissions

READER = {
    "access-token": ("Directory.Read.All",),
    "auth0-native": ("Directory.Read.All",),
    "ropc-custom-policy": (
        "Directory.Read.All",
        "Policy.Read.All",
        "TrustFrameworkKeySet.Read.All",
    ),
    "ropc-user-flow": ("Directory.Read.All", "IdentityUserFlow.Read.All"),
}
DEPLOYER = {
    "access-token": (
        "Application.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
    ),
    "auth0-native": (
        "Application.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
    ),
    "ropc-custom-policy": (
        "Application.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
        "Policy.ReadWrite.TrustFramework",
        "TrustFrameworkKeySet.ReadWrite.All",
    ),
    "ropc-user-flow": (
        "Application.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "IdentityUserFlow.ReadWrite.All",
        "Organization.Read.All",
    ),
}
OWNER = {
    "access-token": (
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
    ),
    "ropc-custom-policy": (
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
        "Policy.ReadWrite.TrustFramework",
        "TrustFrameworkKeySet.ReadWrite.All",
    ),
}


def shipped(name: str) -> Path:
    return ROOT / "manifests" / name / "manifest.yaml"


def needed(path: Path) -> permissions.Needed:
    loaded = manifest.load(path, kinds=KINDS)
    assert loaded.manifest is not None, loaded.findings
    return permissions.needed(KINDS, [loaded.manifest])


def written(folder: Path, text: str) -> permissions.Needed:
    path = folder / "manifest.yaml"
    head = "version: 1\nname: demo\ntenant: {domain: contoso.onmicrosoft.com, type: workforce}\n"
    path.write_text(head + text, encoding="utf-8")
    return needed(path)


def test_every_shipped_manifest_is_listed() -> None:
    assert {path.name for path in (ROOT / "manifests").iterdir()} == set(READER) == set(DEPLOYER)


@pytest.mark.parametrize("name", READER)
def test_a_reader_of_a_shipped_manifest_needs_exactly_this(name: str) -> None:
    assert needed(shipped(name)).readers() == READER[name]


@pytest.mark.parametrize("name", DEPLOYER)
def test_a_deployer_of_a_shipped_manifest_needs_exactly_this(name: str) -> None:
    assert needed(shipped(name)).writers() == DEPLOYER[name]


@pytest.mark.parametrize("name", OWNER)
def test_a_deployer_by_ownership_writes_its_own_and_reads_all(name: str) -> None:
    assert needed(shipped(name)).writers(owned_by=True) == OWNER[name]


def test_application_roles_groups_users_and_owners_add_what_they_need(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """
existing: {helpdesk: {group: Helpdesk}, alice: {user: alice@contoso.onmicrosoft.com}}
applications:
  staff:
    displayName: Staff
    signInAudience: AzureADMyOrg
    appRoles: {reader: {displayName: R, description: Reads, allowedMemberTypes: [User]}}
    servicePrincipal: {assignments: [{principal: helpdesk, role: reader}]}
""",
    )
    assert found.readers() == ("Directory.Read.All",)
    assert found.writers() == (
        "AppRoleAssignment.ReadWrite.All",
        "Application.ReadWrite.All",
        "Directory.Read.All",
    )
    rights = {right.any_of[0] for right, _, _ in found.read}
    assert {"GroupMember.Read.All", "User.ReadBasic.All"} <= rights


def test_what_must_be_held_anyway_is_not_asked_for_twice() -> None:
    rights = [
        Permission(("Read", "Everything", "Write")),
        Permission(("Other", "Everything")),
        Permission(("Write",)),
    ]
    assert permissions.least(rights) == ("Other", "Write")
    assert permissions.least([*rights, Permission(("Everything",))]) == ("Everything", "Write")


@pytest.mark.parametrize("name", READER)
async def test_a_reader_plans_with_these_and_with_none_less(tmp_path: Path, name: str) -> None:
    world = World.fresh(tmp_path, Options())
    wanted = world.load(shipped(name))
    await world.apply(wanted, sinks=tmp_path)
    draft = await world.plan(wanted, roles=READER[name], sinks=tmp_path)
    assert not draft.plan.pending
    for dropped in READER[name]:
        rest = tuple(each for each in READER[name] if each != dropped)
        with pytest.raises(ProvisioningError):
            await world.plan(wanted, roles=rest, sinks=tmp_path)
    world.box.close()


@pytest.mark.parametrize("name", DEPLOYER)
async def test_a_deployer_applies_with_these(tmp_path: Path, name: str) -> None:
    world = World.fresh(tmp_path, Options())
    wanted = world.load(shipped(name))
    report = await world.apply(wanted, roles=DEPLOYER[name], sinks=tmp_path)
    assert not report.failed
    assert report.after is not None
    assert not report.after.pending
    world.box.close()


@pytest.mark.parametrize("name", OWNER)
async def test_a_deployer_by_ownership_applies_to_an_empty_tenant(
    tmp_path: Path, name: str
) -> None:
    world = World.fresh(tmp_path, Options())
    wanted = world.load(shipped(name))
    report = await world.apply(wanted, roles=OWNER[name], sinks=tmp_path)
    assert not report.failed
    assert report.after is not None
    assert not report.after.pending
    world.box.close()
