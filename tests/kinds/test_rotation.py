"""When a client secret is made, made anew, and retired."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from provisioning.core.model import Address, Desired, Json, Place
from provisioning.kinds import rotation

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def secret(key_id: str, start: str, end: str) -> dict[str, Json]:
    return {
        "keyId": key_id,
        "displayName": "main",
        "startDateTime": f"{start}T00:00:00Z",
        "endDateTime": f"{end}T00:00:00.1234567Z",
    }


def desired(**settings: str) -> Desired:
    return Desired(
        Address("application_password", "app.main"),
        {"displayName": "main"},
        Place("manifest.yaml", 1, 1),
        {"lifetime": "P180D", **settings},
    )


ROTATING = desired(rotateBefore="P30D", overlap="P7D")
FRESH = secret("fresh", "2026-05-20", "2026-11-20")
YOUNG = secret("young", "2026-05-30", "2026-11-30")
ENDING = secret("ending", "2026-01-01", "2026-06-20")
ENDED = secret("ended", "2025-01-01", "2025-06-20")


@pytest.mark.parametrize(
    ("candidates", "delivered", "adopted", "does", "removed"),
    [
        pytest.param((), (), False, "make", (), id="none"),
        pytest.param((FRESH,), ("fresh",), False, "", (), id="in time"),
        pytest.param((FRESH,), (), False, "make", ("fresh",), id="never delivered"),
        pytest.param((ENDING,), ("ending",), False, "rotate", (), id="about to end"),
        pytest.param((ENDED,), ("ended",), False, "rotate", (), id="ended"),
        pytest.param((ENDING, YOUNG), ("ending", "young"), False, "", (), id="overlap goes on"),
        pytest.param(
            (ENDING, FRESH),
            ("ending", "fresh"),
            False,
            "",
            ("ending",),
            id="overlap is over",
        ),
        pytest.param((FRESH, YOUNG), ("fresh",), False, "", ("young",), id="a twin was lost"),
        pytest.param((FRESH,), (), True, "", (), id="adopted counts as delivered"),
        pytest.param((ENDING,), (), True, "rotate", (), id="adopted rotates"),
        pytest.param((ENDING, FRESH), (), True, "", (), id="adopted is never removed"),
    ],
)
def test_the_decision(
    candidates: tuple[dict[str, Json], ...],
    delivered: tuple[str, ...],
    adopted: bool,
    does: str,
    removed: tuple[str, ...],
) -> None:
    decision = rotation.decide(ROTATING, candidates, delivered=delivered, adopted=adopted, now=NOW)
    assert decision.add is bool(does)
    assert decision.rotates is (does == "rotate")
    assert tuple(rotation.key_id(item) for item in decision.removed) == removed


def test_without_rotate_before_nothing_is_made_anew() -> None:
    decision = rotation.decide(desired(), [ENDED], delivered=["ended"], adopted=False, now=NOW)
    assert decision == rotation.Decision(newest=ENDED)


def test_without_an_overlap_older_secrets_live_till_their_end() -> None:
    decision = rotation.decide(
        desired(rotateBefore="P30D"),
        [ENDING, FRESH],
        delivered=["ending", "fresh"],
        adopted=False,
        now=NOW,
    )
    assert decision.removed == ()
