"""A served sandbox for measurements: `server.py LATENCY LAG CROWD TYPE`.

With TEST_USER and TEST_PASSWORD there is an account to sign in with. Prints its URL, then answers
each line on standard input with HTTP calls, writes (items of a batch count one by one) and CPU
seconds so far.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from provisioning.sandbox import Options, Sandbox, serve

DOMAIN = "bench.onmicrosoft.com"


def crowd(box: Sandbox, tenant_id: str, applications: int, grants: int) -> None:
    """Fill a tenant with strangers' objects."""
    if not applications:
        return
    box.seed(
        tenant_id,
        "applications",
        (
            {"displayName": f"Stranger {n}", "signInAudience": "AzureADMyOrg"}
            for n in range(applications)
        ),
    )
    clients = [f"00000000-0000-4000-8000-{n:012d}" for n in range(grants)]
    resource = "00000000-0000-4000-9000-000000000000"
    box.seed(
        tenant_id,
        "oauth2PermissionGrants",
        (
            {"clientId": c, "resourceId": resource, "consentType": "AllPrincipals", "scope": "a"}
            for c in clients
        ),
    )


def main(latency: float, lag: int, applications: int, kind: str) -> None:
    """Serve until standard input ends."""
    box = Sandbox(None, options=Options(read_lag=lag), latency=latency)
    tenant = box.add_tenant(DOMAIN, kind)
    if "TEST_USER" in os.environ:
        box.add_user(
            tenant.id, os.environ["TEST_USER"], "Test", password=os.environ["TEST_PASSWORD"]
        )
    crowd(box, tenant.id, applications, applications * 15 // 2)
    ready = threading.Event()
    address: list[str] = []

    def started(url: str) -> None:
        address.append(url)
        ready.set()

    server = threading.Thread(
        target=lambda: serve(box, port=0, ready=started), daemon=True, name="sandbox"
    )
    server.start()
    ready.wait()
    print(address[0], box.issue_token(tenant.id, lifetime=86400), flush=True)
    for _ in sys.stdin:
        calls = sum(not seen.in_batch for seen in box.log)
        writes = sum(seen.method != "GET" and "$batch" not in seen.path for seen in box.log)
        print(calls, writes, time.process_time(), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
