"""Passwords, certificates, federated credentials and owners."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sandbox_world import NOBODY, Json, World, created, message, names, refusal, world

from provisioning.sandbox import Options


def certificate() -> str:
    """A self-signed certificate for 2026, DER in base64."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def key(**changes: Any) -> Json:
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate(), **changes}


async def read(w: World, identity: str, query: str = "") -> Json:
    return dict((await w.graph.get(f"/applications/{identity}{query}")).json())


@pytest.mark.parametrize("collection", ["applications", "servicePrincipals"])
async def test_a_password_is_shown_once(collection: str) -> None:
    """G:v1/api/application-addpassword.md: two years unless said otherwise."""
    async with world() as w:
        made = await w.principal() if collection == "servicePrincipals" else await w.application()
        url = f"/{collection}/{made['id']}"
        response = await w.graph.post(
            f"{url}/addPassword", json={"passwordCredential": {"displayName": "main"}}
        )
        added = response.json()
        kept = (await w.graph.get(url)).json()["passwordCredentials"]
        removed = await w.graph.post(f"{url}/removePassword", json={"keyId": added["keyId"]})
        again = await w.graph.post(f"{url}/removePassword", json={"keyId": added["keyId"]})
        left = (await w.graph.get(url)).json()["passwordCredentials"]
        dumped = str(w.box.dump(w.tenant.id))
    assert response.status_code == 200
    assert 16 <= len(added["secretText"]) <= 64
    assert added["hint"] == added["secretText"][:3]
    assert added["startDateTime"] == "2026-03-01T12:00:00Z"
    assert added["endDateTime"] == "2028-03-01T12:00:00Z"
    assert kept == [
        {
            "customKeyIdentifier": None,
            "displayName": "main",
            "endDateTime": "2028-03-01T12:00:00Z",
            "hint": added["hint"],
            "keyId": added["keyId"],
            "secretText": None,
            "startDateTime": "2026-03-01T12:00:00Z",
        }
    ]
    assert added["secretText"] not in dumped
    assert [removed.status_code, again.status_code] == [204, 400]
    assert left == []


async def test_a_password_takes_its_own_dates_and_nothing_computed() -> None:
    async with world() as w:
        made = await w.application()
        url = f"/applications/{made['id']}/addPassword"
        dated = await w.graph.post(
            url, json={"passwordCredential": {"endDateTime": "2026-09-01T00:00:00Z"}}
        )
        past = await w.graph.post(
            url, json={"passwordCredential": {"endDateTime": "2025-09-01T00:00:00Z"}}
        )
        own = await w.graph.post(url, json={"passwordCredential": {"secretText": "mine"}})
    assert dated.json()["endDateTime"] == "2026-09-01T00:00:00Z"
    assert [past.status_code, own.status_code] == [400, 400]


async def test_a_personal_application_holds_two_passwords() -> None:
    """E:supported-accounts-validation.md."""
    async with world() as w:
        made = created(await w.graph.post("/applications", json={"displayName": "P"}))
        answers = [
            await w.graph.post(f"/applications/{made['id']}/addPassword", json={}) for _ in range(3)
        ]
    assert [each.status_code for each in answers] == [200, 200, 400]


async def test_a_certificate_fills_in_what_was_left_out() -> None:
    async with world() as w:
        made = await w.application(keyCredentials=[key()])
        (plain,) = (await read(w, made["id"]))["keyCredentials"]
        (full,) = (await read(w, made["id"], "?$select=keyCredentials"))["keyCredentials"]
    assert plain["key"] is None
    assert x509.load_der_x509_certificate(base64.b64decode(full["key"])).serial_number == 1
    assert plain["startDateTime"] == "2026-01-01T00:00:00Z"
    assert plain["endDateTime"] == "2027-01-01T00:00:00Z"
    assert plain["displayName"] == "CN=portal"
    assert len(plain["customKeyIdentifier"]) == 40
    assert len(plain["keyId"]) == 36


