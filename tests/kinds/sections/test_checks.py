"""`checks:` become settings with references; what contradicts itself is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared import app, read, ref

USER = "user: {name: alice, password: {fromEnv: P}}"


def test_a_check_refers_to_what_it_signs_in_with(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        applications:
          api:
            displayName: Api
            identifierUris: ["https://${tenant.domain}/api"]
          app:
            displayName: App
            secrets: {main: {store: {dotenv: a.env, name: SECRET}}}
        checks:
          sign_in:
            flow: ropc
            application: app
            scopes: [openid, offline_access, "https://${tenant.domain}/api/read"]
            user: {name: {fromEnv: TEST_USER}, password: {fromFile: password}}
            secret: main
            refresh: true
            expect: {scp: read, idp: null}
        """,
    )
    assert found.faults == []
    assert found.body("check.sign_in") == {}
    assert found.settings("check.sign_in") == {
        "flow": "ropc",
        "application": "applications.app",
        "clientId": ref("application.app", "appId"),
        "scopes": ["openid", "offline_access", "https://contoso.onmicrosoft.com/api/read"],
        "audiences": [ref("application.api", "appId")],
        "refresh": True,
        "expect": {"scp": "read", "idp": None},
        "user": {"name": {"fromEnv": "TEST_USER"}, "password": {"fromFile": "password"}},
        "secret": {"stored": {"dotenv": "a.env", "name": "SECRET"}},
    }


@pytest.mark.parametrize(
    ("entry", "message", "remedy"),
    [
        ("flow: ropc", "flow ropc signs a user in, and none is named", "add user: {name"),
        ("flow: client_credentials", "flow client_credentials needs a client secret", "add secret"),
        ("flow: code", "flow code needs a redirect URI", "add redirectUri"),
        (
            f"flow: ropc, {USER}, redirectUri: 'https://a'",
            "flow ropc uses no redirect URI",
            "delete redirectUri",
        ),
        (
            f"flow: ropc, {USER}, refresh: true",
            "without offline_access there is no refresh token",
            "add offline_access",
        ),
        (
            f"flow: ropc, {USER}, policy: X",
            "a tenant of type workforce has no policies",
            "delete policy",
        ),
        (
            f"flow: ropc, {USER}, secret: main",
            "'main' is no key of the application's secrets",
            "declare it there",
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, entry: str, message: str, remedy: str) -> None:
    text = app("") + f"checks: {{c: {{application: app, {entry}}}}}\n"
    (finding,) = read(tmp_path, text).findings
    assert finding.message == message
    assert finding.remedy.startswith(remedy)


def test_a_misspelt_application_is_suggested(tmp_path: Path) -> None:
    text = app("") + f"checks: {{c: {{application: ap, flow: ropc, {USER}}}}}\n"
    (finding,) = read(tmp_path, text).findings
    assert (finding.rule, finding.remedy) == ("unknown-reference", "did you mean 'app'?")


def test_a_password_in_the_open_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = app("") + (
        "checks: {c: {application: app, flow: ropc, user: {name: a, password: hunter2}}}\n"
    )
    found = read(tmp_path, text)
    assert [finding.rule for finding in found.findings] == ["secret-in-the-open"]
    assert "hunter2" not in repr(found.findings)
