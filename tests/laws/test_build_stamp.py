"""With a build stamp in its tokens, a policy set proves which build of it answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from proving import Stage, staged
from world import World

from provisioning.sandbox import Options
from provisioning.signin.checks import Outcome

STAMPED = ("  files: [policies/*.xml]", "  files: [policies/*.xml]\n  overlays: [build-stamp]")
WORDS = ("The password is wrong.", "That password is wrong.")


@pytest.fixture
def options() -> Options:
    return Options(visible_after_token_requests=4)


async def stamped(world: World) -> Stage:
    """Stamp and apply; the sandbox's caches have caught up with it."""
    stage = await staged(world, "ropc-custom-policy")
    stage.wanted = await stage.edited(STAMPED)
    (result,) = await stage.verify(stage.wanted, patience=300.0)
    assert result.passed
    return stage


async def test_the_manifests_own_build_is_proven_by_the_token(world: World) -> None:
    stage = await stamped(world)
    (result,) = await stage.verify(stage.wanted)
    assert result.summary == "sign-in works; policy version proven"
    shown = {token.token: token.claims["policySetDigest"] for token in result.claims}
    assert len(set(shown.values())) == 1
    assert len(str(shown["id_token"])) == 64


async def test_a_cached_policy_is_waited_for_within_the_deadline(world: World) -> None:
    stage = await stamped(world)
    wanted = await stage.edited(WORDS)
    (at_once,) = await stage.verify(wanted)
    assert at_once.outcome is Outcome.FAILED
    assert at_once.diagnosis is not None
    assert at_once.diagnosis.cause == "old-policy-version"
    assert Path(str(at_once.findings[0].place)).name.startswith("ROPC_Auth.xml:")
    (patient,) = await stage.verify(wanted, patience=300.0)
    assert patient.summary == "sign-in works; policy version proven"
    assert patient.attempts > 1


async def test_a_build_that_never_comes_is_not_yet_and_the_difference_is_named(
    world: World,
) -> None:
    stage = await stamped(world)
    former = await stage.policy("B2C_1A_ROPC_Auth")
    wanted = await stage.edited(WORDS)
    assert await stage.upload("B2C_1A_ROPC_Auth", former) < 400
    (result,) = await stage.verify(wanted, patience=30.0)
    assert result.outcome is Outcome.NOT_YET
    first = result.findings[0]
    assert first.rule == "tenant-differs"
    assert "policySetDigest" in first.message
    assert first.remedy == "run apply"
