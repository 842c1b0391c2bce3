"""Kinds that exist for these tests only; nothing here is taken from the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from provisioning.core.kind import Kind, Section, Source
from provisioning.core.model import Address, Desired, Ref


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FromEnv(Closed):
    fromEnv: str = Field(description="Variable.")


class FromFile(Closed):
    fromFile: str = Field(description="File.")


class Web(Closed):
    redirectUris: list[str] | None = Field(default=None, description="Where to return to.")
    implicit: bool | None = Field(default=None, description="Implicit flow.")


class Scope(Closed):
    value: str | None = Field(default=None, description="Name on the wire.")
    type: Literal["Admin", "User"] = Field(description="Who may consent.")


class Dotenv(Closed):
    dotenv: str = Field(description="File.")
    name: str = Field(description="Variable in it.")


class Vault(Closed):
    keyVault: str = Field(description="Vault.")
    name: str = Field(description="Secret in it.")


class Application(Closed):
    displayName: str | None = Field(default=None, description="Shown to users.")
    audience: Literal["AzureADMyOrg", "AzureADandPersonalMicrosoftAccount"] | None = Field(
        default=None, description="Whose accounts."
    )
    identifierUris: tuple[str, ...] | None = Field(default=None, description="Names of the API.")
    public: bool | None = Field(
        default=None,
        description="Public client.",
        validation_alias=AliasChoices("public", "allowPublicClient"),
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="Port.")
    web: Web | None = Field(default=None, description="Web platform.")
    scopes: dict[Annotated[str, StringConstraints(pattern="^[a-z.]+$")], Scope] | None = Field(
        default=None, description="Scopes by value."
    )
    store: Dotenv | Vault | None = Field(default=None, description="Where to keep it.")
    secret: FromEnv | FromFile | None = Field(default=None, description="Where it comes from.")
    level: Literal["low", "high"] | int | None = Field(default=None, description="Level.")

    @model_validator(mode="after")
    def _check(self) -> Application:
        if self.port == 22:
            raise ValueError("port 22 is taken; choose another port")
        return self


class Existing(Closed):
    appId: str = Field(description="Client id.")


class Rules(Closed):
    strict: bool = Field(default=False, description="Strict.")
    files: list[str] | None = Field(default=None, description="Files.")


def desire_applications(source: Source) -> Iterator[Desired]:
    for key, entry in source.entries("applications").items():
        written: dict[str, Any] = entry.model_dump(mode="json", exclude_unset=True)
        certificates = written.pop("certificates", None) or {}
        for name, certificate in certificates.items():
            path = ("applications", key, "certificates", name, "fromFile")
            content = source.file(certificate["fromFile"], *path)
            written["certificate"] = None if content is None else content.decode("ascii")
        if written.get("displayName") == "Forbidden":
            source.fault(
                "forbidden", "nobody is called so", "rename it", "applications", key, "displayName"
            )
        if written.get("displayName") == "Odd":
            source.fault("odd", "odd", "", "applications", key, "displayName", warning=True)
        yield Desired(
            address=Address("application", key),
            body=written,
            place=source.place("applications", key),
            settings={"key": key},
        )


def desire_principals(source: Source) -> Iterator[Desired]:
    for key in source.entries("applications"):
        yield Desired(
            address=Address("service_principal", key),
            body={"appId": Ref(Address("application", key), "appId")},
            place=source.place("applications", key, "servicePrincipal"),
            parent=Address("application", key),
        )


def desire_existing(source: Source) -> Iterator[Desired]:
    for key, entry in source.entries("existing").items():
        yield Desired(
            address=Address("existing", key),
            body={},
            place=source.place("existing", key),
            settings={"appId": entry.appId},
        )


APPLICATION = Kind(
    name="application",
    sections=(
        Section("applications", dict[str, Application], "Applications by key."),
        Section(
            "certificates",
            dict[str, FromFile] | None,
            "Certificates by name.",
            under="applications",
            aliases=("keys",),
        ),
    ),
    desire=desire_applications,
)
SERVICE_PRINCIPAL = Kind(name="service_principal", desire=desire_principals)
EXISTING = Kind(
    name="existing",
    sections=(Section("existing", dict[str, Existing], "Looked up.", aliases=("lookups",)),),
    desire=desire_existing,
)
RULES = Kind(name="rule", sections=(Section("rules", Rules, "Rules for all."),))

KINDS = (APPLICATION, SERVICE_PRINCIPAL, EXISTING, RULES)
