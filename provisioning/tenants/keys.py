"""The keys of an inventory, as pydantic models: what may be written, with a description of each.

Must not look at a file: what a key means beyond its form is `inventory`'s.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from provisioning.manifest.header import (
    KEY_PATTERN,
    Domain,
    Endpoints,
    Guid,
    Version,
)

NAME_PATTERN = "^[a-z0-9-]{1,63}$"
"""Of tenants, rings and tags: what file names, GitHub environments and shells take unquoted."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1)]
Variable = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
Variables = dict[Variable, str | bool | int | float | list[str | bool | int | float]]

Method = Literal[
    "default",
    "azure-cli",
    "device-code",
    "browser",
    "client-secret",
    "certificate",
    "workload-identity",
    "token",
]

_WITHOUT_CLIENT = frozenset({"default", "azure-cli", "token"})
"""Ways to sign in that take no application of the user's own."""


_PERCENT = "^(100|[1-9][0-9]?)%$"


def _percent(text: str) -> str:
    if not re.fullmatch(_PERCENT, text):
        raise ValueError('no share of the ring; write a number of failures, or "5%"')
    return text


Percent = Annotated[
    str, AfterValidator(_percent), WithJsonSchema({"type": "string", "pattern": _PERCENT})
]


class Keys(BaseModel):
    """A mapping of the inventory: camelCase outside, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Source(Keys):
    """Where a secret for signing in comes from. Key Vault would itself need the sign-in."""

    from_env: Text | None = Field(
        default=None, description="Name of the environment variable that holds the value."
    )
    from_file: Text | None = Field(
        default=None, description="File that holds the value; relative to the inventory."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.from_env is None) == (self.from_file is None):
            raise ValueError("exactly one of fromEnv and fromFile is needed; keep one")
        return self


class File(Keys):
    """A file that the sign-in reads itself."""

    from_file: Text = Field(description="The file; relative to the inventory.")


class SignInKeys(Keys):
    """One way to sign in; what it leaves out comes from the AZURE_* variables."""

    method: Method | None = Field(
        default=None,
        description="As --auth, which wins over it; by default what the other keys are for.",
    )
    client_id: Guid | None = Field(
        default=None, description="Application that signs in; else AZURE_CLIENT_ID."
    )
    client_secret: Source | None = Field(
        default=None, description="Its secret; else AZURE_CLIENT_SECRET."
    )
    certificate: File | None = Field(
        default=None,
        description="PEM or PKCS#12 file with its certificate and private key; else "
        "AZURE_CLIENT_CERTIFICATE_PATH.",
    )
    certificate_password: Source | None = Field(
        default=None, description="Password of that file; else AZURE_CLIENT_CERTIFICATE_PASSWORD."
    )
    federated_token: File | None = Field(
        default=None,
        description="File with the token of an outside issuer, for workload-identity; else "
        "AZURE_FEDERATED_TOKEN_FILE or the identity of a GitHub Actions job.",
    )
    access_token: Source | None = Field(
        default=None,
        description="A ready access token for Graph, for token; else PROVISIONING_ACCESS_TOKEN.",
    )

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        proofs = (self.client_secret, self.certificate, self.federated_token, self.access_token)
        if sum(proof is not None for proof in proofs) > 1:
            raise ValueError("several ways to sign in at once; keep one")
        if self.method is None and self.client_id is not None and not any(proofs):
            raise ValueError(
                "how the application proves itself is not said; "
                "add method: workload-identity, certificate or client-secret"
            )
        if self.client_id is not None and self.method in _WITHOUT_CLIENT:
            raise ValueError(f"{self.method} signs in without a clientId; remove it")
        return self


class AuthKeys(SignInKeys):
    """One way to sign in for all, or one each, so that reading needs no right to write."""

    reader: SignInKeys | None = Field(
        default=None, description="Signs in for plan, verify and doctor."
    )
    deployer: SignInKeys | None = Field(default=None, description="Signs in for apply.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        roles = self.model_fields_set & {"reader", "deployer"}
        if roles and self.model_fields_set - roles:
            raise ValueError(
                "one way to sign in for all and one for a role exclude each other; "
                "write reader: and deployer:, or neither"
            )
        return self


class SharedKeys(Keys):
    """What a tenant may leave to the defaults."""

    type: Literal["b2c", "workforce", "external"] | None = Field(
        default=None,
        description="Kind of directory; compared with the tenant before the first write.",
    )
    cloud: Literal["global", "usgov", "usgovdod", "china"] | Endpoints | None = Field(
        default=None, description="Cloud of the directory, or its hosts; global when left out."
    )
    ring: Name | None = Field(
        default=None, description="Ring in which it is rolled out, one of the keys of rings."
    )
    manifests: list[Text] | None = Field(
        default=None,
        description="What is provisioned: manifest files, or folders with a manifest.yaml, "
        "relative to the inventory.",
    )
    variables: Variables | None = Field(
        default=None, description="Values for the manifests' variables; --var wins over them."
    )
    auth: AuthKeys | None = Field(
        default=None, description="How to sign in: one way for all, or one each to read and write."
    )


class TenantKeys(SharedKeys):
    """One tenant. A key that it leaves out is taken from the defaults; variables are merged."""

    domain: Domain = Field(description="Initial domain, e.g. contoso.onmicrosoft.com.")
    id: Guid | None = Field(
        default=None,
        description="Directory id; compared with the signed-in tenant before the first write.",
    )
    custom_domain: Domain | None = Field(
        default=None, description="Custom domain of the sign-in pages, e.g. login.contoso.com."
    )
    tags: list[Name] | None = Field(default=None, description="Words to find tenants by.")


class RingKeys(Keys):
    """Tenants that are rolled out together."""

    wave: int | None = Field(
        default=None,
        ge=1,
        description="Tenants begun together; the next ones wait for all of them. By default all.",
    )
    stop_after: Annotated[int, Field(ge=1)] | Percent | None = Field(
        default=None,
        description="Failures, or percent of the ring's tenants, after which no further tenant "
        "is begun. By default every tenant of the ring has its turn, and one failure is enough "
        "for the rings after it not to begin.",
    )


class TopKeys(Keys):
    """An inventory; the JSON Schema is made from it."""

    version: Version = Field(description="Version of the inventory format: 1.")
    defaults: SharedKeys | None = Field(
        default=None, description="Keys of every tenant that does not write them itself."
    )
    rings: dict[Name, RingKeys | None] | None = Field(
        default=None, description="Rings in the order in which they are rolled out."
    )
    tenants: dict[Name, TenantKeys] | None = Field(
        default=None, description="The tenants by name, as --tenant chooses them."
    )
