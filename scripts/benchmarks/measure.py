"""One run against a served sandbox: `measure.py URL TOKEN MANIFEST plan|apply|verify`.

Prints one JSON object: seconds (wall, without start-up), cpu (seconds), rss (MB, peak),
httpCalls, requests, rounds, steps and chain (steps on the longest chain of references; of `verify`,
which reads TEST_USER and TEST_PASSWORD, the requests on the longest chain of a check).
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Self

from azure.core.credentials import AccessToken

from provisioning import manifest
from provisioning.cli import verifying
from provisioning.cli.compose import Way
from provisioning.core.guards import Allowed
from provisioning.core.model import Secret
from provisioning.core.plan import Plan
from provisioning.engine import reconcile
from provisioning.engine.journal import Journal
from provisioning.engine.run import Run
from provisioning.graph import clouds
from provisioning.graph.client import connect
from provisioning.graph.clock import Clock
from provisioning.kinds import KINDS
from provisioning.secrets.sinks import Sinks
from provisioning.signin.checks import Result


@dataclass(frozen=True, slots=True)
class Bearer:
    """A credential that holds one token."""

    token: str

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return the token."""
        return AccessToken(self.token, 2**31)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


def chain(plan: Plan) -> int:
    """Count the steps on the longest chain of references."""
    depth: dict[object, int] = {}
    for step in plan.steps:
        depth[step.address] = 1 + max((depth.get(a, 0) for a in step.depends_on), default=0)
    return max(depth.values(), default=0)


def asked(results: Iterable[Result]) -> int:
    """Count the requests on the longest chain of a password check.

    Its forms wait for one another; beside them discovery leads to the keys, in two requests.
    """
    forms = (sum(each.method == "POST" for each in result.asked) for result in results)
    return max((2, *forms))


async def secret(source: Secret) -> str:
    """Read the environment variable that a check names."""
    return os.environ[source.source[1]]


async def measure(url: str, token: str, path: Path, action: str) -> dict[str, float]:
    """Plan, apply or verify; returns what it cost."""
    # anyio loads its backend at the first request; like every other import that is start-up.
    import_module("anyio._backends._asyncio")
    clock = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=asyncio.sleep)
    loaded = manifest.load(path, kinds=KINDS)
    if loaded.manifest is None:
        raise SystemExit(str(loaded.findings))
    with tempfile.TemporaryDirectory() as folder:
        graph = connect(
            cloud=clouds.named("global"), credential=Bearer(token), clock=clock, graph_endpoint=url
        )
        async with graph:
            run = Run(
                graph=graph,
                kinds=KINDS,
                manifest=loaded.manifest,
                clock=clock,
                sinks=Sinks(Path(folder)),
                journal=Journal(Path(folder), clock, "bench"),
                allowed=Allowed(),
                read_secret=secret,
            )
            way = Way(None, None, url, Path(folder), signin_endpoint=url)
            started, cpu = time.monotonic(), time.process_time()
            if action == "verify":
                proof = await verifying.results(run, loaded.manifest, way, None)
                return {
                    "seconds": time.monotonic() - started,
                    "cpu": time.process_time() - cpu,
                    "chain": asked(proof.checks),
                    "checks": len(proof.checks),
                    "failed": float(not all(result.passed for result in proof.checks)),
                }
            draft = await reconcile.draft(run)
            planned = time.monotonic() - started
            rounds, failed = draft.stats.rounds, 0.0
            if action == "apply":
                report = await reconcile.carry_out(run, draft)
                rounds, failed = report.stats.rounds, float(report.failed)
            return {
                "seconds": time.monotonic() - started,
                "planned": planned,
                "cpu": time.process_time() - cpu,
                "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "httpCalls": graph.stats.http_calls,
                "requests": graph.stats.requests,
                "retries": graph.stats.retries,
                "rounds": rounds,
                "steps": len(draft.plan.steps),
                "chain": chain(draft.plan),
                "failed": failed,
            }


if __name__ == "__main__":
    print(
        json.dumps(asyncio.run(measure(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])))
    )
