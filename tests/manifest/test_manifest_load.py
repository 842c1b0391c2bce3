"""A manifest without faults: what comes out of it, and that nothing else matters."""

from __future__ import annotations

import time
from pathlib import Path

import manifest_kinds
import pytest
from manifest_kinds import HEADER, KINDS
from pydantic import BaseModel

from provisioning import manifest
from provisioning.core.kind import Kind, Section, Source
from provisioning.core.model import (
    Address,
    Desired,
    Owner,
    Place,
    Ref,
    Severity,
    Template,
    Tenant,
    TenantType,
)


def test_a_manifest_becomes_desired_objects_sorted_by_address(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER
        + "movedFrom: before\n"
        + "applications:\n  web: {displayName: Web, web: {redirectUris: []}}\n  api: {port: null}\n"
        + "existing: {partner: {appId: x}}\n",
    )
    assert loaded.findings == ()
    found = loaded.manifest
    assert found is not None
    assert (found.path, found.root) == (tmp_path / "m.yaml", tmp_path.resolve())
    assert (found.owner, found.cloud) == (Owner("n", "before"), "global")
    assert found.tenant == Tenant("contoso.onmicrosoft.com", TenantType.B2C)
    assert [str(desired.address) for desired in found.desired] == [
        "application.api",
        "application.web",
        "existing.partner",
        "service_principal.api",
        "service_principal.web",
    ]
    assert found.desired[1].body == {"displayName": "Web", "web": {"redirectUris": []}}
    assert found.desired[1].place == Place((tmp_path / "m.yaml").as_posix(), 6, 3)


def test_absent_null_and_empty_are_three_things(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "applications:\n  absent: {}\n  'null': {web: null}\n  empty: {web: {}}\n",
    )
    assert manifest_kinds.body(loaded, "application.absent") == {}
    assert manifest_kinds.body(loaded, "application.null") == {"web": None}
    assert manifest_kinds.body(loaded, "application.empty") == {"web": {}}


def test_references_become_refs_and_templates_in_body_and_settings(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER
        + "applications:\n"
        + "  api:\n"
        + '    displayName: "${service_principal.api.id}"\n'
        + '    identifierUris: ["api://${application.api.appId}/x", "a$${b}", "$x {y} $"]\n'
        + '    web: {redirectUris: ["${application.api.appRoles[value=a.b].id}"]}\n'
        + "existing: {partner: {appId: x}}\n",
    )
    api = Address("application", "api")
    assert manifest_kinds.body(loaded, "application.api") == {
        "displayName": Ref(Address("service_principal", "api"), "id"),
        "identifierUris": [Template(("api://", Ref(api, "appId"), "/x")), "a${b}", "$x {y} $"],
        "web": {"redirectUris": [Ref(api, "appRoles[value=a.b].id")]},
    }
    assert loaded.manifest is not None
    assert loaded.manifest.desired[0].settings["label"] == Ref(
        Address("service_principal", "api"), "id"
    )


def test_the_order_in_the_file_does_not_matter(tmp_path: Path) -> None:
    one = manifest_kinds.load(
        tmp_path / "one",
        HEADER + "applications: {b: {port: 1, web: {}}, a: {scopes: {x: {type: User}, "
        "w: {type: Admin}}}}\nexisting: {}\n",
    )
    other = manifest_kinds.load(
        tmp_path / "other",
        "existing: {}\napplications: {a: {scopes: {w: {type: Admin}, x: {type: User}}}, "
        "b: {web: {}, port: 1}}\n" + HEADER,
    )
    assert one.manifest is not None
    assert other.manifest is not None
    assert [repr(item.body) for item in one.manifest.desired] == [
        repr(item.body) for item in other.manifest.desired
    ]


def test_anchors_aliases_merge_keys_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        "\ufeff"
        + HEADER
        + "applications:\n"
        + "  a: &base {port: 1, web: &web {implicit: true}}\n"
        + "  b: {<<: *base, port: 2}\n"
        + "  c: {<<: [{port: 3}, *base]}\n"
        + "  d: {web: *web, displayName: !!str 5}\n",
    )
    web = {"implicit": True}
    assert manifest_kinds.body(loaded, "application.b") == {"port": 2, "web": web}
    assert manifest_kinds.body(loaded, "application.c") == {"port": 3, "web": web}
    assert manifest_kinds.body(loaded, "application.d") == {"displayName": "5", "web": web}


