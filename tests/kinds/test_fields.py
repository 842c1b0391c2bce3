"""What a manifest can say of an application is what is compared, no more and no less."""

from __future__ import annotations

from provisioning.core.kind import UNSET
from provisioning.kinds.application import fields
from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.application_model import GraphProperties

PATHS = {field.path for field in fields.FIELDS}


def covers(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def test_every_property_of_the_manifest_is_compared() -> None:
    writable = shapes.schema_leaves(GraphProperties)
    assert [leaf for leaf in writable if not any(covers(leaf, path) for path in PATHS)] == []


def test_the_doors_are_closed_on_what_we_made() -> None:
    closed = {field.path for field in fields.FIELDS if not isinstance(field.secure, type(UNSET))}
    assert closed == {
        "isFallbackPublicClient",
        "web.implicitGrantSettings.enableAccessTokenIssuance",
        "web.implicitGrantSettings.enableIdTokenIssuance",
        "web.redirectUris",
        "spa.redirectUris",
        "publicClient.redirectUris",
        "identifierUris",
        "api.oauth2PermissionScopes",
        "api.preAuthorizedApplications",
        "api.knownClientApplications",
        "appRoles",
        "requiredResourceAccess",
    }
