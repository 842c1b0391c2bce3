"""Where tokens are asked for: hosts of every cloud and kind of tenant, and their paths.

Must not connect anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from provisioning.core.model import Tenant, TenantType
from provisioning.graph import clouds
from provisioning.graph.clouds import Cloud
from provisioning.signin.checks import Check

_ALIASES: Final = (
    frozenset(
        {"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"}
    ),
    frozenset({"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"}),
    frozenset({"login.microsoftonline.us", "login.usgovcloudapi.net"}),
)
"""Hosts of one authority: a discovery document may name any of them for its keys."""

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_V1_ISSUERS: Final = {"china": "https://sts.chinacloudapi.cn"}
_V1_ISSUER: Final = "https://sts.windows.net"


@dataclass(frozen=True, slots=True)
class Authority:
    """Where one check asks. URLs are complete."""

    token: str
    authorize: str
    discovery: str
    entra_issuers: tuple[str, ...]
    """Issuers besides the announced one, `{tid}` for the tenant's id; none where a policy signs.

    The version of an access token is its API's choice (requestedAccessTokenVersion), whatever
    endpoint is asked.
    """
    tenant_id: str | None
    endpoint: str | None = None
    """Origin that stands in for every sign-in host (`--signin-endpoint`)."""

    def issuers(self, announced: str) -> tuple[str, ...]:
        """Return every issuer that an access token may name, the announced one first."""
        found = _GUID.search(announced)
        tenant_id = self.tenant_id or (found and found.group())
        if tenant_id is None:
            return (announced,)
        known = (issuer.replace("{tid}", tenant_id) for issuer in self.entra_issuers)
        return tuple(dict.fromkeys((announced, *known)))

    def keys(self, announced: str) -> str | None:
        """Return where to fetch the keys that discovery announced, or None for a strange host."""
        parts = urlsplit(announced)
        if self.endpoint is not None:
            return _moved(announced, self.endpoint)
        mine = urlsplit(self.discovery)
        if parts.scheme != mine.scheme or "@" in parts.netloc:
            return None
        return announced if parts.netloc in self._hosts(mine.netloc) else None

    def _hosts(self, mine: str) -> frozenset[str]:
        named = next((hosts for hosts in _ALIASES if mine in hosts), frozenset({mine}))
        _, _, domain = mine.partition(".")
        if self.tenant_id and domain.startswith("ciamlogin."):
            # External ID also answers under the tenant's id, and announces itself so.
            return named | {f"{self.tenant_id}.{domain}"}
        return named


def of(check: Check, tenant: Tenant, *, cloud: Cloud, endpoint: str | None = None) -> Authority:
    """Return where a check is asked.

    A policy is asked at b2clogin or the custom domain, an external tenant at ciamlogin, anything
    else at the cloud's login host. `endpoint` replaces scheme and authority and keeps the path;
    http is for loopback only (ProvisioningError).
    Forms: learn.microsoft.com/azure/active-directory-b2c/b2clogin and
    /entra/external-id/customers/how-to-custom-url-domain.
    """
    moved = None if endpoint is None else clouds.origin(endpoint, of="the sign-in endpoint")
    host = moved or _origin(check, tenant, cloud)
    name = tenant.id if tenant.id and check.policy is None else tenant.domain
    base = f"{host}/{quote(name, safe='')}"
    if check.policy is not None:
        base = f"{base}/{quote(check.policy, safe='')}"
    version = "" if check.v1 else "/v2.0"
    return Authority(
        token=f"{base}/oauth2{version}/token",
        authorize=f"{base}/oauth2{version}/authorize",
        discovery=f"{base}{version}/.well-known/openid-configuration",
        entra_issuers=() if check.policy else _entra_issuers(cloud, host),
        tenant_id=tenant.id,
        endpoint=moved,
    )


def _origin(check: Check, tenant: Tenant, cloud: Cloud) -> str:
    if tenant.custom_domain is not None and (check.policy or tenant.type is TenantType.EXTERNAL):
        return f"https://{tenant.custom_domain}"
    short = re.sub(r"\.(partner\.onmschina\.cn|onmicrosoft\.(com|us|cn))$", "", tenant.domain)
    users = cloud.sign_in.replace("{tenant}", short.partition(".")[0])
    if check.policy is not None:
        return users
    if tenant.type is TenantType.EXTERNAL:
        return users.replace(".b2clogin.", ".ciamlogin.")
    return cloud.login


def _entra_issuers(cloud: Cloud, host: str) -> tuple[str, ...]:
    v1 = _V1_ISSUERS.get(cloud.name, _V1_ISSUER)
    return (f"{v1}/{{tid}}/", f"{cloud.login}/{{tid}}/v2.0", f"{host}/{{tid}}/v2.0")


def _moved(url: str, origin: str) -> str:
    there = urlsplit(origin)
    return urlunsplit(urlsplit(url)._replace(scheme=there.scheme, netloc=there.netloc))
