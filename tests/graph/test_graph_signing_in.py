from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from virtual_time import VirtualTime
from wire import Tokens, line

from provisioning.core.errors import ProvisioningError
from provisioning.core.model import Principal
from provisioning.core.request import Call
from provisioning.graph import auth, clouds, tokens, wrapped
from provisioning.graph.tokens import Tokens as Held

SECRET = "very-secret-value"
KEY = "k" * 32
TENANT = {"AZURE_TENANT_ID": "contoso.onmicrosoft.com"}
CLIENT = {"AZURE_CLIENT_ID": "11111111-1111-1111-1111-111111111111"}
RUNNER_HINT = (
    "(or ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN: "
    "permissions: id-token: write)"
)
RUNNER_REST = (
    "AZURE_FEDERATED_TOKEN_FILE (or ACTIONS_ID_TOKEN_REQUEST_TOKEN: permissions: id-token: write)"
)


def _credential(name: str, env: dict[str, str], **options: Any) -> Any:
    said: list[str] = []
    return auth.credential(
        name,
        cloud=options.pop("cloud", clouds.named("global")),
        env=env,
        tenant_id=options.pop("tenant_id", None),
        clock=VirtualTime().clock(),
        prompt=said.append,
        **options,
    )


@pytest.mark.parametrize(
    ("name", "env", "missing"),
    [
        ("client-secret", {}, "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"),
        ("client-secret", TENANT | CLIENT, "AZURE_CLIENT_SECRET"),
        ("client-secret", TENANT | CLIENT | {"AZURE_CLIENT_SECRET": " "}, "AZURE_CLIENT_SECRET"),
        ("certificate", TENANT, "AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH"),
        (
            "workload-identity",
            {},
            f"AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE {RUNNER_HINT}",
        ),
        (
            "workload-identity",
            TENANT | CLIENT | {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"},
            RUNNER_REST,
        ),
        ("token", {}, "PROVISIONING_ACCESS_TOKEN"),
    ],
)
def test_everything_that_is_missing_is_named_at_once(
    name: str, env: dict[str, str], missing: str
) -> None:
    with pytest.raises(ProvisioningError) as caught:
        _credential(name, env)
    assert str(caught.value) == f"--auth {name} needs {missing}"


def test_the_manifests_tenant_stands_in_for_the_variable() -> None:
    with pytest.raises(ProvisioningError) as caught:
        _credential("client-secret", {}, tenant_id="contoso.onmicrosoft.com")
    assert str(caught.value) == "--auth client-secret needs AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"


def test_an_unknown_way_to_sign_in_is_named_with_the_known_ones() -> None:
    with pytest.raises(ProvisioningError, match="'passport'") as caught:
        _credential("passport", {})
    assert caught.value.remedy == (
        "--auth is one of default, azure-cli, device-code, browser, client-secret, certificate, "
        "workload-identity, token"
    )


@pytest.mark.parametrize(
    ("name", "env"),
    [
        ("default", {}),
        ("azure-cli", TENANT),
        ("device-code", TENANT | CLIENT),
        ("browser", {}),
        ("client-secret", TENANT | CLIENT | {"AZURE_CLIENT_SECRET": SECRET}),
        (
            "workload-identity",
            TENANT | CLIENT | {"AZURE_FEDERATED_TOKEN_FILE": "/run/token"},
        ),
        (
            "workload-identity",
            TENANT
            | CLIENT
            | {
                "ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/token?api=1",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
            },
        ),
        ("token", {"PROVISIONING_ACCESS_TOKEN": SECRET}),
    ],
)
async def test_every_way_to_sign_in_makes_a_credential_that_hides_its_secret(
    name: str, env: dict[str, str]
) -> None:
    async with _credential(name, env) as credential:
        assert SECRET not in repr(credential)


@pytest.mark.parametrize(
    ("name", "env", "words"),
    [
        (
            "certificate",
            {"AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere/at-all.pem"},
            "--auth certificate can't be used: .*at-all.pem",
        ),
        (
            "client-secret",
            {"AZURE_CLIENT_SECRET": SECRET, "AZURE_TENANT_ID": "no tenant!"},
            "Invalid tenant ID",
        ),
        (
            "client-secret",
            {"AZURE_CLIENT_SECRET": SECRET, "AZURE_AUTHORITY_HOST": "http://login.example"},
            "https",
        ),
        (
            "workload-identity",
            {
                "ACTIONS_ID_TOKEN_REQUEST_URL": "http://runner.example",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
            },
            "ACTIONS_ID_TOKEN_REQUEST_URL is not https",
        ),
    ],
)
def test_settings_that_cannot_work_are_one_clear_error(
    name: str, env: dict[str, str], words: str
) -> None:
    with pytest.raises(ProvisioningError, match=words) as caught:
        _credential(name, TENANT | CLIENT | env)
    assert SECRET not in str(caught.value)


def test_a_certificate_with_the_wrong_password_does_not_show_it(tmp_path: Path) -> None:
    file = tmp_path / "app.pfx"
    file.write_bytes(b"\x30\x82 no certificate")
    env = {
        "AZURE_CLIENT_CERTIFICATE_PATH": str(file),
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": SECRET,
    }
    with pytest.raises(ProvisioningError, match="--auth certificate") as caught:
        _credential("certificate", TENANT | CLIENT | env)
    assert SECRET not in str(caught.value)


async def test_a_given_token_is_used_as_it_is() -> None:
    text = jwt.encode({"exp": 1_900_000_000}, KEY)
    token = await _credential("token", {"PROVISIONING_ACCESS_TOKEN": f" {text}\n"}).get_token("s")
    assert token == AccessToken(text, 1_900_000_000)
    opaque = await _credential("token", {"PROVISIONING_ACCESS_TOKEN": "opaque"}).get_token("s")
    assert opaque.token == "opaque"
    assert opaque.expires_on == datetime(2026, 1, 1, 1, tzinfo=UTC).timestamp()


RUNNER = (
    TENANT
    | CLIENT
    | {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/token?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
        # Nothing listens there: the exchange itself fails, after the runner was asked.
        "AZURE_AUTHORITY_HOST": "https://127.0.0.1:1",
    }
)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(403, json={"message": SECRET}),
        httpx.Response(200, html="<html>"),
        httpx.Response(200, json={"values": 1}),
        httpx.Response(200, json=["x"]),
        httpx.Response(200, json={"value": 7}),
        httpx.Response(302, headers={"Location": "https://evil.example"}),
    ],
)
async def test_a_runner_without_an_assertion_is_one_clear_error(response: httpx.Response) -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return response

    async with _credential(
        "workload-identity", RUNNER, transport=httpx.MockTransport(respond)
    ) as credential:
        with pytest.raises(ProvisioningError, match="no identity token") as caught:
            await credential.get_token("scope")
    assert SECRET not in str(caught.value)
    (request,) = asked
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert str(request.url) == (
        "https://runner.example/token?api-version=2&audience=api%3A%2F%2FAzureADTokenExchange"
    )


