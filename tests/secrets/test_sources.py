"""Reading the values that a manifest only names."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.core.errors import SecretError
from provisioning.secrets import sources


async def test_a_value_comes_from_the_environment(tmp_path: Path) -> None:
    secret = await sources.read({"fromEnv": "A"}, root=tmp_path, env={"A": "hush"})
    assert sources.text(secret) == "hush"


async def test_a_file_gives_its_bytes_and_as_text_loses_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hush\r\n")
    secret = await sources.read({"fromFile": "a"}, root=tmp_path, env={})
    assert secret.get_secret_value() == b"hush\r\n"
    assert sources.text(secret) == "hush"


async def test_a_secret_shows_nothing(tmp_path: Path) -> None:
    secret = await sources.read({"fromEnv": "A"}, root=tmp_path, env={"A": "hush"})
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
        assert "hush" not in shown


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"fromEnv": "A"}, "the environment variable A is not set"),
        ({"fromEnv": "B"}, "the environment variable B is empty"),
        ({"fromFile": "none"}, "No such file"),
        ({"fromFile": "empty"}, "is empty"),
        ({"fromKeyVault": "https://a.vault.azure.net/secrets/b"}, "no access to Key Vault"),
        ({"value": "hush"}, "no secret source with the keys value"),
        ({"fromEnv": "A", "fromFile": "hush"}, "no secret source with the keys fromEnv, fromFile"),
        ({}, "(none)"),
    ],
)
async def test_what_cannot_be_read_is_named_without_its_content(
    tmp_path: Path, source: dict[str, object], message: str
) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(SecretError) as caught:
        await sources.read(source, root=tmp_path, env={"B": ""})
    assert message in caught.value.message
    assert caught.value.remedy
    assert "hush" not in f"{caught.value.message} {caught.value.remedy}"


def test_bytes_that_are_no_text_are_not_quoted() -> None:
    with pytest.raises(SecretError) as caught:
        sources.text(sources.Secret(b"hush\xff"))
    assert caught.value.__cause__ is None
    assert "hush" not in str(caught.value)
