"""The portal's app manifest spellings, accepted beside Graph's names.

Facts: learn.microsoft.com/entra/identity-platform/azure-active-directory-graph-app-manifest-
deprecation. Two spellings of one property at once are a fault, whatever their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from provisioning.core.model import Value
from provisioning.core.refs import Missing
from provisioning.kinds.sections import shapes
from provisioning.kinds.sections.exposed import PermissionScope
from provisioning.kinds.sections.shapes import Items, Shape, Text

SPELLINGS: Final = {
    "name": "displayName",
    "allowPublicClient": "isFallbackPublicClient",
    "oauth2AllowImplicitFlow": "web.implicitGrantSettings.enableAccessTokenIssuance",
    "oauth2AllowIdTokenImplicitFlow": "web.implicitGrantSettings.enableIdTokenIssuance",
    "logoutUrl": "web.logoutUrl",
    "signInUrl": "web.homePageUrl",
    "accessTokenAcceptedVersion": "api.requestedAccessTokenVersion",
    "acceptMappedClaims": "api.acceptMappedClaims",
    "knownClientApplications": "api.knownClientApplications",
}
"""Portal name -> Graph path, where the value stays as it is."""

REDIRECTS: Final = {
    "Web": "web.redirectUris",
    "Spa": "spa.redirectUris",
    "InstalledClient": "publicClient.redirectUris",
}
"""`replyUrlsWithType[].type` -> Graph path."""


class ReplyUrl(Shape):
    """A redirect URI in the portal's spelling."""

    url: Text = Field(description="The redirect URI.")
    type: Literal["Web", "Spa", "InstalledClient"] = Field(description="The platform it is of.")


class PortalPreAuthorizedApplication(Shape):
    """A client that needs no consent, in the portal's spelling."""

    app_id: Text = Field(description="The client's appId.")
    permission_ids: tuple[str, ...] = Field(description="Ids of the scopes it may use.")


class PortalNames(Shape):
    """Properties under the name that the portal's manifest editor uses."""

    name: Text | None = Field(default=None, description="Portal name of displayName.")
    allow_public_client: bool | None = Field(
        default=None, description="Portal name of isFallbackPublicClient."
    )
    oauth2_allow_implicit_flow: bool | None = Field(
        default=None,
        description="Portal name of web.implicitGrantSettings.enableAccessTokenIssuance.",
    )
    oauth2_allow_id_token_implicit_flow: bool | None = Field(
        default=None,
        description="Portal name of web.implicitGrantSettings.enableIdTokenIssuance.",
    )
    logout_url: str | None = Field(default=None, description="Portal name of web.logoutUrl.")
    sign_in_url: str | None = Field(default=None, description="Portal name of web.homePageUrl.")
    access_token_accepted_version: Literal[1, 2] | None = Field(
        default=None, description="Portal name of api.requestedAccessTokenVersion."
    )
    accept_mapped_claims: bool | None = Field(
        default=None, description="Portal name of api.acceptMappedClaims."
    )
    known_client_applications: Items[UUID] = Field(
        default=None, description="Portal name of api.knownClientApplications."
    )
    oauth2_permissions: Items[PermissionScope] = Field(
        default=None, description="Portal name of api.oauth2PermissionScopes."
    )
    pre_authorized_applications: Items[PortalPreAuthorizedApplication] = Field(
        default=None, description="Portal name of api.preAuthorizedApplications."
    )
    reply_urls_with_type: Items[ReplyUrl] = Field(
        default=None,
        description="Portal name of web, spa and publicClient.redirectUris, all three at once.",
    )


def read(entry: BaseModel) -> Iterator[tuple[str, str, Value]]:
    """Yield (Graph path, portal name, value) for every portal spelling in use.

    `oauth2Permissions` is left to `application`, which knows the ids to derive.
    """
    for portal, path in SPELLINGS.items():
        value = shapes.given(entry, portal)
        if not isinstance(value, Missing):
            yield path, portal, shapes.dump(value)
    clients = shapes.given(entry, "preAuthorizedApplications")
    if not isinstance(clients, Missing):
        listed: list[Value] = [
            {"appId": client.app_id, "delegatedPermissionIds": list(client.permission_ids)}
            for client in clients
        ]
        yield "api.preAuthorizedApplications", "preAuthorizedApplications", listed
    yield from _redirects(shapes.given(entry, "replyUrlsWithType"))


def _redirects(urls: Any | Missing) -> Iterator[tuple[str, str, Value]]:
    if isinstance(urls, Missing):
        return
    for kind, path in REDIRECTS.items():
        yield path, "replyUrlsWithType", [reply.url for reply in urls if reply.type == kind]
