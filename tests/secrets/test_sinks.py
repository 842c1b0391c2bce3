"""Where made passwords go, and what can be told about them afterwards."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from provisioning.core.errors import SecretError
from provisioning.core.model import Address, SinkState, Value
from provisioning.secrets import local, private_file
from provisioning.secrets.sinks import Sinks

MAIN = Address("application_password", "app.main")
DOTENV: Value = {"dotenv": ".secrets/app.env", "name": "CLIENT_SECRET"}
FILE: Value = {"file": ".secrets/app.txt"}
UNKNOWN = SinkState(readable=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_dotenv_sink_keeps_value_and_key_id_for_its_owner_alone(tmp_path: Path) -> None:
    sinks = Sinks(tmp_path)
    assert await sinks.state({MAIN: DOTENV}) == {MAIN: UNKNOWN}
    await sinks.store(MAIN, DOTENV, "k1", "hush-1")
    path = tmp_path / ".secrets/app.env"
    assert path.read_text() == "CLIENT_SECRET=hush-1\nCLIENT_SECRET_KEY_ID=k1\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert await sinks.state({MAIN: DOTENV}) == {MAIN: SinkState(readable=True, key_ids=("k1",))}


async def test_a_rotation_keeps_the_previous_key_id_and_only_the_newest_value(
    tmp_path: Path,
) -> None:
    sinks = Sinks(tmp_path)
    for store in (DOTENV, FILE):
        for number in (1, 2, 3, 3):
            await sinks.store(MAIN, store, f"k{number}", f"hush-{number}")
    assert await sinks.state({MAIN: DOTENV}) == {
        MAIN: SinkState(readable=True, key_ids=("k3", "k2"))
    }
    assert await sinks.state({MAIN: FILE}) == {MAIN: SinkState(readable=True, key_ids=("k3", "k2"))}
    assert (tmp_path / ".secrets/app.env").read_text() == (
        "CLIENT_SECRET=hush-3\nCLIENT_SECRET_KEY_ID=k3\nCLIENT_SECRET_PREVIOUS_KEY_ID=k2\n"
    )


async def test_a_file_sink_holds_the_bare_value(tmp_path: Path) -> None:
    await Sinks(tmp_path).store(MAIN, FILE, "k1", "hush")
    path = tmp_path / ".secrets/app.txt"
    assert path.read_text() == "hush"
    assert (tmp_path / ".secrets/app.txt.keyid").read_text() == "k1\n"
    assert mode(path) == 0o600
    assert names(path.parent) == [
        ".app.txt.lock",
        "app.txt",
        "app.txt.keyid",
    ]


async def test_a_value_that_is_gone_makes_the_sink_unknown(tmp_path: Path) -> None:
    sinks = Sinks(tmp_path)
    await sinks.store(MAIN, FILE, "k1", "hush")
    (tmp_path / ".secrets/app.txt").unlink()
    (tmp_path / ".secrets/app.env").write_text("CLIENT_SECRET=\nCLIENT_SECRET_KEY_ID=k1\n")
    assert await sinks.state({MAIN: FILE}) == {MAIN: UNKNOWN}
    assert await sinks.state({MAIN: DOTENV}) == {MAIN: UNKNOWN}


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    await Sinks(tmp_path).store(MAIN, {"dotenv": "app.env", "name": "B"}, "k1", "hush")
    assert mode(path) == 0o600
    assert path.read_text() == "A=1\nB=hush\nB_KEY_ID=k1\n"


@pytest.mark.parametrize("make", ["link", "folder", "pipe", "binary"])
async def test_anything_but_a_plain_text_file_is_left_alone(tmp_path: Path, make: str) -> None:
    target, path = tmp_path / "target", tmp_path / "app.env"
    target.write_text("A=1\n")
    match make:
        case "link":
            path.symlink_to(target)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "binary":
            path.write_bytes(b"\xff\xfe")
    store: Value = {"dotenv": "app.env", "name": "B"}
    sinks = Sinks(tmp_path)
    assert await sinks.state({MAIN: store}) == {MAIN: UNKNOWN}
    with pytest.raises(SecretError) as caught:
        await sinks.store(MAIN, store, "k1", "hush")
    assert "app.env" in caught.value.message
    assert "hush" not in caught.value.message
    assert target.read_text() == "A=1\n"


async def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    sinks = Sinks(tmp_path)
    await sinks.store(MAIN, DOTENV, "k1", "hush-1")
    with pytest.raises(SecretError):
        await sinks.store(MAIN, DOTENV, "k2", "two\nlines")
    folder = tmp_path / ".secrets"
    assert names(folder) == [".app.env.lock", "app.env"]
    assert "hush-1" in (folder / "app.env").read_text()


def test_parallel_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    keys = [f"N{number}" for number in range(12)]
    threads = [
        threading.Thread(target=local.Dotenv(path, name).write, args=(f"k-{name}", f"v-{name}"))
        for name in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {name: local.Dotenv(path, name).read().key_ids for name in keys}
    assert found == {name: (f"k-{name}",) for name in keys}


def test_a_lock_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".app.env.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretError), private_file.locked(tmp_path / "app.env"):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("store", [DOTENV, FILE])
async def test_a_runner_refuses_files_that_it_would_lose(tmp_path: Path, store: Value) -> None:
    sinks = Sinks(tmp_path, ci=True)
    finding = sinks.check(store)
    assert finding is not None
    assert "CI is set" in finding.message
    assert "keyVault" in finding.remedy
    with pytest.raises(SecretError):
        await sinks.store(MAIN, store, "k1", "hush")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ({"dotenv": "a.env"}, "no secret sink"),
        ({"file": "a", "name": "B"}, "no secret sink"),
        (None, "no secret sink"),
        ({"dotenv": "a.env", "name": "A-B"}, "'A-B' is no name for a dotenv line"),
        ({"keyVault": "http://a.vault.azure.net", "name": "b"}, "is no https URL"),
        ({"keyVault": "https://vault.azure.net.evil.example", "name": "b"}, "no Key Vault host"),
        ({"keyVault": "https://a.vault.azure.net", "name": "b_c"}, "no name for a Key Vault"),
        ({"keyVault": "https://a.vault.azure.net", "name": "b"}, "has no access to"),
    ],
)
def test_a_sink_that_cannot_work_is_told_before_anything_is_sent(
    tmp_path: Path, store: Value, message: str
) -> None:
    finding = Sinks(tmp_path).check(store)
    assert finding is not None
    assert message in finding.message
    assert finding.remedy


def test_sinks_that_work_have_no_finding(tmp_path: Path) -> None:
    sinks = Sinks(tmp_path)
    assert (sinks.check(DOTENV), sinks.check(FILE)) == (None, None)


@pytest.mark.parametrize("store", [DOTENV, FILE])
async def test_a_rehearsal_never_overwrites_a_real_value(tmp_path: Path, store: Value) -> None:
    real, rehearsal = Sinks(tmp_path), Sinks(tmp_path, sandbox=True)
    await rehearsal.store(MAIN, store, "s1", "play-1")
    await rehearsal.store(MAIN, store, "s2", "play-2")
    assert await rehearsal.state({MAIN: store}) == {
        MAIN: SinkState(readable=True, key_ids=("s2", "s1"))
    }
    await real.store(MAIN, store, "k1", "hush")
    finding = rehearsal.check(store)
    assert finding is not None
    assert "would overwrite" in finding.message
    with pytest.raises(SecretError):
        await rehearsal.store(MAIN, store, "s3", "play-3")
    state = await real.state({MAIN: store})
    assert state[MAIN].key_ids[0] == "k1"


def test_a_rehearsal_says_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    finding = Sinks(tmp_path, sandbox=True).check({"file": "a"})
    assert finding is not None
    assert "not a regular file" in finding.message
