"""Commands run in the process, in a folder of their own, with what they print."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning import cli

MANIFEST = """\
version: 1
name: demo
tenant: {domain: contoso.onmicrosoft.com, type: b2c}
variables: {redirectUri: {default: "myapp://auth"}}
applications:
  app:
    displayName: ROPC_Auth_app
    allowPublicClient: true
    publicClient: {redirectUris: ["${var.redirectUri}"]}
    permissions:
      - {resource: microsoftGraph, delegated: [openid, offline_access], adminConsent: true}
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What one command said and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder with a manifest, and the command line in it."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Told:
        stdout, stderr = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(stdout), redirect_stderr(stderr):
            code = cli.main(arguments)
        return Told(code, stdout.getvalue(), stderr.getvalue())

    def __call__(self, line: str) -> Told:
        return self.run(*line.split())


@contextmanager
def opened(folder: Path) -> Iterator[Shell]:
    """Yield a shell in `folder`; the environment is as before afterwards."""
    kept = dict(os.environ)
    for name in ("CI", "PROVISIONING_GRAPH_ENDPOINT", "PROVISIONING_ACCESS_TOKEN", "FORCE_COLOR"):
        os.environ.pop(name, None)
    made = Shell(folder)
    made.write("manifest.yaml", MANIFEST)
    try:
        yield made
    finally:
        os.environ.clear()
        os.environ.update(kept)
