"""Policies on the command line: lint, build, whole texts, the way back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cli_shell import Shell, opened
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from virtual_time import START
from world import ROOT

from provisioning.sandbox import Options, Sandbox

SCHEMA = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://schemas.microsoft.com/online/cpim/schemas/2013/06">
  <xs:element name="TrustFrameworkPolicy"><xs:complexType>
    <xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></xs:sequence>
    <xs:attribute name="PolicyId" type="xs:string" use="required"/>
  </xs:complexType></xs:element>
</xs:schema>
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        shutil.copytree(ROOT / "manifests" / "ropc-custom-policy", tmp_path, dirs_exist_ok=True)
        yield made


def replace(shell: Shell, name: str, old: str, new: str) -> None:
    path = shell.folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def change(shell: Shell) -> None:
    """Change the base and what inherits from it."""
    replace(shell, "policies/Base.xml", ">Surname<", ">Family name<")
    replace(shell, "policies/Extensions.xml", ">Sign-in name or", ">Name or")


def limit(shell: Shell, kilobytes: int) -> None:
    """Let the tenant take no policy above a size: Extensions is above 8 KB, Base is not."""
    Sandbox(shell.folder / "box", options=Options(max_policy_kilobytes=kilobytes)).close()


def broken_off(shell: Shell) -> str:
    """An apply that replaces one policy and fails at the next; the command that it offers."""
    assert shell("apply . --sandbox box --yes").code == 0
    change(shell)
    limit(shell, 8)
    told = shell("apply . --sandbox box --yes")
    limit(shell, 1024)
    assert told.code == 1
    lines = told.stdout.splitlines()
    assert lines[-2] == "To put back the policies that this run replaced:"
    return lines[-1].strip().removeprefix("provisioning ")


def test_lint_finds_nothing_in_the_shipped_policies(shell: Shell) -> None:
    told = shell("policies lint .")
    assert (told.code, told.stdout) == (0, "3 policies, no findings\n")
    assert shell("policies lint . --format json").document["findings"] == []


def test_a_fault_in_a_policy_is_told_at_its_place_by_lint_validate_and_plan(shell: Shell) -> None:
    replace(shell, "policies/Extensions.xml", '"logonIdentifier" Par', '"nobody" Par')
    row = "error: InputClaim refers to claim type nobody, "
    for line in ("policies lint .", "validate .", "plan . --sandbox box"):
        told = shell(line)
        assert told.code == 1
        assert row in told.stdout + told.stderr
        assert "policies/Extensions.xml:" in told.stdout + told.stderr


def test_sarif_has_a_rules_table_and_places_that_can_be_opened(shell: Shell) -> None:
    replace(shell, "policies/Extensions.xml", '"logonIdentifier" Par', '"nobody" Par')
    told = shell("policies lint . --format sarif")
    assert told.code == 1
    document = told.document
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    found = next(item for item in run["results"] if item["ruleId"] == "unknown-claim-type")
    assert rules["unknown-claim-type"]["shortDescription"]["text"]
    assert rules["unknown-claim-type"]["help"]["text"]
    assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == "unknown-claim-type"
    assert found["level"] == "error"
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/Extensions.xml"
    text = (shell.folder / "policies" / "Extensions.xml").read_text("utf-8").splitlines()
    assert '"nobody"' in text[place["region"]["startLine"] - 1]
    for line in ("validate .", "plan . --sandbox box"):
        same = shell(f"{line} --format sarif").document["runs"][0]
        assert [item["ruleId"] for item in same["results"]] == [
            item["ruleId"] for item in run["results"]
        ]


def test_sarif_is_no_format_for_a_report(shell: Shell) -> None:
    assert shell("apply . --sandbox box --yes --format sarif").code == 1
    assert not (shell.folder / "box").exists()


def test_a_schema_of_the_users_own_warns_unless_told_otherwise(shell: Shell) -> None:
    shell.write("ours.xsd", SCHEMA)
    told = shell("policies lint . --schema ours.xsd")
    assert told.code == 0
    assert "policies/Base.xml:3:1: warning: " in told.stdout
    assert "[schema]" in told.stdout
    strict = shell("policies lint . --schema ours.xsd --schema-severity error")
    assert strict.code == 1
    assert "policies/Base.xml:3:1: error: " in strict.stdout
    shell.write("bad.xsd", "<xs/>")
    assert "the schema bad.xsd can't be used" in shell("policies lint . --schema bad.xsd").stderr


def test_build_writes_what_would_be_uploaded(shell: Shell) -> None:
    told = shell("policies build . --out out")
    assert told.code == 0
    assert told.stdout == (
        "out/B2C_1A_Base.xml  from policies/Base.xml\n"
        "out/B2C_1A_Extensions.xml  from policies/Extensions.xml\n"
        "out/B2C_1A_ROPC_Auth.xml  from policies/ROPC_Auth.xml\n"
    )
    text = (shell.folder / "out" / "B2C_1A_Extensions.xml").read_text("utf-8")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    assert 'TenantId="contoso.onmicrosoft.com"' in text
    assert "${application.ief.appId}" in text
    assert "{Settings:" not in text
    for row in (shell.folder / "out" / "policies.sha256").read_text("utf-8").splitlines():
        digest, _, name = row.partition("  ")
        assert sha256((shell.folder / "out" / name).read_bytes()).hexdigest() == digest
    listed = shell("policies build . --out out --format json").document["policies"]
    assert listed[1] == {
        "id": "B2C_1A_Extensions",
        "file": "out/B2C_1A_Extensions.xml",
        "source": "policies/Extensions.xml",
        "base": "B2C_1A_Base",
    }


def test_build_applies_overlays(shell: Shell) -> None:
    replace(
        shell,
        "manifest.yaml",
        "files: [policies/*.xml]",
        "files: [policies/*.xml]\n  overlays: [build-stamp]",
    )
    assert shell("policies build . --out out").code == 0
    plain = shell.folder / "policies" / "ROPC_Auth.xml"
    built = shell.folder / "out" / "B2C_1A_ROPC_Auth.xml"
    added = built.read_text("utf-8").count("<OutputClaim ") - plain.read_text().count(
        "<OutputClaim "
    )
    assert added == 1


def test_build_takes_away_what_it_wrote_and_no_longer_would(shell: Shell) -> None:
    shell("policies build . --out out")
    shell.write("out/notes.txt", "mine")
    (shell.folder / "policies" / "ROPC_Auth.xml").unlink()
    assert shell("policies build . --out out").code == 0
    assert sorted(path.name for path in (shell.folder / "out").iterdir()) == [
        "B2C_1A_Base.xml",
        "B2C_1A_Extensions.xml",
        "notes.txt",
        "policies.sha256",
    ]


@pytest.mark.parametrize("way", ["foreign folder", "edited file", "link"])
def test_build_never_writes_over_what_is_not_its_own(shell: Shell, way: str) -> None:
    target = shell.folder / "out" / "B2C_1A_Base.xml"
    match way:
        case "foreign folder":
            shell.write("out/readme.txt", "mine")
            kept, blocked = shell.folder / "out" / "readme.txt", "readme.txt"
        case "edited file":
            shell("policies build . --out out")
            kept, blocked = shell.write("out/B2C_1A_Base.xml", "mine"), target.name
        case _:
            shell("policies build . --out out")
            kept, blocked = shell.write("elsewhere.xml", "mine"), target.name
            target.unlink()
            target.symlink_to(kept)
    told = shell("policies build . --out out")
    assert told.code == 1
    assert f"out holds {blocked}, which this command did not write" in told.stderr
    assert kept.read_text() == "mine"


def test_build_writes_nothing_while_there_are_faults(shell: Shell) -> None:
    replace(shell, "policies/Extensions.xml", '"logonIdentifier" Par', '"nobody" Par')
    told = shell("policies build . --out out")
    assert told.code == 1
    assert "refers to claim type nobody" in told.stderr
    assert not (shell.folder / "out").exists()


def test_build_of_a_manifest_without_policies_says_so(shell: Shell) -> None:
    shell.write("plain.yaml", "version: 1\nname: d\ntenant: {domain: a.example, type: b2c}\n")
    told = shell("policies build plain.yaml --out out")
    assert (told.code, "declares no custom policies" in told.stderr) == (1, True)


def test_full_xml_shows_the_whole_policy_and_changes_no_digest(shell: Shell) -> None:
    shell("apply . --sandbox box --yes")
    change(shell)
    short = shell("plan . --sandbox box --format json").document
    whole = shell("plan . --sandbox box --full-xml --format json").document
    assert whole["digest"] == short["digest"]
    assert ["xml" in step for step in short["steps"]] == [False, False]
    assert "<DisplayName>Surname</DisplayName>" in whole["steps"][0]["xml"]["before"]
    assert "<DisplayName>Family name</DisplayName>" in whole["steps"][0]["xml"]["after"]
    text = shell("plan . --sandbox box").stdout
    assert (
        "      ~ BuildingBlocks/ClaimsSchema/ClaimType[surname]/DisplayName: "
        '"Surname" -> "Family name"\n'
    ) in text
    full = shell("plan . --sandbox box --full-xml").stdout
    assert "      -         <DisplayName>Surname</DisplayName>\n" in full
    assert "      +         <DisplayName>Family name</DisplayName>\n" in full
    assert "          <BuildingBlocks>\n" in full
    markdown = shell("plan . --sandbox box --full-xml --format markdown").stdout
    assert "+         <DisplayName>Family name</DisplayName>\n" in markdown
    applied = shell("apply . --sandbox box --yes --full-xml")
    assert "      +         <DisplayName>Family name</DisplayName>\n" in applied.stdout


def test_full_xml_of_a_create_shows_references_by_their_spelling(shell: Shell) -> None:
    steps = shell("plan . --sandbox box --full-xml --format json").document["steps"]
    made = next(s for s in steps if s["address"] == "custom_policy.B2C_1A_Extensions")
    assert made["xml"]["before"] is None
    assert "${application.ief.appId}" in made["xml"]["after"]


def test_a_failed_upload_offers_the_command_that_restores_what_was_there(shell: Shell) -> None:
    command = broken_off(shell)
    run = command.split()[1]
    assert command == f"rollback {run} --sandbox box"
    asked = shell(command)
    assert (asked.code, "--yes" in asked.stderr) == (1, True)
    assert (
        "  ~ custom_policy.B2C_1A_Base  "
        f"# as run {run} found it\n"
        "      ~ BuildingBlocks/ClaimsSchema/ClaimType[surname]/DisplayName: "
        '"Family name" -> "Surname"\n'
    ) in asked.stdout
    assert "Plan: 0 to create, 1 to update, 0 to delete\n" in asked.stdout
    done = shell(f"{command} --yes")
    assert done.code == 0
    assert "done update custom_policy.B2C_1A_Base" in done.stdout
    assert f"Second plan: no changes. The tenant matches what run {run} found.\n" in done.stdout
    again = shell(command)
    assert again.code == 0
    assert f"No changes. The tenant matches what run {run} found.\n" in again.stdout
    assert "Apply: nothing to do\n" in again.stdout
    assert len(shell("plan . --sandbox box --format json").document["steps"]) == 2


def test_the_offered_command_carries_the_journal_and_json_stays_one_document(
    shell: Shell,
) -> None:
    shell("apply . --sandbox box --yes --journal kept")
    change(shell)
    limit(shell, 8)
    told = shell("apply . --sandbox box --yes --journal kept --format json")
    run = told.document["run"]
    assert told.stderr.endswith(
        "To put back the policies that this run replaced: "
        f"provisioning rollback {run} --journal kept --sandbox box\n"
    )
    markdown = shell("apply . --sandbox box --yes --journal kept --format markdown")
    assert "To put back" not in markdown.stdout
    limit(shell, 1024)
    done = shell(f"rollback {run} --journal kept --sandbox box --yes --format json --full-xml")
    assert done.code == 0
    assert [item["result"] for item in done.document["outcomes"]] == ["done"]
    assert "      +         <DisplayName>Surname</DisplayName>\n" in done.stderr


def test_an_apply_that_replaced_nothing_offers_nothing(shell: Shell) -> None:
    assert shell("sandbox reset").code == 1
    (shell.folder / "box").mkdir()
    limit(shell, 8)
    told = shell("apply . --sandbox box --yes")
    assert told.code == 1
    assert "To put back" not in told.stdout + told.stderr


@pytest.mark.parametrize("run", ["nowhere", "../run", "..", "a/b"])
def test_a_run_that_is_not_there_is_one_message(shell: Shell, run: str) -> None:
    told = shell(f"rollback {run} --sandbox box")
    assert told.code == 1
    assert "Error: " in told.stderr
    assert "Traceback" not in told.stderr


def test_a_rollback_on_another_sandbox_is_refused(shell: Shell) -> None:
    command = broken_off(shell)
    told = shell(command.replace("--sandbox box", "--sandbox other"))
    assert told.code == 1
    assert "the sandbox in other has no tenant" in told.stderr


KEYS = """
policyKeys:
  FacebookSecret: {upload: {fromEnv: FACEBOOK_SECRET}, use: sig, version: 1}
  Saml: {pkcs12: {fromFile: saml.pfx, password: {fromEnv: SAML_PFX_PASSWORD}}, version: 1}
