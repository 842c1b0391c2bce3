"""A served sandbox of n tenants, each of which the inventory names: `tenants.py FOLDER N LATENCY`.

Writes FOLDER/tenants.yaml with a token for every tenant, prints the URL, then answers each line
on standard input: `latency S` sets the latency, anything else tells HTTP calls and CPU seconds.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from provisioning.sandbox import Sandbox, serve

ENTRY = """  {name}:
    domain: {name}.onmicrosoft.com
    auth: {{method: token, accessToken: {{fromFile: tokens/{name}}}}}
"""


def write(folder: Path, box: Sandbox, count: int) -> None:
    """Add the tenants and write the inventory."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, exist_ok=True)
    lines = ["version: 1\ndefaults: {type: workforce, manifests: [manifest.yaml]}\ntenants:\n"]
    for number in range(count):
        name = f"t{number:04d}"
        tenant = box.add_tenant(f"{name}.onmicrosoft.com", "workforce")
        (tokens / name).write_text(box.issue_token(tenant.id, lifetime=86400), "utf-8")
        lines.append(ENTRY.format(name=name))
    (folder / "tenants.yaml").write_text("".join(lines), "utf-8")


def main(folder: Path, count: int, latency: float) -> None:
    """Serve until standard input ends."""
    box = Sandbox(None, latency=latency)
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
        if line.startswith("latency "):
            box.latency = float(line.split()[1])
        print(sum(not seen.in_batch for seen in box.log), time.process_time(), flush=True)
        box.log.clear()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
