"""`sandbox serve` as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

from cli_shell import Shell, Told

CALLS = """\
import io, json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from provisioning import cli
told = []
for variables, line in json.load(sys.stdin):
    before = dict(os.environ)
    os.environ.update(variables)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(line.split())
    told.append((code, out.getvalue(), err.getvalue()))
    os.environ.clear()
    os.environ.update(before)
json.dump(told, sys.stdout)
"""
PROVISIONING = [sys.executable, "-m", "provisioning"]


def calls(shell: Shell, *wanted: tuple[dict[str, str], str]) -> list[Told]:
    """Run commands one after the other in one new process, each with variables of its own.

    aiohttp, under azure-identity, reads the trusted authorities once, when it is imported.
    """
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        cwd=shell.folder,
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Told(*each) for each in json.loads(done.stdout)]


@contextlib.contextmanager
def served(shell: Shell, *arguments: str) -> Iterator[dict[str, str]]:
    """Serve a sandbox whose address and token are in the environment meanwhile."""
    command = [*PROVISIONING, "sandbox", "serve", "--sandbox", ":memory:", "--port", "0"]
    with subprocess.Popen(
        [*command, "--tenant", "contoso.onmicrosoft.com:b2c", *arguments],
        cwd=shell.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "# Serving until Ctrl-C.\n")
        found = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        os.environ.update(found)
        try:
            yield found
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait() == 130
