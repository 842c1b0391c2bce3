"""Kinds that exist for these tests only; nothing here is taken from the real ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from provisioning import manifest
from provisioning.core.kind import Kind, Section, Source
from provisioning.core.model import Address, Desired, Finding, Ref
from provisioning.manifest import Loaded


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


def refuse(_value: object) -> object:
    raise PydanticCustomError("read-only", "Graph writes this; delete the line", {})


ReadOnly = SkipJsonSchema[Annotated[object, BeforeValidator(refuse)]]


class FromEnv(Closed):
    from_env: str = Field(description="Variable.")


class FromFile(Closed):
    from_file: str = Field(description="File.")


class Web(Closed):
    redirect_uris: list[str] | None = Field(default=None, description="Where to return to.")
    implicit: bool | None = Field(default=None, description="Implicit flow.")


class Scope(Closed):
    value: str | None = Field(default=None, description="Name on the wire.")
    type: Literal["Admin", "User"] = Field(description="Who may consent.")


class Dotenv(Closed):
    dotenv: str = Field(description="File.")
    name: str = Field(description="Variable in it.")


class Vault(Closed):
    key_vault: str = Field(description="Vault.")
    name: str = Field(description="Secret in it.")


class Application(Closed):
    display_name: str | None = Field(default=None, description="Shown to users.")
    audience: Literal["MyOrg", "AndPersonal"] | None = Field(
        default=None, description="Whose accounts."
    )
    identifier_uris: tuple[str, ...] | None = Field(default=None, description="Names of the API.")
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
    app_id: ReadOnly = Field(default=None, description="Refused.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.port == 22:
            raise ValueError("port 22 is taken; choose another port")
        return self


class Existing(Closed):
    app_id: str = Field(description="Client id.")


class Rules(Closed):
    strict: bool = Field(default=False, description="Strict.")


Key = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$")]


def desire_applications(source: Source) -> Iterator[Desired]:
    for key, entry in source.entries("applications").items():
        path = ("applications", key)
        body: dict[str, Any] = entry.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for name, certificate in (body.pop("certificates", None) or {}).items():
            content = source.file(certificate["fromFile"], *path, "certificates", name, "fromFile")
            body["certificate"] = None if content is None else content.decode("ascii")
        if entry.display_name == "Forbidden":
            source.fault("forbidden", "nobody is called so", "rename it", *path, "displayName")
        if entry.display_name == "Odd":
            source.fault("odd", "odd", "", *path, "displayName", warning=True)
        yield Desired(
            address=Address("application", key),
            body=body,
            place=source.place(*path),
            settings={"written": sorted(entry.model_fields_set), "label": entry.display_name},
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
            settings={"appId": entry.app_id},
        )


APPLICATION = Kind(
    name="application",
    sections=(
        Section("applications", dict[Key, Application] | None, "Applications by key."),
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

HEADER = "version: 1\nname: n\ntenant: {domain: contoso.onmicrosoft.com, type: b2c}\n"
"""Three lines."""


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files; returns the path of `m.yaml` among them."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "m.yaml"


def load(folder: Path, text: str | bytes, files: Mapping[str, str] | None = None) -> Loaded:
    """Load `text`, written to `m.yaml`, beside other files."""
    return manifest.load(write(folder, {"m.yaml": text, **(files or {})}), kinds=KINDS)


def lines(folder: Path, loaded: Loaded) -> list[str]:
    """Findings as `file:line:col: rule: message; remedy`, files relative to the folder."""
    return [line(finding).replace(f"{folder.as_posix()}/", "") for finding in loaded.findings]


def line(finding: Finding) -> str:
    return f"{finding.place}: {finding.rule}: {finding.message}; {finding.remedy}"


def body(loaded: Loaded, address: str) -> Mapping[str, Any]:
    """Body of one desired object of a manifest without faults."""
    assert loaded.manifest is not None, [line(finding) for finding in loaded.findings]
    return next(d.body for d in loaded.manifest.desired if str(d.address) == address)
