"""`tenants shards`: the matrix of a workflow. Must not open a connection."""

from __future__ import annotations

import json

from provisioning.cli import fleet_session
from provisioning.cli.fleet_choice import Choice
from provisioning.cli.surface import Surface
from provisioning.tenants import rollout, selection, shards


def show(surface: Surface, choice: Choice, count: int) -> int:
    """Print the matrix on one line; a shard has its tenants ring by ring.

    An inventory without tenants makes a matrix without jobs, which a workflow has to skip.
    """
    known = fleet_session.load(surface, choice.inventory)
    chosen = known.tenants
    if not choice.every:
        chosen = selection.select(known, names=choice.names, rings=choice.rings)
    names = (e.name for wave in rollout.waves(known.rings, chosen) for e in wave.entries)
    surface.document(json.dumps(shards.matrix(shards.shards(names, count))) + "\n")
    return 0
