"""Policy key sets: prefixes, appended keys, what can be read back, and every refusal."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from sandbox_framework import BASE, FRAMEWORK, SIGNING, Framework, framework
from sandbox_world import message, refusal

from provisioning.sandbox import Fault, Options

SETS = f"{FRAMEWORK}/keySets"
HIDDEN = ("k", "d", "p", "q", "dp", "dq", "qi")
NOW = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
SET = "B2C_1A_TokenSigningKeyContainer"


@cache
def private_key(kind: str, bits: int = 2048) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if kind == "EC":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, end: datetime | None = None
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signing")])
    end = end or datetime(2027, 3, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(end - timedelta(days=400)).not_valid_after(end)
    return builder.sign(key, hashes.SHA256())


def der(key: Any, **more: Any) -> str:
    data = certificate(key, **more).public_bytes(serialization.Encoding.DER)
    return base64.b64encode(data).decode()


def pfx(key: Any, password: str = "opensesame", **more: Any) -> str:
    data = pkcs12.serialize_key_and_certificates(
        b"signing",
        key,
        certificate(key, **more),
        None,
        serialization.BestAvailableEncryption(password.encode()),
    )
    return base64.b64encode(data).decode()


async def keys(f: Framework, name: str = SET) -> list[dict[str, Any]]:
    return list((await f.get(f"keySets/{name}")).json()["keys"])


async def test_a_key_set_gets_its_prefix() -> None:
    """G:b/api/trustframework-post-keysets.md."""
    async with framework() as f:
        made = await f.post("keySets", id="Facebook")
        spelt = await f.post("keySets", id="B2C_1A_Google")
        listed = await f.get("keySets")
    assert made.status_code == spelt.status_code == 201
    assert made.json()["id"] == "B2C_1A_Facebook"
    assert made.json()["keys"] == []
    assert made.headers["location"] == "/trustFramework/keySets('B2C_1A_Facebook')"
    assert [each["id"] for each in listed.json()["value"]][-2:] == [
        "B2C_1A_Facebook",
        "B2C_1A_Google",
    ]


async def test_a_key_set_is_created_once() -> None:
    """B2CERR: AADB2C95028."""
    async with framework() as f:
        answer = await f.post("keySets", id="tokensigningkeycontainer")
    assert refusal(answer) == (400, "AADB2C95028")
    assert message(answer) == (
        "Can't create trustframework key set with name 'B2C_1A_tokensigningkeycontainer' because "
        "it already exists."
    )


async def test_a_missing_key_set_is_a_400() -> None:
    """IEF tests for 400; B2CERR: AADB2C90073."""
    async with framework() as f:
        answers = [
            await f.get("keySets/B2C_1A_Gone"),
            await f.get("keySets/B2C_1A_Gone/getActiveKey"),
            await f.graph.delete(f"{SETS}/Gone"),
        ]
        tenant = f.world.tenant.id
    for answer in answers:
        assert refusal(answer) == (400, "AADB2C90073")
        assert message(answer) == (
            f"KeyContainer with 'id': 'B2C_1A_Gone' cannot be found in the directory '{tenant}'."
        )


async def test_keys_need_a_set_first() -> None:
    """B2CERR: AADB2C95052."""
    async with framework() as f:
        answers = [
            await f.post("keySets/Gone/generateKey", use="sig", kty="RSA"),
            await f.post("keySets/Gone/uploadSecret", use="sig", k="s"),
            await f.post("keySets/Gone/uploadCertificate", key="x"),
            await f.post("keySets/Gone/uploadPkcs12", key="x", password="p"),
            await f.graph.put(f"{SETS}/Gone", json={"keys": []}),
        ]
    for answer in answers:
        assert refusal(answer) == (400, "AADB2C95052")
        assert message(answer) == (
            "The trustframework key set with id 'B2C_1A_Gone' in tenant 'contoso.onmicrosoft.com' "
            "is not created. Please use 'Create api' to create the key set first."
        )


async def test_keys_in_the_create_body_are_refused_unless_the_switch_accepts_them() -> None:
    """msgraph-beta-sdk-dotnet#885."""
    body = {"id": "X", "keys": [{"kty": "oct", "use": "sig", "k": "c2VjcmV0"}]}
    async with framework() as f:
        refused = await f.post("keySets", **body)
    async with framework(Options(inline_keys="accept")) as f:
        accepted = await f.post("keySets", **body)
    assert refusal(refused) == (400, "AADB2C")
    assert message(refused) == (
        "The 'keySet' field is invalid in request. Please check the request body and parameters."
    )
    assert accepted.status_code == 201
    assert accepted.json()["keys"][0]["k"] is None


