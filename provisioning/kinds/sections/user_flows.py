"""`userFlows:`: sign-in flows that the service runs by itself, by name.

Names are accepted with or without `B2C_1_`. Application claims are in no API, so `claims` becomes
a step for a person (https://github.com/Azure/azure-cli/issues/28593).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from pydantic import Field

from provisioning.core.kind import Section, Source
from provisioning.core.model import Address, Desired, Ref, TenantType, Value
from provisioning.kinds import trust_framework
from provisioning.kinds.sections import markless, references, shapes, user_attributes
from provisioning.kinds.sections.shapes import Items, Key, Shape, Text

_SECTION: Final = "userFlows"
_PARTS: Final = frozenset({"attributes", "identity_providers", "languages", "claims"})


class AttributeValue(Shape):
    """One choice of an attribute."""

    name: Text = Field(description="What users read.")
    value: Text = Field(description="What is stored.")
    is_default: bool = Field(default=False, description="Chosen beforehand.")


class AttributeAssignment(Shape):
    """How a flow asks for an attribute."""

    attribute: Text = Field(description="A key of userAttributes, or a built-in one.")
    display_name: Text | None = Field(default=None, description="What users read beside it.")
    is_optional: bool = Field(default=False, description="May be left empty.")
    requires_verification: bool = Field(default=False, description="Verified by a code.")
    user_input_type: Literal[
        "textBox",
        "dateTimeDropdown",
        "radioSingleSelect",
        "dropdownSingleSelect",
        "emailBox",
        "checkboxMultiSelect",
    ] = Field(default="textBox", description="How it is entered.")
    user_attribute_values: tuple[AttributeValue, ...] = Field(
        default=(), description="What there is to choose from."
    )


class Language(Shape):
    """One language of a flow's pages."""

    is_enabled: bool = Field(default=True, description="Whether users get it.")
    display_name: Text | None = Field(default=None, description="Its name.")


class UserFlow(Shape):
    """One user flow."""

    user_flow_type: Literal[
        "signUp", "signIn", "signUpOrSignIn", "passwordReset", "profileUpdate", "resourceOwner"
    ] = Field(description="What it is for; resourceOwner is the password grant.")
    user_flow_type_version: int = Field(description="Version of the type, such as 1 or 3.")
    is_language_customization_enabled: bool | None = Field(
        default=None, description="Needed for `languages`."
    )
    default_language_tag: Text | None = Field(default=None, description="Such as en.")
    attributes: Items[Text | AttributeAssignment] = Field(
        default=None, description="What is asked of users: names, or how to ask."
    )
    identity_providers: Items[Text] = Field(
        default=None, description="Keys of identityProviders, or ids such as Google-OAUTH."
    )
    languages: dict[Text, Language | None] | None = Field(
        default=None, description="Languages by tag."
    )
    claims: tuple[Text, ...] | None = Field(
        default=None,
        description="Application claims, as the portal names them; chosen there, by hand.",
    )


SECTIONS: Final = (
    Section(
        key=_SECTION,
        annotation=dict[Key, UserFlow] | None,
        description="User flows by name, with or without B2C_1_.",
    ),
)


def desire(source: Source) -> Iterable[Desired]:
    """Yield `user_flow.B2C_1_NAME` for every entry."""
    for flow, entry, path in _flows(source):
        _check(source, entry, *path)
        yield Desired(
            address=Address("user_flow", flow),
            body={"id": flow, **_body(source, entry, path)},
            place=source.place(*path),
            parent=markless.ledger(source),
        )


def desire_claims(source: Source) -> Iterable[Desired]:
    """Yield `user_flow_claims.B2C_1_NAME` where application claims are declared."""
    for flow, entry, path in _flows(source, quiet=True):
        if entry.claims:
            yield Desired(
                address=Address("user_flow_claims", flow),
                body={"claims": [*sorted(entry.claims)]},
                place=source.place(*path, "claims"),
                parent=Address("user_flow", flow),
            )


def _flows(
    source: Source, *, quiet: bool = False
) -> Iterator[tuple[str, Any, tuple[str | int, ...]]]:
    seen: dict[str, str] = {}
    for name, entry in source.entries(_SECTION).items():
        flow = trust_framework.with_prefix(name, trust_framework.FLOW)
        first = seen.setdefault(flow.casefold(), name)
        if first == name:
            yield flow, entry, (_SECTION, name)
        elif not quiet:
            message = f"{first} and {name} are the same user flow {flow}"
            source.fault("said-twice", message, "keep one of them", _SECTION, name)


def _body(source: Source, entry: Any, path: tuple[str | int, ...]) -> dict[str, Value]:
    body: dict[str, Value] = {
        name: shapes.dump(value)
        for name, value in shapes.leaves(entry, lambda name: name not in _PARTS)
    }
    if entry.attributes is not None:
        body["userAttributeAssignments"] = [*_attributes(source, entry, path)]
    if entry.identity_providers is not None:
        body["userFlowIdentityProviders"] = [*_providers(source, entry, path)]
    if "languages" in entry.model_fields_set:
        body["languages"] = [*_languages(entry)]
    return body


def _attributes(source: Source, entry: Any, path: tuple[str | int, ...]) -> Iterator[Value]:
    for index, item in enumerate(entry.attributes):
        bare = isinstance(item, str)
        name = item if bare else item.attribute
        where = (*path, "attributes", index) if bare else (*path, "attributes", index, "attribute")
        identity = _attribute(source, name, *where)
        if bare:
            yield {"id": identity}
        else:
            how = shapes.whole(item)
            assert isinstance(how, dict)
            yield {
                "id": identity,
                **{k: v for k, v in how.items() if k != "attribute" and v is not None},
            }


def _attribute(source: Source, name: str, *path: str | int) -> Value:
    own = source.entries("userAttributes")
    if name in own:
        return Ref(Address("user_attribute", name))
    known = (*own, *user_attributes.BUILT_IN)
    unknown = name not in known and not name.startswith("extension_")
    if unknown and not source.doubtful("userAttributes", name):
        source.fault(
            "unknown-reference",
            f"{name!r} is no attribute",
            references.suggest(name, known, "declare it under userAttributes"),
            *path,
        )
    return name


def _providers(source: Source, entry: Any, path: tuple[str | int, ...]) -> Iterator[Value]:
    own = source.entries("identityProviders")
    for index, name in enumerate(entry.identity_providers):
        if name in own:
            yield Ref(Address("identity_provider", name))
            continue
        if "-" not in name and not source.doubtful("identityProviders", name):
            source.fault(
                "unknown-reference",
                f"{name!r} is no key of identityProviders",
                references.suggest(name, own, "declare it there, or write the provider's id"),
                *(*path, "identityProviders", index),
            )
        yield name


def _languages(entry: Any) -> Iterator[Value]:
    for tag, language in (entry.languages or {}).items():
        shown = language or Language()
        name = {} if shown.display_name is None else {"displayName": shown.display_name}
        yield {"id": tag, "isEnabled": shown.is_enabled, **name}


def _check(source: Source, entry: Any, *path: str | int) -> None:
    if source.tenant.type is not TenantType.B2C:
        source.fault(
            "not-in-this-tenant",
            f"a tenant of type {source.tenant.type} has no B2C user flows",
            "delete userFlows, or correct tenant.type",
            *path,
        )
    customized = entry.is_language_customization_enabled is True or source.doubtful(
        *path, "isLanguageCustomizationEnabled"
    )
    if entry.languages and not customized:
        source.fault(
            "languages",
            "languages are only taken where language customization is on",
            "write isLanguageCustomizationEnabled: true",
            *path,
            "languages",
        )
