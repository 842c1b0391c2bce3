"""GitHub's secrets as a sink: sealed values, readable key ids, a token that stays at home."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from github_double import TOKEN, Double, served

from provisioning.core.errors import SecretError
from provisioning.core.model import Address, SinkState, Value
from provisioning.secrets import github
from provisioning.secrets.github import GitHub
from provisioning.secrets.sinks import Sinks

MAIN = Address("application_password", "app.main")
STORE: Value = {"githubSecret": "contoso/app", "name": "CLIENT_SECRET"}
IN_PRODUCTION: Value = {
    "githubSecret": "contoso/app",
    "environment": "prod/eu",
    "name": "CLIENT_SECRET",
}
UNKNOWN = SinkState(readable=False)


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
async def sinks(double: Double, tmp_path: Path) -> AsyncIterator[Sinks]:
    async with served(double) as url:
        access = github.connected({"GH_TOKEN": TOKEN, "GITHUB_TOKEN": "x", "GITHUB_API_URL": url})
        yield Sinks(tmp_path, ci=True, repositories=access)


async def test_values_are_sealed_for_github_and_their_key_ids_can_be_read(
    double: Double, sinks: Sinks
) -> None:
    assert sinks.check(STORE) is None
    assert await sinks.state({MAIN: STORE}) == {MAIN: UNKNOWN}
    for number in (1, 2, 3, 3):
        await sinks.store(MAIN, STORE, f"k{number}", f"hush-{number}")
    assert double.secrets == {"contoso/app/actions:CLIENT_SECRET": "hush-3"}
    assert double.variables == {"contoso/app/actions:CLIENT_SECRET_KEY_ID": "k3 k2"}
    assert await sinks.state({MAIN: STORE}) == {
        MAIN: SinkState(readable=True, key_ids=("k3", "k2"))
    }


async def test_an_environment_has_its_own_key_secrets_and_variables(
    double: Double, sinks: Sinks
) -> None:
    await sinks.store(MAIN, IN_PRODUCTION, "k1", "hush")
    assert await sinks.state({MAIN: STORE}) == {MAIN: UNKNOWN}
    assert await sinks.state({MAIN: IN_PRODUCTION}) == {
        MAIN: SinkState(readable=True, key_ids=("k1",))
    }
    assert double.secrets == {"contoso/app/environments/prod/eu:CLIENT_SECRET": "hush"}
    assert "PUT /repos/contoso/app/environments/prod%2Feu/secrets/CLIENT_SECRET" in double.log


async def test_the_value_goes_before_its_key_id(double: Double, sinks: Sinks) -> None:
    await sinks.store(MAIN, STORE, "k1", "hush-1")
    double.broken = "PATCH /repos/contoso/app/actions/variables/CLIENT_SECRET_KEY_ID"
    with pytest.raises(SecretError) as caught:
        await sinks.store(MAIN, STORE, "k2", "hush-2")
    assert caught.value.message == (
        "cannot store CLIENT_SECRET in contoso/app: GitHub answered 500"
    )
    assert double.secrets["contoso/app/actions:CLIENT_SECRET"] == "hush-2"
    assert (await sinks.state({MAIN: STORE}))[MAIN].key_ids == ("k1",)


async def test_the_plan_reads_one_variable_and_no_secret(double: Double, sinks: Sinks) -> None:
    await sinks.store(MAIN, STORE, "k1", "hush")
    double.log.clear()
    await sinks.state({MAIN: STORE})
    assert double.log == ["GET /repos/contoso/app/actions/variables/CLIENT_SECRET_KEY_ID"]


async def test_a_refusal_names_the_rights_and_neither_token_nor_value(
    double: Double, sinks: Sinks
) -> None:
    double.token = "another"
    assert await sinks.state({MAIN: STORE}) == {MAIN: UNKNOWN}
    with pytest.raises(SecretError) as caught:
        await sinks.store(MAIN, STORE, "k1", "hush")
    assert caught.value.message == (
        "cannot store CLIENT_SECRET in contoso/app: GitHub answered 401"
    )
    assert caught.value.remedy == "GH_TOKEN is no valid token; make another"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert TOKEN not in repr(sinks)


async def test_a_redirect_is_not_followed(double: Double, sinks: Sinks) -> None:
    double.moved = True
    with pytest.raises(SecretError) as caught:
        await sinks.store(MAIN, STORE, "k1", "hush")
    assert caught.value.remedy == "the repository has moved: write its new name"


async def test_an_api_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    sinks = Sinks(tmp_path, repositories=GitHub(TOKEN, "http://127.0.0.1:1"))
    assert await sinks.state({MAIN: STORE}) == {MAIN: UNKNOWN}
    with pytest.raises(SecretError, match="ConnectError"):
        await sinks.store(MAIN, STORE, "k1", "hush")


def test_without_a_token_the_sink_is_refused_before_the_first_write(tmp_path: Path) -> None:
    assert github.connected({"GITHUB_API_URL": "https://api.github.com"}) is None
    finding = Sinks(tmp_path, ci=True).check(STORE)
    assert finding is not None
    assert finding.message == "this run has no access to contoso/app"
    assert "GH_TOKEN" in finding.remedy


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ({"githubSecret": "contoso", "name": "A"}, "'contoso' is no repository"),
        ({"githubSecret": "contoso/..", "name": "A"}, "'contoso/..' is no repository"),
        ({"githubSecret": "a/b/../../c", "name": "A"}, "'a/b/../../c' is no repository"),
        ({"githubSecret": "a/b", "name": "GITHUB_A"}, "'GITHUB_A' is no name"),
        ({"githubSecret": "a/b", "name": "a"}, "'a' is no name"),
        ({"githubSecret": "a/b", "name": "A", "environment": 1}, "no secret sink"),
        ({"githubSecret": "a/b"}, "no secret sink"),
    ],
)
def test_what_github_would_not_take_is_said_before(
    tmp_path: Path, store: Value, message: str
) -> None:
    finding = Sinks(tmp_path, repositories=GitHub(TOKEN)).check(store)
    assert finding is not None
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://api.github.com", None),
        ("https://github.contoso.example/api/v3", None),
        ("http://127.0.0.1:8080", None),
        ("http://github.contoso.example/api/v3", "is no https URL"),
        ("http://127.0.0.1.evil.example", "is no https URL"),
        ("https://user@api.github.com", "is no address of an API"),
        ("https://[::1", "is no URL"),
        ("api.github.com", "is no address of an API"),
    ],
)
async def test_a_token_goes_to_https_or_loopback_alone(url: str, fault: str | None) -> None:
    told = github.check(url)
    assert (told is None) if fault is None else (told or "").endswith(fault)
    if fault is not None:
        with pytest.raises(SecretError, match="cannot read"):
            await GitHub(TOKEN, url).key_ids(github.Place("a/b", "A"))
