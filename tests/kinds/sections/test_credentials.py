"""Secrets, certificates, federated credentials, durations and secret sources."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from declared import app, read
from pydantic import ValidationError

from provisioning.kinds.sections import durations
from provisioning.kinds.sections.secret_source import SecretSource

KEY = ec.derive_private_key(42, ec.SECP256R1())
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


def made(name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=subject,
        public_key=KEY.public_key(),
        serial_number=7,
        not_valid_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2028, 1, 1, tzinfo=UTC),
    )
    return builder.sign(KEY, hashes.SHA256())


CERTIFICATE = made("a")
PEM = CERTIFICATE.public_bytes(serialization.Encoding.PEM)
DER = CERTIFICATE.public_bytes(serialization.Encoding.DER)


def test_a_secret_has_sensible_times_when_none_are_written(tmp_path: Path) -> None:
    found = read(tmp_path, app("secrets: {main: {store: {file: .secrets/main}}}"))
    assert found.body("application_password.app.main") == {"displayName": "main"}
    assert found.settings("application_password.app.main") == {
        "lifetime": "P180D",
        "rotateBefore": None,
        "overlap": None,
        "store": {"file": ".secrets/main"},
    }


def test_a_secret_may_go_to_a_key_vault(tmp_path: Path) -> None:
    store = "{keyVault: 'https://contoso.vault.azure.net', name: client-secret}"
    found = read(tmp_path, app(f"secrets: {{main: {{store: {store}}}}}"))
    assert found.settings("application_password.app.main")["store"] == {
        "keyVault": "https://contoso.vault.azure.net",
        "name": "client-secret",
    }


def test_a_secret_may_go_to_a_repository_or_one_of_its_environments(tmp_path: Path) -> None:
    store = "{githubSecret: contoso/app, environment: prod, name: CLIENT_SECRET}"
    found = read(tmp_path, app(f"secrets: {{main: {{store: {store}}}}}"))
    assert found.settings("application_password.app.main")["store"] == {
        "githubSecret": "contoso/app",
        "environment": "prod",
        "name": "CLIENT_SECRET",
    }


@pytest.mark.parametrize("content", [PEM, DER], ids=["PEM", "DER"])
def test_a_certificate_is_sent_as_graph_wants_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "app.cer").write_bytes(content)
    found = read(tmp_path, app("certificates: {signing: {fromFile: app.cer}}"))
    body = found.body("application_certificate.app.signing")
    key_id = body.pop("keyId")
    assert UUID(key_id).version == 5
    assert body == {
        "displayName": "signing",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(DER).decode(),
        "customKeyIdentifier": base64.b64encode(hashlib.sha1(DER).digest()).decode(),
        "startDateTime": "2026-01-01T00:00:00Z",
        "endDateTime": "2028-01-01T00:00:00Z",
    }


def test_the_key_id_of_a_certificate_changes_with_the_certificate(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "a", "b"):
        content = PEM if name == "a" else made("b").public_bytes(serialization.Encoding.PEM)
        (tmp_path / "app.cer").write_bytes(content)
        found = read(tmp_path, app("certificates: {signing: {fromFile: app.cer}}"))
        ids.append(found.body("application_certificate.app.signing")["keyId"])
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PEM + PRIVATE, "app.cer holds a private key"),
        (PRIVATE, "app.cer holds a private key"),
        (PEM + PEM, "app.cer holds 2 certificates"),
        (b"hello", "app.cer is no X.509 certificate, in PEM or DER"),
        (b"", "app.cer is no X.509 certificate, in PEM or DER"),
        (PEM.replace(b"M", b"?", 1), "app.cer is no X.509 certificate, in PEM or DER"),
    ],
)
def test_a_file_that_is_no_public_certificate_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "app.cer").write_bytes(content)
    found = read(tmp_path, app("certificates: {signing: {fromFile: app.cer}}"))
    assert found.faults == [said]
    assert found.line(found.findings[0].place).startswith("app.cer")


def test_one_certificate_is_not_declared_twice(tmp_path: Path) -> None:
    (tmp_path / "a.cer").write_bytes(PEM)
    (tmp_path / "b.cer").write_bytes(DER)
    found = read(tmp_path, app("certificates: {a: {fromFile: a.cer}, b: {fromFile: b.cer}}"))
    assert found.faults == ["certificates a and b of app are the same"]


def test_a_federated_credential_says_who_manages_it_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    entry = "{issuer: https://i.example, subject: s, name: n, description: null}"
    found = read(
        tmp_path,
        app(f"federatedCredentials: {{a: {{issuer: https://i.example, subject: t}}, b: {entry}}}"),
    )
    assert found.body("federated_identity_credential.app.a") == {
        "name": "a",
        "issuer": "https://i.example",
        "subject": "t",
        "audiences": ["api://AzureADTokenExchange"],
        "description": "provisioning:demo",
    }
    assert found.body("federated_identity_credential.app.b") == {
        "name": "n",
        "issuer": "https://i.example",
        "subject": "s",
        "audiences": ["api://AzureADTokenExchange"],
        "description": None,
    }


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P180D", timedelta(days=180)),
        ("P2Y", timedelta(days=730)),
        ("P6M", timedelta(days=180)),
        ("P2W", timedelta(days=14)),
        ("PT12H", timedelta(hours=12)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_durations_are_those_of_iso_8601(text: str, length: timedelta) -> None:
    assert durations.parse(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "180D", "P1.5D", "P-1D", "P1H", "P1DT", "P0D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no ISO 8601 duration|lasts no time"):
        durations.parse(text)


@pytest.mark.parametrize(
    "setting",
    [
        {"fromEnv": "SECRET"},
        {"fromFile": "secret.txt"},
        {"fromKeyVault": "https://contoso.vault.azure.net/secrets/google"},
        {"fromKeyVault": "https://contoso.vault.azure.net/secrets/google/0123abcd"},
    ],
)
def test_a_secret_source_names_one_place(setting: dict[str, str]) -> None:
    assert SecretSource.model_validate(setting).setting() == setting


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"fromEnv": None},
        {"fromEnv": ""},
        {"fromEnv": "A", "fromFile": "b"},
        {"value": "hunter2"},
        {"fromKeyVault": "contoso/google"},
    ],
)
def test_a_secret_source_of_no_or_two_places_is_refused(setting: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError):
        SecretSource.model_validate(setting)