async def test_generating_adds_a_key_each_time_and_never_shows_the_private_half() -> None:
    """IEFPolicies#58; G:b/resources/trustframeworkkey.md."""
    async with framework() as f:
        first = await f.post(f"keySets/{SET}/generateKey", use="sig", kty="RSA")
        second = await f.post("keySets/tokensigningkeycontainer/generateKey", use="sig", kty="RSA")
        held = await keys(f)
        dumped = f.world.box.dump(f.world.tenant.id)["keySets"]
    assert first.status_code == second.status_code == 200
    assert [each["kid"] for each in held] == [first.json()["kid"], second.json()["kid"]]
    assert held[0]["kid"] != held[1]["kid"]
    assert held[0]["e"] == "AQAB"
    assert len(base64.urlsafe_b64decode(held[0]["n"] + "==")) == 256
    assert held[0]["status"] == "enabled"
    for each in [first.json(), *held, *dumped[0]["keys"]]:
        assert [each[name] for name in HIDDEN] == [None] * 7
    assert "PRIVATE KEY" not in str(dumped)
    assert sorted(dumped[0]) == ["id", "keys"]


async def test_the_private_half_is_kept_for_signing() -> None:
    async with framework() as f:
        made = (await f.post(f"keySets/{SET}/generateKey", use="sig", kty="RSA")).json()
        record = f.world.box._store.get(f.world.tenant.id, "keySets", SET.lower())
    assert record is not None
    pem = record.body["_private"][made["kid"]]["pem"]
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    number = int.from_bytes(base64.urlsafe_b64decode(made["n"] + "=="))
    assert key.public_key().public_numbers().n == number


async def test_symmetric_keys_can_be_generated_too() -> None:
    async with framework() as f:
        made = await f.post(
            f"keySets/{SET}/generateKey", use="enc", kty="oct", nbf=NOW, exp=NOW + 60
        )
    body = made.json()
    assert (body["kty"], body["use"], body["nbf"], body["exp"]) == ("oct", "enc", NOW, NOW + 60)
    assert body["k"] is body["n"] is None


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"use": "sig"}, "AADB2C95030", "Missing kty parameter for the trustframework key."),
        (
            {"use": "sig", "kty": "EC"},
            "AADB2C95031",
            "Bad kty parameter 'EC' for the trustframework key. Must be RSA or oct.",
        ),
        (
            {"kty": "RSA"},
            "AADB2C95033",
            "Bad use parameter '' for the trustframework key.",
        ),
        (
            {"kty": "RSA", "use": "verify"},
            "AADB2C95033",
            "Bad use parameter 'verify' for the trustframework key.",
        ),
        (
            {"kty": "oct", "use": "sig", "exp": NOW},
            "AADB2C90214",
            (
                "The expiry date for the key container in tenant 'contoso.onmicrosoft.com' with "
                f"storageReferenceId '{SET}' is in the past. Passed date :'{NOW}'."
            ),
        ),
        (
            {"kty": "oct", "use": "sig", "exp": "soon"},
            "AADB2C",
            "The 'nbf' field is invalid in request. Please check the request body and parameters.",
        ),
        (
            {"kty": "oct", "use": "sig", "size": 4096},
            "AADB2C",
            "The 'key' field is invalid in request. Please check the request body and parameters.",
        ),
    ],
)
async def test_what_is_wrong_with_a_key_is_said(body: Any, code: str, text: str) -> None:
    """B2CERR."""
    async with framework() as f:
        answer = await f.post(f"keySets/{SET}/generateKey", **body)
        held = await keys(f)
    assert refusal(answer) == (400, code)
    assert message(answer) == text
    assert held == []


