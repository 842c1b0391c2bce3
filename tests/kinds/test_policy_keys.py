"""Key sets against a tenant: made once, uploaded by version, rotated ahead of time, guarded."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from b2c_stage import B2c, holds, rules, steps
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from provisioning.core.model import Severity
from provisioning.core.plan import Action
from provisioning.sandbox import Fault

SIGNING = "policyKeys: {TokenSigningKeyContainer: {generate: {kty: RSA, use: sig}}}\n"
SECRET = """
policyKeys:
  B2C_1A_FacebookSecret: {upload: {fromEnv: FACEBOOK}, use: sig, version: %d}
"""
ROTATED = """
policyKeys: {Signing: {generate: {}, lifetime: P365D, rotateBefore: P30D}}
"""
NAME = "B2C_1A_TokenSigningKeyContainer"
NEEDED = "exactly one of generate, upload, certificate, pkcs12 is needed"
DAY = 24 * 3600


async def test_a_key_is_generated_once(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    writes = await stage.settle(SIGNING)
    assert writes == [
        "POST /applications",
        "POST /trustFramework/keySets",
        f"POST /trustFramework/keySets/{NAME}/generateKey",
    ]
    assert await stage.settle(SIGNING) == []
    assert len(stage.keys(NAME)) == 1
    assert stage.ledger() == [f"provisioning-owns:policy_key/{NAME}"]


async def test_a_set_that_an_ended_run_left_empty_is_filled(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.world.box.seed(stage.tenant, "keySets", [{"id": "TokenSigningKeyContainer", "keys": []}])
    plan = await stage.plan(SIGNING)
    step = next(s for s in plan.steps if s.address.kind == "policy_key")
    assert (step.action, step.reason) == (Action.UPDATE, "it holds no key")
    await stage.settle(SIGNING)
    assert len(stage.keys(NAME)) == 1


async def test_a_set_that_the_read_did_not_show_gets_no_second_key(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.world.box.seed(
        stage.tenant,
        "keySets",
        [{"id": "TokenSigningKeyContainer", "keys": [{"kty": "RSA", "use": "sig"}]}],
    )
    stage.world.box.faults.add(
        Fault(
            path=f"keySets/{NAME}$",
            method="GET",
            times=1,
            status=400,
            code="AADB2C90073",
            message="KeyContainer with 'id': 'x' cannot be found in the directory 'y'",
        )
    )
    report = await stage.apply(SIGNING)
    assert not report.failed
    assert len(stage.keys(NAME)) == 1


async def test_keys_that_were_there_are_left_alone_and_never_deleted(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.world.box.seed(
        stage.tenant,
        "keySets",
        [{"id": "TokenSigningKeyContainer", "keys": [{"kty": "RSA", "use": "sig"}]}],
    )
    assert await stage.settle(SIGNING) == ["POST /applications"]
    plan = await stage.plan("applications: {}\n", prune=True)
    assert [str(step.address) for step in plan.steps] == ["ledger.demo"]
    assert stage.ledger() == []


async def test_keys_of_another_type_are_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    stage.world.box.seed(
        stage.tenant,
        "keySets",
        [{"id": "TokenSigningKeyContainer", "keys": [{"kty": "oct", "use": "enc"}]}],
    )
    plan = await stage.plan(SIGNING)
    assert [(f.rule, f.remedy) for f in plan.errors] == [
        ("mixed-keys", "write kty: oct, or use another key set"),
        ("mixed-keys", "write use: enc, or use another key set"),
    ]
    assert str(plan.errors[0].place).endswith("manifest.yaml:4:14")


async def test_an_upload_is_repeated_only_when_its_version_rises(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, {"FACEBOOK": "s3cr3t"})
    await stage.settle(SECRET % 1)
    assert await stage.settle(SECRET % 1) == []
    writes = await stage.settle(SECRET % 2)
    assert [write.rsplit("/", 1)[-1] for write in writes][:1] == ["uploadSecret"]
    assert len(stage.keys("B2C_1A_FacebookSecret")) == 2
    assert stage.ledger() == [
        "provisioning-owns:policy_key/B2C_1A_FacebookSecret",
        "provisioning-version:policy_key/B2C_1A_FacebookSecret=2",
    ]


async def test_a_secret_that_somebody_uploaded_counts_as_version_one(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, {"FACEBOOK": "s3cr3t"})
    stage.world.box.seed(
        stage.tenant,
        "keySets",
        [{"id": "FacebookSecret", "keys": [{"kty": "oct", "use": "sig"}]}],
    )
    assert await stage.settle(SECRET % 1) == ["POST /applications"]
    await stage.settle(SECRET % 2)
    assert len(stage.keys("B2C_1A_FacebookSecret")) == 2


async def test_no_secret_reaches_the_plan_or_the_journal(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, {"FACEBOOK": "never-shown-9431"})
    plan = await stage.plan(SECRET % 1)
    await stage.settle(SECRET % 1)
    journal = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "journal").iterdir())
    assert "never-shown-9431" not in f"{plan}{journal}"


async def test_rotation_adds_a_key_that_becomes_active_later(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ROTATED)
    (first,) = stage.keys("B2C_1A_Signing")
    stage.world.time.elapsed += 334 * DAY
    assert (await stage.plan(ROTATED)).steps == ()
    stage.world.time.elapsed += 2 * DAY
    plan = await stage.plan(ROTATED)
    assert steps(plan) == {"policy_key.B2C_1A_Signing": Action.UPDATE}
    assert [change.path for change in plan.steps[0].changes] == [
        "keys[new].kty",
        "keys[new].use",
        "keys[new].lifetime",
    ]
    await stage.settle(ROTATED)
    old, new = stage.keys("B2C_1A_Signing")
    now = int(stage.world.time.now().timestamp())
    assert old["kid"] == first["kid"]
    assert now < new["nbf"] <= now + timedelta(days=1).total_seconds() + 5
    assert new["nbf"] < old["exp"] < new["exp"]
    assert await stage.settle(ROTATED) == []


async def test_the_digest_of_a_rotation_does_not_depend_on_the_time(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(ROTATED)
    stage.world.time.elapsed += 340 * DAY
    first = (await stage.plan(ROTATED)).digest
    stage.world.time.elapsed += 3600
    assert (await stage.plan(ROTATED)).digest == first


async def test_a_set_with_a_usable_key_is_deleted_only_with_leave(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    await stage.settle(SIGNING)
    empty = "applications: {}\n"
    assert holds(await stage.plan(empty)) == {
        f"policy_key.{NAME}": "prune",
        "ledger.demo": "prune",
    }
    assert holds(await stage.plan(empty, prune=True)) == {
        f"policy_key.{NAME}": "last-key",
        "ledger.demo": "last-key",
    }
    await stage.settle(empty, prune=True, allow=["last-key"])
    assert stage.kept("keySets") == []
    assert not any("ledger" in str(app["tags"]) for app in stage.kept("applications"))
    assert stage.kept("deletedItems") == []


async def test_a_certificate_is_uploaded_once_and_a_new_one_beside_it(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    text = "policyKeys: {Partner: {certificate: {fromFile: partner.cer}}}\n"
    (tmp_path / "partner.cer").write_bytes(certificate()[0])
    await stage.settle(text)
    assert await stage.settle(text) == []
    (tmp_path / "partner.cer").write_bytes(certificate()[0])
    plan = await stage.plan(text)
    assert [step.reason for step in plan.steps] == ["it lacks this certificate"]
    await stage.settle(text)
    assert len(stage.keys("B2C_1A_Partner")) == 2


async def test_a_certificate_that_has_ended_is_an_error(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    (tmp_path / "partner.cer").write_bytes(certificate()[0])
    stage.world.time.elapsed += 400 * DAY
    plan = await stage.plan("policyKeys: {P: {certificate: {fromFile: partner.cer}}}\n")
    assert [error.rule for error in plan.errors] == ["certificate-ended"]


async def test_a_pkcs12_file_is_uploaded_with_its_password(tmp_path: Path) -> None:
    file = base64.b64encode(certificate()[1]).decode()
    stage = B2c.fresh(tmp_path, {"saml.pfx": file, "PASSWORD": "right"})
    text = "policyKeys: {S: {pkcs12: {fromFile: saml.pfx, password: {fromEnv: PASSWORD}}}}\n"
    await stage.settle(text)
    assert await stage.settle(text) == []
    assert "provisioning-version:policy_key/B2C_1A_S=1" in stage.ledger()


async def test_a_wrong_password_is_told_and_the_next_run_goes_on(tmp_path: Path) -> None:
    file = base64.b64encode(certificate()[1]).decode()
    text = "policyKeys: {S: {pkcs12: {fromFile: saml.pfx, password: {fromEnv: PASSWORD}}}}\n"
    stage = B2c.fresh(tmp_path, {"saml.pfx": file, "PASSWORD": "wrong"})
    report = await stage.apply(text)
    (failed,) = (o for o in report.outcomes if o.fault)
    assert failed.fault is not None
    assert failed.fault.code == "AADB2C95025"
    mended = B2c(stage.world, {"saml.pfx": file, "PASSWORD": "right"})
    await mended.settle(text)
    assert len(stage.keys("B2C_1A_S")) == 1


async def test_the_end_of_an_uploaded_key_is_told(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path, {"FACEBOOK": "x"})
    text = "policyKeys: {F: {upload: {fromEnv: FACEBOOK}, lifetime: P60D}}\n"
    await stage.settle(text)
    stage.world.time.elapsed += 40 * DAY
    plan = await stage.plan(text)
    assert rules(plan) == ["key-ends"]
    assert plan.findings[0].severity is Severity.WARNING
    assert "2026-03-02" in plan.findings[0].message


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{}", f"{NEEDED}, found none"),
        (
            "{generate: {}, upload: {fromEnv: X}}",
            f"{NEEDED}, found generate and upload",
        ),
        ("{generate: {}, version: 2}", "version means nothing beside generate"),
        ("{generate: {}, use: enc}", "use means nothing beside generate"),
        ("{upload: {fromEnv: X}, rotateBefore: P3D}", "rotateBefore means nothing beside upload"),
        ("{generate: {}, rotateBefore: P3D}", "rotateBefore needs an end to count from"),
        (
            "{generate: {}, lifetime: P3D, rotateBefore: P3D}",
            "rotateBefore is not shorter than lifetime",
        ),
    ],
)
def test_a_contradiction_is_a_fault(tmp_path: Path, entry: str, said: str) -> None:
    (found,) = B2c.fresh(tmp_path).findings(f"policyKeys: {{A: {entry}}}\n")
    assert found.message == said


def test_a_private_key_in_a_certificate_file_is_refused(tmp_path: Path) -> None:
    stage = B2c.fresh(tmp_path)
    (tmp_path / "p.cer").write_text("-----BEGIN PRIVATE KEY-----\n")
    (found,) = stage.findings("policyKeys: {P: {certificate: {fromFile: p.cer}}}\n")
    assert found.rule == "private-key"


def certificate() -> tuple[bytes, bytes]:
    """A certificate of one year, in DER, and the same with its key in PKCS#12."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "partner")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    protected = serialization.BestAvailableEncryption(b"right")
    bundle = pkcs12.serialize_key_and_certificates(b"p", key, made, None, protected)
    return made.public_bytes(serialization.Encoding.DER), bundle


def test_a_name_with_and_without_its_prefix_is_the_same(tmp_path: Path) -> None:
    text = "policyKeys: {A: {generate: {}}, B2C_1A_A: {generate: {}}}\n"
    (found,) = B2c.fresh(tmp_path).findings(text)
    assert found.message == "A and B2C_1A_A are the same key set B2C_1A_A"
