"""Bad input at sign-in, by the sandbox's own answers: told apart, no success, nothing shown."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import jwt
from proving import PASSWORD, USER, Stage, read_secret, staged
from world import World

from provisioning.cli import check_list, check_report
from provisioning.cli.options import Format
from provisioning.cli.surface import Surface
from provisioning.core.model import Secret
from provisioning.graph import clouds
from provisioning.signin import mending, run
from provisioning.signin.checks import Check, Outcome, Result, User

POLICY = "b2c_1a_ropc_auth"
STRANGER = "11111111-2222-3333-4444-555555555555"
FORTNIGHT = 15 * 86400

Answer = Callable[[httpx.Request, httpx.Response], httpx.Response | None]


@dataclass(slots=True)
class Meddler(httpx.AsyncBaseTransport):
    """Stands between us and the sandbox; `meddle` may change an answer, `ask` a form."""

    inner: httpx.AsyncBaseTransport
    meddle: Answer = field(default=lambda _request, _response: None)
    ask: Callable[[dict[str, str]], dict[str, str]] = field(default=lambda form: form)
    tokens: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            form = self.ask(dict(parse_qsl((await request.aread()).decode())))
            request = httpx.Request("POST", request.url, data=form)
        response = await self.inner.handle_async_request(request)
        await response.aread()
        response.request = request
        if request.method == "POST" and response.status_code == 200:
            body = response.json()
            self.tokens += [value for name, value in body.items() if name.endswith("_token")]
        return self.meddle(request, response) or httpx.Response(
            response.status_code,
            headers={"content-type": response.headers["content-type"]},
            content=response.content,
        )


def token_answer(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    def meddle(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "POST" or response.status_code != 200:
            return None
        return httpx.Response(200, json=change(response.json()))

    return meddle


def tampered(body: dict[str, Any]) -> dict[str, Any]:
    head, claims, signature = body["id_token"].split(".")
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    changed = f"{signature[:middle]}{other}{signature[middle + 1 :]}"
    return {**body, "id_token": f"{head}.{claims}.{changed}"}


def unsigned(body: dict[str, Any]) -> dict[str, Any]:
    claims = jwt.decode(body["id_token"], options={"verify_signature": False})
    return {**body, "id_token": jwt.encode(claims, "", algorithm="none", headers={"kid": "k"})}


def page(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
    return httpx.Response(200, html=f"<p>{PASSWORD}</p>") if request.method == "POST" else None


def elsewhere(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
    away = {"location": "https://evil.example/token"}
    return httpx.Response(307, headers=away) if request.method == "POST" else None


def no_keys(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
    return httpx.Response(200, json={"keys": []}) if request.url.path.endswith("/keys") else None


def user(name: str, password: str) -> User:
    return User(name, Secret(("literal", password)))


async def test_bad_input_is_told_apart_and_nothing_of_it_is_shown(world: World) -> None:
    stage = await staged(world, "ropc-custom-policy")
    (check,) = check_list.of(await world.plan(stage.wanted)).ready
    foreign = await refresh_token_of_another(stage, check)

    def later(form: dict[str, str]) -> dict[str, str]:
        if form["grant_type"] == "refresh_token":
            world.time.elapsed += FORTNIGHT
        return form

    def stolen(form: dict[str, str]) -> dict[str, str]:
        return {**form, "refresh_token": foreign} if "refresh_token" in form else form

    def scopeless(form: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in form.items() if name != "scope"}

    def fast(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
        # Our clock goes on for an hour and more while the answer is on its way.
        if request.method == "POST":
            world.time.elapsed += 7200
        return None

    changed = dataclasses.replace
    cases: dict[str, tuple[Check, dict[str, Any], tuple[str, str | None]]] = {
        "wrong password": (
            changed(check, user=user(USER, "Wrong-Horse-9")),
            {},
            ("wrong-credentials", "AADB2C90225"),
        ),
        "unknown user": (
            changed(check, user=user("nobody@example.com", PASSWORD)),
            {},
            # The service does not tell who is unknown.
            ("wrong-credentials", "AADB2C90225"),
        ),
        "wrong client": (
            changed(check, client_id=STRANGER),
            {},
            ("unknown-client", "AADB2C90018"),
        ),
        "missing scope": (check, {"ask": scopeless}, ("bad-scopes", "AADB2C90010")),
        "unknown policy": (changed(check, policy="B2C_1A_None"), {}, ("unknown-policy", None)),
        "foreign refresh token": (check, {"ask": stolen}, ("foreign-grant", "AADB2C90279")),
        "tampered token": (check, {"meddle": token_answer(tampered)}, ("bad-signature", None)),
        "unsigned token": (check, {"meddle": token_answer(unsigned)}, ("bad-algorithm", None)),
        "unpublished key": (check, {"meddle": no_keys}, ("unknown-key", None)),
        "page with 200": (check, {"meddle": page}, ("page-instead-of-token", None)),
        "another host": (check, {"meddle": elsewhere}, ("foreign-redirect", None)),
        "clock skew": (changed(check, refresh=False), {"meddle": fast}, ("clock-skew", None)),
        "expired refresh token": (
            check,
            {"ask": later},
            ("refresh-token-expired", "AADB2C90080"),
        ),
    }
    told = {}
    for name, (bad, meddling, _) in cases.items():
        result, tokens = await tried(stage, bad, **meddling)
        assert result.outcome is Outcome.FAILED, name
        assert result.diagnosis is not None
        told[name] = (result.diagnosis.cause, result.diagnosis.code)
        assert result.findings, name
        text = shown_in_every_format(result)
        secrets = (PASSWORD, "Wrong-Horse-9", foreign, *tokens, "eyJ")
        assert not [secret for secret in secrets if secret in text], name
    assert told == {name: expected for name, (_, _, expected) in cases.items()}


async def test_a_locked_account_is_told_apart_from_a_wrong_password(world: World) -> None:
    stage = await staged(world, "ropc-custom-policy")
    (check,) = check_list.of(await world.plan(stage.wanted)).ready
    world.box.add_user(world.box.tenants()[0].id, USER, "ada", state="locked")
    result, _ = await tried(stage, check)
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.code) == ("account-locked", "AADB2C90114")


async def test_a_key_rotated_between_discovery_and_validation_is_accepted(world: World) -> None:
    stage = await staged(world, "ropc-custom-policy")
    (check,) = check_list.of(await world.plan(stage.wanted)).ready
    stale: list[bytes] = []

    def former(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        # The first answer is from before the rotation.
        if request.url.path.endswith("/keys") and not stale:
            stale.append(response.content)
            return httpx.Response(200, json={"keys": json.loads(before)["keys"]})
        return None

    before = await jwks(stage)
    async with stage.graph() as graph:
        path = "https://graph.microsoft.com/beta/trustFramework/keySets"
        body = {"use": "sig", "kty": "RSA"}
        container = f"{path}/B2C_1A_TokenSigningKeyContainer"
        assert (await graph.post(f"{container}/generateKey", json=body)).status_code < 300
    result, _ = await tried(stage, check, meddle=former)
    assert result.passed, result.summary
    assert [asked.url.rpartition("/")[2] for asked in result.asked].count("keys") == 2


def shown_in_every_format(result: Result) -> str:
    return "".join(
        check_report.shown(Surface(form, color=False, no_color=True, width=100), [result])
        for form in (Format.TEXT, Format.JSON, Format.MARKDOWN)
    )


async def tried(stage: Stage, check: Check, **meddling: Any) -> tuple[Result, list[str]]:
    """Make one check through a meddler; returns the tokens that went by as well."""
    transport = Meddler(stage.world.box.transport(), **meddling)

    async def read(secret: Secret) -> str:
        kind, value = secret.source
        return value if kind == "literal" else await read_secret(secret)

    (result,) = await run.run(
        [check],
        tenant=stage.wanted.tenant,
        cloud=clouds.named("global"),
        clock=stage.world.time.clock(),
        transport=transport,
        read_secret=read,
    )
    draft = await stage.world.plan(stage.wanted)
    return mending.mended(result, check, stage.wanted, draft), transport.tokens


async def refresh_token_of_another(stage: Stage, check: Check) -> str:
    """A refresh token of this policy that another client got."""
    ours = check.client_id
    box = stage.world.box
    (body,) = [
        each for each in stage.world.dump(stage.wanted)["applications"] if each["appId"] == ours
    ]
    kept = {k: v for k, v in body.items() if k in COPIED}
    async with stage.graph() as graph:
        base = "https://graph.microsoft.com/v1.0"
        made = (await graph.post(f"{base}/applications", json={**kept, "displayName": "x"})).json()
        posted = await graph.post(f"{base}/servicePrincipals", json={"appId": made["appId"]})
        principals = stage.world.dump(stage.wanted)["servicePrincipals"]
        (resource,) = [
            each["id"] for each in principals if str(each["appId"]).startswith("00000003-")
        ]
        grant = {
            "clientId": posted.json()["id"],
            "resourceId": resource,
            "consentType": "AllPrincipals",
            "scope": "openid offline_access",
        }
        assert (await graph.post(f"{base}/oauth2PermissionGrants", json=grant)).status_code < 300
    form = {
        "grant_type": "password",
        "username": USER,
        "password": PASSWORD,
        "client_id": made["appId"],
        "scope": f"openid {made['appId']} offline_access",
        "response_type": "token id_token",
    }
    url = f"https://contoso.b2clogin.com/contoso.onmicrosoft.com/{POLICY}/oauth2/v2.0/token"
    async with httpx.AsyncClient(transport=box.transport()) as client:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.post(url, content=urlencode(form), headers=headers)
    return str(answer.json()["refresh_token"])


COPIED = {"signInAudience", "isFallbackPublicClient", "publicClient", "web", "api"}


async def jwks(stage: Stage) -> bytes:
    url = f"https://contoso.b2clogin.com/contoso.onmicrosoft.com/{POLICY}/discovery/v2.0/keys"
    async with httpx.AsyncClient(transport=stage.world.box.transport()) as client:
        return (await client.get(url)).content
