"""tenants.yaml: what it means, every fault with its place, and additions that keep the rest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Secret, Tenant, TenantType
from provisioning.tenants import inventory, schema, sign_in
from provisioning.tenants.model import Inventory, Ring, StopAfter

WHOLE = """\
version: 1
defaults:
  type: b2c
  ring: broad
  manifests: [manifests/app]
  variables: {port: 8080, greeting: hello}
rings:
  canary:
  early: {wave: 10, stopAfter: 1}
  broad: {wave: 50, stopAfter: "5%"}
tenants:
  contoso:
    domain: contoso.onmicrosoft.com
    id: 11111111-2222-3333-4444-555555555555
    customDomain: login.contoso.com
    ring: canary
    tags: [eu, gold]
    variables: {greeting: hallo, loud: true}
    auth:
      reader: {method: workload-identity, clientId: 44444444-2222-3333-4444-555555555555}
      deployer:
        clientId: 55555555-2222-3333-4444-555555555555
        certificate: {fromFile: keys/contoso.pem}
        certificatePassword: {fromEnv: PEM_PASSWORD}
  fabrikam:
    domain: fabrikam.onmicrosoft.com
    type: workforce
    manifests: [other.yaml]
    auth:
      clientId: 66666666-2222-3333-4444-555555555555
      clientSecret: {fromEnv: FABRIKAM_SECRET}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifests" / "app").mkdir(parents=True)
    (tmp_path / "manifests" / "app" / "manifest.yaml").write_text("version: 1\n")
    (tmp_path / "other.yaml").write_text("version: 1\n")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "tenants.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str = WHOLE) -> Inventory:
    loaded = inventory.load(written(folder, text))
    assert loaded.inventory is not None, loaded.findings
    return loaded.inventory


def faults(folder: Path, text: str) -> list[tuple[int, int, str]]:
    loaded = inventory.load(written(folder, text))
    assert loaded.inventory is None
    assert all(finding.message and finding.remedy for finding in loaded.findings)
    return [
        (finding.place.line, finding.place.column, finding.rule)
        for finding in loaded.findings
        if finding.place is not None
    ]


def test_a_tenants_own_keys_replace_the_defaults_and_variables_are_merged(folder: Path) -> None:
    contoso, fabrikam = read(folder).tenants
    identity = "11111111-2222-3333-4444-555555555555"
    assert contoso.tenant == Tenant(
        "contoso.onmicrosoft.com", TenantType.B2C, identity, "login.contoso.com"
    )
    assert (contoso.cloud, contoso.ring, contoso.tags) == ("global", "canary", ("eu", "gold"))
    assert contoso.variables == {"port": "8080", "greeting": "hallo", "loud": "true"}
    assert contoso.manifests == (folder / "manifests/app",)
    assert (contoso.place.line, contoso.variable_places["loud"].line) == (12, 18)
    assert fabrikam.tenant.type is TenantType.WORKFORCE
    assert fabrikam.ring == "broad"
    assert fabrikam.manifests == (folder / "other.yaml",)
    assert fabrikam.variables == {"port": "8080", "greeting": "hello"}


def test_rings_come_in_the_order_of_the_file(folder: Path) -> None:
    assert read(folder).rings == (
        Ring("canary"),
        Ring("early", 10, StopAfter(1)),
        Ring("broad", 50, StopAfter(5, percent=True)),
    )


def test_without_rings_everybody_is_in_one(folder: Path) -> None:
    text = "version: 1\ntenants: {a: {domain: a.example, type: external}}\n"
    alone = read(folder, text)
    assert alone.rings == (Ring("all"),)
    assert alone.tenants[0].ring == "all"


@pytest.mark.parametrize(
    ("stop", "failed", "size", "reached"),
    [
        (StopAfter(2), 1, 50, False),
        (StopAfter(2), 2, 50, True),
        (StopAfter(5, percent=True), 2, 50, False),
        (StopAfter(5, percent=True), 3, 50, True),
        (StopAfter(5, percent=True), 0, 3, False),
        (StopAfter(5, percent=True), 1, 3, True),
    ],
)
def test_a_ring_stops_at_a_number_or_a_share_of_failures(
    stop: StopAfter, failed: int, size: int, reached: bool
) -> None:
    assert stop.reached(failed, size) is reached


