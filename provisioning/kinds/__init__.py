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
    check,
    custom_policy,
    delegated_permission_grant,
    existing,
    federated_identity_credential,
    identity_experience_framework,
    identity_provider,
    ledger,
    policy_key,
    service_principal,
    user_attribute,
    user_flow,
    user_flow_claims,
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
    user_attribute.KIND,
    identity_provider.KIND,
    user_flow.KIND,
    user_flow_claims.KIND,
    custom_policy.KIND,
    check.KIND,
)
