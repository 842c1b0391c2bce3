from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from signin_service import ADA, NAME, PASSWORD, nothing_leaked, read_secret
from world import ROOT, World

from provisioning.core.model import Secret
from provisioning.graph import clouds
from provisioning.manifest import Manifest
from provisioning.signin import run
from provisioning.signin.checks import Check, Flow, Result, User
from provisioning.signin.flows import ReadSecret

WRONG = User(Secret(("fromEnv", "TEST_USER")), Secret(("fromEnv", "WRONG")))


def shipped(name: str) -> Path:
    return ROOT / "manifests" / name / "manifest.yaml"


async def applied(world: World, path: Path) -> Manifest:
    wanted = world.load(path)
    report = await world.apply(wanted, sinks=world.folder)
    assert not report.failed
    tenant = world.box.add_tenant(wanted.tenant.domain, wanted.tenant.type.value)
    world.box.add_user(
        tenant.id,
        "ada@contoso.onmicrosoft.com",
        "Ada",
        password=PASSWORD,
        sign_in_names=[("emailAddress", "contoso.onmicrosoft.com", NAME)],
    )
    return wanted


def reader(world: World, file: str) -> ReadSecret:
    """Read the client secret from where the run stored it."""
    stored = dotenv_values((world.folder / ".secrets" / file).read_text("utf-8"))

    async def read(secret: Secret) -> str:
        if secret.source == ("fromEnv", "CLIENT_SECRET"):
            return stored["CLIENT_SECRET"]
        return await read_secret(secret)

    return read


def dotenv_values(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value.strip("'\"") for name, _, value in pairs}


def app_id(world: World, wanted: Manifest, display_name: str) -> str:
    found = [
        application["appId"]
        for application in world.dump(wanted)["applications"]
        if application["displayName"] == display_name
    ]
    return str(found[0])


async def verify(world: World, wanted: Manifest, *checks: Check, **options: Any) -> list[Result]:
    results = await run.run(
        checks,
        tenant=wanted.tenant,
        cloud=clouds.named("global"),
        clock=world.time.clock(),
        transport=world.box.transport(),
        **{"read_secret": read_secret, **options},
    )
    assert nothing_leaked(results)
    return list(results)


def sign_in(client_id: str, policy: str, **changes: Any) -> Check:
    settings: dict[str, Any] = {
        "name": "sign_in",
        "flow": Flow.ROPC,
        "client_id": client_id,
        "application": "applications.app",
        "policy": policy,
        "scopes": ("openid", "offline_access"),
        "user": ADA,
        "refresh": True,
    }
    return Check(**{**settings, **changes})


@pytest.mark.parametrize(
    ("name", "policy"),
    [("ropc-custom-policy", "B2C_1A_ROPC_Auth"), ("ropc-user-flow", "B2C_1_ROPC_Auth")],
)
async def test_the_shipped_manifests_let_people_sign_in(
    world: World, name: str, policy: str
) -> None:
    wanted = await applied(world, shipped(name))
    client_id = app_id(world, wanted, "ROPC_Auth_app")
    right = sign_in(client_id, policy)
    wrong = sign_in(client_id, policy, name="wrong", user=WRONG)
    passed, refused = await verify(world, wanted, right, wrong)
    assert passed.passed, passed.summary
    assert passed.summary == "sign-in works; policy version not proven"
    assert refused.diagnosis is not None
    assert (refused.diagnosis.cause, refused.diagnosis.code) == (
        "wrong-credentials",
        "AADB2C90225",
    )


async def test_the_sandbox_tells_a_wrong_policy_and_a_wrong_client_apart(world: World) -> None:
    wanted = await applied(world, shipped("ropc-custom-policy"))
    client_id = app_id(world, wanted, "ROPC_Auth_app")
    results = await verify(
        world,
        wanted,
        sign_in(client_id, "B2C_1A_None"),
        sign_in("11111111-2222-3333-4444-555555555555", "B2C_1A_ROPC_Auth"),
        sign_in(client_id, "B2C_1A_ROPC_Auth", scopes=("openid", "https://contoso/none/x")),
    )
    found = [result.diagnosis.cause for result in results if result.diagnosis]
    assert found[:2] == ["unknown-policy", "unknown-client"]
    assert found[2] in {"unknown-scope", "consent-missing"}


