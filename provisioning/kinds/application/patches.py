"""Fields of an application -> PATCH requests. Pure data; must not send.

https://learn.microsoft.com/graph/api/application-update
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.core import paths, refs
from provisioning.core.kind import Work
from provisioning.core.model import Ref, Template, Value
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Request, Wait
from provisioning.kinds import known, wire
from provisioning.kinds.application import fields
from provisioning.kinds.application.entitlements import Patch, Phase

LAG: Final = (*wire.APPLICATION_LAG, wire.SCOPE_NOT_STORED, wire.STILL_ENABLED)
"""What a write to a young application may meet."""


def split(work: Work, patch: Mapping[str, Value]) -> tuple[Patch, Patch]:
    """Divide the fields into those for the first write and those that must come after it."""
    first: dict[str, Value] = {}
    later: dict[str, Value] = {}
    creates = work.step.action is Action.CREATE
    for path, value in patch.items():
        named = {ref.address for ref in refs.find(value)}
        circular = bool(named & work.circular) or work.step.address in named
        early = creates and path == fields.PRE_AUTHORIZED and value
        # Under Application.ReadWrite.OwnedBy acceptMappedClaims can't be set while creating.
        mapped = creates and path == "api.acceptMappedClaims" and value
        (later if circular or early or mapped else first)[path] = value
    if creates and not first.get("api.acceptMappedClaims", True):
        del first["api.acceptMappedClaims"]
    return first, later


def phased(work: Work, path: str | Template, phases: tuple[Phase, ...]) -> tuple[Request, ...]:
    """One PATCH for each phase that holds something; waits where entries were disabled."""
    return tuple(_patch(work, path, phase) for phase in phases if phase.patch)


def _patch(work: Work, path: str | Template, phase: Phase) -> Request:
    ways = tuple(_patch(work, path, other) for other in phase.otherwise)
    return Request(
        "PATCH",
        path,
        body=nest(phase.patch),
        wait=_shown(path, phase),
        transient=(*wire.APPLICATION_LAG, wire.SCOPE_NOT_STORED) if ways else LAG,
        alternatives=(Alternative(wire.STILL_ENABLED, then=ways),) if ways else (),
        lock=work.step.address,
        paced=paced(work),
    )


def _shown(path: str | Template, phase: Phase) -> Wait | None:
    """Wait until a read shows the entries disabled that the next write removes."""
    if not phase.disabled or isinstance(path, Template):
        return None
    expect = tuple((entry, False) for entry in phase.disabled)
    return Wait(f"{path}?$select=api,appRoles", expect)


def api(patch: Mapping[str, Value]) -> Patch:
    """Return the fields below `api`."""
    return {path: value for path, value in patch.items() if path.startswith("api.")}


def own_path(work: Work) -> Template:
    """Spell the path of the application of a step, whose id the step itself may bring."""
    return Template(("/applications/", Ref(work.step.address, "id")))


def paced(work: Work) -> bool:
    """Whether the step's writes are throttled as those of a personal-account application."""
    return known.is_personal(work, work.step.address)


def nest(patch: Mapping[str, Value]) -> Value:
    """Turn field paths into a body."""
    return paths.nest(patch)  # type: ignore[return-value]
