"""Two tenants behind TLS, GitHub's issuer of identity tokens, a reader and a deployer in each."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from github_runner import Event, GitHub, Identity
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from world import ROOT

from provisioning.sandbox import Sandbox, Tenant
from provisioning.sandbox.serve import serve_async

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
REPOSITORY = "contoso/tenants"
MAIN = "refs/heads/main"
MERGE = "refs/pull/12/merge"
SUBJECTS = {
    "reader": (f"repo:{REPOSITORY}:pull_request", f"repo:{REPOSITORY}:ref:{MAIN}"),
    "deployer": (f"repo:{REPOSITORY}:environment:production",),
}
"""Who may sign in as what: nothing but the protected environment reaches the deployer."""
ROLES = {
    "reader": ("Application.Read.All", "Directory.Read.All"),
    "deployer": ("Application.ReadWrite.All", "Directory.Read.All"),
}
TENANTS = ("contoso", "fabrikam")
MANIFEST = """\
version: 1
name: signin
applications:
  app:
    displayName: NAME
    allowPublicClient: true
    publicClient: {redirectUris: ["myapp://auth"]}
"""


@dataclass(slots=True)
class Issuer:
    """GitHub's: hands a signed token to the job whose bearer it knows.

    https://docs.github.com/actions/reference/security/oidc: GET with `audience` in the query,
    answered by `{value}`.
    """

    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    subjects: dict[str, str] = field(default_factory=dict)

    def grant(self, subject: str) -> str:
        bearer = secrets.token_urlsafe(16)
        self.subjects[bearer] = subject
        return bearer

    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public]}

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/token", self._answer)])

    async def _answer(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.subjects:
            return Response(status_code=401)
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": self.subjects[bearer],
            "aud": request.query_params["audience"],
            "nbf": now - 5,
            "exp": now + 300,
        }
        return JSONResponse({"value": jwt.encode(claims, self.key, algorithm="RS256")})


@dataclass(slots=True)
class World:
    """The sandbox and what a repository on GitHub needs to work on it."""

    folder: Path
    box: Sandbox
    hub: GitHub
    tenants: dict[str, Tenant]
    clients: dict[str, dict[str, str]]
    """By tenant: appIds of reader and deployer."""

    def tree(self, name: str, **changes: str) -> Path:
        """A commit's files: inventory and manifest; `changes` replace text in the manifest."""
        place = self.folder / "trees" / name
        (place / "manifests/signin").mkdir(parents=True)
        text = MANIFEST
        for old, new in {"NAME": "Portal", **changes}.items():
            assert old in text, old
            text = text.replace(old, new)
        (place / "manifests/signin/manifest.yaml").write_text(text, encoding="utf-8")
        (place / "tenants.yaml").write_text(self.inventory(), encoding="utf-8")
        return place

    def inventory(self, **mine: dict[str, str]) -> str:
        """The inventory; a hostile one names other applications for a tenant."""
        lines = ["version: 1", "defaults: {type: b2c}", "tenants:"]
        for name, tenant in self.tenants.items():
            lines += [
                f"  {name}:",
                f"    domain: {tenant.domain}",
                f"    id: {tenant.id}",
                "    manifests: [manifests/signin]",
                "    auth:",
            ]
            for role, client in mine.get(name, self.clients[name]).items():
                lines.append(f"      {role}: {{method: workload-identity, clientId: {client}}}")
        return "\n".join(lines) + "\n"

    def applications(self, tenant: str) -> set[str]:
        """Names of the applications that somebody made in a tenant."""
        listed = self.box.dump(self.tenants[tenant].id)["applications"]
        return {str(one["displayName"]) for one in listed} - {"reader", "deployer", *BUILT_IN}

    def writes(self) -> list[str]:
        """Requests that changed something, or would have."""
        graph = (seen for seen in self.box.log if not seen.path.endswith("/token"))
        return [
            f"{seen.method} {seen.path}"
            for seen in graph
            if seen.method != "GET" and not seen.path.endswith("/$batch")
        ]


BUILT_IN: set[str] = set()


def pull_request(*, fork: bool = False) -> Event:
    owner = "mallory/tenants" if fork else REPOSITORY
    pull = {"number": 12, "head": {"repo": {"full_name": owner}}}
    payload = {"pull_request": pull, "repository": {"default_branch": "main"}}
    return Event("pull_request", MERGE, "a" * 40, payload, fork)


def push() -> Event:
    return Event("push", MAIN, "b" * 40, {"repository": {"default_branch": "main"}})


