"""`onboard`, `offboard` and `doctor` of a tenant, as an administrator and as its identities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from cli_shell import Shell, Told, opened
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from served import served

from provisioning.sandbox import Sandbox

DOMAIN = "contoso.onmicrosoft.com"
ONBOARD = "onboard . --repository contoso/infra --sandbox box --yes"
GITHUB = "https://token.actions.githubusercontent.com"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
AZURE_CLI = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Group.ReadWrite.All",
    "User.Read",
    "User.ReadWrite.All",
)
"""What azure-identity's own sign-in holds on Graph."""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        for name in [name for name in os.environ if name.startswith(("AZURE_", "ACTIONS_"))]:
            del os.environ[name]
        yield made


def dumped(shell: Shell) -> dict[str, Any]:
    with closing(Sandbox(shell.folder / "box")) as box:
        return box.dump(DOMAIN)


def identities(told: Told) -> dict[str, str]:
    made = told.document["onboarding"]["identities"]
    return {role: about["clientId"] for role, about in made.items()}


def statuses(told: Told) -> dict[tuple[str, str], str]:
    return {
        (str(check["signIn"]).partition(" ")[0], check["name"]): check["status"]
        for check in told.document["checks"]
    }


def test_an_empty_tenant_gets_its_identities_and_the_second_time_nothing(shell: Shell) -> None:
    first = shell(f"{ONBOARD} --format json")
    assert first.code == 0
    assert first.document["summary"]["create"] == 14
    listed = (shell.folder / "tenants.yaml").read_bytes()
    before = dumped(shell)
    second = shell(f"{ONBOARD} --format json")
    assert second.code == 0
    assert second.document["steps"] == []
    assert dumped(shell) == before
    assert (shell.folder / "tenants.yaml").read_bytes() == listed
    assert identities(second) == identities(first)
    assert second.document["onboarding"]["inventory"] == {"path": "tenants.yaml", "added": False}


def test_what_is_made_is_what_was_shown_and_each_identity_can_do_its_work(shell: Shell) -> None:
    told = shell(f"{ONBOARD} --format json")
    names = sorted(each["displayName"] for each in dumped(shell)["applications"])
    assert names[:3] == ["Provisioning deployer", "Provisioning for people", "Provisioning reader"]
    made = told.document["onboarding"]["identities"]
    assert made["reader"]["permissions"] == ["Directory.Read.All"]
    assert made["reader"]["risks"] == {}
    assert set(made["deployer"]["risks"]) == {
        "Application.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
    }
    found = statuses(told)
    assert found["reader", "permissions to plan"] == "ok"
    assert found["deployer", "permissions to apply"] == "ok"
    assert "failed" not in found.values()


def test_github_gets_the_reader_and_its_environment_the_deployer(shell: Shell) -> None:
    told = shell(f"{ONBOARD} --environment prod --format json")
    made, tenant = identities(told), told.document["onboarding"]["tenant"]["id"]
    deployer = made["deployer"]
    assert told.document["onboarding"]["github"]["commands"] == [
        f"gh variable set AZURE_TENANT_ID --repo contoso/infra --body {tenant}",
        f"gh variable set AZURE_CLIENT_ID --repo contoso/infra --body {made['reader']}",
        f"gh variable set AZURE_CLIENT_ID --repo contoso/infra --env prod --body {deployer}",
    ]


def test_the_tenant_is_listed_with_both_sign_ins(shell: Shell) -> None:
    shell.write("tenants.yaml", "# ours\nversion: 1\nrings: {canary: {}}\n")
    told = shell(f"{ONBOARD} --ring canary --var redirectUri=myapp://x --format json")
    made, tenant = identities(told), told.document["onboarding"]["tenant"]["id"]
    text = (shell.folder / "tenants.yaml").read_text()
    assert text.startswith("# ours\nversion: 1\nrings: {canary: {}}\ntenants:\n  contoso:\n")
    assert yaml.safe_load(text)["tenants"]["contoso"] == {
        "domain": DOMAIN,
        "id": tenant,
        "type": "b2c",
        "ring": "canary",
        "variables": {"redirectUri": "myapp://x"},
        "manifests": ["."],
        "auth": {
            "reader": {"method": "workload-identity", "clientId": made["reader"]},
            "deployer": {"method": "workload-identity", "clientId": made["deployer"]},
        },
    }


