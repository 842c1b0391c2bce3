"""A person signs in: `verify` opens a browser, which comes back to loopback with a code."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_seat import browser, missing
from cli_process import PROVISIONING
from cli_shell import Shell, opened
from selenium.webdriver import Chrome
from served import served

from provisioning.cli import invitation
from provisioning.sandbox import Sandbox, tls

DOMAIN = "contoso.onmicrosoft.com"
MANIFEST = f"""\
version: 1
name: person
tenant: {{domain: {DOMAIN}, type: b2c}}
variables: {{port: {{default: 0}}}}
applications:
  api:
    displayName: API
    identifierUris: ["https://{DOMAIN}/api"]
    scopes: {{read: {{adminConsentDisplayName: Read, adminConsentDescription: Reads}}}}
  app:
    displayName: App
    allowPublicClient: true
    publicClient: {{redirectUris: ["http://localhost:${{var.port}}/done", "http://localhost/done"]}}
    permissions:
      - {{resource: microsoftGraph, delegated: [openid, offline_access], adminConsent: true}}
      - {{resource: api, delegated: [read], adminConsent: true}}
userFlows: {{sign_in: {{userFlowType: signUpOrSignIn, userFlowTypeVersion: 3}}}}
checks:
  at_a_policy:
    flow: code
    application: app
    policy: sign_in
    scopes: [openid, offline_access, "https://{DOMAIN}/api/read"]
    redirectUri: http://localhost:${{var.port}}/done
    refresh: true
    expect: {{scp: read}}
  at_the_tenant:
    flow: code
    application: app
    scopes: [openid, offline_access, "https://{DOMAIN}/api/read"]
    redirectUri: http://localhost/done
    expect: {{scp: read, name: Alice}}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        made.write("manifest.yaml", MANIFEST)
        yield made


class Door:
    """Where `verify` puts the address that it opens, instead of opening a window."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "browser"
        pipe = folder / "opened"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self.script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" > '{pipe}'\n")
        self.script.chmod(0o755)

    def opened(self) -> str:
        if not select.select([self._pipe], [], [], 60)[0]:
            raise AssertionError("nothing was opened")
        return os.read(self._pipe, 65536).decode().strip()

    def close(self) -> None:
        os.close(self._pipe)


def sign_in(window: Chrome, url: str, password: str) -> None:
    """Fill in the form that has the focus, and send it by its button."""
    window.get(url)
    window.switch_to.active_element.send_keys("alice@example.com")
    window.find_element("css selector", "input[type=password]").send_keys(password)
    window.find_element("id", "next").click()


@pytest.mark.skipif(bool(why := missing()), reason=why or "chromium")
def test_verify_passes_once_a_person_has_signed_in_with_a_browser(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    os.environ["A_PASSWORD"] = "Correct-Horse-9"
    add = f"users add alice@example.com --tenant {DOMAIN} --display-name Alice"
    for line in (
        f"apply . --sandbox box --yes --var port={port}",
        f"sandbox {add} --password-env A_PASSWORD --sandbox box",
    ):
        assert shell(line).code == 0
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(contextlib.closing(Sandbox(shell.folder / "box")))
        url = stack.enter_context(served(box, shell.folder / "tls"))
        led = invitation.of(box, url, tls.files(shell.folder / "tls"))
        door = stack.enter_context(contextlib.closing(Door(shell.folder)))
        verify = subprocess.Popen(
            [*PROVISIONING, "verify", ".", "--auth", "token", "--var", f"port={port}"],
            cwd=shell.folder,
            env={**os.environ, **led.environment, **led.tenants[0][1], "BROWSER": str(door.script)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(verify.kill)
        window = stack.enter_context(
            browser(shell.folder / "profile", shell.folder / "tls" / "server.pem")
        )
        sign_in(window, door.opened(), "wrong")
        wrong = window.find_element("css selector", "[role=alert]").text
        window.switch_to.active_element.send_keys("Correct-Horse-9\n")
        first = window.find_element("tag name", "p").text
        sign_in(window, door.opened(), "Correct-Horse-9")
        second = window.find_element("tag name", "p").text
        stdout, stderr = verify.communicate(timeout=60)
    assert verify.returncode == 0, stdout + stderr
    assert wrong == "Invalid username or password."
    assert first == second == "Done. You may close this window."
    assert "Checks: 2 passed." in stdout
    assert "Correct-Horse-9" not in stdout + stderr