def workflow(name: str) -> Path:
    return ROOT / ".github/workflows" / f"{name}.yml"


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Serve a sandbox with two tenants over TLS, and an issuer, until the test is done."""
    box, issuer = Sandbox(), Issuer()
    tenants = {name: box.add_tenant(f"{name}.onmicrosoft.com", "b2c") for name in TENANTS}
    first = tenants[TENANTS[0]]
    BUILT_IN.update(str(one["displayName"]) for one in box.dump(first.id)["applications"])
    clients = {name: asyncio.run(_identities(box, tenant)) for name, tenant in tenants.items()}
    box.trust_issuer(ISSUER, issuer.jwks())
    with _served(box, issuer, folder / "tls") as (graph, token):
        machine = {
            "LANG": "C.UTF-8",
            "NO_PROXY": "localhost,127.0.0.1",
            "SSL_CERT_FILE": str(folder / "tls/ca.pem"),
            "AZURE_AUTHORITY_HOST": graph,
            "PROVISIONING_GRAPH_ENDPOINT": graph,
        }
        hub = GitHub(
            folder=folder / "github",
            tool=_tool(folder / "tool"),
            identity=Identity(f"{token}/token?api-version=2", issuer.grant),
            machine=machine,
            repository=REPOSITORY,
            branches={"production": (MAIN,)},
        )
        box.log.clear()
        yield World(folder, box, hub, tenants, clients)


def _tool(place: Path) -> Path:
    """The repository of the actions as a runner downloads it; installing is only recorded."""
    shutil.copytree(ROOT / ".github", place / ".github")
    install = place / "scripts" / "install.py"
    install.parent.mkdir()
    python = place / ".venv/bin/python"
    install.write_text(
        "import pathlib, sys\n"
        f"python = pathlib.Path({str(python)!r})\n"
        "python.parent.mkdir(parents=True, exist_ok=True)\n"
        "python.write_text(f'#!/bin/sh\\nexec {sys.executable} \"$@\"\\n')\n"
        "python.chmod(0o755)\n",
        encoding="utf-8",
    )
    return place


async def _identities(box: Sandbox, tenant: Tenant) -> dict[str, str]:
    """Applications with roles on Graph and federated credentials, made through Graph."""
    headers = {"authorization": f"Bearer {box.issue_token(tenant.id)}"}
    made: dict[str, str] = {}
    root = "https://graph.microsoft.com/v1.0"
    async with httpx.AsyncClient(base_url=root, transport=box.transport(), headers=headers) as web:

        async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answer = await web.post(path, json=body)
            assert answer.status_code == 201, answer.text
            return dict(answer.json())

        found = await web.get("/servicePrincipals?$filter=displayName eq 'Microsoft Graph'")
        graph = found.json()["value"][0]
        roles = {role["value"]: role["id"] for role in graph["appRoles"]}
        for name, wanted in ROLES.items():
            body = {"displayName": name, "signInAudience": "AzureADMyOrg"}
            app = await post("/applications", body)
            principal = (await post("/servicePrincipals", {"appId": app["appId"]}))["id"]
            for role in wanted:
                body = {"principalId": principal, "resourceId": graph["id"]}
                path = f"/servicePrincipals/{principal}/appRoleAssignments"
                await post(path, {**body, "appRoleId": roles[role]})
            for number, subject in enumerate(SUBJECTS[name]):
                trust = {"name": f"github-{number}", "issuer": ISSUER, "subject": subject}
                path = f"/applications/{app['id']}/federatedIdentityCredentials"
                await post(path, {**trust, "audiences": [AUDIENCE]})
            made[name] = app["appId"]
    return made


@contextlib.contextmanager
def _served(box: Sandbox, issuer: Issuer, tls: Path) -> Iterator[tuple[str, str]]:
    """Both on free ports, in a thread of their own: addresses of the sandbox and the issuer."""
    started: list[str] = []
    listening = threading.Event()

    def ready(url: str) -> None:
        started.append(url.replace("127.0.0.1", "localhost"))
        listening.set()

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(issuer.app(), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    loop = asyncio.new_event_loop()
    graph = loop.create_task(serve_async(box, port=0, ready=ready, tls=tls))
    tokens = loop.create_task(server.serve(sockets=[listener]))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(graph)
        server.should_exit = True
        loop.run_until_complete(tokens)

    thread = threading.Thread(target=run)
    thread.start()
    if not listening.wait(10):
        raise AssertionError("not listening")
    try:
        yield started[0], f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(graph.cancel)
        thread.join()
        loop.close()
        listener.close()
