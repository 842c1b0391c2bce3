"""The sandbox as a whole: restarts, concurrency, crowds, serving, and Graph's own SDK."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.generated.models.application import Application
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from sandbox_world import DOMAIN, NOBODY, client, names, world

from provisioning.sandbox import Fault, Options, Sandbox, Seen
from provisioning.sandbox.serve import serve_async


def test_a_tenant_is_added_once_and_its_id_comes_from_its_domain() -> None:
    first, second = Sandbox(), Sandbox()
    made = first.add_tenant(DOMAIN, "b2c")
    assert first.add_tenant(DOMAIN.upper(), "b2c") == made
    assert second.add_tenant(DOMAIN, "b2c").id == made.id
    assert first.tenants() == (made,)
    with pytest.raises(ValueError, match="exists"):
        first.add_tenant(DOMAIN, "workforce")
    with pytest.raises(ValueError, match="unknown tenant kind b2b"):
        first.add_tenant("other.onmicrosoft.com", "b2b")
    with pytest.raises(LookupError, match="no tenant"):
        first.issue_token("nowhere.onmicrosoft.com")
    first.close()
    second.close()


async def test_everything_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "box"
    async with world(directory=directory) as w:
        made = await w.application(uniqueName="shop")
        token = w.box.issue_token(w.tenant.id, lifetime=999)
        modes = [
            stat.S_IMODE(each.stat().st_mode) for each in (directory, directory / "sandbox.sqlite")
        ]
    box = Sandbox(directory)
    async with world(directory=directory) as w, client(w.box, token) as again:
        found = await again.get("/applications(uniqueName='shop')")
    assert found.json()["id"] == made["id"]
    assert modes == [0o700, 0o600]
    box.close()


_ACKNOWLEDGE_AND_DIE = """
import asyncio, os, pathlib, signal, sys
import httpx
from provisioning.sandbox import Sandbox

