"""The command line as a process: signals, terminals, pipes, and what must not be imported."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import PROVISIONING, served
from cli_shell import Shell, opened


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with opened(tmp_path) as made:
        yield made


def process(shell: Shell, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=shell.folder, capture_output=True, text=True, check=False)


def run(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    return process(shell, *PROVISIONING, *arguments)


def python(shell: Shell, script: str) -> subprocess.CompletedProcess[str]:
    return process(shell, sys.executable, "-c", script)


@pytest.mark.parametrize(
    "line", ["--help", "--version", "apply --help", "validate .", "policies lint ."]
)
def test_help_version_and_validate_never_import_the_graph_sdk(shell: Shell, line: str) -> None:
    script = (
        "import sys\nfrom provisioning import cli\n"
        f"code = cli.main({line.split()!r})\n"
        "heavy = {'msgraph', 'kiota_abstractions', 'azure.identity', 'httpx', 'starlette'}\n"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_apply_ends_with_a_proof(shell: Shell) -> None:
    done = run(shell, "apply", ".", "--sandbox", "box", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Second plan: no changes." in done.stdout
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_full_disk_is_no_unexpected_error(shell: Shell) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*PROVISIONING, "plan", ".", "--sandbox", ":memory:"],
            cwd=shell.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "Error: no space is left where the output or a file of this run goes\n"
    )


def test_an_unexpected_error_is_one_line_and_a_hint(shell: Shell) -> None:
    script = (
        "from provisioning import cli\n"
        "cli.main(['--version'])\nraise KeyError('eyJhbGciOiJub25lIn0.e30.x')"
    )
    done = python(shell, script)
    assert done.returncode == 1
    assert done.stderr == (
        "Unexpected KeyError: '****'\n"
        "       --log-level debug shows where it happened; please report it.\n"
    )


def test_a_closed_pipe_is_no_traceback(shell: Shell) -> None:
    command = f"{sys.executable} -m provisioning schema | head -c 10"
    done = process(shell, "sh", "-c", command)
    assert done.stdout == '{\n  "$sche'[:10]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("answer", "code", "made"), [("yes", 0, True), ("y", 1, False)])
def test_a_terminal_is_asked_and_only_yes_counts(
    shell: Shell, answer: str, code: int, made: bool
) -> None:
    ended, shown = at_a_terminal(shell, answer)
    assert ended == code, shown
    assert 'Only "yes" is accepted' in shown
    after = shell("plan . --sandbox box --detailed-exitcode")
    assert after.code == (0 if made else 2)


def test_ctrl_c_at_the_question_writes_nothing(shell: Shell) -> None:
    ended, shown = at_a_terminal(shell, signal.SIGINT)
    assert ended == 130, shown
    assert shell("plan . --sandbox box --detailed-exitcode").code == 2


def test_the_served_sandbox_is_found_through_what_it_prints(shell: Shell) -> None:
    with served(shell) as found:
        told = shell("apply . --auth token --yes")
        again = shell("plan . --auth token --detailed-exitcode")
    assert (told.code, again.code) == (0, 0), told.stderr
    assert found["PROVISIONING_GRAPH_ENDPOINT"].startswith("http://127.0.0.1:")


def test_the_first_ctrl_c_finishes_what_is_in_flight_and_starts_nothing(shell: Shell) -> None:
    shell.write(
        "faults.yaml",
        "[{path: /servicePrincipals, method: POST, status: 429, headers: {Retry-After: '1'}}]",
    )
    with served(shell, "--faults", "faults.yaml"):
        apply = subprocess.Popen(
            [*PROVISIONING, "apply", ".", "--auth", "token", "--yes"],
            cwd=shell.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert apply.stderr is not None
        for line in apply.stderr:
            if line.startswith("retry: "):
                apply.send_signal(signal.SIGINT)
                break
        stdout, stderr = apply.communicate(timeout=60)
        after = shell("plan . --auth token --format json").document
    assert apply.returncode == 130
    assert "Stopping: " in stderr
    assert "done create service_principal.app  " in stdout
    assert "interrupted create delegated_permission_grant.app.microsoftGraph" in stdout
    assert [step["address"] for step in after["steps"]] == [
        "delegated_permission_grant.app.microsoftGraph"
    ]


def at_a_terminal(shell: Shell, answer: str | signal.Signals) -> tuple[int, str]:
    """Run `apply` on a pseudo-terminal, answer its question, return exit code and screen."""
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [*PROVISIONING, "apply", ".", "--sandbox", "box"],
        cwd=shell.folder,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = b""
    asked = False
    while select.select([terminal], [], [], 60)[0]:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            # How Linux tells that nobody holds the other end any more.
            break
        shown += chunk
        if not chunk:
            break
        if not asked and b"is accepted" in shown:
            asked = True
            if isinstance(answer, signal.Signals):
                process.send_signal(answer)
            else:
                os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    return process.wait(60), shown.decode()
