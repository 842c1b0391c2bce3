"""`applications:`: the app registration itself, in Graph's shape, with its faults.

What hangs on it (service principal, grants, credentials, owners) is in modules of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from provisioning.core import paths
from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Place, TenantType, Value
from provisioning.core.refs import MISSING
from provisioning.kinds.sections import (
    adoption,
    audiences,
    clients,
    exposed,
    exposed_limits,
    identifier_uris,
    lifecycle,
    limits,
    permission_limits,
    permissions,
    portal_names,
    redirect_uris,
    shapes,
)
from provisioning.kinds.sections.application_model import Application, GraphProperties
from provisioning.kinds.sections.audiences import Audience
from provisioning.kinds.sections.limits import Subject
from provisioning.kinds.sections.shapes import Key

SECTIONS: Final = (
    Section(
        key="applications",
        annotation=dict[Key, Application] | None,
        description="App registrations by key: public clients, web applications, SPAs, APIs.",
    ),
)

CHILDREN: Final = ("permissions", "secrets", "certificates", "federatedCredentials", "owners")
"""Keys of an entry whose objects are kinds of their own."""
_DERIVED: Final = frozenset({"api.oauth2PermissionScopes", "appRoles"})


def desire(source: Source) -> Iterable[Desired]:
    """Yield `application.KEY` for every entry; reports every fault of the section."""
    applications = source.entries("applications")
    adoption.check(source, applications)
    subjects = {key: _subject(source, key, entry) for key, entry in applications.items()}
    identifier_uris.check_unique(subjects.values())
    for key, entry in applications.items():
        _check(subjects[key], entry)
        yield _desired(subjects[key], entry)


def audience(source: Source, key: str, entry: Any) -> Audience:
    """Return the limits that hold for an entry; the loosest when nobody knows its audience."""
    if entry.sign_in_audience is None and (
        entry.adopt is not None or source.doubtful("applications", key, "signInAudience")
    ):
        return audiences.WORK
    return audiences.of(entry.sign_in_audience or _default_audience(source))


def _check(subject: Subject, entry: Any) -> None:
    source, key = subject.source, subject.key
    if key == shapes.MICROSOFT_GRAPH:
        source.fault(
            "reserved-key",
            f"{key} is built in",
            "choose another key",
            *("applications", key),
        )
    if "displayName" not in subject.values and not source.doubtful(
        "applications", key, "displayName"
    ):
        source.fault(
            "missing-display-name",
            f"application {key} has no displayName",
            "write displayName: what users and administrators see",
            *("applications", key),
        )
    limits.check(subject)
    redirect_uris.check(subject)
    identifier_uris.check(subject)
    exposed_limits.check(subject, entry)
    clients.check(source, key, entry)
    permission_limits.check(source, key, entry)
    limits.check_size(subject, len(shapes.entries(entry, "secrets")))


def _desired(subject: Subject, entry: Any) -> Desired:
    source, key = subject.source, subject.key
    path = ("applications", key)
    defaults = [item for item in _defaults(source) if item not in subject.written]
    return Desired(
        address=Address("application", key),
        body=_body(subject.values),
        place=source.place(*path),
        settings={
            "key": key,
            "movedFrom": entry.moved_from,
            "adopt": entry.adopt.rung() if entry.adopt else None,
            "backfill": entry.adopt.backfill if entry.adopt else False,
            "derived": dict.fromkeys(_derived_ids(source.owner.name, key, entry), True),
            "defaulted": [*defaults],
            "declared": [item for item in CHILDREN if shapes.given(entry, item) is not MISSING],
        },
        lifecycle=lifecycle.read(source, entry.lifecycle, _properties(), *path),
        places=_places(subject, entry),
    )


def _places(subject: Subject, entry: Any) -> dict[str, Place]:
    """Where properties stand by Graph path, and permissions by name."""
    source = subject.source
    named = (one.places for one in permissions.wanted(source, subject.key, entry))
    return {
        **{name: place for places in named for name, place in places.items()},
        **{name: source.place(*where) for name, where in subject.written.items()},
    }


def _body(values: Mapping[str, Value]) -> dict[str, Value]:
    body: Any = paths.nest(values)
    return dict(body)


def _derived_ids(owner: str, key: str, entry: Any) -> Iterator[str]:
    for name, one in (exposed.scopes(entry) or {}).items():
        if one.id is None:
            yield str(exposed.derived_id(owner, key, "scope", name))
    for name, role in (exposed.roles(entry) or {}).items():
        if role.id is None:
            yield str(exposed.derived_id(owner, key, "role", name))


def _subject(source: Source, key: str, entry: Any) -> Subject:
    """Collect every property from whichever spelling; two spellings at once are a fault."""
    values: dict[str, Value] = {}
    written: dict[str, tuple[str | int, ...]] = {}
    for path, spelling, value in _properties_of(source, key, entry):
        here = ("applications", key, *spelling.split("."))
        if path in written:
            first = ".".join(str(part) for part in written[path][2:])
            source.fault(
                "two-spellings",
                f"{first} and {spelling} are the same property",
                "keep one of them",
                *here,
            )
            continue
        values[path], written[path] = value, here
    for path, value in _defaults(source).items():
        values.setdefault(path, value)
    values["uniqueName"] = adoption.unique_name(source, key, entry)
    return Subject(source, key, audience(source, key, entry), values, written)


def _properties_of(source: Source, key: str, entry: Any) -> Iterator[tuple[str, str, Value]]:
    """Yield (Graph path, spelling, value) for all that the manifest says of an application."""
    owner = source.owner.name
    for path, value in shapes.leaves(entry, GraphProperties.model_fields.__contains__):
        if path == "appRoles":
            roles = (exposed.roles(entry) or {}).items()
            yield path, path, [exposed.role_body(owner, key, name, role) for name, role in roles]
        elif path == "api.oauth2PermissionScopes":
            yield path, path, _listed(owner, key, value)
        elif not (isinstance(dumped := shapes.dump(value), dict) and not dumped):
            yield path, path, dumped
    if "scopes" in entry.model_fields_set:
        scopes = (entry.scopes or {}).items()
        yield (
            "api.oauth2PermissionScopes",
            "scopes",
            [exposed.scope_body(owner, key, name, scope) for name, scope in scopes],
        )
    if "oauth2_permissions" in entry.model_fields_set:
        listed = _listed(owner, key, entry.oauth2_permissions)
        yield "api.oauth2PermissionScopes", "oauth2Permissions", listed
    yield from portal_names.read(entry)
    yield from clients.read(source, key, entry)
    if shapes.given(entry, "permissions") is not MISSING:
        required = permissions.required_resource_access(source, key, entry)
        yield "requiredResourceAccess", "permissions", required


def _listed(owner: str, key: str, scopes: Iterable[exposed.PermissionScope]) -> list[Value]:
    return [exposed.scope_body(owner, key, scope.value, scope) for scope in scopes]


def _defaults(source: Source) -> dict[str, Value]:
    """What the server's own default is unknown of is always sent."""
    return {
        "signInAudience": _default_audience(source),
        "api.requestedAccessTokenVersion": 2,
    }


def _default_audience(source: Source) -> str:
    if source.tenant.type is TenantType.B2C:
        return "AzureADandPersonalMicrosoftAccount"
    return "AzureADMyOrg"


def _properties() -> frozenset[str]:
    """Every path that `lifecycle.ignore` may name."""
    return frozenset(shapes.schema_leaves(GraphProperties)) - {"displayName"}