async def test_one_set_holds_one_kind_and_one_use() -> None:
    """B2CERR: AADB2C95032; AADB2C95042, whose wording is unverified."""
    async with framework() as f:
        await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")
        kind = await f.post(f"keySets/{SET}/generateKey", use="sig", kty="RSA")
        use = await f.post(f"keySets/{SET}/uploadSecret", use="enc", k="s")
        held = await keys(f)
    assert refusal(kind) == (400, "AADB2C95032")
    assert message(kind) == "One can't mix RSA and Oct types in one key set."
    assert refusal(use) == (400, "AADB2C95042")
    assert len(held) == 1


async def test_a_secret_goes_in_and_does_not_come_out() -> None:
    """G:b/api/trustframeworkkeyset-uploadsecret.md."""
    async with framework() as f:
        made = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="hunter2", exp=NOW + 60)
        twin = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="hunter2")
        empty = await f.post(f"keySets/{SET}/uploadSecret", use="sig")
        text = (await f.get("keySets")).text + str(f.world.box.dump(f.world.tenant.id))
        held = await keys(f)
    assert made.status_code == twin.status_code == 200
    assert (made.json()["kty"], made.json()["k"], made.json()["exp"]) == ("oct", None, NOW + 60)
    assert refusal(empty) == (400, "AADB2C")
    assert len(held) == 2
    assert "hunter2" not in text


async def test_times_may_come_back_as_text() -> None:
    """The sample on the uploadSecret page."""
    async with framework(Options(key_times="text")) as f:
        made = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s", nbf=str(NOW))
        held = await keys(f)
    assert (made.json()["nbf"], made.json()["exp"]) == (str(NOW), "")
    assert held[0]["nbf"] == NOW


async def test_secrets_may_be_asked_to_be_long() -> None:
    """B2CERR: AADB2C90138."""
    async with framework(Options(min_oct_bits=128)) as f:
        short = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="x" * 15)
        long = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="x" * 16)
    assert refusal(short) == (400, "AADB2C90138")
    assert message(short) == "A secure OCT key requires at least 128 bits."
    assert long.status_code == 200


async def test_uploads_fail_now_and_then() -> None:
    """microsoft-graph-docs#16591: AADB2C90063."""
    async with framework() as f:
        f.world.box.faults.add(Fault(path="uploadSecret", status=500, code="AADB2C90063"))
        first = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")
        second = await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")
    assert refusal(first) == (500, "AADB2C90063")
    assert second.status_code == 200


async def test_a_certificate_gives_its_key_and_its_times() -> None:
    """G:b/api/trustframeworkkeyset-uploadcertificate.md."""
    key = private_key("RSA")
    pem = base64.b64encode(certificate(key).public_bytes(serialization.Encoding.PEM)).decode()
    async with framework() as f:
        made = await f.post(f"keySets/{SET}/uploadCertificate", key=der(key))
        same = await f.post(f"keySets/{SET}/uploadCertificate", key=pem)
    body = made.json()
    assert (body["kty"], body["use"], body["e"]) == ("RSA", "sig", "AQAB")
    assert body["x5c"] == [der(key)]
    assert body["exp"] == int(datetime(2027, 3, 1, tzinfo=UTC).timestamp())
    assert same.json()["x5t"] == body["x5t"]


async def test_a_pkcs12_file_gives_its_private_key_too() -> None:
    """G:b/api/trustframeworkkeyset-uploadpkcs12.md."""
    key = private_key("RSA")
    async with framework() as f:
        made = await f.post(f"keySets/{SET}/uploadPkcs12", key=pfx(key), password="opensesame")
        record = f.world.box._store.get(f.world.tenant.id, "keySets", SET.lower())
        text = str(f.world.box.dump(f.world.tenant.id))
    assert made.status_code == 200
    assert made.json()["d"] is None
    assert record is not None
    assert "PRIVATE KEY" in record.body["_private"][made.json()["kid"]]["pem"]
    assert "PRIVATE KEY" not in text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AADB2C95025", "The presented password for the uploaded certificate is wrong."),
        ("AADB2C90213", "The certificate password provided in request is incorrect."),
    ],
)
async def test_a_wrong_password_has_one_of_two_codes(code: Any, text: str) -> None:
    """B2CERR."""
    async with framework(Options(wrong_pkcs12_code=code)) as f:
        answer = await f.post(
            f"keySets/{SET}/uploadPkcs12", key=pfx(private_key("RSA")), password="wrong"
        )
    assert refusal(answer) == (400, code)
    assert message(answer) == text


