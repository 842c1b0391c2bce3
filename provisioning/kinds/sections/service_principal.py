"""`servicePrincipal:` of an application: its presence in the tenant, and who has its roles.

Every application gets one, because nobody signs in without; `servicePrincipal: null` opts out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref, Value
from provisioning.core.refs import Missing
from provisioning.kinds.sections import limits, shapes
from provisioning.kinds.sections.shapes import Items, Shape, Text, refusal

_MIRRORED = SkipJsonSchema[
    Annotated[
        object,
        refusal("Graph copies it from the application", "write it on the application"),
    ]
]
_SERVER = SkipJsonSchema[
    Annotated[object, refusal("read-only: Graph writes it", "delete the line")]
]
_REFUSED: Final = "Refused: not set here."


class Assignment(Shape):
    """Somebody who has a role of this application."""

    principal: Text = Field(
        description="Who: a user, group or service principal of `existing`, or an application key."
    )
    role: Text = Field(
        default="default",
        description="Key or value of an app role; `default` where the application has none.",
    )


class ServicePrincipal(Shape):
    """The application's presence in the tenant."""

    account_enabled: bool | None = Field(default=None, description="Whether anybody may sign in.")
    app_role_assignment_required: bool = Field(
        default=False, description="Only those with an assignment may sign in."
    )
    tags: Items[str] = Field(
        default=None, description="Tags, such as HideApp; `provisioning…` is reserved."
    )
    notes: str | None = Field(default=None, description="Free text for administrators.")
    description: str | None = Field(default=None, description="Free text for users.")
    login_url: str | None = Field(
        default=None, description="Where the service provider sends users to sign in (SAML)."
    )
    notification_email_addresses: Items[str] = Field(
        default=None, description="Who is told before the SAML certificate expires."
    )
    preferred_single_sign_on_mode: Literal["password", "saml", "notSupported", "oidc"] | None = (
        Field(default=None, description="How users sign in.")
    )
    alternative_names: Items[str] = Field(
        default=None, description="Other names by which it is found."
    )
    assignments: Items[Assignment] = Field(
        default=None, description="Who has which role of this application."
    )
    id: _SERVER = Field(default=None, description=_REFUSED)
    app_id: _SERVER = Field(default=None, description=_REFUSED)
    app_owner_organization_id: _SERVER = Field(default=None, description=_REFUSED)
    service_principal_type: _SERVER = Field(default=None, description=_REFUSED)
    display_name: _MIRRORED = Field(default=None, description=_REFUSED)
    app_roles: _MIRRORED = Field(default=None, description=_REFUSED)
    oauth2_permission_scopes: _MIRRORED = Field(default=None, description=_REFUSED)
    reply_urls: _MIRRORED = Field(default=None, description=_REFUSED)
    service_principal_names: _MIRRORED = Field(default=None, description=_REFUSED)
    sign_in_audience: _MIRRORED = Field(default=None, description=_REFUSED)


SECTIONS: Final = (
    Section(
        key="servicePrincipal",
        annotation=ServicePrincipal | None,
        description="The application's presence in the tenant; null makes none.",
        under="applications",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `service_principal.KEY` for every application that does not opt out."""
    for key, entry in source.entries("applications").items():
        declared = shapes.given(entry, "servicePrincipal")
        if declared is None:
            continue
        path = ("applications", key, "servicePrincipal")
        body: dict[str, Value] = {"appId": Ref(Address("application", key), "appId")}
        if not isinstance(declared, Missing):
            for name, value in shapes.leaves(declared, _is_graphs):
                body[name] = shapes.dump(value)
            _check(source, declared, *path)
        yield Desired(
            address=Address("service_principal", key),
            body=body,
            place=source.place(*path),
            settings={"declared": ["assignments"] if _assigns(declared) else []},
            parent=Address("application", key),
            places={name: source.place(*path, name) for name in body if name != "appId"},
        )


def _assigns(declared: object) -> bool:
    """Whether `assignments` is written, be it empty: then the list is exact."""
    return isinstance(declared, Shape) and "assignments" in declared.model_fields_set


def _is_graphs(name: str) -> bool:
    return name != "assignments"


def _check(source: Source, declared: Any, *path: str) -> None:
    limits.check_tags(declared.tags or (), source, *path, "tags")
    for name in ("notes", "description"):
        text = getattr(declared, name)
        if text is not None and len(text) > limits.TEXT:
            source.fault(
                "limit",
                f"{len(text)} characters in {name}; at most {limits.TEXT} "
                "(learn.microsoft.com/graph/api/resources/serviceprincipal)",
                "shorten it",
                *path,
                name,
            )
