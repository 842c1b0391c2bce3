"""How an application is created so that a repeat makes no twin. Pure data; must not send.

https://learn.microsoft.com/graph/api/application-post-applications and application-upsert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from provisioning.core.kind import Work
from provisioning.core.model import Value
from provisioning.core.request import Alternative, Answer, ErrorMatch, Read, Request
from provisioning.kinds import marks, query, wire
from provisioning.kinds.application import patches
from provisioning.kinds.application.entitlements import Patch, Phase

UPSERT: Final = (("Prefer", "create-if-missing"),)
HOLDER_SECONDS: Final = 60.0
"""The holder of an identifier URI may live in another tenant and never show."""

_NO_UPSERT: Final = ErrorMatch(status=(404, 405, 501))


def create(work: Work) -> tuple[Request, ...]:
    """Return the writes that create an application, and the ways around their known refusals."""
    patch = work.patch
    first, later = patches.split(work, patch)
    body = patches.nest(first)
    found = _found(work, patch, later)
    post = Request(
        "POST",
        "/applications",
        body=body,
        captures=True,
        transient=wire.CONCURRENCY,
        alternatives=(*found, _refused(work, body, found)),
        paced=patches.paced(work),
    )
    return (post, *patches.phased(work, patches.own_path(work), (Phase(_with_api(later, patch)),)))


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
        then=patches.phased(work, patches.own_path(work), (Phase(first),)),
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
        patience=HOLDER_SECONDS,
        lookup=(*taken.lookup, *holders),
        otherwise=(
            "An identifier URI of the manifest is held by an application without our mark: take "
            "it over with `adopt: {identifierUri: …}`, or write another URI."
        ),
    )
    return (taken, claimed)


def _refused(work: Work, body: Value, found: tuple[Alternative, ...]) -> Alternative:
    """Where a create takes no uniqueName: upsert by it, else create without and name it after.

    The name in the URL keeps a repeat from making two, but it would as well change an application
    that took the name since the plan was made: a fresh look-up comes first. Where none of it is
    taken, our tags alone identify the application.
    """
    plain = {k: v for k, v in body.items() if k != "uniqueName"} if isinstance(body, dict) else body
    create = Request(
        "POST",
        "/applications",
        body=plain,
        captures=True,
        repeatable=False,
        transient=wire.CONCURRENCY,
        paced=patches.paced(work),
    )
    name = Request(
        "PATCH",
        patches.own_path(work),
        body={"uniqueName": _unique_name(work)},
        transient=patches.LAG,
        tolerate=(wire.UNIQUE_NAME_REFUSED,),
        lock=work.step.address,
        paced=patches.paced(work),
    )
    upsert = replace(
        create,
        method="PATCH",
        path=_by_unique_name(work),
        headers=UPSERT,
        repeatable=True,
        then=partial(_read_back, work),
        alternatives=(
            *found,
            Alternative(wire.UNIQUE_NAME_REFUSED, then=(create, name)),
            Alternative(_NO_UPSERT, then=(create, name)),
        ),
    )
    taken, _ = found
    (holder,) = taken.lookup
    return replace(
        taken,
        when=wire.UNIQUE_NAME_REFUSED,
        lookup=(replace(holder, tolerate=(wire.KEY_REFUSED,)),),
        absent=(upsert,),
    )


def _read_back(work: Work, answer: Answer) -> tuple[Request, ...]:
    """Read what a repeated upsert found to be there: 204 tells no ids."""
    if answer.object:
        return ()
    path = _by_unique_name(work, ("id", "appId", "createdDateTime", "tags"))
    return (Request("GET", path, captures=True, transient=patches.LAG),)


def _with_api(later: Patch, patch: Mapping[str, Value]) -> Patch:
    """Send `api` whole: whether its parts are merged or replaced is reported both ways."""
    touched = any(path.startswith("api.") for path in later)
    return {**(patches.api(patch) if touched else {}), **later}


def _unique_name(work: Work) -> str:
    return str(work.patch.get("uniqueName", ""))


def _by_unique_name(work: Work, select: tuple[str, ...] = ()) -> str:
    path = query.by_key("applications", "uniqueName", _unique_name(work), select)
    return path if select else path.partition("?")[0]
