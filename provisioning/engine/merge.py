"""Merging entries into a collection that has no ETag (`tags`, `keyCredentials`). Only reads."""

from __future__ import annotations

from provisioning.core import paths, refs
from provisioning.core.diff import canonical
from provisioning.core.model import Value
from provisioning.core.request import Append, Read, Request
from provisioning.engine.knowledge import Knowledge
from provisioning.engine.patience import visible
from provisioning.engine.run import Run


async def merged(
    run: Run, knowledge: Knowledge, request: Request, append: Append
) -> list[Value] | None:
    """Return the whole collection to send, or None when it is so already.

    A read that lags behind is helped by what this run has sent before.
    """
    path = knowledge.text(request.path)
    add, drop = knowledge.merged.setdefault((path, append.field), ([], []))
    add.extend(refs.resolve(value, knowledge.known) for value in append.add)
    drop.extend(refs.resolve(value, knowledge.known) for value in append.drop)
    read = Read(f"{path}#{append.field}", f"{path}?$select={append.field}", request.version)
    now = paths.select((await visible(run, read)).object, append.field)
    current = list(now) if isinstance(now, list) else []
    after = _merge(current, add, drop, append.key)
    return None if list(map(canonical, after)) == list(map(canonical, current)) else after


def _merge(current: list[Value], add: list[Value], drop: list[Value], key: str) -> list[Value]:
    def name(value: Value) -> str:
        return canonical(value.get(key) if key and isinstance(value, dict) else value)

    gone = {name(value) for value in drop}
    kept = {name(value): value for value in current if name(value) not in gone}
    for value in add:
        if name(value) not in gone:
            kept.setdefault(name(value), value)
    return list(kept.values())