class _Blocking:
    """A synchronous credential, as device code and browser are."""

    def __init__(self, outcome: AccessToken | Exception) -> None:
        self.outcome = outcome
        self.thread: threading.Thread | None = None

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        self.thread = threading.current_thread()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def close(self) -> None:
        self.thread = None


async def test_a_blocking_sign_in_runs_in_a_thread_that_nobody_waits_for() -> None:
    blocking = _Blocking(AccessToken("t", 1))
    token = await wrapped.Threaded(blocking).get_token("scope", enable_cae=True)
    assert token == AccessToken("t", 1)
    assert blocking.thread is not None
    assert blocking.thread is not threading.main_thread()
    assert blocking.thread.daemon


async def test_a_failed_sign_in_is_one_sentence_without_secrets() -> None:
    failure = ClientAuthenticationError(f"\nAADSTS7000215: {SECRET} is wrong\nTrace ID: 1")
    guarded = wrapped.Guarded(wrapped.Threaded(_Blocking(failure)), (SECRET,))
    with pytest.raises(ProvisioningError) as caught:
        await guarded.get_token("scope")
    assert str(caught.value) == "signing in to Graph failed: AADSTS7000215: **** is wrong"
    assert "--auth" in caught.value.remedy


async def test_a_federated_token_file_that_is_missing_is_one_clear_error(tmp_path: Path) -> None:
    env = {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "nothing-here")}
    async with _credential("workload-identity", TENANT | CLIENT | env) as credential:
        with pytest.raises(ProvisioningError, match="nothing-here"):
            await credential.get_token("https://graph.microsoft.com/.default")


async def test_a_failed_sign_in_ends_a_call_as_a_sign_in_error() -> None:
    class Unavailable(Tokens):
        async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise CredentialUnavailableError("Please run 'az login'")

    one = line([], tokens=Unavailable())
    with pytest.raises(ProvisioningError, match="az login"):
        await one.graph.send(Call("DELETE", "/x"))
    assert one.wire.requests == []