async def test_a_sign_in_becomes_the_variables_of_azure_identity(folder: Path) -> None:
    contoso, fabrikam = read(folder).tenants
    process = {"PATH": "/bin", "AZURE_CLIENT_ID": "mine", "AZURE_CLIENT_SECRET": "mine"}
    assert contoso.reader is not None
    assert contoso.reader.way == "workload-identity"
    assert await sign_in.environment(contoso.reader, contoso.tenant, process) == {
        "PATH": "/bin",
        "AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555",
        "AZURE_CLIENT_ID": "44444444-2222-3333-4444-555555555555",
        "AZURE_CLIENT_SECRET": "mine",
    }
    assert contoso.deployer is not None
    assert contoso.deployer.way == "certificate"
    given = process | {"PEM_PASSWORD": "open"}
    variables = await sign_in.environment(contoso.deployer, contoso.tenant, given)
    assert variables["AZURE_CLIENT_CERTIFICATE_PATH"] == str(folder / "keys/contoso.pem")
    assert variables["AZURE_CLIENT_CERTIFICATE_PASSWORD"] == "open"
    assert "AZURE_CLIENT_SECRET" not in variables  # another client's
    assert fabrikam.reader == fabrikam.deployer
    assert fabrikam.reader is not None
    assert fabrikam.reader.client_secret == Secret(("fromEnv", "FABRIKAM_SECRET"))
    variables = await sign_in.environment(
        fabrikam.reader, fabrikam.tenant, {"FABRIKAM_SECRET": "hidden\n"}
    )
    assert variables["AZURE_CLIENT_SECRET"] == "hidden"
    assert variables["AZURE_TENANT_ID"] == "fabrikam.onmicrosoft.com"


async def test_without_a_sign_in_the_process_signs_in(folder: Path) -> None:
    tenant = read(folder).tenants[1].tenant
    assert await sign_in.environment(None, tenant, {"AZURE_CLIENT_ID": "mine"}) == {
        "AZURE_CLIENT_ID": "mine",
        "AZURE_TENANT_ID": "fabrikam.onmicrosoft.com",
    }


def test_every_fault_is_told_at_once_with_its_place(folder: Path) -> None:
    text = """\
version: 1
color: red
defaults: {ring: brod, manifests: [nowhere]}
rings: {canary: {wave: 0}, broad: {stopAfter: "200%"}}
tenants:
  a: {domain: a.example, type: b2c, ring: canary, dommain: x}
  b: {type: b2c, ring: canary}
  B!: {domain: b.example, type: b2c, ring: canary}
  c: text
  d: {domain: d.example, type: b2b}
  e: {domain: e.example, type: b2c, auth: {clientId: 44444444-2222-3333-4444-555555555555}}
  f: {domain: f.example, type: b2c, auth: {clientSecret: open-secret}}
"""
    assert faults(folder, text) == [
        (2, 1, "unknown-key"),
        (4, 24, "invalid-value"),
        (4, 47, "invalid-value"),
        (6, 51, "unknown-key"),
        (7, 3, "missing-key"),
        (8, 3, "tenant-name"),
        (9, 6, "wrong-type"),
        (10, 32, "unknown-value"),
        (11, 37, "invalid-value"),
        (12, 58, "secret-in-the-open"),
    ]


def test_what_the_parts_say_of_each_other_is_checked_too(folder: Path) -> None:
    text = """\
version: 1
defaults: {ring: brod, manifests: [other.yaml, other.yaml]}
rings: {canary: , broad: }
tenants:
  a: {domain: a.example, type: b2c, ring: kanary}
  b: {domain: A.example, type: b2c, ring: broad, manifests: [nowhere]}
  c: {domain: c.example, ring: broad}
"""
    assert faults(folder, text) == [
        (2, 18, "unknown-ring"),
        (2, 48, "duplicate-manifest"),
        (5, 43, "unknown-ring"),
        (6, 15, "duplicate-tenant"),
        (6, 62, "manifest-missing"),
        (7, 3, "missing-key"),
    ]


def test_where_rings_are_declared_a_tenant_names_one(folder: Path) -> None:
    text = "version: 1\nrings: {canary: }\ntenants: {a: {domain: a.example, type: b2c}}\n"
    assert faults(folder, text) == [(3, 11, "missing-key")]


def test_a_name_given_twice_is_a_fault(folder: Path) -> None:
    text = "version: 1\ntenants:\n  a: {domain: a.b, type: b2c}\n  a: {domain: c.d, type: b2c}\n"
    assert faults(folder, text) == [(4, 3, "duplicate-key")]


