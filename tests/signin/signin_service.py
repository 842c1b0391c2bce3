"""A small sign-in service, written from the protocols' documents, with a switch for each fault."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from virtual_time import VirtualTime

from provisioning.core.errors import SecretError
from provisioning.core.model import Secret, Tenant, TenantType
from provisioning.core.report import Event
from provisioning.graph import clouds
from provisioning.signin import run
from provisioning.signin.checks import Check, Flow, Result, User

GUID = "f06c2fe8-709f-4030-85dc-38a4bfd9e82d"
CLIENT = "bef22d56-552f-4a5b-b90a-1988a7d634ce"
API = "f2a76e08-93f2-4350-833c-965c02483b11"
USER = "3c3b969c-8c49-4e11-a4ef-fdb2f392f049"
POLICY = "B2C_1A_ROPC_Auth"
PASSWORD = "Passxword1+/ä"
NAME = "leadiocl@example.com"
TENANT = Tenant(domain="contoso.onmicrosoft.com", type=TenantType.B2C, id=GUID)

Script = Callable[[Request, dict[str, str]], Response | None]


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def refusal(error: str, code: str, text: str = "Something.", status: int = 400) -> Response:
    return JSONResponse(
        {
            "error": error,
            "error_description": f"{code}: {text}\r\nCorrelation ID: {uuid.UUID(int=7)}\r\n"
            "Timestamp: 2026-01-01 00:00:00Z\r\n",
        },
        status,
    )


@dataclass(slots=True)
class Service:
    """One tenant with one policy, at any host; `script` may answer before it does."""

    time: VirtualTime = field(default_factory=VirtualTime)
    published: list[str] = field(default_factory=lambda: ["one"])
    signing: str = "one"
    granted: tuple[str, ...] = ("read",)
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    rewrite: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda answer: answer)
    script: Script = field(default=lambda _request, _form: None)
    policy_claim: str = "acr"
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """(method, URL without query, form or query) of every request."""
    nonces: dict[str, str] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        base = "/{tenant}/{policy}"
        return Starlette(
            routes=[
                Route(f"{base}/v2.0/.well-known/openid-configuration", self._b2c_discovery),
                Route(f"{base}/discovery/v2.0/keys", self._keys),
                Route(f"{base}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route(f"{base}/oauth2/v2.0/authorize", self._authorize, methods=["GET", "POST"]),
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._v2_discovery),
                Route("/{tenant}/.well-known/openid-configuration", self._v1_discovery),
                Route("/{tenant}/discovery/v2.0/keys", self._keys),
                Route("/{tenant}/oauth2/v2.0/token", self._entra_token, methods=["POST"]),
                Route("/{tenant}/oauth2/token", self._entra_token, methods=["POST"]),
            ]
        )

    def paths(self, method: str | None = None) -> list[str]:
        return [url for verb, url, _ in self.seen if method in {None, verb}]

    def forms(self) -> list[dict[str, str]]:
        return [form for method, _, form in self.seen if method == "POST"]

    async def _noted(self, request: Request) -> tuple[dict[str, str], Response | None]:
        body = (await request.body()).decode()
        form = dict(parse_qsl(body or request.url.query, keep_blank_values=True))
        bare = str(request.url).partition("?")[0]
        self.seen.append((request.method, bare, form))
        return form, self.script(request, form)

    async def _discovery(self, request: Request, issuer: str, base: str) -> Response:
        _, scripted = await self._noted(request)
        if scripted is not None:
            return scripted
        if not self._known(request):
            return HTMLResponse("<html>Not found</html>", 404)
        return JSONResponse({"issuer": issuer, "jwks_uri": f"{base}/discovery/v2.0/keys"})

    async def _b2c_discovery(self, request: Request) -> Response:
        base = str(request.url).partition("/v2.0/")[0].lower()
        return await self._discovery(request, self._issuer(request), base)

    async def _v2_discovery(self, request: Request) -> Response:
        base = str(request.url).partition("/v2.0/")[0]
        return await self._discovery(request, f"{_root(request)}/{GUID}/v2.0", base)

    async def _v1_discovery(self, request: Request) -> Response:
        issuer = f"https://sts.windows.net/{GUID}/"
        return await self._discovery(request, issuer, f"{_root(request)}/common")

    async def _keys(self, request: Request) -> Response:
        _, scripted = await self._noted(request)
        if scripted is not None:
            return scripted
        keys = []
        for name in self.published:
            public = jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
            keys.append({**public, "kid": name, "use": "sig"})
        return JSONResponse({"keys": keys})

    def _known(self, request: Request) -> bool:
        return str(request.path_params.get("policy", POLICY)).lower() == POLICY.lower()

    def _issuer(self, request: Request) -> str:
        return f"{_root(request)}/{GUID}/v2.0/"

    async def _token(self, request: Request) -> Response:
        form, scripted = await self._noted(request)
        if scripted is not None:
            return scripted
        if not self._known(request):
            return HTMLResponse("<html>Not found</html>", 404)
        if form["client_id"] != CLIENT:
            return refusal("invalid_client", "AADB2C90018")
        match form["grant_type"]:
            case "password" if form["password"] != PASSWORD or form["username"] != NAME:
                return refusal("access_denied", "AADB2C90225", "The username or password is wrong.")
            case "refresh_token" if form["refresh_token"] != "jwe.refresh.1":
                return refusal("invalid_grant", "AADB2C90088")
            case "authorization_code":
                hashed = hashlib.sha256(form["code_verifier"].encode()).digest()
                if self.challenges.get(form["code"]) != _base64url(hashed):
                    return refusal("invalid_grant", "AADB2C90183")
        nonce = self.nonces.get(form.get("code", ""))
        return self._answer(form, issuer=self._issuer(request), nonce=nonce)

    def _answer(self, form: Mapping[str, str], *, issuer: str, nonce: str | None) -> Response:
        asked = form.get("scope", f"openid {CLIENT} offline_access").split()
        apis = [scope for scope in asked if scope.startswith("https://contoso")]
        access = {"aud": API if apis else CLIENT, "azp": CLIENT, "oid": USER, "ver": "1.0"}
        wanted = [scope.rpartition("/")[2] for scope in apis]
        if apis:
            access["scp"] = " ".join(scope for scope in wanted if scope in self.granted)
        access_token = self.sign({**self._times(), "iss": issuer, **access, **self.access_claims})
        answer: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": "3600",
        }
        if "openid" in asked:
            claims = {"aud": CLIENT, "oid": USER, "sub": USER, "name": "Ada", **self._times()}
            claims |= {"iss": issuer, self.policy_claim: POLICY.lower()}
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            claims |= {"at_hash": _base64url(half)} | ({"nonce": nonce} if nonce else {})
            answer["id_token"] = self.sign({**claims, **self.id_claims})
        if "offline_access" in asked:
            answer["refresh_token"] = "jwe.refresh.1"
        return JSONResponse(self.rewrite({**answer, **self.response}))

    def _times(self) -> dict[str, Any]:
        now = int(self.time.now().timestamp())
        return {"iat": now, "nbf": now, "exp": now + 3600}

    def sign(self, claims: Mapping[str, Any]) -> str:
        present = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": self.signing}
        return jwt.encode(present, key(self.signing), algorithm="RS256", headers=headers)

    async def _authorize(self, request: Request) -> Response:
        form, scripted = await self._noted(request)
        if scripted is not None:
            return scripted
        if request.method == "GET":
            page = HTMLResponse(_form(form))
            page.set_cookie("transaction", "7")
            return page
        if (form["signInName"], form["password"]) != (NAME, PASSWORD):
            return HTMLResponse(_form(form))
        assert request.cookies == {"transaction": "7"}
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = form["nonce"]
        self.challenges[code] = form["code_challenge"]
        query = urlencode({"code": code, "state": form["state"]})
        return RedirectResponse(f"{form['redirect_uri']}?{query}", 302)

    async def _entra_token(self, request: Request) -> Response:
        form, scripted = await self._noted(request)
        if scripted is not None:
            return scripted
        now = self._times()
        issuer = f"https://sts.windows.net/{GUID}/"
        target = form.get("resource") or form["scope"].split()[-1].rpartition("/")[0]
        claims = {**now, "iss": issuer, "aud": target, "appid": form["client_id"], "oid": USER}
        if form["grant_type"] != "client_credentials":
            claims["scp"] = "API.Access"
        answer = {"token_type": "bearer", "expires_in": 3599}
        return JSONResponse(
            self.rewrite({**answer, "access_token": self.sign({**claims, **self.access_claims})})
        )


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _form(fields: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{value}">'
        for name, value in fields.items()
        if name not in {"signInName", "password"}
    )
    return (
        f"<html><form method='post' action='authorize'>{hidden}"
        '<input type="email" name="signInName"><input type="password" name="password">'
        '<button type="submit" name="next">Sign in</button></form></html>'
    )


@dataclass(frozen=True, slots=True)
class Slow(httpx.AsyncBaseTransport):
    """Answers after a tenth of a virtual second."""

    inner: httpx.AsyncBaseTransport
    time: VirtualTime

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.time.sleep(0.1)
        return await self.inner.handle_async_request(request)


SECRETS = {
    ("fromEnv", "TEST_USER"): NAME,
    ("fromEnv", "TEST_PASSWORD"): PASSWORD,
    ("fromEnv", "WRONG"): "not-the-password",
    ("fromEnv", "CLIENT_SECRET"): "client-secret-value",
}


async def read_secret(secret: Secret) -> str:
    if secret.source not in SECRETS:
        raise SecretError(f"the environment variable {secret.source[1]} is not set")
    return SECRETS[secret.source]


ADA = User(Secret(("fromEnv", "TEST_USER")), Secret(("fromEnv", "TEST_PASSWORD")))


def ropc(**changes: Any) -> Check:
    settings: dict[str, Any] = {
        "name": "sign_in",
        "flow": Flow.ROPC,
        "client_id": CLIENT,
        "application": "applications.app",
        "policy": POLICY,
        "scopes": ("openid", "offline_access"),
        "user": ADA,
    }
    return Check(**{**settings, **changes})


async def verify(
    service: Service,
    *checks: Check,
    tenant: Tenant = TENANT,
    deadline: float = 0.0,
    events: list[Event] | None = None,
    slow: bool = False,
    **options: Any,
) -> tuple[Result, ...]:
    transport: httpx.AsyncBaseTransport = httpx.ASGITransport(service.app())
    return await run.run(
        checks,
        **{
            "tenant": tenant,
            "cloud": clouds.named("global"),
            "clock": service.time.clock(),
            "read_secret": read_secret,
            "transport": Slow(transport, service.time) if slow else transport,
            "deadline_seconds": deadline,
            "progress": ([] if events is None else events).append,
            **options,
        },
    )


async def verify_one(service: Service, check: Check, **options: Any) -> Result:
    (result,) = await verify(service, check, **options)
    return result


def nothing_leaked(results: Iterable[Result], *more: str) -> bool:
    text = repr(tuple(results)) + " ".join(more)
    return "eyJ" not in text and not any(
        value in text for value in (PASSWORD, "not-the-password", "client-secret-value", "jwe.")
    )
