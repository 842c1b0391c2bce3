"""The manifest's own keys: everything that no kind declares. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
KEY_PATTERN = "^[A-Za-z0-9_-]+$"


def _first_version(version: int) -> int:
    if version != 1:
        raise ValueError("unknown version; write version: 1")
    return version


Version = Annotated[int, AfterValidator(_first_version)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Domain = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)+$"),
]
Guid = Annotated[
    str,
    StringConstraints(pattern="^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"),
]
Endpoint = Annotated[
    str,
    StringConstraints(
        pattern=r"^(https://[^/?#@\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)/?$"
    ),
]
_CLOSED = ConfigDict(extra="forbid", frozen=True)


class Endpoints(BaseModel):
    """A cloud that is not in the list: its three hosts."""

    model_config = _CLOSED

    graph: Endpoint = Field(description="Microsoft Graph, e.g. https://graph.microsoft.com.")
    login: Endpoint = Field(
        description="Where tokens for Graph are issued, e.g. https://login.microsoftonline.com."
    )
    signIn: Endpoint = Field(  # noqa: N815 - the manifest's own spelling
        description="Where users sign in, e.g. https://contoso.b2clogin.com."
    )


class TenantHeader(BaseModel):
    """The directory that the manifest is for."""

    model_config = _CLOSED

    domain: Domain = Field(description="Initial domain, e.g. contoso.onmicrosoft.com.")
    id: Guid | None = Field(
        default=None,
        description="Directory id; compared with the signed-in tenant before the first write.",
    )
    type: Literal["b2c", "workforce", "external"] = Field(
        description="Kind of directory; compared with the tenant before the first write."
    )
    cloud: Literal["global", "usgov", "usgovdod", "china"] | Endpoints = Field(
        default="global", description="Cloud of the directory, or its hosts."
    )
    customDomain: Domain | None = Field(  # noqa: N815 - the manifest's own spelling
        default=None, description="Custom domain of the sign-in pages, e.g. login.contoso.com."
    )


class Header(BaseModel):
    """What stands at the top of a manifest, without tenant, variables and include."""

    model_config = _CLOSED

    version: Version = Field(description="Version of the manifest format: 1.")
    name: Name = Field(
        description="Owner mark of everything the manifest creates, and prefix of uniqueName: "
        "letters, digits, `-`, `_` and `.`, at most 64."
    )
    movedFrom: Name | None = Field(  # noqa: N815 - the manifest's own spelling
        default=None, description="Name before it was changed; marks are carried over first."
    )


Default = str | bool | int | float | list[Any]


class VariableHeader(BaseModel):
    """One variable; a bare value is a default without description."""

    model_config = _CLOSED

    default: Any = Field(default=None, description="Value unless --var gives another.")
    description: str | None = Field(default=None, description="What the variable is for.")


class TopHeader(Header):
    """All keys that no kind declares; the JSON Schema is made from it."""

    tenant: TenantHeader | None = Field(
        default=None, description="The directory; may be left out when --tenant chooses one."
    )
    variables: (
        dict[Annotated[str, StringConstraints(pattern=KEY_PATTERN)], VariableHeader | Default]
        | None
    ) = Field(default=None, description="Values used as ${var.NAME}; --var NAME=VALUE overrides.")
    include: list[str] | None = Field(
        default=None,
        description="Files to merge in, relative to this one, inside the manifest's folder.",
    )


HEADER_KEYS = tuple(TopHeader.model_fields)