def test_text_tells_the_risk_before_the_question_and_the_result_after(shell: Shell) -> None:
    told = shell(f"{ONBOARD}")
    text = told.stdout
    assert told.code == 0
    order = ["(tier 0)", "+ application.deployer", "Apply: ", "gh variable set", "contoso: reader"]
    found = [text.index(each) for each in order]
    assert found == sorted(found)
    asked = shell(ONBOARD.replace(" --yes", "").replace(" box", " other"))
    assert (asked.code, "there is no terminal to ask on" in asked.stderr) == (1, True)
    assert "(tier 0)" in asked.stdout


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("onboard . --sandbox box", "nobody could sign in as reader or deployer"),
        ("onboard . --repository x --sandbox box", "--repository x is no repository"),
        ("onboard . --certificate a.pem --sandbox box", "does not say whose it is"),
        ("onboard . --certificate reader=a.pem --sandbox box", "No such file"),
        ("onboard . --repository o/r --ring early --sandbox box", "there is no ring early"),
        ("onboard . --repository o/r --domain x.test --type b2c", "the manifest is for the domain"),
        ("onboard . --repository o/r --domain x.test", "--domain does not say its type"),
        ("onboard . --repository o/r --type b2c", "--type, --id and --cloud say nothing alone"),
        ("onboard . --repository o/r --var x=y", "no manifest declares the variable x"),
        ("offboard contoso --sandbox box", "contoso is no tenant of tenants.yaml"),
        ("doctor", "no MANIFEST is named"),
        ("doctor --tenant nobody", "--tenant nobody: the inventory has no such tenant"),
        ("doctor --ring nowhere", "--ring nowhere: the inventory has no such ring"),
    ],
)
def test_what_cannot_work_is_said_before_anybody_signs_in(
    shell: Shell, line: str, told: str
) -> None:
    shell.write("tenants.yaml", "version: 1\nrings: {canary: {}}\n")
    found = shell(line)
    assert found.code == 1
    assert told in found.stderr
    assert not (shell.folder / "box").exists()


def test_a_tenant_of_another_type_is_refused(shell: Shell) -> None:
    assert shell(ONBOARD).code == 0
    manifest = shell.folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("type: b2c", "type: workforce"))
    before = dumped(shell)
    told = shell(ONBOARD)
    assert (told.code, "Error: " in told.stderr) == (1, True)
    assert dumped(shell) == before


def test_without_consent_an_administrator_is_told_where(shell: Shell) -> None:
    told = shell(f"{ONBOARD} --no-consent --format json")
    made, tenant = identities(told), told.document["onboarding"]["tenant"]["id"]
    assert told.code == 3
    assert told.document["onboarding"]["consent"]["deployer"] == (
        f"https://login.microsoftonline.com/{tenant}/adminconsent?client_id={made['deployer']}"
    )
    held = dumped(shell)
    assert held["appRoleAssignments"] == held["oauth2PermissionGrants"] == []
    (reader,) = [a for a in held["applications"] if a["appId"] == made["reader"]]
    assert reader["requiredResourceAccess"]
    assert statuses(told)["reader", "permissions to plan"] == "failed"


def test_a_consent_given_since_is_not_taken_back(shell: Shell) -> None:
    shell(f"{ONBOARD} --no-consent")
    assert shell(ONBOARD).code == 0
    before = dumped(shell)
    again = shell(f"{ONBOARD} --no-consent --format json")
    assert (again.code, again.document["steps"]) == (0, [])
    assert again.document["onboarding"]["consent"] == {}
    assert dumped(shell) == before


def test_by_ownership_the_deployer_may_not_write_every_application(shell: Shell) -> None:
    told = shell(f"{ONBOARD} --owned-by --format json")
    assert told.code == 0
    assert told.document["onboarding"]["identities"]["deployer"]["permissions"] == [
        "Application.Read.All",
        "Application.ReadWrite.OwnedBy",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Organization.Read.All",
    ]
    assert (
        "Application.ReadWrite.OwnedBy"
        not in (told.document["onboarding"]["identities"]["people"]["permissions"])
    )


