"""User attribute: what user flows ask about users beyond the built-in attributes.

https://learn.microsoft.com/graph/api/resources/identityuserflowattribute. The service derives the
id from the name and the extensions application; only the description can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from provisioning.core.kind import Compare, Field, Kind, Matched, View, Work
from provisioning.core.model import Json
from provisioning.core.paths import nest
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, Read, Request
from provisioning.kinds import claims, granted, known, query, trust_framework, wire
from provisioning.kinds.sections import user_attributes as section

FIELDS: Final = (
    Field("displayName", immutable=True),
    Field("dataType", Compare.IGNORE_CASE, immutable=True),
    Field("description"),
)
_PATH: Final = "/identity/userFlowAttributes"
_LIST: Final = Read("identity:userFlowAttributes", _PATH, many=True)


def reads(view: View) -> Iterable[Read]:
    """Ask for all attributes: a tenant has a few dozen at most."""
    if view.desired or claims.claimed(view, KIND.name):
        yield _LIST


def match(view: View) -> Matched:
    """A custom attribute has its name; ours is what the ledger claims."""
    answer = view.answers.get(_LIST.key)
    custom: dict[str, Mapping[str, Json]] = {
        known.text(item, "displayName").casefold(): item
        for item in (answer.items if answer else ())
        if known.text(item, "userFlowAttributeType").casefold() == "custom"
    }
    return Matched(
        tuple(
            claims.live(view, address, custom[address.key.casefold()])
            for address in claims.addresses(view, KIND.name)
            if address.key.casefold() in custom
        )
    )


def requests(work: Work) -> tuple[Request, ...]:
    """Create under its name, change the description, delete."""
    path = _PATH if work.live is None else query.below(f"{_PATH}/", work.live.body["id"], "")  # type: ignore[arg-type]
    body = nest(work.patch)
    match work.step.action:
        case Action.CREATE:
            return (_create(work),)
        case Action.UPDATE:
            return (Request("PATCH", path, body=body),)  # type: ignore[arg-type]
        case Action.REPLACE:
            return (Request("DELETE", path, tolerate=(wire.NOT_FOUND,)), _create(work))
        case Action.DELETE:
            return (claims.released(work, Request("DELETE", path)),)
        case _:
            return ()


def _create(work: Work) -> Request:
    assert work.desired is not None
    name = work.desired.body["displayName"]
    there = Alternative(
        when=trust_framework.ATTRIBUTE_EXISTS,
        lookup=(_LIST,),
        proof=(("displayName", name),),
        otherwise=f"Another attribute uses the name {name}.",
    )
    body = dict(work.desired.body)
    return Request("POST", _PATH, body=body, captures=True, alternatives=(there,))


KIND = Kind(
    name="user_attribute",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    requests=requests,
    read_permissions=(granted.READ_USER_FLOWS, granted.READ_APPLICATIONS),
    write_permissions=(granted.WRITE_USER_FLOWS, granted.WRITE_APPLICATIONS),
    prunable=True,
)
