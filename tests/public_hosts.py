"""Runs a Python program where Microsoft's hosts are this machine.

In a network and a mount namespace of its own, where /etc/hosts is another file: clients whose hosts
are fixed need nothing else. Nothing of it is left, and nothing else sees it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOSTS = (
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "contoso.b2clogin.com",
)
_UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount")
_READ_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_HERE = Path(__file__).parent


def refused() -> str:
    """Tell why there are no such namespaces here; empty when there are."""
    if shutil.which(_UNSHARE[0]) is None:
        return "no unshare: clients with fixed hosts are not tried"
    done = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    told = done.stderr.strip() or "failed"
    return f"no namespaces: {told}; clients with fixed hosts are not tried" * bool(done.returncode)


def run(program: Path, *arguments: str, folder: Path, variables: Mapping[str, str]) -> Any:
    """Return the JSON that the program prints; it runs in `folder`."""
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {host}\n" for host in ("localhost", *HOSTS)))
    done = subprocess.run(
        [*_UNSHARE, sys.executable, __file__, str(hosts), str(program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{_HERE}:{_HERE.parent}", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def _enter(hosts: str) -> None:
    """Inside: bring loopback up and lay the file over /etc/hosts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(device, _READ_FLAGS, request))[1]
        fcntl.ioctl(device, _SET_FLAGS, struct.pack("16sH14s", b"lo", flags | _UP, b""))
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)


if __name__ == "__main__":
    _enter(sys.argv[1])
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
