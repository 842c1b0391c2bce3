"""Commands one after another in a process of their own, each with variables of its own.

aiohttp, which azure-identity signs in with, reads SSL_CERT_FILE once in a process: a test that
brings an authority needs a process that knows it from the start.

stdin: `[{"arguments": […], "environment": {…}}, …]`; stdout: `[[code, stdout, stderr], …]`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from provisioning import cli


def main() -> None:
    told = []
    for step in json.load(sys.stdin):
        os.environ.update(step["environment"])
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            code = cli.main(step["arguments"])
        told.append([code, stdout.getvalue(), stderr.getvalue()])
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