"""


def bundle(password: str) -> bytes:
    """A certificate of a year and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "contoso")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(START.replace(year=START.year + 100))
        .sign(key, hashes.SHA256())
    )
    sealed = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(b"saml", key, certificate, None, sealed)


def test_secrets_of_a_manifest_are_read_while_they_are_sent_and_told_nowhere(
    shell: Shell,
) -> None:
    shell.write("manifest.yaml", (shell.folder / "manifest.yaml").read_text("utf-8") + KEYS)
    (shell.folder / "saml.pfx").write_bytes(bundle("pfx-password"))
    os.environ["SAML_PFX_PASSWORD"] = "pfx-password"
    missing = shell("apply . --sandbox box --yes")
    assert missing.code == 1
    assert "the environment variable FACEBOOK_SECRET is not set" in missing.stderr
    assert not (shell.folder / ".provisioning").exists()
    os.environ["FACEBOOK_SECRET"] = "facebook-secret-value"
    told = shell("apply . --sandbox box --yes --log-level debug")
    assert told.code == 0, told.stdout
    assert shell("plan . --sandbox box --detailed-exitcode").code == 0
    written = [path.read_text("utf-8") for path in (shell.folder / ".provisioning").iterdir()]
    for secret in ("facebook-secret-value", "pfx-password"):
        assert secret not in told.stdout + told.stderr + "".join(written)