async def test_a_locked_account_of_the_sandbox_fails_for_good(world: World) -> None:
    wanted = await applied(world, shipped("ropc-user-flow"))
    tenant = world.box.add_tenant(wanted.tenant.domain, wanted.tenant.type.value)
    world.box.add_user(tenant.id, "ada@contoso.onmicrosoft.com", "Ada", state="locked")
    check = sign_in(app_id(world, wanted, "ROPC_Auth_app"), "B2C_1_ROPC_Auth")
    (result,) = await verify(world, wanted, check, deadline_seconds=60.0)
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.attempts) == ("account-locked", 1)


@pytest.mark.parametrize(
    ("line", "cause", "path"),
    [
        ("allowPublicClient: true", "public-client-off", "applications.app.allowPublicClient"),
        (
            "oauth2AllowImplicitFlow: true",
            "implicit-flow-off",
            "applications.app.oauth2AllowImplicitFlow",
        ),
    ],
)
async def test_a_switch_turned_off_is_diagnosed_as_its_line(
    world: World, tmp_path: Path, line: str, cause: str, path: str
) -> None:
    text = shipped("ropc-user-flow").read_text("utf-8")
    assert line in text
    wanted = world.load(world.write(text.replace(line, line.replace("true", "false"))))
    assert not (await world.apply(wanted)).failed
    check = sign_in(app_id(world, wanted, "ROPC_Auth_app"), "B2C_1_ROPC_Auth")
    (result,) = await verify(world, wanted, check)
    assert result.diagnosis is not None
    assert (result.diagnosis.cause, result.diagnosis.path) == (cause, path)


async def test_a_web_application_redeems_a_code_for_its_own_api(world: World) -> None:
    text = shipped("access-token").read_text("utf-8")
    flow = "\nuserFlows:\n  sign_in: {userFlowType: signUpOrSignIn, userFlowTypeVersion: 3}\n"
    world.write(text + flow)
    wanted = await applied(world, world.folder / "manifest.yaml")
    api = "https://contoso.onmicrosoft.com/api"
    check = sign_in(
        app_id(world, wanted, "webapp1"),
        "B2C_1_sign_in",
        flow=Flow.CODE,
        scopes=("openid", "offline_access", f"{api}/read"),
        audiences=(app_id(world, wanted, "webapi1"),),
        client_secret=Secret(("fromEnv", "CLIENT_SECRET")),
        redirect_uri="https://jwt.ms",
    )
    wrong = dataclasses.replace(check, name="wrong", user=WRONG)
    passed, refused = await verify(
        world, wanted, check, wrong, read_secret=reader(world, "web.env")
    )
    assert passed.passed, passed.summary
    access = next(shown.claims for shown in passed.claims if shown.token == "access_token")
    assert access["scp"] == "read"
    assert refused.diagnosis is not None
    assert refused.diagnosis.cause == "wrong-credentials"


async def test_the_native_application_signs_in_at_both_entra_endpoints(world: World) -> None:
    wanted = await applied(world, shipped("auth0-native"))
    native = app_id(world, wanted, "Auth0 native application")
    web = app_id(world, wanted, "Auth0 web application")
    entra: dict[str, Any] = {
        "policy": None,
        "refresh": False,
        "application": "applications.native",
        "client_secret": Secret(("fromEnv", "CLIENT_SECRET")),
        "user": dataclasses.replace(ADA, name="ada@contoso.onmicrosoft.com"),
    }
    v2 = dataclasses.replace(
        sign_in(native, "x"), **{**entra, "scopes": (f"api://{web}/API.Access", "openid")}
    )
    v1 = dataclasses.replace(
        sign_in(native, "x"), **{**entra, "name": "v1", "resource": f"api://{web}", "scopes": ()}
    )
    wrong = dataclasses.replace(
        v1, name="wrong", user=User("ada@contoso.onmicrosoft.com", WRONG.password)
    )
    results = await verify(world, wanted, v2, v1, wrong, read_secret=reader(world, "native.env"))
    assert [result.outcome.value for result in results] == ["passed", "passed", "failed"], results
    assert results[2].diagnosis is not None
    assert results[2].diagnosis.code == "AADSTS50126"
