"""Admin consent to delegated permissions: one grant per client and API, from `permissions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.core.kind import Source
from provisioning.core.model import Address, Desired, Ref
from provisioning.kinds.sections import permissions

SECTIONS: Final = permissions.SECTIONS


def desire(source: Source) -> Iterator[Desired]:
    """Yield `delegated_permission_grant.CLIENT.RESOURCE` where delegated consent is declared."""
    for key, entry in source.entries("applications").items():
        for one in permissions.wanted(source, key, entry):
            if one.granted_delegated and permissions.has_principals(source, one):
                yield Desired(
                    address=Address("delegated_permission_grant", f"{key}.{one.target.key}"),
                    body={
                        "clientId": Ref(Address("service_principal", key)),
                        "resourceId": Ref(one.target.principal),
                        "consentType": "AllPrincipals",
                        "scope": [*sorted(one.granted_delegated)],
                    },
                    place=one.place,
                    parent=Address("application", key),
                    places=one.places,
                )
