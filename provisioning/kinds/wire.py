"""Graph's error answers that kinds know by name. Facts only; must not decide what to do.

Sources: https://learn.microsoft.com/graph/errors and the issues named at each entry. Graph puts
the specific code at the top level or into `details[]`; `ErrorMatch` looks at both.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.request import ErrorMatch

NOT_FOUND: Final = ErrorMatch(status=(404,))
"""A repeated DELETE, or a child of something that is gone."""

REFUSED: Final = ErrorMatch(status=(400, 403, 501))
"""A read that only informs, asked in a way that not every tenant may take."""

DENIED: Final = ErrorMatch(status=(403,))
"""A read that only informs, under permissions that do not cover it."""

UNSUPPORTED_QUERY: Final = ErrorMatch(status=(400,), code="Request_UnsupportedQuery")
"""A tenant that refuses a `$filter`."""

KEY_REFUSED: Final = ErrorMatch(status=(400, 501))
"""A tenant that does not know an alternate key."""

UNIQUE_NAME_TAKEN: Final = ErrorMatch(
    status=(400, 409), message=r"same value for property uniqueName already exists"
)
"""400 `Request_BadRequest`, also for a soft-deleted holder."""

IDENTIFIER_URI_TAKEN: Final = ErrorMatch(
    status=(400, 409), message=r"same value for property identifierUris already exists"
)
"""400 `Request_BadRequest` (Azure/go-autorest#308)."""

UNIQUE_NAME_REFUSED: Final = ErrorMatch(
    status=(400,), message=r"uniqueName(?!.*already exists)|Upsert|create-if-missing"
)
"""The property, or the upsert by it, is not accepted; says something else than "taken"."""

SAME_KEY: Final = ErrorMatch(status=(400, 409), code="Request_MultipleObjectsWithSameKeyValue")
"""Service principals, grants, assignments, federated credentials that exist (azure-cli#20974)."""

TRUST_NOT_FREE: Final = ErrorMatch(
    status=(400, 409),
    code="Request_MultipleObjectsWithSameKeyValue",
    message=r"^(?!.*with name )",
)
"""A federated credential's issuer and subject, where the one that had them was just deleted."""

CONCURRENCY: Final = (
    ErrorMatch(status=(400, 409), code="Directory_ConcurrencyViolation"),
    ErrorMatch(status=(400, 409), message=r"concurrent requests being made to the tenant"),
)
"""Writes to one object within about 0.3 s of each other (nais/azurerator#448)."""

MSA_NOT_THERE: Final = ErrorMatch(status=(409,), code="Error_MsaAppDoesNotExist")
"""The personal-account shadow of an application lags (terraform-provider-azuread#1764)."""

RESOURCE_MISSING: Final = ErrorMatch(status=(404,), code="Request_ResourceNotFound")
DIRECTORY_MISSING: Final = ErrorMatch(status=(404,), code="Directory_ObjectNotFound")
"""An object that is not replicated yet."""

NO_BACKING_APPLICATION: Final = ErrorMatch(status=(400,), code="NoBackingApplicationObject")
BACKING_APPLICATION_TEXT: Final = ErrorMatch(
    status=(400, 403), message=r"backing application|does not reference a valid application object"
)
"""A service principal made right after its application; 403 under OwnedBy."""

NOT_A_REFERENCE: Final = ErrorMatch(status=(400,), message=r"Not a valid reference update")
ROLE_NOT_THERE: Final = ErrorMatch(
    status=(400,), message=r"Permission being assigned was not found on application"
)
"""The role has not reached the service principal's copy of the application yet."""

SCOPE_NOT_STORED: Final = ErrorMatch(
    status=(400,), message=r"Permission Id that cannot be found in the AppPermissions sets"
)
"""preAuthorizedApplications names a scope that is not replicated (msgraph-sdk-dotnet#2044)."""

STILL_ENABLED: Final = ErrorMatch(status=(400,), code="CannotDeleteOrUpdateEnabledEntitlement")
"""A replica has not heard yet that the scope or role was disabled."""

ALREADY_ASSIGNED: Final = (
    ErrorMatch(status=(400, 409), message=r"Permission being assigned already exists"),
    ErrorMatch(status=(400, 409), message=r"EntitlementGrant entry already exists"),
)
"""Both variants of a repeated app role assignment (msgraph-bicep-types#161)."""

REFERENCE_EXISTS: Final = ErrorMatch(
    status=(400, 409), message=r"added object references already exist"
)
REFERENCE_ABSENT: Final = ErrorMatch(
    status=(400, 404), message=r"removed object references do not exist"
)

PASSWORD_ABSENT: Final = ErrorMatch(
    status=(400, 404), message=r"No password credential|credential .*(not found|does not exist)"
)
"""removePassword for a keyId that is gone already."""

APPLICATION_LAG: Final = (
    RESOURCE_MISSING,
    DIRECTORY_MISSING,
    *CONCURRENCY,
    MSA_NOT_THERE,
)
"""What any write below a young application may meet."""