async def test_certificates_are_replaced_whole_and_kept_by_their_key_id() -> None:
    """microsoft-graph-docs#3579; azure-powershell#6784."""
    async with world() as w:
        made = await w.application(keyCredentials=[key()])
        url = f"/applications/{made['id']}"
        (kept,) = (await read(w, made["id"]))["keyCredentials"]
        added = await w.graph.patch(url, json={"keyCredentials": [kept, key(usage="Sign")]})
        two = (await read(w, made["id"], "?$select=keyCredentials"))["keyCredentials"]
        changed = await w.graph.patch(
            url, json={"keyCredentials": [key(keyId=kept["keyId"]), two[1]]}
        )
        cleared = await w.graph.patch(url, json={"keyCredentials": []})
        none = (await read(w, made["id"]))["keyCredentials"]
    assert added.status_code == 204
    assert [each["keyId"] == kept["keyId"] for each in two] == [True, False]
    assert all(each["key"] for each in two)
    assert refusal(changed) == (400, "Request_BadRequest")
    assert message(changed) == (
        f"Update to existing credential with KeyId '{kept['keyId']}' is not allowed."
    )
    assert (cleared.status_code, none) == (204, [])


async def test_keeping_a_certificate_without_its_key_is_a_switch() -> None:
    async with world(Options(key_null_keeps=False)) as w:
        made = await w.application(keyCredentials=[key()])
        (kept,) = (await read(w, made["id"]))["keyCredentials"]
        response = await w.graph.patch(
            f"/applications/{made['id']}", json={"keyCredentials": [kept]}
        )
    assert refusal(response) == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (key(usage="Read"), "Request_BadRequest"),
        (key(type="Paper"), "Request_BadRequest"),
        (key(key=None), "Request_BadRequest"),
        (key(key=base64.b64encode(b"no certificate").decode()), "Request_BadRequest"),
        (key(endDateTime="2027-01-02T00:00:00Z"), "KeyCredentialsInvalidEndDate"),
        (key(startDateTime="2025-12-31T00:00:00Z"), "KeyCredentialsInvalidStartDate"),
    ],
)
async def test_a_bad_certificate_is_refused(item: Json, code: str) -> None:
    """msgraph-sdk-java#1823 for usage; terraform reports for the end date."""
    async with world() as w:
        response = await w.graph.post(
            "/applications",
            json={"displayName": "P", "signInAudience": "AzureADMyOrg", "keyCredentials": [item]},
        )
    assert refusal(response) == (400, code)


def federated(**changes: Any) -> Json:
    return {
        "name": "main",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:o/r:environment:prod",
        "audiences": ["api://AzureADTokenExchange"],
        **changes,
    }


async def test_a_federated_credential_lives_under_its_application() -> None:
    """G:v1/resources/federatedidentitycredential.md."""
    async with world() as w:
        made = await w.application()
        other = await w.application()
        root = f"/applications/{made['id']}/federatedIdentityCredentials"
        body = created(await w.graph.post(root, json=federated()))
        listed = await w.graph.get(root)
        elsewhere = await w.graph.get(
            f"/applications/{other['id']}/federatedIdentityCredentials/main"
        )
        answers = [
            await w.graph.get(f"{root}/{body['id']}"),
            await w.graph.get(f"{root}/main"),
            await w.graph.get(f"{root}(name='main')"),
        ]
        patched = await w.graph.patch(f"{root}/main", json={"subject": "repo:o/r:ref:main"})
        renamed = await w.graph.patch(f"{root}/main", json={"name": "other"})
        after = (await w.graph.get(f"{root}/main")).json()
        deleted = await w.graph.delete(f"{root}/main")
        gone = await w.graph.get(f"{root}/main")
    assert names(listed, "name") == ["main"]
    assert [each.json()["id"] for each in answers] == [body["id"]] * 3
    assert message(elsewhere) == "FederatedIdentityCredential with name main not found."
    assert [patched.status_code, renamed.status_code, deleted.status_code] == [204, 400, 204]
    assert after["subject"] == "repo:o/r:ref:main"
    assert refusal(gone) == (404, "Request_ResourceNotFound")


