"""The explicit list of kinds, in the order of their dependencies.

A kind is a declaration and pure functions; nothing here reads, writes or knows the engine.
Matching goes down this list, so that each kind finds the objects it refers to; deletions go up.
"""

from __future__ import annotations

from typing import Final

from provisioning.core.kind import Kind
from provisioning.kinds import (
    app_role_assignment,
    application,
    application_certificate,
    application_owner,
    application_password,
    custom_policy,
    delegated_permission_grant,
    existing,
    federated_identity_credential,
    identity_experience_framework,
    ledger,
    policy_key,
    service_principal,
)

KINDS: Final[tuple[Kind, ...]] = (
    application.KIND,
    identity_experience_framework.KIND,
    existing.KIND,
    service_principal.KIND,
    delegated_permission_grant.KIND,
    app_role_assignment.KIND,
    application_password.KIND,
    application_certificate.KIND,
    federated_identity_credential.KIND,
    application_owner.KIND,
    ledger.KIND,
    policy_key.KIND,
    custom_policy.KIND,
)
