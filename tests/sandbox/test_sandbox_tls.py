"""Unmodified clients over TLS: MSAL Python and azure-identity's own credentials."""

from __future__ import annotations

import asyncio
import base64
import html
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import msal  # type: ignore[import-untyped]
import pytest
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    WorkloadIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sandbox_sign_in import ALICE, API, PASSWORD, REDIRECT, Stage, stage
from sandbox_world import DOMAIN
from served import served

from provisioning.sandbox import tls

SCOPE = "https://graph.microsoft.com/.default"
GRAPH_READ = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"


def roles(token: str) -> list[str]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return list(claims["roles"])


async def automation(s: Stage) -> tuple[str, str, str]:
    """Object id, appId and service principal of an application that may read applications."""
    made = (await s.web.post("/applications", json={"displayName": "CI"})).json()
    body = {"appId": made["appId"]}
    principal = (await s.web.post("/servicePrincipals", json=body)).json()["id"]
    graph = (await s.world.microsoft_graph())["id"]
    assignment = {"principalId": principal, "resourceId": graph, "appRoleId": GRAPH_READ}
    await s.web.post(f"/servicePrincipals/{principal}/appRoleAssignments", json=assignment)
    return made["id"], made["appId"], principal


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The authority's file, told to `requests` as its users would; no proxy before loopback."""
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "tls" / "ca.pem"))
    return tmp_path / "tls"


async def test_the_certificate_names_loopback_and_the_public_hosts(tmp_path: Path) -> None:
    async with stage() as s:
        with served(s.world.box, tmp_path) as url:
            context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
            async with httpx.AsyncClient(verify=context) as client:
                found = await client.get(f"{url}/{DOMAIN}/v2.0/.well-known/openid-configuration")
        certificate = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    hosts = names.value.get_values_for_type(x509.DNSName)
    assert found.json()["token_endpoint"] == f"{url}/{DOMAIN}/oauth2/v2.0/token"
    assert {"graph.microsoft.com", "login.microsoftonline.com", "*.b2clogin.com"} <= set(hosts)
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600


def test_files_are_kept_until_a_host_is_missing_or_their_end_is_near(tmp_path: Path) -> None:
    years_ago = datetime(2024, 1, 1, tzinfo=UTC)
    old = tls.files(tmp_path, now=years_ago).certificate.read_bytes()
    assert tls.files(tmp_path, now=years_ago).certificate.read_bytes() == old
    now = tls.files(tmp_path).certificate.read_bytes()
    assert now != old
    assert tls.files(tmp_path).certificate.read_bytes() == now
    more = tls.files(tmp_path, ["login.contoso.com"])
    authority = x509.load_pem_x509_certificate(more.authority.read_bytes())
    x509.load_pem_x509_certificate(more.certificate.read_bytes()).verify_directly_issued_by(
        authority
    )
    assert more.certificate.read_bytes() != now


async def test_msal_completes_the_code_flow_and_refreshes(authority: Path) -> None:
    async with stage() as s:
        with served(s.world.box, authority) as url:

            def sign_in() -> tuple[dict[str, Any], dict[str, Any]]:
                application = msal.PublicClientApplication(
                    s.client_id, authority=f"{url}/{DOMAIN}/B2C_1A_Browser"
                )
                flow = application.initiate_auth_code_flow(
                    [f"{API}/read"], redirect_uri=REDIRECT, response_mode="form_post"
                )
                answer = posted(flow["auth_uri"], authority / "ca.pem")
                first = application.acquire_token_by_auth_code_flow(flow, answer)
                (account,) = application.get_accounts()
                again = application.acquire_token_silent_with_error(
                    [f"{API}/read"], account, force_refresh=True
                )
                return first, again or {}

            first, again = await asyncio.to_thread(sign_in)
    assert "access_token" in first, first
    claims = jwt.decode(first["access_token"], options={"verify_signature": False})
    assert (claims["scp"], claims["aud"]) == ("read", s.apps["api"]["appId"])
    assert "access_token" in again, again


def posted(url: str, authority: Path) -> dict[str, str]:
    """What the browser posts back once the form is filled in."""
    with httpx.Client(verify=ssl.create_default_context(cafile=authority)) as browser:
        page = browser.get(url).text
        action = html.unescape(re.findall(r'action="([^"]+)"', page)[0])
        sent = {**hidden(page), "signInName": ALICE, "password": PASSWORD}
        return hidden(browser.post(action, data=sent).text)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


async def test_azure_identity_gets_tokens_with_secret_certificate_and_federation(
    tmp_path: Path, authority: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, der = _certificate(key)
    async with stage() as s:
        identity, app_id, _ = await automation(s)
        tenant = s.world.tenant.id
        secret = (await s.web.post(f"/applications/{identity}/addPassword", json={})).json()
        credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": der}
        await s.web.patch(f"/applications/{identity}", json={"keyCredentials": [credential]})
        federated = {
            "name": "ci",
            "issuer": "https://ci.test",
            "subject": "main",
            "audiences": ["api://AzureADTokenExchange"],
        }
        await s.web.post(f"/applications/{identity}/federatedIdentityCredentials", json=federated)
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        s.world.box.trust_issuer("https://ci.test", {"keys": [jwk]})
        (tmp_path / "app.pem").write_bytes(pem)
        (tmp_path / "token").write_text(_assertion(s, key))
        with served(s.world.box, authority) as url:
            common: dict[str, Any] = {
                "authority": url,
                "disable_instance_discovery": True,
            }
            made: list[Any] = [
                ClientSecretCredential(tenant, app_id, secret["secretText"], **common),
                CertificateCredential(tenant, app_id, str(tmp_path / "app.pem"), **common),
                WorkloadIdentityCredential(
                    tenant_id=tenant,
                    client_id=app_id,
                    token_file_path=str(tmp_path / "token"),
                    **common,
                ),
            ]
            got = []
            for each in made:
                got.append(await asyncio.to_thread(each.get_token, SCOPE))
                each.close()
    assert [roles(each.token) for each in got] == [["Application.Read.All"]] * 3


def _assertion(s: Stage, key: rsa.RSAPrivateKey) -> str:
    now = int(s.world.clock.now.timestamp())
    claims = {
        "iss": "https://ci.test",
        "sub": "main",
        "aud": "api://AzureADTokenExchange",
        "nbf": now,
        "exp": now + 600,
    }
    return jwt.encode(claims, key, algorithm="RS256")


def _certificate(key: rsa.RSAPrivateKey) -> tuple[bytes, str]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ci")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    der = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    return text + made.public_bytes(serialization.Encoding.PEM), der