def test_a_missing_inventory_is_a_fault_of_its_place(tmp_path: Path) -> None:
    loaded = inventory.load(tmp_path / "tenants.yaml")
    assert [finding.rule for finding in loaded.findings] == ["file-missing"]


NEW = {
    "domain": "new.onmicrosoft.com",
    "type": "b2c",
    "tags": ["eu"],
    "id": "11111111-1111-1111-1111-111111111111",
}
FLOW = (
    "new: {domain: new.onmicrosoft.com, type: b2c, tags: [eu], "
    'id: "11111111-1111-1111-1111-111111111111"}'
)
BLOCK = """\
    domain: new.onmicrosoft.com
    type: b2c
    tags: [eu]
    id: "11111111-1111-1111-1111-111111111111"
"""


def test_a_tenant_is_added_at_the_end_and_the_rest_stays_as_it_is(folder: Path) -> None:
    text = """\
# ours
version: 1
tenants:   # all of them
    first: {domain: first.example, type: b2c}  # the first
    second:
        domain: second.example
        type: b2c
        variables:
          text: |
            two

            lines
    # the end

rings: {all: }
defaults: {ring: all}
"""
    path = written(folder, text)
    assert inventory.add(path, "new", NEW)
    before, after = text.split("    # the end\n")
    block = "".join(f"  {line}\n" for line in BLOCK.splitlines())
    assert path.read_text() == f"{before}    new:\n{block}    # the end\n{after}"
    assert not inventory.add(path, "new", NEW)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1\n", "version: 1\ntenants:\n  new:\n" + BLOCK),
        ("version: 1\ntenants:", "version: 1\ntenants:\n  new:\n" + BLOCK),
        ("version: 1\ntenants: # none\n", "version: 1\ntenants: # none\n  new:\n" + BLOCK),
        (
            "\ufeffversion: 1\r\ntenants:\r\n  a: {domain: a.b, type: b2c}\r\n",
            "\ufeffversion: 1\r\ntenants:\r\n  a: {domain: a.b, type: b2c}\r\n  new:\r\n"
            + BLOCK.replace("\n", "\r\n"),
        ),
        (
            "{version: 1, tenants: {}}\n",
            f"{{version: 1, tenants: {{{FLOW}}}}}\n",
        ),
        (
            "version: 1\ntenants: {a: {domain: a.b, type: b2c}}\n",
            f"version: 1\ntenants: {{a: {{domain: a.b, type: b2c}}, {FLOW}}}\n",
        ),
    ],
)
def test_any_layout_takes_another_tenant(folder: Path, before: str, after: str) -> None:
    path = folder / "tenants.yaml"
    path.write_bytes(before.encode())
    assert inventory.add(path, "new", NEW)
    assert path.read_bytes().decode() == after


def test_the_first_tenant_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tenants.yaml"
    assert inventory.add(path, "new", NEW)
    assert path.read_text() == "version: 1\ntenants:\n  new:\n" + BLOCK


def test_an_addition_with_faults_changes_nothing(folder: Path) -> None:
    path = written(folder, WHOLE)
    path.chmod(0o640)
    for name, keys in (
        ("Upper", NEW),
        ("contoso", NEW),
        ("other", {"domain": "contoso.onmicrosoft.com"}),
        ("other", {**NEW, "ring": "nowhere"}),
    ):
        with pytest.raises(InputError):
            inventory.add(path, name, keys)
    assert path.read_text() == WHOLE
    assert inventory.add(path, "other", NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text().startswith(WHOLE)


def test_a_layout_that_an_addition_would_break_is_left_to_a_person(folder: Path) -> None:
    text = """\
version: 1
tenants:
  a: &a {domain: a.b, type: b2c}
  b:
    <<:
      - *a
    domain: b.b
    tags:
      - &t eu
      -
        *t
"""
    path = written(folder, text)
    with pytest.raises((ProvisioningError, InputError)):
        inventory.add(path, "new", NEW)
    assert path.read_text() == text


def test_the_shipped_schema_is_the_one_of_the_models_and_describes_every_key() -> None:
    shipped = Path(inventory.__file__).with_name("schema.json")
    assert shipped.read_text(encoding="utf-8") == schema.text()
    made = schema.schema()
    for node in (made, *made["$defs"].values()):
        assert all(value.get("description") for value in node["properties"].values())
