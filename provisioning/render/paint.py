"""Styled lines and tables -> text with or without ANSI codes.

Rich draws into a buffer, never on a terminal.
Must not interpret markup: foreign strings come as plain pieces.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLES: Final = {
    "+": "green",
    "~": "yellow",
    "-/+": "magenta",
    "-": "red",
    "<": "cyan",
    "!": "bold yellow",
    "?": "bold cyan",
    " ": "dim",
}


def join(lines: Iterable[Text], *, color: bool, width: int) -> str:
    """Return the lines as one text that ends in a newline; lines longer than `width` wrap.

    Without colour nothing wraps: files and pipes keep one line per fact.
    """
    drawn = list(lines)
    if not color:
        return "".join(f"{line.plain.rstrip()}\n" for line in drawn)
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=True,
        color_system="standard",
        width=max(width, 40),
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in drawn:
        console.print(line, overflow="fold", no_wrap=False)
    return buffer.getvalue()


def table(drawn: Table, *, color: bool, width: int) -> str:
    """Return a table as text that ends in a newline, without blanks at the lines' ends."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        width=max(width, 60),
        markup=False,
        highlight=False,
        emoji=False,
    )
    console.print(drawn)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())