def test_other_spellings_are_accepted(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER + "applications: {a: {allowPublicClient: true, keys: {}}}\nlookups: {p: {appId: x}}",
    )
    assert manifest_kinds.body(loaded, "application.a") == {"public": True}
    assert manifest_kinds.body(loaded, "existing.p") == {}
    wrong = manifest_kinds.load(tmp_path, HEADER + "applications: {a: {allowPublicClient: 1}}")
    assert manifest_kinds.lines(tmp_path, wrong) == [
        "m.yaml:4:39: wrong-type: expected true or false, found a number; write true or false"
    ]


def test_an_empty_section_is_no_fault(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(tmp_path, HEADER + "applications:\nrules:\n")
    assert loaded.manifest is not None
    assert loaded.manifest.desired == ()


def test_a_file_is_read_beside_the_file_that_names_it(tmp_path: Path) -> None:
    text = HEADER + "include: [sub/*.yaml]\n"
    files = {
        "sub/a.yaml": "applications: {a: {certificates: {x: {fromFile: a.cer}}}}",
        "sub/a.cer": "inside",
        "a.cer": "outside",
    }
    loaded = manifest_kinds.load(tmp_path, text, files)
    assert manifest_kinds.body(loaded, "application.a") == {"certificate": "inside"}


def test_a_file_behind_a_link_out_of_the_folder_or_above_1_mib_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.cer").write_text("x")
    folder = tmp_path / "folder"
    text = HEADER + "applications: {a: {certificates: {x: {fromFile: l.cer}, y: {fromFile: b}}}}"
    manifest_kinds.write(folder, {"m.yaml": text, "b": b"x" * (1024 * 1024 + 1)})
    (folder / "l.cer").symlink_to(tmp_path / "outside.cer")
    loaded = manifest.load(folder / "m.yaml", kinds=KINDS)
    assert [line.split(";")[0] for line in manifest_kinds.lines(folder, loaded)] == [
        "m.yaml:4:49: file-outside: a link that leads out of the folder",
        "m.yaml:4:71: file-too-large: `b` is larger than 1024 KiB",
    ]


def test_faulty_entries_do_not_hide_faults_of_others_or_make_references_dangle(
    tmp_path: Path,
) -> None:
    loaded = manifest_kinds.load(
        tmp_path,
        HEADER
        + "applications:\n"
        + "  a: {port: x}\n"
        + '  b: {displayName: "${application.a.appId}"}\n'
        + "  c: {displayName: Forbidden}\n",
    )
    assert [finding.rule for finding in loaded.findings] == ["wrong-type", "forbidden"]


def test_warnings_do_not_stop_a_manifest(tmp_path: Path) -> None:
    loaded = manifest_kinds.load(tmp_path, HEADER + "applications: {a: {displayName: Odd}}")
    assert loaded.manifest is not None
    assert loaded.manifest.findings == loaded.findings
    assert [(finding.rule, finding.severity) for finding in loaded.findings] == [
        ("odd", Severity.WARNING)
    ]


def test_two_kinds_may_need_the_same_object_but_not_differently(tmp_path: Path) -> None:
    def implied(label: str) -> Kind:
        def desire(source: Source) -> tuple[Desired, ...]:
            place = source.place("applications", label)
            return (Desired(Address("existing", "graph"), {"by": label[0]}, place),)

        return Kind(name="implied", desire=desire)

    path = manifest_kinds.write(tmp_path, {"m.yaml": HEADER + "applications:\n  xa: {}\n  xb: {}"})
    same = manifest.load(path, kinds=(*KINDS, implied("xb"), implied("xa")))
    assert same.manifest is not None
    assert same.manifest.desired[2].place.line == 5
    other = manifest.load(path, kinds=(*KINDS, implied("xb"), implied("other")))
    assert [finding.rule for finding in other.findings] == ["duplicate-address"]


def test_a_chosen_tenant_replaces_the_manifests_own(tmp_path: Path) -> None:
    chosen = Tenant("fabrikam.onmicrosoft.com", TenantType.EXTERNAL, "guid", "login.fabrikam.com")
    text = "version: 1\nname: n\napplications: {a: {displayName: '${tenant.id} ${tenant.name}'}}\n"
    path = manifest_kinds.write(tmp_path, {"m.yaml": text})
    loaded = manifest.load(path, kinds=KINDS, tenant=chosen, cloud="china")
    assert manifest_kinds.body(loaded, "application.a") == {"displayName": "guid fabrikam"}
    assert loaded.manifest is not None
    assert (loaded.manifest.tenant, loaded.manifest.cloud) == (chosen, "china")


def test_a_manifest_for_one_tenant_is_not_loaded_for_another(tmp_path: Path) -> None:
    path = manifest_kinds.write(tmp_path, {"m.yaml": HEADER})
    other = Tenant("fabrikam.onmicrosoft.com", TenantType.WORKFORCE)
    loaded = manifest.load(path, kinds=KINDS, tenant=other)
    assert [line.split(";")[0] for line in manifest_kinds.lines(tmp_path, loaded)] == [
        (
            "m.yaml:3:18: other-tenant: the manifest is for the domain contoso.onmicrosoft.com, "
            "the chosen tenant has fabrikam.onmicrosoft.com"
        ),
        (
            "m.yaml:3:49: other-tenant: the manifest is for the type b2c, "
            "the chosen tenant has workforce"
        ),
    ]
    same = Tenant("Contoso.onmicrosoft.com", TenantType.B2C, id="guid")
    assert manifest.load(path, kinds=KINDS, tenant=same).manifest is not None


def test_a_manifest_for_one_cloud_is_not_for_a_tenant_in_another(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(HEADER.replace("}", ", cloud: usgov}"))
    loaded = manifest.load(path, kinds=KINDS, cloud="global")
    assert [(finding.rule, finding.message) for finding in loaded.findings] == [
        ("other-tenant", "the manifest is for the cloud usgov, the chosen tenant is in global")
    ]
    found = manifest.load(path, kinds=KINDS, cloud="usgov").manifest
    assert found is not None
    assert found.cloud == "usgov"


def test_a_cloud_may_be_written_as_its_hosts(tmp_path: Path) -> None:
    hosts = {"graph": "https://g.test", "login": "http://localhost:1", "signIn": "https://s.test"}
    text = HEADER.replace("}", f", cloud: {hosts}, customDomain: a.b}}")
    loaded = manifest_kinds.load(tmp_path, text)
    assert loaded.manifest is not None
    assert loaded.manifest.cloud == hosts
    assert loaded.manifest.tenant.custom_domain == "a.b"


class Open(BaseModel):
    x: int = 1


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ((Section("rules", Open, "d"),), "Open in rules is not closed: set extra='forbid'"),
        ((Section("name", str, "d"),), r"two sections are called \['name'\]"),
        ((Section("a", str, "d"), Section("b", str, "d", aliases=("a",))), "are called"),
        ((Section("k", str, "d", under="nowhere"),), r"nobody declares: \['nowhere'\]"),
        (
            (Section("a", dict[str, str], "d"), Section("k", str, "d", under="a")),
            "a has no entry model that keys could be added to",
        ),
        (
            (
                Section("a", dict[str, manifest_kinds.Web], "d"),
                Section("implicit", str, "d", under="a"),
            ),
            r"a declares \['implicit'\] itself",
        ),
    ],
)
def test_kinds_that_contradict_each_other_are_a_programming_error(
    sections: tuple[Section, ...], message: str, tmp_path: Path
) -> None:
    path = manifest_kinds.write(tmp_path, {"m.yaml": HEADER})
    with pytest.raises(TypeError, match=message):
        manifest.load(path, kinds=(Kind(name="k", sections=sections),))


def test_fifty_applications_load_in_half_a_second_of_processor_time(tmp_path: Path) -> None:
    text = HEADER + "applications:\n"
    for number in range(50):
        text += f"  app{number}:\n    displayName: App {number} of ${{tenant.domain}}\n"
        text += f'    identifierUris: ["api://${{application.app{number}.appId}}"]\n    scopes:\n'
        text += "".join(f"      scope.{letter}: {{type: Admin}}\n" for letter in "abcdefghij")
    before = time.process_time()
    loaded = manifest_kinds.load(tmp_path, text)
    assert time.process_time() - before < 0.5
    assert loaded.manifest is not None
    assert len(loaded.manifest.desired) == 100
