"""What a service principal shows of its application; must not answer requests.

Source: G:v1/api/serviceprincipal-post-serviceprincipals.md, CSDL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioning.sandbox import schema

if TYPE_CHECKING:
    from provisioning.sandbox.lag import View

Json = dict[str, Any]


def skeleton(app_id: str, owner_tenant: str, created: str) -> Json:
    """A service principal before anything is mirrored into it."""
    return {
        **schema.empty("servicePrincipal"),
        "id": schema.new_id(),
        "appId": app_id,
        "_ownTags": [],
        "accountEnabled": True,
        "appOwnerOrganizationId": owner_tenant,
        "appRoleAssignmentRequired": False,
        "createdDateTime": created,
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "verifiedPublisher": {
            "displayName": None,
            "verifiedPublisherId": None,
            "addedDateTime": None,
        },
    }


def mirrored(body: Json, application: Mapping[str, Any], *, tags: bool = True) -> Json:
    """The service principal with its application's current values.

    `tags` adds the application's tags (G:v1/resources/application.md says they appear there).
    """
    redirects = [
        uri
        for platform in ("web", "spa", "publicClient")
        for uri in application[platform]["redirectUris"]
    ]
    own = body["_ownTags"]
    shared = [tag for tag in application["tags"] if tags and tag not in own]
    return {
        **body,
        "appDisplayName": application["displayName"],
        "displayName": application["displayName"],
        "appDescription": application["description"],
        "appRoles": application["appRoles"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "replyUrls": redirects,
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "homepage": application["web"]["homePageUrl"],
        "logoutUrl": application["web"]["logoutUrl"],
        "info": application["info"],
        "signInAudience": application["signInAudience"],
        "tags": [*own, *shared],
    }


def refresh(view: View, tenant: str, application: Mapping[str, Any], *, tags: bool) -> None:
    """Bring the home tenant's service principal up to its application, if it changed."""
    for record in view.store.find(tenant, "servicePrincipals", "appId", application["appId"]):
        body = mirrored(record.body, application, tags=tags)
        if body != record.body:
            view.put("servicePrincipals", record.id, body, state=record.state)
