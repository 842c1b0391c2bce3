"""User flow: a sign-in that the service runs by itself, with its attributes and languages.

https://learn.microsoft.com/graph/api/resources/b2cidentityuserflow (beta). Type and version can't
be changed. Creating the password grant's flow has been answered with AADB2C90063 again and again
(microsoft-graph-docs#10820); then the portal is the way, and the plan says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from provisioning.core import diff, paths, refs
from provisioning.core.diff import Difference
from provisioning.core.kind import Compare, Field, Kind, Matched, Proposal, View, Work
from provisioning.core.model import Desired, Json, LiveObject, Ref, Value
from provisioning.core.plan import Action, Change
from provisioning.core.refs import MISSING, Missing
from provisioning.core.request import Alternative, ErrorMatch, Read, Request
from provisioning.kinds import claims, granted, known, trust_framework, user_flow_parts, wire
from provisioning.kinds.sections import user_flows as section

FIELDS: Final = (
    Field("id", Compare.IGNORE_CASE, immutable=True),
    Field("userFlowType", Compare.IGNORE_CASE, immutable=True),
    Field("userFlowTypeVersion", immutable=True),
    Field("isLanguageCustomizationEnabled", null=False),
    Field("defaultLanguageTag"),
    Field("userAttributeAssignments", Compare.KEYED, key="id"),
    Field("userFlowIdentityProviders", Compare.SET),
    Field("languages", Compare.KEYED, key="id"),
)
TRIES: Final = 3
PORTAL: Final = (
    "https://portal.azure.com/#view/Microsoft_AAD_B2CAdmin/TenantManagementMenuBlade/~/overview"
)
_PATH: Final = "/identity/b2cUserFlows"
_LIST: Final = Read("identity:b2cUserFlows", _PATH, version=trust_framework.BETA, many=True)
_EXISTS: Final = ErrorMatch(status=(400, 409), message=r"already exists")


def reads(view: View) -> Iterable[Read]:
    """Ask for the flows, then for the declared parts of those that are there."""
    if not view.desired and not claims.claimed(view, KIND.name):
        return
    yield _LIST
    here = _listed(view)
    for desired in view.desired:
        item = here.get(desired.address.key.casefold())
        for part in user_flow_parts.PARTS if item is not None else ():
            if part in desired.body:
                yield user_flow_parts.read(part, path(known.text(item, "id")))  # type: ignore[arg-type]


def match(view: View) -> Matched:
    """A flow has its id; ours is what the ledger claims."""
    here = _listed(view)
    objects = []
    for address in claims.addresses(view, KIND.name):
        item = here.get(address.key.casefold())
        if item is not None:
            body = {**item, **user_flow_parts.shown(view, path(known.text(item, "id")))}
            objects.append(claims.live(view, address, body))
    return Matched(tuple(objects))


def propose(desired: Desired | None, live: LiveObject | None, view: View) -> Proposal | None:
    """Compare field by field; a flow that the service keeps refusing is a person's to make."""
    if desired is None:
        gone = Change("id", known.text(live.body, "id") if live else None, None)
        return Proposal(Action.DELETE, "not in the manifest", (gone,)) if live else None
    found = _difference(desired, live, view)
    if live is None:
        refused = claims.refused(view, desired.address, _what(desired))
        manual = _by_hand(desired) if refused else ""
        return Proposal(Action.CREATE, "not in the tenant", found.changes, manual)
    if not found.changes:
        return None
    action = Action.REPLACE if found.replace else Action.UPDATE
    return Proposal(action, "differs from the manifest", found.changes)


def requests(work: Work) -> tuple[Request, ...]:
    """Create with all parts, change what differs, delete."""
    if work.desired is None:
        return (claims.released(work, _delete(work)),)
    patch = _difference(work.desired, work.live, work).patch
    match work.step.action:
        case Action.CREATE:
            return (_create(work, work.desired, patch),)
        case Action.REPLACE:
            fresh = _difference(work.desired, None, work).patch
            return (_delete(work), _create(work, work.desired, fresh))
        case Action.UPDATE:
            return _change(work, work.desired, patch, work.live.body if work.live else {})
        case _:
            return ()


