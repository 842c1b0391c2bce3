"""Paths of the B2C service: trust framework, user flows, providers; must not do their work.

Permissions: DEVX permissions.json. None of the trust framework nor b2cUserFlows is in v1.0 (CSDL).
"""

from __future__ import annotations

from functools import partial

from provisioning.sandbox import (
    access,
    cpim,
    identity_providers,
    key_sets,
    policies,
    user_attributes,
    user_flow_parts,
    user_flows,
)
from provisioning.sandbox.call import Operation
from provisioning.sandbox.route import Route


def _framework(method: str, path: str, operation: Operation, needed: access.Access) -> Route:
    wrapped = partial(cpim.b2c_only, operation)
    return Route(method, f"trustFramework/{path}", wrapped, needed, "trustFramework")


def _flow(method: str, path: str, operation: Operation) -> Route:
    wrapped = partial(cpim.throttled, partial(cpim.b2c_only, operation))
    needed = access.FLOW_READ if method == "GET" else access.FLOW_WRITE
    return Route(method, f"identity/b2cUserFlows{path}", wrapped, needed, "b2cUserFlows")


def _identity(method: str, path: str, operation: Operation, needed: access.Access) -> Route:
    return Route(method, f"identity/{path}", partial(cpim.throttled, operation), needed)


_READ, _WRITE = access.POLICY_READ, access.POLICY_WRITE
_KEYS_READ, _KEYS_WRITE = access.KEY_SET_READ, access.KEY_SET_WRITE

ROUTES: tuple[Route, ...] = (
    _framework("GET", "policies", policies.list_all, _READ),
    _framework("POST", "policies", policies.create, _WRITE),
    _framework("GET", "policies/*", policies.get, _READ),
    _framework("PUT", "policies/*", policies.put_without_value, _WRITE),
    _framework("DELETE", "policies/*", policies.delete, _WRITE),
    _framework("GET", "policies/*/$value", policies.get_value, _READ),
    _framework("PUT", "policies/*/$value", policies.put_value, _WRITE),
    _framework("GET", "keySets", key_sets.list_all, _KEYS_READ),
    _framework("POST", "keySets", key_sets.create, _KEYS_WRITE),
    _framework("GET", "keySets/*", key_sets.get, _KEYS_READ),
    _framework("PUT", "keySets/*", key_sets.replace, _KEYS_WRITE),
    _framework("DELETE", "keySets/*", key_sets.delete, _KEYS_WRITE),
    _framework("POST", "keySets/*/generateKey", key_sets.generate_key, _KEYS_WRITE),
    _framework("POST", "keySets/*/uploadSecret", key_sets.upload_secret, _KEYS_WRITE),
    _framework("POST", "keySets/*/uploadCertificate", key_sets.upload_certificate, _KEYS_WRITE),
    _framework("POST", "keySets/*/uploadPkcs12", key_sets.upload_pkcs12, _KEYS_WRITE),
    _framework("GET", "keySets/*/getActiveKey", key_sets.active_key, _KEYS_READ),
    *(
        _framework(
            method,
            "keySets/*/keys_v2/*",
            key_sets.single_key,
            _KEYS_READ if method == "GET" else _KEYS_WRITE,
        )
        for method in ("GET", "PATCH", "PUT", "DELETE")
    ),
    _flow("GET", "", user_flows.list_all),
    _flow("POST", "", user_flows.create),
    _flow("GET", "/*", user_flows.get),
    _flow("PATCH", "/*", user_flows.update),
    _flow("DELETE", "/*", user_flows.delete),
    _flow("GET", "/*/userAttributeAssignments", user_flow_parts.assignments),
    _flow("POST", "/*/userAttributeAssignments", user_flow_parts.assign),
    _flow("GET", "/*/userAttributeAssignments/getOrder", user_flow_parts.order),
    _flow("POST", "/*/userAttributeAssignments/setOrder", user_flow_parts.set_order),
    _flow("GET", "/*/userAttributeAssignments/*", user_flow_parts.assignment),
    _flow("PATCH", "/*/userAttributeAssignments/*", user_flow_parts.change),
    _flow("DELETE", "/*/userAttributeAssignments/*", user_flow_parts.unassign),
    _flow("GET", "/*/languages", user_flow_parts.languages),
    _flow("GET", "/*/languages/*", user_flow_parts.language),
    _flow("PUT", "/*/languages/*", user_flow_parts.put_language),
    _flow("DELETE", "/*/languages/*", user_flow_parts.delete_language),
    _flow("GET", "/*/userFlowIdentityProviders", user_flow_parts.providers),
    _flow("POST", "/*/userFlowIdentityProviders/$ref", user_flow_parts.add_provider),
    _flow("DELETE", "/*/userFlowIdentityProviders/*/$ref", user_flow_parts.remove_provider),
    *(
        _identity(method, f"{name}{path}", operation, read if method == "GET" else write)
        for name, resource, read, write in (
            ("userFlowAttributes", user_attributes, access.FLOW_READ, access.FLOW_WRITE),
            (
                "identityProviders",
                identity_providers,
                access.PROVIDER_READ,
                access.PROVIDER_WRITE,
            ),
        )
        for method, path, operation in (
            ("GET", "", resource.list_all),
            ("POST", "", resource.create),
            ("GET", "/*", resource.get),
            ("PATCH", "/*", resource.update),
            ("DELETE", "/*", resource.delete),
        )
    ),
)
