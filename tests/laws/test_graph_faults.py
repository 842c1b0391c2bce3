"""Whatever Graph answers, the run converges or stops clearly, and the next one converges."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from world import ROOT, World

from provisioning.core.errors import ProvisioningError
from provisioning.core.report import Report
from provisioning.sandbox import Fault, Options

MANIFEST = ROOT / "manifests" / "auth0-native" / "manifest.yaml"

WRITES = {
    "application": r"^/v1\.0/applications$",
    "patch": r"^/v1\.0/applications/[^/]+$",
    "service-principal": r"^/v1\.0/servicePrincipals$",
    "grant": r"^/v1\.0/oauth2PermissionGrants$",
    "password": r"/addPassword$",
}

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "code": "UnknownError", "message": "This request is throttled."},
    "429-retry-after": {"status": 429, "headers": {"Retry-After": "7"}},
    "500": {"status": 500, "code": "InternalServerError", "message": ""},
    "503": {"status": 503, "code": "ServiceUnavailable", "message": "busy"},
    "503-after": {"status": 503, "after_commit": True},
    "504-after": {"status": 504, "after_commit": True},
    "500-after": {"status": 500, "after_commit": True},
    "dropped": {"drop": True},
    "dropped-after": {"drop": True, "after_commit": True},
    "malformed": {"status": 200, "body": '{"id": "x', "after_commit": True},
    "html": {"status": 502, "body": "<html>bad gateway</html>"},
    "concurrency": {
        "status": 409,
        "code": "Directory_ConcurrencyViolation",
        "message": "Error due to concurrent requests being made to the tenant.",
    },
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lag", [0, 2], ids=["prompt", "lagging"])
async def test_one_fault_at_one_kind_of_write(
    world: World, write: str, name: str, lag: int
) -> None:
    world.box.close()
    world = World.fresh(world.folder, Options(read_lag=lag))
    wanted = world.load(MANIFEST)
    method = "PATCH" if write == "patch" else "POST"
    world.box.faults.add(Fault(method=method, path=WRITES[write], **FAULTS[name]))
    first: Report | None = None
    with suppress(ProvisioningError):
        first = await world.apply(wanted)
    assert any(re.search(WRITES[write], seen.path) for seen in world.box.log)
    if first is None or first.failed:
        for outcome in first.outcomes if first else ():
            assert outcome.fault is None or outcome.fault.remedy, outcome
        second = await world.apply(wanted)
        assert not second.failed, second.outcomes
    assert (await world.plan(wanted)).plan.steps == ()
    dump = world.dump(wanted)
    names = Counter(app["displayName"] for app in dump["applications"])
    assert names["Auth0 native application"] == names["Auth0 web application"] == 1
    (native,) = (a for a in dump["applications"] if a["displayName"] == "Auth0 native application")
    credentials = native["passwordCredentials"]
    assert isinstance(credentials, list)
    assert len(credentials) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_names_code_and_remedy_and_writes_nothing_more(
    world: World, status: int
) -> None:
    wanted = world.load(MANIFEST)
    code = "InvalidAuthenticationToken" if status == 401 else "Authorization_RequestDenied"
    world.box.faults.add(
        Fault(method="POST", path=r"/applications$", status=status, code=code, times=-1)
    )
    report = await world.apply(wanted)
    assert report.failed
    failed = [o.fault for o in report.outcomes if o.fault]
    assert {f.code for f in failed} == {code}
    assert all(f.remedy and f.status == status for f in failed)
    blocked = [str(o.address) for o in report.outcomes if o.result == "blocked"]
    assert "service_principal.web" in blocked
    world.box.faults.clear()
    assert not (await world.apply(wanted)).failed
