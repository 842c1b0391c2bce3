"""A step on an application -> the writes that carry it out. Pure data; must not send.

https://learn.microsoft.com/graph/api/application-post-applications, -update, -upsert, -delete and
directory-deleteditems-restore. Why one step may need several writes:

- what names the application's own appId, or closes a circle, waits until it exists;
- a pre-authorization names scopes that must be stored already;
- a scope or role can be removed only after a read shows it disabled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioning.core import paths, refs
from provisioning.core.kind import Work
from provisioning.core.model import Ref, Template, Value
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, ErrorMatch, Read, Request, Wait
from provisioning.kinds import known, marks, query, wire
from provisioning.kinds.application import entitlements, fields
from provisioning.kinds.application.entitlements import Patch, Phase

UPSERT: Final = (("Prefer", "create-if-missing"),)
LAG: Final = (*wire.APPLICATION_LAG, wire.SCOPE_NOT_STORED, wire.STILL_ENABLED)


def requests(work: Work) -> tuple[Request, ...]:
    """Return the writes of a step, in order."""
    match work.step.action:
        case Action.CREATE if work.live is not None and work.live.deleted:
            return (_purge(work), *_create(work))
        case Action.CREATE:
            return _create(work)
        case Action.RESTORE:
            return (_restore(work), *_update(work))
        case Action.UPDATE:
            return _update(work)
        case Action.DELETE:
            return (_delete(work),)
        case _:
            return ()


def _create(work: Work) -> tuple[Request, ...]:
    patch = _fresh(work)
    first, later = _split(work, patch)
    body = _nest(first)
    post = Request(
        "POST",
        "/applications",
        body=body,
        captures=True,
        transient=wire.CONCURRENCY,
        alternatives=(*_found(work, patch, later), _refused(work, body)),
        paced=_paced(work),
    )
    return (post, *_patches(work, _own(work), (Phase(_with_api(later, patch)),)))


def _fresh(work: Work) -> Mapping[str, Value]:
    """What a new application is made of: secrets of a purged holder are gone, so are their tags."""
    tags = work.patch.get("tags")
    if not isinstance(tags, list):
        return work.patch
    kept: list[Value] = [tag for tag in tags if not str(tag).startswith(marks.STORED)]
    return {**work.patch, "tags": kept}


def _split(work: Work, patch: Mapping[str, Value]) -> tuple[Patch, Patch]:
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


def _found(work: Work, patch: Mapping[str, Value], later: Patch) -> tuple[Alternative, ...]:
    """Go on with what an earlier, lost create of ours has made.

    Graph may complain of the identifier URI before it complains of the uniqueName.
    """
    select = ("id", "appId", "tags")
    first = {path: value for path, value in patch.items() if path not in {"uniqueName", *later}}
    taken = Alternative(
        when=wire.UNIQUE_NAME_TAKEN,
        lookup=(Read("uniqueName", _by_unique_name(work, select)),),
        proof=(("tags", marks.created(work.owner.name, work.step.address.key)),),
        then=_patches(work, _own(work), (Phase(first),)),
        otherwise=(
            f"The uniqueName {_unique_name(work)} is held by an application without our mark: "
            "take it over with `adopt`, or write another `uniqueName`. A soft-deleted holder is "
            f"opened with --allow restore={work.step.address} or purge={work.step.address}."
        ),
    )
    uris = patch.get("identifierUris")
    holders = tuple(
        Read(uri, query.containing("applications", "identifierUris", uri, select), many=True)
        for uri in (uris if isinstance(uris, list) else [])
        if isinstance(uri, str)
    )
    claimed = replace(
        taken,
        when=wire.IDENTIFIER_URI_TAKEN,
        patience=60.0,
        lookup=(*taken.lookup, *holders),
        otherwise=(
            "An identifier URI of the manifest is held by an application without our mark: take "
            "it over with `adopt: {identifierUri: …}`, or write another URI."
        ),
    )
    return (taken, claimed)


def _refused(work: Work, body: Value) -> Alternative:
    """Where a create takes no uniqueName: upsert by it, else create without and name it after.

    The plan found no holder of the name, and the name in the URL keeps a repeat from making two.
    Where none of it is taken, our tags alone identify the application.
    """
    plain = {k: v for k, v in body.items() if k != "uniqueName"} if isinstance(body, dict) else body
    create = Request(
        "POST",
        "/applications",
        body=plain,
        captures=True,
        repeatable=False,
        transient=wire.CONCURRENCY,
        paced=_paced(work),
    )
    name = Request(
        "PATCH",
        _own(work),
        body={"uniqueName": _unique_name(work)},
        transient=LAG,
        tolerate=(wire.UNIQUE_NAME_REFUSED,),
        lock=work.step.address,
        paced=_paced(work),
    )
    upsert = replace(
        create,
        method="PATCH",
        path=_by_unique_name(work),
        headers=UPSERT,
        repeatable=True,
        alternatives=tuple(
            Alternative(when, then=(create, name))
            for when in (wire.UNIQUE_NAME_REFUSED, _NO_UPSERT)
        ),
    )
    return Alternative(when=wire.UNIQUE_NAME_REFUSED, then=(upsert,))


_NO_UPSERT: Final = ErrorMatch(status=(404, 405, 501))


def _update(work: Work) -> tuple[Request, ...]:
    live = work.live
    if live is None or not work.patch:
        return ()
    first, later = _split(work, work.patch)
    if later and any(path.startswith("api.") for path in later):
        later = entitlements.whole_api(live.body, {**_api(first), **later})
    phases = (*entitlements.phases(live.body, first), Phase(later))
    return _patches(work, f"/applications/{live.body['id']}", phases)


def _patches(work: Work, path: str | Template, phases: tuple[Phase, ...]) -> tuple[Request, ...]:
    """One PATCH for each phase that holds something; waits where entries were disabled."""
    return tuple(_patch(work, path, phase) for phase in phases if phase.patch)


def _patch(work: Work, path: str | Template, phase: Phase) -> Request:
    # The ways around run while the write that was refused holds the lock.
    ways = tuple(replace(_patch(work, path, other), lock=None) for other in phase.otherwise)
    return Request(
        "PATCH",
        path,
        body=_nest(phase.patch),
        wait=_shown(path, phase),
        transient=(*wire.APPLICATION_LAG, wire.SCOPE_NOT_STORED) if ways else LAG,
        alternatives=(Alternative(wire.STILL_ENABLED, then=ways),) if ways else (),
        lock=work.step.address,
        paced=_paced(work),
    )


def _shown(path: str | Template, phase: Phase) -> Wait | None:
    """Wait until a read shows the entries disabled that the next write removes."""
    if not phase.disabled or isinstance(path, Template):
        return None
    expect = tuple((entry, False) for entry in phase.disabled)
    return Wait(f"{path}?$select=api,appRoles", expect)


def _with_api(later: Patch, patch: Mapping[str, Value]) -> Patch:
    """Send `api` whole: whether its parts are merged or replaced is reported both ways."""
    touched = any(path.startswith("api.") for path in later)
    return {**(_api(patch) if touched else {}), **later}


def _api(patch: Mapping[str, Value]) -> Patch:
    return {path: value for path, value in patch.items() if path.startswith("api.")}


def _restore(work: Work) -> Request:
    identity = work.live.body["id"] if work.live else ""
    path = f"/directory/deletedItems/{identity}/restore"
    return Request("POST", path, captures=True, paced=_paced(work))


def _purge(work: Work) -> Request:
    identity = work.live.body["id"] if work.live else ""
    path = f"/directory/deletedItems/{identity}"
    return Request("DELETE", path, tolerate=(wire.NOT_FOUND,), paced=_paced(work))


def _delete(work: Work) -> Request:
    identity = work.live.body["id"] if work.live else ""
    return Request(
        "DELETE",
        f"/applications/{identity}",
        tolerate=(wire.NOT_FOUND,),
        lock=work.step.address,
        paced=_paced(work),
    )


def _own(work: Work) -> Template:
    return Template(("/applications/", Ref(work.step.address, "id")))


def _unique_name(work: Work) -> str:
    return str(work.patch.get("uniqueName", ""))


def _by_unique_name(work: Work, select: tuple[str, ...] = ()) -> str:
    path = query.by_key("applications", "uniqueName", _unique_name(work), select)
    return path if select else path.partition("?")[0]


def _paced(work: Work) -> bool:
    return known.is_personal(work, work.step.address)


def _nest(patch: Mapping[str, Value]) -> Value:
    return paths.nest(patch)  # type: ignore[return-value]
