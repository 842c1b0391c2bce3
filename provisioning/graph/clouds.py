"""Microsoft's clouds: where Graph, the login host and the sign-in pages are.

Must not connect anywhere. Hosts: learn.microsoft.com/graph/deployments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from provisioning.core.errors import ProvisioningError

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The only hosts that may be spoken to in clear text."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. URLs are origins (scheme and authority) without a trailing slash."""

    name: str
    graph: str
    """Where requests are sent."""
    login: str
    """Authority that issues tokens for Graph."""
    sign_in: str
    """End users' authority; `{tenant}` stands for the tenant's short name."""
    resource: str
    """What tokens are asked for; stays Graph's own origin behind another endpoint."""

    @property
    def scope(self) -> str:
        """The token scope that stands for everything granted on Graph."""
        return f"{self.resource}/.default"


def _cloud(name: str, graph: str, login: str, sign_in: str) -> Cloud:
    return Cloud(name=name, graph=graph, login=login, sign_in=sign_in, resource=graph)


_GOVERNMENT_LOGIN: Final = "https://login.microsoftonline.us"

CLOUDS: Final[Mapping[str, Cloud]] = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            _cloud(
                "global",
                "https://graph.microsoft.com",
                "https://login.microsoftonline.com",
                "https://{tenant}.b2clogin.com",
            ),
            _cloud(
                "usgov",
                "https://graph.microsoft.us",
                _GOVERNMENT_LOGIN,
                "https://{tenant}.b2clogin.us",
            ),
            _cloud(
                "usgovdod",
                "https://dod-graph.microsoft.us",
                _GOVERNMENT_LOGIN,
                "https://{tenant}.b2clogin.us",
            ),
            _cloud(
                "china",
                "https://microsoftgraph.chinacloudapi.cn",
                "https://login.chinacloudapi.cn",
                "https://{tenant}.b2clogin.cn",
            ),
        )
    }
)


def named(name: str) -> Cloud:
    """Return the cloud of that name; raises ProvisioningError listing the known ones."""
    try:
        return CLOUDS[name]
    except KeyError:
        raise ProvisioningError(
            f"{name!r} is no cloud that is known here",
            remedy=f"write one of {', '.join(CLOUDS)}, or {{graph: URL, login: URL, signIn: URL}}",
        ) from None


def custom(urls: Mapping[str, object]) -> Cloud:
    """Build a cloud from `{graph: URL, login: URL, signIn: URL}`.

    Raises ProvisioningError for missing or unknown keys and for URLs that are no origin; http is
    for loopback only. `signIn` may hold `{tenant}`.
    """
    wanted = {"graph", "login", "signIn"}
    if set(urls) != wanted:
        raise ProvisioningError(
            "a cloud of your own has exactly the keys graph, login and signIn",
            remedy="cloud: {graph: https://…, login: https://…, signIn: https://{tenant}.…}",
        )
    return _cloud(
        "custom",
        origin(str(urls["graph"]), of="cloud.graph"),
        origin(str(urls["login"]), of="cloud.login"),
        origin(str(urls["signIn"]), of="cloud.signIn"),
    )


def of(written: str | Mapping[str, object]) -> Cloud:
    """Return the cloud as a manifest writes it: a name, or a mapping for `custom`."""
    return named(written) if isinstance(written, str) else custom(written)


def at_endpoint(cloud: Cloud, url: str) -> Cloud:
    """Send Graph's requests to another scheme and authority; token scopes stay the cloud's."""
    return dataclasses.replace(cloud, graph=origin(url, of="the Graph endpoint"))


def origin(url: str, *, of: str) -> str:
    """Check that a URL is a bare origin and return it without a trailing slash.

    `of` names the setting in the error. Raises ProvisioningError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ProvisioningError(f"{of} is no URL", remedy="write https://HOST") from None
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or "@" in parts.netloc:
        raise ProvisioningError(f"{of} must be https://HOST", remedy="give scheme and host only")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ProvisioningError(f"{of} must not have a path", remedy="give scheme and host only")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ProvisioningError(
            f"{of} is http to {host}: clear text is for loopback only", remedy="use https"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" if port is None else f"{parts.scheme}://{shown}:{port}"