@pytest.mark.parametrize("operation", ["uploadPkcs12", "uploadCertificate"])
async def test_an_expired_certificate_is_refused(operation: str) -> None:
    """B2CERR: AADB2C90214."""
    end = datetime(2026, 2, 28, tzinfo=UTC)
    key = private_key("RSA")
    upload = pfx(key, end=end) if operation == "uploadPkcs12" else der(key, end=end)
    body = {"key": upload} | ({"password": "opensesame"} if operation == "uploadPkcs12" else {})
    async with framework() as f:
        answer = await f.post(f"keySets/{SET}/{operation}", **body)
    assert refusal(answer) == (400, "AADB2C90214")


async def test_certificates_must_be_long_enough_and_of_a_known_kind() -> None:
    """B2CERR: AADB2C90137, 95031."""
    async with framework() as f:
        short = await f.post(f"keySets/{SET}/uploadCertificate", key=der(private_key("RSA", 1024)))
        curve = await f.post(f"keySets/{SET}/uploadCertificate", key=der(private_key("EC")))
    async with framework(Options(min_rsa_bits=1024)) as f:
        fitting = await f.post(
            f"keySets/{SET}/uploadCertificate", key=der(private_key("RSA", 1024))
        )
    assert refusal(short) == (400, "AADB2C90137")
    assert message(short) == "A secure RSA key requires at least 2048 bits."
    assert refusal(curve) == (400, "AADB2C95031")
    assert fitting.status_code == 200


@pytest.mark.parametrize("operation", ["uploadPkcs12", "uploadCertificate"])
@pytest.mark.parametrize("upload", ["", "????", "bm8gY2VydGlmaWNhdGU=", None, 7])
async def test_what_is_no_certificate_is_refused(operation: str, upload: Any) -> None:
    """B2CERR: AADB2C90215."""
    async with framework() as f:
        answer = await f.post(f"keySets/{SET}/{operation}", key=upload)
    assert refusal(answer) == (400, "AADB2C90215")


async def test_the_active_key_is_the_one_that_began_last() -> None:
    """G:b/api/trustframeworkkeyset-getactivekey.md."""
    async with framework() as f:
        path = f"keySets/{SET}/uploadSecret"
        always = (await f.post(path, use="sig", k="a")).json()["kid"]
        old = (await f.post(path, use="sig", k="b", nbf=NOW - 60, exp=NOW + 60)).json()["kid"]
        ahead = (await f.post(path, use="sig", k="c", nbf=NOW + 90)).json()["kid"]
        active = []
        for seconds in (0, 61, 60):
            f.world.clock.advance(seconds)
            active.append((await f.get(f"keySets/{SET}/getActiveKey")).json()["kid"])
    assert active == [old, always, ahead]


async def test_a_set_without_an_active_key_says_so() -> None:
    """B2CERR: AADB2C90220."""
    async with framework() as f:
        await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="c", nbf=NOW + 90)
        answer = await f.get(f"keySets/{SET}/getActiveKey")
    assert refusal(answer) == (400, "AADB2C90220")
    assert SET in message(answer)


async def test_a_put_replaces_every_key() -> None:
    """microsoft-graph-docs#21475."""
    key = private_key("RSA")
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.public_key().public_numbers()
    modulus = base64.urlsafe_b64encode(numbers.n.to_bytes(256)).decode().rstrip("=")
    async with framework() as f:
        await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")
        answer = await f.graph.put(
            f"{SETS}/{SET}",
            json={"keys": [{"kty": "RSA", "use": "sig", "n": modulus, "e": "AQAB"}]},
        )
        held = await keys(f)
        emptied = await f.graph.put(f"{SETS}/{SET}", json={"id": SET, "keys": []})
    assert answer.status_code == 200
    assert [each["n"] for each in held] == [modulus]
    assert emptied.json()["keys"] == []


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({"kid": "x", "kty": "oct", "use": "sig", "k": "c2VjcmV0"}, "AADB2C95059"),
        ({"kty": "oct", "use": "sig", "k": "not base64!"}, "AADB2C95029"),
        ({"kty": "RSA", "use": "sig", "n": "AQAB"}, "AADB2C95039"),
        ({"kty": "RSA", "use": "sig", "n": "AQAB", "e": "AQAB"}, "AADB2C90137"),
        ({"use": "sig"}, "AADB2C95030"),
    ],
)
async def test_what_is_wrong_with_a_replacement_is_said_and_nothing_is_lost(
    key: Any, code: str
) -> None:
    """B2CERR; microsoft-graph-docs#21475 for the kid."""
    async with framework() as f:
        await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")
        answer = await f.graph.put(f"{SETS}/{SET}", json={"keys": [key]})
        held = await keys(f)
    assert refusal(answer) == (400, code)
    assert len(held) == 1


