"""Fixtures that every folder may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World

from provisioning.sandbox import Options


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
