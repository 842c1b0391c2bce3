"""Logging to stderr, as text or as JSON lines, with secrets taken out of every message.

Must not raise a library's level above what the user asked for.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

from provisioning.cli.options import LogFormat, LogLevel

_HIDDEN: Final = "****"
_HEADERS: Final = re.compile(
    r"""(\(b'(?:location|set-cookie|authorization)', b)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\)""",
    re.IGNORECASE,
)
"""As httpcore's debug records list them: codes, tokens and cookies travel there."""
_ANSWERS: Final = re.compile(r"([?&#](?:code|state|nonce|id_token|access_token)=)[^&\s\"'#]+")


class _Scrubbed(logging.Formatter):
    """`time level logger: message`, harmless for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        from provisioning.cli import failures

        text = _HEADERS.sub(rf"\1{_HIDDEN})", super().format(record))
        return failures.scrub(_ANSWERS.sub(rf"\1{_HIDDEN}", text))


class _JsonLines(_Scrubbed):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": super().format(record),
        }
        return json.dumps(line)


def start(level: LogLevel, form: LogFormat) -> None:
    """Send every record of `level` and above to stderr, replacing an earlier set-up."""
    stream = logging.StreamHandler(sys.stderr)
    if form is LogFormat.JSON:
        stream.setFormatter(_JsonLines("%(message)s"))
    else:
        stream.setFormatter(_Scrubbed("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # azure.identity warns of each failed sign-in, which is reported as the error it becomes.
    quiet = logging.ERROR if level is LogLevel.WARNING else logging.NOTSET
    logging.getLogger("azure.identity").setLevel(quiet)
    logging.basicConfig(level=level.value.upper(), handlers=[stream], force=True)
