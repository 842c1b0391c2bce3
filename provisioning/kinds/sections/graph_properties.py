"""Writable properties of Graph's application, in Graph's names and shapes.

Facts: learn.microsoft.com/graph/api/resources/application and its complex types. Nothing here
reads or checks; limits are in `limits`, other spellings in `portal_names`.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from provisioning.kinds.sections.exposed import PermissionScope
from provisioning.kinds.sections.shapes import Group, Items, Shape, Text

Audience = Literal[
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
]


class ImplicitGrantSettings(Group):
    """Which tokens the authorization endpoint hands out by itself."""

    enable_access_token_issuance: bool | None = Field(
        default=None, description="Access tokens by the implicit flow."
    )
    enable_id_token_issuance: bool | None = Field(
        default=None, description="ID tokens by the implicit or hybrid flow."
    )


class RedirectUriSettings(Shape):
    """The rank of one redirect URI."""

    uri: Text = Field(description="A redirect URI of `redirectUris`.")
    index: int | None = Field(default=None, description="Its rank; 0 is the default.")


class Web(Group):
    """Settings of a web application, which keeps a secret on its server."""

    redirect_uris: Items[str] = Field(
        default=None, description="Where codes and tokens are sent for web sign-in."
    )
    redirect_uri_settings: Items[RedirectUriSettings] = Field(
        default=None, description="Ranks of the redirect URIs."
    )
    home_page_url: str | None = Field(default=None, description="Home or landing page.")
    logout_url: str | None = Field(
        default=None, description="Front-channel logout URL; https, at most 255 characters."
    )
    implicit_grant_settings: ImplicitGrantSettings | None = Field(
        default=None, description="Switches of the implicit flow."
    )


class Spa(Group):
    """Settings of a single-page application (authorization code with PKCE in the browser)."""

    redirect_uris: Items[str] = Field(default=None, description="Where codes are sent.")


class PublicClient(Group):
    """Settings of an installed application: desktop, mobile, device."""

    redirect_uris: Items[str] = Field(
        default=None, description="Where codes are sent; custom schemes are allowed here only."
    )


class GraphPreAuthorizedApplication(Shape):
    """A client that needs no consent, in Graph's spelling."""

    app_id: Text = Field(description="The client's appId.")
    delegated_permission_ids: tuple[str, ...] = Field(description="Ids of the scopes it may use.")


class Api(Group):
    """Settings of an application that offers an API."""

    requested_access_token_version: Literal[1, 2] | None = Field(
        default=None, description="Version of the access tokens: 2 unless written otherwise."
    )
    accept_mapped_claims: bool | None = Field(
        default=None, description="Claims mapping without a signing key of its own."
    )
    known_client_applications: Items[UUID] = Field(
        default=None, description="appIds of clients that consent together with this API."
    )
    oauth2_permission_scopes: Items[PermissionScope] = Field(
        default=None, description="Delegated permissions in Graph's spelling; `scopes` is shorter."
    )
    pre_authorized_applications: Items[GraphPreAuthorizedApplication] = Field(
        default=None, description="Clients that need no consent; `preAuthorized` is shorter."
    )


class OptionalClaim(Shape):
    """One claim asked for beyond the standard ones."""

    name: Text = Field(description="Name of the claim.")
    source: str | None = Field(
        default=None, description="`user` for directory extensions, null for built-in claims."
    )
    essential: bool = Field(default=False, description="Needed for the client's task.")
    additional_properties: Items[str] = Field(
        default=(), description="Options of the claim, such as `emit_as_roles`."
    )


class OptionalClaims(Shape):
    """Claims asked for, by token."""

    id_token: Items[OptionalClaim] = Field(default=None, description="In ID tokens.")
    access_token: Items[OptionalClaim] = Field(default=None, description="In access tokens.")
    saml2_token: Items[OptionalClaim] = Field(default=None, description="In SAML tokens.")


class Info(Group):
    """Addresses that consent pages show."""

    marketing_url: str | None = Field(default=None, description="Marketing page.")
    privacy_statement_url: str | None = Field(default=None, description="Privacy statement.")
    support_url: str | None = Field(default=None, description="Support page.")
    terms_of_service_url: str | None = Field(default=None, description="Terms of service.")


class ParentalControlSettings(Shape):
    """How minors may use the application."""

    countries_blocked_for_minors: Items[str] = Field(
        default=None, description="ISO country codes where minors are kept out."
    )
    legal_age_group_rule: (
        Literal[
            "Allow",
            "RequireConsentForPrivacyServices",
            "RequireConsentForMinors",
            "RequireConsentForKids",
            "BlockMinors",
        ]
        | None
    ) = Field(default=None, description="Rule by legal age group.")


class ServicePrincipalLockConfiguration(Shape):
    """What other tenants cannot change on their service principals of the application."""

    is_enabled: bool = Field(description="Whether the lock holds.")
    all_properties: bool | None = Field(default=None, description="Lock every sensitive property.")
    credentials_with_usage_sign: bool | None = Field(
        default=None, description="Lock credentials of usage Sign."
    )
    credentials_with_usage_verify: bool | None = Field(
        default=None, description="Lock credentials of usage Verify."
    )
    token_encryption_key_id: bool | None = Field(
        default=None, description="Lock the token encryption key."
    )


class AuthenticationBehaviors(Shape):
    """Switches that break with old token behaviour."""

    block_azure_ad_graph_access: bool | None = Field(
        default=None,
        alias="blockAzureADGraphAccess",
        description="No tokens for the retired Azure AD Graph.",
    )
    remove_unverified_email_claim: bool | None = Field(
        default=None, description="Leave unverified email addresses out of tokens."
    )
    require_client_service_principal: bool | None = Field(
        default=None, description="Only clients with a service principal in the tenant."
    )


class RequestSignatureVerification(Shape):
    """Signed SAML requests."""

    is_signed_request_required: bool = Field(description="Refuse unsigned requests.")
    allowed_weak_algorithms: Literal["rsaSha1"] | None = Field(
        default=None, description="Weak algorithms that are still taken."
    )


class AddInProperty(Shape):
    """A name and a value that an add-in is given."""

    key: Text = Field(description="Name.")
    value: str | None = Field(default=None, description="Value.")


class AddIn(Shape):
    """Custom behaviour that a consuming service calls."""

    id: UUID = Field(description="Id of the add-in.")
    type: Text = Field(description="Type, such as FileHandler.")
    properties: Items[AddInProperty] = Field(default=(), description="What it is given.")


class ResourceAccess(Shape):
    """One permission by id."""

    id: UUID = Field(description="Id of the scope or role.")
    type: Literal["Scope", "Role"] = Field(description="Scope = delegated, Role = application.")


class RequiredResourceAccess(Shape):
    """Permissions on one API by id."""

    resource_app_id: UUID = Field(description="appId of the API.")
    resource_access: tuple[ResourceAccess, ...] = Field(description="Its permissions.")
