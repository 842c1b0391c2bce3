"""`--report FORMAT=FILE`: the command's document in more formats, into files.

Must not decide what stands in a document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioning.core.errors import InputError, ProvisioningError
from provisioning.core.model import Finding

FORMATS = ("json", "markdown", "html", "sarif")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file that is wanted."""

    form: str
    path: Path


def read(written: Iterable[str] | None) -> tuple[ReportFile, ...]:
    """Read `--report FORMAT=FILE`. Raises InputError for what is none, all at once."""
    found: list[ReportFile] = []
    faults: list[Finding] = []
    for text in written or ():
        form, equals, name = text.partition("=")
        if form not in FORMATS or not (equals and name):
            remedy = f"write --report FORMAT=FILE, FORMAT one of {', '.join(FORMATS)}"
            faults.append(Finding("option", f"--report {text} is no report", remedy))
        elif any(other.path == Path(name) for other in found):
            faults.append(
                Finding("option", f"--report {text}: the file is named twice", "keep one")
            )
        else:
            found.append(ReportFile(form, Path(name)))
    if faults:
        raise InputError(tuple(faults))
    return tuple(found)


def write(wanted: Iterable[ReportFile], made: Callable[[str], Iterable[str]]) -> None:
    """Write every file; `made` yields the text in a format.

    Raises ProvisioningError after all were tried, naming those that could not be written.
    """
    broken: list[str] = []
    for each in wanted:
        try:
            each.path.parent.mkdir(parents=True, exist_ok=True)
            with each.path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(made(each.form))
        except OSError as problem:
            broken.append(f"{each.path}: {problem.strerror}")
    if broken:
        raise ProvisioningError(
            f"reports can't be written: {'; '.join(broken)}",
            remedy="name files in writable folders; what the command did stands above",
        )
