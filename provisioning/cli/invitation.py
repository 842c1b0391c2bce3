"""What `sandbox serve` tells: lines for a shell, or JSON, that lead unmodified clients to it.

Must not serve anything. The variables are those that OpenSSL, requests, curl, Node.js,
azure-identity and this program document.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioning.core.plan import FORMAT_VERSION
from provisioning.graph import clouds
from provisioning.render import json as documents
from provisioning.sandbox import Sandbox, Tenant
from provisioning.sandbox.tls import Files

_TRUSTED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""They replace what is trusted; Node.js adds."""
_PUBLIC = clouds.named("global")
_PEERS = "127.0.0.1,localhost"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A served sandbox: its address, its certificates over TLS, its tenants."""

    url: str
    files: Files | None
    tenants: tuple[tuple[Tenant, Mapping[str, str]], ...]
    """With the variables that sign in to each."""

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead to the sandbox, whichever tenant is meant."""
        found = {
            "PROVISIONING_GRAPH_ENDPOINT": self.url,
            "PROVISIONING_SIGNIN_ENDPOINT": self.url,
        }
        if self.files is None:
            return found
        return {
            **found,
            "AZURE_AUTHORITY_HOST": self.url,
            **dict.fromkeys(_TRUSTED, str(self.files.trusted.resolve())),
            "NODE_EXTRA_CA_CERTS": str(self.files.authority.resolve()),
            "NO_PROXY": ",".join(filter(None, (_PEERS, os.environ.get("NO_PROXY")))),
        }

    def text(self) -> str:
        """Return lines that a shell can evaluate; the last tenant's sign-in counts."""
        lines = [*_exports(self.environment)]
        for tenant, variables in self.tenants:
            lines += [f"# {tenant.domain} ({tenant.kind}, {tenant.id})", *_exports(variables)]
        return "\n".join([*lines, *self._advice(), "# Serving until Ctrl-C."]) + "\n"

    def json(self) -> str:
        """Return one document with the same; a tenant's variables go beside the common ones."""
        return documents.document(
            {
                "formatVersion": FORMAT_VERSION,
                "url": self.url,
                "authority": None if self.files is None else str(self.files.authority.resolve()),
                "hosts": [*self._hosts()],
                "environment": self.environment,
                "tenants": [
                    {
                        "id": tenant.id,
                        "domain": tenant.domain,
                        "type": tenant.kind,
                        "environment": dict(variables),
                    }
                    for tenant, variables in self.tenants
                ],
            }
        )

    def _advice(self) -> list[str]:
        if self.files is None:
            return []
        return [
            "# azure-identity: disable_instance_discovery=True; MSAL: instance_discovery=False.",
            "# Clients with fixed hosts need --port 443 and, in a mount namespace, /etc/hosts with",
            f"#   127.0.0.1 {' '.join(self._hosts())}",
        ]

    def _hosts(self) -> Iterable[str]:
        """Return the public hosts that the tenants answer at."""
        found = [_PUBLIC.graph, _PUBLIC.login]
        for tenant, _ in self.tenants:
            name = tenant.domain.partition(".")[0]
            users = _PUBLIC.sign_in.replace("{tenant}", name)
            if tenant.kind == "external":
                users = users.replace(".b2clogin.", ".ciamlogin.")
            found += [users] if tenant.kind != "workforce" else []
        return [url.removeprefix("https://") for url in found]


def of(box: Sandbox, url: str, files: Files | None) -> Invitation:
    """Make an invitation; over TLS with a fresh secret of each tenant's built-in automation."""
    tenants = []
    for tenant in box.tenants():
        variables = {"PROVISIONING_ACCESS_TOKEN": box.issue_token(tenant.id)}
        if files is not None:
            client_id, secret = box.automation_secret(tenant.id)
            variables |= {
                "AZURE_TENANT_ID": tenant.id,
                "AZURE_CLIENT_ID": client_id,
                "AZURE_CLIENT_SECRET": secret,
            }
        tenants.append((tenant, variables))
    return Invitation(url, files, tuple(tenants))


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
