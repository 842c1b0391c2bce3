"""`identityProviders:`: social, OpenID Connect and Apple providers of user flows, by key.

Properties are Graph's; a secret is only named, with a `version` that is raised to send it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Secret, Value
from provisioning.core.refs import Missing
from provisioning.kinds.sections import markless, shapes
from provisioning.kinds.sections.secret_source import SecretSource
from provisioning.kinds.sections.shapes import Key, Shape, Text

ProviderType = Literal[
    "socialIdentityProvider", "openIdConnectIdentityProvider", "appleManagedIdentityProvider"
]
SECRETS: Final[Mapping[str, str]] = {
    "socialIdentityProvider": "clientSecret",
    "openIdConnectIdentityProvider": "clientSecret",
    "appleManagedIdentityProvider": "certificateData",
}
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "socialIdentityProvider": ("identityProviderType", "displayName", "clientId", "clientSecret"),
    "openIdConnectIdentityProvider": (
        "displayName",
        "clientId",
        "metadataUrl",
        "scope",
        "claimsMapping",
    ),
    "appleManagedIdentityProvider": (
        "displayName",
        "developerId",
        "serviceId",
        "keyId",
        "certificateData",
    ),
}
_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "openIdConnectIdentityProvider": ("clientSecret", "domainHint", "responseMode", "responseType")
}


class ClaimsMapping(Shape):
    """Which of the provider's claims fills which of ours."""

    user_id: Text = Field(description="The claim that identifies the user, such as sub.")
    display_name: Text = Field(description="The claim with the name, such as name.")
    given_name: str | None = Field(default=None, description="The claim with the given name.")
    surname: str | None = Field(default=None, description="The claim with the surname.")
    email: str | None = Field(default=None, description="The claim with the email address.")


class IdentityProvider(Shape):
    """One identity provider; which properties it takes depends on its type."""

    type: ProviderType = Field(description="Graph's type, without #microsoft.graph.")
    display_name: Text | None = Field(default=None, description="What users read on the button.")
    identity_provider_type: (
        Literal[
            "Microsoft",
            "Google",
            "Amazon",
            "LinkedIn",
            "Facebook",
            "GitHub",
            "Twitter",
            "Weibo",
            "QQ",
            "WeChat",
        ]
        | None
    ) = Field(default=None, description="socialIdentityProvider: which network.")
    client_id: Text | None = Field(default=None, description="Our id at the provider.")
    client_secret: SecretSource | None = Field(
        default=None, description="Where our secret at the provider comes from."
    )
    metadata_url: Text | None = Field(
        default=None, description="openIdConnectIdentityProvider: its discovery document."
    )
    scope: Text | None = Field(
        default=None, description="openIdConnectIdentityProvider: what is asked for."
    )
    response_mode: Literal["form_post", "query"] | None = Field(
        default=None, description="openIdConnectIdentityProvider: how the answer is sent."
    )
    response_type: Literal["code", "id_token", "token"] | None = Field(
        default=None, description="openIdConnectIdentityProvider: what the answer is."
    )
    domain_hint: str | None = Field(
        default=None, description="openIdConnectIdentityProvider: hint that skips the choice."
    )
    claims_mapping: ClaimsMapping | None = Field(
        default=None, description="openIdConnectIdentityProvider: its claims as ours."
    )
    developer_id: Text | None = Field(
        default=None, description="appleManagedIdentityProvider: Apple developer id."
    )
    service_id: Text | None = Field(
        default=None, description="appleManagedIdentityProvider: Apple service id."
    )
    key_id: Text | None = Field(
        default=None, description="appleManagedIdentityProvider: Apple key id."
    )
    certificate_data: SecretSource | None = Field(
        default=None, description="appleManagedIdentityProvider: where the key comes from."
    )
    version: int | None = Field(
        default=None,
        ge=1,
        description="Raise it to send the secret again: it can't be read back. 1 when absent; "
        "a provider that somebody else made counts as version 1.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = _NEEDED[self.type]
        taken = (*needed, *_OPTIONAL.get(self.type, ()))
        for name in needed:
            written = shapes.given(self, name)
            if written is None or isinstance(written, Missing):
                raise ValueError(f"a {self.type} needs {name}; write it")
        for name, field in type(self).model_fields.items():
            alias = field.alias or name
            if name in self.model_fields_set and alias not in (*taken, "type", "version"):
                raise ValueError(f"{alias} means nothing for a {self.type}; delete it")
        return self


SECTIONS: Final = (
    Section(
        key="identityProviders",
        annotation=dict[Key, IdentityProvider] | None,
        description="Identity providers of user flows by key.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `identity_provider.KEY` for every entry; two that are the same one are a fault."""
    seen: dict[tuple[str, str], str] = {}
    for key, entry in source.entries("identityProviders").items():
        path = ("identityProviders", key)
        identity = _identity(entry)
        if identity in seen:
            source.fault(
                "said-twice",
                f"identity providers {seen[identity]} and {key} are the same one",
                "delete one of them, or give it another displayName",
                *path,
            )
            continue
        seen[identity] = key
        yield Desired(
            address=Address("identity_provider", key),
            body=_body(entry),
            place=source.place(*path),
            settings={"type": entry.type},
            parent=markless.ledger(source),
        )


def _identity(entry: Any) -> tuple[str, str]:
    """A tenant has one provider per network, one of Apple's, many of OpenID Connect."""
    match entry.type:
        case "socialIdentityProvider":
            return entry.type, str(entry.identity_provider_type)
        case "openIdConnectIdentityProvider":
            return entry.type, str(entry.display_name)
        case _:
            return entry.type, ""


def _body(entry: Any) -> dict[str, Value]:
    body: dict[str, Value] = {}
    for name, value in shapes.leaves(entry, lambda name: name not in {"type", "version"}):
        if isinstance(value, SecretSource):
            [(way, of)] = value.setting().items()
            body[name] = Secret((way, str(of)))
        else:
            body[name] = shapes.dump(value)
    if SECRETS[entry.type] in body:
        body["version"] = entry.version or 1
    return {"type": entry.type, **body}