def test_offboarding_leaves_nothing_of_ours_and_touches_nothing_else(shell: Shell) -> None:
    shell("apply . --sandbox box --yes")
    before = dumped(shell)
    shell(ONBOARD)
    listed = (shell.folder / "tenants.yaml").read_bytes()
    told = shell("offboard contoso --sandbox box --yes")
    assert told.code == 0
    after = dumped(shell)
    # Where a soft-deleted application goes, its credentials go with it.
    for name in set(before) - {"deletedItems", "federatedIdentityCredentials"}:
        assert after[name] == before[name], name
    assert "for 30 days an administrator can restore them" in told.stderr
    assert (shell.folder / "tenants.yaml").read_bytes() == listed
    again = shell("offboard contoso --sandbox box --yes --forget")
    assert (again.code, "tenants.yaml: contoso removed." in again.stderr) == (0, True)
    assert (shell.folder / "tenants.yaml").read_text() == "version: 1\ntenants: {}\n"


def test_what_was_offboarded_comes_back_only_by_name(shell: Shell) -> None:
    shell(ONBOARD)
    shell(f"offboard --domain {DOMAIN} --type b2c --sandbox box --yes")
    held = shell(f"{ONBOARD} --format json")
    assert (held.code, held.document["summary"]["held"]) == (3, 14)
    allow = " ".join(
        f"--allow restore=application.{role}" for role in ("reader", "deployer", "people")
    )
    assert shell(f"{ONBOARD} {allow} --format json").code == 0


def test_doctor_tells_a_dead_sign_in_and_goes_on_with_the_others(shell: Shell) -> None:
    shell(ONBOARD)
    path = shell.folder / "tenants.yaml"
    made = json.loads(shell(f"{ONBOARD} --format json").stdout)["onboarding"]["identities"]
    path.write_text(
        path.read_text().replace(made["reader"]["clientId"], "99999999-9999-4999-8999-999999999999")
    )
    told = shell("doctor --all-tenants --sandbox box --format json")
    assert told.code == 1
    found = statuses(told)
    assert found["reader", "sign-in"] == "failed"
    assert found["deployer", "permissions to apply"] == "ok"
    assert found["deployer", "manifest"] == "ok"
    assert {check["tenant"] for check in told.document["checks"]} == {"contoso"}
    text = shell("doctor --tenant contoso --sandbox box").stdout
    assert "contoso: reader (workload-identity)\n  failed sign-in: " in text


def person(box: Sandbox, *roles: str) -> str:
    return box.issue_token(DOMAIN, scopes=AZURE_CLI, directory_roles=roles)


