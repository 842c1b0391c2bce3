"""`sandbox serve --tls` and every way to sign in to it, through the real azure-identity."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import public_hosts
import pytest
from cli_process import calls
from cli_process import served as process
from cli_shell import Shell, opened
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from served import served
from world import ROOT

from provisioning.cli import invitation
from provisioning.sandbox import Sandbox, tls

DOMAIN = "contoso.onmicrosoft.com"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:contoso/identity:environment:prod"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PIPELINE = f"""\
version: 1
name: pipeline
tenant: {{domain: {DOMAIN}, type: workforce}}
applications:
  ci:
    displayName: CI
    signInAudience: AzureADMyOrg
    permissions:
      - {{resource: microsoftGraph, application: [Application.ReadWrite.All, Directory.Read.All],
         adminConsent: true}}
    secrets:
      main:
        displayName: main
        lifetime: P30D
        store: {{dotenv: ci.env, name: AZURE_CLIENT_SECRET}}
    certificates: {{signing: {{fromFile: ci.cer}}}}
    federatedCredentials:
      main: {{issuer: "{ISSUER}", subject: "{SUBJECT}", audiences: ["api://AzureADTokenExchange"]}}
checks:
  as_itself:
    {{flow: client_credentials, application: ci, secret: main,
     scopes: ["https://graph.microsoft.com/.default"]}}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        yield made


@contextlib.contextmanager
def pipeline(shell: Shell) -> Iterator[Sandbox]:
    """A served workforce tenant with an application of ours, and the shell led to it."""
    shell.write("manifest.yaml", PIPELINE)
    pem, der = certificate()
    (shell.folder / "ci.pem").write_bytes(pem)
    (shell.folder / "ci.cer").write_bytes(der)
    with contextlib.closing(Sandbox(None)) as box:
        tenant = box.add_tenant(DOMAIN, "workforce")
        with served(box, shell.folder / "tls") as url:
            led = invitation.of(box, url, tls.files(shell.folder / "tls"))
            os.environ |= led.environment
            os.environ["PROVISIONING_ACCESS_TOKEN"] = box.issue_token(tenant.id)
            told = shell("apply . --auth token --yes")
            assert told.code == 0, told.stderr
            del os.environ["PROVISIONING_ACCESS_TOKEN"]
            (ci,) = (a for a in box.dump(tenant.id)["applications"] if a["displayName"] == "CI")
            os.environ |= {"AZURE_TENANT_ID": tenant.id, "AZURE_CLIENT_ID": ci["appId"]}
            yield box


def certificate() -> tuple[bytes, bytes]:
    """Key and certificate in one PEM file, and the certificate alone."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ci")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(KEY, hashes.SHA256())
    )
    key = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    return key + pem, made.public_bytes(serialization.Encoding.DER)


def jwks() -> dict[str, object]:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [{**jwk, "kid": "one", "use": "sig", "alg": "RS256"}]}


def identity_token(subject: str = SUBJECT) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": ISSUER, "sub": subject, "aud": "api://AzureADTokenExchange"}
    times = {"nbf": now, "exp": now + 600}
    return jwt.encode({**claims, **times}, KEY, algorithm="RS256", headers={"kid": "one"})


@contextlib.contextmanager
def github(subject: str = SUBJECT) -> Iterator[str]:
    """GitHub's two services on loopback: the issuer's documents, and a runner's token request."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://{self.headers['host']}"
            match self.path.partition("?")[0]:
                case "/.well-known/openid-configuration":
                    body: object = {"issuer": ISSUER, "jwks_uri": f"{url}/.well-known/jwks"}
                case "/.well-known/jwks":
                    body = jwks()
                case _ if self.headers["authorization"] == "Bearer runner":
                    body = {"value": identity_token(subject)}
                case _:
                    body = {}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def test_every_credential_of_a_pipeline_gets_its_token_over_tls(shell: Shell) -> None:
    other = SUBJECT.replace("prod", "test")
    with pipeline(shell) as box, github() as url, github(other) as elsewhere:
        box.trust_issuer(ISSUER, url)
        shell.write("token", identity_token())
        (secret,) = re.findall(
            r"^AZURE_CLIENT_SECRET='?([^'\n]+)", read(shell, "ci.env"), re.MULTILINE
        )
        workload = "plan . --auth workload-identity --detailed-exitcode"
        told = calls(
            shell,
            ({"AZURE_CLIENT_SECRET": secret}, "plan . --auth client-secret --detailed-exitcode"),
            ({"AZURE_CLIENT_SECRET": secret}, "plan . --auth default --detailed-exitcode"),
            (
                {"AZURE_CLIENT_CERTIFICATE_PATH": "ci.pem"},
                "plan . --auth certificate --detailed-exitcode",
            ),
            ({"AZURE_FEDERATED_TOKEN_FILE": "token"}, workload),
            (runner(url), workload),
            (runner(url), "verify . --auth workload-identity"),
            (runner(elsewhere), workload),
        )
    assert [each.code for each in told] == [0, 0, 0, 0, 0, 0, 1], [each.stderr for each in told]
    assert "asked POST https://localhost:" in told[-2].stdout
    assert "Checks: 1 passed." in told[-2].stdout
    assert "AADSTS700213" in told[-1].stderr
    assert other in told[-1].stderr


def runner(url: str) -> dict[str, str]:
    """What a job with `permissions: id-token: write` has."""
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/request?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
    }


