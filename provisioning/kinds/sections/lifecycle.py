"""`lifecycle:` of an application: what must not go, what is left alone, what is additive."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from pydantic import Field

from provisioning.core import model
from provisioning.core.kind import Source
from provisioning.kinds.sections.shapes import Items, Shape

COLLECTIONS: Final = frozenset(
    {
        "addIns",
        "api.knownClientApplications",
        "api.oauth2PermissionScopes",
        "api.preAuthorizedApplications",
        "appRoles",
        "identifierUris",
        "publicClient.redirectUris",
        "requiredResourceAccess",
        "spa.redirectUris",
        "tags",
        "web.redirectUriSettings",
        "web.redirectUris",
    }
)
"""Collections of an application that several hands may add to."""


class Lifecycle(Shape):
    """Exceptions from "exactly what the manifest says"."""

    prevent_destroy: bool = Field(
        default=False, description="Hold every deletion or replacement (guard `protected`)."
    )
    ignore: Items[str] = Field(
        default=None, description="Graph property paths whose live value is left as it is."
    )
    include: Items[str] = Field(
        default=None,
        description="Collections that are additive: live entries that are not listed are kept.",
    )


def read(
    source: Source, lifecycle: Lifecycle | None, properties: Iterable[str], *path: str
) -> model.Lifecycle:
    """Turn the section into the core's value; reports paths that name no property."""
    if lifecycle is None:
        return model.Lifecycle()
    known = frozenset(properties)
    _check(source, lifecycle.ignore, known, (*path, "lifecycle", "ignore"))
    _check(source, lifecycle.include, COLLECTIONS, (*path, "lifecycle", "include"))
    return model.Lifecycle(
        prevent_destroy=lifecycle.prevent_destroy,
        ignore=lifecycle.ignore or (),
        include=lifecycle.include or (),
    )


def _check(
    source: Source, names: tuple[str, ...] | None, known: frozenset[str], path: tuple[str, ...]
) -> None:
    for index, name in enumerate(names or ()):
        if name in known or any(other.startswith(f"{name}.") for other in known):
            continue
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
        remedy = f"write {close[0]}" if close else f"write one of {', '.join(sorted(known))}"
        source.fault("unknown-property", f"{name!r} names no such property", remedy, *path, index)
