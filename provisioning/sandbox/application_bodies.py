"""Bodies of applications: defaults, merging, completion; must not refuse anything.

Sources: G:v1/api/application-{upsert,update}.md; microsoft-graph-docs#21667.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.sandbox import application_rules, entitlements, schema
from provisioning.sandbox.call import Json

_COMPLEX = {"api", "info", "parentalControlSettings", "publicClient", "spa", "web"}
"""Complex properties that are never null in an answer."""


def skeleton(app_id: str, tenant_domain: str, created: str, audience: str) -> Json:
    """An application as Graph shows it when nothing was sent (G:v1/api/application-upsert.md)."""
    version = 2 if application_rules.is_personal({"signInAudience": audience}) else None
    return {
        **schema.empty("application"),
        "id": schema.new_id(),
        "appId": app_id,
        "createdDateTime": created,
        "publisherDomain": tenant_domain,
        "signInAudience": audience,
        "verifiedPublisher": {
            "displayName": None,
            "verifiedPublisherId": None,
            "addedDateTime": None,
        },
        **complex_defaults(version),
    }


def complex_defaults(version: int | None) -> Json:
    """The complex properties of a new application."""
    return {
        "api": {
            "requestedAccessTokenVersion": version,
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "publicClient": {"redirectUris": []},
        "info": {
            "termsOfServiceUrl": None,
            "supportUrl": None,
            "privacyStatementUrl": None,
            "marketingUrl": None,
            "logoUrl": None,
        },
        "parentalControlSettings": {
            "countriesBlockedForMinors": [],
            "legalAgeGroupRule": "Allow",
        },
        "spa": {"redirectUris": []},
        "web": {
            "redirectUris": [],
            "homePageUrl": None,
            "logoutUrl": None,
            "implicitGrantSettings": {
                "enableIdTokenIssuance": False,
                "enableAccessTokenIssuance": False,
            },
            "redirectUriSettings": [],
        },
    }


def merged(stored: Mapping[str, Any], sent: Mapping[str, Any], *, api: str = "merge") -> Json:
    """A body after a PATCH: collections replaced whole, complex types merged.

    Source: G:v1/api/application-update.md; TF applications.go relies on the nested merge.
    """
    result = dict(stored)
    for name, value in sent.items():
        if "@odata." in name:
            continue
        old = stored.get(name)
        if value is None and name in _COMPLEX:
            result[name] = complex_defaults(None)[name]
        elif name == "api" and api == "replace":
            result[name] = {**complex_defaults(None)["api"], **value}
        elif isinstance(value, dict) and isinstance(old, dict):
            result[name] = merged(old, value)
        else:
            result[name] = value
    return result


def completed(body: Json, sent: Mapping[str, Any]) -> Json:
    """Items with every property that Graph shows, ids in lower case, redirect settings aligned."""
    scopes = map(entitlements.completed_scope, body["api"].get("oauth2PermissionScopes") or ())
    roles = map(entitlements.completed_role, body["appRoles"])
    body["api"] = {**body["api"], "oauth2PermissionScopes": list(scopes)}
    body["appRoles"] = list(roles)
    web = body["web"]
    web_sent = sent.get("web") or {}
    if "redirectUris" not in web_sent and "redirectUriSettings" in web_sent:
        web["redirectUris"] = [each["uri"] for each in web["redirectUriSettings"]]
    indexes = {each["uri"]: each.get("index") for each in web["redirectUriSettings"]}
    web["redirectUriSettings"] = [
        {"uri": uri, "index": indexes.get(uri)} for uri in web["redirectUris"]
    ]
    return body
