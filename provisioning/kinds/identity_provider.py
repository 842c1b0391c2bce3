"""Identity provider: who else signs users in, through user flows.

https://learn.microsoft.com/graph/api/resources/identityproviderbase; OpenID Connect ones are shown
under beta alone, so all are read there. A secret is answered as asterisks: it is sent when the
provider is made and when `version` rises above what the ledger recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from provisioning.core.kind import Field, Kind, Matched, View, Work
from provisioning.core.model import Address, Desired, Json, Value
from provisioning.core.paths import nest
from provisioning.core.plan import Action
from provisioning.core.request import Alternative, ErrorMatch, Read, Request
from provisioning.kinds import claims, granted, known, query, trust_framework, wire
from provisioning.kinds.key_rotation import FIRST_VERSION
from provisioning.kinds.sections import identity_providers as section

FIELDS: Final = (
    Field("type", immutable=True),
    Field("identityProviderType", immutable=True),
    Field("displayName"),
    Field("clientId"),
    Field("clientSecret", write_only=True),
    Field("metadataUrl"),
    Field("scope"),
    Field("responseMode"),
    Field("responseType"),
    Field("domainHint"),
    Field("claimsMapping"),
    Field("developerId"),
    Field("serviceId"),
    Field("keyId"),
    Field("certificateData", write_only=True),
    Field("version"),
)
_PATH: Final = "/identity/identityProviders"
_LIST: Final = Read("identity:identityProviders", _PATH, version=trust_framework.BETA, many=True)
_TYPE: Final = "#microsoft.graph."
_OURS: Final = ("type", "version")
"""What the manifest says and Graph does not know."""
_EXISTS: Final = ErrorMatch(status=(400, 409), message=r"already exists")


def reads(view: View) -> Iterable[Read]:
    """Ask for all identity providers: a tenant has a few."""
    if view.desired or claims.claimed(view, KIND.name):
        yield _LIST


def match(view: View) -> Matched:
    """Match by the recorded id, else by network, Apple, or the name of an OpenID provider."""
    answer = view.answers.get(_LIST.key)
    listed = [_readable(item) for item in (answer.items if answer else ())]
    objects = []
    for address, desired in _addresses(view):
        recorded = claims.identity(view, address)
        found = [item for item in listed if recorded and item.get("id") == recorded]
        found = found or [item for item in listed if desired and _is_same(desired, item)]
        if len(found) == 1:
            objects.append(claims.live(view, address, _versioned(view, address, found[0])))
    return Matched(tuple(objects))


def requests(work: Work) -> tuple[Request, ...]:
    """Create and record the id, change in place, delete."""
    match work.step.action:
        case Action.CREATE:
            return _create(work)
        case Action.UPDATE:
            return _update(work)
        case Action.REPLACE:
            return (_delete(work), *_create(work))
        case Action.DELETE:
            return (claims.released(work, _delete(work)),)
        case _:
            return ()


def _create(work: Work) -> tuple[Request, ...]:
    assert work.desired is not None
    sort = work.desired.settings["type"]
    body = {"@odata.type": f"{_TYPE}{sort}", **_of_graph(work.desired.body)}
    named = ("displayName", "clientId")
    proof = tuple((name, body[name]) for name in named if name in body)
    there = Alternative(
        when=_EXISTS,
        lookup=(_LIST,),
        proof=proof,
        otherwise="Another identity provider of this kind is in the tenant.",
        patience=60.0,
    )
    post = Request(
        "POST",
        _PATH,
        version=trust_framework.BETA,
        body=body,
        # A second one of the same name would be another provider.
        repeatable=sort != "openIdConnectIdentityProvider",
        captures=True,
        alternatives=(there,),
    )
    return (post, claims.note_identity(work), *_noted(work))


def _update(work: Work) -> tuple[Request, ...]:
    assert work.desired is not None
    secret = section.SECRETS[str(work.desired.settings["type"])]
    changed = {name: value for name, value in work.patch.items() if name not in _OURS}
    if "version" in work.patch and secret in work.desired.body:
        changed[secret] = work.desired.body[secret]
    body = {"@odata.type": f"{_TYPE}{work.desired.settings['type']}", **nest(changed)}
    patch = Request("PATCH", _path(work), version=trust_framework.BETA, body=body)  # type: ignore[arg-type]
    return (patch, *_noted(work))


def _noted(work: Work) -> tuple[Request, ...]:
    version = work.desired.body.get("version") if work.desired is not None else None
    if not isinstance(version, int) or claims.version(work, work.step.address) == version:
        return ()
    return (claims.note_version(work, version),)


def _delete(work: Work) -> Request:
    return Request(
        "DELETE",
        _path(work),
        version=trust_framework.BETA,
        tolerate=(wire.NOT_FOUND, *trust_framework.NOT_THERE),
    )


def _path(work: Work) -> str:
    identity = known.text(work.live.body, "id") if work.live is not None else ""
    return str(query.below(f"{_PATH}/", identity, ""))


def _of_graph(body: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in body.items() if name not in _OURS}


def _readable(item: Mapping[str, Json]) -> dict[str, Json]:
    """Bring an answer into the manifest's shape, without its asterisks."""
    hidden = {"@odata.type", "@odata.context", *section.SECRETS.values()}
    body = {name: value for name, value in item.items() if name not in hidden}
    mapping = body.get("claimsMapping")
    if isinstance(mapping, dict):
        body["claimsMapping"] = {k: v for k, v in mapping.items() if not k.startswith("@")}
    return {**body, "type": known.text(item, "@odata.type").removeprefix(_TYPE)}


def _versioned(view: View, address: Address, item: dict[str, Json]) -> dict[str, Json]:
    """Add the version that was sent last; what somebody else made counts as the first."""
    recorded = claims.version(view, address)
    if recorded is None and not claims.is_claimed(view, address):
        recorded = FIRST_VERSION
    return {**item, "version": recorded}


def _is_same(desired: Desired, item: Mapping[str, Json]) -> bool:
    if known.text(item, "type") != desired.settings.get("type"):
        return False
    match desired.settings.get("type"):
        case "socialIdentityProvider":
            names: tuple[str, ...] = ("identityProviderType",)
        case "openIdConnectIdentityProvider":
            names = ("displayName",)
        case _:
            names = ()
    return all(
        known.text(item, name).casefold() == known.text(desired.body, name).casefold()
        for name in names
    )


def _addresses(view: View) -> Iterable[tuple[Address, Desired | None]]:
    yield from ((desired.address, desired) for desired in view.desired)
    for address in claims.claimed(view, KIND.name):
        if address not in view.wanted:
            yield address, None


KIND = Kind(
    name="identity_provider",
    fields=FIELDS,
    sections=section.SECTIONS,
    desire=section.desire,
    reads=reads,
    match=match,
    requests=requests,
    read_permissions=(granted.READ_IDENTITY_PROVIDERS, granted.READ_APPLICATIONS),
    write_permissions=(granted.WRITE_IDENTITY_PROVIDERS, granted.WRITE_APPLICATIONS),
    prunable=True,
)
