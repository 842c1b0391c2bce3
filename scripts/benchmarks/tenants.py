"""A served sandbox of n tenants, each of which the inventory names: `tenants.py FOLDER N`.

Writes FOLDER/tenants.yaml with a token for every tenant, prints the URL, then answers each line
on standard input with HTTP calls since the last one and CPU seconds so far: `copy` first gives
every tenant what the first one has, `latency S` sets the latency.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from provisioning.sandbox import Sandbox, serve

ENTRY = """  {name}:
    domain: {name}.onmicrosoft.com
    auth: {{method: token, accessToken: {{fromFile: tokens/{name}}}}}
"""
HEAD = "version: 1\ndefaults: {type: workforce, manifests: [manifest.yaml]}\ntenants:\n"
GRAPH = "00000003-0000-0000-c000-000000000000"
"""appId of Microsoft Graph."""
COLLECTIONS = ("applications", "servicePrincipals", "oauth2PermissionGrants")


def write(folder: Path, box: Sandbox, count: int) -> None:
    """Add the tenants and write the inventory."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True)
    names = [f"t{number:04d}" for number in range(count)]
    for name in names:
        tenant = box.add_tenant(f"{name}.onmicrosoft.com", "workforce")
        (tokens / name).write_text(box.issue_token(tenant.id, lifetime=86400), "utf-8")
    text = HEAD + "".join(ENTRY.format(name=name) for name in names)
    (folder / "tenants.yaml").write_text(text, "utf-8")


def copy(box: Sandbox) -> None:
    """Give every tenant the objects that the manifest has made in the first one, with new ids."""
    first, *others = box.tenants()
    source = box.dump(first.id)
    mine = {name: [o for o in source[name] if _ours(o, source)] for name in COLLECTIONS}
    for grant in mine["oauth2PermissionGrants"]:
        del grant["id"]
    ids = {str(o[key]) for name in COLLECTIONS[:2] for o in mine[name] for key in ("id", "appId")}
    text = json.dumps(mine).replace(_graph(source), "GRAPH")
    for tenant in others:
        moved = text.replace("GRAPH", _graph(box.dump(tenant.id)))
        moved = moved.replace(first.id, tenant.id).replace(first.domain, tenant.domain)
        for old in ids:
            moved = moved.replace(old, str(uuid.uuid5(uuid.UUID(tenant.id), old)))
        bodies = json.loads(moved)
        for name in COLLECTIONS:
            box.seed(tenant.id, name, bodies[name])


def _graph(dumped: dict[str, list[dict[str, Any]]]) -> str:
    return next(str(o["id"]) for o in dumped["servicePrincipals"] if o["appId"] == GRAPH)


def _ours(thing: dict[str, Any], source: dict[str, list[dict[str, Any]]]) -> bool:
    apps = {a["appId"] for a in source["applications"] if "provisioning:bench" in a["tags"]}
    clients = {p["id"] for p in source["servicePrincipals"] if p["appId"] in apps}
    return thing.get("appId") in apps or thing.get("clientId") in clients


def main(folder: Path, count: int) -> None:
    """Serve until standard input ends."""
    box = Sandbox(None)
    write(folder, box, count)
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
    print(address[0], flush=True)
    for line in sys.stdin:
        if line.startswith("copy"):
            copy(box)
        if line.startswith("latency "):
            box.latency = float(line.split()[1])
        print(sum(not seen.in_batch for seen in box.log), time.process_time(), flush=True)
        box.log.clear()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