def test_who_cannot_get_the_scopes_is_told_before_anything_is_sent(shell: Shell) -> None:
    os.environ["PATH"] = ""
    told = shell("plan . --auth azure-cli")
    assert told.code == 1
    first = told.stderr.splitlines()[0]
    assert first.startswith("--auth azure-cli can never hold Policy.ReadWrite.TrustFramework")
    assert "--auth client-secret" in first


def test_the_journal_keeps_the_xml_that_was_replaced(shell: Shell) -> None:
    run = broken_off(shell).split()[1]
    rows = (shell.folder / ".provisioning" / f"{run}.jsonl").read_text("utf-8").splitlines()
    kept = [json.loads(row) for row in rows if "replaced" in json.loads(row)]
    assert [row["address"] for row in kept] == [
        "custom_policy.B2C_1A_Base",
        "custom_policy.B2C_1A_Extensions",
    ]
    assert "Surname" in kept[0]["content"]


FLOW = """\
version: 1
name: flows
tenant: {domain: contoso.onmicrosoft.com, type: b2c}
userFlows:
  ROPC_Auth: {userFlowType: resourceOwner, userFlowTypeVersion: 1, claims: [Display Name]}
"""


def test_a_manual_step_is_shown_with_its_link_and_exits_with_3(shell: Shell) -> None:
    shell.write("manifest.yaml", FLOW)
    applied = shell("apply . --sandbox box --yes")
    assert applied.code == 3
    assert "     manual update user_flow_claims.B2C_1_ROPC_Auth  # Open the user flow" in (
        applied.stdout
    )
    planned = shell("plan . --sandbox box --detailed-exitcode")
    assert planned.code == 3
    assert "  ? user_flow_claims.B2C_1_ROPC_Auth  update" in planned.stdout
    assert "https://portal.azure.com/" in planned.stdout
    assert shell("apply . --sandbox box").code == 3
    (step,) = shell("plan . --sandbox box --format json").document["steps"]
    assert "https://portal.azure.com/" in step["manual"]
    assert "<https://portal.azure.com/" in shell("apply . --sandbox box --format markdown").stdout
