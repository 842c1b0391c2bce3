"""Where in B2C a URL leads: tenant, policy, operation; must not look anything up.

Sources: P b2clogin.md, P openid-connect.md, P custom-domain.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_OPERATIONS = {
    "oauth2/v2.0/token": "token",
    "oauth2/v2.0/authorize": "authorize",
    "oauth2/v2.0/logout": "logout",
    "v2.0/.well-known/openid-configuration": "configuration",
    "discovery/v2.0/keys": "keys",
}
_PREFIXES = {"tfp", "te"}
_B2C_LOGIN = (".b2clogin.com", ".b2clogin.us", ".b2clogin.cn")
_LOGIN_HOSTS = {"login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn"}


@dataclass(frozen=True, slots=True)
class Place:
    """A policy's endpoint as the request wrote it.

    Attributes:
        tenant: domain or GUID.
        policy: as written; empty when the URL names none.
        operation: token, authorize, logout, configuration or keys.
        root: scheme and host.
        prefix: path up to the operation, for endpoints that echo the request's form.
        by_query: whether `?p=` named the policy.
    """

    tenant: str
    policy: str
    operation: str
    root: str
    prefix: str
    by_query: bool

    def url(self, path: str) -> str:
        """Another endpoint of the same policy, in the form of the request, policy in lower case."""
        base = f"{self.root}/{self.prefix}/{path}"
        return f"{base}?p={self.policy.lower()}" if self.by_query else base

    @property
    def host(self) -> str:
        """The host without its port."""
        return self.root.partition("://")[2].rsplit(":", 1)[0].lower()

    @property
    def is_login_host(self) -> bool:
        """Whether this is one of Entra's own hosts, which B2C has left."""
        return self.host in _LOGIN_HOSTS

    def belongs_to(self, domain: str) -> bool:
        """Whether the host may serve a tenant: b2clogin names it, other hosts serve any."""
        if not self.host.endswith(_B2C_LOGIN):
            return True
        return self.host.rsplit(".", 2)[0] == domain.partition(".")[0]


def find(path: str, query: Mapping[str, str], root: str) -> Place | None:
    """The place in B2C that a URL names, None for Entra's own endpoints."""
    parts = path.strip("/").split("/")
    operation = _OPERATIONS.get("/".join(parts[-3:]))
    head = parts[:-3]
    prefixed = bool(head) and head[0].lower() in _PREFIXES
    names = head[1:] if prefixed else head
    on_b2c = root.partition("://")[2].rsplit(":", 1)[0].lower().endswith(_B2C_LOGIN)
    if operation is None or not 1 <= len(names) <= 2:
        return None
    if len(names) == 1 and "p" not in query and not on_b2c:
        return None
    policy = names[1] if len(names) == 2 else query.get("p", "")
    shown = [*head[:-1], head[-1].lower()] if len(names) == 2 else head
    return Place(names[0], policy, operation, root, "/".join(shown), len(names) == 1)
