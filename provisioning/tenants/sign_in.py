"""How a tenant is signed in to: what the inventory says, as the variables of azure-identity.

Reads the files and variables that it names; must not sign in and must not show a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from provisioning.core.model import Secret, Tenant
from provisioning.secrets import sources

DEFAULT: Final = "default"

_VARIABLES: Final = (
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "PROVISIONING_ACCESS_TOKEN",
)
"""Proofs of identity: those of the process are another client's once the inventory names one."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way to sign in; what is None is left to the process's AZURE_* variables."""

    method: str | None = None
    client_id: str | None = None
    root: Path = field(default_factory=Path)
    """Folder of the inventory: what file names are relative to."""
    client_secret: Secret | None = None
    certificate: Path | None = None
    certificate_password: Secret | None = None
    federated_token: Path | None = None
    access_token: Secret | None = None

    @property
    def way(self) -> str:
        """The `--auth` that this stands for."""
        if self.method is not None:
            return self.method
        found = {
            "client-secret": self.client_secret,
            "certificate": self.certificate,
            "workload-identity": self.federated_token,
            "token": self.access_token,
        }
        return next((name for name, proof in found.items() if proof is not None), DEFAULT)


async def environment(
    sign_in: SignIn | None, tenant: Tenant, env: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables for `graph.auth.credential(env=…)` in one tenant.

    `env` is the process's. Raises SecretError for a source that can't be read.
    """
    variables = {**env, "AZURE_TENANT_ID": tenant.id or tenant.domain}
    if sign_in is None:
        return variables
    secrets = {
        "AZURE_CLIENT_SECRET": sign_in.client_secret,
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": sign_in.certificate_password,
        "PROVISIONING_ACCESS_TOKEN": sign_in.access_token,
    }
    own = {name: await _read(sign_in, secret, env) for name, secret in secrets.items() if secret}
    files = {
        "AZURE_CLIENT_CERTIFICATE_PATH": sign_in.certificate,
        "AZURE_FEDERATED_TOKEN_FILE": sign_in.federated_token,
    }
    own |= {name: str(path) for name, path in files.items() if path is not None}
    if sign_in.client_id is not None:
        own["AZURE_CLIENT_ID"] = sign_in.client_id
    if any(name in own for name in _VARIABLES):
        variables = {name: value for name, value in variables.items() if name not in _VARIABLES}
    return variables | own


async def _read(sign_in: SignIn, secret: Secret, env: Mapping[str, str]) -> str:
    kind, name = secret.source
    value = await sources.read({kind: name}, root=sign_in.root, env=env)
    return sources.text(value).strip()
