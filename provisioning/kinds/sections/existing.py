"""`existing:`: what lives in the tenant and is only looked up, and what permissions need of it.

Besides the declared entries it yields the service principals that other entries imply: Microsoft
Graph, bare appIds, and those of existing applications.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Self

from pydantic import Field, model_validator

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref, Value
from provisioning.kinds.sections import permissions, references, shapes
from provisioning.kinds.sections.references import Target
from provisioning.kinds.sections.shapes import Key, Shape, Text

_WAYS: Final = ("application", "appId", "group", "user", "servicePrincipal")


class Existing(Shape):
    """One object that lives already: exactly one of the five ways to find it."""

    application: Text | None = Field(default=None, description="An application's display name.")
    app_id: Text | None = Field(
        default=None, description="A service principal's appId, such as a partner's API."
    )
    group: Text | None = Field(default=None, description="A group's display name or object id.")
    user: Text | None = Field(default=None, description="A user's principal name or object id.")
    service_principal: Text | None = Field(
        default=None, description="A service principal's display name."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        shapes.one_of(self, *_WAYS)
        return self

    def lookup(self) -> dict[str, str]:
        """Return `{type, by, value}`, as `Desired.settings` carries it."""
        way, value = shapes.one_of(self, *_WAYS)
        guid = shapes.is_guid(value)
        value = value.lower() if guid else value
        match way:
            case "appId":
                return {"type": "servicePrincipal", "by": "appId", "value": value}
            case "group" | "user" if guid:
                return {"type": way, "by": "id", "value": value}
            case "user":
                return {"type": "user", "by": "userPrincipalName", "value": value}
            case _:
                return {"type": way, "by": "displayName", "value": value}


SECTIONS: Final = (
    Section(
        key="existing",
        annotation=dict[Key, Existing] | None,
        description="Objects that live in the tenant already: looked up by a key, never written.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `existing.KEY` for every entry, then the service principals that others imply."""
    declared = source.entries("existing")
    for key, entry in declared.items():
        _check(source, key, entry)
        yield Desired(
            address=Address("existing", key),
            body={},
            place=source.place("existing", key),
            settings=dict(entry.lookup()),
        )
    seen = {Address("existing", key) for key in declared}
    for target, path in _implied(source):
        if target.principal in seen or target.sort not in {"appId", "existingApplication"}:
            continue
        seen.add(target.principal)
        settings: dict[str, Value] = {
            "type": "servicePrincipal",
            "by": "appId",
            "value": target.app_id if target.literal else Ref(target.address, "appId"),
        }
        yield Desired(target.principal, {}, source.place(*path), settings)


def _check(source: Source, key: str, entry: Existing) -> None:
    lookup = entry.lookup()
    if key == shapes.MICROSOFT_GRAPH or lookup["value"] == shapes.MICROSOFT_GRAPH_APP_ID:
        source.fault(
            "reserved-key",
            f"{shapes.MICROSOFT_GRAPH} is built in",
            f"delete this entry and write resource: {shapes.MICROSOFT_GRAPH}",
            *("existing", key),
        )
    if key in source.entries("applications"):
        source.fault(
            "same-key",
            f"{key!r} is a key of applications and of existing",
            "rename one of them: permissions could mean either",
            *("existing", key),
        )
    if lookup["by"] == "appId" and not shapes.is_guid(shapes.stand_in(lookup["value"])):
        source.fault(
            "no-guid",
            f"{lookup['value']!r} is no appId",
            "write the application (client) id, a GUID",
            *("existing", key, "appId"),
        )


def _implied(source: Source) -> Iterator[tuple[Target, tuple[str | int, ...]]]:
    for key, entry in source.entries("applications").items():
        for index, wanted in enumerate(permissions.written(entry)):
            if target := references.resolve(source, wanted.resource):
                yield target, ("applications", key, "permissions", index)
        principal = shapes.given(entry, "servicePrincipal")
        assigned = getattr(principal, "assignments", None) or ()
        for index, assignment in enumerate(assigned):
            path = ("applications", key, "servicePrincipal", "assignments", index)
            if target := _declared(source, assignment.principal):
                yield target, path
        for index, owner in enumerate(shapes.items(entry, "owners")):
            if target := _declared(source, owner):
                yield target, ("applications", key, "owners", index)


def _declared(source: Source, name: str) -> Target | None:
    """Principals and owners are keys; a bare appId there is a fault, so nothing is implied."""
    return None if shapes.is_guid(name) else references.resolve(source, name)
