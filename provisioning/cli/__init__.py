"""The command line: options, exit codes and the composition root; knows every other room.

Must stay cheap to import: `--help` and `--version` load no Graph SDK.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` None means the process's own.

    0 done or in sync, 1 any error, 2 and 3 as `plan --detailed-exitcode` and `apply` document
    them, 130 interrupted.
    """
    from provisioning.cli import app

    sys.excepthook = _last_words
    return app.run(sys.argv[1:] if arguments is None else arguments)


def _last_words(
    kind: type[BaseException], problem: BaseException, trace: TracebackType | None
) -> None:
    from provisioning.cli import failures

    failures.last_words(kind, problem, trace)
