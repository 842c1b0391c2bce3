"""Fixtures that every folder may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from world import World

from provisioning.sandbox import Options

# A busy machine is no fault of a test: only what is found counts, not how long it took.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture
def options() -> Options:
    return Options()


@pytest.fixture
def world(tmp_path: Path, options: Options) -> Iterator[World]:
    made = World.fresh(tmp_path, options)
    try:
        yield made
    finally:
        made.box.close()
