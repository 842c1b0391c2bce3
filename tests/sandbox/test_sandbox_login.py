"""Tokens and discovery: E:v2-oauth2-client-creds-grant-flow, E:reference-error-codes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sandbox_world import DOMAIN, NOBODY, Json, World, client, created, world

from provisioning.sandbox import Fault

LOGIN = "https://login.microsoftonline.com"
ISSUER = "https://token.actions.githubusercontent.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(KEY, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def signed(w: World, key: rsa.RSAPrivateKey, *, kid: str | None = None, **claims: Any) -> str:
    now = int(w.clock.now.timestamp())
    times = {"nbf": now, "exp": now + 600}
    headers = None if kid is None else {"kid": kid}
    return jwt.encode({**times, **claims}, key, algorithm="RS256", headers=headers)


async def token(w: World, app_id: str, *, at: str = DOMAIN, **form: str) -> httpx.Response:
    data = {
        "grant_type": "client_credentials",
        "client_id": app_id,
        "scope": "https://graph.microsoft.com/.default",
        **form,
    }
    return await w.graph.post(f"{LOGIN}/{at}/oauth2/v2.0/token", data=data)


async def assertion(w: World, app_id: str, text: str) -> httpx.Response:
    return await token(
        w,
        app_id,
        client_assertion=text,
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    )


async def client_with_role(w: World) -> tuple[Json, Json]:
    """An application that may read applications, with its service principal."""
    application = await w.application()
    principal = await w.principal(application)
    graph = await w.microsoft_graph()
    created(
        await w.graph.post(
            f"/servicePrincipals/{graph['id']}/appRoleAssignedTo",
            json={
                "principalId": principal["id"],
                "resourceId": graph["id"],
                "appRoleId": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
            },
        )
    )
    return application, principal


async def secret(w: World, application: Json, **credential: str) -> str:
    response = await w.graph.post(
        f"/applications/{application['id']}/addPassword", json={"passwordCredential": credential}
    )
    return str(response.json()["secretText"])


def number(response: httpx.Response) -> tuple[int, str, int]:
    body = response.json()
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    assert body["error_uri"].endswith(str(body["error_codes"][0]))
    return response.status_code, body["error"], body["error_codes"][0]


async def test_a_secret_opens_what_was_assigned() -> None:
    async with world() as w:
        application, principal = await client_with_role(w)
        answer = await token(w, application["appId"], client_secret=await secret(w, application))
        body = answer.json()
        claims = jwt.decode(body["access_token"], options={"verify_signature": False})
        async with client(w.box, body["access_token"]) as own:
            statuses = [
                (await own.get("/applications")).status_code,
                (await own.get("/organization")).status_code,
            ]
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3599)
    assert claims["roles"] == ["Application.Read.All"]
    assert (claims["tid"], claims["appid"], claims["oid"], claims["idtyp"]) == (
        w.tenant.id,
        application["appId"],
        principal["id"],
        "app",
    )
    assert claims["aud"] == "https://graph.microsoft.com"
    assert statuses == [200, 403]


async def test_wrong_expired_and_removed_secrets_are_refused() -> None:
    async with world() as w:
        application, _ = await client_with_role(w)
        brief = await secret(w, application, endDateTime="2026-03-01T13:00:00Z")
        wrong = await token(w, application["appId"], client_secret="guess")
        none = await token(w, application["appId"])
        w.clock.advance(3600)
        expired = await token(w, application["appId"], client_secret=brief)
        (kept,) = (await w.graph.get(f"/applications/{application['id']}")).json()[
            "passwordCredentials"
        ]
        await w.graph.post(
            f"/applications/{application['id']}/removePassword", json={"keyId": kept["keyId"]}
        )
        removed = await token(w, application["appId"], client_secret=brief)
    assert number(wrong) == (401, "invalid_client", 7000215)
    assert number(none) == (401, "invalid_client", 7000218)
    assert number(expired) == (401, "invalid_client", 7000222)
    assert number(removed) == (401, "invalid_client", 7000215)


async def test_unknown_tenants_clients_and_resources_have_their_numbers() -> None:
    async with world() as w:
        application = await w.application()
        text = await secret(w, application)
        tenant = await token(w, application["appId"], at="nowhere.onmicrosoft.com")
        unknown = await token(w, NOBODY, client_secret="x")
        homeless = await token(w, application["appId"], client_secret=text)
        principal = await w.principal(application)
        resource = await token(
            w, application["appId"], client_secret=text, scope="api://nothing/.default"
        )
        scope = await token(w, application["appId"], client_secret=text, scope="User.Read")
        grant = await token(w, application["appId"], client_secret=text, grant_type="implicit")
        await w.graph.patch(f"/servicePrincipals/{principal['id']}", json={"accountEnabled": False})
        disabled = await token(w, application["appId"], client_secret=text)
    assert number(tenant) == (400, "invalid_request", 90002)
    assert number(unknown) == (400, "unauthorized_client", 700016)
    assert number(homeless) == (400, "unauthorized_client", 7000229)
    assert number(resource) == (400, "invalid_resource", 500011)
    assert number(scope) == (400, "invalid_scope", 1002012)
    assert number(grant) == (400, "unsupported_grant_type", 70003)
    assert number(disabled) == (400, "unauthorized_client", 7000112)


async def test_a_registered_certificate_signs_in() -> None:
    """E:certificate-credentials.md."""
    async with world() as w:
        application, _ = await client_with_role(w)
        app_id = application["appId"]
        own = {"iss": app_id, "sub": app_id, "aud": f"{LOGIN}/{w.tenant.id}/oauth2/v2.0/token"}
        early = await assertion(w, app_id, signed(w, KEY, **own))
        await w.graph.patch(
            f"/applications/{application['id']}",
            json={
                "keyCredentials": [
                    {"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate()}
                ]
            },
        )
        fine = await assertion(w, app_id, signed(w, KEY, **own))
        stranger = await assertion(w, app_id, signed(w, STRANGER, **own))
        audience = await assertion(w, app_id, signed(w, KEY, **{**own, "aud": "https://a.test"}))
        text = signed(w, KEY, **own)
        w.clock.advance(700)
        late = await assertion(w, app_id, text)
        nonsense = await assertion(w, app_id, "x")
    assert number(early) == (401, "invalid_client", 700027)
    assert fine.status_code == 200
    assert number(stranger) == (401, "invalid_client", 700027)
    assert number(audience) == (401, "invalid_client", 700023)
    assert number(late) == (401, "invalid_client", 700024)
    assert number(nonsense) == (401, "invalid_client", 50027)


TRUSTED = {"iss": ISSUER, "sub": "repo:o/r:ref:main", "aud": "api://AzureADTokenExchange"}


async def federated(w: World) -> str:
    """The appId of an application that trusts one subject of one issuer."""
    application, _ = await client_with_role(w)
    credential = {
        "name": "main",
        "issuer": ISSUER,
        "subject": TRUSTED["sub"],
        "audiences": [TRUSTED["aud"]],
    }
    url = f"/applications/{application['id']}/federatedIdentityCredentials"
    created(await w.graph.post(url, json=credential))
    return str(application["appId"])


def published(key: rsa.RSAPrivateKey, **more: str) -> Json:
    """A key set (RFC 7517) of one key."""
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"keys": [{**jwk, **more}]}


async def test_a_federated_token_must_match_issuer_subject_and_audience() -> None:
    """E:workload-identity-federation.md; compared by case: Azure/login#517."""
    async with world() as w:
        app_id = await federated(w)
        unregistered = await assertion(w, app_id, signed(w, KEY, **TRUSTED))
        w.box.trust_issuer(ISSUER, published(KEY))
        fine = await assertion(w, app_id, signed(w, KEY, **TRUSTED))
        forged = await assertion(w, app_id, signed(w, STRANGER, **TRUSTED))
        others = [
            await assertion(w, app_id, signed(w, KEY, **{**TRUSTED, name: text}))
            for name, text in (
                ("iss", f"{ISSUER}/"),
                ("sub", "repo:o/r:environment:prod"),
                ("sub", "Repo:o/r:ref:main"),
                ("aud", "other"),
            )
        ]
    assert number(unregistered) == (400, "invalid_request", 50166)
    assert fine.status_code == 200
    assert number(forged) == (401, "invalid_client", 700027)
    assert [number(each)[2] for each in others] == [700211, 700213, 7002138, 700212]


