"""`adopt:`, `movedFrom:` and `uniqueName:`: which living application an entry means.

It only declares the rungs; looking them up in the tenant is the kind's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import Field, model_validator

from provisioning.core.kind import Source
from provisioning.core.model import Value
from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.shapes import Shape, Text

RUNGS: Final = ("appId", "uniqueName", "identifierUri", "displayName")
"""Ways to find an application that lives already, surest first."""


class Adopt(Shape):
    """How to find the application that lives already: exactly one of the four rungs."""

    app_id: Text | None = Field(default=None, description="Its application (client) id.")
    unique_name: Text | None = Field(default=None, description="Its uniqueName.")
    identifier_uri: Text | None = Field(default=None, description="One of its identifier URIs.")
    display_name: Text | None = Field(
        default=None, description="Its display name; two of that name are an error."
    )
    backfill: bool = Field(
        default=False,
        description="Write our uniqueName and mark to it, so that later runs need no adoption.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        shapes.one_of(self, *RUNGS)
        return self

    def rung(self) -> dict[str, Value]:
        """Return `{"displayName": NAME}` and the like; ids in lower case, as Graph shows them."""
        name, value = shapes.one_of(self, *RUNGS)
        return {name: value.lower() if shapes.is_guid(value) else value}


def check(source: Source, applications: Mapping[str, Any]) -> None:
    """Report renames that go nowhere and entries that mean the same application."""
    _check_moves(source, applications)
    adopted: dict[str, str] = {}
    named: dict[str, str] = {}
    for key, entry in applications.items():
        if entry.adopt is not None:
            [(rung, value)] = entry.adopt.rung().items()
            if rung == "appId" and not shapes.is_guid(shapes.stand_in(str(value))):
                source.fault(
                    "no-guid",
                    f"{value!r} is no appId",
                    "write the application (client) id, a GUID",
                    *("applications", key, "adopt", rung),
                )
            _once(source, adopted, f"{rung} {value}", (key, "adopt", rung))
        path = (key, "uniqueName") if entry.unique_name else (key,)
        _once(source, named, f"uniqueName {unique_name(source, key, entry)}", path)


def unique_name(source: Source, key: str, entry: Any) -> str:
    """Return the uniqueName of an application: as declared, or `<name>-<key>`."""
    return str(entry.unique_name or f"{source.owner.name}-{key}")


def _check_moves(source: Source, applications: Mapping[str, Any]) -> None:
    taken: dict[str, str] = {}
    for key, entry in applications.items():
        old = entry.moved_from
        if old is None:
            continue
        if old in applications:
            source.fault(
                "moved-from-exists",
                f"application {key} says it was {old}, but {old} is still declared",
                "name the key that is gone, or delete movedFrom",
                *("applications", key, "movedFrom"),
            )
        _once(source, taken, f"movedFrom {old}", (key, "movedFrom"))


def _once(source: Source, seen: dict[str, str], value: str, path: tuple[str, ...]) -> None:
    if value in seen:
        source.fault(
            "same-application",
            f"applications {seen[value]} and {path[0]} both claim {value}",
            "leave it with one of them",
            *("applications", *path),
        )
    seen.setdefault(value, path[0])