async def test_federated_credentials_are_unique_by_name_and_by_issuer_and_subject() -> None:
    async with world(Options(max_federated_credentials=2)) as w:
        made = await w.application()
        root = f"/applications/{made['id']}/federatedIdentityCredentials"
        created(await w.graph.post(root, json=federated()))
        twin = await w.graph.post(root, json=federated(subject="other"))
        pair = await w.graph.post(root, json=federated(name="second"))
        created(await w.graph.post(root, json=federated(name="second", subject="other")))
        full = await w.graph.post(root, json=federated(name="third", subject="third"))
    assert refusal(twin) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert message(twin) == "FederatedIdentityCredential with name main already exists."
    assert pair.status_code == 409
    assert full.status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "not url safe"},
        {"name": "x" * 121},
        {"audiences": []},
        {"audiences": ["a", "b"]},
        {"subject": ""},
        {"issuer": "x" * 601},
        {"description": "x" * 601},
        {"color": "red"},
    ],
)
async def test_a_bad_federated_credential_is_refused(changes: Json) -> None:
    async with world() as w:
        made = await w.application()
        response = await w.graph.post(
            f"/applications/{made['id']}/federatedIdentityCredentials", json=federated(**changes)
        )
    assert response.status_code == 400


async def test_a_federated_credential_can_be_upserted_by_name() -> None:
    body = {key: value for key, value in federated().items() if key != "name"}
    async with world() as w:
        made = await w.application()
        url = f"/applications/{made['id']}/federatedIdentityCredentials(name='main')"
        upsert = {"Prefer": "create-if-missing"}
        without = await w.graph.patch(url, json=body)
        first = await w.graph.patch(url, json=body, headers=upsert)
        second = await w.graph.patch(url, json={"subject": "other"}, headers=upsert)
    assert [without.status_code, first.status_code, second.status_code] == [404, 201, 204]


async def test_owners_are_added_and_removed_by_reference() -> None:
    """G:v1/api/application-{post,list,delete}-owners.md."""
    async with world() as w:
        made = await w.application()
        alice = w.box.add_user(w.tenant.id, "alice@contoso.onmicrosoft.com", "Alice")
        root = f"/applications/{made['id']}/owners"
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{alice}"}
        added = await w.graph.post(f"{root}/$ref", json=reference)
        twice = await w.graph.post(f"{root}/$ref", json=reference)
        unknown = await w.graph.post(
            f"{root}/$ref",
            json={"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{NOBODY}"},
        )
        malformed = await w.graph.post(f"{root}/$ref", json={"@odata.id": "alice"})
        owners = (await w.graph.get(root)).json()["value"]
        expanded = (await w.graph.get(f"/applications/{made['id']}?$expand=owners")).json()
        removed = await w.graph.delete(f"{root}/{alice}/$ref")
        again = await w.graph.delete(f"{root}/{alice}/$ref")
    assert added.status_code == 204
    assert refusal(twice) == (400, "Request_BadRequest")
    assert message(twice).startswith("One or more added object references already exist")
    assert refusal(unknown) == (404, "Request_ResourceNotFound")
    assert refusal(malformed) == (400, "Request_BadRequest")
    assert [(each["@odata.type"], each["id"]) for each in owners] == [
        ("#microsoft.graph.user", alice)
    ]
    assert [each["id"] for each in expanded["owners"]] == [alice]
    assert removed.status_code == 204
    assert refusal(again) == (400, "Request_BadRequest")


async def test_the_status_of_a_repeated_owner_is_a_switch() -> None:
    async with world(Options(owner_duplicate_status=409)) as w:
        made = await w.application()
        alice = w.box.add_user(w.tenant.id, "alice@contoso.onmicrosoft.com", "Alice")
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{alice}"}
        url = f"/applications/{made['id']}/owners/$ref"
        await w.graph.post(url, json=reference)
        twice = await w.graph.post(url, json=reference)
    assert refusal(twice) == (409, "Request_BadRequest")


async def test_owners_can_be_bound_at_creation() -> None:
    async with world() as w:
        alice = w.box.add_user(w.tenant.id, "alice@contoso.onmicrosoft.com", "Alice")
        made = await w.application(
            **{"owners@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{alice}"]}
        )
        owners = await w.graph.get(f"/applications/{made['id']}/owners")
    assert names(owners, "id") == [alice]
