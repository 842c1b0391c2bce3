"""Words for errors: what goes to the user, with everything secret taken out.

Must not decide an exit code.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from types import TracebackType
from typing import Final

from provisioning.core.errors import GraphError, ProvisioningError, RefusedError, SecretError
from provisioning.render import escape

_SECRET_VARIABLES: Final = (
    "PROVISIONING_ACCESS_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)
_TOKENS: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]+)*|(?<=Bearer )[A-Za-z0-9._~+/=-]{8,}"
)
_HIDDEN: Final = "****"


def scrub(text: str) -> str:
    """Replace tokens and the secrets of the environment; spell out control characters."""
    for name in _SECRET_VARIABLES:
        value = os.environ.get(name, "")
        if len(value) > len(_HIDDEN):
            text = text.replace(value, _HIDDEN)
    return escape.lines(_TOKENS.sub(_HIDDEN, text))


def rule(problem: ProvisioningError) -> str:
    """Name the class of an error for a machine."""
    match problem:
        case GraphError():
            return "graph"
        case SecretError():
            return "secret"
        case RefusedError():
            return "refused"
        case _:
            return "error"


def request(problem: ProvisioningError) -> str:
    """Say which request failed, "" when it was none."""
    if not isinstance(problem, GraphError) or not problem.path:
        return ""
    answer = " ".join(filter(None, (str(problem.status or ""), problem.code)))
    known = (
        f"{problem.method} {problem.path}",
        f"answered {answer}" if answer else "got no answer",
        f"request-id {problem.request_id}" if problem.request_id else "",
    )
    return scrub(", ".join(filter(None, known)))


def last_words(
    kind: type[BaseException], problem: BaseException, trace: TracebackType | None
) -> None:
    """Tell of an error that nobody expected: one line, and the traceback on request."""
    if issubclass(kind, KeyboardInterrupt):
        return
    message = scrub(f"Unexpected {kind.__name__}: {problem}".partition("\n")[0])
    lines = [message, "       --log-level debug shows where it happened; please report it."]
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        lines[1:] = [scrub("".join(traceback.format_exception(kind, problem, trace)))]
    sys.stderr.write("\n".join(lines) + "\n")
