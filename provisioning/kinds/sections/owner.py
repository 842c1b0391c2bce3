"""`owners:` of an application: who may change it without an administrator's role.

Declared = exactly these; absent = not managed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref
from provisioning.kinds.sections import limits, references, shapes
from provisioning.kinds.sections.references import Sort
from provisioning.kinds.sections.shapes import Text

_OWNERS: Final[tuple[Sort, ...]] = (
    "user",
    "appId",
    "servicePrincipal",
    "existingApplication",
    "application",
)

SECTIONS: Final = (
    Section(
        key="owners",
        annotation=tuple[Text, ...] | None,
        description="Exactly these own it: keys of existing users or service principals, or of "
        "applications.",
        under="applications",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `application_owner.KEY.OWNER` for every owner."""
    for key, entry in source.entries("applications").items():
        owners, root = shapes.items(entry, "owners"), ("applications", key, "owners")
        if len(owners) > limits.OWNERS:
            source.fault(
                "limit",
                f"{len(owners)} owners; at most {limits.OWNERS} "
                "(learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions)",
                "make it fewer",
                *root,
            )
        seen: set[Address] = set()
        for index, name in enumerate(owners):
            target = references.require(source, name, _OWNERS, *root, index, bare=False)
            if target is None:
                continue
            if target.principal in seen:
                source.fault(
                    "said-twice", f"owner {name} is there twice", "delete one", *root, index
                )
                continue
            seen.add(target.principal)
            if (
                target.sort == "application"
                and shapes.given(source.entries("applications")[name], "servicePrincipal") is None
            ):
                source.fault(
                    "no-service-principal",
                    f"{name} has no service principal that could own anything",
                    f"delete servicePrincipal: null in {name}",
                    *root,
                    index,
                )
                continue
            yield Desired(
                address=Address("application_owner", f"{key}.{target.key}"),
                body={"id": Ref(target.principal)},
                place=source.place(*root, index),
                settings={"exact": True},
                parent=Address("application", key),
            )
