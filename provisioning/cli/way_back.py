"""The command that puts back what a run replaced, ready to be pasted. Must not run it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioning.cli.compose import Way
from provisioning.cli.options import JOURNAL, MEMORY, CloudName
from provisioning.core.errors import ProvisioningError
from provisioning.core.report import Report, Result
from provisioning.engine import recording
from provisioning.kinds import custom_policy


def after(report: Report, journal: Path, way: Way, cloud: str | Mapping[str, object]) -> str:
    """Return the command where a policy failed after others were replaced, "" otherwise."""
    failed = any(
        outcome.result is Result.FAILED and outcome.address.kind == custom_policy.KIND.name
        for outcome in report.outcomes
    )
    if not failed or way.sandbox == MEMORY:
        return ""
    try:
        kept = recording.read(journal).kept
    except ProvisioningError:
        # The report of the failure itself must not be lost over a journal that can't be read.
        return ""
    return (
        shlex.join(["provisioning", "rollback", report.run, *_options(way, cloud)]) if kept else ""
    )


def _options(way: Way, cloud: str | Mapping[str, object]) -> Iterator[str]:
    """Yield the options that lead to the same tenant by the same way."""
    if way.journal != JOURNAL:
        yield from ("--journal", str(way.journal))
    if way.sandbox is not None:
        yield from ("--sandbox", way.sandbox)
    if way.auth is not None:
        yield from ("--auth", way.auth.value)
    endpoint = way.graph_endpoint
    if not isinstance(cloud, str):
        endpoint = endpoint or str(cloud.get("graph"))
    elif cloud != CloudName.GLOBAL:
        yield from ("--cloud", cloud)
    if endpoint:
        yield from ("--graph-endpoint", endpoint)