def read(shell: Shell, name: str) -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def test_what_serve_prints_leads_there(shell: Shell) -> None:
    shell.write("jwks.json", json.dumps(jwks()))
    shell.write("faults.yaml", "[{path: /oauth2/v2.0/token, status: 400, code: broken}]")
    given = ("--issuer", f"{ISSUER}=jwks.json", "--faults", "faults.yaml")
    with process(shell, "--tls", *given) as found:
        told = calls(
            shell,
            ({}, "plan . --auth client-secret"),
            ({}, "apply . --yes"),
            ({}, "plan . --auth client-secret --detailed-exitcode"),
        )
    assert [each.code for each in told] == [1, 0, 0], [each.stderr for each in told]
    assert found["PROVISIONING_SIGNIN_ENDPOINT"] == found["PROVISIONING_GRAPH_ENDPOINT"]
    assert found["AZURE_AUTHORITY_HOST"].startswith("https://127.0.0.1:")
    assert found["SSL_CERT_FILE"] == found["REQUESTS_CA_BUNDLE"]
    assert not Path(found["SSL_CERT_FILE"]).exists(), "with :memory: nothing outlives the process"


@pytest.mark.skipif(bool(reason := public_hosts.refused()), reason=reason or "namespaces")
def test_clients_with_fixed_hosts_sign_in_where_those_are_the_sandbox(shell: Shell) -> None:
    shutil.copytree(ROOT / "manifests" / "ropc-custom-policy", shell.folder, dirs_exist_ok=True)
    os.environ |= {"TEST_USER": "alice@example.com", "TEST_PASSWORD": "Correct-Horse-9"}
    add = f"sandbox users add alice@example.com --tenant {DOMAIN} --password-env TEST_PASSWORD"
    codes = [shell("apply . --sandbox box --yes").code, shell(f"{add} --sandbox box").code]
    with contextlib.closing(Sandbox(shell.folder / "box")) as box:
        known = box.dump(DOMAIN)["applications"]
    (app,) = (each["appId"] for each in known if each["displayName"] == "ROPC_Auth_app")
    program = Path(__file__).with_name("public_hosts_program.py")
    told = public_hosts.run(program, "box", app, folder=shell.folder, variables={})
    claims = told.pop("ropc")
    assert codes == [0, 0]
    assert (claims["acr"], claims["aud"]) == ("b2c_1a_ropc_auth", app)
    assert claims["iss"].startswith("https://contoso.b2clogin.com/")
    assert told == {
        "wrong": "AADB2C90225",
        "bare": ["access_token"],
        "refreshed": ["access_token", "id_token"],
        "client": "Bearer",
        "federated": "AADB2C99027",
        "product": [0, 0],
    }


def test_the_same_stands_in_one_document(tmp_path: Path) -> None:
    with contextlib.closing(Sandbox(None)) as box:
        tenant = box.add_tenant(DOMAIN, "b2c")
        found = json.loads(invitation.of(box, "https://127.0.0.1:1", tls.files(tmp_path)).json())
        plain = invitation.of(box, "http://127.0.0.1:1", None)
    trusted = Path(found["environment"]["REQUESTS_CA_BUNDLE"]).read_text(encoding="utf-8")
    assert trusted.endswith(Path(found["authority"]).read_text(encoding="utf-8"))
    assert trusted.count("BEGIN CERTIFICATE") > 10, "the public ones too"
    assert found["hosts"] == [
        "graph.microsoft.com",
        "login.microsoftonline.com",
        "contoso.b2clogin.com",
    ]
    (shown,) = found["tenants"]
    assert (shown["domain"], shown["id"], shown["type"]) == (DOMAIN, tenant.id, "b2c")
    assert {"AZURE_CLIENT_SECRET", "PROVISIONING_ACCESS_TOKEN"} <= set(shown["environment"])
    assert "AZURE" not in plain.text()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--issuer http://issuer.test", "neither https nor http to loopback"),
        ("--issuer https://issuer.test=nowhere.json", "nowhere.json"),
        ("--issuer https://issuer.test=manifest.yaml", "--issuer"),
    ],
)
def test_an_issuer_that_cannot_be_asked_is_refused(shell: Shell, line: str, words: str) -> None:
    told = shell(f"sandbox serve --sandbox :memory: --tenant {DOMAIN}:b2c {line}")
    assert told.code == 1
    assert words in told.stderr
    assert "write --issuer ISSUER, ISSUER=URL or ISSUER=FILE" in told.stderr


def test_people_get_passwords_from_the_environment(shell: Shell) -> None:
    shell("apply . --sandbox box --yes")
    os.environ["A_PASSWORD"] = "Correct-Horse-9"
    add = "sandbox users add alice@example.com --sandbox box"
    elsewhere = shell(add)
    unset = shell(f"{add} --tenant {DOMAIN} --password-env NO_PASSWORD")
    made = shell(f"{add} --tenant {DOMAIN} --password-env A_PASSWORD")
    same = shell(f"{add} --tenant {DOMAIN} --display-name Alice")
    assert (elsewhere.code, unset.code) == (1, 1)
    assert "say --tenant DOMAIN" in elsewhere.stderr
    assert "NO_PASSWORD is not set" in unset.stderr
    assert made.stdout == same.stdout
    assert base64.b64encode(b"Correct-Horse-9").decode() not in made.stdout
