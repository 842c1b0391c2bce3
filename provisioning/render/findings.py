"""Findings as lines: `file:line:col: severity: what is wrong; what to write instead`.

Must not sort or drop any: the caller's order is shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from provisioning.core.model import Finding, Severity
from provisioning.render import escape, paint

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def text(findings: Iterable[Finding], *, color: bool = False, width: int = 100) -> str:
    """Return one line per finding, "" when there is none."""
    return paint.join(map(line, findings), color=color, width=width)


def line(finding: Finding) -> Text:
    """Return one finding; without a place its address leads, without either its severity."""
    where = finding.place or finding.address
    message = "; ".join(filter(None, (finding.message, finding.remedy)))
    return Text.assemble(
        escape.plain(f"{where}: ") if where else "",
        (f"{finding.severity.value}: ", _STYLES[finding.severity]),
        f"{escape.plain(message)} ",
        (f"[{escape.plain(finding.rule)}]", "dim"),
    )
