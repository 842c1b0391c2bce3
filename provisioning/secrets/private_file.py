"""Files that only their owner may read: checked, locked, replaced whole. Knows no format.

Must not follow a symbolic link or write through a file that belongs to somebody else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioning.core.errors import SecretError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def read(path: Path) -> str | None:
    """Return the text of a file, None when there is none.

    Raises SecretError for anything but a regular file of the running user.
    """
    try:
        # Not blocking: opening a pipe that nobody writes would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise _refusal(path, "a symbolic link" if path.is_symlink() else problem.strerror) from None
    try:
        # Before it becomes a file object, which a folder's descriptor cannot.
        _check(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read().decode()
    except UnicodeDecodeError:
        raise _refusal(path, "no UTF-8 text") from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other writers of `path` out, in this process and in others, until the block ends.

    Makes the folder when it is missing, for its owner alone. The lock file stays: removing it
    would let two writers hold locks on two different files of one name.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
    except OSError as problem:
        raise _refusal(path, problem.strerror) from None
    with os.fdopen(descriptor, "r+b"):
        _lock(descriptor)
        yield


def replace(path: Path, content: str) -> None:
    """Write the whole file, mode 0600, so that a reader sees the old text or the new one.

    Call it inside `locked`. Raises SecretError; the message names the path alone.
    """
    stream(path, (content,))


def stream(path: Path, chunks: Iterable[str]) -> None:
    """As `replace`, for a text that comes in parts."""
    read(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as problem:
        raise _refusal(path, problem.strerror) from None
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(path, "not a regular file")
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        raise _refusal(path, "a file of another user")


def _refusal(path: Path, why: str | None) -> SecretError:
    return SecretError(
        f"cannot use {path} as a private file: {why}",
        remedy="name a regular file in a folder of your own",
    )