async def test_keys_of_a_named_issuer_are_fetched_and_again_after_a_rotation() -> None:
    """OpenID Connect Discovery 1.0, 4: on loopback, in place of GitHub's own."""
    now: dict[str, Any] = {"issuer": ISSUER, **published(KEY, kid="one")}
    async with world() as w, provider(now) as url:
        app_id = await federated(w)
        w.box.trust_issuer(ISSUER, url)
        first = signed(w, KEY, kid="one", **TRUSTED)
        second = signed(w, STRANGER, kid="two", **TRUSTED)
        statuses = [(await assertion(w, app_id, text)).status_code for text in (first, first)]
        early = await assertion(w, app_id, second)
        now |= published(STRANGER, kid="two")
        late = await assertion(w, app_id, second)
        now["issuer"] = "https://elsewhere.test"
        lying = await assertion(w, app_id, signed(w, KEY, kid="three", **TRUSTED))
        asked = list(now["asked"])
    async with world() as w:
        app_id = await federated(w)
        w.box.trust_issuer(ISSUER, url)
        gone = await assertion(w, app_id, first)
    assert statuses == [200, 200]
    assert number(early) == (401, "invalid_client", 7000272)
    assert late.status_code == 200
    assert number(lying) == (400, "invalid_request", 50166)
    assert number(gone) == (400, "invalid_request", 50166)
    # Once for the first key, once for each token whose key was not known.
    assert asked.count("/.well-known/openid-configuration") == 4


