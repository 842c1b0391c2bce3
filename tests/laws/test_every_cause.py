"""Whatever a sign-in is refused for, some line of the user's files is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from proving import staged
from test_broken_sign_in import MANIFESTS
from world import World

from provisioning.cli import check_list
from provisioning.core.model import Place
from provisioning.signin import causes, codes, mending, refusal
from provisioning.signin.checks import Outcome, Result
from provisioning.signin.refusal import Cause, Refused

CAUSES = {
    cause.id: cause
    for cause in (*vars(causes).values(), *codes.KNOWN.values())
    if isinstance(cause, Cause)
}


@pytest.mark.parametrize("name", MANIFESTS)
async def test_every_known_cause_points_at_a_line_of_the_users_files(
    world: World, name: str
) -> None:
    stage = await staged(world, name)
    draft = await world.plan(stage.wanted)
    for check in check_list.of(draft).ready:
        for cause in CAUSES.values():
            diagnosis = refusal.diagnose(Refused(cause), check, redact=str)
            refused = Result(
                check=check.name,
                flow=check.flow,
                outcome=Outcome.FAILED,
                summary=diagnosis.message,
                asked=(),
                diagnosis=diagnosis,
            )
            findings = mending.mended(refused, check, stage.wanted, draft).findings
            assert findings, cause.id
            for finding in findings:
                assert finding.place is not None, cause.id
                assert stands_something(finding.place), (cause.id, finding.place)


def stands_something(place: Place) -> bool:
    lines = Path(place.file).read_text("utf-8").splitlines()
    return bool(lines[place.line - 1][place.column - 1 :].strip())
