"""Reading one file that the user named, and refusing names that lead elsewhere.

Must not look into what it reads.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from provisioning.core.model import Finding, Place


def read(path: Path, file: str, limit: int, place: Place, findings: list[Finding]) -> bytes | None:
    """Read at most `limit` bytes; None after reporting at `place` why not."""

    def fault(rule: str, message: str, remedy: str) -> None:
        findings.append(Finding(rule, message, remedy, place=place))

    try:
        if path.is_dir():
            fault("file-unreadable", f"`{file}` is a folder", "name a file")
            return None
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError:
        fault("file-missing", f"there is no file `{file}`", "check the name and the folder")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "the name is not valid"
        fault("file-unreadable", f"`{file}` can't be read: {why}", "check the name and its rights")
    else:
        if len(content) <= limit:
            return content
        fault("file-too-large", f"`{file}` is larger than {limit // 1024} KiB", "split it")
    return None


def escape(name: str) -> str | None:
    """Say why a name that the user wrote may not be read, judged by its text alone."""
    windows = PureWindowsPath(name)
    if name.startswith(("/", "~")) or windows.drive or windows.root:
        return "an absolute path"
    if "\\" in name:
        return "a backslash: folders are separated by /"
    if ".." in PurePosixPath(name).parts:
        return "`..` leads out of the folder"
    return None


def inside(path: Path, root: Path) -> bool:
    """Whether `path`, every link followed, lies below the resolved folder `root`."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):
        return False