@pytest.mark.parametrize("url", ["http://issuer.test", "ftp://localhost", "issuer"])
async def test_an_issuer_is_asked_over_https_or_on_loopback(url: str) -> None:
    async with world() as w:
        with pytest.raises(ValueError, match="neither https nor http to loopback"):
            w.box.trust_issuer(ISSUER, url)


@contextlib.asynccontextmanager
async def provider(now: Json) -> AsyncIterator[str]:
    """An OpenID provider on loopback that publishes what `now` says; it notes what is asked."""
    now["asked"] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        now["asked"].append(target)
        keys = target == "/keys"
        document = {"issuer": now["issuer"], "jwks_uri": f"{url}/keys"}
        body = json.dumps({"keys": now["keys"]} if keys else document).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield url


@pytest.mark.parametrize("name", [DOMAIN, "common"])
async def test_discovery_leads_to_the_token_endpoint_and_the_keys(name: str) -> None:
    async with world() as w:
        found = (await w.graph.get(f"{LOGIN}/{name}/v2.0/.well-known/openid-configuration")).json()
        keys = (await w.graph.get(found["jwks_uri"])).json()
        key = jwt.PyJWK(keys["keys"][0])
        claims = jwt.decode(
            w.box.issue_token(w.tenant.id),
            key.key,
            algorithms=["RS256"],
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    assert found["token_endpoint"] == f"{LOGIN}/{name}/oauth2/v2.0/token"
    assert claims["tid"] == w.tenant.id


async def test_external_id_announces_itself_under_the_tenants_id() -> None:
    async with world() as w:
        url = f"https://contoso.ciamlogin.com/{w.tenant.id}/v2.0/.well-known/openid-configuration"
        found = (await w.graph.get(url)).json()
    assert found["issuer"] == f"https://{w.tenant.id}.ciamlogin.com/{w.tenant.id}/v2.0"
    assert found["token_endpoint"].startswith(f"https://contoso.ciamlogin.com/{w.tenant.id}/")


async def test_instance_discovery_names_the_tenants_configuration() -> None:
    async with world() as w:
        response = await w.graph.get(
            f"{LOGIN}/common/discovery/instance",
            params={
                "api-version": "1.1",
                "authorization_endpoint": f"{LOGIN}/{DOMAIN}/oauth2/v2.0/authorize",
            },
        )
        unknown = await w.graph.get(f"{LOGIN}/nowhere.test/v2.0/.well-known/openid-configuration")
    assert response.json()["tenant_discovery_endpoint"] == (
        f"{LOGIN}/{DOMAIN}/v2.0/.well-known/openid-configuration"
    )
    assert number(unknown) == (400, "invalid_request", 90002)


async def test_no_secret_is_kept_in_the_database(tmp_path: Any) -> None:
    async with world(directory=tmp_path) as w:
        application = await w.application()
        text = await secret(w, application)
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert text.encode() not in content
    assert json.dumps(application["appId"])[1:-1].encode() in content


async def test_scripted_faults_meet_sign_in_requests_too() -> None:
    """RFC 6749, 5.2 for the envelope."""
    async with world() as w:
        application, _ = await client_with_role(w)
        text = await secret(w, application)
        w.box.faults.add(Fault(path="/oauth2/v2.0/token$", headers={"Retry-After": "2"}))
        w.box.faults.add(Fault(path="/oauth2/v2.0/token$", status=500, body="<html>"))
        w.box.faults.add(Fault(path="/openid-configuration$", drop=True))
        answers = [await token(w, application["appId"], client_secret=text) for _ in range(3)]
        with pytest.raises(httpx.ConnectError):
            await w.graph.get(f"{LOGIN}/{DOMAIN}/v2.0/.well-known/openid-configuration")
        seen = [each.status for each in w.box.log if each.path.endswith("/token")]
    assert [each.status_code for each in answers] == seen == [503, 500, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert answers[0].json()["error"] == "temporarily_unavailable"
    assert answers[1].text == "<html>"