@pytest.mark.parametrize(("backup", "left"), [(False, []), (True, ["B2C_1A_X.bak"])])
async def test_a_deleted_set_may_leave_a_backup(backup: bool, left: list[str]) -> None:
    """policy-keys-overview."""
    async with framework(Options(key_set_backup=backup)) as f:
        await f.post("keySets", id="X")
        answer = await f.graph.delete(f"{SETS}('B2C_1A_X')")
        listed = [each["id"] for each in (await f.get("keySets")).json()["value"]]
        again = await f.post("keySets", id="X")
    assert answer.status_code == 204
    assert listed[2:] == left
    assert again.status_code == 201


@pytest.mark.parametrize(("switch", "status"), [("allow", 204), ("refuse", 400)])
async def test_deleting_a_set_in_use_is_a_switch(switch: Any, status: int) -> None:
    async with framework(Options(referenced_key_set_delete=switch)) as f:
        f.store(BASE)
        await f.post("keySets", id="Free")
        used = await f.graph.delete(f"{SETS}/{SIGNING}")
        free = await f.graph.delete(f"{SETS}/Free")
    assert (used.status_code, free.status_code) == (status, 204)


async def test_single_keys_are_a_switch() -> None:
    """DEVX and the beta SDK know keys_v2."""
    async with framework() as f:
        unknown = await f.get(f"keySets/{SET}/keys_v2/x")
    async with framework(Options(keys_v2=True)) as f:
        made = (await f.post(f"keySets/{SET}/uploadSecret", use="sig", k="s")).json()
        path = f"keySets/{SET}/keys_v2/{made['kid']}"
        got = await f.get(path)
        disabled = await f.graph.patch(f"{FRAMEWORK}/{path}", json={"status": "disabled"})
        active = await f.get(f"keySets/{SET}/getActiveKey")
        replaced = await f.graph.put(
            f"{FRAMEWORK}/{path}", json={"kty": "oct", "use": "sig", "k": "c2VjcmV0"}
        )
        held = await keys(f)
        deleted = await f.graph.delete(f"{FRAMEWORK}/{path}")
        gone = await f.get(path)
    assert message(unknown) == "Resource not found for the segment 'keys_v2'."
    assert got.json()["kid"] == made["kid"]
    assert [each.status_code for each in (disabled, replaced, deleted)] == [204, 204, 204]
    assert refusal(active) == (400, "AADB2C90220")
    assert [(each["kid"], each["status"]) for each in held] == [(made["kid"], "enabled")]
    assert refusal(gone) == (400, "AADB2C90073")


@pytest.mark.parametrize(
    ("roles", "read", "write"),
    [
        (["TrustFrameworkKeySet.Read.All"], 200, 403),
        (["TrustFrameworkKeySet.ReadWrite.All"], 200, 201),
        (["Policy.ReadWrite.TrustFramework"], 403, 403),
    ],
)
async def test_key_sets_ask_for_their_permissions(roles: list[str], read: int, write: int) -> None:
    """DEVX permissions.json."""
    async with framework() as f, f.world.client(roles=roles) as limited:
        statuses = [
            (await limited.get(SETS)).status_code,
            (await limited.post(SETS, json={"id": "X"})).status_code,
        ]
    assert statuses == [read, write]


async def test_seeded_sets_hold_real_keys() -> None:
    async with framework() as f:
        ids = f.world.box.seed(
            f.world.tenant.id,
            "keySets",
            [{"id": "Mine", "keys": [{"kty": "oct", "use": "sig", "k": "hunter2"}]}],
        )
        held = await keys(f, "Mine")
        text = str(f.world.box.dump(f.world.tenant.id))
    assert ids == ["B2C_1A_Mine"]
    assert [(each["kty"], each["k"]) for each in held] == [("oct", None)]
    assert "hunter2" not in text
