"""`userAttributes:`: attributes of user flows beyond the built-in ones, by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, StringConstraints

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Value
from provisioning.kinds.sections import markless
from provisioning.kinds.sections.shapes import Shape

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""The part of `extension_{appId}_{name}` that is ours to choose."""

BUILT_IN: Final = (
    "city",
    "country",
    "displayName",
    "email",
    "givenName",
    "jobTitle",
    "postalCode",
    "state",
    "streetAddress",
    "surname",
)
"""Ids of the attributes that every tenant has."""


class UserAttribute(Shape):
    """One custom attribute of users."""

    data_type: Literal["string", "boolean", "int64", "stringCollection", "dateTime"] = Field(
        default="string", description="Its type; it can't be changed later."
    )
    description: str | None = Field(default=None, description="What administrators read.")


SECTIONS: Final = (
    Section(
        key="userAttributes",
        annotation=dict[Name, UserAttribute] | None,
        description="Custom attributes of user flows by name.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `user_attribute.NAME` for every entry."""
    for name, entry in source.entries("userAttributes").items():
        path = ("userAttributes", name)
        body: dict[str, Value] = {"displayName": name, "dataType": entry.data_type}
        if "description" in entry.model_fields_set:
            body["description"] = entry.description
        yield Desired(
            address=Address("user_attribute", name),
            body=body,
            place=source.place(*path),
            parent=markless.ledger(source),
        )