async def test_a_token_is_kept_until_five_minutes_before_its_end() -> None:
    time = VirtualTime()
    inner = Tokens()
    held = Held(_Lasting(inner, time, 3600), time.clock())
    await held.get_token("scope")
    time.elapsed = 3299.0
    await held.get_token("scope")
    assert len(inner.asked) == 1
    time.elapsed = 3300.0
    await held.get_token("scope")
    assert len(inner.asked) == 2


class _Lasting(Tokens):
    def __init__(self, inner: Tokens, time: VirtualTime, seconds: int) -> None:
        super().__init__()
        self.inner, self.time, self.seconds = inner, time, seconds

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token = await self.inner.get_token(*scopes, **options)
        return AccessToken(token.token, int(self.time.now().timestamp()) + self.seconds)


async def test_many_who_wait_for_a_token_sign_in_once_and_forgetting_asks_again() -> None:
    inner = Tokens("one", "two")
    held = Held(inner, VirtualTime().clock())
    found = await asyncio.gather(*[held.get_token("scope") for _ in range(9)])
    assert {token.token for token in found} == {"one"}
    held.forget("another")
    assert (await held.get_token("scope")).token == "one"
    held.forget("one")
    assert (await held.get_token("scope")).token == "two"
    assert len(inner.asked) == 2


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (
            {
                "tid": "t",
                "appid": "a",
                "oid": "o",
                "app_displayname": "Pipeline",
                "roles": ["Application.ReadWrite.OwnedBy", 7],
            },
            Principal("t", "a", "o", "Pipeline", frozenset({"Application.ReadWrite.OwnedBy"})),
        ),
        (
            {
                "tid": "t",
                "azp": "a",
                "oid": "o",
                "app_displayname": "Azure CLI",
                "upn": "alice@contoso.com",
                "scp": "User.Read Application.ReadWrite.All",
            },
            Principal(
                tenant_id="t",
                app_id="a",
                object_id="o",
                name="alice@contoso.com",
                scopes=frozenset({"User.Read", "Application.ReadWrite.All"}),
            ),
        ),
        ({"tid": 7}, Principal(roles=frozenset())),
        # An application with a directory role may do what no permission of its token says.
        (
            {"wids": ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"]},
            Principal(directory_roles=frozenset({"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"})),
        ),
        (
            {"wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]},
            Principal(
                roles=frozenset(),
                directory_roles=frozenset({"0997a1d0-0d1d-4acb-b408-d5ca73121e90"}),
            ),
        ),
    ],
)
async def test_the_principal_is_read_from_the_tokens_payload(
    claims: dict[str, Any], expected: Principal
) -> None:
    one = line([], tokens=Tokens(jwt.encode(claims, KEY)))
    assert await one.graph.principal() == expected


@pytest.mark.parametrize("text", ["opaque", "a.b.c", "", "EwB4A8l6BAAU.x", "e30.e30"])
def test_an_opaque_token_tells_nothing(text: str) -> None:
    assert tokens.principal(text) == Principal()


def test_who_can_never_hold_trust_framework_scopes_is_told_offline() -> None:
    needed = ["Policy.ReadWrite.TrustFramework", "TrustFrameworkKeySet.ReadWrite.All", "User.Read"]
    hint = auth.offline_hint("azure-cli", needed)
    assert hint is not None
    assert hint.startswith(
        "--auth azure-cli can never hold "
        "Policy.ReadWrite.TrustFramework, TrustFrameworkKeySet.ReadWrite.All; sign in with an "
    )
    assert auth.offline_hint("device-code", needed) is not None
    assert auth.offline_hint("device-code", needed, env=CLIENT) is None
    assert auth.offline_hint("azure-cli", needed, env=CLIENT) is not None
    assert auth.offline_hint("client-secret", needed) is None
    assert auth.offline_hint("azure-cli", ["Application.ReadWrite.All"]) is None


def test_what_the_command_line_imports_early_loads_no_sdk() -> None:
    program = (
        "import sys, provisioning.graph.auth, provisioning.graph.clouds, "
        "provisioning.graph.clock, provisioning.graph.errors, provisioning.graph.exchange\n"
        "heavy = {'msgraph', 'kiota_http', 'azure', 'azure.identity', 'tenacity', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.stdout, run.stderr) == ("[]\n", "")
