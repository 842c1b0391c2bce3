"""Which identifier URIs an application may have; must not write.

Sources: E:identifier-uri-restrictions.md, E:supported-accounts-validation.md;
Azure/Industrial-IoT#1432 and Azure/go-autorest#308 for the refusals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from provisioning.sandbox import errors
from provisioning.sandbox.call import Call
from provisioning.sandbox.layout import LIVE

_PERSONAL = {"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}


def check(call: Call, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse identifier URIs that are malformed, foreign, or held by another application.

    Only newly added URIs meet the host and policy checks (E:identifier-uri-restrictions.md).

    Raises:
        GraphError: 400.
    """
    uris = after["identifierUris"]
    personal = after["signInAudience"] in _PERSONAL
    if max(Counter(uri.casefold() for uri in uris).values(), default=0) > 1:
        raise errors.duplicate_value("identifierUris")
    if personal and len(uris) > 50:
        raise errors.invalid_value("identifierUris", "Application")
    added = [uri for uri in uris if uri not in (before.get("identifierUris") or ())]
    for uri in uris:
        _check_form(uri, personal=personal)
    for uri in added:
        _check_host(call, uri, after)
        _check_policy(call, uri, after)
        _check_free(call, uri, after)


def _check_form(uri: str, *, personal: bool) -> None:
    parts = urlsplit(uri)
    longest = 120 if personal else 255
    banned = parts.query or parts.fragment or parts.scheme == "urn" if personal else False
    if not parts.scheme or not 0 < len(uri) <= longest or "*" in uri or banned or " " in uri:
        raise errors.invalid_value("identifierUris", "Application")


def _check_host(call: Call, uri: str, after: Mapping[str, Any]) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or _on_verified_domain(call, parts.hostname or ""):
        return
    if _version(after) == 2 and call.options.unverified_host_for_v2 == "accept":
        return
    message = (
        "Values of identifierUris property must use a verified domain of the organization or its "
        f"subdomain: '{uri}'"
    )
    code = "HostNameNotOnVerifiedDomain"
    raise errors.GraphError(
        400, code, message, details=(errors.Detail(code, message, "identifierUris"),)
    )


def _on_verified_domain(call: Call, host: str) -> bool:
    domain = call.tenant.domain
    return host == domain or host.endswith("." + domain)


def _check_policy(call: Call, uri: str, after: Mapping[str, Any]) -> None:
    if call.options.identifier_uri_policy == "off" or _version(after) == 2:
        return
    text = uri.casefold()
    if any(part in text for part in (call.tenant.domain, call.tenant.id, after["appId"])):
        return
    raise errors.bad_request(
        f"Failed to add identifier URI {uri}. All newly added URIs must contain a tenant verified "
        "domain, tenant ID, or app ID, as per the default tenant policy of your organization. "
        "See https://aka.ms/identifier-uri-addition-error for more information on this error."
    )


def _check_free(call: Call, uri: str, after: Mapping[str, Any]) -> None:
    """Unique in the tenant; over all tenants between applications of wider audiences."""
    for tenant, other in call.store.find_anywhere("applications", "identifierUris", uri):
        if other.body["appId"] == after["appId"]:
            continue
        if other.state != LIVE and not call.options.deleted_holds_identifier_uri:
            continue
        both_wide = "AzureADMyOrg" not in {after["signInAudience"], other.body["signInAudience"]}
        if tenant == call.tenant.id or both_wide:
            raise errors.property_conflict("identifierUris")


def _version(body: Mapping[str, Any]) -> int | None:
    version: int | None = (body.get("api") or {}).get("requestedAccessTokenVersion")
    return version