async def main():
    box = Sandbox(pathlib.Path(sys.argv[1]))
    tenant = box.add_tenant("contoso.onmicrosoft.com", "workforce")
    headers = {"Authorization": f"Bearer {box.issue_token(tenant.id)}"}
    async with httpx.AsyncClient(transport=box.transport(), headers=headers) as graph:
        body = {"displayName": "Survivor"}
        response = await graph.post("https://graph.microsoft.com/v1.0/applications", json=body)
        print(response.json()["id"], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _ACKNOWLEDGE_AND_DIE,
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    async with world(directory=tmp_path) as w:
        found = await w.graph.get("/applications?$filter=displayName eq 'Survivor'")
    assert process.returncode == -signal.SIGKILL
    assert names(found, "id") == [output.decode().strip()]


async def test_thirty_two_requests_at_once_are_all_answered() -> None:
    async with world() as w:
        answers = await asyncio.gather(
            *(
                w.graph.post("/applications", json={"displayName": f"app {number}"})
                for number in range(32)
            )
        )
        racing = await asyncio.gather(
            *(
                w.graph.post("/applications", json={"displayName": "P", "uniqueName": "one"})
                for _ in range(8)
            )
        )
        listed = await w.graph.get("/applications?$filter=startswith(displayName,'app ')")
    assert {each.status_code for each in answers} == {201}
    assert sorted(each.status_code for each in racing) == [201] + [400] * 7
    assert len(listed.json()["value"]) == 32


async def test_a_refused_write_leaves_nothing_behind() -> None:
    async with world() as w:
        made = await w.application()
        before = w.box.dump(w.tenant.id)
        refused = [
            await w.graph.patch(f"/applications/{made['id']}", json={"tags": ["a", "a"]}),
            await w.graph.post(
                "/applications",
                json={"displayName": "P", "owners@odata.bind": [f"https://g/v1.0/users/{NOBODY}"]},
            ),
            await w.graph.post("/servicePrincipals", json={"appId": NOBODY}),
        ]
        after = w.box.dump(w.tenant.id)
    assert [each.status_code for each in refused] == [400, 404, 400]
    assert after == before


async def test_a_filtered_read_does_not_walk_a_crowded_tenant() -> None:
    """Counted in rows the database visits, not in time."""
    async with world() as w:
        w.box.seed(
            w.tenant.id,
            "applications",
            [{"displayName": f"app {number}", "tags": [f"t{number}"]} for number in range(2000)],
        )
        principals = w.box.seed(
            w.tenant.id,
            "servicePrincipals",
            [{"displayName": f"sp {number}"} for number in range(200)],
        )
        w.box.seed(
            w.tenant.id,
            "oauth2PermissionGrants",
            [
                {"clientId": first, "resourceId": second}
                for first in principals[:50]
                for second in principals
            ],
        )
        database: sqlite3.Connection = w.box._store._db
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 100
            return 0

        database.set_progress_handler(count, 100)
        answers = [
            await w.graph.get("/applications?$filter=displayName eq 'app 7'"),
            await w.graph.get("/applications?$filter=tags/any(t:t eq 't1999')"),
            await w.graph.get(
                f"/oauth2PermissionGrants?$filter=clientId eq '{principals[3]}' "
                "and consentType eq 'AllPrincipals'&$top=5"
            ),
            await w.graph.get(f"/servicePrincipals/{principals[9]}"),
        ]
        database.set_progress_handler(None, 0)
    assert [len(each.json().get("value", [0])) for each in answers] == [1, 1, 5, 1]
    # 200 grants of one client take some 3,000 steps; walking 10,000 grants would take 100,000.
    assert steps < 10_000


async def test_reset_leaves_only_what_a_tenant_starts_with() -> None:
    async with world(kind="b2c") as w:
        fresh = {key: len(value) for key, value in w.box.dump(w.tenant.id).items()}
        made = await w.application()
        await w.graph.delete(f"/applications/{made['id']}")
        w.box.faults.add(Fault(path="/organization"))
        w.box.reset()
        after = {key: len(value) for key, value in w.box.dump(w.tenant.id).items()}
        log = list(w.box.log)
        async with w.client() as again:
            organization = await again.get("/organization")
    assert fresh == after
    assert fresh["applications"] == 2
    assert fresh["servicePrincipals"] == 3
    assert log == []
    assert organization.status_code == 200


def test_seeding_an_unknown_collection_names_the_known_ones() -> None:
    box = Sandbox()
    tenant = box.add_tenant(DOMAIN)
    with pytest.raises(ValueError, match="cannot seed devices; known: appRoleAssignments"):
        box.seed(tenant.id, "devices", [{}])
    box.close()


def test_options_survive_as_json() -> None:
    options = Options(read_lag=3, api_patch="replace")
    assert Options.load(options.dump()) == options
    assert Options.load('{"read_lag": 1, "no_longer_known": true}') == Options(read_lag=1)


async def test_latency_is_waited_once_per_call() -> None:
    box = Sandbox(latency=0.01)
    tenant = box.add_tenant(DOMAIN)
    async with client(box, box.issue_token(tenant.id)) as graph:
        loop = asyncio.get_running_loop()
        start = loop.time()
        body = {
            "requests": [
                {"id": str(number), "method": "GET", "url": "/organization"} for number in range(20)
            ]
        }
        response = await graph.post("/$batch", json=body)
        waited = loop.time() - start
    assert len(response.json()["responses"]) == 20
    assert waited >= 0.01
    assert box.log[0] == Seen("POST", "/v1.0/$batch", 200, tenant.id, False, 1)
    box.close()


async def serving(box: Sandbox) -> tuple[asyncio.Task[None], str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve_async(box, port=0, ready=ready.set_result))
    return task, await ready


async def test_a_served_sandbox_answers_and_drops_connections() -> None:
    box = Sandbox()
    tenant = box.add_tenant(DOMAIN)
    task, address = await serving(box)
    headers = {"Authorization": f"Bearer {box.issue_token(tenant.id)}"}
    async with httpx.AsyncClient(base_url=f"{address}/v1.0", headers=headers) as graph:
        box.seed(tenant.id, "applications", [{"displayName": f"a{n}"} for n in range(3)])
        page = (await graph.get("/applications?$top=2")).json()
        rest = await graph.get(page["@odata.nextLink"])
        found = await graph.get(f"{address}/{DOMAIN}/v2.0/.well-known/openid-configuration")
        box.faults.add(Fault(path="/organization", drop=True))
        with pytest.raises(httpx.TransportError):
            await graph.get("/organization")
        again = await graph.get("/organization")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ValueError, match="loopback only"):
        await serve_async(box, port=0, host="0.0.0.0")
    assert address.startswith("http://127.0.0.1:")
    assert page["@odata.nextLink"].startswith(f"{address}/v1.0/applications?")
    assert len(names(rest)) == 2
    assert found.json()["token_endpoint"] == f"{address}/{DOMAIN}/oauth2/v2.0/token"
    assert again.status_code == 200
    box.close()


class Credential:
    """A credential with a token at hand."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, 4102444800)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_genuine_sdk_reads_and_writes() -> None:
    """The SDK's own models parse what the sandbox answers, and its bodies are taken."""
    box = Sandbox()
    tenant = box.add_tenant(DOMAIN)
    provider = AzureIdentityAuthenticationProvider(
        Credential(box.issue_token(tenant.id)),
        scopes=["https://graph.microsoft.com/.default"],
        allowed_hosts=["graph.microsoft.com"],
    )
    inner = httpx.AsyncClient(
        transport=box.transport(), base_url="https://graph.microsoft.com/v1.0"
    )
    sdk = GraphServiceClient(request_adapter=GraphRequestAdapter(provider, inner))
    made = await sdk.applications.post(
        Application(display_name="Portal", sign_in_audience="AzureADMyOrg")
    )
    assert made is not None
    principal = await sdk.service_principals.post(ServicePrincipal(app_id=made.app_id))
    graph = await sdk.service_principals_with_app_id("00000003-0000-0000-c000-000000000000").get()
    assert principal is not None
    assert graph is not None
    grant = await sdk.oauth2_permission_grants.post(
        OAuth2PermissionGrant(
            client_id=principal.id,
            resource_id=graph.id,
            consent_type="AllPrincipals",
            scope="openid",
        )
    )
    assert grant is not None
    with pytest.raises(ODataError) as caught:
        await sdk.applications.by_application_id(NOBODY).get()
    await inner.aclose()
    box.close()
    assert made.display_name == "Portal"
    assert made.additional_data == {"@odata.context": made.additional_data["@odata.context"]}
    assert principal.app_owner_organization_id is not None
    assert caught.value.error is not None
    assert caught.value.error.code == "Request_ResourceNotFound"
    assert caught.value.response_status_code == 404