def path(flow: str) -> str:
    """Spell the path of a flow."""
    return f"{_PATH}/{quote(flow, safe='')}"


def _difference(desired: Desired, live: LiveObject | None, view: View | Work) -> Difference:
    """Compare as the planner does, with the ids that are known."""

    def lookup(ref: Ref) -> Json | Missing:
        thing = known.live(view, ref.address)
        found = MISSING if thing is None else paths.select(thing.body, ref.path)
        return MISSING if found is None or isinstance(found, Missing) else found  # type: ignore[return-value]

    body = {name: refs.resolve(value, lookup) for name, value in desired.body.items()}
    return diff.compare(FIELDS, replace(desired, body=body), live)


def _create(work: Work, desired: Desired, patch: Mapping[str, Value]) -> Request:
    """Create it, then its parts; the flow of the password grant gets three tries."""
    flow = str(desired.body["id"])
    made = ("id", "userFlowType", "userFlowTypeVersion")
    rest = _change(work, desired, {k: v for k, v in patch.items() if k not in made}, {})
    grant = desired.body["userFlowType"] == "resourceOwner"
    post = Request(
        "POST",
        _PATH,
        version=trust_framework.BETA,
        body={
            "id": trust_framework.without_prefix(flow, trust_framework.FLOW),
            "userFlowType": desired.body["userFlowType"],
            "userFlowTypeVersion": desired.body["userFlowTypeVersion"],
        },
        repeatable=not grant,
        captures=True,
        then=lambda _made: rest,
        alternatives=(
            Alternative(
                when=_EXISTS,
                lookup=(Read(flow, path(flow), version=trust_framework.BETA),),
                proof=(("id", flow),),
                then=rest,
                otherwise="Another user flow has this id.",
            ),
        ),
    )
    return _tried(work, desired, post) if grant else post


def _tried(work: Work, desired: Desired, post: Request) -> Request:
    """Try a create again while the service has a problem, and in the end leave it to a person."""
    tried = claims.note_refusal(work, _what(desired))
    for _ in range(TRIES):
        again = Alternative(when=trust_framework.SERVICE_PROBLEM, then=(tried,))
        tried = replace(post, alternatives=(*post.alternatives, again))
    return tried


def _change(
    work: Work, desired: Desired, patch: Mapping[str, Value], live: Mapping[str, Json]
) -> tuple[Request, ...]:
    home = path(known.text(live, "id") or str(desired.body["id"]))
    own = {name: patch[name] for name in patch if name not in user_flow_parts.PARTS}
    changed: Value = dict(own)
    switch = Request("PATCH", home, version=trust_framework.BETA, body=changed)
    parts = user_flow_parts.requests(home, patch, live, lock=work.step.address)
    # Languages are refused before language customization is on.
    return (*((switch,) if own else ()), *parts)


def _delete(work: Work) -> Request:
    flow = known.text(work.live.body, "id") if work.live is not None else work.step.address.key
    return Request(
        "DELETE",
        path(flow),
        version=trust_framework.BETA,
        tolerate=(wire.NOT_FOUND, *trust_framework.NOT_THERE),
    )


def _what(desired: Desired) -> str:
    return f"{desired.body['userFlowType']}-{desired.body['userFlowTypeVersion']}"


def _by_hand(desired: Desired) -> str:
    flow = str(desired.body["id"])
    name = trust_framework.without_prefix(flow, trust_framework.FLOW)
    return (
        f"Graph refuses to create it (AADB2C90063, {TRIES} tries). Create the user flow {name!r} "
        f"of type {desired.body['userFlowType']} in the portal, under User flows: {PORTAL}"
    )


def _listed(view: View) -> dict[str, dict[str, Json]]:
    answer = view.answers.get(_LIST.key)
    return {known.text(i, "id").casefold(): i for i in answer.items} if answer else {}


KIND = Kind(
    name="user_flow",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    propose=propose,
    requests=requests,
    read_permissions=(granted.READ_USER_FLOWS, granted.READ_APPLICATIONS),
    write_permissions=(granted.WRITE_USER_FLOWS, granted.WRITE_APPLICATIONS),
    prunable=True,
)
