"""The model of one entry of `applications`: Graph's properties, the portal's names, our words.

Sections of other kinds (`permissions`, `secrets`, `owners` …) are added to it by the loader.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from provisioning.kinds.sections.adoption import Adopt
from provisioning.kinds.sections.exposed import AppRole, Scope
from provisioning.kinds.sections.graph_properties import (
    AddIn,
    Api,
    Audience,
    AuthenticationBehaviors,
    Info,
    OptionalClaims,
    ParentalControlSettings,
    PublicClient,
    RequestSignatureVerification,
    RequiredResourceAccess,
    ServicePrincipalLockConfiguration,
    Spa,
    Web,
)
from provisioning.kinds.sections.lifecycle import Lifecycle
from provisioning.kinds.sections.portal_names import PortalNames
from provisioning.kinds.sections.shapes import Items, Key, Shape, Text, refusal

_SERVER = refusal("read-only: Graph writes it", "delete the line")
ReadOnly = SkipJsonSchema[Annotated[object, _SERVER]]
_REFUSED: Final = "Refused: Graph writes it."


class GraphProperties(Shape):
    """Graph's own writable properties of an application."""

    display_name: Text | None = Field(
        default=None, description="Name that users and administrators see. Required."
    )
    sign_in_audience: Audience | None = Field(
        default=None,
        description="Whose accounts sign in; AzureADandPersonalMicrosoftAccount in a B2C tenant "
        "and AzureADMyOrg elsewhere unless written.",
    )
    identifier_uris: Items[str] = Field(
        default=None, description="App ID URIs: what scopes of this API start with."
    )
    is_fallback_public_client: bool | None = Field(
        default=None,
        description="Treat requests without a platform as a public client's (ROPC, device code).",
    )
    web: Web | None = Field(default=None, description="Web platform.")
    spa: Spa | None = Field(default=None, description="Single-page application platform.")
    public_client: PublicClient | None = Field(
        default=None, description="Mobile and desktop platform."
    )
    api: Api | None = Field(
        default=None, description="Settings of an application that offers an API."
    )
    app_roles: dict[Text, AppRole] | None = Field(
        default=None, description="Roles by key; not where personal accounts sign in."
    )
    required_resource_access: Items[RequiredResourceAccess] = Field(
        default=None,
        description="Permissions by id, in Graph's spelling; `permissions` is shorter.",
    )
    optional_claims: OptionalClaims | None = Field(
        default=None, description="Claims asked for beyond the standard ones."
    )
    group_membership_claims: str | None = Field(
        default=None, description="Groups in tokens: None, SecurityGroup, DirectoryRole, All …"
    )
    info: Info | None = Field(default=None, description="Addresses that consent pages show.")
    notes: str | None = Field(default=None, description="Free text for administrators.")
    description: str | None = Field(default=None, description="Free text for users.")
    tags: Items[str] = Field(
        default=None,
        description="Tags; ours start with `provisioning` and are added by themselves.",
    )
    default_redirect_uri: str | None = Field(
        default=None, description="Redirect URI where a request names none."
    )
    is_device_only_auth_supported: bool | None = Field(
        default=None, description="Device authentication without a user."
    )
    service_management_reference: str | None = Field(
        default=None, description="Reference into a service or asset management database."
    )
    parental_control_settings: ParentalControlSettings | None = Field(
        default=None, description="How minors may use the application."
    )
    service_principal_lock_configuration: ServicePrincipalLockConfiguration | None = Field(
        default=None, description="What other tenants cannot change on their service principal."
    )
    native_authentication_apis_enabled: Literal["none", "all"] | None = Field(
        default=None, description="Native authentication APIs (external tenants)."
    )
    authentication_behaviors: AuthenticationBehaviors | None = Field(
        default=None, description="Switches that break with old token behaviour."
    )
    request_signature_verification: RequestSignatureVerification | None = Field(
        default=None, description="Signed SAML requests."
    )
    token_encryption_key_id: UUID | None = Field(
        default=None, description="keyId of the certificate that tokens are encrypted with."
    )
    is_disabled: bool | None = Field(
        default=None, description="No new access tokens, in every tenant."
    )
    add_ins: Items[AddIn] = Field(
        default=None, description="Custom behaviour that a consuming service calls."
    )


class ReadOnlyProperties(Shape):
    """Properties that a manifest must not set, refused with the reason."""

    id: ReadOnly = Field(default=None, description=_REFUSED)
    app_id: ReadOnly = Field(default=None, description=_REFUSED)
    created_date_time: ReadOnly = Field(default=None, description=_REFUSED)
    deleted_date_time: ReadOnly = Field(default=None, description=_REFUSED)
    publisher_domain: ReadOnly = Field(default=None, description=_REFUSED)
    verified_publisher: ReadOnly = Field(default=None, description=_REFUSED)
    disabled_by_microsoft_status: ReadOnly = Field(default=None, description=_REFUSED)
    certification: ReadOnly = Field(default=None, description=_REFUSED)
    saml_metadata_url: ReadOnly = Field(default=None, description=_REFUSED)
    application_template_id: ReadOnly = Field(default=None, description=_REFUSED)
    created_by_app_id: ReadOnly = Field(default=None, description=_REFUSED)
    password_credentials: SkipJsonSchema[
        Annotated[object, refusal("Graph sets no secret this way", "declare it under `secrets`")]
    ] = Field(default=None, description="Refused: use `secrets`.")
    key_credentials: SkipJsonSchema[
        Annotated[object, refusal("keys are not written by hand", "use `certificates`")]
    ] = Field(default=None, description="Refused: use `certificates`.")
    # https://github.com/microsoftgraph/msgraph-bicep-types/issues/155
    oauth2_require_post_response: SkipJsonSchema[
        Annotated[object, refusal("Graph answers 404 to it", "delete the line")]
    ] = Field(default=None, description="Refused: Graph does not take it.")
    logo: SkipJsonSchema[
        Annotated[object, refusal("a logo is an upload of its own", "delete the line")]
    ] = Field(default=None, description="Refused: an upload of its own.")


class PreAuthorized(Shape):
    """A client that needs no consent to some scopes."""

    application: Text = Field(
        description="The client: a key of applications or existing, or an appId."
    )
    scopes: tuple[Text, ...] = Field(
        min_length=1, description="Scopes of this application, by key or value."
    )


class Application(GraphProperties, PortalNames, ReadOnlyProperties):
    """One app registration: the application object and what hangs on it."""

    scopes: dict[Text, Scope] | None = Field(
        default=None, description="Delegated permissions that this application offers, by key."
    )
    pre_authorized: Items[PreAuthorized] = Field(
        default=None, description="Clients that need no consent to some scopes."
    )
    known_clients: Items[Text] = Field(
        default=None,
        description="Clients that consent together with this API: keys of applications or "
        "existing, or appIds.",
    )
    adopt: Adopt | None = Field(
        default=None, description="Take over an application that lives already, without harm."
    )
    moved_from: Key | None = Field(
        default=None, description="The key that this entry had before it was renamed."
    )
    unique_name: Text | None = Field(
        default=None, description="Graph's uniqueName, written once; NAME-KEY when absent."
    )
    lifecycle: Lifecycle | None = Field(
        default=None, description='Exceptions from "exactly what the manifest says".'
    )
