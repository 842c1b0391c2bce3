"""Tenants dealt out to jobs that run side by side. Pure.

Every tenant ranks the shards by a hash of both names and takes the first that is not full
(rendezvous hashing, https://en.wikipedia.org/wiki/Rendezvous_hashing, with bounded loads). So the
shards differ by one tenant at the most, and a tenant that is added moves few of the others: the
logs and caches of a shard stay with its tenants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

MOST: Final = 256
"""Jobs that GitHub Actions makes of one matrix.
https://docs.github.com/actions/reference/limits"""


def shards(names: Iterable[str], count: int) -> tuple[tuple[str, ...], ...]:
    """Deal `names` out to `count` shards; each keeps them in the given order.

    Every name is in one shard, and the sizes differ by one at the most, so some are empty when
    there are fewer names than shards. Raises ValueError for a count that is none or above MOST,
    and for a name that is given twice.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"{count} shards: a matrix has 1 to {MOST}")
    listed = tuple(names)
    order = {name: at for at, name in enumerate(listed)}
    if len(order) < len(listed):
        raise ValueError("a tenant is given twice")
    least, larger = divmod(len(order), count)
    dealt: list[list[str]] = [[] for _ in range(count)]
    full = 0
    for name in sorted(order, key=lambda name: _hash(name, "")):
        for shard in _ranked(name, count):
            if len(dealt[shard]) < least or (len(dealt[shard]) == least and full < larger):
                full += len(dealt[shard]) == least
                dealt[shard].append(name)
                break
    return tuple(tuple(sorted(shard, key=order.__getitem__)) for shard in dealt)


def matrix(dealt: Sequence[Sequence[str]]) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of a workflow: `{"include": [{"shard": "1/4", "tenants": "a,b"}, …]}`.

    Empty shards are left out.
    """
    return {
        "include": [
            {"shard": f"{number}/{len(dealt)}", "tenants": ",".join(names)}
            for number, names in enumerate(dealt, 1)
            if names
        ]
    }


def _ranked(name: str, count: int) -> list[int]:
    return sorted(range(count), key=lambda shard: _hash(name, str(shard)))


def _hash(name: str, shard: str) -> bytes:
    return hashlib.sha256(f"{name}\n{shard}".encode()).digest()
