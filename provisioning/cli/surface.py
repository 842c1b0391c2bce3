"""The two streams of a command: one document on stdout, everything else on stderr.

Must not decide what is said; it keeps the streams apart and turns errors into exit codes.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TextIO

from provisioning.cli.options import Format, LogFormat, LogLevel, ReportFormat

if TYPE_CHECKING:
    from rich.console import Console

    from provisioning.core.errors import ProvisioningError
    from provisioning.core.model import Finding

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Surface:
    """Where and how one command speaks."""

    form: Format
    color: bool
    """On stdout."""
    no_color: bool
    width: int

    @classmethod
    def made(
        cls,
        form: Format | ReportFormat,
        log_level: LogLevel,
        log_format: LogFormat,
        *,
        no_color: bool,
    ) -> Self:
        """Look at the terminal and start logging."""
        from provisioning.cli import logs

        logs.start(log_level, log_format)
        no_color = no_color or bool(os.environ.get("NO_COLOR"))
        color = sys.stdout.isatty() and not no_color and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size((100, 24)).columns
        return cls(Format(form.value), color, no_color, width)

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def console(self) -> Console:
        """Return Rich's view of stderr, for progress and questions."""
        from rich.console import Console

        return Console(stderr=True, no_color=self.no_color, highlight=False, markup=False)

    def document(self, text: str) -> None:
        """Print the command's one document."""
        _write(sys.stdout, text)

    def beside(self, text: str) -> None:
        """Print what goes before the document: with it as text, on stderr beside another format."""
        if self.form is Format.TEXT:
            self.document(f"{text}\n")
        else:
            self.say(text)

    def say(self, text: str) -> None:
        """Tell a person something beside the document."""
        _write(sys.stderr, f"{text}\n")

    def end(self, command: Callable[[], int]) -> int:
        """Run a command; errors that are expected become a message and an exit code."""
        from asyncio import CancelledError

        from provisioning.core.errors import InputError, ProvisioningError

        try:
            return command()
        except InputError as problem:
            self.findings(problem.findings)
        except ProvisioningError as problem:
            self._problem(problem)
        except (KeyboardInterrupt, CancelledError):
            self.say("Interrupted.")
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of stdout went away (`| head`); nothing is left to say to it.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        except OSError as problem:
            if problem.errno != errno.ENOSPC:
                raise
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            self.say("Error: no space is left where the output or a file of this run goes")
        return 1

    def findings(self, findings: Iterable[Finding]) -> None:
        """Print findings instead of the document that they prevented."""
        from provisioning import render
        from provisioning.cli import sarif

        listed = tuple(findings)
        match self.form:
            case Format.JSON:
                self.document(render.json.findings(listed))
            case Format.MARKDOWN:
                self.document(render.markdown.findings(listed))
            case Format.SARIF:
                self.document(sarif.findings(listed))
            case Format.TEXT:
                color = sys.stderr.isatty() and not self.no_color
                shown = render.findings.text(listed, color=color, width=self.width)
                self.say(shown.removesuffix("\n"))

    def _problem(self, problem: ProvisioningError) -> None:
        from provisioning.cli import failures
        from provisioning.core.model import Finding

        message, remedy = failures.scrub(problem.message), failures.scrub(problem.remedy)
        if self.form is Format.TEXT:
            self.say(f"Error: {message}")
            for line in (failures.request(problem), remedy):
                if line:
                    self.say(f"       {line}")
        else:
            self.findings((Finding(failures.rule(problem), message, remedy),))


def _write(stream: TextIO, text: str) -> None:
    # A terminal with a small character set gets escapes instead of a traceback.
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    # A command that goes on, such as `sandbox serve`, may have a file or a pipe for stdout.
    print(shown, end="", file=stream, flush=True)