@pytest.fixture
def net(shell: Shell) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox served over TLS, and the environment that leads unmodified clients to it."""
    folder = shell.folder / "tls"
    with closing(Sandbox(None)) as box:
        box.add_tenant(DOMAIN, "b2c")
        with served(box, folder) as url:
            os.environ |= {
                "NO_PROXY": "localhost,127.0.0.1",
                "SSL_CERT_FILE": str(folder / "ca.pem"),
                "REQUESTS_CA_BUNDLE": str(folder / "ca.pem"),
                "AZURE_AUTHORITY_HOST": url,
                "PROVISIONING_GRAPH_ENDPOINT": url,
            }
            yield box, url


def test_a_person_without_the_roles_is_refused_before_anything_is_planned(
    shell: Shell, net: tuple[Sandbox, str]
) -> None:
    box, _ = net
    os.environ["PROVISIONING_ACCESS_TOKEN"] = person(box, APPLICATION_ADMINISTRATOR)
    line = "onboard . --repository o/r --auth token --yes"
    told = shell(line)
    assert told.code == 1
    assert "may not consent to application permissions of Microsoft Graph" in told.stderr
    assert "Plan:" not in told.stdout
    assert not [each for each in box.log if each.method not in {"GET", "HEAD"}]
    assert shell(f"{line} --no-consent").code == 3


def test_a_pipeline_deploys_with_its_own_identity_and_the_reader_only_reads(
    shell: Shell, net: tuple[Sandbox, str]
) -> None:
    box, _ = net
    os.environ["PROVISIONING_ACCESS_TOKEN"] = person(box, GLOBAL_ADMINISTRATOR)
    onboarded = shell("onboard . --repository contoso/infra --auth token --yes --format json")
    assert onboarded.code == 0, onboarded.stderr
    # On a laptop there is no such identity to try.
    assert set(statuses(onboarded).values()) == {"skipped"}
    made = identities(onboarded)
    github = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = jwt.algorithms.RSAAlgorithm.to_jwk(github.public_key(), as_dict=True)
    box.trust_issuer(GITHUB, {"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]})

    def job(role: str, subject: str, line: str) -> tuple[str, dict[str, str]]:
        now = datetime.now(UTC)
        claims = {
            "iss": GITHUB,
            "sub": f"repo:contoso/infra:{subject}",
            "aud": "api://AzureADTokenExchange",
            "nbf": now - timedelta(minutes=1),
            "exp": now + timedelta(minutes=5),
        }
        token = jwt.encode(claims, github, algorithm="RS256", headers={"kid": "1"})
        file = shell.write(f"{subject.replace('/', '-')}.jwt", token)
        return line, {"AZURE_CLIENT_ID": made[role], "AZURE_FEDERATED_TOKEN_FILE": str(file)}

    pull, deploy = "pull_request", "environment:production"
    way = "--auth workload-identity"
    plan, refused, foreign, applied, again, both, mine, own = elsewhere(
        shell,
        job("reader", pull, f"plan . {way} --format json"),
        job("reader", pull, f"apply . {way} --yes"),
        job("deployer", pull, f"plan . {way}"),
        job("deployer", deploy, f"apply . {way} --yes --format json"),
        job("reader", "ref:refs/heads/main", f"plan . {way} --detailed-exitcode"),
        job("reader", pull, "doctor --tenant contoso --format json"),
        job("reader", pull, "doctor --tenant contoso --as reader --format json"),
        job("deployer", deploy, f"offboard contoso {way} --yes"),
    )
    assert (plan.code, plan.document["summary"]["create"]) == (0, 3)
    assert refused.code == 1
    assert "lacks Application.ReadWrite.OwnedBy" in refused.stderr
    assert (foreign.code, "signing in to Graph failed" in foreign.stderr) == (1, True)
    assert applied.code == 0, applied.stderr
    assert {each["result"] for each in applied.document["outcomes"]} == {"done"}
    assert again.code == 0
    # The doctor of a pull request's job: its own identity works, the deployer's refuses it.
    assert statuses(both)["reader", "permissions to plan"] == "ok"
    assert statuses(both)["deployer", "sign-in"] == "failed"
    assert (mine.code, both.code) == (0, 1)
    assert {check["signIn"] for check in mine.document["checks"]} == {"reader (workload-identity)"}
    assert (own.code, "held by the guard self" in own.stdout) == (3, True)


def test_a_certificate_is_the_way_where_workload_identity_does_not_work(
    shell: Shell, net: tuple[Sandbox, str]
) -> None:
    box, _ = net
    for role in ("reader", "deployer"):
        shell.write(f"keys/{role}.pem", certified(role))
    line = "onboard . --certificate reader=keys/reader.pem --certificate deployer=keys/deployer.pem"
    (told,) = elsewhere(
        shell,
        (
            f"{line} --auth token --yes --format json",
            {"PROVISIONING_ACCESS_TOKEN": person(box, GLOBAL_ADMINISTRATOR)},
        ),
    )
    assert told.code == 0, told.document["checks"]
    assert statuses(told)["reader", "permissions to plan"] == "ok"
    assert statuses(told)["deployer", "permissions to apply"] == "ok"
    listed = yaml.safe_load((shell.folder / "tenants.yaml").read_text())["tenants"]["contoso"]
    assert listed["auth"]["reader"] == {
        "method": "certificate",
        "clientId": identities(told)["reader"],
        "certificate": {"fromFile": "keys/reader.pem"},
    }
    sent = (shell.folder / ".provisioning/onboarding" / DOMAIN / "deployer.cer").read_text()
    assert "PRIVATE KEY" not in sent


def elsewhere(shell: Shell, *lines: tuple[str, dict[str, str]]) -> list[Told]:
    """Commands with their variables, one after another in another process."""
    steps = [{"arguments": line.split(), "environment": own} for line, own in lines]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("several_commands.py"))],
        input=json.dumps(steps),
        cwd=shell.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return [Told(*told) for told in json.loads(done.stdout)]


def certified(name: str) -> str:
    """A certificate with its key, PEM, valid for a year from yesterday."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (pem + made.public_bytes(serialization.Encoding.PEM)).decode()
